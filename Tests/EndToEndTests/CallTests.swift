import Glibc
import Testing
import WorkflowModel

/// Templates that Skiff carries out itself, with a server of Python's on loopback.
@Suite(.timeLimit(.minutes(3))) struct CallTests {
    /// Answers requests until the test ends.
    private final class Server {
        private static let script = """
            import http.server, json, sys

            class Handler(http.server.BaseHTTPRequestHandler):
                def answer(self, status, body, headers={}):
                    data = body.encode()
                    self.send_response(status)
                    for name, value in headers.items(): self.send_header(name, value)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

                def do_GET(self):
                    if self.path == "/teapot": self.answer(418, "short and stout")
                    elif self.path == "/away": self.answer(302, "", {"Location": "http://169.254.169.254/latest/meta-data/"})
                    else: self.answer(200, json.dumps({"path": self.path, "key": self.headers.get("X-Key", "")}))

                def do_POST(self):
                    body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    greeting = body["template"]["plugin"].get("hello")
                    if greeting is None: self.answer(200, "{}")
                    elif self.headers.get("Authorization") != "Bearer open": self.answer(401, "")
                    else:
                        text = "hello " + greeting["who"] + " from " + body["workflow"]["metadata"]["name"]
                        outputs = {"parameters": [{"name": "text", "value": text}]}
                        self.answer(200, json.dumps({"node": {"phase": "Succeeded", "message": "said", "outputs": outputs}}))

                def log_message(self, *arguments): pass

            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            with open(sys.argv[1], "w") as file: file.write(str(server.server_address[1]))
            print("ready", flush=True)
            server.serve_forever()
            """

        private let program: Program
        let address: String

        init(_ home: Home) async throws {
            let script = try home.file("server.py", Self.script)
            self.program = try Program(["python3", script, "\(home.path)/port"], home: home, executable: "/usr/bin/env")
            await self.program.shows("ready")
            self.address = "http://127.0.0.1:\(home.text("port") ?? "")"
        }

        deinit { self.program.signal(SIGTERM) }
    }

    private static func nodes(_ output: String) throws -> [String: JSONValue] {
        let status = try JSONValue(json: output)["status"]
        let nodes = status?["nodes"]?.object?.values ?? []
        return Dictionary(nodes.map { ($0["displayName"]?.string ?? "", $0) }) { first, _ in first }
    }

    private func run(_ text: String, home: Home, more: String...) async throws -> (outcome: Program.Outcome, nodes: [String: JSONValue]) {
        let file = try home.file("flow.yaml", text)
        let outcome = try await Program(["run", file, "-o", "json"] + more, home: home).outcome()
        try #require(outcome.output.hasPrefix("{"), "\(outcome)")
        return (outcome, try Self.nodes(outcome.output))
    }

    // MARK: http

    @Test func `an http step calls a server, and the next step has its answer`() async throws {
        let home = try Home()
        let server = try await Server(home)
        let spec = """
              templates:
              - name: main
                steps:
                - - {name: call, template: call}
                - - name: echo
                    template: echo
                    arguments: {parameters: [{name: text, value: "{{steps.call.outputs.result}}"}]}
              - name: call
                http:
                  url: \(server.address)/path?x=1
                  headers: [{name: X-Key, valueFrom: {secretKeyRef: {name: login, key: token}}}]
                  successCondition: response.statusCode == 200 && response.body contains "path"
                  timeoutSeconds: 20
              - name: echo
                inputs: {parameters: [{name: text}]}
                container: {image: busybox, command: [echo, "{{inputs.parameters.text}}"]}
            """
        let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {token: abc}\n"
        let (outcome, nodes) = try await self.run(Flow.workflow("caller", spec) + "\n" + secret, home: home)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(nodes["call"]?["type"] == "HTTP")
        #expect(nodes["call"]?["outputs"]?["result"]?.string == #"{"path": "/path?x=1", "key": "abc"}"#)
        #expect(try await Program.run("logs", "caller", home: home).output.contains(#"{"path": "/path?x=1", "key": "abc"}"#))
    }

    @Test func `an http step fails by its status, and where its address is blocked`() async throws {
        let home = try Home()
        let server = try await Server(home)
        let spec = """
              templates:
              - name: main
                dag:
                  tasks:
                  - {name: teapot, template: call, arguments: {parameters: [{name: url, value: \(server.address)/teapot}]}}
                  - {name: away, template: call, arguments: {parameters: [{name: url, value: \(server.address)/away}]}}
                  - {name: metadata, template: call, arguments: {parameters: [{name: url, value: "http://169.254.169.254/"}]}}
              - name: call
                inputs: {parameters: [{name: url}]}
                http: {url: "{{inputs.parameters.url}}"}
            """
        let (outcome, nodes) = try await self.run(Flow.workflow("failing", spec), home: home)
        #expect(outcome.status == 1)
        #expect(nodes["teapot"]?["message"]?.string == "received non-2xx response code: 418")
        let blocked =
            "169.254.169.254 must not be reached: 169.254.0.0/16 is blocked unless http.allow of the configuration file holds a range with it"
        #expect(nodes["away"]?["message"]?.string == "GET \(server.address)/away: \(blocked)")
        #expect(nodes["metadata"]?["message"]?.string == "GET http://169.254.169.254/: \(blocked)")
    }

    @Test func `the configuration file says which addresses may be called`() async throws {
        let home = try Home()
        let config = try home.file("config.yaml", "http:\n  allow: [10.0.0.0/8, '*.example.com']\n")
        let spec = "  templates:\n  - name: main\n    http: {url: 'http://127.0.0.1:1/'}\n"
        let (_, nodes) = try await self.run(Flow.workflow("closed", spec), home: home, more: "--config", config)
        #expect(
            nodes["closed"]?["message"]?.string
                == "GET http://127.0.0.1:1/: 127.0.0.1 must not be reached: http.allow of the configuration file does not name it")
        let wrong = try home.file(
            "wrong.yaml", "http: {deny: [300.0.0.0/8]}\nplugins:\n- {name: a, address: nowhere}\n- {adress: http://x}\n")
        let refused = try await Program.run("run", home.path + "/flow.yaml", "--config", wrong, home: home)
        #expect(refused.status == 2)
        for text in [
            "an entry of 'http.deny' is an address", "the address of a plugin is a URL", "did you mean 'address'?", "a plugin needs a name",
        ] {
            #expect(refused.errors.contains(text), "\(refused)")
        }
    }

    // MARK: plugin

    @Test func `a plugin carries out a step`() async throws {
        let home = try Home()
        let server = try await Server(home)
        let config = try home.file("config.yaml", "plugins:\n- {name: greeter, address: '\(server.address)', token: open}\n")
        let spec = """
              templates:
              - name: main
                steps:
                - - {name: greet, template: greet, arguments: {parameters: [{name: who, value: you}]}}
                - - {name: other, template: other, continueOn: {failed: true}}
              - name: greet
                inputs: {parameters: [{name: who}]}
                outputs: {parameters: [{name: text, valueFrom: {supplied: {}}}]}
                plugin: {hello: {who: "{{inputs.parameters.who}}"}}
              - name: other
                plugin: {other: {}}
            """
        let (outcome, nodes) = try await self.run(Flow.workflow("plugged", spec), home: home, more: "--config", config)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(nodes["greet"]?["type"] == "Plugin")
        #expect(nodes["greet"]?["message"] == "said")
        #expect(nodes["greet"]?["outputs"]?["parameters"]?[0]?["value"] == "hello you from plugged")
        #expect(nodes["other"]?["message"]?.string == "no plugin executed the template ('other'; asked: greeter)")
    }

    // MARK: data

    @Test func `a data step lists an artifact, and a loop goes over the list`() async throws {
        let home = try Home()
        let spec = """
              templates:
              - name: main
                steps:
                - - {name: make, template: make}
                - - name: list
                    template: list
                    arguments: {artifacts: [{name: files, from: "{{steps.make.outputs.artifacts.files}}"}]}
                - - {name: each, template: each, arguments: {parameters: [{name: file, value: "{{item}}"}]}, withParam: "{{steps.list.outputs.result}}"}
              - name: make
                container: {image: busybox, command: [sh, -c, "mkdir -p /tmp/out/deep && cd /tmp/out && touch a.pdf b.txt deep/c.pdf"]}
                outputs: {artifacts: [{name: files, path: /tmp/out}]}
              - name: list
                inputs: {artifacts: [{name: files, path: /tmp/files}]}
                data:
                  source: {artifactPaths: {name: files, from: "{{inputs.artifacts.files}}"}}
                  transformation: [{expression: "filter(data, {# endsWith '.pdf'})"}, {expression: "map(data, {'x/' + #})"}]
              - name: each
                inputs: {parameters: [{name: file}]}
                container: {image: busybox, command: [echo, "{{inputs.parameters.file}}"]}
            """
        let (outcome, nodes) = try await self.run(Flow.workflow("listing", spec), home: home)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(nodes["list"]?["outputs"]?["result"]?.string == #"["x/a.pdf","x/deep/c.pdf"]"#)
        #expect(nodes.keys.count { $0.hasPrefix("each(") } == 2)
    }

    // MARK: resource

    @Test func `resource steps work on stored objects, and outputs are read from them`() async throws {
        let home = try Home()
        let spec = """
              templates:
              - name: main
                steps:
                - - {name: make, template: make}
                - - {name: change, template: change}
                - - {name: look, template: look}
                - - {name: job, template: job, continueOn: {error: true}}
              - name: make
                resource:
                  action: create
                  manifest: |
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: settings, labels: {team: data}}
                    data: {color: blue}
              - name: change
                resource:
                  action: patch
                  mergeStrategy: merge
                  flags: [configmap, settings]
                  manifest: '{data: {size: large}}'
              - name: look
                resource:
                  action: get
                  manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}'
                  successCondition: data.size == large, data.color in (blue, green)
                outputs:
                  parameters:
                  - {name: color, valueFrom: {jsonPath: '{.data.color}'}}
                  - {name: keys, valueFrom: {jqFilter: '.data | keys | join("+")'}}
              - name: job
                resource: {action: create, manifest: '{apiVersion: batch/v1, kind: Job, metadata: {name: j}}'}
            """
        let (outcome, nodes) = try await self.run(Flow.workflow("objects", spec), home: home)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(nodes["look"]?["outputs"]?["parameters"]?.array?.compactMap { $0["value"]?.string } == ["blue", "color+size"])
        #expect(nodes["job"]?["phase"] == "Error")
        #expect(nodes["job"]?["message"]?.string?.hasPrefix("objects of kind Job (batch/v1) need a cluster, and there is none") == true)
        let stored = try await Program.run("get", "cm/settings", "-o", "json", home: home)
        #expect(try JSONValue(json: stored.output)["data"] == ["color": "blue", "size": "large"])
        let spec2 = "  templates:\n  - name: main\n    resource: {action: delete, flags: [configmap, --selector, team=data]}\n"
        #expect(try await self.run(Flow.workflow("cleaning", spec2), home: home).outcome.status == 0)
        #expect(try await Program.run("get", "cm/settings", home: home).status != 0)
    }

    @Test func `a jq filter without end fails its step`() async throws {
        let home = try Home()
        let spec = """
              templates:
              - name: main
                resource: {action: apply, manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}'}
                outputs: {parameters: [{name: x, valueFrom: {jqFilter: '[repeat(1)]'}}]}
            """
        let (outcome, nodes) = try await self.run(Flow.workflow("endless", spec), home: home)
        #expect(outcome.status == 1)
        #expect(
            nodes["endless"]?["message"]?.string == "jq filter '[repeat(1)]' fails: it takes more time, memory or room than a filter may")
    }

    private static func parent(_ name: String, child command: String) -> String {
        Flow.workflow(
            name,
            """
              templates:
              - name: main
                steps:
                - - {name: create, template: create}
                - - {name: wait, template: wait, arguments: {parameters: [{name: child, value: "{{steps.create.outputs.parameters.child}}"}]}}
              - name: create
                resource:
                  action: create
                  setOwnerReference: true
                  manifest: |
                    apiVersion: argoproj.io/v1alpha1
                    kind: Workflow
                    metadata: {generateName: child-}
                    spec:
                      entrypoint: main
                      templates:
                      - name: main
                        container: {image: busybox, command: [sh, -c, "\(command)"]}
                outputs: {parameters: [{name: child, valueFrom: {jsonPath: '{.metadata.name}'}}]}
              - name: wait
                inputs: {parameters: [{name: child}]}
                resource:
                  action: get
                  successCondition: status.phase == Succeeded
                  failureCondition: status.phase in (Failed, Error)
                  manifest: |
                    apiVersion: argoproj.io/v1alpha1
                    kind: Workflow
                    metadata: {name: "{{inputs.parameters.child}}"}
                outputs: {parameters: [{name: phase, valueFrom: {jqFilter: .status.phase}}]}
            """)
    }

    @Test func `a workflow makes another and waits for its end`() async throws {
        let home = try Home()
        let (outcome, nodes) = try await self.run(Self.parent("parent", child: "echo I am $HOSTNAME"), home: home)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(nodes["wait"]?["outputs"]?["parameters"]?[0]?["value"] == "Succeeded")
        let child = try #require(nodes["create"]?["outputs"]?["parameters"]?[0]?["value"]?.string)
        #expect(child.hasPrefix("child-"))
        #expect(try await Program.run("logs", child, home: home).output == "\(child): I am \(child)\n")

        let failing = try await self.run(Self.parent("sad", child: "exit 3"), home: home)
        #expect(failing.outcome.status == 1)
        #expect(failing.nodes["wait"]?["message"] == "failure condition 'status.phase in (Failed, Error)' evaluated true")
    }

    @Test func `a parent that is resumed after kill -9 takes its child along`() async throws {
        let home = try Home()
        let spec = Self.parent("phoenix", child: "touch \(home.shared)/began; while [ ! -e \(home.shared)/go ]; do sleep 0.05; done")
            .replacing(
                "container: {image: busybox",
                with:
                    "volumes: [{name: shared, hostPath: {path: \(home.shared)}}]\n            container: {volumeMounts: [{name: shared, mountPath: \(home.shared)}], image: busybox"
            )
        let file = try home.file("flow.yaml", spec)
        let first = try Program(["run", file], home: home)
        await first.shows("Running", times: 3)
        first.signal(SIGKILL)
        _ = await first.outcome()
        try home.file("\(home.shared)/go", "")
        let second = try await Program.run("run", "--resume", "phoenix", "-o", "json", home: home)
        #expect(second.status == 0, "\(second)")
        let runs = try await Program.run("list", "-o", "name", home: home)
        #expect(runs.output.split(separator: "\n").count == 2, "\(runs)")
    }
}
