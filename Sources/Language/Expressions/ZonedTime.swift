import Diagnostics
public import WorkflowModel

/// An instant, and the clock that shows it. Two are equal when the instants are, whatever their clocks show.
public struct ZonedTime: Sendable, Hashable {
    public var instant: Timestamp
    /// Nil is UTC.
    var zone: ExpressionZone?

    /// The instant as UTC shows it.
    public init(_ instant: Timestamp) { self.init(instant, in: nil) }

    init(_ instant: Timestamp, in zone: ExpressionZone?) {
        self.instant = instant
        self.zone = zone
    }

    public static func == (left: ZonedTime, right: ZonedTime) -> Bool { left.instant == right.instant }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.instant) }

    /// What the clock shows, as if it were UTC.
    var local: Timestamp { Timestamp(clamping: self.instant.milliseconds &+ self.offset * 1000) }

    /// Seconds east of UTC.
    var offset: Int64 { self.zone?.state(at: self.instant).seconds ?? 0 }

    /// `CET`; for an offset that has no name the offset, as Go writes it.
    var abbreviation: String {
        guard let zone = self.zone else { return "UTC" }
        let state = zone.state(at: self.instant)
        return state.abbreviation.isEmpty ? Self.offsetText(state.seconds, colon: "") : state.abbreviation
    }

    func advanced(nanoseconds: Int64) -> ZonedTime { ZonedTime(self.instant.advanced(nanoseconds: nanoseconds), in: self.zone) }

    /// RFC 3339 with milliseconds where there are any, as Go writes times into JSON.
    var rfc3339: String {
        guard self.offset != 0 else { return self.instant.rfc3339WithFraction }
        return self.local.rfc3339WithFraction.dropLast() + Self.offsetText(self.offset, colon: ":")
    }

    /// `+0100`, or `+01:00` with a colon.
    static func offsetText(_ seconds: Int64, colon: String) -> String {
        func digits(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
        let minutes = abs(seconds) / 60
        return (seconds < 0 ? "-" : "+") + digits(minutes / 60) + colon + digits(minutes % 60)
    }
}

/// A time zone of an expression: one of the tz database, or an offset that a text named. Shared, so that values stay small.
final class ExpressionZone: Sendable {
    private enum Clock {
        case rules(TimeZoneRules)
        case fixed(seconds: Int64)
    }

    private let clock: Clock

    /// The first instant whose clocks are known, in seconds since 1970: the year 2000.
    private static let firstKnown: Int64 = 946_684_800

    private init(_ clock: Clock) { self.clock = clock }

    /// An offset without a name; nil for none, which is UTC.
    static func fixed(_ seconds: Int64) -> ExpressionZone? { seconds == 0 ? nil : ExpressionZone(.fixed(seconds: seconds)) }

    /// - Parameter name: as Go takes it: of the tz database, or empty or `UTC`; `Local` is UTC here, as in a container.
    /// - Returns: nil for UTC.
    static func named(_ name: String) throws(ExpressionError) -> ExpressionZone? {
        if ["UTC", "", "Local"].contains(name) { return nil }
        guard let rules = TimeZoneRules(name: name) else {
            let guess = Spelling.closest(to: name, among: TimeZoneRules.names.sorted()).map { ", did you mean '\($0)'?" } ?? ""
            throw ExpressionError("there is no time zone '\(name)'" + guess)
        }
        return ExpressionZone(.rules(rules))
    }

    func state(at instant: Timestamp) -> TimeZoneRules.Offset {
        switch self.clock {
        case .rules(let rules): rules.state(atSecond: instant.seconds)
        case .fixed(let seconds): TimeZoneRules.Offset(seconds: seconds, abbreviation: "")
        }
    }

    /// The instant at which this clock shows what UTC shows at `shown`. Where a clock is put forward or back, as Go chooses.
    func instant(showing shown: Timestamp) -> Timestamp {
        func before(_ offset: Int64) -> Timestamp { Timestamp(clamping: shown.milliseconds &- offset * 1000) }
        let first = self.state(at: shown).seconds
        let second = self.state(at: before(first)).seconds
        return before(second)
    }

    /// - Throws: when nobody here knows what the zone's clocks showed then.
    func check(_ instant: Timestamp) throws(ExpressionError) {
        guard case .rules(let rules) = self.clock, instant.seconds < Self.firstKnown else { return }
        throw ExpressionError("what clocks showed in '\(rules.name)' before the year 2000 is not known here")
    }
}

extension ZonedTime {
    /// The same instant on another clock.
    func shown(in zone: ExpressionZone?) throws(ExpressionError) -> ZonedTime {
        try zone?.check(self.instant)
        return ZonedTime(self.instant, in: zone)
    }
}
