public import Engine
public import WorkflowModel

/// How a name is compared.
public enum NameCondition: Sendable, Equatable {
    case exact(String)
    case prefix(String)
    case contains(String)
    case differs(String)
}

/// Which runs a page shows.
public struct RunPageQuery: Sendable, Equatable {
    public var namespace: String?
    public var name: NameCondition?
    public var labels: LabelSelector
    /// nil for both.
    public var isFinished: Bool?
    public var createdAfter: Timestamp?
    public var finishedBefore: Timestamp?
    public var startedAfter: Timestamp?
    public var startedBefore: Timestamp?
    public var limit: Int
    public var after: RunCursor?
    /// Whether those behind the page are counted.
    public var countsRemaining: Bool

    public init(
        namespace: String? = nil, name: NameCondition? = nil, labels: LabelSelector = .all, isFinished: Bool? = nil,
        createdAfter: Timestamp? = nil, finishedBefore: Timestamp? = nil, startedAfter: Timestamp? = nil, startedBefore: Timestamp? = nil,
        limit: Int, after: RunCursor? = nil, countsRemaining: Bool = false
    ) {
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.isFinished = isFinished
        self.createdAfter = createdAfter
        self.finishedBefore = finishedBefore
        self.startedAfter = startedAfter
        self.startedBefore = startedBefore
        self.limit = limit
        self.after = after
        self.countsRemaining = countsRemaining
    }
}

/// The place of a run in the order of lists: unfinished runs first by newest creation, then finished ones by newest end.
public struct RunCursor: Sendable, Equatable {
    public var isFinished: Bool
    /// Of the creation, or the end.
    public var time: Timestamp
    /// Tells runs of the same time apart; means something to the store alone.
    public var number: Int64
    public init(isFinished: Bool, time: Timestamp, number: Int64) {
        self.isFinished = isFinished
        self.time = time
        self.number = number
    }
}

public struct RunRecordPage: Sendable, Equatable {
    public var records: [RunRecord]
    /// Where the next page begins; nil when there is none.
    public var next: RunCursor?
    /// How many come behind the page; nil where nobody asked.
    public var remaining: Int?
    public init(records: [RunRecord], next: RunCursor?, remaining: Int? = nil) {
        self.records = records
        self.next = next
        self.remaining = remaining
    }
}

/// How the runs stood when somebody looked; for the next look.
public struct RunMark: Sendable, Equatable {
    /// Of each unfinished run how many events it had, by the store's number of the run.
    public var unfinished: [Int64: Int]
    /// The greatest number of any run.
    public var newest: Int64
    /// The number of the last deletion.
    public var lastDeletion: Int64
    public init(unfinished: [Int64: Int], newest: Int64, lastDeletion: Int64) {
        self.unfinished = unfinished
        self.newest = newest
        self.lastDeletion = lastDeletion
    }
}

/// A run that is no more.
public struct DeletedRun: Sendable, Equatable {
    public var id: RunID
    public var namespace: String
    public var name: String
    public var labels: [String: String]
    public init(id: RunID, namespace: String, name: String, labels: [String: String]) {
        self.id = id
        self.namespace = namespace
        self.name = name
        self.labels = labels
    }
}

/// What became of the runs between two looks.
public struct RunChanges: Sendable, Equatable {
    /// Runs that were not there before.
    public var added: [RunRecord]
    public var changed: [RunRecord]
    public var deleted: [DeletedRun]
    public var mark: RunMark
    public init(added: [RunRecord], changed: [RunRecord], deleted: [DeletedRun], mark: RunMark) {
        self.added = added
        self.changed = changed
        self.deleted = deleted
        self.mark = mark
    }
}

/// Questions about many runs.
public protocol RunIndex: Sendable {
    func page(_ query: RunPageQuery) async throws -> RunRecordPage
    /// The run with that uid, whatever its namespace.
    func run(_ id: RunID) async throws -> RunRecord?
    /// What changed since an earlier look, whichever process changed it. A look costs a fraction of a microsecond for each unfinished run.
    /// - Parameter mark: nil for the first look, which finds no changes.
    /// - Returns: nil when it is not known any more which runs were deleted since.
    func changes(since mark: RunMark?) async throws -> RunChanges?
    /// Keys of the labels of finished runs, sorted.
    func labelKeys(namespace: String?) async throws -> [String]
    /// Values of a label of finished runs, sorted.
    func labelValues(of key: String, namespace: String?) async throws -> [String]
}
