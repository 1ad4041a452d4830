/// The page of a diagnostic code: what it means, an example, how to mend it and why it is a fault.
struct ErrorPage: Sendable {
    let code: String
    /// Markdown, as in `docs/errors/`.
    let text: String

    init(_ code: String, _ text: String) {
        self.code = code
        self.text = text
    }

    /// The first paragraph.
    var meaning: String {
        let lines = self.text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropFirst().drop { $0.isEmpty }.prefix { !$0.isEmpty }.joined(separator: " ")
    }

    /// The first sentence.
    var summary: String {
        let meaning = self.meaning
        guard let end = meaning.indices.first(where: { meaning[$0] == "." && meaning[$0...].dropFirst().first.map { $0 == " " } ?? true })
        else { return meaning }
        return String(meaning[...end])
    }
}

/// The pages of all diagnostic codes, compiled in from `docs/errors/`.
enum ErrorPages {
    /// In the order of their codes.
    static var all: [ErrorPage] { errorPageTable }

    static func page(_ code: String) -> ErrorPage? { self.all.first { $0.code == code } }
}
