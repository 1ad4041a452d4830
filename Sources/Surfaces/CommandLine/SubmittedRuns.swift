import ArgumentParser
import Operations
import WorkflowModel

/// Prints runs as they were submitted.
struct SubmittedRuns {
    let console: Console
    let options: GlobalOptions
    let output: ResourceOutput?

    func show(_ workflows: [JSONValue]) throws {
        switch self.output {
        case .name:
            for workflow in workflows {
                let view = WorkflowView(workflow)
                let name = view.name.isEmpty ? workflow["metadata"]?["generateName"]?.string ?? "" : view.name
                self.write(name + "\n")
            }
        case .json: self.write(WorkflowDocument.one(of: workflows).json(indent: 4) + "\n")
        case .yaml: self.write(try WorkflowDocument.one(of: workflows).yaml())
        case .wide, nil:
            let style = OutputStyle(console: self.console, channel: .output, self.options)
            let headers = workflows.map {
                WorkflowHeader($0).text(style: style, now: self.console.now(), secondsFromUTC: self.console.secondsFromUTC)
            }
            self.write(headers.joined(separator: "\n"))
        }
    }

    private func write(_ text: String) { _ = self.console.write(text, .output) }
}

/// Lines of logs of runs under way, until they have ended.
struct SubmittedLogs {
    let workflows: [JSONValue]
    let context: CommandLineContext
    let options: GlobalOptions

    func follow() async throws {
        let operations = try await self.context.openOperations(self.options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for workflow in self.workflows {
                let query = LogsQuery(
                    run: workflow["metadata"]?["uid"]?.string ?? WorkflowView(workflow).name,
                    namespace: workflow["metadata"]?["namespace"]?.string ?? self.options.namespace, follows: true)
                group.addTask { try await self.follow(query, operations) }
            }
            try await group.waitForAll()
        }
    }

    private func follow(_ query: LogsQuery, _ operations: any Operations) async throws {
        let console = self.context.console
        var printer = LogPrinter(style: OutputStyle(console: console, channel: .output, self.options), showsTime: false)
        for try await line in try await operations.logs(query) {
            printer.add(line)
            if !console.write(printer.take(), .output) { return }
        }
    }
}

/// Submitted runs that this process carries out.
struct SubmittedSession {
    let session: any RunSession
    let showsLogs: Bool
    let context: CommandLineContext
    let options: GlobalOptions

    /// - Throws: `ExitCode` 1 when one did not succeed, or the runs were left.
    func conduct(_ signals: AsyncStream<ProcessSignal>) async throws {
        let names = self.session.names.map { "'\($0)'" }.joined(separator: ", ")
        _ = self.context.console.write("no process owns the data directory: this one carries \(TerminalText.safe(names)) out\n", .errors)
        // Standard output is for what was asked for; a tree would be torn by lines of logs.
        let view = RunView(self.context.console, self.options, keepsOutput: true, redraws: !self.showsLogs)
        let conductor = RunConductor(session: self.session, presenter: view.presenter, signals: signals, options: self.options.repeated)
        let logs = SubmittedLogs(
            workflows: self.showsLogs ? await self.session.workflows() : [], context: self.context, options: self.options)
        let hasEnded: Bool
        do {
            async let printed: Void = logs.follow()
            hasEnded = try await conductor.conduct()
            try await printed
        } catch {
            await view.queue.drain()
            throw error
        }
        if !hasEnded { return try await view.leave() }
        let workflows = await self.session.workflows()
        for workflow in workflows { view.summarize(workflow, options: self.options.repeated) }
        await view.queue.drain()
        if !workflows.allSatisfy({ WorkflowView($0).phase == "Succeeded" }) { throw ExitCode(ExitStatus.failure) }
    }
}

/// Submitted runs that another process carries out.
struct HandedOverRuns {
    let workflows: [JSONValue]
    let showsLogs: Bool
    let redraws: Bool
    let context: CommandLineContext
    let options: GlobalOptions

    /// Returns when all have ended.
    /// - Throws: `ExitCode` 1 when one did not succeed.
    func follow() async throws {
        let operations = try await self.context.openOperations(self.options)
        if self.showsLogs {
            try await SubmittedLogs(workflows: self.workflows, context: self.context, options: self.options).follow()
        }
        var hasFailed = false
        for workflow in self.workflows { hasFailed = try await self.end(of: workflow, operations) != "Succeeded" || hasFailed }
        if hasFailed { throw ExitCode(ExitStatus.failure) }
    }

    /// - Returns: the phase it ended in.
    private func end(of workflow: JSONValue, _ operations: any Operations) async throws -> String {
        let run = FollowedRun(
            name: workflow["metadata"]?["uid"]?.string ?? WorkflowView(workflow).name,
            namespace: workflow["metadata"]?["namespace"]?.string ?? self.options.namespace, operations: operations)
        var drawing = RedrawnRun(console: self.context.console, options: self.options)
        let view = WorkflowView(try await run.end { self.redraws ? drawing.show($0) : true })
        if !self.redraws { _ = self.context.console.write("\(TerminalText.safe(view.name)) \(view.phase)\n", .errors) }
        return view.phase
    }
}
