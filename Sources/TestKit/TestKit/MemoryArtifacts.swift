public import Engine
public import Ports
import Synchronization

/// Artifacts by key, without files.
public final class MemoryArtifacts: ArtifactStore {
    public struct Gone: Error, CustomStringConvertible {
        public let description = "it is gone"
    }

    private let kept = Mutex<[String: CollectedArtifact]>([:])
    private let chronicle: Chronicle?
    private let refusesAll: Bool

    public init(chronicle: Chronicle? = nil, refusesAll: Bool = false) {
        self.chronicle = chronicle
        self.refusesAll = refusesAll
    }

    public var keys: [String] { self.kept.withLock { $0.keys.sorted() } }

    public func save(_ artifact: CollectedArtifact, key: String) async throws -> StoredArtifact {
        if self.refusesAll { throw Gone() }
        self.kept.withLock { $0[key] = artifact }
        self.chronicle?.add("save \(artifact.name)")
        return StoredArtifact(key: key, fileName: artifact.fileName, archive: artifact.archive, isDirectory: artifact.isDirectory)
    }

    public func place(_ artifact: StoredArtifact, archive: ArtifactArchive?, scratch: String) async throws -> String {
        guard let kept = self.kept.withLock({ $0[artifact.key] }) else { throw Gone() }
        return kept.path
    }

    /// Loses everything, as a disk can.
    public func forget() { self.kept.withLock { $0 = [:] } }

    public func remove(_ run: RunID) async throws { self.kept.withLock { kept in kept = kept.filter { !$0.key.hasPrefix(run.text) } } }
}

/// A doorbell that tests ring themselves.
public final class TestDoorbell: DoorbellService {
    public let address = "test"
    public let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    public init() { (self.rings, self.continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    public func ring(_ address: String) async -> Bool {
        self.continuation.yield()
        return true
    }
}
