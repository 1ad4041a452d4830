import Glibc
import Testing

/// The directory of the project, for tests of its documents and examples.
enum SourceDirectory {
    static let path = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

    /// Not in any order.
    static func names(in directory: String) throws -> [String] {
        let stream = try #require(opendir(directory), "\(directory)")
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                })
        }
        return names
    }

    /// The YAML files below a directory.
    static func manifests(below directory: String) throws -> [String] {
        try self.names(in: directory).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            var status = stat()
            let path = "\(directory)/\(name)"
            try #require(stat(path, &status) == 0)
            if status.st_mode & S_IFMT == S_IFDIR { return try self.manifests(below: path) }
            return name.hasSuffix(".yaml") ? [path] : []
        }
    }
}
