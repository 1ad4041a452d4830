import Engine
public import Operations
import Planning
public import Ports
import WorkflowModel

/// Artifacts of the runs of a data directory.
public struct LocalArtifacts: ArtifactOperations {
    private let reader: any RunReader
    private let artifacts: any ArtifactStore
    private let resources: any ResourceOperations
    /// A directory of the artifacts' file system, where they may lie while they are sent and received.
    private let scratch: String
    private let time: any TimeSource

    public init(
        reader: any RunReader, artifacts: any ArtifactStore, resources: any ResourceOperations, scratch: String, time: any TimeSource
    ) {
        self.reader = reader
        self.artifacts = artifacts
        self.resources = resources
        self.scratch = scratch
        self.time = time
    }

    public func artifact(_ query: ArtifactQuery) async throws -> ArtifactDownload {
        try await OperationError.translating {
            let record = try await self.reader.findRun(query.run, namespace: query.namespace)
            let run = try await StoredRun.load(record, from: self.reader)
            guard let artifact = try Self.find(query, in: run) else {
                let kind = query.isInput ? "input" : "output"
                throw OperationError(.notFound, "node '\(query.node)' of run '\(record.name)' has no \(kind) artifact '\(query.artifact)'")
            }
            switch artifact.source {
            case .raw(let text):
                guard query.path.isEmpty else { throw Self.nothing(at: query) }
                return ArtifactDownload(fileName: query.artifact, content: .file(bytes: Array(text.utf8)))
            case .stored(let stored): return try await self.open(stored, query)
            }
        }
    }

    private static func find(_ query: ArtifactQuery, in run: StoredRun) throws -> NamedArtifact? {
        let machine = run.machine
        // IDs are made distinct where two names hash alike, which only the whole view knows.
        let name = run.view["status"]?["nodes"]?[query.node]?["name"]?.string
        guard let node = machine.nodes.first(where: { $0.name == name ?? query.node }) else {
            throw OperationError(.notFound, "run '\(run.record.name)' has no node '\(query.node)'")
        }
        var artifacts = query.isInput ? node.inputs.artifacts : node.outputs.artifacts
        // The entry node stands for the run, and has what it gives to the outside.
        if !query.isInput, node.name == machine.plan.name { artifacts += machine.run.globalArtifacts }
        return artifacts.first { $0.name == query.artifact }
    }

    private func open(_ stored: StoredArtifact, _ query: ArtifactQuery) async throws -> ArtifactDownload {
        let scratch = "\(self.scratch)/download-\(Identity.uuid(at: self.time.now()))"
        let scratchDirectory = ScratchDirectory(scratch)
        // Left as it is: the way it was saved is the way that needs no packing.
        let archive: ArtifactArchive? = query.isPacked || stored.archive == .none ? ArtifactArchive.none : stored.archive
        let path: String
        do { path = try await self.artifacts.place(stored, archive: archive, scratch: scratch) } catch let missing as MissingArtifact {
            throw OperationError(.notFound, missing.description)
        }
        guard let opened = try await ArtifactFile.open(path, query.path, keeping: scratchDirectory) else { throw Self.nothing(at: query) }
        return opened
    }

    // MARK: Uploads

    public func upload(
        _ bytes: AsyncThrowingStream<[UInt8], any Error>, fileName: String, artifact: String, template: String, namespace: String
    ) async throws -> UploadedArtifact {
        let object = try await self.resources.get(
            ResourceReference(.workflowTemplate, template), namespace: namespace, withSecrets: false)
        let declared = (object["spec"]?["arguments"]?["artifacts"]?.array ?? []).compactMap { $0["name"]?.string }
        guard declared.contains(artifact) else {
            throw OperationError(
                .invalid, "WorkflowTemplate '\(template)' has no artifact '\(artifact)' among its arguments",
                hint: declared.isEmpty ? "it declares none" : "declared: \(declared.joined(separator: ", "))")
        }
        let id = Identity.uuid(at: self.time.now())
        let scratch = ScratchDirectory("\(self.scratch)/upload-\(id)")
        let path = try await scratch.write(bytes, to: fileName)
        let key = "uploads/\(namespace)/\(id)"
        let collected = CollectedArtifact(name: artifact, path: path, fileName: fileName, archive: .none, isDirectory: false)
        let stored = try await self.artifacts.save(collected, key: key)
        return UploadedArtifact(name: artifact, key: "\(key)/\(stored.fileName)")
    }

    private static func nothing(at query: ArtifactQuery) -> OperationError {
        OperationError(.notFound, "artifact '\(query.artifact)' has nothing at '\(query.path.joined(separator: "/"))'")
    }
}

extension ArtifactDownload.Content {
    /// What is in memory already.
    static func file(bytes: [UInt8]) -> ArtifactDownload.Content {
        .file(
            sizeInBytes: Int64(bytes.count),
            bytes: AsyncThrowingStream { continuation in
                continuation.yield(bytes)
                continuation.finish()
            })
    }
}
