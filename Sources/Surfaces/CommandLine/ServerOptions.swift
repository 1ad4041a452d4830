public import ArgumentParser
import Operations

/// Options that point a verb to a server instead of the data directory.
public struct ServerOptions: ParsableArguments, Sendable {
    @Option(
        name: [.customShort("s"), .customLong("server"), .customLong("argo-server")],
        help: ArgumentHelp(
            "Ask this server and not the data directory (SKIFF_SERVER): http://host:port or host:port.", valueName: "address"))
    var serverOption: String?

    @Option(
        name: .long, help: ArgumentHelp("Token for the server (SKIFF_TOKEN), or a whole value like 'Basic …'.", valueName: "token"))
    var token: String?

    @Flag(
        name: [.customShort("e"), .long], inversion: .prefixedNo,
        help: "Whether host:port is talked to with TLS (default: everywhere but on loopback).")
    var secure: Bool?

    @Flag(name: [.customShort("k"), .long], help: "Take any certificate of the server.")
    var insecureSkipVerify = false

    @Option(
        name: [.customShort("H"), .customLong("header")],
        help: ArgumentHelp("Send this with every request to the server (repeatable).", valueName: "name: value"))
    var headers: [String] = []

    @Flag(
        name: .long,
        help:
            "Take ARGO_SERVER, ARGO_TOKEN, ARGO_NAMESPACE, ARGO_SECURE, ARGO_INSECURE_SKIP_VERIFY and ARGO_BASE_HREF from the environment.")
    var argoEnv = false

    public init() {}

    public mutating func validate() throws {
        if self.serverOption?.isEmpty == true { throw ValidationError("--server must not be empty") }
        _ = try self.headerList()
    }

    /// The server that the options and the environment name; nil for the data directory.
    ///
    /// Argo's variables count only with `--argo-env`, so that nothing reaches a production cluster by surprise.
    public var place: ServerPlace? {
        get throws {
            let argo = self.argoValue("ARGO_SERVER")
            guard let address = self.serverOption ?? Self.value("SKIFF_SERVER") ?? argo else { return nil }
            let isArgo = self.serverOption == nil && Self.value("SKIFF_SERVER") == nil
            // Argo's own command line talks TLS unless it is told otherwise.
            let argoSecure = self.argoFlag("ARGO_SECURE") ?? (isArgo ? true : nil)
            return ServerPlace(
                address: address, isSecure: self.secure ?? argoSecure, basePath: self.argoValue("ARGO_BASE_HREF") ?? "",
                token: self.token ?? Self.value("SKIFF_TOKEN") ?? self.argoValue("ARGO_TOKEN"), headers: try self.headerList(),
                skipsVerification: self.insecureSkipVerify || self.argoFlag("ARGO_INSECURE_SKIP_VERIFY") ?? false,
                trustRoots: Self.value("SSL_CERT_FILE"))
        }
    }

    /// A variable that is set to something.
    static func value(_ name: String) -> String? {
        CommandLineContext.current.console.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The same, of Argo's variables, where they count.
    func argoValue(_ name: String) -> String? { self.argoEnv ? Self.value(name) : nil }

    private func argoFlag(_ name: String) -> Bool? { self.argoValue(name).map { $0.lowercased() != "false" && $0 != "0" } }

    private func headerList() throws -> [(name: String, value: String)] {
        try self.headers.map { text in
            guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
                throw ValidationError("'--header \(text)' is not of the form 'name: value'")
            }
            return (String(text[..<colon]), String(text[text.index(after: colon)...].drop { $0 == " " }))
        }
    }

    // MARK: For hints and for commands that do their work as another

    /// The options that another `skiff` command needs to find the same server. The token stays out of what is printed.
    var repeated: String {
        var text = ""
        if let server = self.serverOption { text += " --server \(ShellWord.quoted(server))" }
        if let secure = self.secure { text += secure ? " --secure" : " --no-secure" }
        if self.insecureSkipVerify { text += " --insecure-skip-verify" }
        if self.argoEnv { text += " --argo-env" }
        return text
    }

    var arguments: [String] {
        var words: [String] = []
        if let server = self.serverOption { words += ["--server", server] }
        if let token = self.token { words += ["--token", token] }
        if let secure = self.secure { words.append(secure ? "--secure" : "--no-secure") }
        if self.insecureSkipVerify { words.append("--insecure-skip-verify") }
        for header in self.headers { words += ["--header", header] }
        if self.argoEnv { words.append("--argo-env") }
        return words
    }
}

/// A server as the user named it.
public struct ServerPlace: Sendable, Equatable {
    public var address: String
    /// What an address without `http://` or `https://` means; nil for TLS everywhere but on loopback.
    public var isSecure: Bool?
    /// What all paths start with.
    public var basePath: String
    public var token: String?
    public var headers: [(name: String, value: String)]
    public var skipsVerification: Bool
    /// PEM file with the certificates that are trusted in place of the machine's.
    public var trustRoots: String?

    public static func == (left: ServerPlace, right: ServerPlace) -> Bool {
        left.address == right.address && left.isSecure == right.isSecure && left.basePath == right.basePath && left.token == right.token
            && left.headers.elementsEqual(right.headers) { $0 == $1 } && left.skipsVerification == right.skipsVerification
            && left.trustRoots == right.trustRoots
    }
}
