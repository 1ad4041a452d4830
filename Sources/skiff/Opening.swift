import CommandLine
import Doorbell
import LocalOperations
import LocalRuntime
import Operations

/// Opens what the options of a command point to: a server when they name one, else the data directory.
struct Opening: Sendable {
    /// What pods are forked from; nil where the verb starts none.
    let launcher: Result<Launcher, LocalRuntimeError>?

    @Sendable func operations(_ options: GlobalOptions) async throws -> any Operations {
        if let remote = try RemoteWiring(options) { return remote.operations }
        return try await Wiring(options).operations()
    }

    /// Always in this process: what is to run elsewhere is submitted.
    @Sendable func starter(_ options: GlobalOptions) async throws -> any RunStarter { self.localStarter(options) }

    @Sendable func linter(_ options: GlobalOptions) async throws -> any ManifestLinter {
        if let remote = try RemoteWiring(options) { return remote.checks }
        return self.localStarter(options)
    }

    private func localStarter(_ options: GlobalOptions) -> LocalRunStarter {
        LocalRunStarter(machinery: Wiring(options).machinery(self.launcher), namespace: options.namespace)
    }

    @Sendable func resources(_ options: GlobalOptions) async throws -> any ResourceOperations {
        if let remote = try RemoteWiring(options) { return remote.resources }
        return Wiring(options).resources()
    }

    @Sendable func submitter(_ options: GlobalOptions) async throws -> any RunSubmitter {
        if let remote = try RemoteWiring(options) { return remote.submitter }
        return self.localSubmitter(options)
    }

    @Sendable func repetition(_ options: GlobalOptions) async throws -> any RepetitionSubmitter {
        if let remote = try RemoteWiring(options) { return remote.submitter }
        return self.localSubmitter(options)
    }

    private func localSubmitter(_ options: GlobalOptions) -> LocalRunSubmitter {
        LocalRunSubmitter(machinery: Wiring(options).machinery(self.launcher), ring: { DatagramDoorbell.ring(at: $0) })
    }

    @Sendable func catalog(_ options: GlobalOptions) async throws -> any RunCatalog {
        if let remote = try RemoteWiring(options) { return remote.operations }
        return try await Wiring(options).operations()
    }

    @Sendable func artifacts(_ options: GlobalOptions) async throws -> any ArtifactOperations {
        if let remote = try RemoteWiring(options) { return remote.artifacts }
        return try await Wiring(options).artifactOperations()
    }

    @Sendable func tokens(_ options: GlobalOptions) async throws -> any TokenOperations {
        if let remote = try RemoteWiring(options) { return remote.tokens }
        return Wiring(options).tokens()
    }

    /// Only beside the data directory.
    @Sendable func coordination(_ options: GlobalOptions) async throws -> any CoordinationOperations {
        if try RemoteWiring(options) != nil {
            throw OperationError(
                .invalid, "locks and the cache are shown and changed beside the data directory, not through a server",
                hint: "leave --server out, on the machine of the server")
        }
        return Wiring(options).coordination()
    }
}
