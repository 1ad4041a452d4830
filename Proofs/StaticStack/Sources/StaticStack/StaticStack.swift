import ArgumentParser
import AsyncAlgorithms
import AsyncHTTPClient
import CForeign
import Collections
import Crypto
import Foundation
import GRDB
import Hummingbird
import HummingbirdTLS
import JWTKit
import Logging
import Metrics
import NIOCore
import NIOSSL
import ServiceLifecycle
import SwiftProtobuf
import Tracing
import Yams

struct ProofFailed: Error, CustomStringConvertible {
    var description: String
}

/// Uses every dependency once, for real, and prints a line for each.
@main
struct StaticStack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "static-stack",
        abstract: "Proves that every dependency works in one static executable.")

    @ArgumentParser.Option(help: "The certificate of the local server, PEM, made out to the host name.")
    var certificate: String?

    @ArgumentParser.Option(help: "Its private key, PEM.")
    var key: String?

    @ArgumentParser.Option(help: "The name under which the local server is asked for. It is looked up as any program looks it up.")
    var host = "localhost"

    @ArgumentParser.Option(help: "Another address to ask for, with the trust roots of the machine.")
    var url: String?

    @ArgumentParser.Option(help: "Only look this name up and print the addresses.")
    var resolve: String?

    mutating func run() async throws {
        if let resolve {
            print(try SocketAddress.makeAddressResolvingHost(resolve, port: 443))
            return
        }
        try self.proveForeignLibraries()
        try self.proveStore()
        try self.proveText()
        try await self.proveTokens()
        try await self.proveObservability()
        if let certificate, let key { try await self.proveTransportSecurity(certificate: certificate, key: key) }
        if let url { try await self.request(url, trusting: nil) }
    }

    private func expect(_ subject: String, _ found: String, is expected: String) throws {
        guard found == expected else { throw ProofFailed(description: "\(subject): '\(found)' and not '\(expected)'") }
        print("ok  \(subject): \(found)")
    }

    private func text(_ subject: String, _ call: (UnsafeMutablePointer<CChar>, Int) -> Bool) throws -> String {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            guard call(buffer.baseAddress!, buffer.count) else { throw ProofFailed(description: "\(subject) failed") }
            return String(cString: buffer.baseAddress!)
        }
    }

    private func proveForeignLibraries() throws {
        let program = #".items | map(.n) | add | tostring | test("^6$")"#
        let jq = try self.text("jq") { foreign_jq(program, #"{"items":[{"n":1},{"n":2},{"n":3}]}"#, $0, $1) }
        try self.expect("jq filter with a regular expression", jq, is: "true")
        let lua = try self.text("lua") { foreign_lua("local t = {} for i = 1, 3 do t[i] = i * i end return table.concat(t, ' ')", $0, $1) }
        try self.expect("Lua chunk", lua, is: "1 4 9")
        let re2 = try self.text("re2") { foreign_re2(#"(\p{Lu}\w+)\z"#, "found by Élan", $0, $1) }
        try self.expect("RE2 match", re2, is: "Élan")
        for format in ["tar.gz", "tar.zst", "zip"] {
            try self.expect("archive \(format)", try self.text(format) { foreign_archive(format, "packed", $0, $1) }, is: "packed")
        }
    }

    private func proveStore() throws {
        let path = NSTemporaryDirectory() + "/static-stack-\(UUID().uuidString).sqlite"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let store = try DatabasePool(path: path)
        let answer = try store.write { database in
            try database.execute(sql: "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (40), (2)")
            return try String.fetchOne(database, sql: "SELECT sum(n) || ' in SQLite ' || sqlite_version() FROM t") ?? ""
        }
        guard answer.hasPrefix("42 ") else { throw ProofFailed(description: "SQLite: \(answer)") }
        print("ok  GRDB: \(answer), journal mode \(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") ?? "" })")
    }

    private func proveText() throws {
        let node = try Yams.compose(yaml: "a:\n  b: [1, two]\n")
        try self.expect("Yams position", "\(node?.mapping?["a"]?.mapping?["b"]?.sequence?[1].mark?.line ?? 0)", is: "2")
        let digest = SHA256.hash(data: Data("skiff".utf8)).map { String(format: "%02x", $0) }.joined()
        let key = SymmetricKey(size: .bits256)
        let sealed = try AES.GCM.seal(Data("secret".utf8), using: key)
        try self.expect("swift-crypto", String(decoding: try AES.GCM.open(sealed, using: key), as: UTF8.self), is: "secret")
        print("ok  SHA-256: \(digest.prefix(16))…")
        let words: OrderedDictionary = ["one": 1, "two": 2]
        try self.expect("collections", "\(Deque(words.keys))", is: #"["one", "two"]"#)
        let stamp = Google_Protobuf_Timestamp(seconds: 1_700_000_000, nanos: 5)
        let copy = try Google_Protobuf_Timestamp(serializedBytes: try stamp.serializedBytes() as [UInt8])
        try self.expect("protobuf runtime", try copy.jsonString(), is: "\"2023-11-14T22:13:20.000000005Z\"")
    }

    private struct Claims: JWTPayload {
        var subject: String
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private func proveTokens() async throws {
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: ES256PrivateKey())
        let token = try await keys.sign(Claims(subject: "sailor"))
        try self.expect("jwt-kit", try await keys.verify(token, as: Claims.self).subject, is: "sailor")
    }

    private func proveObservability() async throws {
        var logger = Logger(label: "static-stack")
        logger.logLevel = .warning
        logger.info("not shown")
        Counter(label: "proofs").increment()
        let channel = AsyncChannel<Int>()
        async let total = channel.reduce(0, +)
        await withSpan("proof") { _ in
            for number in 1...3 { await channel.send(number) }
            channel.finish()
        }
        try self.expect("log, metrics, tracing, async algorithms", "\(await total)", is: "6")
    }

    /// A hummingbird server with the given certificate, asked by host name over TLS by async-http-client, in one service group.
    private func proveTransportSecurity(certificate: String, key: String) async throws {
        let router = Router()
        router.get("/") { _, _ in "hello over TLS" }
        let tls = try TLSConfiguration.makeServerConfiguration(
            certificateChain: NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(NIOSSLPrivateKey(file: key, format: .pem)))
        var logger = Logger(label: "server")
        logger.logLevel = .warning
        let (ports, announce) = AsyncStream<Int>.makeStream()
        let application = try Application(
            router: router,
            server: .tls(tlsConfiguration: tls),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in announce.yield(channel.localAddress?.port ?? 0) },
            logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports.prefix(1) {
                try await self.request("https://\(self.host):\(port)/", trusting: certificate)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func request(_ url: String, trusting certificate: String?) async throws {
        var configuration = HTTPClient.Configuration(tlsConfiguration: .makeClientConfiguration())
        if let certificate { configuration.tlsConfiguration?.trustRoots = .file(certificate) }
        let client = HTTPClient(configuration: configuration)
        do {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(20))
            let body = try await response.body.collect(upTo: 1 << 22)
            print("ok  TLS request by host name: \(url) answered \(response.status.code), \(body.readableBytes) bytes")
        } catch {
            try? await client.shutdown()
            throw ProofFailed(description: "TLS request to \(url): \(error)")
        }
        try await client.shutdown()
    }
}
