import Diagnostics
import WorkflowModel

/// Reads the text of a schedule.
struct CronParser {
    private typealias Word = (text: String, offset: Int)

    private let text: String
    private let characters: [Character]

    init(_ text: String) {
        self.text = text
        self.characters = Array(text)
    }

    mutating func schedule() throws(CronScheduleError) -> (TimeZoneRules?, CronSchedule.Rule) {
        var words = self.words
        guard let first = words.first else { throw self.error("this schedule is empty", (self.text, 0)) }
        var zone: TimeZoneRules?
        if let name = Self.zoneName(of: first) {
            words.removeFirst()
            zone = try self.zone(name)
            guard !words.isEmpty else { throw self.error("there is no schedule after the time zone", first) }
        }
        return (zone, try words[0].text.hasPrefix("@") ? self.descriptor(words) : .calendar(self.calendar(words)))
    }

    private var words: [Word] {
        var words: [Word] = []
        var start: Int?
        for (at, character) in (self.characters + [" "]).enumerated() {
            if !character.isWhitespace {
                start = start ?? at
            } else if let begin = start {
                words.append((String(self.characters[begin..<at]), begin))
                start = nil
            }
        }
        return words
    }

    private func error(_ message: String, _ word: Word, suggestion: String? = nil) -> CronScheduleError {
        CronScheduleError(message: message, offset: word.offset, length: max(1, word.text.count), suggestion: suggestion)
    }

    private static func zoneName(of word: Word) -> Word? {
        for prefix in ["CRON_TZ=", "TZ="] where word.text.hasPrefix(prefix) {
            return (String(word.text.dropFirst(prefix.count)), word.offset + prefix.count)
        }
        return nil
    }

    private func zone(_ name: Word) throws(CronScheduleError) -> TimeZoneRules? {
        // Go reads these two so: the first is UTC, the second is the zone of the machine.
        if name.text.isEmpty { return .utc }
        if name.text == "Local" { return nil }
        if let zone = TimeZoneRules(name: name.text) { return zone }
        throw self.error(
            "there is no time zone '\(name.text)'", name, suggestion: TimeZoneRules.closestName(to: name.text))
    }

    // MARK: @daily and the like

    private static let descriptors: [(name: String, fields: [String])] = [
        ("@yearly", ["0", "0", "1", "1", "*"]), ("@annually", ["0", "0", "1", "1", "*"]), ("@monthly", ["0", "0", "1", "*", "*"]),
        ("@weekly", ["0", "0", "*", "*", "0"]), ("@daily", ["0", "0", "*", "*", "*"]), ("@midnight", ["0", "0", "*", "*", "*"]),
        ("@hourly", ["0", "*", "*", "*", "*"]),
    ]

    private func descriptor(_ words: [Word]) throws(CronScheduleError) -> CronSchedule.Rule {
        let first = words[0]
        if first.text == "@every" {
            guard words.count == 2, let span = Span(goDuration: words[1].text) else {
                let word = words.count > 1 ? words[1] : first
                throw self.error("@every needs one duration, such as '90m' or '1h30m'", word)
            }
            // Whole seconds, and one at the least, also for a duration of nothing or less.
            return .every(Span(milliseconds: max(1000, span.milliseconds / 1000 * 1000)))
        }
        guard words.count == 1, let found = Self.descriptors.first(where: { $0.name == first.text }) else {
            let names = Self.descriptors.map(\.name) + ["@every"]
            let guess = Spelling.closest(to: first.text, among: names)
            throw self.error(
                words.count > 1 && guess == nil ? "'\(first.text)' stands alone" : "'\(first.text)' is no schedule", first,
                suggestion: guess)
        }
        return .calendar(try self.calendar(found.fields.map { ($0, 0) }))
    }

    // MARK: Fields

    private struct Field {
        var name: String
        var range: ClosedRange<Int>
        var names: [String]
        /// The number of the first name.
        var firstName: Int
    }

    private static let fields = [
        Field(name: "minute", range: 0...59, names: [], firstName: 0), Field(name: "hour", range: 0...23, names: [], firstName: 0),
        Field(name: "day of the month", range: 1...31, names: [], firstName: 0),
        Field(
            name: "month", range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
            firstName: 1),
        Field(name: "day of the week", range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], firstName: 0),
    ]

    private func calendar(_ words: [Word]) throws(CronScheduleError) -> CronCalendar {
        guard words.count == Self.fields.count else {
            let whole: Word = (self.text, 0)
            throw self.error(
                "a schedule has 5 fields (minute, hour, day of the month, month, day of the week), and this has \(words.count)",
                words.count > Self.fields.count ? words[Self.fields.count] : whole)
        }
        var values: [(bits: UInt64, isAny: Bool)] = []
        for (word, field) in zip(words, Self.fields) { values.append(try self.values(word, field)) }
        return CronCalendar(
            minutes: values[0].bits, hours: values[1].bits, days: values[2].bits, months: values[3].bits, weekdays: values[4].bits,
            anyDay: values[2].isAny, anyWeekday: values[4].isAny)
    }

    private func values(_ word: Word, _ field: Field) throws(CronScheduleError) -> (bits: UInt64, isAny: Bool) {
        var bits: UInt64 = 0
        var isAny = false
        for part in Self.split(word, ",") where !part.text.isEmpty {
            let (range, step, isStar) = try self.range(part, field)
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(value) }
            if isStar, step == 1 { isAny = true }
        }
        guard bits != 0 else { throw self.error("'\(word.text)' names no \(field.name)", word) }
        return (bits, isAny)
    }

    private func range(_ word: Word, _ field: Field) throws(CronScheduleError) -> (ClosedRange<Int>, step: Int, isStar: Bool) {
        let pieces = Self.split(word, "/")
        guard pieces.count <= 2 else { throw self.error("'\(word.text)' has more than one '/'", word) }
        var step = 1
        if pieces.count == 2 {
            guard let number = Self.number(pieces[1].text), number > 0 else {
                throw self.error("step '\(pieces[1].text)' is not a whole number of 1 or more", pieces[1].text.isEmpty ? word : pieces[1])
            }
            // A step beyond the range leaves its first value alone; no larger number can do more.
            step = min(number, 60)
        }
        let bounds = Self.split(pieces[0], "-")
        if ["*", "?"].contains(bounds[0].text) { return (field.range, step, true) }
        guard bounds.count <= 2 else { throw self.error("'\(pieces[0].text)' has more than one '-'", pieces[0]) }
        let first = try self.value(bounds[0], field, in: pieces[0])
        var last = pieces.count == 2 ? field.range.upperBound : first
        if bounds.count == 2 { last = try self.value(bounds[1], field, in: pieces[0]) }
        guard first <= last else {
            throw self.error("range '\(pieces[0].text)' ends before it begins", pieces[0])
        }
        return (first...last, step, false)
    }

    private func value(_ word: Word, _ field: Field, in range: Word) throws(CronScheduleError) -> Int {
        let lowered = word.text.lowercased()
        if let at = field.names.firstIndex(of: lowered) { return at + field.firstName }
        guard let number = Self.number(word.text) else {
            let full = lowered.count > 3 ? field.names.first { lowered.hasPrefix($0) } : nil
            throw self.error(
                "'\(word.text)' is no \(field.name)", word.text.isEmpty ? range : word,
                suggestion: full ?? Spelling.closest(to: word.text, among: field.names))
        }
        guard field.range.contains(number) else {
            let isSunday = field.name == "day of the week" && number == 7
            throw self.error(
                "\(field.name) \(number) is not between \(field.range.lowerBound) and \(field.range.upperBound)", word,
                suggestion: isSunday ? "0" : nil)
        }
        return number
    }

    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
        return Int(text)
    }

    private static func split(_ word: Word, _ separator: Character) -> [Word] {
        var parts: [Word] = []
        var start = 0
        let characters = Array(word.text) + [separator]
        for (at, character) in characters.enumerated() where character == separator {
            parts.append((String(characters[start..<at]), word.offset + start))
            start = at + 1
        }
        return parts
    }
}

extension TimeZoneRules {
    /// The zone that a wrong name probably means; its last part alone (`berlin`) is enough.
    public static func closestName(to name: String) -> String? {
        let names = self.names
        let wanted = name.lowercased()
        if let same = names.first(where: { $0.lowercased() == wanted }) { return same }
        if let city = names.first(where: { $0.lowercased().hasSuffix("/" + wanted.replacing(" ", with: "_")) }) { return city }
        return Spelling.closest(to: name, among: names)
    }
}
