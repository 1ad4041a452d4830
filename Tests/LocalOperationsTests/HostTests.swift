import Doorbell
import Engine
import LocalOperations
import Operations
import Ports
import SQLiteStore
import Synchronization
import TestKit
import Testing
import WorkflowModel

/// A host of a house, and what it tells.
final class HostRig: Sendable {
    let house: House
    let host: RunHost
    let world: PodWorld
    let runtime: ScriptedRuntime
    private let work: Task<Void, any Error>
    private let news: AsyncStream<HostNews>

    /// - Parameter script: nil for pods that run until the test ends them.
    init(
        _ house: House, world: PodWorld = PodWorld(), options: HostOptions = HostOptions(), settings: RunSettings = RunSettings(),
        script: @escaping @Sendable (PodLaunch) -> ScriptedRuntime.Ending? = { _ in .exit(0) },
        calls: @escaping @Sendable (any ObjectService) -> any CallRunner = { _ in ScriptedCalls() }
    ) {
        self.house = house
        self.world = world
        let runtime = ScriptedRuntime(world: world, script: script)
        self.runtime = runtime
        let (news, continuation) = AsyncStream.makeStream(of: HostNews.self)
        self.news = news
        let host = RunHost(machinery: house.machinery(runtime, { settings }, calls: calls), options: options) { continuation.yield($0) }
        self.host = host
        self.work = Task {
            defer { continuation.finish() }
            try await host.run()
        }
    }

    var submitter: LocalRunSubmitter {
        LocalRunSubmitter(machinery: self.house.machinery(self.runtime)) { DatagramDoorbell.ring(at: $0) }
    }

    func ready() async throws {
        for await news in self.news { if case .ready = news { return } }
        try await self.work.value
    }

    /// - Returns: the run's uid.
    @discardableResult func submit(_ file: String, priority: Int? = nil, namespace: String = "default") async throws -> String {
        let request = SubmitRequest(run: RunRequest(files: [file], namespace: namespace, priority: priority))
        guard case .handedOver(let workflows, _) = try await self.submitter.submit(request) else { throw Fault("nobody took it") }
        return workflows[0]["metadata"]?["uid"]?.string ?? ""
    }

    /// Returns when a run has ended as it should.
    func ended(_ uid: String, _ phase: String = "Succeeded") async throws {
        let stream = try await self.house.operations().watch(RunWatchQuery(namespace: nil, detail: .summary))
        for try await change in stream where change.object["metadata"]?["uid"]?.string == uid {
            let status = change.object["status"]
            guard status?["finishedAt"]?.isNull == false else { continue }
            #expect(status?["phase"]?.string == phase)
            return
        }
    }

    func stop() async throws {
        self.host.stop()
        try await self.work.value
    }

    /// As a process that was killed: it does nothing any more, and lets go of nothing.
    func owner() async throws -> Owner? { try await self.house.store().directoryOwner() }
}

@Suite(.timeLimit(.minutes(2))) struct HostTests {
    @Test func `a submitted run is carried out, and leaves memory and the directory when the host stops`() async throws {
        let house = try House()
        let rig = HostRig(house)
        try await rig.ready()
        let uid = try await rig.submit(try house.flow("one", steps: ["a", "b"]))
        try await rig.ended(uid)
        #expect(rig.world.starts.values.allSatisfy { $0 == 1 })
        #expect(rig.world.starts.count == 2)
        try await rig.stop()
        #expect(try await rig.owner() == nil)
        #expect(try await house.store().owner(of: RunID(uid)) == nil)
    }

    @Test func `a directory has one host`() async throws {
        let house = try House()
        let first = HostRig(house)
        try await first.ready()
        let second = HostRig(house)
        await #expect(throws: OperationError.self) { try await second.ready() }
        try await first.stop()
    }

    @Test func `what waited for a host is carried out when one comes, by priority and then by age`() async throws {
        let house = try House()
        let chronicle = Mutex<[String]>([])
        let dead = Owner(id: "gone", processID: 1, processStart: 1, bootID: "another", doorbell: "/bell")
        let store = try await house.store()
        // Somebody who seems to live takes the runs in, so that submit does not carry them out itself.
        try await store.claimDirectory(House.livingOwner) { _ in false }
        let rig = HostRig(house, options: HostOptions(maxParallel: 1), settings: RunSettings(limits: RunLimits(total: 1))) { launch in
            chronicle.withLock { $0.append(launch.request.podName) }
            return .exit(0)
        }
        _ = try? await rig.ready()
        var uids: [String] = []
        for (name, priority) in [("low", 1), ("first", 5), ("second", 5), ("top", 9)] {
            uids.append(try await rig.submit(try house.flow(name), priority: priority))
        }
        try await store.releaseDirectory(House.livingOwner)
        try await store.claimDirectory(dead) { _ in false }
        let host = HostRig(house, options: HostOptions(maxParallel: 1), settings: RunSettings(limits: RunLimits(total: 1))) { launch in
            chronicle.withLock { $0.append(launch.request.podName) }
            return .exit(0)
        }
        try await host.ready()
        for uid in uids { try await host.ended(uid) }
        #expect(chronicle.withLock { $0 } == ["top", "first", "second", "low"])
        try await host.stop()
    }

    @Test func `steps that are left running are adopted by the next host`() async throws {
        let house = try House()
        let world = PodWorld()
        let first = HostRig(house, world: world, options: HostOptions(leavesRunning: true)) { _ in nil }
        try await first.ready()
        let uid = try await first.submit(try house.flow("long"))
        try await running(1, in: world)
        try await first.stop()
        #expect(world.running.count == 1)
        let second = HostRig(house, world: world) { _ in nil }
        try await second.ready()
        for pod in world.running { second.runtime.finish(pod, .exit(0)) }
        try await second.ended(uid)
        #expect(world.starts.values.map { $0 } == [1])
        try await second.stop()
    }

    @Test func `steps that are ended with the host are started anew, and cost no retry`() async throws {
        let house = try House()
        let world = PodWorld()
        let first = HostRig(house, world: world) { _ in nil }
        try await first.ready()
        let uid = try await first.submit(try house.flow("long"))
        try await running(1, in: world)
        try await first.stop()
        #expect(world.running.isEmpty)
        #expect(try await house.store().run(RunID(uid))?.finishedAt == nil)
        let second = HostRig(house, world: world)
        try await second.ready()
        try await second.ended(uid)
        #expect(world.starts.keys.map(\.attempt).sorted() == [0, 1])
        try await second.stop()
    }

    @Test func `no more runs go on at once than the limits say, of all and of a namespace`() async throws {
        let house = try House()
        let world = PodWorld()
        let limits = RunLimits(total: 3, perNamespace: 2)
        let rig = HostRig(house, world: world, settings: RunSettings(limits: limits)) { _ in nil }
        try await rig.ready()
        var uids: [String] = []
        for number in 0..<4 { uids.append(try await rig.submit(try house.flow("a-\(number)"), namespace: "one")) }
        for number in 0..<2 { uids.append(try await rig.submit(try house.flow("b-\(number)"), namespace: "two")) }
        // Two of the first namespace, and one of the second.
        try await running(3, in: world)
        while world.starts.count < uids.count {
            try await running(1, in: world)
            if let pod = world.running.first { rig.runtime.finish(pod, .exit(0)) }
        }
        for pod in world.running { rig.runtime.finish(pod, .exit(0)) }
        for uid in uids { try await rig.ended(uid) }
        #expect(world.mostRunning == 3)
        try await rig.stop()
    }

    @Test func `a run that waits for its turn is stopped at once, and its logs are followed till then`() async throws {
        let house = try House()
        let world = PodWorld()
        let rig = HostRig(house, world: world, settings: RunSettings(limits: RunLimits(total: 1))) { _ in nil }
        try await rig.ready()
        let first = try await rig.submit(try house.flow("first"))
        try await running(1, in: world)
        let second = try await rig.submit(try house.flow("second"))
        let operations = try await house.operations()
        let logs = try await operations.logs(LogsQuery(run: "second", follows: true))
        try await operations.stop("second", namespace: "default", message: "")
        try await rig.ended(second, "Failed")
        for try await _ in logs {}
        #expect(world.starts.count == 1)
        for pod in world.running { rig.runtime.finish(pod, .exit(0)) }
        try await rig.ended(first)
        try await rig.stop()
    }

    @Test func `a run that a step makes is carried out beside it, however few may go on`() async throws {
        let house = try House()
        let caller = try house.file(
            "caller.yaml",
            """
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: caller}
            spec:
              entrypoint: main
              templates: [{name: main, http: {url: "http://x.test/"}}]
            """)
        let child: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": ["name": "child", "namespace": "default"],
            "spec": ["entrypoint": "main", "templates": [["name": "main", "container": ["image": "busybox", "command": ["run"]]]]],
        ]
        let uid = "01a1fcdc-0000-8000-8000-00000000000d"
        let rig = HostRig(
            house, settings: RunSettings(limits: RunLimits(total: 1)),
            calls: { objects in
                ScriptedCalls { call in
                    do {
                        _ = try await objects.create(child, uid: uid, for: call.request.id.run)
                        let operations = try await house.operations()
                        for try await change in try await operations.watch(RunWatchQuery(name: .exact("child"), detail: .summary)) {
                            if change.object["status"]?["finishedAt"]?.isNull == false { break }
                        }
                        return CallResult(end: .succeeded(message: ""), finishedAt: Timestamp(milliseconds: 0))
                    } catch {
                        return CallResult(end: .failed(message: "\(error)"), finishedAt: Timestamp(milliseconds: 0))
                    }
                }
            })
        try await rig.ready()
        let parent = try await rig.submit(caller)
        try await rig.ended(parent)
        try await rig.ended(uid)
        try await rig.stop()
    }

    @Test func `a command reaches a run that the host carries out`() async throws {
        let house = try House()
        let world = PodWorld()
        let rig = HostRig(house, world: world) { _ in nil }
        try await rig.ready()
        let uid = try await rig.submit(try house.flow("long"))
        try await running(1, in: world)
        try await house.operations().terminate("long", namespace: "default")
        try await rig.ended(uid, "Failed")
        try await rig.stop()
    }

    @Test func `finished runs go when there are more than are kept`() async throws {
        let house = try House()
        let rig = HostRig(house, settings: RunSettings(retention: Retention(runs: 1, age: nil)))
        try await rig.ready()
        var changes = try await house.operations().watch(RunWatchQuery(namespace: nil, detail: .summary)).makeAsyncIterator()
        let first = try await rig.submit(try house.flow("first"))
        try await rig.ended(first)
        // Of a run that nobody was told of, the end is not told either.
        #expect(try await changes.next()?.object["metadata"]?["uid"]?.string == first)
        let second = try await rig.submit(try house.flow("second"))
        try await rig.ended(second)
        while let change = try await changes.next() {
            guard change.change == .deleted else { continue }
            #expect(change.object["metadata"]?["uid"]?.string == first)
            break
        }
        #expect(house.leftovers(of: first).isEmpty)
        try await rig.stop()
    }
}

/// Returns when so many pods run at least.
private func running(_ count: Int, in world: PodWorld) async throws {
    while world.running.count < count { try await Task.sleep(for: .milliseconds(5)) }
}
