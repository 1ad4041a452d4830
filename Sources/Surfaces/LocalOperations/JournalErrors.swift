public import Operations
public import Ports

extension OperationError {
    /// What a failure of the journal means for the person who asked.
    /// - Parameter run: its name, for hints that can be pasted; nil where it is not known.
    public init(_ error: JournalError, run: String? = nil) {
        let run = run ?? "NAME"
        switch error {
        case .nameInUse(let name):
            self.init(
                .alreadyExists, "an unfinished run is called '\(name)' already", hint: "choose another with --name, or wait for its end")
        case .noSuchRun(let name): self.init(.notFound, "there is no unfinished run '\(name)'", hint: "see which there are: skiff list")
        case .ownedBy(let owner):
            self.init(.conflict, "the run is being carried out by process \(owner.processID)", hint: "follow it with: skiff logs -f \(run)")
        case .fenced:
            self.init(
                .conflict, "another process has taken the run over, so that this one no longer records it",
                hint: "look at it with: skiff get \(run)")
        case .storageFull(let message):
            self.init(.storageFull, message, hint: "then go on with: skiff run --resume \(run)")
        case .unavailable(let message), .newerSchema(let message): self.init(.unavailable, message)
        }
    }

    /// Does something that may fail in the store, and tells it in the words of operations.
    static func translating<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as JournalError { throw OperationError(error) } catch let error as ResourceError {
            throw OperationError(error)
        }
    }
}
