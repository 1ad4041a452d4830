public import Engine
public import Ports
import Synchronization

/// Artifacts by key, without files.
public final class MemoryArtifacts: ArtifactStore {
    public struct Unreadable: Error, CustomStringConvertible {
        public let description = "the disk cannot be read"
    }

    /// What goes wrong.
    public enum Trouble: Sendable {
        /// Nothing can be saved.
        case saving
        /// Nothing that was saved can be read.
        case placing
    }

    private let kept = Mutex<[String: CollectedArtifact]>([:])
    private let chronicle: Chronicle?
    private let trouble: Trouble?

    public init(chronicle: Chronicle? = nil, trouble: Trouble? = nil) {
        self.chronicle = chronicle
        self.trouble = trouble
    }

    public var keys: [String] { self.kept.withLock { $0.keys.sorted() } }

    public func save(_ artifact: CollectedArtifact, key: String) async throws -> StoredArtifact {
        if self.trouble == .saving { throw Unreadable() }
        self.kept.withLock { $0[key] = artifact }
        self.chronicle?.add("save \(artifact.name)")
        return StoredArtifact(key: key, fileName: artifact.fileName, archive: artifact.archive, isDirectory: artifact.isDirectory)
    }

    public func place(_ artifact: StoredArtifact, archive: ArtifactArchive?, scratch: String) async throws -> String {
        if self.trouble == .placing { throw Unreadable() }
        guard let kept = self.kept.withLock({ $0[artifact.key] }) else { throw MissingArtifact("it is gone") }
        return kept.path
    }

    public func holds(_ artifact: StoredArtifact) async -> Bool { self.kept.withLock { $0[artifact.key] != nil } }

    /// Loses everything, as a disk can.
    public func forget() { self.kept.withLock { $0 = [:] } }

    public func remove(_ artifact: StoredArtifact) async throws {
        self.kept.withLock { $0[artifact.key] = nil }
        self.chronicle?.add("remove \(artifact.key)")
    }

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
