import HTTPTypes
import Hummingbird
import Operations
import WireFormat
import WorkflowModel

/// A request that was let in and found its route.
struct Call: Sendable {
    /// Values of the path's parameters, decoded.
    let parameters: [String: String]
    /// What follows where the path ends in `**`.
    let rest: [String]
    /// Whether the path ends with a slash.
    let endsWithSlash: Bool
    /// As it was sent, without the query.
    let path: String
    let query: QueryString
    let headers: HTTPFields
    let principal: Principal
    /// The whole body, for routes that take one; empty otherwise.
    let body: [UInt8]
    /// For routes that read the body themselves, and for streams that end with their connection.
    let request: Request

    func parameter(_ name: String) -> String { self.parameters[name] ?? "" }

    /// Of the path; empty for all.
    var namespace: String { self.parameter("namespace") }
    /// nil for all.
    var anyNamespace: String? { self.namespace.isEmpty ? nil : self.namespace }
    var name: String { self.parameter("name") }

    /// The body as JSON.
    /// - Throws: `WireError`.
    func json() throws -> JSONValue? {
        guard let text = String(validating: self.body, as: UTF8.self) else { throw WireError.invalid("the body is not UTF-8") }
        if text.allSatisfy({ $0.isWhitespace }) { return nil }
        return try JSONValue(json: text)
    }

    /// - Throws: `WireError`, also when the body names another namespace or name than the path.
    func fields() throws -> RequestFields {
        let fields = try RequestFields(try self.json())
        for (field, meant) in [("namespace", self.namespace), ("name", self.name)] where !meant.isEmpty {
            guard let given = try fields.string(field), given != meant else { continue }
            // A uid or '@latest' in the path stands for a name that the body may tell.
            if field == "name", meant.hasPrefix("@") { continue }
            throw WireError.invalid("field '\(field)' of the body is '\(given)', and the path says '\(meant)'")
        }
        return fields
    }

    /// The object of a body, which belongs to the path's namespace and says nothing else.
    func manifest(_ field: String, of fields: RequestFields, name: String? = nil) throws -> JSONValue {
        try self.placed(try fields.manifest(field), name: name)
    }

    func placed(_ object: JSONValue, name: String? = nil) throws -> JSONValue {
        guard let metadata = object["metadata"]?.object ?? (object["metadata"] == nil ? JSONObject() : nil) else {
            throw WireError.invalid("'metadata' is not an object")
        }
        if !self.namespace.isEmpty, let own = metadata["namespace"]?.string, !own.isEmpty, own != self.namespace {
            throw WireError.invalid("the object is of namespace '\(own)', and the path says '\(self.namespace)'")
        }
        if let name, let own = metadata["name"]?.string, own != name {
            throw WireError.invalid("the object is called '\(own)', and the path says '\(name)'")
        }
        guard var placed = object.object else { throw WireError.invalid("the object is no JSON object") }
        var located = metadata
        if !self.namespace.isEmpty { located["namespace"] = .string(self.namespace) }
        if let name { located["name"] = .string(name) }
        placed["metadata"] = .object(located)
        return .object(placed)
    }
}

extension Principal {
    /// Who is let in where nobody has to prove anything.
    static let everybody = Principal(name: "", role: .admin)

    func may(actIn namespace: String) -> Bool { self.namespaces?.contains(namespace) ?? true }

    /// - Throws: `WireError`: 403.
    func require(namespace: String) throws {
        guard self.may(actIn: namespace) else {
            throw WireError.forbidden("token '\(self.name)' is not for namespace '\(namespace)'")
        }
    }
}

extension Role {
    private var rank: Int {
        switch self {
        case .viewer: 0
        case .submitter: 1
        case .admin: 2
        }
    }

    /// Whether whoever has this role may do what that one may.
    func includes(_ other: Role) -> Bool { self.rank >= other.rank }
}
