import Engine
import WorkflowModel

/// The smaller values inside a status, in Argo's shapes.
enum StatusValues {
    /// RFC 3339 in whole seconds; `null` for a time that has not come.
    static func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.rfc3339) } ?? .null }

    static func inputs(_ inputs: NodeInputs) -> JSONObject { self.outputs(parameters: inputs.parameters, artifacts: inputs.artifacts) }

    /// - Parameter deleted: names of artifacts that are gone.
    static func outputs(_ outputs: NodeOutputs, deleted: Set<String> = []) -> JSONObject {
        var object = self.outputs(parameters: outputs.parameters, artifacts: outputs.artifacts, deleted: deleted)
        if let result = outputs.result { object["result"] = .string(result) }
        if let code = outputs.exitCode { object["exitCode"] = .string(String(code)) }
        return object
    }

    static func outputs(parameters: [NamedValue], artifacts: [NamedArtifact], deleted: Set<String> = []) -> JSONObject {
        var object = JSONObject()
        if !parameters.isEmpty { object["parameters"] = .array(parameters.map { ["name": .string($0.name), "value": .string($0.value)] }) }
        if !artifacts.isEmpty {
            object["artifacts"] = .array(artifacts.map { .object(self.artifact($0, isDeleted: deleted.contains($0.name))) })
        }
        return object
    }

    /// A stored artifact lies with the artifact plugin `local`, the data directory's own store, under the store's key.
    private static func artifact(_ artifact: NamedArtifact, isDeleted: Bool) -> JSONObject {
        var object = JSONObject()
        object["name"] = .string(artifact.name)
        if let path = artifact.path { object["path"] = .string(path) }
        switch artifact.source {
        case .raw(let text): object["raw"] = ["data": .string(text)]
        case .stored(let stored):
            object["plugin"] = ["name": "local", "key": .string(stored.key)]
            switch stored.archive {
            case .tar: break  // Argo's default goes unsaid.
            case .none: object["archive"] = ["none": [:]]
            case .zip: object["archive"] = ["zip": [:]]
            }
            if let subPath = stored.subPath { object["subPath"] = .string(subPath) }
        }
        if isDeleted { object["deleted"] = true }
        return object
    }
}

/// Times of many nodes: those that fall into one second share one text.
struct TimeTexts {
    private var texts: [Int64: JSONValue] = [:]

    subscript(time: Timestamp?) -> JSONValue {
        mutating get {
            guard let time else { return .null }
            if let text = self.texts[time.seconds] { return text }
            let text = StatusValues.time(time)
            self.texts[time.seconds] = text
            return text
        }
    }
}
