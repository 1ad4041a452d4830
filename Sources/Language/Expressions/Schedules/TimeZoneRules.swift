public import WorkflowModel

/// How far a time zone is from UTC at each instant, by the tz database's rules as they were when this program was made.
///
/// They are part of the program, so that a schedule means the same on every machine, also on one without `/usr/share/zoneinfo`.
/// Instants before 2000 get the offset that held on 1 January 2000.
public struct TimeZoneRules: Sendable, Equatable {
    public let name: String
    /// What held before the first change.
    private let initial: Offset
    /// Changes that the rule does not tell, in the order of time.
    private let changes: [Change]
    /// From when on the rule alone holds, in seconds since 1970.
    private let ruleStart: Int64
    private let standard: Offset
    private let summer: Summer?

    /// How far a zone's clocks are from UTC, and how that is called there.
    struct Offset: Equatable {
        /// East of UTC.
        var seconds: Int64
        /// `CET`; `+03` where nobody has a name for it.
        var abbreviation: String
    }

    fileprivate struct Change: Equatable {
        var at: Int64
        var offset: Offset
    }

    /// The part of each year with another offset. Where it is winter in June it begins late in the year and ends early in the next.
    fileprivate struct Summer: Equatable {
        var offset: Offset
        /// In standard time.
        var begin: YearlyDay
        /// In summer time.
        var end: YearlyDay
    }

    /// The day `week` (5 is the last) of that weekday (0 is Sunday) in the month, and the second counted from its midnight, which may lie
    /// outside of the day.
    fileprivate struct YearlyDay: Equatable {
        var month: Int
        var week: Int
        var weekday: Int
        var second: Int64
    }

    public static let utc = TimeZoneRules(name: "UTC")!

    /// - Parameter name: as the tz database writes it, `Europe/Berlin`; case counts, as on a file system.
    /// - Returns: nil when there is no zone of that name.
    public init?(name: String) {
        guard let line = TimeZoneTable.line(of: name) else { return nil }
        self.name = name
        let rule = line.rule.split(separator: ",")
        self.standard = Offset(rule[0])
        self.summer =
            rule.count == 1
            ? nil : Summer(offset: Offset(rule[1]), begin: YearlyDay(rule[2]), end: YearlyDay(rule[3]))
        if line.changes == "-" {
            self.initial = self.standard
            self.changes = []
            self.ruleStart = .min
        } else {
            let parts = line.changes.split(separator: ";")
            self.initial = Offset(parts[0])
            self.changes = parts[1..<(parts.count - 1)].map { part in
                let pair = part.split(separator: "=", maxSplits: 1)
                return Change(at: Int64(pair[0])!, offset: Offset(pair[1]))
            }
            self.ruleStart = Int64(parts[parts.count - 1])!
        }
    }

    /// The names of all zones, in no order.
    public static var names: [String] { TimeZoneTable.lines.flatMap { $0.names.map(String.init) } }

    /// Seconds to add to UTC for the zone's own time.
    public func offset(at time: Timestamp) -> Int64 { self.offset(atSecond: time.seconds) }

    func offset(atSecond second: Int64) -> Int64 { self.state(atSecond: second).seconds }

    func state(atSecond second: Int64) -> Offset {
        if second < self.ruleStart { return self.changes.last { $0.at <= second }?.offset ?? self.initial }
        guard let summer = self.summer else { return self.standard }
        let year = Timestamp(milliseconds: (second + self.standard.seconds) * 1000).civil.year
        let begin = summer.begin.moment(in: year) - self.standard.seconds
        let end = summer.end.moment(in: year) - summer.offset.seconds
        let isSummer = begin < end ? begin <= second && second < end : second < end || begin <= second
        return isSummer ? summer.offset : self.standard
    }
}

extension TimeZoneRules.Offset {
    /// Reads `3600=CET`.
    fileprivate init(_ text: Substring) {
        let pair = text.split(separator: "=")
        self.init(seconds: Int64(pair[0])!, abbreviation: String(pair[1]))
    }
}

extension TimeZoneRules.YearlyDay {
    /// Reads `3.5.0/7200`: month, week, weekday, second.
    fileprivate init(_ text: Substring) {
        let parts = text.split { $0 == "." || $0 == "/" }
        self.init(month: Int(parts[0])!, week: Int(parts[1])!, weekday: Int(parts[2])!, second: Int64(parts[3])!)
    }

    /// That moment of the year in seconds since 1970, on a clock that shows local time.
    fileprivate func moment(in year: Int) -> Int64 {
        let first = CivilDate(year: year, month: self.month, day: 1)
        var day = 1 + (self.weekday - first.weekday + 7) % 7 + 7 * (self.week - 1)
        if day > CivilDate.days(inMonth: self.month, of: year) { day -= 7 }
        return (first.dayNumber + Int64(day - 1)) * 86400 + self.second
    }
}

/// The table's lines: a rule, the changes before it holds, and the names of the zones that have them.
///
/// An offset is `seconds=abbreviation`. A rule is `standard` or `standard,summer,begin,end`. Changes are `-` when the rule always held, else
/// `initial;time=offset;…;start of the rule`.
private enum TimeZoneTable {
    struct Line {
        var rule: Substring
        var changes: Substring
        var names: ArraySlice<Substring>
    }

    static let lines: [Line] = timeZoneTable.description.utf8.split(separator: UInt8(ascii: "\n")).map { line in
        // By bytes, because finding the characters of the whole table takes ten times as long.
        let words = line.split(separator: UInt8(ascii: " ")).map { Substring($0) }
        return Line(rule: words[0], changes: words[1], names: words[2...])
    }

    private static let places: [Substring: Int] = Dictionary(
        uniqueKeysWithValues: Self.lines.enumerated().flatMap { at, line in line.names.map { ($0, at) } })

    static func line(of name: String) -> Line? { self.places[name[...]].map { self.lines[$0] } }
}
