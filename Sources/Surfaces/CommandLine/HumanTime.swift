import WorkflowModel

/// Times and lengths of time as people read them.
enum HumanTime {
    /// `Mon Jan 02 15:04:05 -0700 (3 minutes ago)`.
    static func stamp(_ instant: Timestamp, now: Timestamp, secondsFromUTC offset: Int) -> String {
        let local = (instant + .seconds(Int64(offset))).civil
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][local.weekday]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][local.month - 1]
        let sign = offset < 0 ? "-" : "+"
        let zone = sign + Self.padded(abs(offset) / 3600) + Self.padded(abs(offset) / 60 % 60)
        let clock = "\(Self.padded(local.hour)):\(Self.padded(local.minute)):\(Self.padded(local.second))"
        return "\(weekday) \(month) \(Self.padded(local.day)) \(clock) \(zone) (\(Self.ago(instant, now: now)))"
    }

    /// `15:04:05`.
    static func clock(_ instant: Timestamp, secondsFromUTC offset: Int) -> String {
        let local = (instant + .seconds(Int64(offset))).civil
        return "\(Self.padded(local.hour)):\(Self.padded(local.minute)):\(Self.padded(local.second))"
    }

    private static let minute: Int64 = 60
    private static let hour: Int64 = 3600
    private static let day: Int64 = 86400
    private static let week: Int64 = 7 * day
    private static let month: Int64 = 30 * day
    private static let year: Int64 = 12 * month

    /// `now`, `1 second ago`, `5 minutes ago`, `2 weeks ago`; `from now` for the future.
    static func ago(_ instant: Timestamp, now: Timestamp) -> String {
        let seconds = now.seconds - instant.seconds
        let direction = seconds < 0 ? "from now" : "ago"
        let amount = abs(seconds)
        if amount < 1 { return "now" }
        let units: [(length: Int64, name: String)] = [
            (Self.year, "year"), (Self.month, "month"), (Self.week, "week"), (Self.day, "day"), (Self.hour, "hour"),
            (Self.minute, "minute"),
            (1, "second"),
        ]
        for unit in units where amount >= unit.length {
            return "\(Self.counted(amount / unit.length, unit.name)) \(direction)"
        }
        return "now"
    }

    /// The two largest units: `45 seconds`, `1 minute 30 seconds`, `2 days 4 hours`.
    static func long(_ span: Span) -> String {
        let seconds = max(0, span.milliseconds / 1000)
        switch seconds {
        case ..<Self.minute: return Self.counted(seconds, "second")
        case ..<Self.hour: return "\(Self.counted(seconds / Self.minute, "minute")) \(Self.counted(seconds % Self.minute, "second"))"
        case ..<Self.day: return "\(Self.counted(seconds / Self.hour, "hour")) \(Self.counted(seconds % Self.hour / Self.minute, "minute"))"
        default: return "\(Self.counted(seconds / Self.day, "day")) \(Self.counted(seconds % Self.day / Self.hour, "hour"))"
        }
    }

    /// One unit: `0s`, `59s`, `1m`, `2h`, `3d`.
    static func short(_ span: Span) -> String {
        let seconds = max(0, span.milliseconds / 1000)
        switch seconds {
        case ..<Self.minute: return "\(seconds)s"
        case ..<Self.hour: return "\(seconds / Self.minute)m"
        case ..<Self.day: return "\(seconds / Self.hour)h"
        default: return "\(seconds / Self.day)d"
        }
    }

    /// All units that are not zero: `1h2m3s`, `2m`; `0s`.
    static func compact(seconds: Int64) -> String {
        var text = ""
        if seconds >= Self.hour { text += "\(seconds / Self.hour)h" }
        if seconds % Self.hour >= Self.minute { text += "\(seconds % Self.hour / Self.minute)m" }
        if seconds % Self.minute > 0 || text.isEmpty { text += "\(seconds % Self.minute)s" }
        return text
    }

    /// Reads `10m`, `1h30m`, `2d`: a Go duration, or whole days.
    static func duration(_ text: String) -> Span? {
        if text.hasSuffix("d"), let days = Int64(text.dropLast()), days >= 0, days < 1_000_000 { return .seconds(days * Self.day) }
        guard let span = Span(goDuration: text), span.milliseconds >= 0 else { return nil }
        return span
    }

    private static func counted(_ amount: Int64, _ unit: String) -> String { "\(amount) \(unit)\(amount == 1 ? "" : "s")" }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
