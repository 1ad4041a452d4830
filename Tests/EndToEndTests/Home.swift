import Glibc
import Testing

/// A directory of a test's own: a data directory, manifests, and a place for steps to write to.
final class Home: Sendable {
    let path: String

    var data: String { "\(self.path)/data" }
    /// Given to steps as a `hostPath` volume.
    var shared: String { "\(self.path)/shared" }

    init() throws {
        var template = Array("/var/tmp/skiff-end-to-end-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        try #require(mkdir(self.shared, 0o777) == 0)
    }

    deinit { Self.remove(self.path) }

    /// Writes a file.
    /// - Returns: its path.
    @discardableResult func file(_ name: String, _ text: String) throws -> String {
        let path = name.hasPrefix("/") ? name : "\(self.path)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            try #require(count > 0)
            bytes = bytes.dropFirst(count)
        }
        return path
    }

    func text(_ path: String) -> String? { Self.content(path.hasPrefix("/") ? path : "\(self.path)/\(path)") }

    private static func content(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    func exists(_ path: String) -> Bool { access("\(self.path)/\(path)", F_OK) == 0 }

    /// Processes of the machine whose environment holds a text.
    static func processes(marked text: String) -> [String] {
        self.entries("/proc").filter { Int($0) != nil && self.content("/proc/\($0)/environ")?.contains(text) == true }
    }

    private static func entries(_ path: String) -> [String] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in self.entries(path) { self.remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

/// Manifests, put together from what tests care about.
enum Flow {
    /// - Parameters:
    ///   - name: of the run.
    ///   - spec: the rest of `spec`, indented by two.
    static func workflow(_ name: String, _ spec: String) -> String {
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: \(name)\nspec:\n  entrypoint: main\n" + spec
    }

    /// One step that runs a shell command.
    static func shell(_ name: String, _ command: String, more: String = "") -> String {
        Self.workflow(name, more + "  templates:\n" + Self.template("main", command))
    }

    static func template(_ name: String, _ command: String, inputs: [String] = []) -> String {
        let declared = inputs.isEmpty ? "" : "    inputs: {parameters: [\(inputs.map { "{name: \($0)}" }.joined(separator: ", "))]}\n"
        let lines = command.split(separator: "\n", omittingEmptySubsequences: false).map { "          \($0)\n" }.joined()
        return
            "  - name: \(name)\n\(declared)    container:\n      image: busybox\n      command: [sh, -c]\n      args:\n      - |\n\(lines)"
    }

    /// A shell command that sees the home's shared directory, at the path it has on the machine: then no runtime has to move it.
    static func sharing(_ home: Home, _ name: String, _ command: String, inputs: [String] = []) -> String {
        Self.template(name, command, inputs: inputs) + "      volumeMounts: [{name: shared, mountPath: \(home.shared)}]\n"
    }

    static func volume(_ home: Home) -> String { "  volumes: [{name: shared, hostPath: {path: \(home.shared), type: Directory}}]\n" }
}
