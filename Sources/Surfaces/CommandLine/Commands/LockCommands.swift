import ArgumentParser
import Operations
import WorkflowModel

/// How lists of locks and of the cache are printed.
enum PlainOutput: String, ExpressibleByArgument, CaseIterable { case json, yaml, name }

struct ListLimits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The limits that the database holds.")

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Of all namespaces.")
    var allNamespaces = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let limits = try await context.openCoordination(self.global).semaphoreLimits(
            namespace: self.allNamespaces ? nil : self.global.namespace)
        var table = TextTable(gap: 3)
        table.add((self.allNamespaces ? ["NAMESPACE"] : []) + ["KEY", "LIMIT"])
        for limit in limits { table.add((self.allNamespaces ? [limit.namespace] : []) + [limit.key, String(limit.limit)]) }
        _ = context.console.write(limits.isEmpty ? "No resources found\n" : table.text, .output)
    }
}

struct LockHolders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holders", abstract: "Who holds locks, and who waits in which order.",
        discussion: """
            HELD is how many of how many places are taken; `-` stands for a limit that only the waiting runs know. PROCESS is the one that \
            carries the run out. A run without one keeps its locks, because its steps may still run: `skiff run --resume` goes on with it, \
            `skiff delete` ends it and gives them back.
            """)

    @Argument(help: "Only locks with this in their name.")
    var lock: String?

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Locks of all namespaces.")
    var allNamespaces = false

    @Option(name: .shortAndLong, help: ArgumentHelp("json, yaml or name.", valueName: "format"))
    var output: PlainOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let locks = try await context.openCoordination(self.global).locks(namespace: self.allNamespaces ? nil : self.global.namespace)
            .filter { lock in self.lock.map { lock.lock.contains($0) } ?? true }
        let list = JSONValue.array(locks.map(\.json))
        let text =
            switch self.output {
            case .json: list.json(indent: 4) + "\n"
            case .yaml: try list.yaml()
            case .name: locks.map { $0.lock + "\n" }.joined()
            case nil: locks.isEmpty ? "No locks are held\n" : Self.table(locks)
            }
        _ = context.console.write(text, .output)
    }

    private static func table(_ locks: [LockView]) -> String {
        var table = TextTable(gap: 3)
        table.add(["LOCK", "HELD", "STATE", "RUN", "NODE", "PROCESS"])
        for lock in locks {
            let held = "\(lock.holding.count)/\(lock.limit.map(String.init) ?? "-")"
            for (state, parties) in [("holding", lock.holding), ("waiting", lock.waiting)] {
                for party in parties {
                    table.add([
                        lock.lock, held, state, "\(party.namespace)/\(party.run)", party.node ?? "-",
                        party.process.map(String.init) ?? "none",
                    ])
                }
            }
        }
        return table.text
    }
}

extension LockView {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["lock"] = .string(self.lock)
        if let limit = self.limit { object["limit"] = .number(String(limit)) }
        object["holding"] = .array(self.holding.map(\.json))
        object["waiting"] = .array(self.waiting.map(\.json))
        return .object(object)
    }
}

extension LockView.Party {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["namespace"] = .string(self.namespace)
        object["run"] = .string(self.run)
        if let node = self.node { object["node"] = .string(node) }
        if let process = self.process { object["process"] = .number(String(process)) }
        return .object(object)
    }
}
