public import Operations
public import WorkflowModel

/// The JSON object of a request, read field by field.
///
/// Fields that nobody knows are left alone, as Argo's server does; those that are known have the right type or the request is refused.
public struct RequestFields: Sendable {
    public let object: JSONObject

    /// - Throws: `WireError` for anything but an object. Nothing at all stands for an empty one.
    public init(_ json: JSONValue?) throws {
        guard let json, !json.isNull else {
            self.object = JSONObject()
            return
        }
        guard let object = json.object else { throw WireError.invalid("the body is not a JSON object") }
        self.object = object
    }

    /// - Returns: nil where there is none, or it is empty: in protobuf the two are one.
    public func string(_ name: String) throws -> String? {
        switch self.object[name] {
        case nil, .null?: nil
        case .string(let text)?: text.isEmpty ? nil : text
        default: throw Self.wrong(name, "a string")
        }
    }

    public func bool(_ name: String) throws -> Bool {
        switch self.object[name] {
        case nil, .null?: false
        case .bool(let flag)?: flag
        default: throw Self.wrong(name, "true or false")
        }
    }

    /// Also written as a string, which is how protobuf writes large numbers.
    public func integer(_ name: String) throws -> Int64? {
        switch self.object[name] {
        case nil, .null?: return nil
        case let value?:
            guard let number = value.integer ?? value.string.flatMap({ Int64($0) }) else { throw Self.wrong(name, "a whole number") }
            return number
        }
    }

    public func strings(_ name: String) throws -> [String] {
        switch self.object[name] {
        case nil, .null?: return []
        case .array(let items)?:
            return try items.map { item in
                guard let text = item.string else { throw Self.wrong(name, "a list of strings") }
                return text
            }
        default: throw Self.wrong(name, "a list of strings")
        }
    }

    /// - Returns: an empty body where there is none.
    public func body(_ name: String) throws -> RequestFields {
        guard let value = self.object[name], !value.isNull else { return try RequestFields(nil) }
        guard value.object != nil else { throw Self.wrong(name, "an object") }
        return try RequestFields(value)
    }

    /// An object of Kubernetes that the request must carry.
    public func manifest(_ name: String) throws -> JSONValue {
        guard let value = self.object[name], !value.isNull else { throw WireError.invalid("the body has no '\(name)'") }
        guard value.object != nil else { throw Self.wrong(name, "an object") }
        return value
    }

    /// `name=value` pairs.
    public func pairs(_ name: String) throws -> [(name: String, value: String)] {
        try self.strings(name).map { try Self.pair($0, of: name) }
    }

    /// `k=v,k2=v2`, as Argo's submit options write labels and annotations.
    public func map(_ name: String) throws -> [String: String] {
        let text = try self.string(name) ?? ""
        let pairs = try text.split(separator: ",").map { try Self.pair(String($0), of: name) }
        return Dictionary(pairs.map { ($0.name, $0.value) }) { $1 }
    }

    private static func pair(_ text: String, of name: String) throws -> (name: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw WireError.invalid("'\(text)' in '\(name)' is not name=value")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    private static func wrong(_ name: String, _ expected: String) -> WireError {
        .invalid("field '\(name)' of the body is of the wrong type, expected \(expected)")
    }
}

/// `submitOptions` of Argo's submit request.
public struct SubmitOptions: Sendable {
    public var run: RunRequest
    /// Keys of uploaded files by the name of the artifact.
    public var artifacts: [(name: String, key: String)]
    /// Only look whether it could be submitted.
    public var isDryRun: Bool

    public init(_ body: RequestFields, namespace: String) throws {
        let priority = try body.integer("priority")
        guard priority.map({ Int32(exactly: $0) != nil }) ?? true else { throw WireError.invalid("field 'priority' is out of range") }
        self.run = RunRequest(
            files: [], parameters: try body.pairs("parameters"), entrypoint: try body.string("entryPoint"), name: try body.string("name"),
            namespace: namespace, labels: try body.map("labels"), generateName: try body.string("generateName"),
            serviceAccount: try body.string("serviceAccount"), priority: priority.map { Int($0) },
            annotations: try body.map("annotations"))
        self.artifacts = try body.pairs("artifacts").map { ($0.name, $0.value) }
        self.isDryRun = try body.bool("dryRun") || body.bool("serverDryRun")
    }
}
