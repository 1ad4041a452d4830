import CRE2

/// A pattern in Go's syntax, compiled by RE2, which matches in time linear in the text.
public final class RegularExpression: @unchecked Sendable {
    // Safe to share: the compiled pattern is never changed, and RE2 guards its caches itself.
    private let handle: OpaquePointer
    let groupCount: Int

    /// - Throws: for a text that is no pattern, or whose program needs more than `ExpressionBounds.patternMemory`.
    public init(_ pattern: String) throws(ExpressionError) {
        var pattern = pattern
        let shown = pattern.utf8.count > 200 ? String(pattern.prefix(200)) + "…" : pattern
        let compiled: Result<OpaquePointer, ExpressionError> = pattern.withUTF8 { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                let handle = bytes.withMemoryRebound(to: CChar.self) {
                    cre2_compile($0.baseAddress, $0.count, ExpressionBounds.patternMemory, message.baseAddress, message.count)
                }
                if let handle { return .success(handle) }
                let reason = String(cString: message.baseAddress!)
                return .failure(ExpressionError("'\(shown)' is not a regular expression" + (reason.isEmpty ? "" : ": \(reason)")))
            }
        }
        self.handle = try compiled.get()
        self.groupCount = Int(cre2_group_count(self.handle))
    }

    deinit { cre2_free(self.handle) }

    /// Whether the pattern occurs anywhere in the text.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { self.search($0, from: 0, spans: nil) }
    }

    private func search(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, spans: UnsafeMutableBufferPointer<Int64>?) -> Bool {
        bytes.withMemoryRebound(to: CChar.self) {
            cre2_search(self.handle, $0.baseAddress, $0.count, start, spans?.baseAddress, Int32((spans?.count ?? 0) / 2))
        }
    }

    /// One match, in bytes.
    struct Match {
        var range: Range<Int>
        /// The groups from the first on, as many as were asked for; nil for one that took no part.
        var groups: [Range<Int>?]

        /// The whole match is number 0.
        func group(_ number: Int) -> Range<Int>? {
            number == 0 ? self.range : self.groups.indices.contains(number - 1) ? self.groups[number - 1] : nil
        }
    }

    /// The matches from left to right, without overlaps, at most `limit`. As in Go, an empty match right after a match does not count.
    func allMatches(in text: String, limit: Int = .max) -> [Match] {
        var matches: [Match] = []
        self.forEachMatch(in: text, groups: 0) { match in
            if matches.count < limit { matches.append(match) }
            return matches.count < limit
        }
        return matches
    }

    /// Calls `body` with each match until it gives false.
    /// - Parameter groups: how many groups it wants to know; without any the search is much faster.
    private func forEachMatch(in text: String, groups: Int, _ body: (Match) -> Bool) {
        var text = text
        text.withUTF8 { bytes in
            var from = 0
            var previousEnd = -1
            var spans = [Int64](repeating: -1, count: 2 * (groups + 1))
            while from <= bytes.count, spans.withUnsafeMutableBufferPointer({ self.search(bytes, from: from, spans: $0) }) {
                let range = Int(spans[0])..<Int(spans[1])
                if !range.isEmpty || range.lowerBound != previousEnd {
                    let match = Match(
                        range: range, groups: (1..<groups + 1).map { spans[2 * $0] < 0 ? nil : Int(spans[2 * $0])..<Int(spans[2 * $0 + 1]) }
                    )
                    guard body(match) else { return }
                }
                previousEnd = range.upperBound
                from = range.isEmpty ? Self.next(after: range.upperBound, in: bytes) : range.upperBound
            }
        }
    }

    /// The start of the next character.
    private static func next(after position: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var next = position + 1
        while next < bytes.count, bytes[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }

    /// The number of a named group.
    func group(named name: Substring) -> Int? {
        var name = String(name)
        let number = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cre2_group_named(self.handle, $0.baseAddress ?? UnsafePointer(bitPattern: 1)!, $0.count)
            }
        }
        return number < 0 ? nil : Int(number)
    }

    /// All matches replaced.
    /// - Parameter template: `$1`, `${1}` and `${name}` stand for groups and `$$` for a dollar, unless `isLiteral`.
    func replacing(in text: String, with template: String, isLiteral: Bool) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var from = 0
        let isPlain = isLiteral || !template.utf8.contains(UInt8(ascii: "$"))
        self.forEachMatch(in: text, groups: isPlain ? 0 : self.groupCount) { match in
            out.append(contentsOf: bytes[from..<match.range.lowerBound])
            if isPlain { out.append(contentsOf: template.utf8) } else { self.expand(template, match, bytes, into: &out) }
            from = match.range.upperBound
            // Whoever takes the text refuses it then.
            return out.count <= ExpressionBounds.textBytes
        }
        out.append(contentsOf: bytes[from...])
        return String(decoding: out, as: UTF8.self)
    }

    private func expand(_ template: String, _ match: Match, _ bytes: [UInt8], into out: inout [UInt8]) {
        var rest = template[...]
        while let dollar = rest.firstIndex(of: "$") {
            out.append(contentsOf: rest[..<dollar].utf8)
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                out.append(UInt8(ascii: "$"))
                rest.removeFirst()
                continue
            }
            guard let name = Self.takeGroupName(&rest) else {
                out.append(UInt8(ascii: "$"))
                continue
            }
            // A group that the pattern does not have is empty, as in Go.
            if let number = Int(name) ?? self.group(named: name), number >= 0, let range = match.group(number) {
                out.append(contentsOf: bytes[range])
            }
        }
        out.append(contentsOf: rest.utf8)
    }

    private static func takeGroupName(_ rest: inout Substring) -> Substring? {
        func isWord(_ character: Character) -> Bool { character == "_" || character.isLetter || character.isNumber }
        if rest.first == "{" {
            let name = rest.dropFirst().prefix(while: isWord)
            guard !name.isEmpty, rest.dropFirst(1 + name.count).first == "}" else { return nil }
            rest = rest.dropFirst(2 + name.count)
            return name
        }
        let name = rest.prefix(while: isWord)
        rest = rest.dropFirst(name.count)
        return name.isEmpty ? nil : name
    }
}
