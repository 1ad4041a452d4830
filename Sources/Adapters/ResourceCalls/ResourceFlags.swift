import Ports
import WorkflowModel

/// What `flags` of a resource template say, in the language of kubectl: `configmap`, `settings`, `--selector`, `team=data`.
struct ResourceFlags: Sendable, Equatable {
    /// Flags that say how kubectl is to work, and nothing about what is to become of the object.
    private static let meaningless: Set<String> = [
        "--validate", "--force", "--grace-period", "--now", "--wait", "--timeout", "--cascade", "--field-manager", "--server-side",
        "--force-conflicts", "--overwrite", "--record", "--save-config", "--ignore-not-found", "--insecure-skip-tls-verify",
    ]
    /// Those of them that may stand alone.
    private static let switches: Set<String> = [
        "--force", "--now", "--wait", "--server-side", "--force-conflicts", "--overwrite", "--record", "--save-config",
        "--ignore-not-found", "--insecure-skip-tls-verify", "--validate", "--cascade",
    ]

    /// Kind words and names, in their order.
    private(set) var words: [String] = []
    private(set) var namespace: String?
    private(set) var selector: String?
    private(set) var selectsAll = false

    /// - Throws: `ResourceFault` for a flag that cannot be honoured.
    init(_ flags: [String]) throws(ResourceFault) {
        var rest = flags[...]
        while let flag = rest.popFirst() {
            guard flag.hasPrefix("-"), flag != "-" else {
                self.words.append(flag)
                continue
            }
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            var given: String? { parts.count > 1 ? String(parts[1]) : nil }
            switch name {
            case "-n", "--namespace": self.namespace = try Self.value(of: name, given, &rest)
            case "-l", "--selector": self.selector = try Self.value(of: name, given, &rest)
            case "--all": self.selectsAll = given != "false"
            default:
                guard Self.meaningless.contains(name) else {
                    throw ResourceFault(
                        final:
                            "flag '\(flag)' of a resource template cannot be honoured without kubectl: a kind, names, -n, -l and --all can")
                }
                if given == nil, !Self.switches.contains(name) { _ = rest.popFirst() }
            }
        }
    }

    private static func value(of name: String, _ given: String?, _ rest: inout ArraySlice<String>) throws(ResourceFault) -> String {
        guard let value = given ?? rest.popFirst() else { throw ResourceFault(final: "flag '\(name)' needs a value") }
        return value
    }

    /// What the words name: `configmap settings`, `configmap/settings`.
    /// - Returns: nil when there are no words.
    func target() throws(ResourceFault) -> (kind: String, names: [String])? {
        guard let first = self.words.first else { return nil }
        let parts = first.split(separator: "/", maxSplits: 1).map(String.init)
        if parts.count == 2 {
            guard self.words.allSatisfy({ $0.hasPrefix(parts[0] + "/") }) else {
                throw ResourceFault(final: "flags of one resource template name objects of one kind: \(self.words.joined(separator: " "))")
            }
            return (parts[0], self.words.map { String($0.dropFirst(parts[0].count + 1)) })
        }
        return (first, Array(self.words.dropFirst()))
    }
}
