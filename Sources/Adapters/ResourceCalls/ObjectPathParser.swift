import WorkflowModel

/// Reads the text of an `ObjectPath`.
struct ObjectPathParser {
    private let text: String
    private let bytes: [UInt8]
    private var at = 0
    /// Deeper nesting of ranges and filters is a fault.
    private static let deepest = 32

    init(_ text: String) {
        self.text = text
        self.bytes = Array(text.utf8)
    }

    mutating func document() throws(ResourceFault) -> [ObjectPath.Part] {
        let (parts, isEnded) = try self.parts(depth: 0)
        if isEnded { throw self.fault("'{end}' without '{range}'") }
        return parts
    }

    private func fault(_ reason: String) -> ResourceFault {
        ResourceFault("'\(self.text.prefix(200))' is not a JSONPath: \(reason) at byte \(self.at)")
    }

    // MARK: Text and braces

    /// - Returns: also whether it ended with `{end}`.
    private mutating func parts(depth: Int) throws(ResourceFault) -> ([ObjectPath.Part], isEnded: Bool) {
        if depth > Self.deepest { throw self.fault("ranges are nested too deeply") }
        var parts: [ObjectPath.Part] = []
        var literal: [UInt8] = []
        while self.at < self.bytes.count {
            guard self.bytes[self.at] == UInt8(ascii: "{") else {
                literal.append(self.bytes[self.at])
                self.at += 1
                continue
            }
            if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
            literal = []
            self.at += 1
            if try self.action(into: &parts, depth) { return (parts, true) }
        }
        if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
        return (parts, false)
    }

    /// What stands between braces.
    /// - Returns: true for `{end}`.
    private mutating func action(into parts: inout [ObjectPath.Part], _ depth: Int) throws(ResourceFault) -> Bool {
        self.skipBlanks()
        if self.takeWord("end") {
            try self.close()
            return true
        }
        if self.takeWord("range") {
            self.skipBlanks()
            let path = try self.path()
            try self.close()
            let (body, isEnded) = try self.parts(depth: depth + 1)
            guard isEnded else { throw self.fault("'{range}' without '{end}'") }
            parts.append(.range(path, body))
            return false
        }
        while let next = self.peek, next != UInt8(ascii: "}") {
            if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") {
                parts.append(.text(try self.quoted()))
            } else {
                parts.append(.path(try self.path()))
            }
            self.skipBlanks()
        }
        try self.close()
        return false
    }

    private mutating func close() throws(ResourceFault) {
        self.skipBlanks()
        guard self.take("}") else { throw self.fault("expected '}'") }
    }

    // MARK: Paths

    private mutating func path(depth: Int = 0) throws(ResourceFault) -> ObjectPath.Path {
        if depth > Self.deepest { throw self.fault("filters are nested too deeply") }
        var path = ObjectPath.Path(startsAtRoot: false, steps: [])
        if self.take("$") {
            path.startsAtRoot = true
        } else if !self.take("@"), let next = self.peek, next != UInt8(ascii: "."), next != UInt8(ascii: "[") {
            // `{metadata.name}` is read as `{.metadata.name}`.
            path.steps.append(.field(try self.name()))
        }
        while let next = self.peek {
            if next == UInt8(ascii: ".") {
                self.at += 1
                if self.take(".") {
                    path.steps.append(.descendants)
                    if self.peek == UInt8(ascii: "[") { continue }
                }
                if self.take("*") {
                    path.steps.append(.wildcard)
                } else if let next = self.peek, Self.isName(next) || next == UInt8(ascii: "\\") {
                    path.steps.append(.field(try self.name()))
                }
            } else if next == UInt8(ascii: "[") {
                self.at += 1
                path.steps.append(try self.brackets(depth))
            } else {
                break
            }
        }
        return path
    }

    private mutating func brackets(_ depth: Int) throws(ResourceFault) -> ObjectPath.Step {
        if self.take("?") { return try self.filter(depth) }
        var steps: [ObjectPath.Step] = []
        repeat {
            self.skipBlanks()
            steps.append(try self.element())
            self.skipBlanks()
        } while self.take(",")
        guard self.take("]") else { throw self.fault("expected ']'") }
        return steps.count == 1 ? steps[0] : .union(steps)
    }

    private mutating func element() throws(ResourceFault) -> ObjectPath.Step {
        if self.take("*") { return .wildcard }
        if let next = self.peek, next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") { return .field(try self.quoted()) }
        let first = try self.integer()
        guard self.take(":") else {
            guard let first else { throw self.fault("expected an index, a name in quotes or '*'") }
            return .index(first)
        }
        let second = try self.integer()
        var by = 1
        if self.take(":") { by = try self.integer() ?? 1 }
        guard by > 0 else { throw self.fault("the step of a slice must be positive") }
        return .slice(from: first, to: second, by: by)
    }

    // MARK: Filters

    private mutating func filter(_ depth: Int) throws(ResourceFault) -> ObjectPath.Step {
        guard self.take("(") else { throw self.fault("expected '('") }
        let left = try self.operand(depth)
        self.skipBlanks()
        var comparison: ObjectPath.Comparison?
        if let sign = ["==", "!=", "<=", ">=", "<", ">"].first(where: { self.take($0) }) {
            comparison = ObjectPath.Comparison(sign: sign, other: try self.operand(depth))
            self.skipBlanks()
        }
        guard self.take(")"), self.take("]") else { throw self.fault("expected ')]'") }
        return .filter(left, comparison)
    }

    private mutating func operand(_ depth: Int) throws(ResourceFault) -> ObjectPath.Operand {
        self.skipBlanks()
        guard let next = self.peek else { throw self.fault("expected a value") }
        if next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") { return .literal(.string(try self.quoted())) }
        if next == UInt8(ascii: "@") || next == UInt8(ascii: "$") || next == UInt8(ascii: ".") {
            return .path(try self.path(depth: depth + 1))
        }
        var word = ""
        while let next = self.peek, Self.isName(next) || next == UInt8(ascii: ".") || next == UInt8(ascii: "+") {
            word.unicodeScalars.append(Unicode.Scalar(next))
            self.at += 1
        }
        switch word {
        case "true": return .literal(true)
        case "false": return .literal(false)
        default:
            guard Double(word) != nil else { throw self.fault("expected a path, a text in quotes, a number, true or false") }
            return .literal(.number(word))
        }
    }

    // MARK: Words

    private var peek: UInt8? { self.at < self.bytes.count ? self.bytes[self.at] : nil }

    private mutating func skipBlanks() { while let next = self.peek, [0x20, 0x09, 0x0A, 0x0D].contains(next) { self.at += 1 } }

    private mutating func take(_ text: String) -> Bool {
        guard self.bytes[self.at...].starts(with: text.utf8) else { return false }
        self.at += text.utf8.count
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        let after = self.at + word.utf8.count
        guard self.bytes[self.at...].starts(with: word.utf8) else { return false }
        if after < self.bytes.count, Self.isName(self.bytes[after]) || self.bytes[after] == UInt8(ascii: ".") { return false }
        self.at = after
        return true
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
            || "_-/".utf8.contains(byte)
    }

    /// A name after a dot; `\` takes what follows as it is.
    private mutating func name() throws(ResourceFault) -> String {
        var name: [UInt8] = []
        while let next = self.peek {
            if next == UInt8(ascii: "\\"), self.at + 1 < self.bytes.count {
                name.append(self.bytes[self.at + 1])
                self.at += 2
            } else if Self.isName(next) {
                name.append(next)
                self.at += 1
            } else {
                break
            }
        }
        if name.isEmpty { throw self.fault("expected a name") }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func quoted() throws(ResourceFault) -> String {
        let quote = self.bytes[self.at]
        var text: [UInt8] = []
        self.at += 1
        while let next = self.peek, next != quote {
            self.at += 1
            guard next == UInt8(ascii: "\\"), let escaped = self.peek else {
                text.append(next)
                continue
            }
            self.at += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            default: text.append(escaped)
            }
        }
        guard self.peek == quote else { throw self.fault("expected the closing quote") }
        self.at += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func integer() throws(ResourceFault) -> Int? {
        let start = self.at
        _ = self.take("-")
        while let next = self.peek, (0x30...0x39).contains(next) { self.at += 1 }
        if self.at == start { return nil }
        guard let value = Int(String(decoding: self.bytes[start..<self.at], as: UTF8.self)) else { throw self.fault("expected a number") }
        return value
    }
}
