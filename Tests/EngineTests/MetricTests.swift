import Engine
import StatusViews
import Testing
import WorkflowModel

struct MetricTests {
    private static let yaml = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: wf}
        spec:
          entrypoint: main
          arguments: {parameters: [{name: team, value: data}]}
          metrics:
            prometheus:
            - {name: took, help: h, gauge: {realtime: true, value: "{{workflow.duration}}"}}
            - {name: ended, help: h, labels: [{key: phase, value: "{{status}}"}], counter: {value: "1"}}
          templates:
          - name: main
            steps: [[{name: a, template: leaf, continueOn: {failed: true}}, {name: b, template: leaf}]]
          - name: leaf
            metrics:
              prometheus:
              - name: failures
                help: how often it failed
                labels: [{key: team, value: "{{workflow.parameters.team}}"}, {key: code, value: "{{exitCode}}"}]
                when: "{{status}} == Failed"
                counter: {value: "1"}
              - {name: seconds, help: h, histogram: {value: "{{duration}}", buckets: [1, 2.5]}}
              - {name: size, help: h, gauge: {value: "{{=asInt(outputs.result) * 2}}", operation: Add}, when: "{{status}} == Succeeded"}
              - {name: broken, help: h, gauge: {value: "{{outputs.result}}"}, when: "{{status}} == Failed"}
            script: {image: alpine, command: [sh], source: x}
        """

    @Test func `metrics are evaluated when nodes and the run end`() throws {
        var rehearsal = try Rehearsal(Self.yaml)
        try rehearsal.run { _, node in node.name == "wf[0].a" ? Ending(code: 3, result: "no number") : .prints("21") }
        let failed = try rehearsal.node("wf[0].a").metrics
        #expect(failed.map(\.name) == ["failures", "seconds"])
        #expect(failed[0].labels == [NamedValue(name: "team", value: "data"), NamedValue(name: "code", value: "3")])
        #expect(failed[0].kind == .counter)
        #expect(failed[1].value == "0.010")
        #expect(failed[1].buckets == ["1.0", "2.5"])
        let succeeded = try rehearsal.node("wf[0].b").metrics
        #expect(succeeded.map(\.name) == ["seconds", "size"])
        #expect(succeeded[1].value == "42")
        #expect(succeeded[1].operation == "Add")
        let run = rehearsal.machine.run
        #expect(run.metrics.map(\.name) == ["took", "ended"])
        #expect(run.metrics[1].labels == [NamedValue(name: "phase", value: "Succeeded")])
        #expect(run.metricsError == "metric 'broken' of a: its value 'no number' is not a number")
    }

    @Test func `the status shows metrics and a metric that failed`() throws {
        var rehearsal = try Rehearsal(Self.yaml)
        try rehearsal.run { _, node in node.name == "wf[0].a" ? Ending(code: 3, result: "no number") : .prints("21") }
        let status = WorkflowView(machine: rehearsal.machine, manifest: [:]).json["status"]
        let conditions = status?["conditions"]?.array ?? []
        #expect(conditions.contains { $0["type"]?.string == "MetricsError" && $0["status"]?.string == "True" })
        let metrics = status?["metrics"]?.array ?? []
        #expect(metrics.count == 6)
        #expect(
            metrics[0] == ["name": "took", "help": "h", "type": "gauge", "operation": "Set", "value": .number("0.020000"), "labels": [:]])
        #expect(metrics[2]["node"]?.string == "wf[0].a")
    }
}
