import Testing
import WorkflowModel

@Suite struct TimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.5Z", 500), ("1970-01-01T00:00:01.23456Z", 1234), ("1969-12-31T23:59:59Z", -1000),
        ("2026-11-21T04:32:00Z", 1_795_235_520_000), ("2026-11-21t04:32:00z", 1_795_235_520_000),
        ("2026-11-21T06:32:00+02:00", 1_795_235_520_000),
        ("2026-11-20T23:02:00-05:30", 1_795_235_520_000), ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ])
    func `times are read as RFC 3339 writes them`(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T04:32Z", "2026-11-21T04:32:00", "2026-11-21T04:32:00.Z", "2026-11-21T04:32:00+0200",
        "2026-11-21T04:32:00+02", "2026-13-21T04:32:00Z",
        "2026-00-21T04:32:00Z", "2026-11-00T04:32:00Z", "2026-11-32T04:32:00Z", "2026-11-21T24:00:00Z", "2026-11-21T04:60:00Z",
        "2026-11-21T04:32:61Z", "2026-11-21 04:32:00Z",
        "2026-11-21T04:32:00Zx", "x026-11-21T04:32:00Z", "+026-11-21T04:32:00Z", "2026-11-21T04:32:00Z ", "２０２６-11-21T04:32:00Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (1_795_235_520_999, "2026-11-21T04:32:00Z"),
        (951_782_399_000, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"), (4_107_542_399_000, "2100-02-28T23:59:59Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
    ])
    func `times are written in whole seconds of UTC`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func `every day of four hundred years is its own`() {
        var weekday = Timestamp(rfc3339: "1900-01-01T00:00:00Z")!.civil.weekday
        #expect(weekday == 1)
        var previous = Timestamp(rfc3339: "1899-12-31T00:00:00Z")!.civil
        var instant = Timestamp(rfc3339: "1900-01-01T00:00:00Z")!
        for _ in 0..<146_097 {
            let day = instant.civil
            let isNext =
                (day.day == previous.day + 1 && day.month == previous.month)
                || (day.day == 1 && (day.month == previous.month + 1 || (day.month == 1 && previous.month == 12)))
            let isYearday = day.yearday == (day.month == 1 && day.day == 1 ? 1 : previous.yearday + 1)
            if !isNext || !isYearday || day.weekday != weekday || Timestamp(rfc3339: instant.rfc3339) != instant {
                Issue.record("\(previous) is followed by \(day)")
                return
            }
            previous = day
            weekday = (weekday + 1) % 7
            instant = instant + .seconds(86400)
        }
    }

    @Test func `instants and spans add up`() {
        #expect(Timestamp(milliseconds: 5) + Span(milliseconds: 7) == Timestamp(milliseconds: 12))
        #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 7) == Span(milliseconds: -2))
        #expect(Timestamp(milliseconds: .max) + Span(milliseconds: 1) == Timestamp(milliseconds: .max))
        #expect(Span.seconds(.max) == Span(milliseconds: .max) && Span.seconds(.min) == Span(milliseconds: .min))
        #expect(Span.seconds(1) < Span.seconds(2) && Timestamp(milliseconds: 1) < Timestamp(milliseconds: 2))
        #expect([-1001, -1000, -999, -1, 0, 999, 1000].map { Timestamp(milliseconds: $0).seconds } == [-2, -1, -1, -1, 0, 0, 1])
    }

    @Test(
        arguments: [
            ("0", 0), ("300ms", 300), ("1.5h", 5_400_000), ("1h30m", 5_400_000), ("-2s", -2000), ("+2s", 2000), ("1us", 0), ("1500us", 1),
            ("1500µs", 1), ("2000000ns", 2), (".5s", 500),
            ("1.s", 1000), ("1h1m1s1ms", 3_661_001), ("0s", 0), ("10", nil), ("", nil), ("-", nil), ("s", nil), ("1", nil), ("1x", nil),
            ("1 s", nil), ("1s ", nil), ("1e3s", nil), ("1d", nil),
            ("..s", nil), ("1s2", nil), ("99999999999999999999h", nil), ("infs", nil), ("nans", nil), ("--1s", nil),
        ] as [(String, Int64?)])
    func `durations are read as Go writes them`(text: String, milliseconds: Int64?) {
        #expect(Span(goDuration: text)?.milliseconds == milliseconds)
    }

    @Test(
        arguments: [("10", 10_000), ("-1", -1000), ("0", 0), ("2m", 120_000), ("", nil), ("1.5", nil), ("ten", nil)] as [(String, Int64?)])
    func `a duration without a unit is in seconds`(text: String, milliseconds: Int64?) {
        #expect(Span(unitOptional: text)?.milliseconds == milliseconds)
    }
}
