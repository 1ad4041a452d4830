import CommandLine
import LocalOperations
import Operations
import RemoteOperations

/// What a server does for the command line, in place of the data directory.
struct RemoteWiring: Sendable {
    private let connection: ServerConnection
    private let options: GlobalOptions

    /// nil when the options name no server.
    init?(_ options: GlobalOptions) throws {
        guard let place = try options.connection.place else { return nil }
        let address = try ServerAddress(
            place.address, isSecure: place.isSecure, basePath: place.basePath, token: place.token, headers: place.headers,
            skipsVerification: place.skipsVerification, trustRoots: place.trustRoots)
        self.connection = ServerConnection(address, version: version)
        self.options = options
    }

    var operations: RemoteOperations { RemoteOperations(self.connection) }

    var artifacts: RemoteArtifacts { RemoteArtifacts(self.connection) }

    var tokens: RemoteTokens { RemoteTokens(self.connection) }

    var resources: RemoteResources {
        let checks = self.checks
        return RemoteResources(self.connection) { manifests, namespace in try await checks.check(manifests, namespace: namespace) }
    }

    var submitter: RemoteRunSubmitter {
        let checks = self.checks
        return RemoteRunSubmitter(self.connection) { request in try await checks.workflows(request) }
    }

    /// Files are read and checked here, what they name is looked up on the server.
    var checks: ManifestChecks {
        ManifestChecks(
            machinery: Wiring(self.options).machinery(nil), resources: RemoteResources(self.connection), namespace: self.options.namespace)
    }
}
