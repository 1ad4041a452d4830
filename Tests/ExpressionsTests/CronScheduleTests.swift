import Expressions
import Testing
import WorkflowModel

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

private func next(_ schedule: String, after start: String, in zone: String = "UTC") throws -> String? {
    try CronSchedule(schedule).next(after: time(start), in: try #require(TimeZoneRules(name: zone)))?.rfc3339
}

private func fault(_ schedule: String) -> String? {
    do throws(CronScheduleError) {
        _ = try CronSchedule(schedule)
        return nil
    } catch {
        return "\(error.offset)+\(error.length) \(error.message)" + (error.suggestion.map { " (\($0))" } ?? "")
    }
}

struct CronScheduleTests {
    @Test(arguments: [
        // 2026-11-21 is a Saturday.
        ("* * * * *", "2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z"), ("* * * * *", "2026-11-21T10:00:59Z", "2026-11-21T10:01:00Z"),
        ("*/15 * * * *", "2026-11-21T10:44:00Z", "2026-11-21T10:45:00Z"), ("*/15 * * * *", "2026-11-21T10:45:00Z", "2026-11-21T11:00:00Z"),
        ("10/20 * * * *", "2026-11-21T10:31:00Z", "2026-11-21T10:50:00Z"),
        ("5-10/5,40 * * * *", "2026-11-21T10:06:00Z", "2026-11-21T10:10:00Z"),
        ("0 0 29 2 *", "2026-11-21T10:00:00Z", "2028-02-29T00:00:00Z"), ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("30 2 * * MON-fri", "2026-11-21T10:00:00Z", "2026-11-23T02:30:00Z"),
        ("0 0 ? jan,JUL ?", "2026-11-21T10:00:00Z", "2027-01-01T00:00:00Z"),
        // Both days limited: either fits. A star of step 1 limits nothing, one of step 2 does.
        ("0 0 13 * 5", "2026-11-21T10:00:00Z", "2026-11-27T00:00:00Z"), ("0 0 */1 * 1", "2026-11-21T10:00:00Z", "2026-11-23T00:00:00Z"),
        ("0 0 */2 * 0", "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"), ("0 0 1 * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("@yearly", "2026-11-21T10:00:00Z", "2027-01-01T00:00:00Z"), ("@monthly", "2026-11-21T10:00:00Z", "2026-12-01T00:00:00Z"),
        ("@weekly", "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"), ("@daily", "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"),
        ("@midnight", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"), ("@hourly", "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
        ("@every 90m", "2026-11-21T10:00:30.5Z", "2026-11-21T11:30:30Z"), ("@every 1ms", "2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"),
        ("CRON_TZ=Asia/Kolkata 0 9 * * *", "2026-11-21T10:00:00Z", "2026-11-22T03:30:00Z"),
        ("TZ=Asia/Kolkata   0 9 * * *  ", "2026-11-21T10:00:00Z", "2026-11-22T03:30:00Z"),
        ("CRON_TZ= @daily", "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"),
        ("1,,2 * * * *", "2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z"),
    ])
    func `the next time fits the schedule`(schedule: String, start: String, expected: String) throws {
        #expect(try next(schedule, after: start) == expected)
    }

    @Test(arguments: [
        // The clock goes from 2:00 to 3:00: 2:30 is left out, 3:00 comes one hour after 1:00.
        ("30 2 * * *", "America/New_York", "2026-03-07T08:00:00Z", "2026-03-09T06:30:00Z"),
        ("0 * * * *", "America/New_York", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
        // It goes from 2:00 back to 1:00: 1:30 comes twice.
        ("30 1 * * *", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"),
        ("30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
        ("30 1 * * *", "America/New_York", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"),
        // Over midnight back into the day before.
        ("30 23 * * *", "America/Nuuk", "2026-10-25T00:31:00Z", "2026-10-25T01:30:00Z"),
        ("0 0 * * *", "America/Nuuk", "2026-10-25T00:31:00Z", "2026-10-25T02:00:00Z"),
        // Half an hour, the southern year, and rules that no formula tells.
        ("0 12 * * *", "Australia/Lord_Howe", "2026-07-01T00:00:00Z", "2026-07-01T01:30:00Z"),
        ("0 12 * * *", "Australia/Sydney", "2026-12-31T00:00:00Z", "2026-12-31T01:00:00Z"),
        ("0 12 * * *", "Africa/Casablanca", "2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z"),
        ("0 12 * * *", "Africa/Casablanca", "2026-06-01T00:00:00Z", "2026-06-01T11:00:00Z"),
    ])
    func `a zone's clock counts, also when it is put forward or back`(
        schedule: String, zone: String, start: String, expected: String
    ) throws {
        #expect(try next(schedule, after: start, in: zone) == expected)
    }

    @Test func `the zone in the text wins over the one beside it`() throws {
        #expect(try next("CRON_TZ=UTC 0 0 * * *", after: "2026-11-21T10:00:00Z", in: "Asia/Tokyo") == "2026-11-22T00:00:00Z")
    }

    @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 ?"])
    func `a day that no year has never comes`(schedule: String) throws {
        #expect(try !CronSchedule(schedule).everHappens)
        #expect(try next(schedule, after: "2026-11-21T10:00:00Z") == nil)
    }

    @Test func `a day that only leap years have does come, and so does a weekday beside an impossible day`() throws {
        #expect(try CronSchedule("0 0 29 2 *").everHappens)
        #expect(try CronSchedule("0 0 30 2 1").everHappens)
    }

    @Test(arguments: [
        ("", "0+1 this schedule is empty"), ("  ", "0+2 this schedule is empty"),
        ("* * * *", "0+7 a schedule has 5 fields (minute, hour, day of the month, month, day of the week), and this has 4"),
        ("0 0 0 * * *", "10+1 a schedule has 5 fields (minute, hour, day of the month, month, day of the week), and this has 6"),
        ("60 * * * *", "0+2 minute 60 is not between 0 and 59"), ("* 24 * * *", "2+2 hour 24 is not between 0 and 23"),
        ("* * 0 * *", "4+1 day of the month 0 is not between 1 and 31"), ("* * * * 7", "8+1 day of the week 7 is not between 0 and 6 (0)"),
        ("* * * 1,13 *", "8+2 month 13 is not between 1 and 12"), ("* * * january *", "6+7 'january' is no month (jan)"),
        ("* * * * mno", "8+3 'mno' is no day of the week (mon)"), ("5-1 * * * *", "0+3 range '5-1' ends before it begins"),
        ("*/0 * * * *", "2+1 step '0' is not a whole number of 1 or more"),
        ("*/ * * * *", "0+2 step '' is not a whole number of 1 or more"),
        ("1/2/3 * * * *", "0+5 '1/2/3' has more than one '/'"), ("1-2-3 * * * *", "0+5 '1-2-3' has more than one '-'"),
        ("-5 * * * *", "0+2 '' is no minute"), ("x * * * *", "0+1 'x' is no minute"), (", * * * *", "0+1 ',' names no minute"),
        ("@dayly", "0+6 '@dayly' is no schedule (@daily)"), ("@reboot", "0+7 '@reboot' is no schedule"),
        ("@every", "0+6 @every needs one duration, such as '90m' or '1h30m'"),
        ("@every 5", "7+1 @every needs one duration, such as '90m' or '1h30m'"), ("@daily now", "0+6 '@daily' stands alone"),
        ("CRON_TZ=Europe/Berln 0 0 * * *", "8+12 there is no time zone 'Europe/Berln' (Europe/Berlin)"),
        ("CRON_TZ=UTC", "0+11 there is no schedule after the time zone"),
        ("99999999999999999999 * * * *", "0+20 '99999999999999999999' is no minute"),
    ])
    func `what is no schedule is told with its place`(schedule: String, expected: String) {
        #expect(fault(schedule) == expected)
    }

    @Test func `zones go by the names of the tz database`() {
        #expect(TimeZoneRules.names.count > 580)
        #expect(TimeZoneRules(name: "US/Pacific") != nil && TimeZoneRules(name: "Etc/GMT+3") != nil && TimeZoneRules(name: "GMT") != nil)
        #expect(TimeZoneRules(name: "europe/berlin") == nil && TimeZoneRules(name: "") == nil && TimeZoneRules(name: "-") == nil)
        #expect(TimeZoneRules.closestName(to: "europe/berlin") == "Europe/Berlin")
        #expect(TimeZoneRules.closestName(to: "Los Angeles") == "America/Los_Angeles")
        #expect(TimeZoneRules.closestName(to: "nowhere at all") == nil)
    }

    @Test func `any mutation of a schedule is read or refused with a place inside the text`() {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let letters = Array("0123456789*?/-,@ \tjanmoeCRON_TZ=é")
        for _ in 0..<3000 {
            var text = Array(["*/5 0-12 1,15 * MON", "CRON_TZ=Asia/Tokyo @daily", "@every 1h30m"][random(3)])
            for _ in 0...random(4) { text[random(text.count)] = letters[random(letters.count)] }
            do throws(CronScheduleError) {
                _ = try CronSchedule(String(text)).next(after: Timestamp(milliseconds: 0))
            } catch {
                #expect(error.offset >= 0 && error.offset + error.length <= max(1, text.count), "\(String(text))")
            }
        }
    }
}
