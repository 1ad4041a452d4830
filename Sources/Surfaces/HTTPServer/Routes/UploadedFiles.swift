import Operations
import WireFormat
import WorkflowModel

/// Files that were uploaded to be the artifacts of a run.
struct UploadedFiles: Sendable {
    private let files: [(name: String, key: String)]
    /// Only files that were uploaded for the namespace are let in: other keys are other runs' artifacts.
    private let root: String

    init(_ files: [(name: String, key: String)], namespace: String) {
        self.files = files
        self.root = "uploads/\(namespace)/"
    }

    /// The Workflow with the files as its arguments.
    /// - Throws: `WireError` for a key of anything else.
    func placed(in workflow: JSONValue) throws -> JSONValue {
        var object = workflow.object ?? JSONObject()
        var spec = object["spec"]?.object ?? JSONObject()
        var arguments = spec["arguments"]?.object ?? JSONObject()
        var artifacts = arguments["artifacts"]?.array ?? []
        for file in self.files {
            let parts = file.key.split(separator: "/", omittingEmptySubsequences: false)
            guard file.key.hasPrefix(self.root), parts.count == 4, !parts.contains(where: { $0.isEmpty || $0 == ".." || $0 == "." }) else {
                throw WireError.invalid("the key of artifact '\(file.name)' must be one that an upload to this namespace gave")
            }
            let artifact: JSONValue = [
                "name": .string(file.name), "plugin": ["name": "local", "key": .string(file.key)], "archive": ["none": [:]],
            ]
            if let at = artifacts.firstIndex(where: { $0["name"]?.string == file.name }) {
                artifacts[at] = artifact
            } else {
                artifacts.append(artifact)
            }
        }
        arguments["artifacts"] = .array(artifacts)
        spec["arguments"] = .object(arguments)
        object["spec"] = .object(spec)
        return .object(object)
    }
}
