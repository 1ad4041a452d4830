public import ArgumentParser
public import Operations
import WorkflowModel

struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Who may use the server.", subcommands: [TokenCommand.self])
}

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Tokens that open the server of this data directory.",
        discussion: """
            A server that was started with --auth-mode client asks for one with every request. They are kept as hashes, so that a token is \
            shown once, when it is made. A token that is revoked opens nothing from that moment on.
            """,
        subcommands: [CreateTokenCommand.self, ListTokensCommand.self, RevokeTokenCommand.self])
}

struct CreateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a token and print it, this once.",
        discussion: """
            A viewer looks at everything but the values of Secrets; a submitter also submits runs and commands them; an admin may do everything.
            """)

    @Argument(help: "Whom or what it is for.")
    var name: String

    @Option(name: .long, help: "What it may be used for.")
    var role: Role = .viewer

    @Option(
        name: .customLong("for-namespace"),
        help: ArgumentHelp("Where it may be used (repeatable); everywhere when left out.", valueName: "namespace"))
    var namespaces: [String] = []

    @Option(
        name: .customLong("expires-in"), help: ArgumentHelp("For how long: 90d, 12h, 30m; for ever when left out.", valueName: "duration"))
    var lifetime: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws { _ = try self.span() }

    func run() async throws {
        let context = CommandLineContext.current
        let expiry = try self.span().map { context.console.now() + $0 }
        let token = try await context.openTokens(self.global).createToken(
            name: self.name, role: self.role, namespaces: self.namespaces.isEmpty ? nil : Set(self.namespaces), expiresAt: expiry)
        _ = context.console.write(token + "\n", .output)
    }

    private func span() throws -> Span? {
        guard let text = self.lifetime else { return nil }
        let days = text.hasSuffix("d") ? Int64(text.dropLast()).flatMap { $0 < 1 << 20 ? Span.seconds($0 * 86400) : nil } : nil
        guard let span = days ?? Span(goDuration: text), span.milliseconds > 0 else {
            throw ValidationError("'--expires-in \(text)' is not a length of time, expected one like 90d or 12h")
        }
        return span
    }
}

struct ListTokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show which tokens there are.", aliases: ["ls"])

    @Option(name: .shortAndLong, help: "Names only, or JSON.")
    var output: TokenOutput?

    enum TokenOutput: String, CaseIterable, ExpressibleByArgument { case name, json }

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let tokens = try await context.openTokens(self.global).tokens()
        let text: String
        switch self.output {
        case .name: text = tokens.map { $0.name + "\n" }.joined()
        case .json: text = JSONValue.array(tokens.map(\.json)).json + "\n"
        case nil:
            var table = TextTable(gap: 3)
            table.add(["NAME", "ROLE", "NAMESPACES", "CREATED", "EXPIRES"])
            let now = context.console.now()
            for token in tokens {
                table.add([
                    token.name, token.role.rawValue, token.namespaces.map { $0.sorted().joined(separator: ",") } ?? "all",
                    HumanTime.ago(token.createdAt, now: now), token.expiresAt.map(\.rfc3339) ?? "never",
                ])
            }
            text = table.text
        }
        _ = context.console.write(text, .output)
    }
}

extension TokenSummary {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(self.name)
        object["role"] = .string(self.role.rawValue)
        object["namespaces"] = self.namespaces.map { .array($0.sorted().map { .string($0) }) }
        object["createdAt"] = .string(self.createdAt.rfc3339)
        object["expiresAt"] = self.expiresAt.map { .string($0.rfc3339) }
        return .object(object)
    }
}

struct RevokeTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Make tokens worthless.", aliases: ["delete"])

    @Argument(help: "Names of tokens.")
    var names: [String]

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let tokens = try await context.openTokens(self.global)
        for name in self.names {
            try await tokens.revokeToken(name: name)
            _ = context.console.write("token \(name) revoked\n", .output)
        }
    }
}

extension Role: ExpressibleByArgument {}
