import Diagnostics
import Expressions

/// What lint finds, also at places inside of texts that are expressions or schedules as a whole.
struct LintFaults {
    private var faults = Faults()
    /// Those whose place is known to the character.
    private var placed: [Diagnostic] = []
    private var count = 0
    /// How many candidates may still be looked at for suggestions.
    private var candidates = 200_000

    /// How many are kept of one document; more are counted. Each costs a search for its place, and nobody reads them.
    static let most = 1000

    var list: [Diagnostic] {
        var list = self.faults.list + self.placed
        if self.count > Self.most, let file = list.first?.file {
            list.append(
                Diagnostic(
                    DiagnosticCode("too-many-faults"), .warning, file: file,
                    message: "\(self.count - Self.most) more remarks about this file are not shown"))
        }
        return list
    }
    var sorted: [Diagnostic] { Self.sorted(self.list) }

    /// By file and place; what has no place comes last.
    static func sorted(_ list: [Diagnostic]) -> [Diagnostic] {
        let end = SourcePosition(line: .max, column: 1)
        return list.sorted { left, right in
            let (here, there) = ((left.file, left.position ?? end), (right.file, right.position ?? end))
            if here != there { return here < there }
            return left.severity != right.severity ? left.severity > right.severity : left.message < right.message
        }
    }

    mutating func add(_ diagnostic: Diagnostic) {
        self.count += 1
        if self.count <= Self.most { self.placed.append(diagnostic) }
    }

    /// `did you mean 'x'? `, or nothing, also when there is too much to look through.
    mutating func question(_ word: String, among names: some Collection<String>) -> String {
        guard self.count < Self.most, names.count <= self.candidates else { return "" }
        self.candidates -= names.count
        return Spelling.closest(to: word, among: names).map { "did you mean '\($0)'? " } ?? ""
    }

    /// `a, b, c, …`.
    static func listed(_ names: some Collection<String>) -> String {
        "\(names.prefix(12).joined(separator: ", "))\(names.count > 12 ? ", …" : "")"
    }

    /// - Parameters:
    ///   - atKey: underline the field's name, not its value.
    ///   - word: the word to underline, when it stands in the text of the value.
    mutating func add(
        _ code: DiagnosticCode, _ severity: Severity = .error, at origin: Origin, atKey: Bool = false, word: String? = nil,
        _ message: String, hint: String? = nil
    ) {
        self.count += 1
        if self.count <= Self.most { self.faults.add(code, severity, at: origin, atKey: atKey, word: word, message, hint: hint) }
    }
}

extension LintFaults {
    /// Reads an expression and looks at the variables that it uses.
    /// - Parameter names: the variables that there are.
    mutating func check(_ text: String, _ names: [String], at origin: Origin) {
        do {
            for reference in try Expression(text).references { self.unknown(reference, names, at: origin, text: text) }
        } catch {
            self.add(.badExpression, at: origin, text: text, offset: error.offset, length: 1, error.message)
        }
    }

    /// Speaks up when the reference names a variable that there is not.
    /// - Parameter text: what the offset of the reference counts from.
    mutating func unknown(_ reference: ExprReference, _ names: [String], at origin: Origin, text: String) {
        guard let first = reference.path.first, !names.contains(first) else { return }
        let guess = self.question(first, among: names)
        self.add(
            .unknownVariable, at: origin, text: text, offset: reference.offset, length: first.count, "there is no variable '\(first)' here",
            hint: "\(guess)variables here: \(names.joined(separator: ", "))")
    }

    /// A fault at a place inside of a value that is one text.
    /// - Parameters:
    ///   - text: the whole value, as it was read.
    ///   - offset: the place, in characters from the start of the text.
    mutating func add(
        _ code: DiagnosticCode, _ severity: Severity = .error, at origin: Origin, text: String, offset: Int, length: Int, _ message: String,
        hint: String? = nil
    ) {
        let source = origin.document.source
        var position = source.value(origin.path)
        var length = length
        if let start = Self.start(of: text, in: source, at: position) {
            position = SourcePosition(line: start.line, column: start.column + offset)
        } else {
            // Written over several lines, or with escapes: the place inside cannot be told.
            length = 1
        }
        self.add(
            Diagnostic(
                code, severity, file: source.file, path: origin.path, position: position, length: length, message: message, hint: hint))
    }

    /// Where the characters of a value begin: behind its quote, or on the next line for a block.
    private static func start(of text: String, in source: SourceMap, at position: SourcePosition) -> SourcePosition? {
        guard source.lines.indices.contains(position.line - 1), !text.contains(where: \.isNewline) else { return nil }
        let rest = source.lines[position.line - 1].dropFirst(position.column - 1)
        if rest.hasPrefix(text) { return position }
        if let quote = rest.first, quote == "\"" || quote == "'", rest.dropFirst().hasPrefix(text) {
            return SourcePosition(line: position.line, column: position.column + 1)
        }
        guard rest.first == "|" || rest.first == ">", source.lines.indices.contains(position.line) else { return nil }
        let next = source.lines[position.line]
        let indentation = next.prefix { $0 == " " }.count
        return next.dropFirst(indentation).hasPrefix(text) ? SourcePosition(line: position.line + 1, column: indentation + 1) : nil
    }
}
