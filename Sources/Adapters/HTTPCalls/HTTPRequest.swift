import Engine
import FoundationEssentials

/// A request of a template, and what becomes of it when an answer leads elsewhere.
struct HTTPRequest: Sendable {
    /// As Go's client, which is Argo's.
    static let mostRedirects = 10
    /// Headers that must not reach a host they were not meant for.
    private static let personal: Set<String> = [
        "authorization", "www-authenticate", "cookie", "cookie2", "proxy-authorization", "host",
    ]

    private(set) var message: HTTPMessage
    /// Lower-case names of headers that came from Secrets.
    private let secretHeaders: Set<String>
    private let firstHost: String

    /// - Throws: `TransportError`, which names a header but never what is in it.
    init(_ http: HTTPCall, secrets: [String: [String: [UInt8]]], agent: String) throws(TransportError) {
        let method = http.method
        guard Self.isToken(method) else { throw TransportError(.invalid, "'\(method)' is no HTTP method") }
        let target = try HTTPTarget(http.url)
        var headers: [(name: String, value: String)] = []
        var secretHeaders: Set<String> = []
        for header in http.headers {
            let value: String
            switch header.value {
            case .text(let text): value = text
            case .secret(let name, let key):
                guard let bytes = secrets[name]?[key] else {
                    throw TransportError(.invalid, "secret '\(name)' with key '\(key)', for header '\(header.name)', is not there")
                }
                value = String(decoding: bytes, as: UTF8.self)
                secretHeaders.insert(header.name.lowercased())
            }
            guard Self.isToken(header.name) else { throw TransportError(.invalid, "'\(header.name)' cannot be the name of a header") }
            guard Self.isFieldValue(value) else {
                throw TransportError(.invalid, "header '\(header.name)' holds a line break or another control character")
            }
            // Set, not added: the last one counts.
            headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
            headers.append((header.name, value))
        }
        self.secretHeaders = secretHeaders
        self.firstHost = target.host.lowercased()
        self.message = HTTPMessage(
            method: method, target: target, headers: headers, body: try Self.body(http), skipsVerification: http.skipsVerification)
        self.complete(agent)
    }

    private static func body(_ http: HTTPCall) throws(TransportError) -> [UInt8]? {
        if let text = http.body, !text.isEmpty { return Array(text.utf8) }
        guard let encoded = http.bodyBytes, !encoded.isEmpty else { return nil }
        guard let data = Data(base64Encoded: encoded) else { throw TransportError(.invalid, "bodyFrom.bytes is not base64") }
        return Array(data)
    }

    private mutating func complete(_ agent: String) {
        if !self.has("user-agent") { self.message.headers.append(("User-Agent", agent)) }
        if let user = self.message.target.user, !self.has("authorization") {
            let words = "\(user):\(self.message.target.password ?? "")"
            self.message.headers.append(("Authorization", "Basic " + Data(words.utf8).base64EncodedString()))
        }
    }

    private func has(_ name: String) -> Bool { self.message.headers.contains { $0.name.lowercased() == name } }

    /// - Returns: nil when the answer is the last one.
    /// - Throws: `TransportError` when it leads to no URL.
    func redirected(by answer: HTTPAnswer) throws(TransportError) -> HTTPRequest? {
        guard [301, 302, 303, 307, 308].contains(answer.status), let location = answer.header("location"), !location.isEmpty else {
            return nil
        }
        var next = self
        next.message.target = try self.message.target.redirected(to: location)
        if answer.status < 307 { next.becomeGet() }
        let host = next.message.target.host.lowercased()
        if host != self.firstHost, !host.hasSuffix("." + self.firstHost) {
            // Go keeps headers that it does not know to be personal; one that came from a Secret is.
            next.message.headers.removeAll {
                Self.personal.contains($0.name.lowercased()) || self.secretHeaders.contains($0.name.lowercased())
            }
        }
        return next
    }

    private mutating func becomeGet() {
        if self.message.method != "GET", self.message.method != "HEAD" { self.message.method = "GET" }
        self.message.body = nil
        self.message.headers.removeAll { $0.name.lowercased().hasPrefix("content-") }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    private static func isFieldValue(_ text: String) -> Bool { text.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) } }
}
