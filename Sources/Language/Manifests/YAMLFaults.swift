import Diagnostics
import Yams

/// A place in a document as the parser counts: lines and columns from 1, columns in Unicode scalars.
struct TextMark {
    var line: Int
    var column: Int

    init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    init(_ mark: Mark) {
        self.line = mark.line
        self.column = mark.column
    }
}

/// Says what is wrong with a text that is not YAML in words for its author, from what the parser says.
struct YAMLFaults {
    let file: String
    let lines: [Substring]
    /// The line of the file that the document starts on, counted from 0.
    let firstLine: Int
    /// No message may quote the text.
    let isSecret: Bool

    func position(_ mark: TextMark) -> SourcePosition {
        let line = mark.line + self.firstLine
        // The parser sees the end of the text on a line of its own.
        if line > self.lines.count, let last = self.lines.last { return SourcePosition(line: self.lines.count, column: last.count + 1) }
        return SourcePosition(line: line, column: mark.column).inCharacters(of: self.lines)
    }

    func duplicateKey(_ key: String, at mark: TextMark) -> UnreadableDocument {
        self.fault(.duplicateKey, mark, "key '\(key)' is used twice in this map", hint: "remove or rename one of them", length: key.count)
    }

    func fault(_ code: DiagnosticCode, _ mark: TextMark, _ message: String, hint: String?, length: Int = 1) -> UnreadableDocument {
        UnreadableDocument(
            diagnostic: Diagnostic(
                code, file: self.file, position: self.position(mark), length: max(length, 1), message: message, hint: hint))
    }

    func unreadable(_ error: YamlError) -> UnreadableDocument {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return self.unreadable(problem, at: TextMark(mark), within: context)
        case .reader(let problem, let offset, _, let yaml):
            return self.unreadableCharacter(problem, offset: offset, in: yaml)
        case .memory:
            return self.fault(.fileTooLarge, TextMark(line: 1, column: 1), "there is not enough memory to read this document", hint: nil)
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded, .duplicatedKeysInMapping:
            preconditionFailure("\(error) while parsing")
        }
    }

    private func unreadableCharacter(_ problem: String, offset: Int?, in yaml: String) -> UnreadableDocument {
        let before = yaml.prefix(offset ?? 0)
        let line = SourceText.lineBreaks(Array(before.utf8)).count + 1
        let start = before.lastIndex(where: \.isNewline).map(before.index(after:)) ?? before.startIndex
        let mark = TextMark(line: line, column: before[start...].unicodeScalars.count + 1)
        if problem.contains("control characters") {
            return self.fault(
                .notYAML, mark, "a control character stands here, which YAML does not allow",
                hint: "remove it, or write it as an escape in double quotes: \"\\x07\"")
        }
        return self.fault(.notYAML, mark, "the text cannot be read from here: \(problem)", hint: "save the file as UTF-8")
    }

    // swift-format-ignore
    private func unreadable(_ problem: String, at mark: TextMark, within context: YamlError.Context?) -> UnreadableDocument {
        if let known = self.complexKey(near: mark) ?? self.unquotedTag(before: mark) { return known }
        let opening = context.map { TextMark($0.mark) }
        switch (problem, context?.text ?? "") {
        case ("found unexpected end of stream", "while scanning a quoted scalar"), ("found unexpected document indicator", "while scanning a quoted scalar"):
            return self.fault(.notYAML, opening ?? mark, "the quotes opened here are never closed", hint: "close them, or use a block (|) for a text of several lines")
        case ("did not find expected ',' or ']'", _):
            return self.fault(.notYAML, mark, "expected ',' or ']' in the list opened at \(self.place(opening))", hint: "close the list with ']', or put quotes around a text that holds brackets or '{{'")
        case ("did not find expected ',' or '}'", _):
            return self.fault(.notYAML, mark, "expected ',' or '}' in the map opened at \(self.place(opening))", hint: "close the map with '}', or put quotes around a text that starts with '{'")
        case ("found character that cannot start any token", _):
            return self.forbiddenStart(mark)
        case ("found a tab character that violates indentation", _), ("found a tab character where an indentation space is expected", _):
            return self.tab(mark)
        case ("mapping values are not allowed in this context", _):
            return self.unexpectedColon(mark)
        case ("could not find expected ':'", _):
            return self.fault(.notYAML, opening ?? mark, "expected 'key: value', there is no ':' after the key", hint: "add ': ' and a value, or indent the line below the text it continues")
        case ("did not find expected key", _), ("did not find expected '-' indicator", _):
            return self.badIndentation(mark, isList: problem.contains("'-'"), opening: opening)
        case ("block sequence entries are not allowed in this context", _):
            return self.fault(.notYAML, mark, "a list item is not expected here", hint: "start the list on a line of its own, below its key")
        case ("mapping keys are not allowed in this context", _):
            return self.fault(.notYAML, mark, "a key is not expected here", hint: "start the map on a line of its own, below its key")
        case ("did not find expected alphabetic or numeric character", "while scanning an anchor"):
            return self.fault(.notYAML, opening ?? mark, "'&' starts an anchor and needs a name after it", hint: "put quotes around a text that starts with '&'")
        case ("did not find expected node content", _):
            return self.fault(.notYAML, mark, "expected a value here", hint: "put quotes around a text that starts with one of , [ ] { } % @ ` & * ! | >")
        case ("did not find expected <document start>", _):
            return self.fault(.notYAML, mark, "the document ends before this text", hint: "separate documents by a line '---'")
        case ("found unknown escape character", _):
            return self.fault(.notYAML, mark, "an unknown escape stands in double quotes", hint: "double the backslash (\\\\), or use single quotes")
        case ("did not find expected hexdecimal number", _), ("found invalid Unicode character escape code", _):
            return self.fault(.notYAML, mark, "an escape in double quotes has no valid character number", hint: "double the backslash (\\\\), or use single quotes")
        case ("did not find expected comment or line break", "while scanning a block scalar"):
            return self.fault(.notYAML, mark, "a block (| or >) starts on the line after its sign", hint: "move the text to the next line and indent it, or put it in quotes")
        case ("Maximum nesting level reached, set with yaml_set_max_nest_level())", _):
            return self.fault(.tooDeep, mark, "lists and maps are nested too deeply here", hint: nil)
        default:
            let within = context.map { " \($0.text)" } ?? ""
            return self.fault(.notYAML, mark, "this is not YAML: \(problem)\(within)", hint: "check quotes and indentation")
        }
    }

    /// A key written `? key` stops the parser, see `YAMLDocument`, on its own line or on that of its value, `: value`.
    private func complexKey(near mark: TextMark) -> UnreadableDocument? {
        for line in [mark.line, mark.line - 1] {
            let text = self.line(TextMark(line: line, column: 1))
            let column = text.unicodeScalars.prefix { $0 == " " || $0 == "-" }.count + 1
            guard text.dropFirst(column - 1).hasPrefix("? ") else { continue }
            return self.fault(
                .notYAML, TextMark(line: line, column: column), "keys that start with '? ' are not read", hint: "write 'key: value'")
        }
        return nil
    }

    private func place(_ mark: TextMark?) -> String {
        guard let position = mark.map(self.position) else { return "the start" }
        return "\(position.line):\(position.column)"
    }

    private func line(_ mark: TextMark) -> Substring {
        let index = mark.line + self.firstLine - 1
        return self.lines.indices.contains(index) ? self.lines[index] : ""
    }

    func unquotedTag(_ mark: TextMark) -> UnreadableDocument {
        self.fault(.notYAML, mark, "a value that starts with a tag needs quotes", hint: "write \"{{…}}\"", length: 2)
    }

    /// `{{tag}}-more` is a map for YAML, and the text after it makes no sense then.
    private func unquotedTag(before mark: TextMark) -> UnreadableDocument? {
        let before = self.line(mark).unicodeScalars.prefix(mark.column - 1)
        guard before.contains("}"), let open = before.firstIndex(of: "{"), before[open...].starts(with: "{{".unicodeScalars) else {
            return nil
        }
        let value = before[..<open].last { $0 != " " }
        guard value == nil || value == ":" || value == "-" else { return nil }
        return self.unquotedTag(TextMark(line: mark.line, column: before[..<open].count + 1))
    }

    /// A ':' where no key can be: in a text without quotes, or because the line continues the text of the one above.
    private func unexpectedColon(_ mark: TextMark) -> UnreadableDocument {
        let line = self.line(mark)
        let indent = line.prefix { $0 == " " }.count
        if line.unicodeScalars.prefix(mark.column - 1).contains(":") {
            return self.fault(.notYAML, mark, "a text that holds ': ' needs quotes", hint: "put the whole value in quotes")
        }
        let above = (1..<max(mark.line, 1)).reversed().first { !self.line(TextMark(line: $0, column: 1)).allSatisfy { $0 == " " } }
        guard let above else { return self.fault(.notYAML, mark, "a ':' is not expected here", hint: "check the indentation of this line") }
        let start = TextMark(line: mark.line, column: indent + 1)
        let text = self.line(TextMark(line: above, column: 1))
        guard text.contains(":") else {
            let place = TextMark(line: above, column: text.prefix { $0 == " " || $0 == "-" }.count + 1)
            return self.fault(.notYAML, place, "expected 'key: value', there is no ':' after the key", hint: "add ': ' and a value")
        }
        return self.fault(
            .notYAML, start, "this line is indented more than line \(above + self.firstLine), so it would go on with the text there",
            hint: "indent it like line \(above + self.firstLine), or put the text of several lines in a block (|)")
    }

    /// What its line says from a place on.
    func text(at mark: TextMark) -> String { String(self.line(mark).unicodeScalars.dropFirst(mark.column - 1)) }

    private func forbiddenStart(_ mark: TextMark) -> UnreadableDocument {
        let sign = self.text(at: mark).unicodeScalars.first
        switch sign {
        case "\t": return self.tab(mark)
        case .some(let sign) where "@`%".unicodeScalars.contains(sign):
            return self.fault(.notYAML, mark, "a text cannot start with '\(sign)' without quotes", hint: "put quotes around it")
        default:
            return self.fault(.notYAML, mark, "a text cannot start like this without quotes", hint: "put quotes around it")
        }
    }

    private func tab(_ mark: TextMark) -> UnreadableDocument {
        self.fault(
            .notYAML, mark, "a tab is used to indent, which YAML does not allow", hint: "use blanks; editors can turn tabs into blanks")
    }

    private func badIndentation(_ mark: TextMark, isList: Bool, opening: TextMark?) -> UnreadableDocument {
        let what = isList ? "list" : "map"
        let expected = isList ? "'- item'" : "'key: value'"
        return self.fault(
            .notYAML, mark, "expected \(expected) to go on with the \(what) that starts at \(self.place(opening))",
            hint: "indent the line exactly like the other lines of that \(what), and check the quotes of the line before")
    }
}
