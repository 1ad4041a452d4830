import WorkflowModel

/// A layout in which Go writes and reads times: the reference time `Mon Jan 2 15:04:05 -0700 2006`, arranged as wanted.
struct GoTimeLayout {
    private enum Part {
        case literal(String)
        case longMonth, month, numMonth, zeroMonth
        case longWeekday, weekday
        case day, blankDay, zeroDay, yearday
        case hour, hour12, zeroHour12, minute, zeroMinute, second, zeroSecond
        case longYear, year
        case upperHalf, lowerHalf
        case zone
        /// A numeric offset; `Z` for UTC when `isZulu`.
        case offset(isZulu: Bool, hasColon: Bool, hasMinutes: Bool, hasSeconds: Bool)
        case fraction(digits: Int, isTrimmed: Bool, mark: Character)
    }

    private let parts: [Part]

    /// Go's names for the layouts it defines.
    static let named: [String: String] = [
        "ANSIC": "Mon Jan _2 15:04:05 2006", "UnixDate": "Mon Jan _2 15:04:05 MST 2006", "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822": "02 Jan 06 15:04 MST", "RFC822Z": "02 Jan 06 15:04 -0700", "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST", "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700", "RFC3339": "2006-01-02T15:04:05Z07:00",
        "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00", "Kitchen": "3:04PM", "Stamp": "Jan _2 15:04:05",
        "DateTime": "2006-01-02 15:04:05", "DateOnly": "2006-01-02", "TimeOnly": "15:04:05",
    ]

    init(_ layout: String) {
        var parts: [Part] = []
        var literal = ""
        var rest = layout[...]
        while !rest.isEmpty {
            if let (part, length) = Self.part(at: rest, isNumberBefore: literal.last?.isNumber ?? false) {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(part)
                rest = rest.dropFirst(length)
            } else {
                literal.append(rest.removeFirst())
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    /// Longer spellings stand before their beginnings.
    private static let spellings: [(String, Part)] = [
        ("January", .longMonth), ("Monday", .longWeekday), ("MST", .zone), ("2006", .longYear), ("002", .yearday),
        ("01", .zeroMonth), ("02", .zeroDay), ("03", .zeroHour12), ("04", .zeroMinute), ("05", .zeroSecond), ("06", .year),
        ("15", .hour), ("_2006", .literal("_2006")), ("_2", .blankDay), ("1", .numMonth), ("2", .day), ("3", .hour12), ("4", .minute),
        ("5", .second), ("PM", .upperHalf), ("pm", .lowerHalf),
    ]

    private static let offsets: [(String, Part)] = ["Z", "-"].flatMap { mark in
        [
            ("070000", false, true, true), ("07:00:00", true, true, true), ("0700", false, true, false), ("07:00", true, true, false),
            ("07", false, false, false),
        ].map { text, hasColon, hasMinutes, hasSeconds in
            (mark + text, Part.offset(isZulu: mark == "Z", hasColon: hasColon, hasMinutes: hasMinutes, hasSeconds: hasSeconds))
        }
    }

    private static func part(at rest: Substring, isNumberBefore: Bool) -> (Part, Int)? {
        guard let first = rest.first else { return nil }
        switch first {
        case "J" where rest.hasPrefix("Jan") && !rest.hasPrefix("January"), "M" where rest.hasPrefix("Mon") && !rest.hasPrefix("Monday"):
            // `Jane` and `Month` are words, not a month and a weekday.
            if rest.dropFirst(3).first?.isLowercase ?? false { return nil }
            return (first == "J" ? .month : .weekday, 3)
        case "Z", "-": return self.offsets.first { rest.hasPrefix($0.0) }.map { ($0.1, $0.0.count) }
        case ".", ",":
            guard let digit = rest.dropFirst().first, digit == "0" || digit == "9" else { return nil }
            let digits = rest.dropFirst().prefix { $0 == digit }
            if rest.dropFirst(1 + digits.count).first?.isNumber ?? false { return nil }
            return (.fraction(digits: digits.count, isTrimmed: digit == "9", mark: first), 1 + digits.count)
        case "_" where rest.hasPrefix("_2006"): return (.literal("_"), 1)
        default: return self.spellings.first { rest.hasPrefix($0.0) }.map { ($0.1, $0.0.count) }
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    static func monthName(_ month: Int) -> String { self.months[month - 1] }
    static func weekdayName(_ weekday: Int) -> String { self.weekdays[weekday] }

    // MARK: Writing

    func text(of time: ZonedTime) -> String {
        let civil = time.local.civil
        let milliseconds = Int(time.instant.milliseconds - time.instant.seconds * 1000)
        return self.parts.map { part in
            switch part {
            case .zone: time.abbreviation
            case .offset(let isZulu, let hasColon, let hasMinutes, let hasSeconds):
                Self.text(ofOffset: time.offset, isZulu: isZulu, hasColon: hasColon, hasMinutes: hasMinutes, hasSeconds: hasSeconds)
            default: self.text(of: part, civil, milliseconds)
            }
        }.joined()
    }

    private static func text(ofOffset seconds: Int64, isZulu: Bool, hasColon: Bool, hasMinutes: Bool, hasSeconds: Bool) -> String {
        if isZulu, seconds == 0 { return "Z" }
        let colon = hasColon ? ":" : ""
        let text = ZonedTime.offsetText(seconds, colon: colon)
        guard hasMinutes else { return String(text.prefix(3)) }
        let rest = abs(seconds) % 60
        return text + (hasSeconds ? colon + (rest < 10 ? "0" : "") + String(rest) : "")
    }

    private func text(
        of part: Part, _ c: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int, yearday: Int),
        _ milliseconds: Int
    ) -> String {
        func pad(_ number: Int, _ width: Int, with fill: String = "0") -> String {
            let digits = String(number)
            return String(repeating: fill, count: max(0, width - digits.count)) + digits
        }
        let hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12
        switch part {
        case .literal(let text): return text
        case .longMonth: return Self.months[c.month - 1]
        case .month: return String(Self.months[c.month - 1].prefix(3))
        case .numMonth: return String(c.month)
        case .zeroMonth: return pad(c.month, 2)
        case .longWeekday: return Self.weekdays[c.weekday]
        case .weekday: return String(Self.weekdays[c.weekday].prefix(3))
        case .day: return String(c.day)
        case .blankDay: return pad(c.day, 2, with: " ")
        case .zeroDay: return pad(c.day, 2)
        case .yearday: return pad(c.yearday, 3)
        case .hour: return pad(c.hour, 2)
        case .hour12: return String(hour12)
        case .zeroHour12: return pad(hour12, 2)
        case .minute: return String(c.minute)
        case .zeroMinute: return pad(c.minute, 2)
        case .second: return String(c.second)
        case .zeroSecond: return pad(c.second, 2)
        case .longYear: return pad(c.year, 4)
        case .year: return pad(((c.year % 100) + 100) % 100, 2)
        case .upperHalf: return c.hour < 12 ? "AM" : "PM"
        case .lowerHalf: return c.hour < 12 ? "am" : "pm"
        case .zone, .offset: return ""
        case .fraction(let count, let isTrimmed, let mark):
            var digits = String((pad(milliseconds, 3) + String(repeating: "0", count: max(0, count - 3))).prefix(count))
            while isTrimmed, digits.last == "0" { digits.removeLast() }
            return digits.isEmpty ? "" : String(mark) + digits
        }
    }

    // MARK: Reading

    /// What was read so far.
    private struct Reading {
        var year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, milliseconds = 0
        var yearday: Int?
        var isAfternoon: Bool?
        /// In seconds; nil when the text names none.
        var offset: Int?

        /// What the text says, as if it were UTC.
        var shown: Timestamp? {
            var hour = self.hour
            if let isAfternoon = self.isAfternoon {
                guard (0...12).contains(hour) else { return nil }
                hour = hour % 12 + (isAfternoon ? 12 : 0)
            }
            guard (1...12).contains(self.month), self.day >= 1, self.day <= Self.days(of: self.month, self.year), hour < 24,
                self.minute < 60,
                self.second < 60
            else { return nil }
            var days = Self.daysSinceEpoch(self.year, self.month, self.day)
            if let yearday = self.yearday {
                guard (1...366).contains(yearday) else { return nil }
                days = Self.daysSinceEpoch(self.year, 1, 1) + yearday - 1
            }
            let seconds = ((days * 24 + hour) * 60 + self.minute) * 60 + self.second
            return Timestamp(milliseconds: Int64(seconds) * 1000 + Int64(self.milliseconds))
        }

        static func days(of month: Int, _ year: Int) -> Int {
            let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
            return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        }

        /// Days from 1970-01-01 in the proleptic Gregorian calendar.
        static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
            let y = month <= 2 ? year - 1 : year
            let era = (y >= 0 ? y : y - 399) / 400
            let yearOfEra = y - era * 400
            let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
            return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        }
    }

    /// The instant of a calendar date; months and days beyond their ranges run over into the next, as Go's `time.Date` does.
    static func midnight(year: Int, month: Int, day: Int) -> Timestamp {
        let months = year * 12 + month - 1
        let years = months >= 0 ? months / 12 : (months - 11) / 12
        let days = Reading.daysSinceEpoch(years, months - years * 12 + 1, 1) + day - 1
        return Timestamp(milliseconds: Int64(days) &* 86_400_000)
    }

    /// The time that the text says in this layout; nil when it does not fit the layout.
    ///
    /// - Parameter zone: whose clock it speaks of where it names no offset; nil is UTC.
    func time(from text: String, in zone: ExpressionZone?) -> ZonedTime? {
        var rest = text[...]
        var reading = Reading()
        for (index, part) in self.parts.enumerated() {
            guard self.read(part, from: &rest, into: &reading, isBeforeFraction: self.isFraction(index + 1)) else { return nil }
        }
        guard rest.isEmpty, let shown = reading.shown else { return nil }
        guard let offset = reading.offset else { return ZonedTime(zone?.instant(showing: shown) ?? shown, in: zone) }
        return ZonedTime(Timestamp(milliseconds: shown.milliseconds - Int64(offset) * 1000), in: .fixed(Int64(offset)))
    }

    private func isFraction(_ index: Int) -> Bool {
        if index < self.parts.count, case .fraction = self.parts[index] { true } else { false }
    }

    private func read(_ part: Part, from rest: inout Substring, into reading: inout Reading, isBeforeFraction: Bool) -> Bool {
        switch part {
        case .literal(let text): return Self.take(text, from: &rest)
        case .longMonth: return Self.name(Self.months, from: &rest) { reading.month = $0 + 1 }
        case .month: return Self.name(Self.months.map { String($0.prefix(3)) }, from: &rest) { reading.month = $0 + 1 }
        case .numMonth: return Self.number(1...2, from: &rest) { reading.month = $0 }
        case .zeroMonth: return Self.number(2...2, from: &rest) { reading.month = $0 }
        case .longWeekday: return Self.name(Self.weekdays, from: &rest) { _ in }
        case .weekday: return Self.name(Self.weekdays.map { String($0.prefix(3)) }, from: &rest) { _ in }
        case .day: return Self.number(1...2, from: &rest) { reading.day = $0 }
        case .blankDay:
            if rest.first == " " { rest.removeFirst() }
            return Self.number(1...2, from: &rest) { reading.day = $0 }
        case .zeroDay: return Self.number(2...2, from: &rest) { reading.day = $0 }
        case .yearday: return Self.number(3...3, from: &rest) { reading.yearday = $0 }
        case .hour: return Self.number(2...2, from: &rest) { reading.hour = $0 }
        case .hour12: return Self.number(1...2, from: &rest) { reading.hour = $0 }
        case .zeroHour12: return Self.number(2...2, from: &rest) { reading.hour = $0 }
        case .minute: return Self.number(1...2, from: &rest) { reading.minute = $0 }
        case .zeroMinute: return Self.number(2...2, from: &rest) { reading.minute = $0 }
        case .second, .zeroSecond:
            var isZero = false
            if case .zeroSecond = part { isZero = true }
            guard Self.number((isZero ? 2 : 1)...2, from: &rest, { reading.second = $0 }) else { return false }
            // A fraction may follow the seconds even when the layout has none.
            if !isBeforeFraction, rest.first == ".", rest.dropFirst().first?.isNumber ?? false {
                return Self.fraction(from: &rest, into: &reading)
            }
            return true
        case .longYear: return Self.number(4...4, from: &rest) { reading.year = $0 }
        case .year: return Self.number(2...2, from: &rest) { reading.year = $0 >= 69 ? 1900 + $0 : 2000 + $0 }
        case .upperHalf: return Self.name(["AM", "PM"], from: &rest) { reading.isAfternoon = $0 == 1 }
        case .lowerHalf: return Self.name(["am", "pm"], from: &rest) { reading.isAfternoon = $0 == 1 }
        case .zone:
            let letters = rest.prefix { $0.isASCII && $0.isUppercase }
            guard (3...5).contains(letters.count) else { return false }
            rest = rest.dropFirst(letters.count)
            return true
        case .offset(let isZulu, let hasColon, let hasMinutes, let hasSeconds):
            if isZulu, Self.take("Z", from: &rest) {
                reading.offset = 0
                return true
            }
            return Self.offset(from: &rest, into: &reading, hasColon: hasColon, units: hasSeconds ? 3 : hasMinutes ? 2 : 1)
        case .fraction(let digits, let isTrimmed, let mark):
            guard rest.first == mark else { return isTrimmed }
            if !isTrimmed, rest.dropFirst().prefix(while: \.isNumber).count != digits { return false }
            return Self.fraction(from: &rest, into: &reading)
        }
    }

    private static func take(_ text: String, from rest: inout Substring) -> Bool {
        guard rest.hasPrefix(text) else { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    private static func number(_ width: ClosedRange<Int>, from rest: inout Substring, _ store: (Int) -> Void) -> Bool {
        let digits = rest.prefix(width.upperBound).prefix { $0.isASCII && $0.isNumber }
        guard digits.count >= width.lowerBound, let number = Int(digits) else { return false }
        rest = rest.dropFirst(digits.count)
        store(number)
        return true
    }

    private static func name(_ names: [String], from rest: inout Substring, _ store: (Int) -> Void) -> Bool {
        for (index, name) in names.enumerated() where rest.prefix(name.count).lowercased() == name.lowercased() {
            rest = rest.dropFirst(name.count)
            store(index)
            return true
        }
        return false
    }

    private static func fraction(from rest: inout Substring, into reading: inout Reading) -> Bool {
        rest = rest.dropFirst()
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        reading.milliseconds = Int((digits + "000").prefix(3)) ?? 0
        return !digits.isEmpty
    }

    private static func offset(from rest: inout Substring, into reading: inout Reading, hasColon: Bool, units: Int) -> Bool {
        guard let sign = rest.first, sign == "+" || sign == "-" else { return false }
        rest = rest.dropFirst()
        var seconds = 0
        for (index, size) in [3600, 60, 1].prefix(units).enumerated() {
            if index > 0, hasColon, !self.take(":", from: &rest) { return false }
            guard self.number(2...2, from: &rest, { seconds += $0 * size }) else { return false }
        }
        reading.offset = sign == "+" ? seconds : -seconds
        return true
    }
}
