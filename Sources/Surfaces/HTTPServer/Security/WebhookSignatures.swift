import Crypto
import HTTPTypes
import Operations
import WireFormat
import WorkflowModel

/// Proves who sends an event that has no token: code hosts sign what they send.
///
/// The Secret `argo-workflows-webhook-clients` of the namespace has a key for each client, whose value is YAML or JSON:
/// `{type: github, secret: …}`, with `github`, `gitlab`, `bitbucket` or `bitbucketserver`. The first whose signature fits counts.
struct WebhookSignatures: Sendable {
    static let secretName = "argo-workflows-webhook-clients"

    let resources: any ResourceOperations

    /// - Returns: whoever signed, who may submit in that namespace and nothing else.
    /// - Throws: `WireError`: 403.
    func principal(_ headers: HTTPFields, body: [UInt8], namespace: String) async throws -> Principal {
        for client in try await self.clients(of: namespace) where client.signed(headers, body) {
            return Principal(name: client.name, role: .submitter, namespaces: [namespace])
        }
        throw WireError(403, .permissionDenied, "failed to process webhook request")
    }

    private func clients(of namespace: String) async throws -> [WebhookClient] {
        let secret: JSONValue
        do {
            secret = try await self.resources.get(ResourceReference(.secret, Self.secretName), namespace: namespace, withSecrets: true)
        } catch let error as OperationError where error.code == .notFound { return [] }
        let values = secret["data"]?.object ?? JSONObject()
        return values.compactMap { name, value in
            Base64.decoded(value.string ?? "").flatMap { WebhookClient(name: name, text: String(decoding: $0, as: UTF8.self)) }
        }
    }
}

/// One client that may send events.
struct WebhookClient: Sendable {
    enum Kind: String, Sendable { case github, gitlab, bitbucket, bitbucketserver }

    let name: String
    let kind: Kind
    private let secret: [UInt8]

    /// nil for a text that is no client, or one without a secret, whose signature anybody could make.
    init?(name: String, text: String) {
        var fields: [String: String] = [:]
        if let json = try? JSONValue(json: text) {
            for key in ["type", "secret"] { fields[key] = json[key]?.string }
        } else {
            for line in text.split(separator: "\n") {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[Self.trimmed(line[..<colon])] = Self.trimmed(line[line.index(after: colon)...])
            }
        }
        guard let kind = fields["type"].flatMap(Kind.init), let secret = fields["secret"], !secret.isEmpty else { return nil }
        self.name = name
        self.kind = kind
        self.secret = Array(secret.utf8)
    }

    /// Without blanks and quotes around it.
    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        guard text.count > 1, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else { return String(text) }
        return String(text.dropFirst().dropLast())
    }

    /// Whether the sender knows the secret. Takes as long for a signature that is nearly right as for any other.
    func signed(_ headers: HTTPFields, _ body: [UInt8]) -> Bool {
        switch self.kind {
        case .github: self.hasCode(headers["X-Hub-Signature-256"], body) || self.hasOldCode(headers["X-Hub-Signature"], body)
        case .bitbucketserver: self.hasCode(headers["X-Hub-Signature"], body)
        case .gitlab: self.isSecret(headers["X-Gitlab-Token"])
        case .bitbucket: self.isSecret(headers["X-Hook-UUID"])
        }
    }

    private func hasCode(_ header: String?, _ body: [UInt8]) -> Bool {
        guard let header, header.hasPrefix("sha256="), let code = Self.bytes(hex: header.dropFirst(7)) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: SymmetricKey(data: self.secret))
    }

    private func hasOldCode(_ header: String?, _ body: [UInt8]) -> Bool {
        guard let header, header.hasPrefix("sha1="), let code = Self.bytes(hex: header.dropFirst(5)) else { return false }
        return HMAC<Insecure.SHA1>.isValidAuthenticationCode(code, authenticating: body, using: SymmetricKey(data: self.secret))
    }

    /// Hashes are compared, so that the time says nothing of how long the secret is.
    private func isSecret(_ header: String?) -> Bool {
        guard let header else { return false }
        let (given, wanted) = (Array(SHA256.hash(data: Array(header.utf8))), Array(SHA256.hash(data: self.secret)))
        return zip(given, wanted).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func bytes(hex: some StringProtocol) -> [UInt8]? {
        let digits = hex.utf8.map { $0 }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}

/// Base64 with the standard alphabet, as Secrets hold their values.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let digits = Dictionary(uniqueKeysWithValues: zip(Self.alphabet, UInt32(0)...63))

    /// nil for what is none.
    static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\n") {
            guard let digit = Self.digits[byte] else { return nil }
            bits = (bits << 6 | digit) & 0xFF_FFFF
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}

extension HTTPFields {
    fileprivate subscript(name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}
