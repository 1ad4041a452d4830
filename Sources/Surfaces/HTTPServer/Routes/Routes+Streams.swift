import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Logs and changes of runs, as they come.
extension Routes {
    private static let logOptions: [Route.Parameter] = [
        Route.Parameter(name: "grep"), Route.Parameter(name: "selector"), Route.Parameter(name: "logOptions.container"),
        Route.Parameter(name: "logOptions.follow", kind: .boolean), Route.Parameter(name: "logOptions.timestamps", kind: .boolean),
        Route.Parameter(name: "logOptions.sinceSeconds", kind: .integer),
        Route.Parameter(name: "logOptions.sinceTime.seconds", kind: .integer),
        Route.Parameter(name: "logOptions.sinceTime.nanos", kind: .integer), Route.Parameter(name: "logOptions.tailLines", kind: .integer),
        Route.Parameter(name: "logOptions.limitBytes", kind: .integer),
    ]

    var workflowStreams: [Route] {
        [
            Route(
                .get, "/api/v1/workflows/{namespace}/{name}/log", "WorkflowService_WorkflowLogs",
                "Tells what the pods of a run wrote, merged by time.", .role(.viewer),
                query: [Route.Parameter(name: "podName")] + Self.logOptions, answer: .stream(schema: "LogEntry"), handler: self.logs),
            Route(
                .get, "/api/v1/workflows/{namespace}/{name}/{podName}/log", "WorkflowService_PodLogs", "Tells what one pod of a run wrote.",
                .role(.viewer), query: Self.logOptions, answer: .stream(schema: "LogEntry"), handler: self.logs),
            Route(
                .get, "/api/v1/workflow-events/{namespace?}", "WorkflowService_WatchWorkflows", "Tells changes of runs as they happen.",
                .role(.viewer), query: Self.listOptions + [Self.fields], answer: .stream(schema: "WorkflowWatchEvent"),
                handler: self.watchWorkflows),
            Route(
                .get, "/api/v1/stream/events/{namespace?}", "WorkflowService_WatchEvents",
                "Tells what happens to runs and their nodes, as events of Kubernetes.", .role(.viewer), query: Self.listOptions,
                answer: .stream(schema: "Event"), handler: self.watchEvents),
        ]
    }

    // MARK: Logs

    @Sendable private func logs(_ call: Call) async throws -> Reply {
        let options = try LogOptions(call)
        var lines = try await self.services.operations.logs(options.query)
        if let selector = options.selector {
            lines = PodSelection(selector: selector, run: call.name, namespace: call.namespace, operations: self.services.operations)
                .filtered(lines)
        }
        return Reply(.messages(options.messages(of: lines)))
    }

    // MARK: Changes

    @Sendable private func watchWorkflows(_ call: Call) async throws -> Reply {
        let options = try ListOptions(call.query)
        let selector = try RunFieldSelector(options.fieldSelector, nameFilter: nil)
        let fields = FieldsFilter(call.query["fields"])
        var name = selector.name
        if case .exact("@latest")? = name { name = .exact(try await self.latest(in: call.namespace)) }
        let query = RunWatchQuery(
            namespace: call.anyNamespace ?? selector.namespace, name: name, labels: options.labels,
            detail: RunDetail(fields, prefix: "result.object."), since: options.resourceVersion)
        let changes = try await self.services.catalog.watch(query)
        return Reply(.messages(changes.mapped { WatchEvent.message($0) }), fields: fields)
    }

    private func latest(in namespace: String) async throws -> String {
        try await self.workflow("@latest", namespace)["metadata"]?["name"]?.string ?? "@latest"
    }

    @Sendable private func watchEvents(_ call: Call) async throws -> Reply {
        let options = try ListOptions(call.query)
        let selection = try EventSelection(options.fieldSelector)
        let catalog = self.services.catalog
        let now = try await catalog.page(RunListQuery(namespace: call.anyNamespace, limit: 1)).resourceVersion
        let changes = try await catalog.watch(
            RunWatchQuery(
                namespace: call.anyNamespace, name: selection.runName, detail: .whole, since: options.resourceVersion ?? now))
        let events = RunEvents(changes, since: WallClock.now())
        return Reply(.messages(AsyncThrowingStream { try await events.next(matching: selection) }))
    }
}

/// What a request for logs asks.
private struct LogOptions: Sendable {
    let query: LogsQuery
    let selector: LabelSelector?
    let timestamps: Bool
    let limitBytes: Int?

    init(_ call: Call) throws {
        let asked = call.query
        func positive(_ name: String) throws -> Int64? {
            guard let value = try asked.integer("logOptions.\(name)") else { return nil }
            guard value >= 0 else { throw WireError.invalid("logOptions.\(name) is \(value), expected 0 or more") }
            return value
        }
        var since: Timestamp?
        if let seconds = try positive("sinceTime.seconds") {
            let milliseconds = seconds.multipliedReportingOverflow(by: 1000)
            let nanoseconds = try positive("sinceTime.nanos") ?? 0
            since = Timestamp(milliseconds: milliseconds.overflow ? .max : milliseconds.partialValue + min(nanoseconds / 1_000_000, 999))
        } else if let seconds = try positive("sinceSeconds") {
            since = WallClock.now() + Span.seconds(-min(seconds, 1 << 40))
        }
        let pod = call.parameters["podName"] ?? asked["podName"]
        self.query = LogsQuery(
            run: call.name, namespace: call.namespace, node: pod, container: asked["logOptions.container"] ?? "main",
            follows: try asked.bool("logOptions.follow"), since: since, tail: try positive("tailLines").map { Int(clamping: $0) },
            pattern: asked["grep"])
        let selector = try LabelSelector(asked["selector"])
        self.selector = selector == .all ? nil : selector
        self.timestamps = try asked.bool("logOptions.timestamps")
        self.limitBytes = try positive("limitBytes").map { Int(clamping: $0) }
    }

    func messages(of lines: AsyncThrowingStream<PodLogLine, any Error>) -> AsyncThrowingStream<JSONValue, any Error> {
        let timestamps = self.timestamps
        guard let limit = self.limitBytes else { return lines.mapped { LogEntry.message($0, timestamps: timestamps) } }
        let cut = CutLines(lines, limit: limit)
        return AsyncThrowingStream { try await cut.next().map { LogEntry.message($0, timestamps: timestamps) } }
    }
}

/// Lines until so many bytes of a pod have been told.
private actor CutLines {
    private let lines: Pulled<PodLogLine>
    private let limit: Int
    private var told: [String: Int] = [:]

    init(_ lines: AsyncThrowingStream<PodLogLine, any Error>, limit: Int) {
        self.lines = Pulled(lines)
        self.limit = limit
    }

    func next() async throws -> PodLogLine? {
        while let line = try await self.lines.next() {
            let left = self.limit - self.told[line.podName, default: 0]
            self.told[line.podName, default: 0] += line.text.utf8.count + 1
            if left <= 0 { continue }
            if line.text.utf8.count <= left { return line }
            var cut = line
            cut.text = String(decoding: line.text.utf8.prefix(left), as: UTF8.self)
            return cut
        }
        return nil
    }
}
