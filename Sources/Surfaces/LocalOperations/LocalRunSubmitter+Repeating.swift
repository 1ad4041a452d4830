public import Operations
import Ports
import WorkflowModel

extension LocalRunSubmitter: RepetitionSubmitter {
    public func retry(_ order: RetryOrder) async throws -> Submitted {
        try await self.repeated {
            try await self.starter.retry(order)
        } recording: {
            try await self.starter.recordRetry(order, by: $0, in: $1)
        }
    }

    public func resubmit(_ order: ResubmitOrder) async throws -> Submitted {
        try await self.repeated {
            try await self.starter.resubmit(order)
        } recording: {
            try await self.starter.recordResubmission(order, by: $0, in: $1)
        }
    }

    /// Hands the run to the owner of the data directory; where there is none, this process carries it out.
    private func repeated(
        here: () async throws -> any RunSession, recording: (Owner, RunRecords) async throws -> RecordedRun
    ) async throws -> Submitted {
        let records = try await OperationError.translating { try await self.machinery.openRecords() }
        guard let queue = records.queue, let owner = try await self.livingOwner(of: queue) else { return .carriedOutHere(try await here()) }
        return try await OperationError.translating {
            // This process owns the run until all of it is recorded. Nothing of it has begun, so whoever takes it begins it.
            let scribe = LocalOwner.current(id: Identity.uuid(at: self.machinery.time.now()), doorbell: "")
            let run = try await recording(scribe, records)
            try await records.journal.release(run.ownership)
            _ = await self.ring(owner.doorbell)
            return .handedOver([try await StoredRun.load(run.record, from: records.reader).view], owner: owner.processID)
        }
    }
}
