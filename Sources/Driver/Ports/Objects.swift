public import Engine
public import WorkflowModel

/// A kind of object that resource templates can work on: those that are stored, and runs, which they see as Workflows.
public enum ObjectKind: Sendable, Hashable {
    case workflow
    case stored(ResourceKind)

    public var name: String {
        switch self {
        case .workflow: "Workflow"
        case .stored(let kind): kind.rawValue
        }
    }

    /// The kind that a manifest or a command line means: its name in any case, plural, short, with or without the group.
    public static func named(_ word: String) -> ObjectKind? {
        let word = word.lowercased()
        if ["workflow", "workflows", "wf", "workflow.argoproj.io", "workflows.argoproj.io"].contains(word) { return .workflow }
        return ResourceKind.named(word).map { .stored($0) }
    }

    public var apiVersion: String {
        switch self {
        case .workflow: "argoproj.io/v1alpha1"
        case .stored(let kind): kind.apiVersion
        }
    }
}

public struct ObjectReference: Sendable, Hashable, CustomStringConvertible {
    public var kind: ObjectKind
    public var namespace: String
    public var name: String

    public init(_ kind: ObjectKind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(self.kind.name) '\(self.name)'" }
}

public enum ObjectError: Error, Sendable, Equatable, CustomStringConvertible {
    case notFound(ObjectReference)
    case alreadyExists(ObjectReference)
    /// The object is not what it was when the change to it was made up.
    case conflict(ObjectReference)
    /// It cannot be done, and why.
    case refused(String)

    public var description: String {
        switch self {
        case .notFound(let reference): "\(reference) does not exist in namespace '\(reference.namespace)'"
        case .alreadyExists(let reference): "\(reference) exists already in namespace '\(reference.namespace)'"
        case .conflict(let reference): "\(reference) has changed meanwhile"
        case .refused(let reason): reason
        }
    }
}

/// Stored objects and runs as the steps of a run work on them. What is changed has survived a power cut when a call returns.
public protocol ObjectService: Sendable {
    /// The object as it is now; nil when there is none.
    /// - Parameter withSecrets: whether a Secret is given with its values, or with masks in their places.
    func object(_ reference: ObjectReference, withSecrets: Bool) async throws -> JSONValue?
    /// Objects with the labels, at most `limit`, by name.
    func objects(_ kind: ObjectKind, namespace: String, labels: LabelSelector, limit: Int) async throws -> [ObjectReference]
    /// Stores a new object under its `metadata.name`. A Workflow becomes a run, and somebody carries it out.
    /// - Parameters:
    ///   - uid: of the run that a Workflow becomes: one that is there already under this uid is the one that was to be made.
    ///   - parent: the run that asks. What was given with it is there for the new one too.
    /// - Throws: `ObjectError`.
    func create(_ object: JSONValue, uid: String, for parent: RunID) async throws -> JSONValue
    /// Puts an object in the place of one that is there. Of a run only `spec.suspend` and `spec.shutdown` can be changed.
    /// - Throws: `ObjectError`; `conflict` when the object carries another `metadata.resourceVersion` than the one that is there.
    func replace(_ object: JSONValue) async throws -> JSONValue
    /// - Throws: `ObjectError`.
    func delete(_ reference: ObjectReference) async throws
    /// Takes a run over that was begun and that nobody carries out any more, so that whoever waits for it does not wait for ever. Nothing happens
    /// to any other object.
    func attend(_ reference: ObjectReference) async throws
}
