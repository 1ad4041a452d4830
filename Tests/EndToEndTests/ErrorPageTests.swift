import Testing
import WorkflowModel

/// The examples of `docs/errors/` do what the pages say.
@Suite(.timeLimit(.minutes(3))) struct ErrorPageTests {
    /// One page, cut at its headings.
    private struct Page {
        var code: String
        var example: Substring
        var remedy: Substring

        static func all(_ home: Home) throws -> [Page] {
            let directory = SourceDirectory.path + "/docs/errors"
            return try SourceDirectory.names(in: directory).filter { $0.hasSuffix(".md") && $0 != "README.md" }.sorted().map { name in
                let text = try #require(home.text("\(directory)/\(name)"))
                let parts = text.split(separator: "\n## ")
                try #require(parts.count == 4, "\(name)")
                return Page(code: String(name.dropLast(3)), example: parts[1], remedy: parts[2])
            }
        }

        /// The fenced blocks of a language.
        static func blocks(_ language: String, in part: Substring) -> [String] {
            part.split(separator: "```\(language)\n").dropFirst().map { block in
                String(block.split(separator: "\n```", omittingEmptySubsequences: false)[0])
            }
        }

        /// A whole manifest: what has no kind stands below `spec:`.
        static func manifest(_ block: String) -> String {
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.first?.hasPrefix("entrypoint:") ?? false || lines.first?.hasPrefix("templates:") ?? false else { return block }
            let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: example-}\nspec:\n"
            return head + lines.map { "  \($0)\n" }.joined()
        }
    }

    private func findings(_ manifest: String, _ home: Home) async throws -> [JSONValue] {
        let lint = try await Program.run("lint", try home.file("flow.yaml", manifest), "-o", "json", home: home)
        return try #require(try JSONValue(json: lint.output).array, "\(lint)")
    }

    @Test func `every example has the fault of its page`() async throws {
        let home = try Home()
        for page in try Page.all(home) {
            for block in Page.blocks("yaml", in: page.example) {
                let found = try await self.findings(Page.manifest(block), home).compactMap { $0["code"]?.string }
                #expect(found.contains(page.code), "\(page.code): \(found)")
            }
        }
    }

    @Test func `every remedy is without errors and without the fault of its page`() async throws {
        let home = try Home()
        for page in try Page.all(home) {
            for block in Page.blocks("yaml", in: page.remedy) {
                let found = try await self.findings(Page.manifest(block), home)
                #expect(
                    !found.contains { $0["severity"] == "error" || $0["code"]?.string == page.code }, "\(page.code): \(found.map(\.json))")
            }
        }
    }

    @Test func `the messages of the pages are those of the program`() async throws {
        let home = try Home()
        for page in try Page.all(home) {
            guard let text = Page.blocks("text", in: page.example).first, let block = Page.blocks("yaml", in: page.example).first else {
                continue
            }
            let name = try #require(text.split(separator: ":").first.map(String.init))
            let lint = try await Program.run("lint", try home.file(name, Page.manifest(block)), home: home)
            let output = lint.output.split(separator: home.path + "/", omittingEmptySubsequences: false).joined()
            #expect(output.contains(text), "\(page.code): \(output)")
        }
    }

    @Test func `the program explains every code, with its page`() async throws {
        let home = try Home()
        let list = try await Program.run("explain", home: home)
        let codes = list.output.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        #expect(codes == (try Page.all(home).map(\.code)))
        let explained = try await Program(["explain"] + codes, home: home).outcome()
        #expect(explained.status == 0 && explained.output.contains("\nWhy\n"), "\(explained)")
        let wrong = try await Program.run("explain", "unknown-feild", home: home)
        #expect(wrong.status == 2 && wrong.errors.contains("did you mean 'unknown-field'?"), "\(wrong)")
    }
}
