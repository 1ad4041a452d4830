import WorkflowModel

/// Which parameters and artifacts a part of a manifest mentions, in tags and in expressions.
///
/// It would rather see a mention too many than miss one: what it does not find may be told to be unused.
struct MentionScan {
    private(set) var inputParameters = Names()
    private(set) var inputArtifacts = Names()
    private(set) var workflowParameters = Names()

    /// Names, or all there are: `{{inputs.parameters}}`, `inputs.parameters[name]`.
    struct Names {
        fileprivate(set) var all = false
        fileprivate(set) var names: Set<String> = []

        func contains(_ name: String) -> Bool { self.all || self.names.contains(name) }
        fileprivate mutating func merge(_ other: Names) {
            self.all = self.all || other.all
            self.names.formUnion(other.names)
        }
    }

    mutating func merge(_ other: MentionScan) {
        self.inputParameters.merge(other.inputParameters)
        self.inputArtifacts.merge(other.inputArtifacts)
        self.workflowParameters.merge(other.workflowParameters)
    }

    /// Fields whose whole text is an expression, or may be a name without braces.
    private static let bareFields: Set<String> = [
        "expression", "fromExpression", "parameter", "event", "successCondition", "failureCondition",
    ]

    mutating func read(_ value: JSONValue, key: String = "") {
        switch value {
        case .string(let text): self.read(text, isBare: Self.bareFields.contains(key))
        case .array(let items): for item in items { self.read(item, key: key) }
        case .object(let object):
            for (name, item) in object {
                if name.hasTag { self.read(name, isBare: false) }
                self.read(item, key: name)
            }
        case .null, .bool, .number: break
        }
    }

    private mutating func read(_ text: String, isBare: Bool) {
        guard isBare || text.hasTag else { return }
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            if !isBare {
                while !(bytes[start] == UInt8(ascii: "{") && bytes[start + 1] == UInt8(ascii: "{")) { start += 1 }
            }
            self.read(bytes, from: start)
        }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) {
        var at = start
        while at < bytes.count {
            guard Self.isLetter(bytes[at]) else {
                at += 1
                continue
            }
            let begin = at
            while at < bytes.count, Self.isWordByte(bytes[at]) { at += 1 }
            if begin > start, bytes[begin - 1] == UInt8(ascii: ".") { continue }
            let word = UnsafeBufferPointer(rebasing: bytes[begin..<at])
            if word.elementsEqual("inputs".utf8) {
                var path = PathReader(bytes: bytes, at: at)
                self.addInputs(path.path())
            } else if word.elementsEqual("workflow".utf8) {
                var path = PathReader(bytes: bytes, at: at)
                let members = path.path()
                if members.isEmpty { self.workflowParameters.all = true }
                if members.first == "parameters" { Self.add(members.dropFirst(), to: &self.workflowParameters) }
            }
        }
    }

    private mutating func addInputs(_ path: [String]) {
        switch path.first {
        case nil:
            self.inputParameters.all = true
            self.inputArtifacts.all = true
        case "parameters": Self.add(path.dropFirst(), to: &self.inputParameters)
        case "artifacts": Self.add(path.dropFirst(), to: &self.inputArtifacts)
        default: break
        }
    }

    private static func add(_ path: ArraySlice<String>, to names: inout Names) {
        guard let first = path.first else {
            names.all = true
            return
        }
        names.names.insert(first)
        names.names.insert(path.joined(separator: "."))
        // In an expression `a-b` takes b from a.
        var rest = first[...]
        while let minus = rest.lastIndex(of: "-") {
            rest = rest[..<minus]
            names.names.insert(String(rest))
        }
    }

    fileprivate static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") }
    fileprivate static func isWordByte(_ byte: UInt8) -> Bool { Self.isLetter(byte) || (byte >= 0x30 && byte <= 0x39) }
}

/// Reads the members after a name: `.parameters.x`, `?.parameters['x']`, `["parameters"]["x"]`.
private struct PathReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var at: Int

    /// Ends before the first member that is not written out.
    mutating func path() -> [String] {
        var path: [String] = []
        while let member = self.member() { path.append(member) }
        return path
    }

    private func byte(_ distance: Int = 0) -> UInt8? {
        self.at + distance < self.bytes.count ? self.bytes[self.at + distance] : nil
    }

    private mutating func member() -> String? {
        if self.byte() == UInt8(ascii: "?"), self.byte(1) == UInt8(ascii: ".") { self.at += 1 }
        if self.byte() == UInt8(ascii: ".") {
            let begin = self.at + 1
            var end = begin
            while end < self.bytes.count, MentionScan.isWordByte(self.bytes[end]) || self.bytes[end] == UInt8(ascii: "-") { end += 1 }
            guard end > begin else { return nil }
            self.at = end
            return String(decoding: self.bytes[begin..<end], as: UTF8.self)
        }
        return self.byte() == UInt8(ascii: "[") ? self.quoted() : nil
    }

    /// `['x']`, in JSON text also `[\"x\"]`.
    private mutating func quoted() -> String? {
        var begin = self.at + 1
        while begin < self.bytes.count, self.bytes[begin] == UInt8(ascii: "\\") || self.bytes[begin] == UInt8(ascii: " ") { begin += 1 }
        guard begin < self.bytes.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(self.bytes[begin]) else { return nil }
        let quote = self.bytes[begin]
        var end = begin + 1
        while end < self.bytes.count, self.bytes[end] != quote, self.bytes[end] != UInt8(ascii: "\\") { end += 1 }
        var close = end
        while close < self.bytes.count, [quote, UInt8(ascii: "\\"), UInt8(ascii: " ")].contains(self.bytes[close]) { close += 1 }
        guard close < self.bytes.count, self.bytes[close] == UInt8(ascii: "]") else { return nil }
        self.at = close + 1
        return String(decoding: self.bytes[(begin + 1)..<end], as: UTF8.self)
    }
}
