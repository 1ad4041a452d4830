import Testing
import WorkflowModel

@testable import Expressions

/// Times on the clocks of places other than Greenwich. What each expression gives is what Go's `time` package gives.
struct TimeZoneTests {
    @Test(arguments: [
        ("date('2024-07-01 12:00:00', '2006-01-02 15:04:05', 'Europe/Berlin')", #""2024-07-01T12:00:00+02:00""#),
        ("date('2024-01-01 12:00:00', '2006-01-02 15:04:05', 'America/New_York').UTC()", #""2024-01-01T17:00:00Z""#),
        ("date(timezone('Asia/Tokyo'), '2024-01-02')", #""2024-01-02T00:00:00+09:00""#),
        ("date(timezone('Asia/Tokyo'), '02.01.2024', '02.01.2006').Unix()", "1704121200"),
        ("now().In(timezone('Asia/Kolkata')).Hour()", "11"), ("now().In(timezone('Asia/Kolkata')).Minute()", "37"),
        ("now().In(timezone('')).String()", #""2024-03-05 06:07:08.009 +0000 UTC""#), ("timezone('UTC')", #""UTC""#),
        ("date('2024-07-01T00:00:00Z').In(timezone('Europe/Berlin')).String()", #""2024-07-01 02:00:00 +0200 CEST""#),
        ("date('2024-01-01T00:00:00Z').In(timezone('Europe/Istanbul')).Format('MST -07 Z07:00')", #""+03 +03 +03:00""#),
        ("date('2024-01-01T00:00:00+05:30').Format('15:04 MST Z0700')", #""00:00 +0530 +0530""#),
        ("date('2024-07-01T00:00:00Z').In(timezone('Europe/London')) == date('2024-07-01T00:00:00Z')", "true"),
        // Over the night in which clocks are put forward the day has 23 hours, and the clock shows the same again.
        (
            "let d = date('2024-03-30 12:00:00', '2006-01-02 15:04:05', 'Europe/Berlin'); (d.AddDate(0, 0, 1) - d).Hours()",
            "23"
        ),
        ("date('2024-03-31 02:30:00', '2006-01-02 15:04:05', 'Europe/Berlin')", #""2024-03-31T03:30:00+02:00""#),
        ("sprig.dateInZone('2006-01-02 15:04 MST', 1720000000, 'America/New_York')", #""2024-07-03 05:46 EDT""#),
        ("sprig.date_in_zone('15:04 MST', 1000000000, 'Europe/Moscow')", #""05:46 MSD""#),
        ("sprig.htmlDateInZone(1704063600, 'Asia/Tokyo')", #""2024-01-01""#),
        ("sprig.htmlDateInZone(1704063600, 'Local')", #""2023-12-31""#),
        // As in the library, `date` shows the machine's zone, which is UTC here.
        ("sprig.date('15:04', now().In(timezone('Asia/Tokyo')))", #""06:07""#),
        ("sprig.dateModify('1h', date('2024-07-01T00:00:00+02:00'))", #""2024-07-01T01:00:00+02:00""#),
    ])
    func `a time shows the clock of its zone`(text: String, expected: String) throws {
        #expect(try evaluated(text) == expected)
    }

    @Test func `a zone has the offsets of its past and their names`() throws {
        let moscow = try #require(TimeZoneRules(name: "Europe/Moscow"))
        let year = { (year: Int) in moscow.state(atSecond: GoTimeLayout.midnight(year: year, month: 7, day: 1).seconds) }
        #expect(year(2005) == TimeZoneRules.Offset(seconds: 14_400, abbreviation: "MSD"))
        #expect(year(2012) == TimeZoneRules.Offset(seconds: 14_400, abbreviation: "MSK"))
        #expect(year(2024) == TimeZoneRules.Offset(seconds: 10_800, abbreviation: "MSK"))
    }
}
