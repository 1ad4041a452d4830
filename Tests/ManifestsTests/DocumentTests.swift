import Diagnostics
import Manifests
import Testing
import WorkflowModel

@Suite struct DocumentTests {
    @Test func `a file may hold several documents, and empty ones are skipped`() {
        let file = read(
            """
            # first
            ---
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a}
            ...
            --- # comment
            apiVersion: v1
            kind: ConfigMap
            metadata: {generateName: b-}
            ---
            apiVersion: v1
            kind: ConfigMap
            ---

            """)
        #expect(file.report == "")
        #expect(file.documents.map(\.name) == ["a", "b-", "object #3"])
        #expect(file.documents.map(\.index) == [0, 1, 2])
        #expect(file.documents.map { $0.source.value(FieldPath()).line } == [4, 9, 13])
    }

    @Test func `directives and document ends are understood`() {
        let file = read("%YAML 1.1\n---\napiVersion: v1\nkind: ConfigMap\n...\n%YAML 1.1\n---\napiVersion: v1\nkind: Secret\n")
        #expect(file.report == "")
        #expect(file.documents.map(\.kind) == ["ConfigMap", "Secret"])
    }

    @Test func `the items of lists are objects of their own`() {
        let file = read(
            """
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: w}}
            - kind: ConfigMapList
              apiVersion: v1
              items:
              - metadata: {name: b}
                data: {x: z}
            """)
        #expect(file.report == "")
        #expect(file.documents.map(\.name) == ["a", "b"])
        #expect(file.documents.map(\.kind) == ["ConfigMap", "ConfigMap"])
        #expect(file.documents.map(\.apiVersion) == ["v1", "v1"])
        #expect(file.documents[0].source.value(FieldPath("data.x")) == SourcePosition(line: 4, column: 68))
        #expect(file.documents[1].source.key(FieldPath("data.x")) == SourcePosition(line: 9, column: 12))
    }

    @Test func `JSON is read like YAML`() {
        let file = read("{\"apiVersion\":\"v1\",\n\t\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},\"data\":{\"x\":\"1\"}}")
        #expect(file.report == "")
        #expect(file.documents[0].value["data"] == ["x": "1"])
        #expect(file.documents[0].source.key(FieldPath("kind")) == SourcePosition(line: 2, column: 2))
    }

    @Test func `scalars become what their fields want`() {
        let file = read(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: a, annotations: {n: 5, t: yes, z: null}}
            spec:
              parallelism: 5
              arguments:
                parameters: [{name: p, value: 1.0, enum: [1, true, x]}]
              templates:
              - name: t
                activeDeadlineSeconds: 10
                container: {image: x, args: [1, 2.50, ~]}
                dag: {tasks: [{name: a, withItems: [1, 2.0, {a: yes}]}]}
              volumeClaimTemplates:
              - spec: {resources: {requests: {storage: 1}}}
            """)
        #expect(!file.hasErrors)
        let spec = file.documents[0].value["spec"]
        let template = spec?["templates"]?[0]
        #expect(file.documents[0].value["metadata"]?["annotations"] == ["n": "5", "t": "true", "z": .null])
        #expect(spec?["parallelism"] == 5)
        #expect(spec?["arguments"]?["parameters"]?[0] == ["name": "p", "value": "1", "enum": ["1", "true", "x"]])
        #expect(template?["activeDeadlineSeconds"] == 10)
        #expect(template?["container"]?["args"] == ["1", "2.5", ""])
        #expect(template?["dag"]?["tasks"]?[0]?["withItems"] == [1, 2, ["a": true]])
        #expect(spec?["volumeClaimTemplates"]?[0]?["spec"]?["resources"]?["requests"] == ["storage": "1"])
    }

    @Test func `older spellings are read`() {
        let file = read(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: a}
            spec:
              schedule: "* * * * *"
              workflowSpec:
                ttlSecondsAfterFinished: 5
                synchronization: {mutex: {name: a}, semaphore: {configMapKeyRef: {name: a, key: b}}}
            """)
        #expect(file.report == "")
    }

    @Test func `what a cluster wrote into an object is not checked`() {
        let file = read(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata:
              name: a
              creationTimestamp: null
              managedFields: [{manager: kubectl, fieldsV1: {"f:spec": {}}}]
            spec: {}
            status: {phase: Running, somethingNew: [1]}
            """)
        #expect(file.report == "")
    }

    @Test func `unknown fields can be let pass`() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nfoo: 1\n"
        let lenient = ManifestReader(unknownFields: .warning).read(file: "flow.yaml", bytes: Array(text.utf8))
        #expect(lenient.diagnostics.map(\.severity) == [.warning])
        #expect(read(text).diagnostics.map(\.severity) == [.error])
        #expect(lenient.documents.count == 1)
    }

    @Test func `faults come in the order of the text`() {
        let file = read("apiVersion: v1\nkind: ConfigMap\nb: 1\ndata: {x: [], x: y}\na: 1\n---\nfoo: 1\n")
        #expect(file.codes == ["unknown-field", "wrong-type", "duplicate-key", "unknown-field", "not-a-manifest"])
    }

    @Test func `each key written twice is found, in maps of all depths`() {
        var text = "apiVersion: v1\nkind: ConfigMap\ndata:\n"
        for number in 0..<15 { text += "  k\(number): a\n  k\(number): b\n" }
        let file = read(text)
        #expect(file.codes == Array(repeating: "duplicate-key", count: 15))
        #expect(file.diagnostics.map { $0.position?.line } == (0..<15).map { $0 * 2 + 5 })
        #expect(file.documents[0].value["data"]?["k3"] == "a")
    }

    @Test func `more keys written twice than are worth looking for give one message`() {
        var text = "apiVersion: v1\nkind: ConfigMap\ndata:\n"
        for number in 0..<100 { text += "  k\(number): a\n  k\(number): b\n" }
        let file = read(text)
        #expect(file.codes == ["duplicate-key"])
        #expect(file.documents.isEmpty)
    }

    @Test func `of a kind that is not read the metadata is checked`() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: [a], lables: {a: b}, creationTimestamp: soon}
            spec: {replicas: many}
            """
        let file = ManifestReader().read(file: "x", bytes: Array(text.utf8))
        #expect(
            file.diagnostics.map { "\($0.severity) \($0.path): \($0.message)" } == [
                "warning kind: kind 'Deployment' is not read and has no effect",
                "warning metadata.name: 'name' is a list, expected a string",
                "warning metadata.lables: unknown field 'lables' in ObjectMeta",
                "warning metadata.creationTimestamp: 'creationTimestamp' is 'soon', expected a time like 2026-11-21T04:32:00Z",
            ])
    }
}
