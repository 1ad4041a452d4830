import ArgumentParser
import Operations
import WorkflowModel

struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "What memoized templates gave, and how to forget it.",
        discussion: """
            A template with `memoize` keeps its outputs under a key of a cache, and a later step with the same key takes them from there. \
            Caches have the names that `memoize.cache.configMap.name` gives them, and are no ConfigMaps here.
            """,
        subcommands: [ListCache.self, GetCacheEntry.self, DeleteCacheEntries.self, PruneCache.self])

    /// How many entries are read at once.
    static let pageSize = 500
}

struct ListCache: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The entries of one cache, or of all.")

    @Argument(help: "Name of a cache.")
    var cache: String?

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Of all namespaces.")
    var allNamespaces = false

    @Option(name: .shortAndLong, help: ArgumentHelp("json, yaml or name.", valueName: "format"))
    var output: PlainOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let operations = try await context.openCoordination(self.global)
        let query = CacheQuery(namespace: self.allNamespaces ? nil : self.global.namespace, cache: self.cache)
        var entries: [CacheEntry] = []
        while true {
            let page = try await operations.cacheEntries(query, after: entries.last, limit: CacheCommand.pageSize)
            entries += page
            if page.count < CacheCommand.pageSize { break }
        }
        let list = JSONValue.array(entries.map(\.json))
        let text =
            switch self.output {
            case .json: list.json(indent: 4) + "\n"
            case .yaml: try list.yaml()
            case .name: entries.map { "\($0.cache)/\($0.key)\n" }.joined()
            case nil: entries.isEmpty ? "No resources found\n" : self.table(entries, now: context.console.now())
            }
        _ = context.console.write(text, .output)
    }

    private func table(_ entries: [CacheEntry], now: Timestamp) -> String {
        var table = TextTable(gap: 3)
        table.add((self.allNamespaces ? ["NAMESPACE"] : []) + ["CACHE", "KEY", "RUN", "CREATED", "LAST HIT"])
        for entry in entries {
            table.add(
                (self.allNamespaces ? [entry.namespace] : []) + [
                    entry.cache, entry.key, entry.run, HumanTime.ago(entry.createdAt, now: now), HumanTime.ago(entry.lastHitAt, now: now),
                ])
        }
        return table.text
    }
}

struct GetCacheEntry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show what is kept under a key.")

    @Argument(help: "Name of the cache.")
    var cache: String

    @Argument(help: "Key of the entry.")
    var key: String

    @Option(name: .shortAndLong, help: ArgumentHelp("json or yaml.", valueName: "format"))
    var output = PlainOutput.yaml

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let query = CacheQuery(namespace: self.global.namespace, cache: self.cache, key: self.key)
        guard let entry = try await context.openCoordination(self.global).cacheEntries(query, after: nil, limit: 1).first else {
            throw OperationError(
                .notFound, "cache '\(self.cache)' has nothing under '\(self.key)' in namespace '\(self.global.namespace)'",
                hint: "see what there is: skiff cache list\(self.global.repeated)")
        }
        switch self.output {
        case .json: _ = context.console.write(entry.json.json(indent: 4) + "\n", .output)
        case .yaml: _ = context.console.write(try entry.json.yaml(), .output)
        case .name: _ = context.console.write("\(entry.cache)/\(entry.key)\n", .output)
        }
    }
}

struct DeleteCacheEntries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Forget entries: whatever has their keys runs again.")

    @Argument(help: "Name of the cache.")
    var cache: String

    @Argument(help: "Keys of the entries.")
    var keys: [String] = []

    @Flag(name: .long, help: "All entries of the cache.")
    var all = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.keys.isEmpty != self.all { throw ValidationError("name the keys to forget, or all of the cache with --all") }
    }

    func run() async throws {
        let context = CommandLineContext.current
        let operations = try await context.openCoordination(self.global)
        if self.all {
            let count = try await operations.deleteCacheEntries(CacheQuery(namespace: self.global.namespace, cache: self.cache))
            _ = context.console.write("\(count) \(count == 1 ? "entry" : "entries") of cache '\(self.cache)' deleted\n", .output)
            return
        }
        try await Targets.each(self.keys, context.console, self.global) { key in
            let query = CacheQuery(namespace: self.global.namespace, cache: self.cache, key: key)
            // Gone is what was asked for.
            let isGone = try await operations.deleteCacheEntries(query) > 0
            _ = context.console.write("Entry '\(key)' of cache '\(self.cache)' \(isGone ? "deleted" : "not found")\n", .output)
        }
    }
}

struct PruneCache: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "prune", abstract: "Forget entries that are old, or that nobody uses.")

    @Argument(help: "Name of a cache; all of the namespace when it is left out.")
    var cache: String?

    @Option(name: .long, help: ArgumentHelp("Entries that were made longer ago: 10m, 3h, 30d.", valueName: "duration"))
    var older: String?

    @Option(name: .long, help: ArgumentHelp("Entries that nobody took for longer: 10m, 3h, 30d.", valueName: "duration"))
    var unused: String?

    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Of all namespaces.")
    var allNamespaces = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.older == nil, self.unused == nil { throw ValidationError("say what to forget: --older or --unused") }
        if let older = self.older { _ = try RunSelection.duration(older, option: "--older") }
        if let unused = self.unused { _ = try RunSelection.duration(unused, option: "--unused") }
    }

    func run() async throws {
        let context = CommandLineContext.current
        let now = context.console.now()
        var query = CacheQuery(namespace: self.allNamespaces ? nil : self.global.namespace, cache: self.cache)
        if let older = self.older { query.createdBefore = now.earlier(by: try RunSelection.duration(older, option: "--older")) }
        if let unused = self.unused { query.lastHitBefore = now.earlier(by: try RunSelection.duration(unused, option: "--unused")) }
        let count = try await context.openCoordination(self.global).deleteCacheEntries(query)
        _ = context.console.write("\(count) \(count == 1 ? "entry" : "entries") deleted\n", .output)
    }
}

extension CacheEntry {
    fileprivate var json: JSONValue {
        [
            "namespace": .string(self.namespace), "cache": .string(self.cache), "key": .string(self.key), "run": .string(self.run),
            "creationTimestamp": .string(self.createdAt.rfc3339), "lastHitTimestamp": .string(self.lastHitAt.rfc3339),
            "outputs": self.outputs,
        ]
    }
}

extension Timestamp {
    fileprivate func earlier(by span: Span) -> Timestamp { Timestamp(milliseconds: self.milliseconds - span.milliseconds) }
}
