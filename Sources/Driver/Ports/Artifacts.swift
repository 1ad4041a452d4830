public import Engine

/// What an artifact store throws when an artifact, or the part of it that is asked for, is not there. An optional input does without it; whatever
/// else goes wrong fails the step, optional or not.
public struct MissingArtifact: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Keeps artifacts between the pod that makes one and those that use it.
public protocol ArtifactStore: Sendable {
    /// Takes a collected file or directory over (moving it where that is possible) under a key. Repeating it after a crash is harmless.
    func save(_ artifact: CollectedArtifact, key: String) async throws -> StoredArtifact
    /// A local file or directory with the content as the consumer asked for it. It belongs to the store, unless packing or unpacking made it
    /// anew inside `scratch`, a directory of the consumer's pod.
    /// - Throws: `MissingArtifact` when it is gone; anything else when it cannot be read, or its content is not what `archive` says.
    func place(_ artifact: StoredArtifact, archive: ArtifactArchive?, scratch: String) async throws -> String
    func remove(_ run: RunID) async throws
    /// Removes one artifact. Nothing there is no error.
    func remove(_ artifact: StoredArtifact) async throws
    /// Whether the content of an artifact is still there.
    func holds(_ artifact: StoredArtifact) async -> Bool
}

/// Secret values, by the name of the Secret. The values are encrypted at rest and never logged.
public protocol SecretSource: Sendable {
    func values(of secret: String, in run: RunID) async throws -> [String: [UInt8]]?
}
