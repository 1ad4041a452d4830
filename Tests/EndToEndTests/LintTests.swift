import Glibc
import Testing
import WorkflowModel

/// Lint with real files: what is read, what belongs together, what is told.
@Suite(.timeLimit(.minutes(3))) struct LintTests {
    private static let caller = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: caller-}
        spec:
          entrypoint: main
          templates:
          - name: main
            steps:
            - - name: greet
                templateRef: {name: library, template: say}
                arguments: {parameters: [{name: text, value: hello}]}

        """
    private static let library = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: library}
        spec:
          templates:
          - name: say
            inputs: {parameters: [{name: text}]}
            container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}

        """

    /// `file:line code` of each fault, files without their directory.
    private func faults(_ home: Home, _ arguments: String..., input: String? = nil) async throws -> [String] {
        let lint = try await Program(["lint", "-o", "json"] + arguments, home: home, input: input).outcome()
        return try #require(try JSONValue(json: lint.output).array, "\(lint)").map { finding in
            let file = (finding["file"]?.string ?? "").split(separator: "/").last ?? ""
            return "\(file):\(finding["line"]?.integer ?? 0) \(finding["code"]?.string ?? "")"
        }
    }

    @Test func `references are looked up in all files of the call`() async throws {
        let home = try Home()
        let caller = try home.file("caller.yaml", Self.caller)
        #expect(try await self.faults(home, caller) == ["caller.yaml:10 unknown-workflow-template"])
        let library = try home.file("library.yaml", Self.library)
        #expect(try await self.faults(home, caller, library) == [])
        #expect(try await self.faults(home, library, caller) == [])
        #expect(try await self.faults(home, caller, "-", input: Self.library) == [])
        #expect(try await self.faults(home, "-", input: Self.caller + "---\n" + Self.library) == [])
    }

    @Test func `directories are searched in their depth, and a file that is named twice is read once`() async throws {
        let home = try Home()
        for directory in ["flows", "flows/deep", "flows/.git"] { #expect(mkdir("\(home.path)/\(directory)", 0o777) == 0) }
        let typo = Flow.shell("flow", "true") + "  entrypiont: x\n"
        for name in ["flows/a.yaml", "flows/deep/b.yml", "flows/.git/c.yaml", "flows/d.txt"] { try home.file(name, typo) }
        try home.file("flows/deep/e.json", "{\"kind\": \"Workflow\"}")
        let found = try await self.faults(home, "\(home.path)/flows/a.yaml", "\(home.path)/flows")
        #expect(found.filter { $0.hasSuffix("unknown-field") }.count == 2, "\(found)")
        let files = found.compactMap { $0.split(separator: ":").first.map(String.init) }
        #expect(Set(files) == ["a.yaml", "b.yml", "e.json"] && files == files.sorted(), "\(found)")
    }

    @Test func `all faults of all files are told at once, in the order of the files and their lines`() async throws {
        let home = try Home()
        let first = try home.file("first.yaml", Self.caller + "  onexit: x\n---\n" + Self.library + "  onexti: y\n")
        let second = try home.file("second.yaml", "a: [1")
        let found = try await self.faults(home, first, "\(home.path)/missing.yaml", second)
        #expect(
            found == [
                "first.yaml:12 unknown-field", "first.yaml:22 unknown-field", "missing.yaml:0 file-not-found", "second.yaml:1 not-yaml",
            ],
            "\(found)")
    }

    @Test func `with kinds only faults of such objects count, the others are context`() async throws {
        let home = try Home()
        let file = try home.file("both.yaml", Self.caller + "---\n" + Self.library + "  onexti: y\n")
        #expect(try await self.faults(home, file) == ["both.yaml:21 unknown-field"])
        #expect(try await self.faults(home, file, "--kinds=workflows") == [])
        #expect(try await self.faults(home, file, "--kinds", "wftmpl") == ["both.yaml:21 unknown-field"])
        let library = try home.file("library.yaml", Self.library)
        let nothing = try await Program.run("lint", "--kinds", "wf", library, home: home)
        #expect(nothing.status == 1)
        #expect(nothing.output == "found nothing to lint in the specified paths, failing...\n")
    }

    @Test func `kinds that nobody reads are nothing to lint`() async throws {
        let home = try Home()
        let file = try home.file("web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
        let lint = try await Program.run("lint", file, home: home)
        #expect(lint.status == 1)
        #expect(lint.output.hasSuffix("found nothing to lint in the specified paths, failing...\n"), "\(lint)")
    }

    @Test func `strictness goes both ways`() async throws {
        let home = try Home()
        let file = try home.file("typo.yaml", Flow.shell("flow", "true") + "  entrypiont: x\n")
        #expect(try await Program.run("lint", file, home: home).status == 1)
        let lenient = try await Program.run("lint", "--strict=false", "--offline=true", file, home: home)
        #expect(lenient.status == 0)
        #expect(lenient.output.contains("warning: unknown field 'entrypiont'"), "\(lenient)")
        let old = try home.file("old.yaml", Flow.shell("flow", "true") + "  podPriority: 1\n")
        #expect(try await Program.run("lint", old, home: home).status == 0)
        #expect(try await Program.run("lint", "--strict", old, home: home).status == 1)
    }

    @Test func `older spellings are converted to what lint has nothing to say against`() async throws {
        let home = try Home()
        let old = try home.file("old.yaml", Flow.shell("flow", "true") + "  podPriority: 1\n  ttlSecondsAfterFinished: 5\n")
        let converted = try await Program.run("convert", old, home: home)
        #expect(converted.status == 0 && converted.errors.contains("'ttlSecondsAfterFinished' is now"), "\(converted)")
        #expect(try await Program(["lint", "--strict", "-"], home: home, input: converted.output).outcome().status == 0, "\(converted)")
    }
}
