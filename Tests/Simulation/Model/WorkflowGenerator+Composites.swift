import WorkflowModel

/// Templates that call others.
extension WorkflowGenerator {
    /// What a step knows of one that comes before it.
    private struct Sibling {
        var name: String
        var hasOutput: Bool
        var hasResult: Bool
        var isFannedOut: Bool
        var isDaemon: Bool
    }

    mutating func addComposite(_ name: String, _ budget: Int) {
        let isDAG = self.chance.happens(50)
        var template = JSONObject()
        template["name"] = .string(name)
        template["inputs"] = ["parameters": [["name": "text", "value": "x"]]]
        var left = budget
        let siblings: [Sibling]
        if isDAG {
            (template["dag"], siblings) = self.dag(&left)
        } else {
            (template["steps"], siblings) = self.steps(&left)
        }
        if self.chance.happens(30) { template["parallelism"] = .integer(self.chance.number(in: 1...3)) }
        if self.chance.happens(15) { template["failFast"] = true }
        let sources = siblings.filter { $0.hasOutput && !$0.isFannedOut }
        let hasOutput = !sources.isEmpty && self.chance.happens(60)
        if hasOutput {
            var from = JSONObject()
            let source = self.chance.one(of: sources).name
            from["parameter"] = .string("{{\(isDAG ? "tasks" : "steps").\(source).outputs.parameters.out}}")
            if self.chance.happens(70) { from["default"] = "none" }
            template["outputs"] = ["parameters": [["name": "out", "valueFrom": .object(from)]]]
        }
        if name != "main" || self.chance.happens(20) { self.decorate(&template, of: name, isPod: false) }
        self.templates.append(.object(template))
        self.composites.append(Callable(name: name, hasOutput: hasOutput, weight: max(1, budget - left)))
    }

    /// Calls itself with one less until nothing is left.
    mutating func addRecursion() {
        self.templates.append([
            "name": "countdown", "inputs": ["parameters": [["name": "text", "value": "x"], ["name": "n", "value": "2"]]],
            "steps": [
                [["name": "work", "template": .string(self.leaves[0].name)]],
                [
                    [
                        "name": "again", "template": "countdown", "when": "{{inputs.parameters.n}} > 0",
                        "arguments": ["parameters": [["name": "n", "value": "{{=asInt(inputs.parameters.n) - 1}}"]]],
                    ]
                ],
            ],
        ])
        self.composites.append(Callable(name: "countdown", hasOutput: false, weight: 3))
    }

    // MARK: Steps

    private mutating func steps(_ left: inout Int) -> (JSONValue, [Sibling]) {
        var groups: [JSONValue] = []
        var before: [Sibling] = []
        for _ in 0..<self.chance.number(in: 1...(self.isSmall ? 2 : 4)) {
            var group: [JSONValue] = []
            var here: [Sibling] = []
            for _ in 0..<self.chance.number(in: 1...3) where left > 0 || (groups.isEmpty && group.isEmpty) {
                let name = "s\(before.count + here.count)"
                var step = JSONObject()
                here.append(self.call(&step, name, "steps", before, &left))
                if self.chance.happens(20) { step["continueOn"] = self.continueOn() }
                group.append(.object(step))
            }
            if group.isEmpty { break }
            groups.append(.array(group))
            before += here
        }
        return (.array(groups), before)
    }

    private mutating func continueOn() -> JSONValue {
        switch self.chance.number(in: 0...2) {
        case 0: ["failed": true]
        case 1: ["error": true]
        default: ["failed": true, "error": true]
        }
    }

    // MARK: DAGs

    private mutating func dag(_ left: inout Int) -> (JSONValue, [Sibling]) {
        var tasks: [JSONValue] = []
        var before: [Sibling] = []
        let usesDepends = self.chance.happens(60)
        for index in 0..<self.chance.number(in: 1...(self.isSmall ? 4 : 8)) where left > 0 || index == 0 {
            var task = JSONObject()
            let needs = before.filter { _ in self.chance.happens(before.count < 3 ? 60 : 35) }
            let sibling = self.call(&task, "t\(index)", "tasks", needs, &left)
            if !needs.isEmpty {
                if usesDepends {
                    task["depends"] = .string(self.formula(needs))
                } else {
                    task["dependencies"] = .array(needs.map { .string($0.name) })
                }
            }
            if !usesDepends, self.chance.happens(20) { task["continueOn"] = self.continueOn() }
            before.append(sibling)
            tasks.append(.object(task))
        }
        var dag = JSONObject()
        dag["tasks"] = .array(tasks)
        if self.chance.happens(20) { dag["failFast"] = false }
        if self.chance.happens(15) { dag["target"] = .string(self.chance.one(of: before).name) }
        return (.object(dag), before)
    }

    private mutating func formula(_ needs: [Sibling]) -> String {
        var text = ""
        for (index, need) in needs.enumerated() {
            if index > 0 { text += self.chance.happens(65) ? " && " : " || " }
            if self.chance.happens(10) { text += "!" }
            if need.isDaemon || self.chance.happens(40) {
                text += need.name
            } else {
                var results = ["Succeeded", "Failed", "Errored", "Skipped", "Omitted"]
                if need.isFannedOut { results += ["AnySucceeded", "AllFailed"] }
                let result = self.chance.one(of: results)
                text += self.chance.happens(60) ? "(\(need.name).\(result) || \(need.name).Succeeded)" : "\(need.name).\(result)"
            }
        }
        return text
    }

    // MARK: Calls

    private mutating func call(
        _ step: inout JSONObject, _ name: String, _ root: String, _ before: [Sibling], _ left: inout Int
    ) -> Sibling {
        let callable = self.callable(left)
        step["name"] = .string(name)
        step["template"] = .string(callable.name)
        let (times, isFannedOut) = self.fanOut(&step, before, root, callable, left)
        var text = isFannedOut ? "{{item}}" : "plain"
        if !isFannedOut || self.chance.happens(30), let reference = self.reference(before, root) { text = reference }
        step["arguments"] = ["parameters": [["name": "text", "value": .string(text)]]]
        if self.chance.happens(15) { step["when"] = .string(self.condition(before, root)) }
        if self.chance.happens(12) { step["hooks"] = self.hooks(name, root) }
        left -= callable.weight * times
        return Sibling(
            name: name, hasOutput: callable.hasOutput, hasResult: callable.hasResult, isFannedOut: isFannedOut,
            isDaemon: callable.isDaemon)
    }

    private mutating func callable(_ left: Int) -> Callable {
        let fitting = self.composites.filter { $0.weight <= left }
        return !fitting.isEmpty && self.chance.happens(30) ? self.chance.one(of: fitting) : self.chance.one(of: self.leaves)
    }

    private mutating func fanOut(
        _ step: inout JSONObject, _ before: [Sibling], _ root: String, _ callable: Callable, _ left: Int
    ) -> (times: Int, Bool) {
        guard callable.weight * 3 <= left, self.chance.happens(25) else { return (1, false) }
        switch self.chance.number(in: 0...4) {
        case 0: step["withItems"] = ["x", "y"]
        case 1: step["withItems"] = [1, true, "z"]
        case 2: step["withSequence"] = ["count": .string("\(self.chance.number(in: 0...3))")]
        case 3: step["withParam"] = "{{workflow.parameters.list}}"
        default:
            // What a step printed, which may be no list.
            let printing = before.filter { $0.hasResult && !$0.isFannedOut }
            guard !printing.isEmpty else {
                step["withSequence"] = ["start": "1", "end": "2", "format": "n%02d"]
                return (2, true)
            }
            step["withParam"] = .string("{{\(root).\(self.chance.one(of: printing).name).outputs.result}}")
        }
        return (3, true)
    }

    private mutating func reference(_ before: [Sibling], _ root: String) -> String? {
        guard !before.isEmpty, self.chance.happens(50) else { return nil }
        let sibling = self.chance.one(of: before)
        if sibling.isDaemon { return "{{\(root).\(sibling.name).ip}}" }
        if sibling.hasOutput, self.chance.happens(60) { return "{{\(root).\(sibling.name).outputs.parameters.out}}" }
        return "{{\(root).\(sibling.name).status}}"
    }

    private mutating func condition(_ before: [Sibling], _ root: String) -> String {
        guard let sibling = before.first(where: { !$0.isFannedOut }), self.chance.happens(60) else {
            return self.chance.one(of: ["true", "false", "{{inputs.parameters.text}} == x"])
        }
        return "{{\(root).\(sibling.name).status}} == \(self.chance.one(of: ["Succeeded", "Failed"]))"
    }

    private mutating func hooks(_ name: String, _ root: String) -> JSONValue {
        var hooks = JSONObject()
        if self.chance.happens(60) { hooks["exit"] = ["template": .string(self.handler())] }
        if hooks.isEmpty || self.chance.happens(50) {
            let phase = self.chance.one(of: ["Running", "Succeeded", "Failed"])
            hooks["watch"] = [
                "expression": .string("\(root)[\"\(name)\"].status == \"\(phase)\""), "template": .string(self.handler()),
            ]
        }
        return .object(hooks)
    }
}
