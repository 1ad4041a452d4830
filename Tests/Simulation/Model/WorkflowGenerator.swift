public import WorkflowModel

/// Writes a random workflow that covers what the engine knows. The same seed writes the same workflow.
///
/// Templates stand in layers and call only the layers below, so that every workflow ends; the one that calls itself counts down. All of them
/// take the parameter `text`, and nearly all give the parameter `out`, so that any may stand anywhere.
public struct WorkflowGenerator {
    /// What a step or task can call.
    struct Callable {
        var name: String
        var hasOutput: Bool
        var hasResult = false
        var isDaemon = false
        /// About how many pods it starts.
        var weight: Int
    }

    var chance: Chance
    var templates: [JSONValue] = []
    var leaves: [Callable] = []
    var composites: [Callable] = []
    let isSmall: Bool
    /// About how many pods the workflow may have.
    let budget: Int

    public init(seed: UInt64, isSmall: Bool = false) {
        self.chance = Chance(seed: seed, "workflow")
        self.isSmall = isSmall
        self.budget = isSmall ? 8 : 40
    }

    /// Limits of the semaphores that workflows name.
    public static let limits = ["one": "1", "two": "2"]

    public mutating func workflow() -> JSONValue {
        for index in 0..<self.chance.number(in: self.isSmall ? 2...3 : 3...6) { self.addLeaf(index) }
        if self.chance.happens(25) { self.addRecursion() }
        for index in 0..<self.chance.number(in: self.isSmall ? 0...1 : 1...3) { self.addComposite("mid\(index)", self.budget / 3) }
        let isLeafAlone = self.chance.happens(4)
        if !isLeafAlone { self.addComposite("main", self.budget) }
        var spec = self.spec()
        spec["entrypoint"] = .string(isLeafAlone ? self.leaves[0].name : "main")
        spec["templates"] = .array(self.templates)
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": ["name": "wf", "uid": "uid-1", "creationTimestamp": "2023-11-14T22:13:20Z"], "spec": .object(spec),
        ]
    }

    // MARK: The workflow's own fields

    private mutating func spec() -> JSONObject {
        var spec = JSONObject()
        spec["arguments"] = ["parameters": [["name": "list", "value": #"["a","b","c"]"#], ["name": "text", "value": "given"]]]
        if self.chance.happens(25) { spec["parallelism"] = .integer(self.chance.number(in: 1...4)) }
        if self.chance.happens(10) { spec["activeDeadlineSeconds"] = .integer(self.chance.number(in: 5...90)) }
        if self.chance.happens(5) { spec["suspend"] = true }
        if self.chance.happens(8) { spec["podSpecPatch"] = #"{"terminationGracePeriodSeconds": 5}"# }
        if self.chance.happens(8) { spec["synchronization"] = self.synchronization(of: "run") }
        if self.chance.happens(8) {
            spec["workflowMetadata"] = ["labelsFrom": ["team": ["expression": "workflow.name + '-team'"]]]
        }
        if self.chance.happens(20) { spec["onExit"] = .string(self.handler()) }
        if self.chance.happens(15) {
            var hooks = JSONObject()
            if self.chance.happens(60) {
                hooks["running"] = ["expression": "workflow.status == \"Running\"", "template": .string(self.handler())]
            }
            let phase = self.chance.one(of: ["Succeeded", "Failed"])
            hooks["over"] = ["expression": .string("workflow.status == \"\(phase)\""), "template": .string(self.handler())]
            spec["hooks"] = .object(hooks)
        }
        return spec
    }

    /// A template that an exit handler or a hook may call.
    mutating func handler() -> String {
        let candidates = (self.leaves + self.composites).filter { !$0.isDaemon && $0.weight <= 4 }
        return candidates.isEmpty ? self.leaves[0].name : self.chance.one(of: candidates).name
    }

    /// - Parameter owner: who asks, when it holds its locks while other templates ask for theirs. They are others, but for a few that
    ///   wait for ever if nobody notices.
    mutating func synchronization(of composite: String? = nil) -> JSONValue {
        let owner = composite == "run" || !self.chance.happens(20) ? composite : nil
        let name = owner ?? "lock\(self.chance.number(in: 0...2))"
        if self.chance.happens(50) { return ["mutexes": [["name": .string(name)]]] }
        let key = self.chance.one(of: ["one", "two"])
        let semaphore: JSONValue = ["configMapKeyRef": ["name": .string("limits-\(owner ?? "leaf")"), "key": .string(key)]]
        if self.chance.happens(30) { return ["semaphores": [semaphore], "mutexes": [["name": .string(name)]]] }
        return ["semaphores": [semaphore]]
    }
}
