import Engine
import Operations
import Planning
import Ports
import WorkflowModel

/// Records new runs: all of a call, or none.
struct RunRecorder {
    /// A generated name that is taken is made anew so many times; with 36^5 suffixes, once is rare.
    private static let attempts = 8

    let tools: RunTools
    let context: ManifestContext
    let createdAt: Timestamp

    /// - Throws: `OperationError`; nothing stays recorded then.
    func record(_ submissions: inout [Submission], _ plans: [Plan]) async throws -> [RecordedRun] {
        var recorded: [RecordedRun] = []
        for at in submissions.indices {
            do {
                recorded.append(try await self.record(&submissions[at], plans[at]))
            } catch {
                for run in recorded { await self.takeBack(run) }
                throw error
            }
        }
        return recorded
    }

    private func record(_ submission: inout Submission, _ plan: Plan) async throws -> RecordedRun {
        var plan = plan
        for attempt in 1... {
            let id = RunID(plan.uid)
            let record = self.record(of: submission, plan, id)
            let source = RunSource(
                workflow: submission.manifest.json, context: self.context.contextTexts, secrets: self.context.secrets,
                options: self.tools.options.json)
            do {
                let ownership = try await self.tools.records.journal.create(record, source: source, owner: self.tools.owner)
                return RecordedRun(
                    record: record, manifest: submission.manifest, machine: RunMachine(plan: plan, id: id), ownership: ownership)
            } catch JournalError.nameInUse(let name) {
                guard submission.isGenerated, attempt < Self.attempts else { throw try await self.nameInUse(name, plan.namespace) }
                submission.identify(uid: plan.uid, createdAt: self.createdAt, suffix: Identity.nameSuffix())
                guard let renamed = submission.planned(self.context).plan else {
                    preconditionFailure("a plan depends on the name of its run")
                }
                plan = renamed
            } catch let error as JournalError {
                throw OperationError(error)
            }
        }
        preconditionFailure("the loop above ends by returning or throwing")
    }

    private func record(of submission: Submission, _ plan: Plan, _ id: RunID) -> RunRecord {
        let arguments = Workflow(submission.manifest)?.spec.arguments.parameters ?? []
        return RunRecord(
            id: id, namespace: plan.namespace, name: plan.name, phase: "", createdAt: self.createdAt, priority: plan.priority ?? 0,
            labels: Dictionary(plan.labels.map { ($0.key, $0.value) }) { _, last in last },
            parameters: Dictionary(arguments.compactMap { parameter in parameter.value.map { (parameter.name, $0) } }) { _, last in last })
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
