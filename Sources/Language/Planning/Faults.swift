import Diagnostics

/// Gathers what is wrong, so that all of it can be told at once, each fault once.
struct Faults {
    private(set) var list: [Diagnostic] = []
    private(set) var hasErrors = false
    private var seen: Set<Diagnostic> = []
    /// What is beyond the limit, by file.
    private var omitted: [String: Int] = [:]

    /// How many faults are kept. An error goes beyond it only as long as there was none.
    static let most = 1000

    /// Faults told from now on are only counted, so that suggestions for them need not be looked for.
    var isFull: Bool { self.list.count >= Self.most }

    /// - Parameters:
    ///   - atKey: underline the field's name, not its value.
    ///   - word: the word to underline, when it stands in the text of the value.
    ///   - occurrence: how often the word comes before that in the value.
    mutating func add(
        _ code: DiagnosticCode, _ severity: Severity = .error, at origin: Origin, atKey: Bool = false, word: String? = nil,
        occurrence: Int = 0, _ message: String, hint: String? = nil
    ) {
        let source = origin.document.source
        guard self.list.count < Self.most || severity == .error && !self.hasErrors else {
            self.omitted[source.file, default: 0] += 1
            if severity == .error { self.hasErrors = true }
            return
        }
        let path = origin.path
        var position = atKey ? source.key(path) : source.value(path)
        var length = 1
        if let word, !word.isEmpty {
            if let found = Self.find(word, occurrence: occurrence, in: source, from: position) {
                position = found
                length = word.count
            }
        } else if atKey, let name = Self.lastName(of: path), Self.find(name, occurrence: 0, in: source, from: position) == position {
            length = name.count
        }
        let diagnostic = Diagnostic(
            code, severity, file: source.file, path: path, position: position, length: length, message: message, hint: hint)
        guard self.seen.insert(diagnostic).inserted else { return }
        self.list.append(diagnostic)
        if severity == .error { self.hasErrors = true }
    }

    /// As `add`, at a place inside the text of a value.
    ///
    /// - Parameter offset: characters from the start of the text.
    mutating func add(
        _ code: DiagnosticCode, at origin: Origin, in text: String, offset: Int, _ message: String, hint: String? = nil
    ) {
        let (word, occurrence) = Self.word(of: text, at: offset)
        self.add(code, at: origin, word: word, occurrence: occurrence, message, hint: hint)
    }

    /// What stands there up to the next blank, or the last word when nothing does; and how often it comes before that.
    private static func word(of text: String, at offset: Int) -> (String, Int) {
        let scalars = Array(text.unicodeScalars)
        func isBlank(_ at: Int) -> Bool { scalars[at].properties.isWhitespace }
        var start = max(0, min(offset, scalars.count))
        while start > 0, start == scalars.count || isBlank(start) { start -= 1 }
        if start < scalars.count, offset > start { while start > 0, !isBlank(start - 1) { start -= 1 } }
        var end = start
        while end < scalars.count, !isBlank(end), end - start < 60 { end += 1 }
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[start..<end])
        return (String(word), self.count(of: String(word), in: text, before: start))
    }

    /// How often a word begins in a text before an offset in characters.
    static func count(of word: String, in text: String, before offset: Int) -> Int {
        guard offset > 0 else { return 0 }
        let bytes = Array(String(String.UnicodeScalarView(text.unicodeScalars.prefix(offset))).utf8)
        let wanted = Array(word.utf8)
        guard !wanted.isEmpty, bytes.count >= wanted.count else { return 0 }
        return (0...(bytes.count - wanted.count)).count { bytes[$0] == wanted[0] && bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    /// By file and place, the worst first. What was not kept is counted at the end of its file.
    var sorted: [Diagnostic] {
        let start = SourcePosition(line: 0, column: 0)
        let sorted = self.list.sorted { left, right in
            let (here, there) = ((left.file, left.position ?? start), (right.file, right.position ?? start))
            if here != there { return here < there }
            return left.severity != right.severity ? left.severity > right.severity : left.message < right.message
        }
        let counts = self.omitted.sorted { $0.key < $1.key }.map { file, count in
            Diagnostic(.tooManyFaults, .warning, file: file, message: "\(count) more faults of this file are not shown")
        }
        return sorted + counts
    }

    /// The field's own name: nil for a list item.
    private static func lastName(of path: FieldPath) -> String? {
        guard let parent = path.parent, path.text.last != "]" else { return nil }
        let name = parent.text.isEmpty ? path.text : String(path.text.dropFirst(parent.text.count + 1))
        return name.isEmpty ? nil : name
    }

    private static let longestValue = 1000

    /// Looks for the word from the value's first line on, in that and, for texts of many lines, in those after it.
    private static func find(_ word: String, occurrence: Int, in source: SourceMap, from start: SourcePosition) -> SourcePosition? {
        let wanted = Array(word.utf8)
        var left = occurrence
        for number in max(1, start.line)..<(start.line + self.longestValue) {
            guard number <= source.lines.count else { return nil }
            let line = source.lines[number - 1]
            let rest = number == start.line ? line.dropFirst(start.column - 1) : line
            let bytes = Array(rest.utf8)
            guard bytes.count >= wanted.count else { continue }
            for at in 0...(bytes.count - wanted.count) where bytes[at] == wanted[0] && bytes[at..<at + wanted.count].elementsEqual(wanted) {
                if left > 0 {
                    left -= 1
                    continue
                }
                let before = line.count - rest.count
                return SourcePosition(line: number, column: before + String(decoding: bytes[..<at], as: UTF8.self).count + 1)
            }
        }
        return nil
    }
}

/// The names there are of something. They are sorted once, when the first of many hints needs them.
final class KnownNames {
    let set: Set<String>
    private(set) lazy var sorted = self.set.sorted()

    init(_ names: some Sequence<String>) { self.set = Set(names) }

    var isEmpty: Bool { self.set.isEmpty }
    func contains(_ name: String) -> Bool { self.set.contains(name) }

    /// Suggests one of them and lists the first; says so when there is none.
    func hint(for word: String, _ what: String, none: String) -> String {
        self.isEmpty ? none : Spelling.question(word, among: self.sorted) + Spelling.list(what, sorted: self.sorted)
    }
}

extension Spelling {
    /// `did you mean 'x'? `, or nothing. Of very many candidates only the first are looked at.
    static func question(_ word: String, among candidates: [String]) -> String {
        self.closest(to: word, among: candidates.prefix(2000)).map { "did you mean '\($0)'? " } ?? ""
    }

    /// `things here: a, b, c, …`.
    static func list(_ what: String, _ names: [String]) -> String { self.list(what, sorted: names.sorted()) }

    static func list(_ what: String, sorted names: [String]) -> String {
        "\(what): \(names.prefix(12).joined(separator: ", "))\(names.count > 12 ? ", …" : "")"
    }
}
