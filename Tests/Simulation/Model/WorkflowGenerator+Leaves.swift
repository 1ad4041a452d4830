import WorkflowModel

/// Templates that do work themselves.
extension WorkflowGenerator {
    mutating func addLeaf(_ index: Int) {
        let name = "leaf\(index)"
        // The first can always be called by anything.
        let kind = index == 0 ? 0 : self.chance.number(in: 0...19)
        var template = JSONObject()
        var callable = Callable(name: name, hasOutput: true, weight: 1)
        template["name"] = .string(name)
        template["inputs"] = ["parameters": [["name": "text", "value": "x"]]]
        switch kind {
        case 0...6: template["container"] = self.container()
        case 7, 8: template["script"] = ["image": "busybox:1", "command": ["sh"], "source": "echo {{inputs.parameters.text}}"]
        case 9, 10: template["containerSet"] = self.containerSet()
        case 11: template["suspend"] = ["duration": .string("\(self.chance.number(in: 1...9))")]
        case 12: template["suspend"] = [:]
        case 13, 14: template["http"] = self.http()
        case 15: template["resource"] = self.resource()
        case 16: template["data"] = self.data()
        case 17: template["plugin"] = ["print": ["text": "{{inputs.parameters.text}}"]]
        default:
            template["container"] = self.container()
            template["daemon"] = true
            callable.isDaemon = true
        }
        callable.hasOutput = !callable.isDaemon && !(13...14).contains(kind) && !(16...17).contains(kind)
        callable.hasResult = !callable.isDaemon && !(11...12).contains(kind)
        if callable.hasOutput { template["outputs"] = ["parameters": [self.output(kind)]] }
        self.decorate(&template, isPod: kind <= 10, isDaemon: callable.isDaemon, isSuspend: (11...12).contains(kind))
        self.templates.append(.object(template))
        self.leaves.append(callable)
    }

    private func container() -> JSONValue { ["image": "busybox:1", "command": ["echo"], "args": ["{{inputs.parameters.text}}"]] }

    private mutating func containerSet() -> JSONValue {
        var containers: [JSONValue] = []
        if self.chance.happens(70) { containers.append(["name": "a", "image": "busybox:1", "command": ["echo"]]) }
        var main = JSONObject()
        main["name"] = "main"
        main["image"] = "busybox:1"
        main["command"] = ["echo"]
        if !containers.isEmpty, self.chance.happens(60) { main["dependencies"] = ["a"] }
        containers.append(.object(main))
        if self.chance.happens(40) {
            return ["containers": .array(containers), "retryStrategy": ["retries": 2, "duration": "1s"]]
        }
        return ["containers": .array(containers)]
    }

    private mutating func http() -> JSONValue {
        var http = JSONObject()
        http["url"] = "http://{{workflow.name}}.test/{{inputs.parameters.text}}"
        if self.chance.happens(40) { http["successCondition"] = "response.statusCode < 500" }
        return .object(http)
    }

    private func resource() -> JSONValue {
        ["action": "get", "manifest": #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}"#]
    }

    private func data() -> JSONValue {
        [
            "source": ["artifactPaths": ["name": "files", "raw": ["data": "a\nb"]]],
            "transformation": [["expression": "filter(data, {# != 'a'})"]],
        ]
    }

    private mutating func output(_ kind: Int) -> JSONValue {
        var from = JSONObject()
        switch kind {
        case 11, 12: from["supplied"] = [:]
        case 15: from["jsonPath"] = "{.data.v}"
        default: from["path"] = "/tmp/out"
        }
        // A person who resumes gives no values, so what is supplied needs a default to end at all.
        if (11...12).contains(kind) || self.chance.happens(50) { from["default"] = "fallback" }
        var output = JSONObject()
        output["name"] = "out"
        output["valueFrom"] = .object(from)
        if self.chance.happens(15) { output["globalName"] = .string("global\(self.chance.number(in: 0...1))") }
        return .object(output)
    }

    /// What any template may have, whatever it does.
    mutating func decorate(
        _ template: inout JSONObject, of composite: String? = nil, isPod: Bool, isDaemon: Bool = false, isSuspend: Bool = false
    ) {
        if self.chance.happens(30) { template["retryStrategy"] = self.retry() }
        if self.chance.happens(15) { template["synchronization"] = self.synchronization(of: composite) }
        if self.chance.happens(15), !isDaemon, !isSuspend { template["memoize"] = self.memoize() }
        guard isPod else { return }
        if self.chance.happens(12) { template["activeDeadlineSeconds"] = .integer(self.chance.number(in: 3...15)) }
        if self.chance.happens(12) { template["timeout"] = .string("\(self.chance.number(in: 3...15))s") }
        if self.chance.happens(5) {
            template["podSpecPatch"] = #"{"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}"#
        }
        if self.chance.happens(8) { template["sidecars"] = [["name": "side", "image": "busybox:1", "command": ["serve"]]] }
        if self.chance.happens(8) { template["initContainers"] = [["name": "first", "image": "busybox:1", "command": ["prepare"]]] }
    }

    private mutating func memoize() -> JSONValue {
        var memoize = JSONObject()
        memoize["key"] = self.chance.happens(50) ? "same" : "key-{{workflow.name}}"
        memoize["cache"] = ["configMap": ["name": "cache"]]
        if self.chance.happens(50) { memoize["maxAge"] = .string("\(self.chance.number(in: 1...60))s") }
        return .object(memoize)
    }

    private mutating func retry() -> JSONValue {
        var retry = JSONObject()
        retry["limit"] = .string("\(self.chance.number(in: 0...3))")
        if self.chance.happens(60) { retry["retryPolicy"] = .string(self.chance.one(of: ["Always", "OnFailure", "OnError"])) }
        if self.chance.happens(40) {
            var backoff = JSONObject()
            backoff["duration"] = .string("\(self.chance.number(in: 1...4))")
            if self.chance.happens(60) { backoff["factor"] = .string("\(self.chance.number(in: 1...3))") }
            if self.chance.happens(30) { backoff["cap"] = "5s" }
            if self.chance.happens(30) { backoff["maxDuration"] = .string("\(self.chance.number(in: 5...40))s") }
            retry["backoff"] = .object(backoff)
        }
        if self.chance.happens(25) {
            retry["expression"] = .string(
                self.chance.one(of: [
                    "asInt(lastRetry.exitCode) != 2", "lastRetry.status != \"Error\"", "asInt(lastRetry.duration) < 8",
                ]))
        }
        return .object(retry)
    }
}
