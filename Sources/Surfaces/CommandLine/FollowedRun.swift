import Operations
import WorkflowModel

/// A run that is looked at until it has ended, whoever carries it out.
struct FollowedRun {
    private static let shortestPause = Duration.milliseconds(250)
    /// How many times as long as a look takes is waited before the next one, so that watching a large run costs its server little.
    private static let restPerWork = 5
    /// How often in a row a server may be away: it is started anew within a minute.
    private static let patience = 60
    private static let reconnectPause = Duration.seconds(1)

    /// Name or uid.
    let name: String
    let namespace: String
    let operations: any Operations

    /// - Parameter look: is shown the Workflow each time; ends the following early by returning false.
    /// - Returns: the Workflow as it was last seen.
    @discardableResult
    func end(_ look: (JSONValue) -> Bool = { _ in true }) async throws -> JSONValue {
        var name = self.name
        var failures = 0
        while true {
            let start = ContinuousClock.now
            do {
                let object = try await self.operations.get(name, namespace: self.namespace)
                failures = 0
                if !look(object) || WorkflowView(object).finishedAt != nil { return object }
                // What was the newest run when it was asked for stays the one that is followed.
                name = object["metadata"]?["uid"]?.string ?? name
            } catch let error as OperationError where error.code == .unreachable && failures < Self.patience && name != self.name {
                failures += 1
                try await Task.sleep(for: Self.reconnectPause)
                continue
            }
            try await Task.sleep(for: max(Self.shortestPause, (ContinuousClock.now - start) * Self.restPerWork))
        }
    }
}

/// The header and the tree of a run, printed again when it looks another way.
struct RedrawnRun {
    /// Home, and everything behind it erased.
    private static let cleared = "\u{1B}[H\u{1B}[2J"

    let console: Console
    let options: GlobalOptions
    var filter = NodeFilter.all
    private var shown = ""

    init(console: Console, options: GlobalOptions, filter: NodeFilter = .all) {
        self.console = console
        self.options = options
        self.filter = filter
    }

    /// - Returns: false when nobody reads any more.
    mutating func show(_ object: JSONValue) -> Bool {
        let style = OutputStyle(console: self.console, channel: .output, self.options)
        let now = self.console.now()
        let tree = WorkflowTree(object, filter: self.filter).text(.normal, style: style, now: now)
        let header = WorkflowHeader(object).text(style: style, now: now, secondsFromUTC: self.console.secondsFromUTC)
        let text = header + (tree.isEmpty ? "" : "\n" + tree)
        guard text != self.shown else { return true }
        self.shown = text
        return self.console.write((self.console.isTerminal(.output) ? Self.cleared : "") + text, .output)
    }
}
