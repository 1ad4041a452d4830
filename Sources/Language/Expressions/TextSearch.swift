/// Looking for texts in texts, byte by byte as Go does it, in time linear in both.
enum TextSearch {
    static func contains(_ text: String, _ part: String) -> Bool { !self.positions(of: part, in: text, limit: 1).isEmpty || part.isEmpty }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        text.utf8.count >= suffix.utf8.count && text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Where the part starts, in bytes, at most `limit` times, without overlaps. Empty for an empty part.
    static func positions(of part: String, in text: String, limit: Int = .max) -> [Int] {
        var text = text
        let needle = Array(part.utf8)
        return text.withUTF8 { self.positions(of: needle, in: $0, limit: limit) }
    }

    /// The search of Knuth, Morris and Pratt: no byte of the text is looked at twice because of an earlier failure.
    private static func positions(of needle: [UInt8], in haystack: some RandomAccessCollection<UInt8>, limit: Int) -> [Int] {
        guard !needle.isEmpty, needle.count <= haystack.count, limit > 0 else { return [] }
        let fallback = self.borders(of: needle)
        var found: [Int] = []
        var matched = 0
        for (position, byte) in haystack.enumerated() {
            while matched > 0, needle[matched] != byte { matched = fallback[matched - 1] }
            if needle[matched] == byte { matched += 1 }
            guard matched == needle.count else { continue }
            found.append(position + 1 - needle.count)
            if found.count == limit { break }
            matched = 0
        }
        return found
    }

    /// For each beginning of the needle, the length of its longest proper beginning that is also its end.
    private static func borders(of needle: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: needle.count)
        var length = 0
        for index in needle.indices.dropFirst() {
            while length > 0, needle[index] != needle[length] { length = borders[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }

    /// Where the part stands last, in bytes.
    static func lastPosition(of part: String, in text: String) -> Int? {
        if part.isEmpty { return text.utf8.count }
        // Looking backwards is looking forwards in the reverse of both.
        let position = self.positions(of: part.utf8.reversed(), in: Array(text.utf8.reversed()), limit: 1).first
        return position.map { text.utf8.count - $0 - part.utf8.count }
    }

    /// How many characters stand before a byte.
    static func characters(before byte: Int, in text: String) -> Int {
        text.unicodeScalars.distance(from: text.startIndex, to: text.utf8.index(text.startIndex, offsetBy: byte))
    }

    /// The pieces between the separators, at most `limit`; an empty separator splits into characters.
    static func split(_ text: String, by separator: String, limit: Int = .max, keepsSeparator: Bool = false) -> [String] {
        if separator.isEmpty { return self.characters(text, limit: limit) }
        let length = separator.utf8.count
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        var from = 0
        for position in self.positions(of: separator, in: text, limit: limit - 1) {
            pieces.append(String(decoding: bytes[from..<(keepsSeparator ? position + length : position)], as: UTF8.self))
            from = position + length
        }
        pieces.append(String(decoding: bytes[from...], as: UTF8.self))
        return pieces
    }

    private static func characters(_ text: String, limit: Int) -> [String] {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count > limit else { return scalars.map { String($0) } }
        return scalars[..<(limit - 1)].map { String($0) } + [String(scalars: scalars[(limit - 1)...])]
    }

    /// The text with at most `limit` of the parts replaced; an empty part stands before each character and at the end.
    static func replace(_ part: String, in text: String, by replacement: String, limit: Int = .max) -> String {
        guard limit > 0 else { return text }
        if !part.isEmpty { return self.split(text, by: part, limit: limit == .max ? .max : limit + 1).joined(separator: replacement) }
        var out = ""
        var left = limit
        for scalar in text.unicodeScalars {
            if left > 0 { out += replacement }
            left -= 1
            out.unicodeScalars.append(scalar)
        }
        return left > 0 ? out + replacement : out
    }

    /// The text without the characters of `cut` at its ends.
    static func trim(_ text: String, _ isCut: (Unicode.Scalar) -> Bool, atStart: Bool = true, atEnd: Bool = true) -> String {
        var view = text.unicodeScalars[...]
        while atStart, let first = view.first, isCut(first) { view.removeFirst() }
        while atEnd, let last = view.last, isCut(last) { view.removeLast() }
        return String(view)
    }

    static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        // Asking for properties is slow, and nearly everything is ASCII.
        scalar.isASCII ? scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    }

    static func trimBlanks(_ text: String) -> String { self.trim(text, self.isBlank) }

    /// Letter by letter, as Go does it: a letter without a single counterpart stays.
    static func upper(_ scalar: Unicode.Scalar) -> Unicode.Scalar { self.single(scalar.properties.uppercaseMapping) ?? scalar }

    static func lower(_ scalar: Unicode.Scalar) -> Unicode.Scalar { self.single(scalar.properties.lowercaseMapping) ?? scalar }

    private static func single(_ mapping: String) -> Unicode.Scalar? {
        mapping.unicodeScalars.count == 1 ? mapping.unicodeScalars.first : nil
    }

    static func uppercased(_ text: String) -> String { String(scalars: text.unicodeScalars.map(self.upper)) }

    static func lowercased(_ text: String) -> String { String(scalars: text.unicodeScalars.map(self.lower)) }
}
