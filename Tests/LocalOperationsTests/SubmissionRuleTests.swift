import Diagnostics
import LocalOperations
import Operations
import TestKit
import Testing
import WorkflowModel

@Suite struct SubmissionRuleTests {
    private static let own = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: own-, labels: {a: mine}}
        spec:
          entrypoint: main
          ttlStrategy: {secondsAfterSuccess: 5}
          templates:
          - name: main
            container: {image: busybox, command: ["true"]}
        """

    private static let referring = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: ref-}
        spec:
          workflowTemplateRef: {name: build}
        """

    private static let build = """
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: build}
        spec:
          entrypoint: main
          parallelism: 3
          templates:
          - name: main
            container: {image: busybox, command: ["true"]}
        """

    /// The Workflow that would be submitted.
    private func preview(_ text: String, _ rules: SubmissionRules) async throws -> JSONValue {
        let house = try House()
        let files = [try house.file("flow.yaml", text), try house.file("build.yaml", Self.build)]
        let machinery = house.machinery(ScriptedRuntime(), { RunSettings(rules: rules) })
        let submitter = LocalRunSubmitter(machinery: machinery) { _ in false }
        return try await submitter.preview(SubmitRequest(run: RunRequest(files: files)))[0]
    }

    private func faults(_ text: String, _ rules: SubmissionRules) async throws -> [String] {
        do {
            _ = try await self.preview(text, rules)
            return []
        } catch let fault as ManifestFault {
            return fault.diagnostics.filter { $0.severity == .error }.map { "\($0.path.text) \($0.code)" }
        }
    }

    private static let defaults: JSONValue = [
        "metadata": ["labels": ["a": "theirs", "b": "theirs"]],
        "spec": ["ttlStrategy": ["secondsAfterSuccess": 60, "secondsAfterFailure": 600], "parallelism": 7, "priority": 2],
    ]

    @Test func `defaults go below what the workflow says`() async throws {
        let workflow = try await self.preview(Self.own, SubmissionRules(defaults: Self.defaults))
        #expect(workflow["metadata"]?["labels"] == ["a": "mine", "b": "theirs"])
        #expect(workflow["spec"]?["ttlStrategy"] == ["secondsAfterSuccess": 5, "secondsAfterFailure": 600])
        #expect(workflow["spec"]?["parallelism"] == 7)
    }

    @Test func `defaults go below what the template says`() async throws {
        let workflow = try await self.preview(Self.referring, SubmissionRules(defaults: Self.defaults))
        #expect(workflow["spec"]?["parallelism"] == 3)
        #expect(workflow["spec"]?["priority"] == 2)
    }

    @Test(arguments: SubmissionRules.TemplateReferencing.allCases)
    func `where only stored templates may run, a workflow may change little of them`(
        referencing: SubmissionRules.TemplateReferencing
    ) async throws {
        let rules = SubmissionRules(defaults: Self.defaults, templateReferencing: referencing)
        #expect(try await self.faults(Self.own, rules) == ["spec restricted"])
        #expect(try await self.faults(Self.referring, rules).isEmpty)
        #expect(try await self.faults(Self.referring + "\n  priority: 4", rules).isEmpty)
        let changing = Self.referring + "\n  parallelism: 4\n  artifactGC: {strategy: Never, serviceAccountName: root}"
        #expect(
            try await self.faults(changing, rules) == ["spec.parallelism restricted", "spec.artifactGC.serviceAccountName restricted"])
    }
}
