import CLocalRuntime
import Engine
import Glibc
import WorkflowModel

/// What a supervisor is told of a lifecycle handler or a probe.
///
/// It speaks plain HTTP to addresses itself. TLS and host names are left to the container's `curl`, so that a supervisor stays small.
struct HandlerComposer {
    /// Where `curl` is looked for.
    let searchPath: String

    /// - Parameter purpose: what the manifest calls it.
    func message(for handler: HandlerRequest, of purpose: String, timeout: Span? = nil) throws(LaunchProblem) -> MessageWriter {
        var message = MessageWriter()
        switch handler {
        case .exec(let command):
            guard !command.isEmpty else { throw LaunchProblem("the command of \(purpose) is empty") }
            try Self.add(command, of: purpose, to: &message)
        case .tcpSocket(let host, let port):
            guard let address = Self.address(host) else {
                throw LaunchProblem("\(purpose) connects to '\(host ?? "")', and only an IP address or localhost can be connected to")
            }
            message.add(SKIFF_HANDLER_ADDRESS.rawValue, text: address)
            message.add(SKIFF_HANDLER_PORT.rawValue, number: Int64(try Self.checked(port, of: purpose)))
        case .httpGet(let scheme, let host, let port, let path, let headers):
            let port = try Self.checked(port, of: purpose)
            guard ["HTTP", "HTTPS"].contains(scheme.uppercased()) else { throw LaunchProblem("'\(scheme)' is not a scheme for \(purpose)") }
            try Self.requireLine([scheme, host ?? "", path] + headers.flatMap { [$0.name, $0.value] }, of: purpose)
            let target = path.hasPrefix("/") ? path : "/\(path)"
            if scheme.uppercased() != "HTTPS", let address = Self.address(host) {
                message.add(SKIFF_HANDLER_ADDRESS.rawValue, text: address)
                message.add(SKIFF_HANDLER_PORT.rawValue, number: Int64(port))
                message.add(SKIFF_HANDLER_REQUEST.rawValue, bytes: Self.request(address, port, target, headers).utf8)
            } else {
                let name = Self.address(host) ?? host ?? "127.0.0.1"
                let authority = name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]:\(port)" : "\(name):\(port)"
                let url = "\(scheme.lowercased())://\(authority)\(target)"
                try Self.add(try self.curl(url, headers, timeout, purpose), of: purpose, to: &message)
            }
        }
        return message
    }

    private static func request(_ address: String, _ port: Int, _ path: String, _ headers: [NamedValue]) -> String {
        var lines = ["GET \(path) HTTP/1.1"]
        let given = Set(headers.map { $0.name.lowercased() })
        let host = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
        for (name, value) in [("Host", "\(host):\(port)"), ("User-Agent", "skiff-probe"), ("Accept", "*/*"), ("Connection", "close")]
        where !given.contains(name.lowercased()) { lines.append("\(name): \(value)") }
        lines += headers.map { "\($0.name): \($0.value)" }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// As Kubernetes probes: certificates are not looked at, and any answer below 400 is good.
    private func curl(_ url: String, _ headers: [NamedValue], _ timeout: Span?, _ purpose: String) throws(LaunchProblem) -> [String] {
        guard self.searchPath.split(separator: ":").contains(where: { access("\($0)/curl", X_OK) == 0 }) else {
            throw LaunchProblem("\(purpose) asks '\(url)', which needs the program 'curl' on this machine: install it, or use 'exec'")
        }
        var words = ["curl", "--silent", "--insecure", "--fail", "--globoff", "--output", "/dev/null"]
        if let timeout { words += ["--max-time", "\(max(1, (timeout.milliseconds + 999) / 1000))"] }
        for header in headers { words += ["--header", "\(header.name): \(header.value)"] }
        return words + [url]
    }

    private static func add(_ command: [String], of purpose: String, to message: inout MessageWriter) throws(LaunchProblem) {
        for word in command {
            if word.utf8.contains(0) { throw LaunchProblem("the command of \(purpose) contains a zero byte") }
            message.add(SKIFF_HANDLER_ARGUMENT.rawValue, text: word)
        }
    }

    private static func checked(_ port: Int, of purpose: String) throws(LaunchProblem) -> Int {
        guard (1...65535).contains(port) else { throw LaunchProblem("\(port) is not a port for \(purpose)") }
        return port
    }

    /// What goes into a request must not begin another line of it.
    private static func requireLine(_ texts: [String], of purpose: String) throws(LaunchProblem) {
        guard texts.allSatisfy({ text in text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
            throw LaunchProblem("the request of \(purpose) contains a control character")
        }
    }

    /// An address in digits; nil for a name that would have to be looked up. The pod itself is this machine.
    static func address(_ host: String?) -> String? {
        guard let host, !host.isEmpty, host.lowercased() != "localhost" else { return "127.0.0.1" }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        var room = in6_addr()
        let isAddress = inet_pton(AF_INET, bare, &room) == 1 || inet_pton(AF_INET6, bare, &room) == 1
        return isAddress ? bare : nil
    }
}
