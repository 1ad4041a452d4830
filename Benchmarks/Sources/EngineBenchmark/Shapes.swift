import Manifests
import Planning
import WorkflowModel

/// A workflow of about so many nodes.
enum Shape: String, CaseIterable {
    /// One step that fans out over all.
    case wide
    /// A DAG in which each task depends on the one before it.
    case deep
    /// A DAG in which each task depends on up to three earlier ones.
    case random
    /// Three fan-outs, one inside the other.
    case nested

    func manifest(_ count: Int) -> JSONValue {
        switch self {
        case .wide: Self.workflow([Self.steps("main", calling: "work", times: count)])
        case .deep: Self.workflow([Self.dag((0..<count).map { $0 == 0 ? [] : [$0 - 1] })])
        case .random: Self.workflow([Self.dag(Self.randomDependencies(count))])
        case .nested: self.nested(count)
        }
    }

    private func nested(_ count: Int) -> JSONValue {
        var side = 1
        while (side + 1) * (side + 1) * (side + 1) <= count { side += 1 }
        return Self.workflow([
            Self.steps("main", calling: "middle", times: side), Self.steps("middle", calling: "inner", times: side),
            Self.steps("inner", calling: "work", times: side),
        ])
    }

    private static func randomDependencies(_ count: Int) -> [[Int]] {
        var state: UInt64 = 42
        return (0..<count).map { task in
            let drawn = (0..<3).map { _ -> Int in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return task == 0 ? 0 : Int(state >> 33) % task
            }
            return Set(drawn).filter { $0 != task }.sorted()
        }
    }

    private static func dag(_ dependencies: [[Int]]) -> JSONValue {
        let tasks = dependencies.enumerated().map { task, needs -> JSONValue in
            var fields = JSONObject()
            fields["name"] = .string("t\(task)")
            fields["template"] = "work"
            fields["arguments"] = Self.text("{{workflow.name}} \(task)")
            if !needs.isEmpty { fields["dependencies"] = .array(needs.map { .string("t\($0)") }) }
            return .object(fields)
        }
        return ["name": "main", "dag": ["tasks": .array(tasks)]]
    }

    private static func steps(_ name: String, calling template: String, times: Int) -> JSONValue {
        [
            "name": .string(name), "inputs": Self.text("x"),
            "steps": [
                [
                    [
                        "name": "each", "template": .string(template), "withSequence": ["count": .string("\(times)")],
                        "arguments": Self.text("{{workflow.name}} {{item}}"),
                    ]
                ]
            ],
        ]
    }

    private static func text(_ value: String) -> JSONValue { ["parameters": [["name": "text", "value": .string(value)]]] }

    private static func workflow(_ templates: [JSONValue]) -> JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "bench", "uid": "0"],
            "spec": [
                "entrypoint": "main",
                "templates": .array(
                    templates + [
                        [
                            "name": "work", "inputs": ["parameters": [["name": "text"]]],
                            "container": ["image": "busybox:1", "command": ["echo"], "args": ["{{inputs.parameters.text}}"]],
                        ]
                    ]),
            ],
        ]
    }
}
