import Diagnostics
import Foundation
import Manifests

/// The root of the package.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

func read(_ text: String, limits: ManifestLimits = .init()) -> ManifestFile {
    ManifestReader(limits: limits).read(file: "flow.yaml", bytes: Array(text.utf8))
}

extension ManifestFile {
    /// One line a diagnostic, and one for its hint: what the goldens hold.
    var report: String {
        self.diagnostics.map { diagnostic in
            var text = diagnostic.position.map { "\($0.line):\($0.column)+\(diagnostic.length) " } ?? ""
            text += "\(diagnostic.severity) [\(diagnostic.code)] \(diagnostic.message)"
            if !diagnostic.path.text.isEmpty { text += " (at \(diagnostic.path))" }
            if let hint = diagnostic.hint { text += "\n    hint: \(hint)" }
            return text + "\n"
        }.joined()
    }

    var codes: [String] { self.diagnostics.map(\.code.text) }
}

/// A directory that is removed with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent("manifests-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// Writes a file, and the directories above it.
    func write(_ name: String, _ text: String) throws {
        let file = URL(fileURLWithPath: self.path).appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}
