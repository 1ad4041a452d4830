import Diagnostics
import Testing

/// Those of the oddities in `docs/compatibility.md` that only lint meets so far.
struct OddityTests {
    @Test func `5: labels and annotations of a CronWorkflow can be asked for, each for itself`() {
        let (diagnostics, _) = lint(
            file: "cron.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: nightly, labels: {team: data}, annotations: {pause: "yes"}}
            spec:
              schedules: ["@daily"]
              when: "{{= cronworkflow.annotations['pause'] != 'yes' && cronworkflow.labels['team'] == 'data' }}"
              workflowSpec:
                entrypoint: main
                templates: [{name: main, container: {image: "busybox:1", command: [echo]}}]
            """)
        #expect(diagnostics.map(\.message) == [])
    }
}
