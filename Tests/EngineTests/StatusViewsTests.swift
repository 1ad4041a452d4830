import StatusViews
import Testing
import WorkflowModel

@testable import Engine

/// The Workflow object and the fields of its nodes.
@Suite struct StatusViewsTests {
    static let one = """
        entrypoint: main
        templates:
        - name: main
          inputs:
            parameters: [{name: word, value: hi}]
            artifacts: [{name: note, path: /note, raw: {data: text}}]
          container:
            image: alpine
            command: [echo, "{{inputs.parameters.word}}"]
            resources: {requests: {cpu: "2"}, limits: {memory: 1Gi}}
          outputs:
            artifacts: [{name: log, path: /log, archive: {none: {}}}]
        """

    @Test func `a finished run of one pod is shown in full`() throws {
        var sketch = try RunSketch(Self.one)
        let pod = sketch.add("flow", .pod, .entry, template: "main").index
        sketch.nodes[pod].inputs.parameters = [NamedValue(name: "word", value: "hi")]
        sketch.nodes[pod].inputs.artifacts = [NamedArtifact(name: "note", path: "/note", source: .raw("text"))]
        sketch.nodes[pod].outputs.result = "hi"
        sketch.nodes[pod].outputs.exitCode = 0
        let stored = StoredArtifact(key: "0190/0/0/log", fileName: "log", archive: .none, isDirectory: false)
        sketch.nodes[pod].outputs.artifacts = [NamedArtifact(name: "log", path: "/log", source: .stored(stored))]
        sketch.run.globalParameters = [NamedValue(name: "answer", value: "42")]
        sketch.finish(.succeeded)
        #expect(sketch.json["spec"] == sketch.manifest["spec"])
        let metadata =
            #"{"name":"flow","namespace":"default","uid":"0190","creationTimestamp":"2026-01-02T03:04:00Z","labels":{"team":"data","#
            + #""workflows.argoproj.io/completed":"true","workflows.argoproj.io/phase":"Succeeded"}}"#
        #expect(sketch.json["metadata"]?.json == metadata)
        #expect(
            sketch.status?.json(indent: 2) == """
                {
                  "phase": "Succeeded",
                  "startedAt": "2026-01-02T03:04:05Z",
                  "finishedAt": "2026-01-02T03:05:05Z",
                  "progress": "1/1",
                  "nodes": {
                    "flow": {
                      "id": "flow",
                      "name": "flow",
                      "displayName": "flow",
                      "type": "Pod",
                      "templateName": "main",
                      "templateScope": "local/flow",
                      "phase": "Succeeded",
                      "startedAt": "2026-01-02T03:04:05Z",
                      "finishedAt": "2026-01-02T03:04:07Z",
                      "progress": "1/1",
                      "resourcesDuration": {
                        "cpu": 4,
                        "memory": 20
                      },
                      "inputs": {
                        "parameters": [
                          {
                            "name": "word",
                            "value": "hi"
                          }
                        ],
                        "artifacts": [
                          {
                            "name": "note",
                            "path": "/note",
                            "raw": {
                              "data": "text"
                            }
                          }
                        ]
                      },
                      "outputs": {
                        "artifacts": [
                          {
                            "name": "log",
                            "path": "/log",
                            "plugin": {
                              "name": "local",
                              "key": "0190/0/0/log"
                            },
                            "archive": {
                              "none": {}
                            }
                          }
                        ],
                        "result": "hi",
                        "exitCode": "0"
                      },
                      "hostNodeName": "localhost"
                    }
                  },
                  "outputs": {
                    "parameters": [
                      {
                        "name": "answer",
                        "value": "42"
                      }
                    ]
                  },
                  "conditions": [
                    {
                      "type": "PodRunning",
                      "status": "False"
                    },
                    {
                      "type": "Completed",
                      "status": "True"
                    }
                  ],
                  "resourcesDuration": {
                    "cpu": 4,
                    "memory": 20
                  }
                }
                """)
    }

    @Test func `a run that has not started has times that are null and no nodes`() throws {
        var sketch = try RunSketch(Self.one)
        sketch.run = RunState()
        #expect(sketch.status?.json == #"{"phase":"Pending","startedAt":null,"finishedAt":null}"#)
        #expect(sketch.json["metadata"]?["labels"]?["workflows.argoproj.io/completed"] == "false")
    }

    @Test func `a running pod has no end and a pending one no host`() throws {
        var sketch = try RunSketch(Self.one)
        sketch.add("flow", .pod, .entry, template: "main", phase: .pending)
        #expect(sketch.node("flow")?["hostNodeName"] == nil)
        sketch.nodes[0].phase = .running
        sketch.nodes[0].message = "warming up"
        #expect(sketch.node("flow")?["hostNodeName"] == "localhost")
        #expect(sketch.node("flow")?["finishedAt"] == .null)
        #expect(sketch.node("flow")?["message"] == "warming up")
        #expect(sketch.status?["conditions"]?.json == #"[{"type":"PodRunning","status":"True"}]"#)
        #expect(sketch.status?["resourcesDuration"] == nil)
    }

    @Test func `a stop shows in the spec, as clients look for it there`() throws {
        var sketch = try RunSketch(Self.one)
        sketch.run.shutdown = .terminate
        #expect(sketch.json["spec"]?["shutdown"] == "Terminate")
    }

    @Test func `names are those of Argo's step grammar`() throws {
        var sketch = try RunSketch(StatusViewsGraphTests.steps)
        let root = sketch.add("flow", .steps, .entry, template: "main")
        let first = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        sketch.add("flow[0].b(0:x)", .pod, .item(site: 1, item: 0), owner: first, boundary: root, template: "work")
        let skipped = sketch.add("flow[0].a", .skipped, .site(0), owner: first, boundary: root, phase: .skipped)
        sketch.nodes[skipped.index].displayName = "Chosen"
        #expect(sketch.node("flow[0]")?["displayName"] == "[0]")
        #expect(sketch.node("flow[0].b(0:x)")?["displayName"] == "b(0:x)")
        #expect(sketch.node("flow[0].a")?["displayName"] == "Chosen")
        #expect(sketch.node("flow[0]")?["id"] == .string(ArgoNames.nodeID("flow[0]", workflow: "flow")))
        #expect(sketch.node("flow[0]")?["boundaryID"] == "flow")
        #expect(sketch.node("flow[0]")?["templateName"] == nil)
        // A skipped node never met its template; the step still tells which it would have been.
        #expect(sketch.node("flow[0].a")?["templateName"] == "work")
        #expect(sketch.node("flow[0].a")?["finishedAt"] == sketch.node("flow[0].a")?["startedAt"])
        #expect(sketch.node("flow[0].a")?["progress"] == nil)
    }

    @Test func `references and inline templates are told as the step names them`() throws {
        var sketch = try RunSketch(
            """
            entrypoint: main
            templates:
            - name: main
              steps:
              - - name: far
                  templateRef: {name: tools, template: build}
                - name: here
                  inline: {container: {image: alpine, command: ["true"]}}
            """,
            library: """
                apiVersion: argoproj.io/v1alpha1
                kind: WorkflowTemplate
                metadata: {name: tools}
                spec:
                  templates:
                  - name: build
                    steps:
                    - - {name: part, template: work}
                  - name: work
                    container: {image: alpine, command: ["true"]}
                """)
        let root = sketch.add("flow", .steps, .entry, template: "main")
        let group = sketch.add("flow[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        let far = sketch.add("flow[0].far", .steps, .site(0), owner: group, boundary: root, template: "build")
        sketch.add("flow[0].here", .pod, .site(1), owner: group, boundary: root, template: "")
        let inner = sketch.add("flow[0].far[0]", .stepGroup, .group(index: 0), owner: far, boundary: far)
        sketch.add("flow[0].far[0].part", .pod, .site(0), owner: inner, boundary: far, template: "work")
        #expect(sketch.node("flow[0].far")?["templateRef"] == ["name": "tools", "template": "build"])
        #expect(sketch.node("flow[0].far")?["templateName"] == nil)
        #expect(sketch.node("flow[0].far")?["templateScope"] == "local/flow")
        #expect(sketch.node("flow[0].here")?["templateName"] == nil)
        #expect(sketch.node("flow[0].far[0]")?["templateScope"] == "namespaced/tools")
        #expect(sketch.node("flow[0].far[0].part")?["templateName"] == "work")
        #expect(sketch.node("flow[0].far[0].part")?["templateScope"] == "namespaced/tools")
    }

    // MARK: Ids

    @Test func `hashes, ids and pod names are Argo's`() {
        #expect(ArgoNames.fnv1a32("") == 0x811C_9DC5)
        #expect(ArgoNames.fnv1a32("foobar") == 0xBF9C_F968)
        #expect(ArgoNames.nodeID("flow", workflow: "flow") == "flow")
        #expect(ArgoNames.podName("flow", workflow: "flow", template: "main") == "flow")
        #expect(ArgoNames.podName("flow.a", workflow: "flow", template: "work") == "flow-work-\(ArgoNames.fnv1a32("flow.a"))")
        #expect(ArgoNames.podName("flow.a", workflow: "flow", template: "") == "flow-\(ArgoNames.fnv1a32("flow.a"))")
        let long = ArgoNames.podName("flow.a", workflow: "flow", template: String(repeating: "x", count: 300))
        #expect(long == "flow-" + String(repeating: "x", count: 237) + "-\(ArgoNames.fnv1a32("flow.a"))")
    }

    static let fan = """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: item, template: work, withSequence: {count: "100000"}}
        - name: work
          container: {image: alpine, command: ["true"]}
        """

    /// A run whose step `item` fans out to these items.
    private func fanned(_ items: some Sequence<Int>) throws -> RunSketch {
        var sketch = try RunSketch(Self.fan)
        let root = sketch.add("flow", .steps, .entry, template: "main")
        let group = sketch.add("fan[0]", .stepGroup, .group(index: 0), owner: root, boundary: root)
        for (at, item) in items.enumerated() {
            sketch.add("fan[0].item(\(item):\(item))", .pod, .item(site: 0, item: at), owner: group, boundary: root, template: "work")
        }
        return sketch
    }

    @Test func `two nodes whose names hash alike keep ids of their own`() throws {
        let hash = ArgoNames.fnv1a32("fan[0].item(48330:48330)")
        #expect(ArgoNames.fnv1a32("fan[0].item(79447:79447)") == hash)
        let sketch = try self.fanned([48330, 79447])
        #expect(sketch.node("fan[0].item(48330:48330)")?["id"] == "flow-1385141346")
        #expect(sketch.node("fan[0].item(79447:79447)")?["id"] == "flow-1385141346-2")
        #expect(sketch.node("fan[0]")?["children"] == ["flow-1385141346", "flow-1385141346-2"])
    }

    @Test func `a hidden node keeps the id that it will have`() throws {
        var sketch = try self.fanned([48330, 79447])
        sketch.nodes[2].phase = .held
        #expect(sketch.node("fan[0].item(79447:79447)")?["id"] == "flow-1385141346-2")
    }

    @Test func `every node of a very wide run is shown once`() throws {
        let sketch = try self.fanned(0..<100_000)
        let status = sketch.status
        #expect(status?["nodes"]?.object?.count == 100_002)
        #expect(status?["progress"] == "100000/100000")
        #expect(status?["nodes"]?["flow"]?["outboundNodes"]?.array?.count == 100_000)
        #expect(RunSummaryView(plan: sketch.plan, nodes: sketch.nodes).progress == "100000/100000")
    }
}
