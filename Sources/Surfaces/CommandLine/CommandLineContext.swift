public import Operations

/// What the program gives its command line: the ways to do things, and the console.
public struct CommandLineContext: Sendable {
    /// Opens the stored runs that the options point to.
    public var openOperations: @Sendable (GlobalOptions) async throws -> any Operations
    /// Opens the data directory for carrying runs out in this process.
    public var openStarter: @Sendable (GlobalOptions) async throws -> any RunStarter
    public var version: String
    public var console: Console

    public init(
        openOperations: @escaping @Sendable (GlobalOptions) async throws -> any Operations,
        openStarter: @escaping @Sendable (GlobalOptions) async throws -> any RunStarter, version: String, console: Console = .standard
    ) {
        self.openOperations = openOperations
        self.openStarter = openStarter
        self.version = version
        self.console = console
    }

    /// The context of the command that is being parsed or run: how it reaches commands, which the parser creates.
    @TaskLocal static var bound: CommandLineContext?

    static var current: CommandLineContext {
        guard let bound = Self.bound else { preconditionFailure("a command is used outside SkiffCommandLine.run") }
        return bound
    }
}
