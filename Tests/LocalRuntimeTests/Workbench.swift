import CLocalRuntime
import Engine
import Glibc
import LocalRuntime
import Ports
import Synchronization
import Testing
import WorkflowModel

/// Every behaviour is tested one after the other: several tests count the processes and descriptors of this process.
@Suite(.serialized) struct LocalRuntimeTests {}

let bothKinds: [LocalRuntimeKind] = [.sandbox, .process]

/// One launcher for all tests, as there is one in the program.
let sharedLauncher: Launcher = {
    do { return try Launcher() } catch { fatalError("\(error)") }
}()

/// A data directory, a runtime on it and the news of its pods.
final class Workbench: Sendable {
    /// Holds the data directory and whatever else a test wants on disk.
    let root: String
    let runtime: LocalRuntime
    let news: News
    private let owner: Bool
    /// Of this workbench alone, because marks of pods are looked for on the whole machine.
    let run: RunID

    var data: String { "\(self.root)/data" }

    /// - Parameter root: of another workbench, to stand for a second Skiff on the same data.
    init(_ kind: LocalRuntimeKind, at root: String? = nil, configure: (inout LocalRuntimeConfiguration) -> Void = { _ in }) throws {
        self.owner = root == nil
        self.root = root ?? Self.temporaryDirectory()
        var configuration = LocalRuntimeConfiguration(dataDirectory: "\(self.root)/data", kind: kind)
        configure(&configuration)
        self.runtime = try LocalRuntime(configuration: configuration, launcher: sharedLauncher)
        self.news = News(self.runtime.events)
        self.run = RunID("run-\(self.root.split(separator: "-").last ?? "")")
    }

    deinit { if self.owner { _ = skiff_remove_tree(self.root) } }

    static func temporaryDirectory() -> String {
        var template = Array("/var/tmp/skiff-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary directory: \(errno)") }
        return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    func pod(_ node: Int = 1, attempt: Int = 0) -> PodID { PodID(run: self.run, node: NodeID(node), attempt: attempt) }
    func directory(_ pod: PodID) -> String { "\(self.data)/pods/\(pod.run)/\(pod.node.ordinal)/\(pod.attempt)" }

    /// A pod that runs a shell command.
    func shell(
        _ command: String, node: Int = 1, env: [EnvironmentEntry] = [], mounts: [VolumeMountRequest] = [], volumes: [VolumeRequest] = [],
        inputs: [PlacedInput] = [], outputs: OutputRequest = OutputRequest(), secrets: [String: [String: [UInt8]]] = [:],
        grace: Span = .seconds(30), change: (inout PodRequest) -> Void = { _ in }
    ) -> PodLaunch {
        let main = ContainerRequest(image: "test:1", command: ["/bin/sh", "-c", command], env: env, mounts: mounts)
        var request = PodRequest(
            id: self.pod(node), podName: "pod-\(node)", main: main, volumes: volumes, outputs: outputs, gracePeriod: grace)
        change(&request)
        return PodLaunch(request: request, inputs: inputs, secrets: secrets)
    }

    /// A container that runs a shell command.
    func container(_ name: String, _ command: String, change: (inout ContainerRequest) -> Void = { _ in }) -> ContainerRequest {
        var container = ContainerRequest(name: name, image: "test:1", command: ["/bin/sh", "-c", command])
        change(&container)
        return container
    }

    /// What a container wrote to one of its streams.
    func text(_ pod: PodID, _ container: String = "main", _ stream: LogLine.Stream = .stdout) async throws -> String {
        try await self.lines(pod, LogQuery(container: container)).filter { $0.stream == stream }.map(\.text).joined(separator: "\n")
    }

    /// Launches and waits for the end.
    func finish(_ launch: PodLaunch) async throws -> Ending {
        await self.runtime.launch(launch)
        return try await self.news.end(of: launch.request.id)
    }

    /// Standard output of a step that is expected to succeed.
    func output(_ launch: PodLaunch, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String {
        let ending = try await self.finish(launch)
        let lines = try await self.lines(launch.request.id)
        let text = lines.filter { $0.stream == .stdout }.map(\.text).joined(separator: "\n")
        #expect(ending.result?.end == .exited(code: 0), "\(lines.map(\.text))", sourceLocation: sourceLocation)
        return text
    }

    func lines(_ pod: PodID, _ query: LogQuery = LogQuery(), follow: Bool = false) async throws -> [LogLine] {
        var lines: [LogLine] = []
        for try await line in self.runtime.lines(of: pod, query, follow: follow) { lines.append(line) }
        return lines
    }

    /// Waits until a container of a running pod has printed a line.
    func wait(for text: String, in pod: PodID, _ container: String = "main") async throws {
        for try await line in self.runtime.lines(of: pod, LogQuery(container: container), follow: true) where line.text == text { return }
        Issue.record("the pod ended without printing '\(text)'")
    }
}

/// How a pod ended.
struct Ending: Sendable {
    var result: PodResult?
    var collected: [CollectedArtifact] = []
    var lostBecause: String?
    /// All events of the pod in order, by name.
    var history: [String] = []
}

/// Takes the events of a runtime and lets tests wait for the one they need.
actor News {
    private var endings: [PodID: Ending] = [:]
    private var histories: [PodID: [String]] = [:]
    private var started: Set<PodID> = []
    private var waitingForEnd: [PodID: [CheckedContinuation<Ending, Never>]] = [:]
    private var waitingForEvent: [PodID: [(event: String, continuation: CheckedContinuation<Void, Never>)]] = [:]
    private var waitingForStart: [PodID: [CheckedContinuation<Void, Never>]] = [:]

    init(_ events: AsyncStream<PodEvent>) {
        // Ends with the stream, that is with the runtime.
        Task { for await event in events { await self.take(event) } }
    }

    func end(of pod: PodID) async throws -> Ending {
        if let ending = self.endings[pod] { return ending }
        return await withCheckedContinuation { self.waitingForEnd[pod, default: []].append($0) }
    }

    func start(of pod: PodID) async {
        if self.started.contains(pod) { return }
        await withCheckedContinuation { self.waitingForStart[pod, default: []].append($0) }
    }

    /// Returns when an event has come, or the pod's end.
    func event(_ event: String, of pod: PodID) async {
        if self.histories[pod]?.contains(event) == true || self.endings[pod] != nil { return }
        await withCheckedContinuation { self.waitingForEvent[pod, default: []].append((event, $0)) }
    }

    func history(of pod: PodID) -> [String] { self.histories[pod] ?? [] }

    /// So that the end of a pod that is launched again can be waited for.
    func forget(_ pod: PodID) {
        self.endings[pod] = nil
        self.histories[pod] = nil
    }

    private func take(_ event: PodEvent) {
        switch event {
        case .started(let pod, _):
            self.histories[pod, default: []].append("started")
            self.started.insert(pod)
            for waiting in self.waitingForStart.removeValue(forKey: pod) ?? [] { waiting.resume() }
        case .ready(let pod, _): self.note("ready", of: pod)
        case .containerStarted(let pod, let container, _): self.note("started \(container)", of: pod)
        case .containerFinished(let pod, let result): self.note("finished \(result.name)", of: pod)
        case .progress(let pod, let done, let all): self.note("progress \(done)/\(all)", of: pod)
        case .finished(let pod, let result, let collected):
            self.histories[pod, default: []].append("finished")
            self.ended(pod, Ending(result: result, collected: collected, history: self.histories[pod] ?? []))
        case .lost(let pod, let reason, _):
            self.histories[pod, default: []].append("lost")
            self.ended(pod, Ending(lostBecause: reason, history: self.histories[pod] ?? []))
        }
    }

    private func note(_ event: String, of pod: PodID) {
        self.histories[pod, default: []].append(event)
        let waiting = self.waitingForEvent.removeValue(forKey: pod) ?? []
        for one in waiting where one.event == event { one.continuation.resume() }
        self.waitingForEvent[pod] = waiting.filter { $0.event != event }
    }

    private func ended(_ pod: PodID, _ ending: Ending) {
        self.endings[pod] = ending
        // What has not come by now never will; the test sees that in the history.
        for waiting in self.waitingForEvent.removeValue(forKey: pod) ?? [] { waiting.continuation.resume() }
        for waiting in self.waitingForEnd.removeValue(forKey: pod) ?? [] { waiting.resume(returning: ending) }
    }
}

// MARK: looking at the machine

enum Machine {
    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
        close(file)
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// All files below a directory.
    static func files(below path: String) -> [String] {
        self.entries(path).flatMap { name in
            let inner = "\(path)/\(name)"
            var status = stat()
            guard lstat(inner, &status) == 0 else { return [String]() }
            return status.st_mode & S_IFMT == S_IFDIR ? self.files(below: inner) : [inner]
        }
    }

    static func files(below path: String, holding text: String) -> [String] {
        self.files(below: path).filter { self.text($0)?.contains(text) ?? false }
    }

    /// For what the kernel or another process does in its own time, and announces to nobody.
    static func becomesTrue(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5000 {
            if condition() { return true }
            usleep(1000)
        }
        return false
    }

    /// Others mount things on this machine as well.
    static func mounts(below path: String) -> [Substring] {
        (self.text("/proc/self/mountinfo") ?? "").split(separator: "\n").filter { $0.contains(path) }
    }

    static var descriptors: Int { self.entries("/proc/self/fd").count }

    /// Processes whose environment holds a text.
    static func processes(marked text: String) -> [Int32] {
        self.entries("/proc").compactMap { Int32($0) }.filter { pid in
            guard let environment = self.text("/proc/\(pid)/environ") else { return false }
            return environment.contains(text) && self.state(of: pid) != "Z"
        }
    }

    static func state(of pid: Int32) -> String? {
        guard let status = self.text("/proc/\(pid)/stat"), let end = status.lastIndex(of: ")") else { return nil }
        return status[status.index(after: end)...].split(separator: " ").first.map(String.init)
    }

    static func children(of pid: Int32) -> [Int32] {
        self.entries("/proc").compactMap { Int32($0) }.filter { child in
            guard let status = self.text("/proc/\(child)/stat"), let end = status.lastIndex(of: ")") else { return false }
            let parts = status[status.index(after: end)...].split(separator: " ")
            return parts.count > 1 && parts[1] == "\(pid)"
        }
    }

    /// The supervisor of a pod that runs.
    static func supervisor(of directory: String) -> Supervisor? {
        var descriptor: Int32 = -1
        guard skiff_pod_inspect(directory, &descriptor) == Int32(SKIFF_POD_HELD.rawValue), descriptor >= 0 else { return nil }
        let information = self.text("/proc/self/fdinfo/\(descriptor)") ?? ""
        for line in information.split(separator: "\n") where line.hasPrefix("Pid:") {
            guard let pid = Int32(line.dropFirst(4).trimmingPrefix { $0 == "\t" || $0 == " " }) else { continue }
            return Supervisor(pid: pid, descriptor: descriptor)
        }
        close(descriptor)
        return nil
    }
}

final class Supervisor: Sendable {
    let pid: Int32
    private let descriptor: Int32

    init(pid: Int32, descriptor: Int32) {
        self.pid = pid
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }

    func kill() { Glibc.kill(self.pid, SIGKILL) }

    /// Blocks until it is gone.
    func waitUntilGone() {
        var source = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&source, 1, -1)
    }
}
