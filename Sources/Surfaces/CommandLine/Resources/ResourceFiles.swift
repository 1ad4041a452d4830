import Diagnostics
import Manifests
import Operations
import WorkflowModel

/// Objects to store or to delete, read from files.
struct ResourceFiles {
    private(set) var manifests: [ResourceManifest] = []
    /// Warnings and hints.
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var excerpts: [String: [Substring]] = [:]

    /// - Parameter paths: files, directories, or `-` for standard input.
    /// - Throws: `ManifestFault` with everything that is wrong with their text.
    init(_ paths: [String]) throws {
        let reader = ManifestReader()
        for file in paths.flatMap({ reader.readFile(path: $0) }) {
            // Which kinds are stored is another matter than which can be run, and told by whoever stores them.
            self.diagnostics += file.diagnostics.filter { $0.code != .unknownKind || $0.severity == .error }
            self.excerpts[file.file] = file.lines
            self.manifests += file.documents.map { ResourceManifest(object: $0.value, source: $0.source) }
        }
        if self.diagnostics.contains(where: { $0.severity == .error }) {
            throw ManifestFault(diagnostics: self.diagnostics, excerpts: self.excerpts)
        }
    }

    /// Only the objects of one kind.
    /// - Throws: `OperationError.invalid` when there is none.
    mutating func keep(only kind: ResourceKind) throws {
        self.manifests.removeAll { ResourceView($0.object).kind != kind }
        if self.manifests.isEmpty {
            throw OperationError(
                .invalid, "there is no \(kind.rawValue) in these files", hint: "store objects of any kind with: skiff apply -f FILE")
        }
    }

    /// Changes every object.
    mutating func change(_ body: (inout JSONValue) -> Void) {
        for at in self.manifests.indices { body(&self.manifests[at].object) }
    }

    func tell(_ further: [Diagnostic], _ console: Console, _ options: GlobalOptions) {
        let list = DiagnosticList(self.diagnostics + further, excerpts: self.excerpts)
        _ = console.write(list.text(OutputStyle(console: console, channel: .errors, options)), .errors)
    }
}
