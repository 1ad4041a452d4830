public import ArgumentParser

/// Options that every verb takes.
public struct GlobalOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("data-dir"),
        help: ArgumentHelp("Where runs, logs and artifacts are kept (SKIFF_HOME; default ~/.skiff).", valueName: "directory"),
        completion: .directory)
    var dataDirectoryOption: String?

    @Option(
        name: .customLong("config"), help: ArgumentHelp("Configuration file, such as the entry points of images.", valueName: "file"),
        completion: .file())
    public var config: String?

    @Option(
        name: [.customShort("n"), .customLong("namespace")],
        help: ArgumentHelp("Namespace of the runs (SKIFF_NAMESPACE; default 'default').", valueName: "namespace"))
    var namespaceOption: String?

    @OptionGroup(title: "Options for a server") public var connection: ServerOptions

    @Flag(name: .customLong("no-color"), help: "Never colour the output.")
    public var noColor = false

    @Flag(name: .customLong("no-utf8"), help: "Draw with ASCII characters only.")
    public var noUTF8 = false

    public init() {}

    /// Where everything is kept: `--data-dir`, else `SKIFF_HOME`, else `~/.skiff`.
    public var dataDirectory: String {
        if let given = self.dataDirectoryOption { return given }
        let environment = CommandLineContext.current.console.environment
        if let home = environment("SKIFF_HOME"), !home.isEmpty { return home }
        return (environment("HOME") ?? ".") + "/.skiff"
    }

    /// `--namespace`, else `SKIFF_NAMESPACE`, else, with `--argo-env`, `ARGO_NAMESPACE`, else `default`.
    public var namespace: String {
        self.namespaceOption ?? ServerOptions.value("SKIFF_NAMESPACE") ?? self.connection.argoValue("ARGO_NAMESPACE") ?? "default"
    }

    public mutating func validate() throws {
        if self.namespaceOption?.isEmpty == true { throw ValidationError("--namespace must not be empty") }
        if self.dataDirectoryOption?.isEmpty == true { throw ValidationError("--data-dir must not be empty") }
    }

    /// The options that another `skiff` command needs to find the same runs, for hints that can be pasted.
    var repeated: String {
        var text = ""
        if let directory = self.dataDirectoryOption { text += " --data-dir \(ShellWord.quoted(directory))" }
        if let namespace = self.namespaceOption, namespace != "default" { text += " -n \(ShellWord.quoted(namespace))" }
        return text + self.connection.repeated
    }
}

extension GlobalOptions {
    /// The options as words, for a command that does its work as another command.
    var arguments: [String] {
        var words = ["-n", self.namespace]
        if let directory = self.dataDirectoryOption { words += ["--data-dir", directory] }
        if let config = self.config { words += ["--config", config] }
        if self.noColor { words.append("--no-color") }
        if self.noUTF8 { words.append("--no-utf8") }
        return words + self.connection.arguments
    }
}

enum ShellWord {
    /// The word as a shell reads it back.
    static func quoted(_ word: String) -> String {
        let plain =
            !word.isEmpty
            && word.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,".utf8.contains($0) }
        return plain ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
