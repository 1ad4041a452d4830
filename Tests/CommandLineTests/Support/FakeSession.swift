import Operations
import Synchronization
import WorkflowModel

/// A session that a test steers: it tells of calls, and ends when it is told to.
final class FakeSession: RunSession {
    enum Call: Equatable { case stop, terminate, leave }

    let names: [String]
    let updates: AsyncStream<RunUpdate>
    let calls: AsyncStream<Call>
    private let updateContinuation: AsyncStream<RunUpdate>.Continuation
    private let callContinuation: AsyncStream<Call>.Continuation
    private let objects: Mutex<[JSONValue]>
    private let ending: AsyncStream<OperationError?>
    private let endingContinuation: AsyncStream<OperationError?>.Continuation

    init(_ objects: [JSONValue]) {
        self.names = objects.map { $0["metadata"]?["name"]?.string ?? "" }
        self.objects = Mutex(objects)
        (self.updates, self.updateContinuation) = AsyncStream.makeStream()
        (self.calls, self.callContinuation) = AsyncStream.makeStream()
        (self.ending, self.endingContinuation) = AsyncStream.makeStream()
    }

    func tell(_ update: RunUpdate) { self.updateContinuation.yield(update) }

    func end(_ objects: [JSONValue]? = nil) {
        if let objects { self.objects.withLock { $0 = objects } }
        self.updateContinuation.finish()
        self.endingContinuation.yield(nil)
    }

    /// Recording fails; the updates do not end.
    func fail(_ error: OperationError) { self.endingContinuation.yield(error) }

    func workflows() async -> [JSONValue] { self.objects.withLock { $0 } }
    func stop() async { self.callContinuation.yield(.stop) }
    func terminate() async { self.callContinuation.yield(.terminate) }
    func leave() async {
        self.callContinuation.yield(.leave)
        self.endingContinuation.yield(nil)
    }

    func wait() async throws {
        for await error in self.ending {
            if let error { throw error }
            return
        }
    }
}

final class FakeStarter: RunStarter {
    private let session: FakeSession?
    private let fault: (any Error)?
    private let lintReport: LintReport
    let requests = Mutex<[RunRequest]>([])
    let resumed = Mutex<[String]>([])
    let linted = Mutex<[LintRequest]>([])
    /// What was asked for of runs that ended.
    let orders = Mutex<[String]>([])

    init(
        session: FakeSession? = nil, fault: (any Error)? = nil,
        lint: LintReport = LintReport(findings: [], excerpts: [:], objectCount: 1)
    ) {
        self.session = session
        self.fault = fault
        self.lintReport = lint
    }

    func steered() throws -> FakeSession {
        if let fault = self.fault { throw fault }
        return self.session!
    }

    func start(_ request: RunRequest) async throws -> any RunSession {
        self.requests.withLock { $0.append(request) }
        if let fault = self.fault { throw fault }
        return self.session!
    }

    func resume(_ name: String, namespace: String, maxParallel: Int?) async throws -> any RunSession {
        self.resumed.withLock { $0.append("\(namespace)/\(name) \(maxParallel ?? 0)") }
        if let fault = self.fault { throw fault }
        return self.session!
    }

    func lint(_ request: LintRequest) async throws -> LintReport {
        self.linted.withLock { $0.append(request) }
        if let fault = self.fault { throw fault }
        return self.lintReport
    }
}
