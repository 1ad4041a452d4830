/// How many runs are carried out at once. Those that are under way are never stopped for it.
public struct RunLimits: Sendable, Equatable {
    /// Of all namespaces together; nil for any number.
    public var total: Int?
    /// Of each namespace that says nothing else; nil for any number.
    public var perNamespace: Int?
    /// Of namespaces that say so themselves, by their label; 0 for any number.
    public var namespaces: [String: Int]

    public init(total: Int?, perNamespace: Int? = nil, namespaces: [String: Int] = [:]) {
        self.total = total
        self.perNamespace = perNamespace
        self.namespaces = namespaces
    }

    /// What holds where nobody says otherwise. A run that is under way takes memory, so that there is an end to them.
    public static let standard = RunLimits(total: 1000)

    /// Label of a Namespace, as in Argo.
    static let label = "workflows.argoproj.io/parallelism-limit"

    func limit(of namespace: String) -> Int? {
        guard let own = self.namespaces[namespace] else { return self.perNamespace }
        return own > 0 ? own : nil
    }
}

/// Which runs have a place among those that are carried out.
struct RunPlaces: Sendable, Equatable {
    var limits: RunLimits
    private(set) var count = 0
    private var counts: [String: Int] = [:]

    init(limits: RunLimits) { self.limits = limits }

    /// How many more may begin, whatever their namespace.
    var free: Int { self.limits.total.map { max(0, $0 - self.count) } ?? .max }

    /// Namespaces that have as many runs as they may.
    var full: Set<String> {
        Set(self.counts.filter { namespace, count in self.limits.limit(of: namespace).map { count >= $0 } ?? false }.keys)
    }

    func admits(_ namespace: String) -> Bool {
        self.free > 0 && self.limits.limit(of: namespace).map { self.counts[namespace] ?? 0 < $0 } ?? true
    }

    /// Counts a run, whether or not there is room.
    mutating func take(_ namespace: String) {
        self.count += 1
        self.counts[namespace, default: 0] += 1
    }

    mutating func giveBack(_ namespace: String) {
        self.count -= 1
        let left = (self.counts[namespace] ?? 0) - 1
        self.counts[namespace] = left > 0 ? left : nil
    }
}
