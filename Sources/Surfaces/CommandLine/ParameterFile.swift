import Operations
import WorkflowModel
import Yams

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file of parameters for a run: a YAML or JSON map of names to values.
enum ParameterFile {
    private static let largest = 8 << 20
    /// Aliases make a small file large: so many values are read at most.
    private static let mostValues = 100_000

    /// - Returns: the parameters in the order of the file. A list or a map becomes JSON text.
    /// - Throws: `OperationError.invalid` that names the file.
    static func parameters(in path: String) throws -> [(name: String, value: String)] {
        let text = try Self.text(of: path)
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch { throw Self.fault(path, "is not YAML or JSON: \(TerminalText.safe("\(error)"))") }
        guard let node else { return [] }
        guard let mapping = node.mapping else { throw Self.fault(path, "is not a map of parameter names to values") }
        var budget = Self.mostValues
        var parameters: [(name: String, value: String)] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else { throw Self.fault(path, "has a name that is not a string") }
            guard let json = Self.value(value, &budget) else { throw Self.fault(path, "has more than \(Self.mostValues) values") }
            parameters.append((name, value.scalar?.string ?? json.json))
        }
        return parameters
    }

    /// nil when the budget is used up.
    private static func value(_ node: Node, _ budget: inout Int) -> JSONValue? {
        budget -= 1
        if budget < 0 { return nil }
        switch node {
        case .scalar(let scalar): return Self.scalar(scalar, node)
        case .sequence(let sequence):
            var items: [JSONValue] = []
            for item in sequence {
                guard let value = Self.value(item, &budget) else { return nil }
                items.append(value)
            }
            return .array(items)
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, item) in mapping {
                guard let value = Self.value(item, &budget) else { return nil }
                object[key.scalar?.string ?? ""] = value
            }
            return .object(object)
        // The composer has resolved all aliases.
        case .alias: return .null
        }
    }

    private static func scalar(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        if node.null != nil { return .null }
        if ["true", "false"].contains(scalar.string.lowercased()) { return .bool(scalar.string.lowercased() == "true") }
        if case .number? = try? JSONValue(json: scalar.string) { return .number(scalar.string) }
        return .string(scalar.string)
    }

    private static func text(of path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw Self.fault(path, "cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 { throw Self.fault(path, "cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += chunk[..<count]
            if bytes.count > Self.largest { throw Self.fault(path, "is larger than \(Self.largest >> 20) MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.fault(path, "is not UTF-8 text") }
        return text
    }

    private static func fault(_ path: String, _ what: String) -> OperationError {
        OperationError(.invalid, "parameter file '\(path)' \(what)", hint: "write it as name: value, one parameter a line")
    }
}
