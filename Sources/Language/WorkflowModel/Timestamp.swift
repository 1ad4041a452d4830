/// An instant: milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable {
    public var milliseconds: Int64
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
    public static func + (left: Timestamp, right: Span) -> Timestamp {
        Timestamp(
            milliseconds: left.milliseconds.addingReportingOverflow(right.milliseconds).overflow
                ? .max : left.milliseconds + right.milliseconds)
    }
    public static func - (left: Timestamp, right: Timestamp) -> Span { Span(milliseconds: left.milliseconds - right.milliseconds) }

    public var seconds: Int64 { self.milliseconds >= 0 ? self.milliseconds / 1000 : (self.milliseconds - 999) / 1000 }

    /// `2026-11-21T04:32:00Z`: UTC, whole seconds, as Kubernetes writes times.
    public var rfc3339: String {
        let c = self.civil
        return
            "\(Self.pad(c.year, 4))-\(Self.pad(c.month))-\(Self.pad(c.day))T\(Self.pad(c.hour)):\(Self.pad(c.minute)):\(Self.pad(c.second))Z"
    }

    /// Year, month 1–12, day 1–31, hour, minute and second in UTC, day of the week (0 = Sunday), day of the year 1–366.
    public var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int, yearday: Int) {
        let total = self.seconds
        var days = total / 86400
        var rest = total % 86400
        if rest < 0 {
            rest += 86400
            days -= 1
        }
        // Days to year, month and day of the proleptic Gregorian calendar, counted in eras of 400 years from 1 March of year 0.
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let m = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * m + 2) / 5 + 1
        let month = m < 10 ? m + 3 : m - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][Int(month) - 1] + (isLeap && month > 2 ? 1 : 0)
        let weekday = ((days % 7) + 11) % 7
        return (
            Int(year), Int(month), Int(day), Int(rest / 3600), Int(rest / 60 % 60), Int(rest % 60), Int(weekday), before + Int(day)
        )
    }

    static func pad(_ value: Int, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Reads RFC 3339 (`2026-11-21T04:32:00Z`, fractions and offsets allowed); nil for anything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] | 0x20 == 0x74, bytes[13] == 0x3A, bytes[16] == 0x3A,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60,
            second < 61
        else { return nil }
        var at = 19
        var fraction: Int64 = 0
        if bytes[at] == 0x2E {
            at += 1
            var scale: Int64 = 100
            let start = at
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 {
                fraction += Int64(bytes[at] - 0x30) * scale
                scale /= 10
                at += 1
            }
            if at == start { return nil }
        }
        guard at < bytes.count else { return nil }
        var offset: Int64 = 0
        if bytes[at] | 0x20 == 0x7A {
            at += 1
        } else {
            guard bytes[at] == 0x2B || bytes[at] == 0x2D, at + 6 == bytes.count, bytes[at + 3] == 0x3A, let h = number(at + 1..<at + 3),
                let m = number(at + 4..<at + 6)
            else { return nil }
            offset = (h * 60 + m) * 60 * (bytes[at] == 0x2B ? 1 : -1)
            at += 6
        }
        guard at == bytes.count else { return nil }
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        self.milliseconds = (days * 86400 + hour * 3600 + minute * 60 + second - offset) * 1000 + fraction
    }
}

/// A length of time in milliseconds.
public struct Span: Sendable, Hashable, Comparable {
    public var milliseconds: Int64
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    public static func seconds(_ seconds: Int64) -> Span {
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1000)
        return Span(milliseconds: isOver ? (seconds < 0 ? .min : .max) : product)
    }
    public static func < (left: Span, right: Span) -> Bool { left.milliseconds < right.milliseconds }

    /// Reads a Go duration: `300ms`, `1.5h`, `1h30m`, `-2s`; nil when it is none. Parts of a millisecond are dropped.
    public init?(goDuration text: String) {
        var rest = text[...]
        var isNegative = false
        if let sign = rest.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            rest = rest.dropFirst()
        }
        if rest == "0" {
            self.milliseconds = 0
            return
        }
        if rest.isEmpty { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let amount = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            switch unit {
            case "ns": total += amount / 1e6
            case "us", "µs", "μs": total += amount / 1e3
            case "ms": total += amount
            case "s": total += amount * 1e3
            case "m": total += amount * 60e3
            case "h": total += amount * 3600e3
            default: return nil
            }
        }
        guard total < 9.2e18 else { return nil }
        self.milliseconds = Int64(isNegative ? -total : total)
    }

    /// Reads a duration whose unit may be left out: a whole number is seconds, anything else a Go duration.
    public init?(unitOptional text: String) {
        if let seconds = Int64(text) { self = .seconds(seconds) } else { self.init(goDuration: text) }
    }
}
