public import WorkflowModel

extension RunMachine.Event {
    /// For the journal: history and audit, and replay by the same version.
    public var json: JSONValue {
        switch self {
        case .started: return ["event": "started"]
        case .podStarted(let node, let attempt):
            return ["event": "podStarted", "node": .integer(node.ordinal), "attempt": .integer(attempt)]
        case .podLost(let node, let attempt, let reason):
            return ["event": "podLost", "node": .integer(node.ordinal), "attempt": .integer(attempt), "reason": .string(reason)]
        case .podFinished(let node, let attempt, let result):
            return ["event": "podFinished", "node": .integer(node.ordinal), "attempt": .integer(attempt), "result": result.row]
        case .podReady(let node, let attempt):
            return ["event": "podReady", "node": .integer(node.ordinal), "attempt": .integer(attempt)]
        case .containerStarted(let node, let attempt, let container):
            return [
                "event": "containerStarted", "node": .integer(node.ordinal), "attempt": .integer(attempt), "container": .string(container),
            ]
        case .containerFinished(let node, let attempt, let result):
            return ["event": "containerFinished", "node": .integer(node.ordinal), "attempt": .integer(attempt), "result": result.row]
        case .progress(let node, let attempt, let done, let all):
            return [
                "event": "progress", "node": .integer(node.ordinal), "attempt": .integer(attempt), "done": .integer(done),
                "of": .integer(all),
            ]
        case .timerFired(let timer):
            var object = JSONObject()
            object["event"] = "timerFired"
            object["node"] = timer.node.map { .integer($0.ordinal) }
            object["kind"] = .string(timer.kind.rawValue)
            return .object(object)
        case .shutdownRequested(let kind, let message):
            return ["event": "shutdownRequested", "kind": .string(kind.rawValue), "message": .string(message)]
        case .suspendRequested: return ["event": "suspendRequested"]
        case .resumeRequested(let selector, let message):
            var object = JSONObject()
            object["event"] = "resumeRequested"
            object["selector"] = selector.map { .string($0.text) }
            object["message"] = .string(message)
            return .object(object)
        case .nodeSet(let selector, let update):
            var object = JSONObject()
            object["event"] = "nodeSet"
            object["selector"] = .string(selector.text)
            object["outputs"] = RowCoding.parameters(update.outputs)
            object["phase"] = update.phase.map { .string($0.rawValue) }
            object["message"] = .string(update.message)
            return .object(object)
        case .locksAnswered(let node, let answer):
            var object = JSONObject()
            object["event"] = "locksAnswered"
            object["node"] = node.map { .integer($0.ordinal) }
            object["answer"] = answer.row
            return .object(object)
        case .recalled(let node, let outputs):
            var object = JSONObject()
            object["event"] = "recalled"
            object["node"] = .integer(node.ordinal)
            object["outputs"] = outputs?.json
            return .object(object)
        case .restored(let restored): return ["event": "restored", "run": restored.row]
        case .retryRequested(let request):
            var object = JSONObject()
            object["event"] = "retryRequested"
            object["selector"] = request.selector.map { .string($0.text) }
            if request.restartsSuccessful { object["restartsSuccessful"] = true }
            object["parameters"] = RowCoding.parameters(request.parameters)
            return .object(object)
        case .callFinished(let node, let attempt, let result):
            return ["event": "callFinished", "node": .integer(node.ordinal), "attempt": .integer(attempt), "result": result.row]
        }
    }

    /// nil when it is none.
    public init?(json: JSONValue) {
        let node = json["node"]?.int.map { NodeID($0) }
        let attempt = json["attempt"]?.int
        switch json["event"]?.string {
        case "started": self = .started
        case "podStarted":
            guard let node, let attempt else { return nil }
            self = .podStarted(node, attempt: attempt)
        case "podLost":
            guard let node, let attempt, let reason = json["reason"]?.string else { return nil }
            self = .podLost(node, attempt: attempt, reason: reason)
        case "podFinished":
            guard let node, let attempt, let result = json["result"].flatMap({ PodResult(row: $0) }) else { return nil }
            self = .podFinished(node, attempt: attempt, result)
        case "podReady":
            guard let node, let attempt else { return nil }
            self = .podReady(node, attempt: attempt)
        case "containerStarted":
            guard let node, let attempt, let container = json["container"]?.string else { return nil }
            self = .containerStarted(node, attempt: attempt, container: container)
        case "containerFinished":
            guard let node, let attempt, let result = json["result"].flatMap({ ContainerResult(row: $0) }) else { return nil }
            self = .containerFinished(node, attempt: attempt, result)
        case "progress":
            guard let node, let attempt, let done = json["done"]?.integer, let all = json["of"]?.integer else { return nil }
            self = .progress(node, attempt: attempt, done: done, of: all)
        case "timerFired":
            guard let kind = json["kind"]?.string.flatMap({ TimerKind(rawValue: $0) }) else { return nil }
            self = .timerFired(TimerID(node: node, kind: kind))
        case "shutdownRequested":
            guard let kind = json["kind"]?.string.flatMap({ RunState.Shutdown(rawValue: $0) }) else { return nil }
            self = .shutdownRequested(kind, message: json["message"]?.string ?? "")
        case "suspendRequested": self = .suspendRequested
        case "resumeRequested":
            let text = json["selector"]?.string
            let selector = text.flatMap { try? NodeSelector($0) }
            if text != nil, selector == nil { return nil }
            self = .resumeRequested(selector, message: json["message"]?.string ?? "")
        case "nodeSet":
            guard let selector = json["selector"]?.string.flatMap({ try? NodeSelector($0) }) else { return nil }
            let update = NodeUpdate(
                outputs: RowCoding.parameters(json["outputs"]), phase: json["phase"]?.string.flatMap { NodePhase(rawValue: $0) },
                message: json["message"]?.string ?? "")
            self = .nodeSet(selector, update)
        case "locksAnswered":
            guard let answer = json["answer"].flatMap({ LockAnswer(row: $0) }) else { return nil }
            self = .locksAnswered(node, answer)
        case "recalled":
            guard let node else { return nil }
            self = .recalled(node, json["outputs"].map { NodeOutputs(json: $0) })
        case "restored":
            guard let restored = json["run"].flatMap({ RestoredRun(row: $0) }) else { return nil }
            self = .restored(restored)
        case "retryRequested":
            let text = json["selector"]?.string
            let selector = text.flatMap { try? NodeSelector($0) }
            if text != nil, selector == nil { return nil }
            self = .retryRequested(
                RetryRequest(
                    selector: selector, restartsSuccessful: json["restartsSuccessful"]?.bool ?? false,
                    parameters: RowCoding.parameters(json["parameters"])))
        case "callFinished":
            guard let node, let attempt, let result = json["result"].flatMap({ CallResult(row: $0) }) else { return nil }
            self = .callFinished(node, attempt: attempt, result)
        default: return nil
        }
    }
}

extension PodResult {
    var row: JSONValue {
        var row = JSONObject()
        row["end"] = self.end.row
        row["startedAt"] = self.startedAt.map { JSONValue($0) }
        row["finishedAt"] = JSONValue(self.finishedAt)
        row["result"] = self.result.map { .string($0) }
        row["parameters"] = RowCoding.parameters(
            self.parameters.sorted { $0.key < $1.key }.map { NamedValue(name: $0.key, value: $0.value) })
        row["artifacts"] = RowCoding.artifacts(
            self.artifacts.sorted { $0.key < $1.key }.map { NamedArtifact(name: $0.key, path: nil, source: .stored($0.value)) })
        if !self.containers.isEmpty { row["containers"] = .array(self.containers.map(\.row)) }
        row["cpuMillis"] = self.cpuMillis.map { .integer($0) }
        row["peakMemoryBytes"] = self.peakMemoryBytes.map { .integer($0) }
        row["reason"] = self.reason.map { .string($0) }
        return .object(row)
    }

    init?(row: JSONValue) {
        guard let end = row["end"].flatMap({ End(row: $0) }), let finishedAt = row["finishedAt"]?.time else { return nil }
        var artifacts: [String: StoredArtifact] = [:]
        for artifact in RowCoding.artifacts(row["artifacts"]) {
            if case .stored(let stored) = artifact.source { artifacts[artifact.name] = stored }
        }
        self.init(
            end: end, startedAt: row["startedAt"]?.time, finishedAt: finishedAt, result: row["result"]?.string,
            parameters: Dictionary(RowCoding.parameters(row["parameters"]).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            artifacts: artifacts, containers: (row["containers"]?.array ?? []).compactMap { ContainerResult(row: $0) },
            cpuMillis: row["cpuMillis"]?.integer, peakMemoryBytes: row["peakMemoryBytes"]?.integer, reason: row["reason"]?.string)
    }
}

extension PodResult.End {
    fileprivate var row: JSONValue {
        switch self {
        case .exited(let code): ["exited", .integer(code)]
        case .notStarted(let message): ["notStarted", .string(message)]
        case .outputsLost(let code, let message): ["outputsLost", .integer(code), .string(message)]
        }
    }

    fileprivate init?(row: JSONValue) {
        switch (row[0]?.string, row[1]?.int, row[1]?.string, row[2]?.string) {
        case ("exited", let code?, _, _): self = .exited(code: code)
        case ("notStarted", _, let message?, _): self = .notStarted(message: message)
        case ("outputsLost", let code?, _, let message?): self = .outputsLost(code: code, message: message)
        default: return nil
        }
    }
}

extension ContainerResult {
    var row: JSONValue {
        var row = JSONObject()
        row["name"] = .string(self.name)
        row["end"] = self.end.row
        row["startedAt"] = self.startedAt.map { JSONValue($0) }
        row["finishedAt"] = JSONValue(self.finishedAt)
        row["reason"] = self.reason.map { .string($0) }
        return .object(row)
    }

    init?(row: JSONValue) {
        guard let name = row["name"]?.string, let end = row["end"].flatMap({ PodResult.End(row: $0) }), let at = row["finishedAt"]?.time
        else {
            return nil
        }
        self.init(name: name, end: end, startedAt: row["startedAt"]?.time, finishedAt: at, reason: row["reason"]?.string)
    }
}

extension LockAnswer {
    fileprivate var row: JSONValue {
        switch self {
        case .granted: ["granted"]
        case .wait(let lock, let held, let limit): ["wait", .string(lock), .integer(held), .integer(limit)]
        case .refused(let message): ["refused", .string(message)]
        }
    }

    fileprivate init?(row: JSONValue) {
        switch (row[0]?.string, row[1]?.string, row[2]?.int, row[3]?.int) {
        case ("granted", _, _, _): self = .granted
        case ("wait", let lock?, let held?, let limit?): self = .wait(lock: lock, held: held, limit: limit)
        case ("refused", let message?, _, _): self = .refused(message: message)
        default: return nil
        }
    }
}

extension NodeOutputs {
    /// As the cache keeps them.
    public var json: JSONValue {
        var row = JSONObject()
        row["outputs"] = RowCoding.parameters(self.parameters)
        row["outputArtifacts"] = RowCoding.artifacts(self.artifacts)
        row["result"] = self.result.map { .string($0) }
        row["exitCode"] = self.exitCode.map { .integer($0) }
        return .object(row)
    }

    public init(json: JSONValue) {
        self.init()
        self.parameters = RowCoding.parameters(json["outputs"])
        self.artifacts = RowCoding.artifacts(json["outputArtifacts"])
        self.result = json["result"]?.string
        self.exitCode = json["exitCode"]?.int
    }
}

extension CallResult {
    fileprivate var row: JSONValue {
        var row = JSONObject()
        switch self.end {
        case .succeeded(let message): row["end"] = ["succeeded", .string(message)]
        case .failed(let message): row["end"] = ["failed", .string(message)]
        case .error(let message): row["end"] = ["error", .string(message)]
        case .answered(let status, let headers):
            var object = JSONObject()
            for (name, values) in headers.sorted(by: { $0.key < $1.key }) { object[name] = .array(values.map { .string($0) }) }
            row["end"] = ["answered", .integer(status), .object(object)]
        }
        row["result"] = self.result.map { .string($0) }
        row["parameters"] = RowCoding.parameters(
            self.parameters.sorted { $0.key < $1.key }.map { NamedValue(name: $0.key, value: $0.value) })
        row["finishedAt"] = JSONValue(self.finishedAt)
        row["note"] = self.note.map { .string($0) }
        return .object(row)
    }

    fileprivate init?(row: JSONValue) {
        guard let finishedAt = row["finishedAt"]?.time else { return nil }
        let end: End
        switch (row["end"]?[0]?.string, row["end"]?[1]?.string, row["end"]?[1]?.int) {
        case ("succeeded", let message?, _): end = .succeeded(message: message)
        case ("failed", let message?, _): end = .failed(message: message)
        case ("error", let message?, _): end = .error(message: message)
        case ("answered", _, let status?):
            var headers: [String: [String]] = [:]
            for (name, values) in row["end"]?[2]?.object ?? JSONObject() { headers[name] = (values.array ?? []).compactMap(\.string) }
            end = .answered(status: status, headers: headers)
        default: return nil
        }
        self.init(
            end: end, result: row["result"]?.string,
            parameters: Dictionary(RowCoding.parameters(row["parameters"]).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            finishedAt: finishedAt, note: row["note"]?.string)
    }
}
