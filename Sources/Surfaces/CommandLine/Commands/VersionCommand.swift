import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Flag(name: .long, help: "Print the version only.")
    var short = false

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() throws {
        let context = CommandLineContext.current
        var text = "skiff: \(context.version)\n"
        if !self.short { text += "  Platform: \(Self.platform)\n" }
        _ = context.console.write(text, .output)
    }

    private static var platform: String {
        #if os(Linux)
            let system = "linux"
        #elseif os(macOS)
            let system = "darwin"
        #else
            let system = "unknown"
        #endif
        #if arch(x86_64)
            return system + "/amd64"
        #elseif arch(arm64)
            return system + "/arm64"
        #else
            return system + "/unknown"
        #endif
    }
}
