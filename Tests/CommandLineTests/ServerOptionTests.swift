import Operations
import Synchronization
import Testing

@testable import CommandLine

@Suite struct ServerOptionTests {
    /// The server and the namespace that a verb is pointed to.
    private func place(_ environment: [String: String], _ arguments: String...) async throws -> (server: ServerPlace?, namespace: String) {
        let found = Mutex<(ServerPlace?, String)?>(nil)
        let context = CommandLineContext(
            openOperations: { options in
                let place = try options.connection.place
                found.withLock { $0 = (place, options.namespace) }
                return FakeOperations()
            }, openStarter: { _ in FakeStarter() }, version: "1.2.3", console: TestConsole(environment: environment).console)
        #expect(await SkiffCommandLine.run(arguments: ["list"] + arguments, context: context) == 0)
        return try #require(found.withLock { $0 })
    }

    @Test func `without an option or a variable the data directory is asked`() async throws {
        let place = try await self.place(["ARGO_SERVER": "prod:2746", "ARGO_NAMESPACE": "prod", "SKIFF_SERVER": ""])
        #expect(place.server == nil)
        #expect(place.namespace == "default")
    }

    @Test func `options win over Skiff's variables`() async throws {
        let environment = ["SKIFF_SERVER": "http://a", "SKIFF_TOKEN": "t", "SKIFF_NAMESPACE": "n", "SSL_CERT_FILE": "/ca.pem"]
        let named = try await self.place(environment)
        #expect(
            named.server
                == ServerPlace(
                    address: "http://a", isSecure: nil, basePath: "", token: "t", headers: [], skipsVerification: false,
                    trustRoots: "/ca.pem"))
        #expect(named.namespace == "n")
        let given = try await self.place(
            environment, "-s", "b:1", "--token", "u", "-n", "m", "-e", "-k", "-H", "X-Tenant: blue", "--header=Y:z")
        #expect(
            given.server
                == ServerPlace(
                    address: "b:1", isSecure: true, basePath: "", token: "u", headers: [("X-Tenant", "blue"), ("Y", "z")],
                    skipsVerification: true, trustRoots: "/ca.pem"))
        #expect(given.namespace == "m")
    }

    @Test func `Argo's variables count when they are asked for`() async throws {
        let environment = [
            "ARGO_SERVER": "argo:2746", "ARGO_TOKEN": "Bearer x", "ARGO_NAMESPACE": "argo", "ARGO_INSECURE_SKIP_VERIFY": "true",
            "ARGO_BASE_HREF": "/argo/",
        ]
        let place = try await self.place(environment, "--argo-env")
        #expect(
            place.server
                == ServerPlace(
                    address: "argo:2746", isSecure: true, basePath: "/argo/", token: "Bearer x", headers: [], skipsVerification: true,
                    trustRoots: nil))
        #expect(place.namespace == "argo")
        let plain = try await self.place(environment.merging(["ARGO_SECURE": "false"]) { $1 }, "--argo-env")
        #expect(plain.server?.isSecure == false)
    }

    @Test func `Go's way to write flags is understood`() async throws {
        #expect(try await self.place([:], "--server", "h", "--secure=false").server?.isSecure == false)
        #expect(try await self.place([:], "--server", "h", "--insecure-skip-verify=true").server?.skipsVerification == true)
    }

    @Test func `a header without a name is bad usage`() async {
        let program = TestProgram()
        #expect(await program.run("list", "-s", "h", "-H", "nothing") == 2)
    }

    @Test func `a server that cannot be reached is exit status 3`() async {
        let context = CommandLineContext(
            openOperations: { _ in throw OperationError(.unreachable, "cannot reach it", hint: "start it") },
            openStarter: { _ in FakeStarter() }, version: "1.2.3", console: TestConsole().console)
        #expect(await SkiffCommandLine.run(arguments: ["list"], context: context) == 3)
    }
}
