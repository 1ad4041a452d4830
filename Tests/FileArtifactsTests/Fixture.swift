import Engine
import FileArtifacts
import Foundation
import Ports

/// A data directory of its own for one test, removed with it.
final class Workspace: Sendable {
    let path: String
    let store: FileArtifactStore

    init(limits: ArchiveLimits = ArchiveLimits()) throws {
        self.path = try Self.makeTemporary(in: "/tmp")
        self.store = FileArtifactStore(dataDirectory: self.path, limits: limits)
        try FileManager.default.createDirectory(atPath: self.path + "/pod", withIntermediateDirectories: true)
    }

    /// - Parameter disk: the size of a file system of its own, which only root may mount, for the artifacts and the scratch directory.
    convenience init(disk: String) throws {
        try self.init()
        for directory in ["/artifacts", "/scratch"] {
            try FileManager.default.createDirectory(atPath: self.path + directory, withIntermediateDirectories: true)
            guard mount("tmpfs", self.path + directory, "tmpfs", 0, "size=\(disk)") == 0 else { throw CocoaError(.fileWriteVolumeReadOnly) }
        }
    }

    deinit {
        for directory in ["/artifacts", "/scratch"] { umount2(self.path + directory, Int32(MNT_DETACH)) }
        // A remainder in /tmp would harm nobody.
        try? FileManager.default.removeItem(atPath: self.path)
    }

    static func makeTemporary(in parent: String) throws -> String {
        var template = Array("\(parent)/skiff-art-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var scratch: String { self.path + "/scratch" }
    func pod(_ name: String) -> String { self.path + "/pod/" + name }
    func stored(_ key: String) -> String { self.path + "/artifacts/" + key }

    func write(_ text: String, to name: String) throws {
        let url = URL(fileURLWithPath: self.pod(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Saves what lies in the pod directory under a name.
    @discardableResult
    func save(_ name: String, archive: ArtifactArchive = .tar, key: String = "run/3/0/data") async throws -> StoredArtifact {
        try await self.store.save(
            CollectedArtifact(
                name: "data", path: self.pod(name), fileName: URL(fileURLWithPath: name).lastPathComponent, archive: archive,
                isDirectory: Tree(self.pod(name)) != .file("")), key: key)
    }

    /// Saves bytes as an artifact that is not packed.
    func save(_ bytes: [UInt8], as name: String, archive: ArtifactArchive = .none, key: String = "run/4/0/packed") async throws
        -> StoredArtifact
    {
        try Data(bytes).write(to: URL(fileURLWithPath: self.pod(name)))
        return try await self.save(name, archive: archive, key: key)
    }

    func place(_ artifact: StoredArtifact, _ archive: ArtifactArchive? = nil) async throws -> String {
        try await self.store.place(artifact, archive: archive, scratch: self.scratch)
    }
}

/// What lies at a path, as a value to compare.
indirect enum Tree: Equatable {
    case file(String)
    case directory([String: Tree])
    case link(String)
    case nothing

    init(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            self = .nothing
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFLNK: self = .link((try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? "?")
        case S_IFDIR:
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            self = .directory(Dictionary(uniqueKeysWithValues: names.map { ($0, Tree(path + "/" + $0)) }))
        default: self = .file(String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self))
        }
    }
}

func mode(_ path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 ? Int(status.st_mode & 0o7777) : -1
}

/// One entry of an archive made by hand, for what no honest program would write.
struct HandMade {
    var name: String
    var text = ""
    /// tar's: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` directory, `6` pipe.
    var type: Character = "0"
    var link = ""
    var mode = 0o644

    static func tar(_ entries: [HandMade]) -> [UInt8] { entries.flatMap(\.tarred) + [UInt8](repeating: 0, count: 1024) }

    private var tarred: [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8) }
        func octal(_ number: Int, _ width: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        put(self.name, at: 0)
        put(octal(self.mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(self.text.utf8.count, 11), at: 124)
        put(octal(1_700_000_000, 11), at: 136)
        put("        ", at: 148)
        put(String(self.type), at: 156)
        put(self.link, at: 157)
        put("ustar\u{0}00", at: 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        let padding = (512 - self.text.utf8.count % 512) % 512
        return header + Array(self.text.utf8) + [UInt8](repeating: 0, count: padding)
    }

    static func zip(_ entries: [HandMade]) -> [UInt8] {
        var files: [UInt8] = []
        var directory: [UInt8] = []
        func little(_ number: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        for entry in entries {
            let content = Array((entry.type == "2" ? entry.link : entry.text).utf8)
            let common =
                little(20, 2) + little(0x800, 2) + little(0, 2) + little(0, 4) + little(Self.checksum(content), 4)
                + little(content.count, 4) + little(content.count, 4)
                + little(entry.name.utf8.count, 2) + little(0, 2)
            let kind = entry.type == "2" ? 0o120000 : entry.type == "5" ? 0o040000 : 0o100000
            directory += little(0x0201_4b50, 4) + little(3 << 8 | 20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2)
            directory += little((kind | entry.mode) << 16, 4) + little(files.count, 4) + Array(entry.name.utf8)
            files += little(0x0403_4b50, 4) + common + Array(entry.name.utf8) + content
        }
        return files + directory + little(0x0605_4b50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
            + little(directory.count, 4)
            + little(files.count, 4) + little(0, 2)
    }

    private static func checksum(_ bytes: [UInt8]) -> Int {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return Int(~crc)
    }
}

/// Runs a program of the system and returns what it printed.
func output(of program: String, _ arguments: [String], input: [UInt8]? = nil) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let (read, write) = (Pipe(), Pipe())
    process.standardOutput = read
    process.standardInput = write
    try process.run()
    if let input { try write.fileHandleForWriting.write(contentsOf: Data(input)) }
    try write.fileHandleForWriting.close()
    let data = read.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return Array(data)
}

func gzipped(_ bytes: [UInt8]) throws -> [UInt8] { try output(of: "gzip", ["-n", "-c"], input: bytes) }
