import Diagnostics
import Testing

/// Three cases of Argo's own validation tests in which another verdict is given here, on purpose: `docs/compatibility.md`, "Checking".
struct PeerVerdictTests {
    /// The test moves the artifact before it asks a second time, and the text does not show that.
    @Test func `an artifact at a mounted path is refused, though Argo's test calls the same text valid once`() {
        let found = Reading(
            workflow(
                """
                  - name: main
                    inputs: {artifacts: [{name: argo-source, path: /src, git: {repo: "https://github.com/argoproj/argo-workflows.git"}}]}
                    container: {image: "alpine:3.23", command: [sh], volumeMounts: [{name: workdir, mountPath: /src}]}
                """,
                spec: "\n  volumeClaimTemplates: [{metadata: {name: workdir}, spec: {resources: {requests: {storage: 1Gi}}}}]")
        ).checked
        #expect(brief(found).count == 1)
        #expect(found.contains { $0.severity == .error && $0.message.contains("already mounted") })
    }

    /// Argo's lint lets it pass and its submission does not; the test calls for a submission.
    @Test func `an argument without value is a warning of lint and an error of a run`() {
        let reading = Reading(workflow("", entrypoint: "say", spec: "\n  arguments: {parameters: [{name: text}]}"))
        #expect(brief(reading.checked).isEmpty)
        #expect(brief(reading.checked, from: .warning).map { $0.contains("missing-argument") } == [true])
        #expect(brief(reading.planned).map { $0.contains("missing-argument") } == [true])
    }

    /// Three tests have this text; two of them call it valid.
    @Test func `a template's argument with an enum and no value is for whoever submits it`() {
        let text = """
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: enum}
            spec:
              entrypoint: say
              arguments: {parameters: [{name: message, enum: [one, two, three]}]}
              templates:
              - name: say
                inputs: {parameters: [{name: message, value: "{{workflow.parameters.message}}"}]}
                container: {image: "busybox:1", command: [echo], args: ["{{inputs.parameters.message}}"]}
            """
        #expect(brief(Reading(text).checked).isEmpty)
        let run = """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: wf}
            spec: {workflowTemplateRef: {name: enum}}
            ---

            """
        #expect(brief(Reading(run + text).planned).map { $0.contains("missing-argument") } == [true])
    }
}
