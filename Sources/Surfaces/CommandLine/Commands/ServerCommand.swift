public import ArgumentParser
public import Operations

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Carry out every run of the data directory, and serve Argo's API.",
        discussion: """
            Goes on with what was running when the last server ended, then takes what is submitted by `skiff submit` or through the API, by \
            priority and age. SIGTERM and Ctrl-C end it: runs stay unfinished and go on when it is started again. With --leave-running their \
            steps go on meanwhile; without it steps that run are ended, and started anew by the next server, which costs none of their \
            retries. SIGHUP reads the configuration file again.
            """)

    @Option(name: .long, help: ArgumentHelp("Where to listen.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to listen; 0 for any port that is free.", valueName: "port"))
    var port = 2746

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How requests prove who sends them; client: by a token. Needed on any other address than loopback.", valueName: "mode"))
    var authMode: AuthenticationMode?

    @Option(
        name: .customLong("tls-certificate"), help: ArgumentHelp("Serve HTTPS with this PEM file.", valueName: "file"), completion: .file())
    var certificate: String?

    @Option(
        name: .customLong("tls-key"), help: ArgumentHelp("The key of the certificate, a PEM file.", valueName: "file"), completion: .file())
    var privateKey: String?

    @Flag(name: .long, help: "Leave steps running when the server ends, for the next one to take over.")
    var leaveRunning = false

    @Option(name: .long, help: ArgumentHelp("How many pods run at once, at most, of all runs together.", valueName: "n"))
    var maxParallel: Int?

    @Option(name: .long, help: "How steps are carried out.")
    var runtime: RunCommand.RuntimeChoice = .auto

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if !(0...65535).contains(self.port) { throw ValidationError("--port must be between 0 and 65535") }
        if let most = self.maxParallel, most < 1 { throw ValidationError("--max-parallel must be at least 1") }
        if (self.certificate == nil) != (self.privateKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
    }

    func run() async throws {
        let request = ServerRequest(
            address: self.host, port: self.port, authentication: self.authMode, certificate: self.certificate,
            privateKey: self.privateKey, leavesRunning: self.leaveRunning, configuration: self.global.config,
            runtime: self.runtime.rawValue, maxParallel: self.maxParallel)
        try await CommandLineContext.current.serve(request, self.global)
    }
}

extension AuthenticationMode: ExpressibleByArgument {}
