public import WorkflowModel

/// When something is to happen again and again: `30 2 * * 1-5`, `@daily`, `@every 90m`, each with `CRON_TZ=Europe/Berlin ` before it if
/// need be.
///
/// The five fields are minute, hour, day of the month, month and day of the week (0–6, Sunday is 0; 7 is none). A field is a list of `*`
/// (or `?`), numbers, names of months and weekdays, ranges, each with a step if need be: `1-5`, `*/15`, `10/5` (from 10 on, each fifth).
/// When both the day of the month and the day of the week are limited, a day that fits either of them fits.
///
/// A time that a clock skips in spring is left out that day; one that comes twice in autumn happens twice.
/// - Source: Argo's documentation of CronWorkflow, and the library that it names for its schedules.
public struct CronSchedule: Sendable, Equatable {
    enum Rule: Equatable {
        case calendar(CronCalendar)
        case every(Span)
    }

    public let text: String
    /// The zone that the text itself names.
    public let timeZone: TimeZoneRules?
    let rule: Rule

    /// Reads the text.
    /// - Throws: what is wrong, and where.
    public init(_ text: String) throws(CronScheduleError) {
        var parser = CronParser(text)
        self.text = text
        (self.timeZone, self.rule) = try parser.schedule()
    }

    /// When it happens next.
    /// - Parameters:
    ///   - time: the answer is later than this.
    ///   - zone: whose clock counts when the text names no zone.
    /// - Returns: nil when it never happens again: none of the nine years that follow has such a day (leap days are at most eight years
    ///   apart). Costs a look at each day on the way, those of months that do not fit left out.
    public func next(after time: Timestamp, in zone: TimeZoneRules = .utc) -> Timestamp? {
        switch self.rule {
        case .every(let span): Timestamp(milliseconds: time.seconds * 1000) + span
        case .calendar(let calendar): calendar.next(after: time, in: self.timeZone ?? zone)
        }
    }

    /// Whether there is a day that it happens on: `0 0 30 2 *` has none.
    public var everHappens: Bool {
        switch self.rule {
        case .every: true
        case .calendar(let calendar): calendar.next(after: Timestamp(milliseconds: 0), in: .utc) != nil
        }
    }
}

/// Why a text is no schedule.
public struct CronScheduleError: Error, Sendable, Equatable {
    public var message: String
    /// The part that is wrong, in characters from the start of the text.
    public var offset: Int
    public var length: Int
    /// What could have been meant.
    public var suggestion: String?
}

/// The minutes that the five fields allow.
struct CronCalendar: Equatable {
    /// Bit n stands for the value n.
    var minutes: UInt64
    var hours: UInt64
    var days: UInt64
    var months: UInt64
    var weekdays: UInt64
    /// The field is `*`, and so says nothing.
    var anyDay: Bool
    var anyWeekday: Bool

    private static let yearsAhead = 9

    func next(after time: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        let after = time.seconds
        let start = CivilDate(after, offset: zone.offset(atSecond: after))
        var date = start
        while date.year <= start.year + Self.yearsAhead {
            if self.months & (1 << UInt64(date.month)) == 0 {
                date = date.firstOfNextMonth
                continue
            }
            if let found = self.first(on: date, after: after, zone) {
                // A clock that is set back over midnight shows the end of a day after the beginning of the next.
                return Timestamp(milliseconds: min(found, self.first(on: date.next, after: after, zone) ?? found) * 1000)
            }
            date = date.next
        }
        return nil
    }

    private func allows(_ date: CivilDate) -> Bool {
        guard self.months & (1 << UInt64(date.month)) != 0 else { return false }
        let day = self.days & (1 << UInt64(date.day)) != 0
        let weekday = self.weekdays & (1 << UInt64(date.weekday)) != 0
        return self.anyDay || self.anyWeekday ? day && weekday : day || weekday
    }

    /// The first fitting second of the day, as the zone's clocks show it, that is later than `after`.
    private func first(on date: CivilDate, after: Int64, _ zone: TimeZoneRules) -> Int64? {
        guard self.allows(date) else { return nil }
        let midnight = date.dayNumber * 86400
        // All offsets that the day can have; there are two where the clocks change.
        let offsets = Set([-86400, 0, 86400, 2 * 86400].map { zone.offset(atSecond: midnight + $0) })
        var first: Int64?
        for offset in offsets {
            guard let found = self.first(from: midnight - offset, after: after, offset, zone) else { continue }
            first = min(found, first ?? found)
        }
        return first
    }

    private func first(from midnight: Int64, after: Int64, _ offset: Int64, _ zone: TimeZoneRules) -> Int64? {
        guard midnight + 86400 > after else { return nil }
        for hour in 0..<24 where self.hours & (1 << UInt64(hour)) != 0 && midnight + Int64(hour + 1) * 3600 > after {
            for minute in 0..<60 where self.minutes & (1 << UInt64(minute)) != 0 {
                let second = midnight + Int64(hour) * 3600 + Int64(minute) * 60
                if second > after, zone.offset(atSecond: second) == offset { return second }
            }
        }
        return nil
    }
}
