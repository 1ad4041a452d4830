import CLocalRuntime
import Engine
import Glibc

/// Where things are in the data directory.
struct DataLayout: Sendable {
    /// Absolute.
    let root: String

    func pods(of run: RunID) -> String { "\(self.root)/pods/\(run)" }
    func directory(of pod: PodID) -> String { "\(self.root)/pods/\(pod.run)/\(pod.node.ordinal)/\(pod.attempt)" }
    func claims(of run: RunID) -> String { "\(self.root)/claims/\(run)" }

    /// nil when the name is none that a directory can have.
    func claim(_ name: String, of run: RunID) -> String? {
        guard Self.isName(name) else { return nil }
        return "\(self.claims(of: run))/\(name)"
    }

    /// Claims of the store, which outlive runs; nil when a name is none that a directory can have.
    func persistentClaim(namespace: String, name: String) -> String? {
        guard Self.isName(namespace), Self.isName(name) else { return nil }
        return "\(self.root)/volumes/\(namespace)/\(name)"
    }

    /// Whether a text can be one component of a path.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && text.utf8.count <= 255 && !text.utf8.contains(UInt8(ascii: "/"))
            && !text.utf8.contains(0)
    }

    /// Makes the pod's directory with its parents.
    /// - Returns: 0 or an errno.
    func makeDirectory(of pod: PodID) -> Int32 {
        let node = "\(self.root)/pods/\(pod.run)/\(pod.node.ordinal)"
        let attempt = "\(node)/\(pod.attempt)"
        if Self.make(node) || errno != ENOENT { return Self.make(attempt) ? 0 : errno }
        let error = skiff_make_spread_directory("\(self.root)/pods")
        if error != 0 { return error }
        for directory in [self.pods(of: pod.run), node, attempt] where !Self.make(directory) { return errno }
        return 0
    }

    private static func make(_ path: String) -> Bool { mkdir(path, 0o700) == 0 || errno == EEXIST }

    /// The data directory as an absolute path without symbolic links, made if it is missing.
    static func prepare(_ path: String) throws(LocalRuntimeError) -> DataLayout {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            // A data directory is nobody else's business; its parents are as they are.
            if mkdir(made, 0o700) != 0 && errno != EEXIST { throw .dataDirectory(path: path, reason: errorText(errno)) }
        }
        guard let resolved = realpath(path, nil) else { throw .dataDirectory(path: path, reason: errorText(errno)) }
        defer { free(resolved) }
        let root = String(cString: resolved)
        guard access(root, W_OK | X_OK) == 0 else { throw .dataDirectory(path: path, reason: errorText(errno)) }
        return DataLayout(root: root)
    }
}

enum AbsolutePath {
    /// Without doubled slashes, `.` and `..`, and beginning at the root.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

/// Who Skiff is.
enum CurrentUser {
    static var user: Int { Int(geteuid()) }
    static var group: Int { Int(getegid()) }
    static var isRoot: Bool { geteuid() == 0 }
}
