/// The `sprig.` functions on addresses, as Go's `net/url` takes them apart and puts them together.
enum SprigURLs {
    static var functions: [ExprFunction] {
        [
            ExprFunction("urlParse", 1...1) { evaluation, call in
                let text = try call.text(0)
                guard let url = URLParts(text) else {
                    throw ExpressionError("unable to parse url: \(GoText.quoted(String(text.prefix(200))))")
                }
                try evaluation.spend(textBytes: 2 * text.utf8.count)
                return .map(url.fields.mapValues(ExprValue.string))
            },
            ExprFunction("urlJoin", 1...1) { evaluation, call in
                let map = try call.map(0)
                var fields: [String: String] = [:]
                for name in URLParts.names {
                    guard let value = map[name] else { continue }
                    guard case .string(let text) = value else {
                        throw ExpressionError("'urlJoin' needs a string under '\(name)', this is \(value.typeName)")
                    }
                    try evaluation.spend(textBytes: 3 * text.utf8.count)
                    fields[name] = text
                }
                guard let url = URLParts(fields: fields) else { throw ExpressionError("'urlJoin' cannot use this 'userinfo'") }
                return try evaluation.made(url.text)
            },
        ]
    }
}

/// The parts of an address; path, fragment and user without the escapes of an address.
private struct URLParts {
    static let names = ["scheme", "host", "path", "query", "opaque", "fragment", "userinfo"]

    private var scheme = ""
    private var opaque = ""
    private var user: String?
    private var password: String?
    private var host = ""
    private var path = ""
    private var query = ""
    private var fragment = ""

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        var rest = text[...]
        if let hash = rest.firstIndex(of: "#") {
            guard let fragment = Self.unescaped(rest[rest.index(after: hash)...]) else { return nil }
            self.fragment = fragment
            rest = rest[..<hash]
        }
        guard self.takeScheme(&rest) else { return nil }
        if let mark = rest.firstIndex(of: "?") {
            self.query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if !rest.hasPrefix("/"), !self.scheme.isEmpty {
            self.opaque = String(rest)
            return
        }
        if rest.hasPrefix("//"), !rest.hasPrefix("///") || !self.scheme.isEmpty {
            let authority = rest.dropFirst(2).prefix { $0 != "/" }
            guard self.takeAuthority(authority) else { return nil }
            rest = rest[authority.endIndex...]
        } else if rest.prefix(while: { $0 != "/" }).contains(":") {
            return nil
        }
        guard let path = Self.unescaped(rest) else { return nil }
        self.path = path
    }

    init?(fields: [String: String]) {
        if let info = fields["userinfo"], !info.isEmpty {
            guard self.takeUser(info[...]) else { return nil }
        }
        self.scheme = fields["scheme"] ?? ""
        self.opaque = fields["opaque"] ?? ""
        self.host = fields["host"] ?? ""
        self.path = fields["path"] ?? ""
        self.query = fields["query"] ?? ""
        self.fragment = fields["fragment"] ?? ""
    }

    /// - Returns: false for a text that starts with `:`.
    private mutating func takeScheme(_ rest: inout Substring) -> Bool {
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        guard rest.dropFirst(name.count).first == ":" else { return true }
        guard let first = name.first else { return false }
        // `1a:b` has no scheme; whether a path may start like that is decided there.
        guard first.isLetter else { return true }
        self.scheme = name.lowercased()
        rest = rest.dropFirst(name.count + 1)
        return true
    }

    private mutating func takeAuthority(_ authority: Substring) -> Bool {
        var host = authority
        if let at = authority.lastIndex(of: "@") {
            guard self.takeUser(authority[..<at]) else { return false }
            host = authority[authority.index(after: at)...]
        }
        let afterName =
            host.first == "[" ? host.lastIndex(of: "]").map { host[host.index(after: $0)...] } : host.lastIndex(of: ":").map { host[$0...] }
        if host.first == "[", afterName == nil { return false }
        if let port = afterName, !port.isEmpty {
            guard port.first == ":", port.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) else { return false }
        }
        guard !host.contains(where: { " <>\"{}|\\^`".contains($0) }), let plain = Self.unescaped(host) else { return false }
        self.host = plain
        return true
    }

    private mutating func takeUser(_ info: Substring) -> Bool {
        let allowed = info.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._:~!$&'()*+,;=%@".contains($0)) }
        let parts = info.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard allowed, let user = Self.unescaped(parts[0]) else { return false }
        self.user = user
        if parts.count > 1 {
            guard let password = Self.unescaped(parts[1]) else { return false }
            self.password = password
        }
        return true
    }

    // MARK: Together again

    var fields: [String: String] {
        [
            "scheme": self.scheme, "host": self.host, "hostname": self.hostName, "path": self.path, "query": self.query,
            "opaque": self.opaque, "fragment": self.fragment, "userinfo": self.userInfo,
        ]
    }

    /// The host without port and brackets.
    private var hostName: String {
        if self.host.first == "[", let close = self.host.firstIndex(of: "]") { return String(self.host[..<close].dropFirst()) }
        return self.host.lastIndex(of: ":").map { String(self.host[..<$0]) } ?? self.host
    }

    private var userInfo: String {
        guard let user = self.user else { return "" }
        return Self.escaped(user, keeping: "$&+,;=") + (self.password.map { ":" + Self.escaped($0, keeping: "$&+,;=") } ?? "")
    }

    var text: String {
        var out = self.scheme.isEmpty ? "" : self.scheme + ":"
        if !self.opaque.isEmpty {
            out += self.opaque
        } else {
            if !(self.scheme.isEmpty && self.host.isEmpty && self.user == nil) {
                if !self.host.isEmpty || !self.path.isEmpty || self.user != nil { out += "//" }
                if self.user != nil { out += self.userInfo + "@" }
                out += Self.escaped(self.host, keeping: "$&+,;=:[]<>\"!'()*")
            }
            var path = Self.escaped(self.path, keeping: "$&+,/:;=@")
            if !path.isEmpty, path.first != "/", !self.host.isEmpty { path = "/" + path }
            // Without a scheme, what stands before the first colon would be taken for one.
            if out.isEmpty, path.prefix(while: { $0 != "/" }).contains(":") { path = "./" + path }
            out += path
        }
        if !self.query.isEmpty { out += "?" + self.query }
        return self.fragment.isEmpty ? out : out + "#" + Self.escaped(self.fragment, keeping: "$&+,/:;=?@!()*")
    }

    // MARK: Escapes

    /// Nil for a `%` that is not followed by two digits of base 16.
    private static func unescaped(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            let digits = bytes.prefix(2)
            guard digits.count == 2, digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-"),
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            out.append(code)
            bytes = bytes.dropFirst(2)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Letters, digits, `-_.~` and what is to be kept stay; every other byte becomes `%41`.
    private static func escaped(_ text: String, keeping kept: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            let isPlain = byte < 0x80 && Character(Unicode.Scalar(byte)).isPlainInAddresses
            if isPlain || kept.utf8.contains(byte) {
                out.append(byte)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += Array("%\(digits.count < 2 ? "0" : "")\(digits)".utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension Character {
    fileprivate var isPlainInAddresses: Bool { self.isLetter || self.isNumber || "-_.~".contains(self) }
}
