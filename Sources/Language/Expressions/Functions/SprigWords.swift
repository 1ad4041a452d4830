/// The `sprig.` functions that look at the words of a text.
enum SprigWords {
    static var functions: [ExprFunction] {
        [
            ExprFunction("snakecase", 1...1) { try $0.made(self.joined(try $1.text(0), by: "_")) },
            ExprFunction("kebabcase", 1...1) { try $0.made(self.joined(try $1.text(0), by: "-")) },
            ExprFunction("camelcase", 1...1) { try $0.made(self.camelCase(try $1.text(0))) },
            ExprFunction("title", 1...1) { try $0.made(self.changingWordStarts(try $1.text(0), self.separates, TextSearch.upper)) },
            ExprFunction("untitle", 1...1) { try $0.made(self.changingWordStarts(try $1.text(0), TextSearch.isBlank, TextSearch.lower)) },
            ExprFunction("initials", 1...1) { evaluation, call in
                let words = try call.text(0).unicodeScalars.split(whereSeparator: TextSearch.isBlank)
                return try evaluation.made(String(scalars: words.compactMap(\.first)))
            },
            ExprFunction("wrap", 2...2) { try $0.made(self.wrapped(try $1.text(1), width: try $1.whole(0), by: "\n", cutsWords: false)) },
            ExprFunction("wrapWith", 3...3) { evaluation, call in
                let (width, separator, text) = (try call.whole(0), try call.text(1), try call.text(2))
                // Two neighbouring lines have more than `width` characters together.
                let lines = 2 * text.utf8.count / Int(max(1, min(width, Int64(text.utf8.count)))) + 1
                let (bytes, isOver) = lines.multipliedReportingOverflow(by: separator.utf8.count)
                try evaluation.spend(textBytes: isOver ? .max : bytes)
                return try evaluation.made(self.wrapped(text, width: width, by: separator.isEmpty ? "\n" : separator, cutsWords: true))
            },
            ExprFunction("abbrev", 2...2) { try $0.made(self.abbreviated(try $1.text(1), from: 0, width: try $1.whole(0))) },
            ExprFunction("abbrevboth", 3...3) { evaluation, call in
                let (from, width) = (try call.whole(0), try call.whole(1))
                return from > 0 && width < 7 ? call[2] : try evaluation.made(self.abbreviated(try call.text(2), from: from, width: width))
            },
            ExprFunction("plural", 3...3) { .string(try $1.whole(2) == 1 ? try $1.text(0) : try $1.text(1)) },
            ExprFunction("hello", 0...0) { _, _ in .string("Hello!") },
        ]
    }

    // MARK: Letters at the starts of words

    private static func changingWordStarts(
        _ text: String, _ separates: (Unicode.Scalar) -> Bool, _ change: (Unicode.Scalar) -> Unicode.Scalar
    ) -> String {
        var isStart = true
        return String(
            scalars: text.unicodeScalars.map { scalar in
                defer { isStart = separates(scalar) }
                return isStart ? change(scalar) : scalar
            })
    }

    /// Every sign of ASCII but letters, digits and `_`; outside of it only blanks. Go's `strings.Title` sees words like this.
    private static func separates(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": false
        default: scalar.isASCII || TextSearch.isBlank(scalar)
        }
    }

    // MARK: snake_case and CamelCase

    private enum Letter {
        case upper, lower, digit
        /// A letter that is neither upper nor lower case.
        case other
        /// Becomes what joins words.
        case connector
        /// Stays, and no word goes on behind it.
        case sign

        init(_ scalar: Unicode.Scalar) {
            switch scalar {
            case "A"..."Z": self = .upper
            case "a"..."z": self = .lower
            case "0"..."9": self = .digit
            case "_", "-": self = .connector
            case _ where TextSearch.isBlank(scalar): self = .connector
            case _ where scalar.isASCII: self = .sign
            case _ where scalar.properties.isUppercase: self = .upper
            case _ where scalar.properties.isLowercase: self = .lower
            case _ where scalar.properties.numericType == .decimal: self = .digit
            default: self = scalar.properties.isAlphabetic ? .other : .sign
            }
        }
    }

    /// The words in lower case with `joiner` between them: `HTTPServer2Go` has the words `HTTP`, `Server2` and `Go`.
    private static func joined(_ text: String, by joiner: Unicode.Scalar) -> String {
        let scalars = Array(text.unicodeScalars)
        let letters = scalars.map(Letter.init)
        var out = String.UnicodeScalarView()
        var at = 0
        var isAfterWord = false
        while at < scalars.count {
            switch letters[at] {
            case .connector, .sign:
                out.append(letters[at] == .sign ? scalars[at] : joiner)
                isAfterWord = false
                at += 1
            case .upper, .lower, .digit, .other:
                if isAfterWord { out.append(joiner) }
                let end = self.endOfWord(letters, from: at)
                out.append(contentsOf: scalars[at..<end].map(TextSearch.lower))
                isAfterWord = true
                at = end
            }
        }
        return String(out)
    }

    private static func endOfWord(_ letters: [Letter], from start: Int) -> Int {
        func end(of kinds: [Letter], from index: Int) -> Int { letters[index...].firstIndex { !kinds.contains($0) } ?? letters.count }
        if letters[start] == .digit { return end(of: [.digit, .lower], from: start) }
        var at = end(of: [letters[start]], from: start)
        if letters[start] == .upper, at < letters.count, letters[at] == .lower {
            // The last of several capitals begins the next word.
            if at - start > 1 { return at - 1 }
            at = end(of: [.lower], from: at)
        }
        // Digits end a word, unless small letters follow them: `http2xx` has the words `http` and `2xx`.
        let afterDigits = at < letters.count ? end(of: [.digit], from: at) : at
        return afterDigits < letters.count && letters[afterDigits] == .lower ? at : afterDigits
    }

    /// What joins words goes, the letter behind it becomes large and all others small. At the ends it stays, and of several one goes.
    private static func camelCase(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let isConnector = scalars.map { Letter($0) == .connector }
        guard let first = isConnector.firstIndex(of: false) else { return text }
        var out = String.UnicodeScalarView(scalars[..<first] + [TextSearch.upper(scalars[first])])
        for index in scalars.indices.dropFirst(first + 1) {
            let isJoining = isConnector[index] && index + 1 < scalars.count && !isConnector[index + 1]
            if isJoining { continue }
            out.append(isConnector[index - 1] ? TextSearch.upper(scalars[index]) : TextSearch.lower(scalars[index]))
        }
        return String(out)
    }

    // MARK: Length

    /// Lines of at most `width` characters, broken at blanks.
    /// - Parameter cutsWords: a word that is longer than a line is cut; else it is a longer line.
    private static func wrapped(_ text: String, width: Int64, by separator: String, cutsWords: Bool) -> String {
        let scalars = Array(text.unicodeScalars)
        let width = Int(max(1, min(width, Int64(scalars.count))))
        var out = String.UnicodeScalarView()
        var at = 0
        while scalars.count - at > width {
            if scalars[at] == " " {
                at += 1
                continue
            }
            var end = scalars[at...(at + width)].lastIndex(of: " ")
            if end == nil, !cutsWords { end = scalars[(at + width)...].firstIndex(of: " ") ?? scalars.count }
            out.append(contentsOf: scalars[at..<(end ?? at + width)])
            at = end.map { $0 + 1 } ?? at + width
            if at > scalars.count { return String(out) }
            out.append(contentsOf: separator.unicodeScalars)
        }
        out.append(contentsOf: scalars[at...])
        return String(out)
    }

    /// At most `width` characters of the text, `...` for what is left out behind and, when it starts after the fourth, before.
    private static func abbreviated(_ text: String, from: Int64, width: Int64) -> String {
        let scalars = Array(text.unicodeScalars)
        guard width >= 4, Int64(scalars.count) > width else { return text }
        let room = Int(width) - 3
        var start = Int(max(0, min(from, Int64(scalars.count))))
        if scalars.count - start < room { start = scalars.count - room }
        if start <= 4 { return String(scalars: scalars[..<room]) + "..." }
        guard start + room < scalars.count else { return "..." + String(scalars: scalars[(scalars.count - room)...]) }
        return "..." + self.abbreviated(String(scalars: scalars[start...]), from: 0, width: Int64(room))
    }
}
