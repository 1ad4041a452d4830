import Engine
import Operations
import Planning
import Ports
import WorkflowModel

/// Records new runs: all of a call, or none.
struct RunRecorder {
    let tools: RunTools
    let createdAt: Timestamp

    /// - Throws: `OperationError`; nothing stays recorded then.
    func record(_ runs: [PreparedRun]) async throws -> [RecordedRun] {
        var recorded: [RecordedRun] = []
        for run in runs {
            do {
                recorded.append(try await self.record(run))
            } catch {
                for run in recorded { await self.takeBack(run) }
                throw error
            }
        }
        return recorded
    }

    private func record(_ prepared: PreparedRun) async throws -> RecordedRun {
        var run = prepared
        for attempt in 1... {
            let record = run.record(createdAt: self.createdAt)
            do {
                let ownership = try await self.tools.records.journal.create(
                    record, source: run.source(self.tools.options), owner: self.tools.owner)
                return RecordedRun(
                    record: record, manifest: run.submission.manifest, machine: RunMachine(plan: run.plan, id: record.id),
                    ownership: ownership)
            } catch JournalError.nameInUse(let name) {
                guard run.submission.isGenerated, attempt < PreparedRun.attempts else {
                    throw try await self.nameInUse(name, run.plan.namespace)
                }
                run = run.renamed(createdAt: self.createdAt)
            } catch let error as JournalError {
                throw OperationError(error)
            }
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    private func nameInUse(_ name: String, _ namespace: String) async throws -> OperationError {
        let holder = try await self.tools.records.reader.run(named: name, namespace: namespace)
        var owner: Owner?
        if let holder { owner = try await self.tools.records.reader.owner(of: holder.id) }
        if let owner, LocalOwner.isAlive(owner) {
            return OperationError(
                .alreadyExists, "an unfinished run is called '\(name)' already; process \(owner.processID) carries it out",
                hint: "end it with 'skiff stop \(name)', or choose another name with --name")
        }
        return OperationError(
            .alreadyExists, "an unfinished run is called '\(name)' already; its process is gone",
            hint: "go on with it with 'skiff run --resume \(name)', or choose another name with --name")
    }

    /// Makes it as if the run had never been recorded. What cannot be taken back is an unfinished run that did nothing; the error that led here
    /// says more about the store than another would.
    private func takeBack(_ run: RecordedRun) async {
        var record = run.record
        record.phase = RunPhase.error.rawValue
        record.message = "not started, because another run of the same call could not be recorded"
        record.finishedAt = self.createdAt
        try? await self.tools.records.journal.commit(JournalEntry(events: [], rows: [], record: record), by: run.ownership, isUrgent: true)
        try? await self.tools.records.journal.release(run.ownership)
        try? await self.tools.records.commands.delete(run.record.id)
    }
}

extension PreparedRun {
    /// A generated name that is taken is made anew so many times; with 36^5 suffixes, once is rare.
    static let attempts = 8

    func record(createdAt: Timestamp) -> RunRecord {
        let arguments = Workflow(self.submission.manifest)?.spec.arguments.parameters ?? []
        return RunRecord(
            id: RunID(self.plan.uid), namespace: self.plan.namespace, name: self.plan.name, phase: "", createdAt: createdAt,
            priority: self.plan.priority ?? 0, labels: Dictionary(self.plan.labels.map { ($0.key, $0.value) }) { _, last in last },
            parameters: Dictionary(arguments.compactMap { parameter in parameter.value.map { (parameter.name, $0) } }) { _, last in last })
    }

    /// What it is made from, frozen.
    func source(_ options: RunOptions) -> RunSource {
        RunSource(
            workflow: self.submission.manifest.json, context: self.context.contextTexts, secrets: self.context.secrets,
            options: options.json)
    }

    /// The same under another generated name.
    func renamed(createdAt: Timestamp) -> PreparedRun {
        var submission = self.submission
        submission.identify(uid: self.plan.uid, createdAt: createdAt, suffix: Identity.nameSuffix())
        guard let plan = submission.planned(self.context).plan else { preconditionFailure("a plan depends on the name of its run") }
        return PreparedRun(submission: submission, manifest: self.manifest, plan: plan, context: self.context)
    }
}
