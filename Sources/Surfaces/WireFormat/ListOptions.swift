public import Operations
public import WorkflowModel

/// The query parameters `listOptions.*` of Kubernetes and Argo.
public struct ListOptions: Sendable {
    public var labels: LabelSelector
    /// As written: what it may name differs from kind to kind.
    public var fieldSelector: String
    /// nil for as many as the server gives.
    public var limit: Int?
    public var continuation: String?
    public var resourceVersion: String?

    /// Answers have no more items than this, whatever is asked for.
    public static let longestPage = 1000

    /// - Parameter prefix: of the names: `listOptions.` in Argo's API, nothing in that of Kubernetes.
    /// - Throws: `WireError`, `SelectorFault`.
    public init(_ query: QueryString, prefix: String = "listOptions.") throws {
        self.labels = try LabelSelector(query[prefix + "labelSelector"])
        self.fieldSelector = query[prefix + "fieldSelector"] ?? ""
        let limit = try query.integer(prefix + "limit") ?? 0
        guard limit >= 0 else { throw WireError.invalid("\(prefix)limit is \(limit), expected 0 or more") }
        self.limit = limit == 0 ? nil : min(Int(clamping: limit), Self.longestPage)
        self.continuation = query[prefix + "continue"]
        // 0 stands for any version in Kubernetes: told from the beginning.
        self.resourceVersion = query[prefix + "resourceVersion"].flatMap { $0 == "0" ? nil : $0 }
    }
}

/// What `fieldSelector` may say of runs.
public struct RunFieldSelector: Sendable, Equatable {
    public var name: NameFilter?
    public var namespace: String?
    public var startedAfter: Timestamp?
    public var startedBefore: Timestamp?
    public var countsRemaining = false

    /// - Parameter nameFilter: `Exact`, `Prefix`, `Contains` or `NotEquals`: how the name that the selector gives is meant.
    /// - Throws: `WireError` for fields that runs are not selected by.
    public init(_ text: String, nameFilter: String?) throws {
        for part in text.split(separator: ",") { try self.add(part.filter { $0 != " " }) }
        guard let nameFilter else { return }
        guard case .exact(let name)? = self.name else {
            if self.name == nil { return }
            throw WireError.invalid("nameFilter needs metadata.name=NAME in the field selector")
        }
        self.name = try Self.filter(nameFilter, name)
    }

    private static func filter(_ word: String, _ name: String) throws -> NameFilter {
        switch word {
        case "Exact": .exact(name)
        case "Prefix": .prefix(name)
        case "Contains": .contains(name)
        case "NotEquals": .differs(name)
        default: throw WireError.invalid("nameFilter is '\(word)', expected Exact, Prefix, Contains or NotEquals")
        }
    }

    private mutating func add(_ part: String) throws {
        for (sign, meaning) in [("!=", "!="), ("==", "="), ("=", "="), (">", ">"), ("<", "<")] {
            guard let range = part.firstRange(of: sign) else { continue }
            return try self.add(String(part[..<range.lowerBound]), meaning, String(part[range.upperBound...]), in: part)
        }
        throw Self.unknown(part)
    }

    private mutating func add(_ field: String, _ sign: String, _ value: String, in part: String) throws {
        switch (field, sign) {
        case ("metadata.name", "="): self.name = .exact(value)
        case ("metadata.name", "!="): self.name = .differs(value)
        case ("metadata.namespace", "="): self.namespace = value
        case ("spec.startedAt", ">"): self.startedAfter = try Self.time(value, field)
        case ("spec.startedAt", "<"): self.startedBefore = try Self.time(value, field)
        case ("ext.showRemainingItemCount", "="):
            guard value == "true" || value == "false" else { throw Self.unknown(part) }
            self.countsRemaining = value == "true"
        default: throw Self.unknown(part)
        }
    }

    static func time(_ text: String, _ name: String) throws -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw WireError.invalid("\(name) is '\(text)', expected a time like 2026-01-31T08:00:00Z")
        }
        return time
    }

    private static func unknown(_ part: String) -> WireError {
        .invalid(
            "'\(part)' is not a field selector for workflows, expected metadata.name, metadata.namespace, spec.startedAt> or "
                + "spec.startedAt<, or ext.showRemainingItemCount")
    }
}

extension RunListQuery {
    /// - Parameters:
    ///   - namespace: of the path; nil for all.
    ///   - fields: what is wanted decides how much of each run is read.
    /// - Throws: `WireError`, `SelectorFault`.
    public init(_ query: QueryString, namespace: String?, isFinished: Bool? = nil, fields: FieldsFilter) throws {
        let options = try ListOptions(query)
        let selector = try RunFieldSelector(options.fieldSelector, nameFilter: query["nameFilter"])
        if let wanted = selector.namespace, let namespace, wanted != namespace {
            throw WireError.invalid("the field selector asks for namespace '\(wanted)', and the path for '\(namespace)'")
        }
        self.init(
            namespace: namespace ?? selector.namespace, name: selector.name, labels: options.labels, isFinished: isFinished,
            createdAfter: try query["createdAfter"].map { try RunFieldSelector.time($0, "createdAfter") },
            finishedBefore: try query["finishedBefore"].map { try RunFieldSelector.time($0, "finishedBefore") },
            startedAfter: selector.startedAfter, startedBefore: selector.startedBefore, limit: options.limit ?? Self.usualPage,
            continuation: options.continuation, detail: RunDetail(fields, prefix: "items."), countsRemaining: selector.countsRemaining)
    }

    /// How many runs a page has when nobody says.
    private static var usualPage: Int { 500 }
}

extension RunDetail {
    /// What a summary has of a Workflow.
    private static let summarized = [
        "apiVersion", "kind", "metadata", "spec.arguments", "spec.priority", "status.phase", "status.startedAt", "status.finishedAt",
        "status.progress", "status.message",
    ]

    /// - Parameter prefix: of paths to the Workflow: `items.` in a list.
    public init(_ fields: FieldsFilter, prefix: String) {
        self = fields.staysWithin(Self.summarized.map { prefix + $0 }, below: prefix) ? .summary : .whole
    }
}
