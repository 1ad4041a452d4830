import Operations
import WireFormat
import WorkflowModel

/// What happens to runs and their nodes, told as events of Kubernetes: `WorkflowRunning`, `WorkflowNodeSucceeded` and so on.
///
/// Nothing is recorded for them: they are read off the changes of runs. Told is what began or ended after the stream was opened; what was so
/// short that one change showed its beginning and its end gives two events.
actor RunEvents {
    private let changes: Pulled<RunChange>
    /// Whole seconds, as statuses have them.
    private let since: Timestamp
    private var ready: [JSONValue] = []
    /// Names of the events that were told of each run that goes on.
    private var told: [String: Set<String>] = [:]

    init(_ changes: AsyncThrowingStream<RunChange, any Error>, since: Timestamp) {
        self.changes = Pulled(changes)
        self.since = Timestamp(milliseconds: since.seconds * 1000)
    }

    func next(matching selection: EventSelection) async throws -> JSONValue? {
        while true {
            while !self.ready.isEmpty {
                let event = self.ready.removeFirst()
                if selection.matches(event) { return event }
            }
            guard let change = try await self.changes.next() else { return nil }
            self.note(change)
        }
    }

    private func note(_ change: RunChange) {
        let run = RunWords(change.object)
        if change.change == .deleted {
            self.told[run.uid] = nil
            return
        }
        var told = self.told[run.uid] ?? []
        for moment in run.moments where moment.time >= self.since {
            let event = moment.event(of: run)
            if told.insert(moment.identity).inserted { self.ready.append(event) }
        }
        // Nothing comes after the end.
        self.told[run.uid] = run.isFinished ? nil : told
    }
}

/// Which events are wanted: `involvedObject.kind=Workflow,involvedObject.name=build`.
struct EventSelection: Sendable {
    private var wanted: [(path: [String], value: String)] = []

    /// - Throws: `WireError`.
    init(_ text: String) throws {
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", omittingEmptySubsequences: true).map { $0.filter { $0 != " " } }
            let known = ["involvedObject.kind", "involvedObject.name", "involvedObject.uid", "metadata.namespace", "reason", "type"]
            guard sides.count == 2, !part.contains("!"), known.contains(sides[0]) else {
                throw WireError.invalid("'\(part)' is not a field selector for events, expected FIELD=VALUE, with a field of \(known)")
            }
            self.wanted.append((sides[0].split(separator: ".").map(String.init), sides[1]))
        }
    }

    /// The run whose events are wanted; nil for all.
    var runName: NameFilter? { self.wanted.first { $0.path == ["involvedObject", "name"] }.map { .exact($0.value) } }

    func matches(_ event: JSONValue) -> Bool {
        self.wanted.allSatisfy { path, value in
            var part: JSONValue? = event
            for key in path { part = part?[key] }
            return part?.string == value
        }
    }
}

/// What an event says of a run.
private struct RunWords {
    let object: JSONValue
    let namespace: String
    let name: String
    let uid: String

    init(_ object: JSONValue) {
        self.object = object
        let metadata = object["metadata"]
        self.namespace = metadata?["namespace"]?.string ?? ""
        self.name = metadata?["name"]?.string ?? ""
        self.uid = metadata?["uid"]?.string ?? ""
    }

    var isFinished: Bool { self.object["status"]?["finishedAt"]?.string != nil }

    /// The run's own and those of its nodes, in the order of their times.
    var moments: [Moment] {
        let status = self.object["status"] ?? .null
        var moments = Self.moments(of: status, prefix: "Workflow", node: nil)
        for (_, node) in status["nodes"]?.object ?? JSONObject() {
            moments += Self.moments(of: node, prefix: "WorkflowNode", node: node)
        }
        return moments.sorted { ($0.time, $0.identity) < ($1.time, $1.identity) }
    }

    private static func moments(of status: JSONValue, prefix: String, node: JSONValue?) -> [Moment] {
        var moments: [Moment] = []
        if let time = Self.time(status["startedAt"]) {
            moments.append(Moment(reason: prefix + "Running", time: time, message: "", node: node))
        }
        if let time = Self.time(status["finishedAt"]), let phase = status["phase"]?.string {
            moments.append(Moment(reason: prefix + phase, time: time, message: status["message"]?.string ?? "", node: node))
        }
        return moments
    }

    private static func time(_ value: JSONValue?) -> Timestamp? { value?.string.flatMap { Timestamp(rfc3339: $0) } }
}

/// A beginning or an end.
private struct Moment {
    var reason: String
    var time: Timestamp
    var message: String
    var node: JSONValue?

    /// The same for the same moment of a run.
    var identity: String { "\(self.node?["id"]?.string ?? "").\(self.reason)" }

    private var isBad: Bool { self.reason.hasSuffix("Failed") || self.reason.hasSuffix("Error") }

    private var text: String {
        let what = self.node.map { "node \($0["name"]?.string ?? "")" } ?? "Workflow"
        let words = self.reason.replacing(self.node == nil ? "Workflow" : "WorkflowNode", with: "").lowercased()
        return self.message.isEmpty ? "\(what) \(words)" : "\(what) \(words): \(self.message)"
    }

    func event(of run: RunWords) -> JSONValue {
        var annotations = JSONObject()
        if let node = self.node {
            annotations["workflows.argoproj.io/node-name"] = node["name"]
            annotations["workflows.argoproj.io/node-type"] = node["type"]
            annotations["workflows.argoproj.io/workflow-name"] = .string(run.name)
            annotations["workflows.argoproj.io/workflow-uid"] = .string(run.uid)
        }
        let time = JSONValue.string(self.time.rfc3339)
        return [
            "metadata": [
                "name": .string("\(run.name).\(self.identity.lowercased())"), "namespace": .string(run.namespace),
                "creationTimestamp": time, "annotations": .object(annotations),
            ],
            "involvedObject": [
                "kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "namespace": .string(run.namespace), "name": .string(run.name),
                "uid": .string(run.uid),
            ],
            "reason": .string(self.reason), "message": .string(self.text), "source": ["component": "skiff"], "firstTimestamp": time,
            "lastTimestamp": time, "count": 1, "type": self.isBad ? "Warning" : "Normal",
        ]
    }
}
