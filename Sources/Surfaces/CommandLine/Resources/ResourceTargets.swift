import ArgumentParser
import Operations
import WorkflowModel

/// What the words behind `get` and `delete` mean: runs, or stored objects.
///
/// `KIND NAME…`, `KIND` and `KIND/NAME…` are stored objects, everything else names runs. A run whose name is that of a kind is
/// `workflow/NAME`: no name holds a slash.
enum ResourceTargets: Equatable {
    case runs([String])
    case all(ResourceKind)
    case named([ResourceReference])

    /// - Throws: `ValidationError` for a kind that does not exist.
    init(_ words: [String]) throws {
        if words.contains(where: { $0.contains("/") }) {
            self = try Self.slashed(words)
        } else if let first = words.first, let kind = ResourceKind.named(first) {
            self = words.count == 1 ? .all(kind) : .named(words.dropFirst().map { ResourceReference(kind, $0) })
        } else if words.count > 1, Self.isWorkflow(words[0]) {
            self = .runs(Array(words.dropFirst()))
        } else {
            self = .runs(words)
        }
    }

    private static func slashed(_ words: [String]) throws -> ResourceTargets {
        let pairs = try words.map { word in
            let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw ValidationError("'\(word)' is not of the form KIND/NAME, as another of these is")
            }
            return (kind: parts[0], name: parts[1])
        }
        if pairs.allSatisfy({ Self.isWorkflow($0.kind) }) { return .runs(pairs.map(\.name)) }
        return .named(try pairs.map { ResourceReference(try Self.kind($0.kind), $0.name) })
    }

    static func kind(_ word: String) throws -> ResourceKind {
        guard let kind = ResourceKind.named(word) else {
            let known = ResourceKind.allCases.map(\.singular).joined(separator: ", ")
            throw ValidationError("'\(word)' is not a kind of stored objects, expected one of \(known)")
        }
        return kind
    }

    private static func isWorkflow(_ word: String) -> Bool {
        ["workflow", "workflows", "wf", "workflow.argoproj.io", "workflows.argoproj.io"].contains(word.lowercased())
    }
}
