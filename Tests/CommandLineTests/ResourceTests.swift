import Operations
import Synchronization
import Testing
import WorkflowModel

@testable import CommandLine

/// An object that was made five minutes before the test console's now.
private func stored(_ kind: ResourceKind, _ name: String, _ fields: JSONValue = [:], namespace: String = "default") -> JSONValue {
    var object = JSONObject()
    object["apiVersion"] = .string(kind.apiVersion)
    object["kind"] = .string(kind.rawValue)
    object["metadata"] = ["name": .string(name), "namespace": .string(namespace), "creationTimestamp": "2026-11-21T04:27:00Z"]
    for (key, value) in fields.object ?? JSONObject() { object[key] = value }
    return .object(object)
}

private let nightly = stored(
    .cronWorkflow, "nightly",
    [
        "spec": [
            "schedules": ["@daily", "0 3 * * *"], "timezone": "UTC",
            "workflowSpec": ["arguments": ["parameters": [["name": "who", "value": "me"]]]],
        ], "status": ["lastScheduledTime": "2026-11-21T03:32:00Z"],
    ])

@Suite struct ResourceTargetTests {
    @Test func `words are runs, kinds or objects`() throws {
        #expect(try ResourceTargets(["flow", "other"]) == .runs(["flow", "other"]))
        #expect(try ResourceTargets(["cm"]) == .all(.configMap))
        #expect(
            try ResourceTargets(["ConfigMaps", "a", "b"])
                == .named([ResourceReference(.configMap, "a"), ResourceReference(.configMap, "b")]))
        #expect(
            try ResourceTargets(["secret/a", "wftmpl/b", "cronworkflows.argoproj.io/c"])
                == .named([
                    ResourceReference(.secret, "a"), ResourceReference(.workflowTemplate, "b"), ResourceReference(.cronWorkflow, "c"),
                ]))
        #expect(try ResourceTargets(["workflow", "secret"]) == .runs(["secret"]))
        #expect(try ResourceTargets(["wf/secret"]) == .runs(["secret"]))
        #expect(try ResourceTargets(["wf"]) == .runs(["wf"]))
        for wrong in [["pod/x"], ["cm/"], ["/x"], ["cm/a", "b"]] { #expect(throws: (any Error).self) { try ResourceTargets(wrong) } }
    }
}

@Suite struct ResourceShowTests {
    private func run(_ resources: FakeResources, _ arguments: String...) async -> (status: Int32, output: String, errors: String) {
        let program = TestProgram(resources: resources)
        let status = await program.run(arguments)
        return (status, program.console.output, program.console.errors)
    }

    @Test func `objects of a kind are a table`() async {
        let resources = FakeResources([
            stored(.configMap, "a", ["data": ["x": "1", "y": "2"], "binaryData": ["z": ""]]), stored(.configMap, "longer"), nightly,
        ])
        #expect(
            await run(resources, "get", "cm").output == """
                NAME     DATA   AGE
                a        3      5m
                longer   0      5m

                """)
        #expect(
            await run(resources, "cron", "list", "-A").output == """
                NAMESPACE   NAME      AGE   LAST RUN   NEXT RUN   SCHEDULES          TIMEZONE   SUSPENDED
                default     nightly   5m    1h         N/A        @daily,0 3 * * *   UTC        false

                """)
        #expect(await run(resources, "get", "secrets").output == "No resources found\n")
        #expect(await run(resources, "get", "cm", "-o", "name").output == "configmap/a\nconfigmap/longer\n")
    }

    @Test func `lists select, and stop at a limit`() async {
        let resources = FakeResources((0..<5).map { stored(.configMap, "map-\($0)") })
        let result = await run(
            resources, "get", "cm", "-n", "team", "-l", "a in (b,c),!d", "--field-selector", "metadata.name!=x", "--limit", "2")
        #expect(result.output == "NAME    DATA   AGE\nmap-0   0      5m\nmap-1   0      5m\n")
        #expect(result.errors == "only 2 are shown; --limit shows more\n")
        let query = resources.state.withLock { $0.lists[0] }
        #expect(query.namespace == "team" && query.limit == 2)
        #expect(query.labels.matches(["a": "b"]) && !query.labels.matches(["a": "b", "d": ""]))
        #expect(!query.fields.matches(name: "x", namespace: "team"))
    }

    @Test func `objects are shown by name, those that are missing are told`() async throws {
        let resources = FakeResources([stored(.workflowTemplate, "a", ["spec": [:]]), stored(.configMap, "b")])
        let result = await run(resources, "get", "wftmpl/a", "cm/none", "cm/b")
        #expect(result.status == 1)
        #expect(result.output == "NAME   AGE\na      5m\n\nNAME   DATA   AGE\nb      0      5m\n")
        #expect(result.errors == "error: configmap/none does not exist\n")
        let json = await run(resources, "get", "cm", "b", "-o", "json")
        #expect(try JSONValue(json: String(json.output.dropLast())) == stored(.configMap, "b"))
        let several = await run(resources, "get", "wftmpl/a", "cm/b", "-o", "json")
        #expect(try JSONValue(json: String(several.output.dropLast()))["kind"] == "List")
    }

    @Test func `values of Secrets are asked for only by name`() async {
        let resources = FakeResources([stored(.secret, "db", ["data": ["p": "<5 bytes, hidden>"], "type": "Opaque"])])
        #expect(await run(resources, "get", "secret").output == "NAME   TYPE     DATA   AGE\ndb     Opaque   1      5m\n")
        #expect(await run(resources, "get", "secret", "db", "-o", "yaml").output.contains("p: <5 bytes, hidden>\n"))
        _ = await run(resources, "get", "secret", "db", "-o", "yaml", "--show-secrets")
        #expect(resources.calls == ["get default secret/db", "get default secret/db with secrets"])
    }

    @Test func `a template and a schedule are blocks under their own verbs`() async {
        let resources = FakeResources([stored(.workflowTemplate, "build"), nightly])
        #expect(
            await run(resources, "template", "get", "build").output == """
                Name:                build
                Namespace:           default
                Created:             Fri Nov 20 21:27:00 -0700 (5 minutes ago)

                """)
        #expect(
            await run(resources, "cron", "get", "nightly").output == """
                Name:                          nightly
                Namespace:                     default
                Created:                       Fri Nov 20 21:27:00 -0700 (5 minutes ago)
                Schedules:                     @daily,0 3 * * *
                Suspended:                     false
                Timezone:                      UTC
                LastScheduledTime:             Fri Nov 20 20:32:00 -0700 (1 hour ago)
                Workflow Parameters:
                  who:                         me

                """)
        #expect(await run(resources, "template", "list").output == "NAME\nbuild\n")
    }

    @Test func `changes are lines as they happen`() async {
        let resources = FakeResources(changes: [
            ResourceChange(.added, stored(.configMap, "a")), ResourceChange(.deleted, stored(.configMap, "a")),
        ])
        #expect(
            await run(resources, "get", "cm", "-w").output == "EVENT   NAME   DATA   AGE\nADDED   a      0      5m\nDELETED   a   0   5m\n")
        let json = await run(resources, "get", "cm/a", "-w", "-o", "json").output
        #expect(json.split(separator: "\n").count == 2 && json.hasPrefix("{\"type\":\"ADDED\",\"object\":{"))
        #expect(resources.state.withLock { $0.lists[1].fields.matches(name: "a", namespace: "") })
    }

    @Test(arguments: [
        ["get", "flow", "-A"], ["get", "cm", "--status", "Failed"], ["get", "pod/x"], ["get", "cm", "-l", "a b"],
        ["get", "cm", "--field-selector", "status.phase=x"], ["delete", "cm"], ["delete", "cm", "a", "--all"],
        ["delete", "cm", "--all", "--completed"], ["delete", "-f", "x.yaml", "y"], ["apply"], ["template", "delete"],
        ["template", "delete", "a", "--all"], ["submit"], ["submit", "a.yaml", "--from", "cronwf/x"], ["submit", "--from", "build"],
        ["submit", "--from", "pod/x"], ["submit", "a.yaml", "--dry-run"], ["submit", "a.yaml", "--dry-run", "-o", "name", "--wait"],
        ["submit", "a.yaml", "--watch", "--wait"], ["submit", "a.yaml", "--scheduled-time", "2026-11-21T04:32:00Z"],
    ])
    func `what makes no sense is bad usage`(arguments: [String]) async {
        let program = TestProgram()
        #expect(await program.run(arguments) == 2)
        #expect(program.console.output == "")
    }
}

@Suite struct ResourceChangeTests {
    private static let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
    private static let cron = """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec: {schedule: '@daily', workflowSpec: {entrypoint: main, templates: [{name: main, suspend: {}}]}}

        """

    @Test func `apply tells what became of each object`() async throws {
        let file = try TemporaryFile(Self.map + "---\n" + Self.cron)
        let resources = FakeResources()
        for word in ["created", "unchanged"] {
            let program = TestProgram(resources: resources)
            #expect(await program.run("apply", "-f", file.path, "-n", "team") == 0)
            #expect(program.console.output == "configmap/a \(word)\ncronworkflow.argoproj.io/nightly \(word)\n")
        }
        #expect(resources.calls.first == "apply team configmap/a")
        let names = TestProgram(resources: resources)
        #expect(await names.run("apply", file.path, "-o", "name", "--dry-run") == 0)
        #expect(names.console.output == "configmap/a\ncronworkflow.argoproj.io/nightly\n")
    }

    @Test func `what is refused is told, and the exit status says so`() async throws {
        let file = try TemporaryFile(Self.map + "---\n" + Self.map.replacing("name: a", with: "name: b"))
        let refusal = OperationError(.alreadyExists, "ConfigMap 'a' exists already", hint: "change it")
        let resources = FakeResources(refusals: [ResourceReference(.configMap, "a"): refusal])
        let program = TestProgram(resources: resources)
        #expect(await program.run("create", "-f", file.path) == 1)
        #expect(program.console.output == "configmap/b created\n")
        #expect(program.console.errors == "error: ConfigMap 'a' exists already\n  hint: change it\n")
    }

    @Test func `a file with a fault stores nothing`() async throws {
        let file = try TemporaryFile(Self.map + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: [1]}\n")
        let resources = FakeResources()
        let program = TestProgram(resources: resources)
        #expect(await program.run("apply", "-f", file.path) == 2)
        #expect(program.console.errors.contains("[wrong-type]"))
        #expect(resources.calls.isEmpty)
    }

    @Test func `verbs of a kind store only that kind`() async throws {
        let file = try TemporaryFile(Self.map + "---\n" + Self.cron)
        let resources = FakeResources()
        let program = TestProgram(resources: resources)
        let options = [
            "--schedule", "@hourly", "--name", "often", "-l", "a=b", "-p", "who=you", "--entrypoint", "other", "--serviceaccount", "robot",
        ]
        #expect(await program.run(["cron", "create", file.path] + options) == 0)
        #expect(resources.calls == ["create default cronworkflow.argoproj.io/often"])
        let stored = try #require(resources.object(.cronWorkflow, "often"))
        #expect(stored["metadata"] == ["name": "often", "labels": ["a": "b"]])
        #expect(stored["spec"]?["schedules"] == ["@hourly"] && stored["spec"]?["schedule"] == nil)
        let spec = stored["spec"]?["workflowSpec"]
        #expect(spec?["arguments"]?["parameters"] == [["name": "who", "value": "you"]])
        #expect(spec?["entrypoint"] == "other" && spec?["serviceAccountName"] == "robot")
        #expect(program.console.output.hasPrefix("Name:                          often\n"))
        let none = TestProgram(resources: resources)
        #expect(await none.run("template", "create", file.path) == 2)
        #expect(none.console.errors.hasPrefix("error: there is no WorkflowTemplate in these files\n"))
    }

    @Test func `objects are deleted by name, by file and by selection`() async throws {
        let all = [stored(.configMap, "a"), stored(.configMap, "b"), stored(.secret, "a"), stored(.workflowTemplate, "t")]
        let resources = FakeResources(all)
        func run(_ arguments: String...) async -> String {
            let program = TestProgram(resources: resources)
            #expect(await program.run(arguments) == 0)
            return program.console.output + program.console.errors
        }
        #expect(await run("delete", "secret/a", "cm/none") == "Secret 'a' deleted\nConfigMap 'none' not found\n")
        #expect(await run("template", "delete", "t") == "WorkflowTemplate 't' deleted\n")
        #expect(await run("delete", "cm", "--all", "--dry-run") == "ConfigMap 'a' deleted (dry-run)\nConfigMap 'b' deleted (dry-run)\n")
        let file = try TemporaryFile(Self.map + "---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: run}\nspec: {}\n")
        #expect(await run("delete", "-f", file.path) == "ConfigMap 'a' deleted\nWorkflow 'run' is not deleted: it is no stored object\n")
        #expect(await run("delete", "cm", "-l", "x=y") == "ConfigMap 'b' deleted\n")
        #expect(resources.state.withLock { $0.lists.last?.labels.exact } == ["x": "y"])
    }

    @Test func `schedules are suspended and resumed`() async {
        let resources = FakeResources([nightly])
        let program = TestProgram(resources: resources)
        #expect(await program.run("cron", "suspend", "nightly") == 0)
        #expect(resources.object(.cronWorkflow, "nightly")?["spec"]?["suspend"] == true)
        #expect(await program.run("cron", "resume", "nightly") == 0)
        #expect(resources.object(.cronWorkflow, "nightly")?["spec"]?["suspend"] == false)
        #expect(program.console.output == "CronWorkflow 'nightly' suspended\nCronWorkflow 'nightly' resumed\n")
    }

    @Test func `lint under a kind is lint`() async {
        let starter = FakeStarter()
        let program = TestProgram(starter: starter)
        #expect(await program.run("template", "lint", "a.yaml", "-o", "simple", "--no-utf8") == 0)
        #expect(program.console.output == "no linting errors found!\n")
    }
}

@Suite struct SubmitCommandTests {
    private static let flow = SampleFlow.steps.workflow()

    @Test func `flags become the submission`() async throws {
        let submitter = FakeSubmitter(.handedOver([Self.flow], owner: 42))
        let program = TestProgram(submitter: submitter)
        #expect(
            await program.run(
                "submit", "--from", "wftmpl/build", "-p", "a=1", "-p", "b=2", "-l", "x=y,z=w", "--priority", "-3", "--generate-name", "g-",
                "--serviceaccount", "robot", "--entrypoint", "main", "-n", "team", "-o", "name", "--scheduled-time", "2026-11-21T04:32:00Z")
                == 0)
        #expect(program.console.output == "flow\n")
        #expect(program.console.errors == "process 42 carries the run out\n")
        let request = try #require(submitter.requests.withLock { $0.first })
        #expect(request.from == ResourceReference(.workflowTemplate, "build"))
        #expect(request.run.parameters.map { "\($0.name)=\($0.value)" } == ["a=1", "b=2"])
        #expect(request.run.labels == ["x": "y", "z": "w"] && request.run.priority == -3 && request.run.generateName == "g-")
        #expect(request.run.serviceAccount == "robot" && request.run.entrypoint == "main" && request.run.namespace == "team")
        #expect(request.run.annotations == ["workflows.argoproj.io/scheduled-time": "2026-11-21T04:32:00Z"])
    }

    @Test func `a dry run prints what would be submitted`() async throws {
        let program = TestProgram(submitter: FakeSubmitter(preview: [Self.flow]))
        #expect(await program.run("submit", "a.yaml", "--dry-run", "-o", "json") == 0)
        #expect(try JSONValue(json: String(program.console.output.dropLast())) == Self.flow)
        #expect(program.console.errors == "")
    }

    @Test func `without an owner this process carries the run out, and says so`() async {
        let session = FakeSession([RunTests.failed])
        session.tell(.runFinished(run: "flow", phase: "Failed", message: ""))
        session.end()
        let program = TestProgram(submitter: FakeSubmitter(.carriedOutHere(session)))
        #expect(await program.run("submit", "a.yaml", "-o", "name") == 1)
        #expect(program.console.output == "flow\n")
        #expect(program.console.errors.hasPrefix("no process owns the data directory: this one carries 'flow' out\n"))
        #expect(program.console.errors.contains("✖ flow Failed"))
    }

    @Test func `waiting for another process ends with its run`() async {
        let operations = FakeOperations(objects: [RunTests.failed])
        let program = TestProgram(
            operations: operations, submitter: FakeSubmitter(.handedOver([["metadata": ["name": "flow"]]], owner: 42)))
        #expect(await program.run("submit", "a.yaml", "--wait", "-o", "name") == 1)
        #expect(program.console.errors == "process 42 carries the run out\nflow Failed\n")
    }

    @Test func `logs of what is submitted are data`() async {
        let line = PodLogLine(podName: "flow", nanoseconds: 0, text: "hello")
        let operations = FakeOperations(objects: [RunTests.finished], lines: [line])
        let program = TestProgram(
            operations: operations, submitter: FakeSubmitter(.handedOver([["metadata": ["name": "flow"]]], owner: 42)))
        #expect(await program.run("submit", "a.yaml", "--log", "-o", "name") == 0)
        #expect(program.console.output == "flow\nflow: hello\n")
    }
}
