import Glibc
import Testing

/// `skiff server` on the data directory of a home, on a port of its own.
final class RunningServer: Sendable {
    let home: Home
    let program: Program
    /// `http://127.0.0.1:…`.
    let address: String

    /// Returns when it listens.
    init(_ home: Home, _ arguments: String...) async throws {
        self.home = home
        self.program = try Program(["server", "--port", "0"] + arguments, home: home)
        await self.program.tells("listening: ")
        let told = self.program.errorsSoFar
        let start = try #require(told.firstRange(of: "listening: "), "\(told)")
        self.address = String(told[start.upperBound...].prefix { !$0.isWhitespace })
    }

    deinit { self.program.signal(SIGKILL) }

    /// Ends it as systemd does.
    func stop() async -> Program.Outcome {
        self.program.signal(SIGTERM)
        return await self.program.outcome()
    }

    /// A verb that asks this server, from a home of its own: nothing is read from the server's directory.
    func run(_ arguments: String..., from other: Home) async throws -> Program.Outcome { try await self.run(arguments, from: other) }

    func run(_ arguments: [String], from other: Home) async throws -> Program.Outcome {
        try await Program(arguments, home: other, environment: ["SKIFF_SERVER": self.address]).outcome()
    }
}
