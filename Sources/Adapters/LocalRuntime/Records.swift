import Engine
import Glibc
import WorkflowModel

/// A start record: the main process was about to run.
struct StartRecord: Equatable {
    var bootID: String
    var kind: LocalRuntimeKind?
    var at: Timestamp

    /// nil when the record was cut off, or refuses the pod.
    init?(_ text: String) {
        guard let fields = RecordFields(text), let at = fields["at"].flatMap({ Int64($0) }), let bootID = fields["boot"] else { return nil }
        self.bootID = String(bootID)
        self.kind = fields["runtime"].flatMap { LocalRuntimeKind(rawValue: String($0)) }
        self.at = Timestamp(milliseconds: at / 1_000_000)
    }

    static func read(in directory: String) -> StartRecord? {
        FileText.read("\(directory)/start", limit: 4096).flatMap { StartRecord(String(decoding: $0, as: UTF8.self)) }
    }
}

/// What an output is called, in a form that travels through the exit record.
struct OutputLabel: Equatable {
    var isRequired: Bool
    /// nil for a parameter.
    var archive: ArtifactArchive?
    var name: String
    var path: String

    init(_ parameter: OutputRequest.Parameter) {
        self.isRequired = parameter.isRequired
        self.name = parameter.name
        self.path = parameter.path
    }

    init(_ artifact: OutputRequest.Artifact) {
        self.isRequired = !artifact.isOptional
        self.archive = artifact.archive
        self.name = artifact.name
        self.path = artifact.path
    }

    /// `required|optional`, archive or `-`, name, path. Only the path may hold blanks.
    var text: String { "\(self.isRequired ? "required" : "optional") \(self.archive?.rawValue ?? "-") \(self.name) \(self.path)" }

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        self.isRequired = parts[0] == "required"
        self.archive = ArtifactArchive(rawValue: String(parts[1]))
        self.name = String(parts[2])
        self.path = String(parts[3])
    }

    /// Last component of the path, as the artifact is called from now on.
    var fileName: String {
        let last = self.path.split(separator: "/", omittingEmptySubsequences: true).last.map(String.init) ?? "root"
        return last == "." || last == ".." ? "files" : last
    }
}

/// An exit record: how the pod ended and which outputs were collected.
struct ExitRecord: Equatable {
    enum Verdict: Equatable {
        case file, directory, missing
        case failed(String)

        init(_ text: some StringProtocol) {
            switch text {
            case "file": self = .file
            case "directory": self = .directory
            case "missing": self = .missing
            default: self = .failed(String(text.hasPrefix("error ") ? text.dropFirst(6) : text[...]))
            }
        }
    }
    struct Output: Equatable {
        var index: Int
        var label: OutputLabel
        var verdict: Verdict
    }

    /// The life of the machine in which it was written; nil in records of earlier versions.
    var bootID: String?
    /// What it speaks of reached the disk before it did.
    var isSynced: Bool
    /// nil when the main process never ran.
    var code: Int?
    /// Kubernetes' word for a special end, like `OOMKilled`.
    var reason: String?
    var startedAt: Timestamp?
    var finishedAt: Timestamp
    /// Kind (`not-started`, `outputs`) and message.
    var error: (kind: String, message: String)?
    var cpuMillis: Int64?
    var peakMemoryBytes: Int64?
    var hasResult: Bool
    var parameters: [Output]
    var artifacts: [Output]
    /// Of a container set.
    var containers: [ContainerState]

    /// nil when the record was cut off.
    init?(_ text: String) {
        guard let fields = RecordFields(text), let finished = fields["finished"].flatMap({ Int64($0) }) else { return nil }
        self.bootID = fields["boot"].map(String.init)
        self.isSynced = fields["synced"] != nil
        self.code = fields["code"].flatMap { Int($0) }
        self.startedAt = fields["started"].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0 / 1_000_000) }
        self.finishedAt = Timestamp(milliseconds: finished / 1_000_000)
        self.cpuMillis = fields["cpu"].flatMap { Int64($0) }
        self.peakMemoryBytes = fields["peak"].flatMap { Int64($0) }
        self.hasResult = fields["result"] != nil
        if let error = fields["error"] {
            let parts = error.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            self.error = (String(parts[0]), RecordFields.unescaped(parts.count > 1 ? parts[1] : ""))
        }
        self.parameters = fields.all("parameter").compactMap(Self.output)
        self.artifacts = fields.all("artifact").compactMap(Self.output)
        self.containers = fields.all("container").compactMap { ContainerState($0) }
        self.reason = fields["reason"].map(String.init)
    }

    /// Whether everything it speaks of is sure to be on the disk. After a restart of the machine outputs may be cut off that the record has whole.
    func isTrusted(in bootID: String) -> Bool { self.isSynced || (self.bootID ?? bootID) == bootID }

    private static func output(_ text: Substring) -> Output? {
        let halves = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, let blank = halves[0].firstIndex(of: " "), let index = Int(halves[0][..<blank]),
            let label = OutputLabel(RecordFields.unescaped(halves[0][halves[0].index(after: blank)...]))
        else { return nil }
        return Output(index: index, label: label, verdict: Verdict(RecordFields.unescaped(halves[1])))
    }

    static func read(in directory: String) -> ExitRecord? {
        FileText.read("\(directory)/exit", limit: 64 << 20).flatMap { ExitRecord(String(decoding: $0, as: UTF8.self)) }
    }

    static func == (left: ExitRecord, right: ExitRecord) -> Bool {
        left.bootID == right.bootID && left.isSynced == right.isSynced && left.code == right.code && left.startedAt == right.startedAt
            && left.finishedAt == right.finishedAt
            && left.error?.kind == right.error?.kind && left.error?.message == right.error?.message && left.cpuMillis == right.cpuMillis
            && left.peakMemoryBytes == right.peakMemoryBytes && left.hasResult == right.hasResult && left.parameters == right.parameters
            && left.artifacts == right.artifacts && left.reason == right.reason && left.containers == right.containers
    }
}

/// How far a container of a set has come.
struct ContainerState: Equatable {
    var name: String
    /// nil when its program never ran.
    var startedAt: Timestamp?
    /// nil while it runs.
    var result: ContainerResult?
    /// When that was, exactly: containers follow each other within a millisecond.
    var startedNanoseconds: Int64 = 0
    var finishedNanoseconds: Int64 = 0

    /// `<started> <finished> <code> <reason> <name>`, `-` for what is not, and after a tab what went wrong.
    init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = (halves.first ?? "").split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard halves.count == 2, parts.count == 5 else { return nil }
        self.name = RecordFields.unescaped(Substring(parts[4]))
        self.startedAt = Int64(parts[0]).map { Timestamp(milliseconds: $0 / 1_000_000) }
        self.startedNanoseconds = Int64(parts[0]) ?? 0
        guard let finished = Int64(parts[1]) else { return }
        self.finishedNanoseconds = finished
        let problem = RecordFields.unescaped(Substring(halves[1]))
        let end: PodResult.End = Int(parts[2]).map { .exited(code: $0) } ?? .notStarted(message: problem)
        self.result = ContainerResult(
            name: self.name, end: end, startedAt: self.startedAt, finishedAt: Timestamp(milliseconds: finished / 1_000_000),
            reason: parts[3] == "-" ? nil : String(parts[3]))
    }
}

/// A state record: what a pod that runs has to tell. Each replaces the one before.
struct StateRecord: Equatable {
    var readyAt: Timestamp?
    var progress: Progress?
    var containers: [ContainerState]

    struct Progress: Equatable {
        var done: Int64
        var all: Int64
    }

    init(containers: [ContainerState]) { self.containers = containers }

    /// nil when it is none.
    init?(_ text: String) {
        guard let fields = RecordFields(text) else { return nil }
        self.init(containers: fields.all("container").compactMap { ContainerState($0) })
        self.readyAt = fields["ready"].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0 / 1_000_000) }
        let numbers = (fields["progress"] ?? "").split(separator: " ").compactMap { Int64($0) }
        if numbers.count == 2 { self.progress = Progress(done: numbers[0], all: numbers[1]) }
    }

    static func read(in directory: String) -> StateRecord? {
        FileText.read("\(directory)/state", limit: 64 << 20).flatMap { StateRecord(String(decoding: $0, as: UTF8.self)) }
    }
}

/// Lines `key value` up to a line `end`.
private struct RecordFields {
    private let lines: [(key: Substring, value: Substring)]

    init?(_ text: String) {
        var lines: [(key: Substring, value: Substring)] = []
        // Not isNewline: a carriage return may be part of a message.
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = Substring(line)
            if line == "end" {
                self.lines = lines
                return
            }
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            lines.append((parts[0], parts.count > 1 ? parts[1] : ""))
        }
        return nil
    }

    subscript(key: String) -> Substring? { self.lines.first { $0.key == key }?.value }
    func all(_ key: String) -> [Substring] { self.lines.filter { $0.key == key }.map(\.value) }

    static func unescaped(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            if isEscaped {
                plain.append(byte == UInt8(ascii: "n") ? 0x0A : byte == UInt8(ascii: "t") ? 0x09 : byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}

enum FileText {
    /// The whole content of a small file; nil when it cannot be read or is larger than `limit`.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= limit else { return nil }
        // Files of /proc say that they are empty.
        let size = status.st_size > 0 ? Int(status.st_size) : min(limit, 4096)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let received = Glibc.read(file, buffer.baseAddress! + count, size - count)
                if received < 0 && errno == EINTR { continue }
                if received <= 0 { break }
                count += received
            }
        }
    }
}
