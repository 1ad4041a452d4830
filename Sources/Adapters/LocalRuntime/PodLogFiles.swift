import CLocalRuntime
public import Engine
import Glibc
public import Ports
import Synchronization
import WorkflowModel

/// Reads the log files of pods, in whatever process: nothing but the data directory is needed.
public final class PodLogFiles: PodLogs {
    private let layout: DataLayout
    private let reactor = Mutex<Reactor?>(nil)

    public convenience init(dataDirectory: String) throws(LocalRuntimeError) {
        self.init(layout: try DataLayout.prepare(dataDirectory))
    }

    init(layout: DataLayout) { self.layout = layout }

    public func lines(of pod: PodID, _ query: LogQuery, follow: Bool) -> AsyncThrowingStream<LogLine, any Error> {
        // A name must not lead out of the directory.
        guard DataLayout.isName(query.container), DataLayout.isName(pod.run.text) else { return AsyncThrowingStream { $0.finish() } }
        let directory = self.layout.directory(of: pod)
        let reading = LogReading(directory: directory, query: query)
        if !follow { return AsyncThrowingStream { reading.next() } }
        let following = LogFollowing(directory: directory, reading: reading, reactor: self.sharedReactor())
        return AsyncThrowingStream { await following.next() }
    }

    /// Made when somebody first follows.
    private func sharedReactor() -> Reactor {
        self.reactor.withLock { reactor in
            let found = reactor ?? Reactor()
            reactor = found
            return found
        }
    }
}

/// Where a reader is in the files of a log. The stream that owns it asks for one line at a time.
private final class LogReading: @unchecked Sendable {
    private let directory: String
    /// Of the newest file.
    private let name: String
    private let since: Int64?
    private var tail: Int?
    private var file: Int32 = -1
    private var buffer: [UInt8] = []
    private var at = 0
    /// Looked up when reading begins, so that a stream that nobody reads costs nothing.
    private var hasBegun = false

    static let chunk = 64 << 10
    /// A line of a log file: a piece of 16 KiB and what stands before it.
    static let longestLine = 32 << 10

    init(directory: String, query: LogQuery) {
        self.directory = directory
        self.name = "\(query.container).log"
        self.since = query.since.map { $0.milliseconds.multipliedReportingOverflow(by: 1_000_000) }.map {
            $0.overflow ? .max : $0.partialValue
        }
        self.tail = query.tail
    }

    deinit { if self.file >= 0 { close(self.file) } }

    /// The next whole line that is wanted; nil when there is none (yet).
    func next() -> LogLine? {
        if !self.hasBegun {
            self.hasBegun = true
            self.begin()
        }
        while true {
            while let line = self.takeLine() {
                if let since = self.since, line.nanoseconds < since { continue }
                return line
            }
            if !self.fill() { return nil }
        }
    }

    /// Looks for files again, for a reader that came before the first one.
    func beginAgainIfNothingWasFound() {
        if self.file < 0 { self.hasBegun = false }
    }

    // MARK: lines

    private func takeLine() -> LogLine? {
        while let end = self.buffer[self.at...].firstIndex(of: 0x0A) {
            let line = self.buffer[self.at..<end]
            self.at = end + 1
            // What is no line of ours (the log was cut by a crash) is passed over.
            if let parsed = LogLine(criBytes: line) { return parsed }
        }
        return nil
    }

    private func fill() -> Bool {
        if self.file < 0 { return false }
        if self.at > 0 {
            self.buffer.removeFirst(self.at)
            self.at = 0
        }
        // Not a file of ours; forget what cannot become a line.
        if self.buffer.count > Self.longestLine { self.buffer.removeAll(keepingCapacity: true) }
        while true {
            let count = self.readChunk()
            if count > 0 { return true }
            if !self.advance() { return false }
            // The end of a rotated file ends its last line, whole or not.
            self.buffer.removeAll(keepingCapacity: true)
        }
    }

    private func readChunk() -> Int {
        let held = self.buffer.count
        self.buffer.append(contentsOf: repeatElement(0, count: Self.chunk))
        let count = self.buffer.withUnsafeMutableBytes { bytes in
            var count = read(self.file, bytes.baseAddress! + held, Self.chunk)
            while count < 0 && errno == EINTR { count = read(self.file, bytes.baseAddress! + held, Self.chunk) }
            return count
        }
        self.buffer.removeLast(Self.chunk - max(0, count))
        return count
    }

    // MARK: files

    private var current: String { "\(self.directory)/\(self.name)" }

    /// The numbers of the rotated files that exist, oldest first.
    private func rotated() -> [Int] {
        guard let entries = opendir(self.directory) else { return [] }
        defer { closedir(entries) }
        var numbers: [Int] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasPrefix("\(self.name)."), let number = Int(name.dropFirst(self.name.count + 1)) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    private func begin() {
        var opened: [Int32] = []
        // Again when a file was rotated while they were opened.
        for _ in 0..<16 {
            let numbers = self.rotated()
            opened = (numbers.map { "\(self.current).\($0)" } + [self.current]).map(Self.open).filter { $0 >= 0 }
            if self.rotated() == numbers { break }
            for file in opened { close(file) }
            opened = []
        }
        var first = 0
        if let tail = self.tail { first = LogTail.seek(opened, lines: tail) }
        for (index, file) in opened.enumerated() where index != first { close(file) }
        self.file = first < opened.count ? opened[first] : -1
    }

    /// Goes on to the file that followed the one at hand, if there is one.
    private func advance() -> Bool {
        guard let place = Self.identity(descriptor: self.file), Self.identity(path: self.current) != place else { return false }
        let numbers = self.rotated()
        // One that is no longer there was the oldest.
        let own = numbers.first { Self.identity(path: "\(self.current).\($0)") == place } ?? 0
        // Nothing is written to it any more: what was, before it was rotated, comes first.
        if self.readChunk() > 0 { return true }
        var next = self.open(after: own, of: numbers)
        // The newest may have been rotated in between; then it is not the one that follows.
        let later = self.rotated()
        if next >= 0, later != numbers {
            close(next)
            next = self.open(after: own, of: later)
        }
        guard next >= 0 else { return false }
        close(self.file)
        self.file = next
        return true
    }

    private func open(after own: Int, of numbers: [Int]) -> Int32 {
        Self.open(numbers.first { $0 > own }.map { "\(self.current).\($0)" } ?? self.current)
    }

    private static func open(_ path: String) -> Int32 { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }

    /// What tells files apart, whatever they are called.
    private struct Identity: Equatable {
        let device: dev_t
        let inode: ino_t
    }

    private static func identity(path: String) -> Identity? {
        var status = stat()
        return lstat(path, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }

    private static func identity(descriptor: Int32) -> Identity? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Identity(device: status.st_dev, inode: status.st_ino) : nil
    }
}

/// Finds where the last lines of a log begin.
private enum LogTail {
    /// Positions each file where reading has to begin.
    /// - Parameter files: oldest first.
    /// - Returns: the index of the first file to read.
    static func seek(_ files: [Int32], lines: Int) -> Int {
        var missing = max(0, lines)
        for index in files.indices.reversed() {
            let size = lseek(files[index], 0, SEEK_END)
            if missing == 0 { return index }
            let start = self.start(of: &missing, in: files[index], size: Int64(size))
            lseek(files[index], off_t(start), SEEK_SET)
            if missing == 0 { return index }
        }
        return 0
    }

    /// The offset where the last `missing` lines of a file begin; what it does not have stays missing.
    private static func start(of missing: inout Int, in file: Int32, size: Int64) -> Int64 {
        var end = size
        var isAtEnd = true
        var chunk = [UInt8](repeating: 0, count: LogReading.chunk)
        while end > 0 {
            let length = min(Int64(chunk.count), end)
            guard pread(file, &chunk, Int(length), off_t(end - length)) == Int(length) else { return 0 }
            for index in stride(from: Int(length) - 1, through: 0, by: -1) where chunk[index] == 0x0A {
                // The newline at the very end closes the last line and opens none.
                if isAtEnd {
                    isAtEnd = false
                    continue
                }
                missing -= 1
                if missing == 0 { return end - length + Int64(index) + 1 }
            }
            isAtEnd = false
            end -= length
        }
        if size > 0 { missing -= 1 }
        return 0
    }
}

/// Reads on until the pod has ended, woken by changes in its directory and by the end of its supervisor.
private final class LogFollowing: @unchecked Sendable {
    private let directory: String
    private let reading: LogReading
    private let reactor: Reactor
    private let changes: Int32
    private var hasEnded = false

    init(directory: String, reading: LogReading, reactor: Reactor) {
        self.directory = directory
        self.reading = reading
        self.reactor = reactor
        self.changes = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        let mask = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
        // No directory, no pod: there is nothing to wait for.
        if self.changes < 0 || inotify_add_watch(self.changes, directory, mask) < 0 { self.hasEnded = true }
    }

    deinit { if self.changes >= 0 { close(self.changes) } }

    func next() async -> LogLine? {
        while true {
            if let line = self.reading.next() { return line }
            if self.hasEnded || Task.isCancelled { return nil }
            self.reading.beginAgainIfNothingWasFound()
            self.forgetChanges()
            if let line = self.reading.next() { return line }
            await self.waitForChange()
        }
    }

    private func forgetChanges() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while read(self.changes, &bytes, bytes.count) > 0 {}
    }

    private func waitForChange() async {
        var process: Int32 = -1
        let state = skiff_pod_inspect(self.directory, &process)
        defer { if process >= 0 { close(process) } }
        guard state == SKIFF_POD_HELD.rawValue || state == SKIFF_POD_NEVER_STARTED.rawValue, access(self.directory, F_OK) == 0 else {
            // The pod is over; what was written until then is still read.
            self.hasEnded = true
            self.reading.beginAgainIfNothingWasFound()
            return
        }
        let both = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard both >= 0 else {
            self.hasEnded = true
            return
        }
        defer { close(both) }
        for descriptor in [self.changes, process] where descriptor >= 0 {
            var event = epoll_event()
            event.events = EPOLLIN.rawValue
            epoll_ctl(both, EPOLL_CTL_ADD, descriptor, &event)
        }
        await self.reactor.readable(both)
    }
}

extension LogLine {
    /// Reads a line of a log file: `<RFC 3339 time> stdout|stderr F|P <text>`.
    init?(criBytes line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let nanoseconds = Self.nanoseconds(parts[0]),
            let stream = Stream(rawValue: String(decoding: parts[1], as: UTF8.self)), parts[2].count == 1
        else { return nil }
        self.init(
            nanoseconds: nanoseconds, stream: stream, text: String(decoding: parts[3], as: UTF8.self),
            isPartial: parts[2].first == UInt8(ascii: "P"))
    }

    /// Nanoseconds since 1970 of `2026-11-21T04:32:00.123456789Z`.
    private static func nanoseconds(_ text: ArraySlice<UInt8>) -> Int64? {
        guard text.count == 30, let seconds = Timestamp(rfc3339: String(decoding: text.prefix(19), as: UTF8.self) + "Z") else { return nil }
        var fraction: Int64 = 0
        for byte in text.dropFirst(20).prefix(9) {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            fraction = fraction * 10 + Int64(byte - 0x30)
        }
        return seconds.milliseconds * 1_000_000 + fraction
    }
}
