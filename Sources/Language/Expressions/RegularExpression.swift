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

    /// One match: the bytes of the whole and of its groups; nil for a group that took no part.
    struct Match {
        var groups: [Range<Int>?]
        var range: Range<Int> { self.groups[0]! }
    }

    /// The matches from left to right, without overlaps, at most `limit`. As in Go, an empty match right after a match does not count.
    func allMatches(in text: String, limit: Int = .max) -> [Match] {
        var text = text
        return text.withUTF8 { bytes in
            var matches: [Match] = []
            var from = 0
            var previousEnd = -1
            var spans = [Int64](repeating: -1, count: 2 * (self.groupCount + 1))
            while matches.count < limit, from <= bytes.count,
                spans.withUnsafeMutableBufferPointer({ self.search(bytes, from: from, spans: $0) })
            {
                let match = Match(
                    groups: stride(from: 0, to: spans.count, by: 2).map { spans[$0] < 0 ? nil : Int(spans[$0])..<Int(spans[$0 + 1]) })
                let range = match.range
                if !range.isEmpty || range.lowerBound != previousEnd { matches.append(match) }
                previousEnd = range.upperBound
                from = range.isEmpty ? Self.next(after: range.upperBound, in: bytes) : range.upperBound
            }
            return matches
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
        for match in self.allMatches(in: text) {
            out.append(contentsOf: bytes[from..<match.range.lowerBound])
            if isLiteral { out.append(contentsOf: template.utf8) } else { self.expand(template, match, bytes, into: &out) }
            from = match.range.upperBound
            if out.count > ExpressionBounds.textBytes { break }
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
            if let number = Int(name) ?? self.group(named: name), match.groups.indices.contains(number), let range = match.groups[number] {
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
