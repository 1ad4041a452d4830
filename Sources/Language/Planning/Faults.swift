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
    var isFull: Bool { self.list.count >= Self.most && self.hasErrors }

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

    /// By file and place. What was not kept is counted at the end of its file.
    var sorted: [Diagnostic] {
        let start = SourcePosition(line: 0, column: 0)
        let sorted = self.list.sorted { ($0.file, $0.position ?? start, $0.message) < ($1.file, $1.position ?? start, $1.message) }
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

extension Spelling {
    /// `did you mean 'x'? `, or nothing. Of very many candidates only the first are looked at.
    static func question(_ word: String, among candidates: some Sequence<String>) -> String {
        self.closest(to: word, among: candidates.prefix(2000)).map { "did you mean '\($0)'? " } ?? ""
    }

    /// `things here: a, b, c, …`.
    static func list(_ what: String, _ names: some Sequence<String>) -> String {
        let sorted = names.sorted()
        return "\(what): \(sorted.prefix(12).joined(separator: ", "))\(sorted.count > 12 ? ", …" : "")"
    }
}
