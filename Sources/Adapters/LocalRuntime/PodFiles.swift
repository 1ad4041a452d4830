import CLocalRuntime
public import Engine
import Glibc

/// Pods outside any runtime, for a process that runs none: their directories tell all there is to know.
///
/// Everything here may take long, and happens on threads of its own, because the threads of Swift's tasks are few.
public enum PodFiles {
    /// Removes what the pods of a run left on disk.
    /// - Throws: `LocalRuntimeError.notRemoved`.
    public static func remove(_ run: RunID, dataDirectory: String) async throws(LocalRuntimeError) {
        try await Self.onThreadOfItsOwn { () throws(LocalRuntimeError) in
            try Self.remove(run, layout: try DataLayout.prepare(dataDirectory))
        }
    }

    static func remove(_ run: RunID, layout: DataLayout) throws(LocalRuntimeError) {
        guard DataLayout.isName(run.text) else { return }
        for path in [layout.pods(of: run), layout.claims(of: run)] {
            let error = skiff_remove_tree(path)
            if error != 0 { throw .notRemoved(path: path, reason: errorText(error)) }
        }
    }

    /// Removes a claim of the store with all it holds.
    /// - Throws: `LocalRuntimeError.notRemoved`.
    public static func removeClaim(_ name: String, namespace: String, dataDirectory: String) async throws(LocalRuntimeError) {
        try await Self.onThreadOfItsOwn { () throws(LocalRuntimeError) in
            guard let path = try DataLayout.prepare(dataDirectory).persistentClaim(namespace: namespace, name: name) else { return }
            let error = skiff_remove_tree(path)
            if error != 0 { throw .notRemoved(path: path, reason: errorText(error)) }
        }
    }

    /// Ends the pods of a run that no runtime looks after any more. Each has its own grace period. Nothing of the run is left when this returns,
    /// and what was asked for and never started never will be.
    /// - Throws: `LocalRuntimeError.notEnded` when it cannot be told what runs.
    public static func end(_ run: RunID, dataDirectory: String) async throws(LocalRuntimeError) {
        try await Self.onThreadOfItsOwn { () throws(LocalRuntimeError) in
            try Self.end(run, layout: try DataLayout.prepare(dataDirectory))
        }
    }

    private static func end(_ run: RunID, layout: DataLayout) throws(LocalRuntimeError) {
        guard DataLayout.isName(run.text) else { return }
        let pods = Self.pods(of: run, layout)
        var supervisors: [Int32] = []
        defer { for supervisor in supervisors { close(supervisor) } }
        // All are asked before the first is waited for.
        for pod in pods {
            let directory = layout.directory(of: pod)
            let state = skiff_pod_refuse(directory)
            if state < 0 { throw .notEnded(path: directory, reason: errorText(-state)) }
            var supervisor: Int32 = -1
            guard skiff_pod_inspect(directory, &supervisor) == Int32(SKIFF_POD_HELD.rawValue) else { continue }
            supervisors.append(supervisor)
            // One that has just ended needs no signal.
            _ = skiff_pod_end(supervisor)
        }
        for supervisor in supervisors { Self.waitForEnd(of: supervisor) }
        for pod in pods {
            var supervisor: Int32 = -1
            let state = skiff_pod_inspect(layout.directory(of: pod), &supervisor)
            if supervisor >= 0 { close(supervisor) }
            if state == Int32(SKIFF_POD_ABANDONED.rawValue) { Self.proveDead(pod) }
        }
    }

    private static func waitForEnd(of supervisor: Int32) {
        var source = pollfd(fd: supervisor, events: Int16(POLLIN), revents: 0)
        while poll(&source, 1, -1) < 0 && errno == EINTR {}
    }

    /// Kills what is left of a pod whose supervisor is gone.
    static func proveDead(_ pod: PodID) {
        // With a sandbox's supervisor its whole pid namespace died; this finds nothing then.
        while skiff_pod_prove_dead(pod.description, 60_000) != 0 {}
        _ = skiff_remove_tree(Self.memoryDirectory(of: pod))
    }

    private static func pods(of run: RunID, _ layout: DataLayout) -> [PodID] {
        Self.numbers(in: layout.pods(of: run)).flatMap { node in
            Self.numbers(in: "\(layout.pods(of: run))/\(node)").map { PodID(run: run, node: NodeID(node), attempt: $0) }
        }
    }

    /// Entries of a directory that are numbers; none when it is not there.
    private static func numbers(in path: String) -> [Int] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var numbers: [Int] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = Int(name) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    /// Where the process runtime keeps volumes that must not reach the disk.
    static func memoryDirectory(of pod: PodID) -> String {
        "/dev/shm/skiff-" + pod.description.map { $0 == "/" ? "-" : String($0) }.joined()
    }

    private static func onThreadOfItsOwn(
        _ body: @escaping @Sendable () throws(LocalRuntimeError) -> Void
    ) async throws(LocalRuntimeError) {
        let result: Result<Void, LocalRuntimeError> = await withCheckedContinuation { continuation in
            PlainThread.start { continuation.resume(returning: Result(catching: body)) }
        }
        try result.get()
    }
}
