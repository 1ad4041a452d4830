import WorkflowModel

/// The methods of Go's times and durations, as in `(now() - start).Seconds()`.
enum TimeMethods {
    static func call(_ name: String, on receiver: ExprValue, _ arguments: [ExprValue]) throws(ExpressionError) -> ExprValue {
        let result: ExprValue? =
            switch receiver {
            case .time(let time): try self.call(name, on: time, arguments)
            case .duration(let nanoseconds): self.call(name, on: nanoseconds, arguments)
            case .null: throw ExpressionError("cannot fetch \(name) from <nil>")
            case .string(let text) where SemanticVersion(text) != nil: SprigVersions.call(name, on: text, arguments)
            case .bool, .int, .float, .string, .array, .map: throw ExpressionError("\(receiver.typeName) has no method '\(name)'")
            }
        guard let result else { throw ExpressionError("\(receiver.typeName) has no method '\(name)' for these arguments") }
        return result
    }

    private static func call(_ name: String, on zoned: ZonedTime, _ arguments: [ExprValue]) throws(ExpressionError)
        -> ExprValue?
    {
        let civil = zoned.local.civil
        let time = zoned.instant
        switch (name, arguments.first, arguments.count) {
        case ("Year", nil, 0): return .int(Int64(civil.year))
        case ("Month", nil, 0): return .int(Int64(civil.month))
        case ("Day", nil, 0): return .int(Int64(civil.day))
        case ("Hour", nil, 0): return .int(Int64(civil.hour))
        case ("Minute", nil, 0): return .int(Int64(civil.minute))
        case ("Second", nil, 0): return .int(Int64(civil.second))
        case ("Nanosecond", nil, 0): return .int((time.milliseconds - time.seconds * 1000) * 1_000_000)
        case ("Weekday", nil, 0): return .int(Int64(civil.weekday))
        case ("YearDay", nil, 0): return .int(Int64(civil.yearday))
        case ("Unix", nil, 0): return .int(time.seconds)
        case ("UnixMilli", nil, 0): return .int(time.milliseconds)
        case ("UnixMicro", nil, 0): return .int(time.milliseconds &* 1_000)
        case ("UnixNano", nil, 0): return .int(time.milliseconds &* 1_000_000)
        case ("UTC", nil, 0), ("Local", nil, 0): return .time(ZonedTime(time))
        // `timezone` gives the name of a zone.
        case ("In", .string(let name), 1): return .time(try zoned.shown(in: try ExpressionZone.named(name)))
        case ("String", nil, 0): return .string(GoText.of(.time(zoned)))
        case ("Format", .string(let layout), 1): return .string(GoTimeLayout(layout).text(of: zoned))
        case ("Add", .duration(let nanoseconds), 1): return .time(zoned.advanced(nanoseconds: nanoseconds))
        case ("Sub", .time(let other), 1): return .duration(nanoseconds: time.nanoseconds(since: other.instant))
        case ("Before", .time(let other), 1): return .bool(time < other.instant)
        case ("After", .time(let other), 1): return .bool(other.instant < time)
        case ("Equal", .time(let other), 1): return .bool(time == other.instant)
        case ("Compare", .time(let other), 1): return .int(time < other.instant ? -1 : time == other.instant ? 0 : 1)
        case ("IsZero", nil, 0): return .bool(time.civil.year == 1 && time.civil.yearday == 1 && time.milliseconds % 86_400_000 == 0)
        case ("AddDate", .int(let years), 3):
            guard case (.int(let months), .int(let days)) = (arguments[1], arguments[2]) else { return nil }
            return self.adding(years: years, months: months, days: days, to: zoned)
        case ("Truncate", .duration(let unit), 1):
            return .time(ZonedTime(Timestamp(milliseconds: self.truncated(time.milliseconds, unit / 1_000_000)), in: zoned.zone))
        default: return nil
        }
    }

    /// The day runs over into the next month when the month is too short, as in Go.
    private static func adding(years: Int64, months: Int64, days: Int64, to time: ZonedTime) -> ExprValue? {
        guard [years, months, days].allSatisfy({ (-1_000_000...1_000_000).contains($0) }) else { return nil }
        let (civil, shown) = (time.local.civil, time.local)
        let start = GoTimeLayout.midnight(year: civil.year, month: civil.month, day: civil.day)
        let end = GoTimeLayout.midnight(year: civil.year + Int(years), month: civil.month + Int(months), day: civil.day + Int(days))
        let moved = Timestamp(clamping: end.milliseconds &+ (shown.milliseconds &- start.milliseconds))
        return .time(ZonedTime(time.zone?.instant(showing: moved) ?? moved, in: time.zone))
    }

    private static func truncated(_ amount: Int64, _ unit: Int64) -> Int64 {
        guard unit > 0 else { return amount }
        return amount &- amount.remainderReportingOverflow(dividingBy: unit).partialValue
    }

    private static func call(_ name: String, on nanoseconds: Int64, _ arguments: [ExprValue]) -> ExprValue? {
        switch (name, arguments.first, arguments.count) {
        case ("Nanoseconds", nil, 0): return .int(nanoseconds)
        case ("Microseconds", nil, 0): return .int(nanoseconds / 1_000)
        case ("Milliseconds", nil, 0): return .int(nanoseconds / 1_000_000)
        case ("Seconds", nil, 0): return .float(Double(nanoseconds) / 1e9)
        case ("Minutes", nil, 0): return .float(Double(nanoseconds) / 60e9)
        case ("Hours", nil, 0): return .float(Double(nanoseconds) / 3600e9)
        case ("Abs", nil, 0): return .duration(nanoseconds: nanoseconds == .min ? .max : abs(nanoseconds))
        case ("String", nil, 0): return .string(GoNumberText.duration(nanoseconds: nanoseconds))
        case ("Truncate", .duration(let unit), 1): return .duration(nanoseconds: self.truncated(nanoseconds, unit))
        case ("Round", .duration(let unit), 1): return .duration(nanoseconds: self.rounded(nanoseconds, to: unit))
        default: return nil
        }
    }

    /// Half a unit is rounded away from zero.
    static func rounded(_ amount: Int64, to unit: Int64) -> Int64 {
        guard unit > 0 else { return amount }
        let rest = amount.remainderReportingOverflow(dividingBy: unit).partialValue
        let down = amount &- rest
        guard rest.magnitude >= unit.magnitude - rest.magnitude else { return down }
        let (up, isOver) = amount < 0 ? down.subtractingReportingOverflow(unit) : down.addingReportingOverflow(unit)
        return isOver ? (amount < 0 ? .min : .max) : up
    }
}

extension Timestamp {
    /// Milliseconds that keep the calendar computable: about 270,000 years around 1970.
    init(clamping milliseconds: Int64) {
        let limit: Int64 = 8_640_000_000_000_000
        self.init(milliseconds: min(max(milliseconds, -limit), limit))
    }

    func advanced(nanoseconds: Int64) -> Timestamp { Timestamp(clamping: self.milliseconds &+ nanoseconds / 1_000_000) }

    /// The longest or shortest duration when the real one does not fit.
    func nanoseconds(since other: Timestamp) -> Int64 {
        let (product, isOver) = (self.milliseconds &- other.milliseconds).multipliedReportingOverflow(by: 1_000_000)
        return isOver ? (self < other ? .min : .max) : product
    }
}
