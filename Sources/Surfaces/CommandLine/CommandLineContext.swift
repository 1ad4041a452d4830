public import Operations

/// What the program gives its command line: the ways to do things, and the console.
public struct CommandLineContext: Sendable {
    /// Opens the stored runs that the options point to.
    public var openOperations: @Sendable (GlobalOptions) async throws -> any Operations
    /// Opens the data directory for carrying runs out in this process.
    public var openStarter: @Sendable (GlobalOptions) async throws -> any RunStarter
    /// Opens the stored objects that the options point to.
    public var openResources: @Sendable (GlobalOptions) async throws -> any ResourceOperations
    /// Opens the data directory for runs that somebody is to carry out.
    public var openSubmitter: @Sendable (GlobalOptions) async throws -> any RunSubmitter
    /// Opens what finds faults in files: with the stored objects that the options point to as their context.
    public var openLinter: @Sendable (GlobalOptions) async throws -> any ManifestLinter
    /// Opens what has runs done again where the options point to.
    public var openRepetition: @Sendable (GlobalOptions) async throws -> any RepetitionSubmitter
    /// Opens the history of the runs that the options point to: by uid, with its labels.
    public var openCatalog: @Sendable (GlobalOptions) async throws -> any RunCatalog
    /// Opens the artifacts of the runs that the options point to.
    public var openArtifacts: @Sendable (GlobalOptions) async throws -> any ArtifactOperations
    /// Carries out every run of the data directory and serves its API, until a signal ends it.
    public var serve: @Sendable (ServerRequest, GlobalOptions) async throws -> Void
    /// Opens the tokens of the data directory.
    public var openTokens: @Sendable (GlobalOptions) async throws -> any TokenOperations
    /// Opens the locks and the cache that the options point to.
    public var openCoordination: @Sendable (GlobalOptions) async throws -> any CoordinationOperations
    public var version: String
    public var console: Console

    /// - Parameters:
    ///   - openResources: left out by a program that stores no objects: its verbs for them say so.
    ///   - openSubmitter, openCatalog, openArtifacts, serve, openTokens, openCoordination: the same.
    ///   - openLinter, openRepetition: left out by a program that lints, and does runs again, as its starter does.
    public init(
        openOperations: @escaping @Sendable (GlobalOptions) async throws -> any Operations,
        openStarter: @escaping @Sendable (GlobalOptions) async throws -> any RunStarter,
        openResources: @escaping @Sendable (GlobalOptions) async throws -> any ResourceOperations = { _ in throw Self.nothingStored },
        openSubmitter: @escaping @Sendable (GlobalOptions) async throws -> any RunSubmitter = { _ in throw Self.nothingStored },
        openLinter: (@Sendable (GlobalOptions) async throws -> any ManifestLinter)? = nil,
        openRepetition: (@Sendable (GlobalOptions) async throws -> any RepetitionSubmitter)? = nil,
        openCatalog: @escaping @Sendable (GlobalOptions) async throws -> any RunCatalog = { _ in throw Self.nothingStored },
        openArtifacts: @escaping @Sendable (GlobalOptions) async throws -> any ArtifactOperations = { _ in throw Self.nothingStored },
        serve: @escaping @Sendable (ServerRequest, GlobalOptions) async throws -> Void = { _, _ in throw Self.nothingStored },
        openTokens: @escaping @Sendable (GlobalOptions) async throws -> any TokenOperations = { _ in throw Self.nothingStored },
        openCoordination: @escaping @Sendable (GlobalOptions) async throws -> any CoordinationOperations = { _ in throw Self.nothingStored
        },
        version: String, console: Console = .standard
    ) {
        self.openOperations = openOperations
        self.openStarter = openStarter
        self.openResources = openResources
        self.openSubmitter = openSubmitter
        self.openLinter = openLinter ?? { try await openStarter($0) }
        self.openRepetition = openRepetition ?? { RepetitionHere(starter: try await openStarter($0)) }
        self.openCatalog = openCatalog
        self.openArtifacts = openArtifacts
        self.serve = serve
        self.openTokens = openTokens
        self.openCoordination = openCoordination
        self.version = version
        self.console = console
    }

    /// What verbs for stored objects say where there are none.
    public static var nothingStored: OperationError { OperationError(.unavailable, "this program stores no objects") }

    /// The context of the command that is being parsed or run: how it reaches commands, which the parser creates.
    @TaskLocal static var bound: CommandLineContext?

    static var current: CommandLineContext {
        guard let bound = Self.bound else { preconditionFailure("a command is used outside SkiffCommandLine.run") }
        return bound
    }
}
