import Operations
import WireFormat
import WorkflowModel

/// Lines of a run's logs. When the connection breaks while they are followed, it is opened again at the place where it broke.
actor LogFollower {
    /// Servers merge the pods within about a second; so far back a line may come after a newer one.
    private static let mergeWindow: Int64 = 5_000_000_000

    /// Up to where a pod has been told: the time of its last line, and how many lines it had at that time.
    private struct Told {
        var nanoseconds: Int64
        var count: Int
    }

    private let query: LogsQuery
    private let connection: ServerConnection
    private var messages: MessageStream?
    private var persistence = Persistence()
    private var newest: Int64?
    private var told: [String: Told] = [:]
    /// Of lines that were told before the connection broke, how many came again, by pod.
    private var repeated: [String: Int] = [:]

    init(_ query: LogsQuery, connection: ServerConnection) {
        self.query = query
        self.connection = connection
    }

    func open() async throws {
        self.repeated = [:]
        self.messages = try await self.connection.messages(self.target)
    }

    func next() async throws -> PodLogLine? {
        while true {
            do {
                if self.messages == nil { try await self.open() }
                guard let message = try await self.messages?.next() else { return nil }
                self.persistence.succeeded()
                if let line = self.line(message), self.isNew(line) { return line }
            } catch {
                self.messages = nil
                // Lines that are not followed are read from the start again by whoever asked.
                guard self.query.follows else { throw error }
                try await Task.sleep(for: try self.persistence.pause(after: error))
            }
        }
    }

    private var target: RequestTarget {
        var target = RequestTarget.api("workflows", self.query.namespace, self.query.run, "log")
        target.add("podName", self.query.node)
        target.add("grep", self.query.pattern)
        target.add("logOptions.container", self.query.container)
        target.add("logOptions.timestamps", "true")
        if self.query.follows { target.add("logOptions.follow", "true") }
        let again = self.newest.map { $0 - Self.mergeWindow }
        if let since = [again, self.query.since.map { $0.milliseconds * 1_000_000 }].compactMap({ $0 }).max() {
            target.add("logOptions.sinceTime.seconds", String(since / 1_000_000_000))
            target.add("logOptions.sinceTime.nanos", String(since % 1_000_000_000))
        }
        // The last lines of each pod were told the first time.
        if again == nil { target.add("logOptions.tailLines", self.query.tail.map(String.init)) }
        return target
    }

    private func line(_ message: JSONValue) -> PodLogLine? {
        guard var line = LogEntry.line(message) else { return nil }
        // A server that sends no times: the newest known keeps the order.
        if line.nanoseconds == 0 { line.nanoseconds = self.newest ?? 0 }
        return line
    }

    /// Whether the line has not been told yet; it counts as told then.
    private func isNew(_ line: PodLogLine) -> Bool {
        guard self.query.follows else { return true }
        self.newest = max(self.newest ?? line.nanoseconds, line.nanoseconds)
        guard let told = self.told[line.podName] else {
            self.told[line.podName] = Told(nanoseconds: line.nanoseconds, count: 1)
            self.repeated[line.podName] = .max
            return true
        }
        // Everything of this connection is new since a line that was.
        let again = self.repeated[line.podName, default: 0]
        if again != .max {
            if line.nanoseconds < told.nanoseconds { return false }
            if line.nanoseconds == told.nanoseconds, again < told.count {
                self.repeated[line.podName] = again + 1
                return false
            }
            self.repeated[line.podName] = .max
        }
        let isSame = line.nanoseconds == told.nanoseconds
        self.told[line.podName] = Told(nanoseconds: line.nanoseconds, count: isSame ? told.count + 1 : 1)
        return true
    }
}
