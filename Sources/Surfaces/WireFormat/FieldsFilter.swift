public import WorkflowModel

/// The query parameter `fields`: which parts of an answer are wanted.
///
/// A list of paths with dots and commas, `metadata.name,status.phase`: only these are kept. With `-` in front, `-status.nodes`, all but these
/// are. A path goes through arrays without saying so: `items.metadata.name`.
public struct FieldsFilter: Sendable, Equatable {
    /// Keys and what is wanted below them; a leaf means everything below.
    private struct Tree: Sendable, Equatable {
        var branches: [String: Tree] = [:]

        mutating func add(_ path: some Collection<Substring>) {
            guard let first = path.first else { return }
            let key = String(first)
            // A whole was named already: its parts add nothing.
            if let known = self.branches[key], known.branches.isEmpty { return }
            var branch = self.branches[key] ?? Tree()
            if path.count == 1 { branch = Tree() } else { branch.add(path.dropFirst()) }
            self.branches[key] = branch
        }
    }

    private let tree: Tree
    private let excludes: Bool

    /// Keeps everything.
    public static let all = FieldsFilter(nil)

    public init(_ text: String?) {
        var text = Substring(text ?? "")
        self.excludes = text.first == "-"
        if self.excludes { text = text.dropFirst() }
        var tree = Tree()
        for path in text.split(separator: ",") { tree.add(path.split(separator: ".")) }
        self.tree = tree
    }

    public var keepsEverything: Bool { self.tree.branches.isEmpty }

    /// Whether something of the part at that path is kept.
    public func wants(_ path: String) -> Bool {
        if self.keepsEverything { return true }
        var tree = self.tree
        for key in path.split(separator: ".") {
            guard let branch = tree.branches[String(key)] else { return self.excludes }
            // A whole is named here.
            if branch.branches.isEmpty { return !self.excludes }
            tree = branch
        }
        return true
    }

    /// Whether nothing is kept below a path but what the given ones name.
    /// - Parameter prefix: the path with a dot at its end; empty for the whole answer.
    public func staysWithin(_ paths: [String], below prefix: String) -> Bool {
        if self.excludes || self.keepsEverything { return false }
        var tree = self.tree
        for key in prefix.split(separator: ".") {
            // Nothing below is wanted at all.
            guard let branch = tree.branches[String(key)] else { return true }
            if branch.branches.isEmpty { return false }
            tree = branch
        }
        return Self.leaves(of: tree, prefix: prefix).allSatisfy { leaf in paths.contains { leaf == $0 || leaf.hasPrefix($0 + ".") } }
    }

    private static func leaves(of tree: Tree, prefix: String) -> [String] {
        tree.branches.flatMap { key, branch in
            branch.branches.isEmpty ? [prefix + key] : Self.leaves(of: branch, prefix: prefix + key + ".")
        }
    }

    public func applied(to value: JSONValue) -> JSONValue {
        if self.keepsEverything { return value }
        return self.excludes ? Self.without(self.tree, value) : Self.only(self.tree, value)
    }

    private static func only(_ tree: Tree, _ value: JSONValue) -> JSONValue {
        if tree.branches.isEmpty { return value }
        switch value {
        case .object(let object):
            var kept = JSONObject()
            for (key, part) in object { if let branch = tree.branches[key] { kept[key] = Self.only(branch, part) } }
            return .object(kept)
        case .array(let items): return .array(items.map { Self.only(tree, $0) })
        case .null, .bool, .number, .string: return value
        }
    }

    private static func without(_ tree: Tree, _ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var kept = JSONObject()
            kept.reserveCapacity(object.count)
            for (key, part) in object {
                guard let branch = tree.branches[key] else {
                    kept[key] = part
                    continue
                }
                if !branch.branches.isEmpty { kept[key] = Self.without(branch, part) }
            }
            return .object(kept)
        case .array(let items): return .array(items.map { Self.without(tree, $0) })
        case .null, .bool, .number, .string: return value
        }
    }
}
