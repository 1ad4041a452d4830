import Diagnostics
import Expressions
import Planning
import Testing
import WorkflowModel

/// What a plan holds of a workflow that can be planned.
struct PlanTests {
    private func plan(_ templates: String, spec: String = "") throws -> Plan {
        let reading = Reading(workflow(templates, spec: spec))
        return try #require(reading.plan, "\(reading.planned)")
    }

    @Test func `labels of workflowMetadata are the run's, and win over its own`() throws {
        let plan = try self.plan(
            "  - {name: main, container: {image: \"busybox:1\", command: [echo, \"{{workflow.labels.team}}\"]}}",
            spec: "\n  workflowMetadata: {labels: {team: data, size: 3}}")
        #expect(plan.labels.map { "\($0.key)=\($0.value)" } == ["team=data", "size=3"])
    }

    @Test func `metrics, memoize and cluster fields are carried`() throws {
        let plan = try self.plan(
            """
              - name: main
                nodeSelector: {host: "{{workflow.name}}"}
                memoize: {key: "k-{{workflow.name}}", cache: {configMap: {name: c}}, maxAge: 1h}
                metrics: {prometheus: [{name: took, help: h, labels: [{key: a, value: b}], histogram: {value: "{{duration}}", buckets: [1, 2.5]}}]}
                container: {image: "busybox:1", command: [echo]}
            """)
        let template = plan[plan.entrypoint]
        #expect(template.memoize?.key.source == "k-{{workflow.name}}")
        #expect(template.memoize?.maxAge?.source == "1h")
        #expect(template.clusterFields?[field: "nodeSelector"]?[field: "host"]?.isLiteral == false)
        let metric = try #require(template.metrics.first)
        #expect(metric.name == "took" && metric.help == "h" && metric.labels.map(\.value.source) == ["b"])
        guard case .histogram(let value, let buckets) = metric.kind else { preconditionFailure("the metric is a histogram") }
        #expect(value.source == "{{duration}}" && buckets == [1, 2.5])
    }

    @Test func `the exit hook of a step wins over onExit, onExit of the workflow over its exit hook`() throws {
        let plan = try self.plan(
            """
              - name: main
                steps: [[{name: a, template: one, onExit: one, hooks: {exit: {template: two}}}]]
              - {name: one, container: {image: "busybox:1", command: [echo]}}
              - {name: two, container: {image: "busybox:1", command: [echo]}}
            """, spec: "\n  onExit: one\n  hooks: {exit: {template: two}}")
        guard case .steps(let steps) = plan[plan.entrypoint].body, case .template(let stepExit)? = steps.steps[0].exit?.target,
            case .template(let exit)? = plan.onExit?.target
        else { preconditionFailure("both handlers are fixed templates") }
        #expect(plan[stepExit].key.name == "two")
        #expect(plan[exit].key.name == "one")
    }

    @Test func `what is not carried out yet is refused by a run and only mentioned by a check`() {
        let reading = Reading(workflow("  - {name: main, http: {url: \"http://localhost\"}}"))
        #expect(brief(reading.planned) == ["7:18 not-supported: templates of type 'http' are not supported yet"])
        #expect(brief(reading.checked).isEmpty)
        #expect(brief(reading.checked, from: .hint).count == 1)
    }

    @Test func `a workflow's argument without a value is an error only when it is to run`() {
        let reading = Reading(
            workflow(
                "  - {name: main, container: {image: \"busybox:1\", command: [echo]}}", spec: "\n  arguments: {parameters: [{name: later}]}"
            ))
        #expect(brief(reading.planned) == ["6:28 missing-argument: spec.arguments.parameters[0] 'later' has no value"])
        #expect(brief(reading.checked).isEmpty)
        #expect(brief(reading.checked, from: .warning).count == 1)
    }

    @Test func `a name that was generated may be longer than one that was written`() {
        let long = String(repeating: "a", count: 64)
        let templates = "  - {name: main, container: {image: \"busybox:1\", command: [echo]}}"
        let written = workflow(templates).replacing("name: wf", with: "name: \(long)x")
        let generated = workflow(templates).replacing("name: wf", with: "generateName: \(long), name: \(long)x")
        #expect(brief(Reading(written).planned).count == 1)
        #expect(brief(Reading(generated).planned).isEmpty)
    }
}
