import WorkflowModel

/// A day of the Gregorian calendar.
struct CivilDate: Equatable {
    var year: Int
    /// 1–12.
    var month: Int
    /// 1–31.
    var day: Int

    /// Days since 1 January 1970.
    var dayNumber: Int64 {
        // Years begin in March here, so that the leap day is the last of its year, and come in eras of 400 years with equal lengths.
        let shifted = self.month <= 2 ? self.year - 1 : self.year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (self.month > 2 ? self.month - 3 : self.month + 9) + 2) / 5 + self.day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    /// 0 is Sunday.
    var weekday: Int { Int((self.dayNumber % 7 + 11) % 7) }

    var next: CivilDate {
        if self.day < Self.days(inMonth: self.month, of: self.year) {
            return CivilDate(year: self.year, month: self.month, day: self.day + 1)
        }
        return self.firstOfNextMonth
    }

    var firstOfNextMonth: CivilDate {
        self.month == 12
            ? CivilDate(year: self.year + 1, month: 1, day: 1) : CivilDate(year: self.year, month: self.month + 1, day: 1)
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }
}

extension CivilDate {
    /// The day that a clock shows `offset` seconds east of UTC.
    init(_ second: Int64, offset: Int64) {
        let shown = Timestamp(milliseconds: (second + offset) * 1000).civil
        self.init(year: shown.year, month: shown.month, day: shown.day)
    }
}
