import Testing

/// What the program writes for other tools, judged by the validator that everybody uses (jsonschema of Debian).
@Suite(.timeLimit(.minutes(3))) struct SchemaFileTests {
    /// Validates files against a schema; what is wrong is a line each on the output.
    private func validate(_ schema: String, _ files: [String], _ home: Home) async throws -> Program.Outcome {
        try await Program([schema] + files, home: home, executable: SourceDirectory.path + "/scripts/validate-schema").outcome()
    }

    private func schema(_ home: Home, _ kind: String...) async throws -> String {
        let printed = try await Program(["schema"] + kind, home: home).outcome()
        try #require(printed.status == 0, "\(printed)")
        return try home.file("schema.json", printed.output)
    }

    @Test func `every example is valid`() async throws {
        let home = try Home()
        let examples = try SourceDirectory.manifests(below: SourceDirectory.path + "/Examples")
        #expect(examples.count >= 5)
        let result = try await self.validate(try await self.schema(home), examples, home)
        #expect(result.status == 0, "\(result)")
    }

    @Test func `a typo, a wrong type, a missing field and a wrong kind are refused at their place`() async throws {
        let home = try Home()
        let bad = """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: bad-}
            spec:
              entrypont: main
              parallelism: many
              templates:
              - name: main
                retryStrategy: {retryPolicy: Sometimes}
                container: {image: x, env: [{value: a}]}
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: Workfow
            metadata: {generateName: bad-}
            """
        let file = try home.file("bad.yaml", bad)
        let result = try await self.validate(try await self.schema(home), [file], home)
        #expect(result.status == 1)
        let lines = result.output.split(separator: "\n").map { String($0.dropFirst(file.count + 2)) }
        #expect(lines.contains("0: spec: Additional properties are not allowed ('entrypont' was unexpected)"), "\(result)")
        #expect(lines.contains("0: spec/parallelism: 'many' is not of type 'integer'"), "\(result)")
        #expect(lines.contains("0: spec/templates/0/container/env/0: 'name' is a required property"), "\(result)")
        #expect(lines.contains { $0.hasPrefix("0: spec/templates/0/retryStrategy/retryPolicy: 'Sometimes' is not valid") }, "\(result)")
        #expect(lines.contains { $0.hasPrefix("1: kind: 'Workfow' is not one of") }, "\(result)")
        #expect(lines.count == 5, "\(result)")
    }

    @Test func `what the language allows is valid too`() async throws {
        let home = try Home()
        let good = """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: good}
            spec:
              schedule: "@daily"
              workflowSpec:
                entrypoint: main
                arguments: {parameters: [{name: count, value: 3}]}
                templateDefaults: {resource: {flags: [--wait]}, container: {env: [{value: a}]}}
                templates:
                - name: main
                  retryStrategy: {limit: "{{workflow.parameters.count}}", retryPolicy: "{{workflow.parameters.policy}}"}
                  plugin: {hello: {deep: [1, {}]}}
                - name: fan
                  steps: [[{name: a, template: main, withItems: [1, b, {c: d}], continueOn: {failed: true}}]]
            """
        let result = try await self.validate(try await self.schema(home, "cronwf"), [try home.file("good.yaml", good)], home)
        #expect(result.status == 0, "\(result)")
    }

    @Test func `a SARIF report has the shape of the standard`() async throws {
        let home = try Home()
        let bad =
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: ä}\nspec: {entrypont: main, podPriority: 1, arguments: {}}\n"
        let report = try await Program.run(
            "lint", try home.file("bad one.yaml", bad), "\(home.path)/missing.yaml", "-o", "sarif", home: home)
        #expect(report.status == 1, "\(report)")
        let clean = try await Program.run(
            "lint", try home.file("good.yaml", Flow.shell("good", "true")), "-o", "sarif", home: home)
        #expect(clean.status == 0, "\(clean)")
        let files = [try home.file("bad.sarif", report.output), try home.file("good.sarif", clean.output)]
        let standard = SourceDirectory.path + "/Tests/Goldens/schemas/sarif-2.1.0-used.schema.json"
        let result = try await self.validate(standard, files, home)
        #expect(result.status == 0, "\(result)")
        #expect(report.output.contains("bad%20one.yaml") && report.output.contains("unknown-field"))
    }
}
