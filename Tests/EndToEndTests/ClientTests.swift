import Testing

/// The programs that people have: SDKs of Argo, and the examples of the documentation.
@Suite(.timeLimit(.minutes(5))) struct ClientTests {
    /// A Python with the clients of `Tests/Clients/requirements.txt`, which are fetched when they are not there.
    private func python(_ home: Home) async throws -> String {
        let made = try await Program([], home: home, executable: SourceDirectory.path + "/scripts/client-python").outcome()
        try #require(made.status == 0, "\(made)")
        return made.output.trimmingSuffix { $0.isWhitespace }
    }

    @Test(arguments: ["hera_client.py", "argo_client.py"]) func `a client drives the server`(_ script: String) async throws {
        let home = try Home()
        let python = try await self.python(home)
        let server = try await RunningServer(home)
        let path = SourceDirectory.path + "/Tests/Clients/" + script
        let outcome = try await Program(
            [path], home: home, environment: ["SKIFF_SERVER": server.address, "PYTHONDONTWRITEBYTECODE": "1"], executable: python
        ).outcome()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.output.hasPrefix("ok: ") && outcome.output.contains("\nall of "), "\(outcome)")
        #expect(await server.stop().status == 0)
    }

    @Test func `a client with a token drives a server that wants one`() async throws {
        let home = try Home()
        let python = try await self.python(home)
        let made = try await Program.run("auth", "token", "create", "sdk", "--role", "admin", home: home)
        #expect(made.status == 0, "\(made)")
        let server = try await RunningServer(home, "--auth-mode", "client")
        let path = SourceDirectory.path + "/Tests/Clients/argo_client.py"
        let environment = [
            "SKIFF_SERVER": server.address, "SKIFF_TOKEN": made.output.trimmingSuffix { $0.isWhitespace },
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
        let outcome = try await Program([path], home: home, environment: environment, executable: python).outcome()
        #expect(outcome.status == 0, "\(outcome)")
        let stranger = try await server.run("list", from: try Home())
        #expect(stranger.status == 1 && stranger.errors.contains("token"), "\(stranger)")
        #expect(await server.stop().status == 0)
    }

    @Test func `the examples of the API's page do what it says`() async throws {
        let home = try Home()
        let server = try await RunningServer(home)
        let page = try #require(home.text(SourceDirectory.path + "/docs/api.md"))
        let examples = ConsoleExample.all(in: page).filter { $0.command.hasPrefix("curl ") }
        #expect(examples.count >= 10)
        for example in examples {
            let command = example.command.replacing("http://127.0.0.1:2746", with: server.address)
            let outcome = try await Program(["-c", command], home: home, executable: "/bin/sh").outcome()
            #expect(example.isFulfilled(by: outcome.output), "\(example.command)\nexpected: \(example.output)\nwas: \(outcome)")
        }
        #expect(await server.stop().status == 0)
    }
}

/// A command of a page and what the page says it prints.
struct ConsoleExample {
    let command: String
    /// `…` stands for anything.
    let output: String

    /// Those of the blocks that are marked as `console`. A command begins behind `$ ` and ends with the line in which its quotes are closed.
    static func all(in page: String) -> [ConsoleExample] {
        var examples: [ConsoleExample] = []
        for block in page.split(separator: "```console\n").dropFirst() {
            var command: [Substring] = []
            var output: [Substring] = []
            func finish() {
                if !command.isEmpty {
                    examples.append(ConsoleExample(command: command.joined(separator: "\n"), output: output.joined(separator: "\n")))
                }
                (command, output) = ([], [])
            }
            for line in block.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```") { break }
                if line.hasPrefix("$ ") {
                    finish()
                    command = [line.dropFirst(2)]
                } else if command.joined().count(where: { $0 == "'" }) % 2 == 1 {
                    command.append(line)
                } else {
                    output.append(line)
                }
            }
            finish()
        }
        return examples
    }

    /// Whether the text begins and ends as the page says, with the pieces between the dots in their order.
    func isFulfilled(by text: String) -> Bool {
        let text = text.trimmingSuffix { $0.isWhitespace }
        let pieces = self.output.split(separator: "…", omittingEmptySubsequences: false)
        guard pieces.count > 1 else { return text == self.output }
        guard text.hasPrefix(pieces[0]), text.hasSuffix(pieces[pieces.count - 1]) else { return false }
        var rest = text[...]
        for piece in pieces where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}

extension String {
    fileprivate func trimmingSuffix(while isWanted: (Character) -> Bool) -> String {
        var text = self
        while let last = text.last, isWanted(last) { text.removeLast() }
        return text
    }
}
