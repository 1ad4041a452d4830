import ArgumentParser
import Operations
import WorkflowModel

/// Options that choose stored runs by what they are.
struct RunSelection: ParsableArguments {
    @Flag(name: .long, help: "Only runs that have ended.")
    var completed = false

    @Option(name: .long, help: "Only runs whose name starts so.")
    var prefix: String?

    @Option(name: .long, help: ArgumentHelp("Only runs that ended longer ago: 10m, 3h, 1d.", valueName: "duration"))
    var older: String?

    @Option(name: .long, help: ArgumentHelp("Only runs in one of these phases: Failed,Error.", valueName: "phases"))
    var status: String?

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp("Only runs with these labels: k=v,k!=v,k.", valueName: "labels"))
    var selector: String?

    func validate() throws {
        do {
            _ = try LabelSelector(self.selector)
            _ = try self.status.map { try PhaseList.parse($0, allowed: PhaseList.workflowPhases) }
        } catch let fault as SelectorFault { throw ValidationError(fault.description) }
        if let older = self.older { _ = try Self.duration(older, option: "--older") }
    }

    /// Whether anything is asked for.
    var isEmpty: Bool { !self.completed && self.prefix == nil && self.older == nil && self.status == nil && self.selector == nil }

    /// Whether nothing but labels is asked for, which is all that stored objects can be chosen by.
    var asksForLabelsOnly: Bool { !self.completed && self.prefix == nil && self.older == nil && self.status == nil }

    /// The runs chosen, in the store's order, at most `limit`.
    func runs(
        of operations: any Operations, namespace: String?, limit: Int, narrowed: (inout ListQuery) -> Void = { _ in }
    ) async throws -> [RunSummary] {
        let labels = try LabelSelector(self.selector)
        var query = ListQuery(namespace: namespace, prefix: self.prefix, limit: limit)
        query.phases = try self.status.map { try PhaseList.parse($0, allowed: PhaseList.workflowPhases) } ?? []
        if self.completed { query.isFinished = true }
        if let older = self.older {
            let span = try Self.duration(older, option: "--older")
            query.finishedBefore = Timestamp(milliseconds: CommandLineContext.current.console.now().milliseconds - span.milliseconds)
        }
        narrowed(&query)
        return try await labels.runs(of: operations, query)
    }

    static func duration(_ text: String, option: String) throws -> Span {
        guard let span = HumanTime.duration(text) else {
            throw ValidationError("'\(option) \(text)' is not a duration, expected one like 30s, 10m, 3h or 1d")
        }
        return span
    }
}

extension LabelSelector {
    /// The runs that a question asks for and that have the labels.
    func runs(of operations: any Operations, _ question: ListQuery) async throws -> [RunSummary] {
        var query = question
        query.labels = self.exact
        // What the store cannot judge is judged here, on more rows.
        if !self.isExact { query.limit = max(query.limit, 100_000) }
        return Array(try await operations.list(query).filter { self.matches($0.labels) }.prefix(question.limit))
    }
}
