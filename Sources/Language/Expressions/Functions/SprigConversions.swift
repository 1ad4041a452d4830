import WorkflowModel

/// The `sprig.` functions between kinds of values, on times, and about the kinds themselves.
enum SprigConversions {
    static var functions: [ExprFunction] { self.texts + self.kinds + self.times }

    private static var texts: [ExprFunction] {
        [
            ExprFunction("toString", 1...1) { try $0.text(of: $1[0]) },
            ExprFunction("toStrings", 1...1) { evaluation, call in
                guard case .array(let items) = call[0] else { return .array([try evaluation.text(of: call[0])]) }
                return .array(try evaluation.texts(of: items).map(ExprValue.string))
            },
            ExprFunction("toJson", 1...1) { try $0.json(of: $1[0]) }, ExprFunction("mustToJson", 1...1) { try $0.json(of: $1[0]) },
            ExprFunction("toRawJson", 1...1) { try $0.json(of: $1[0]) }, ExprFunction("mustToRawJson", 1...1) { try $0.json(of: $1[0]) },
            ExprFunction("toPrettyJson", 1...1) { try $0.json(of: $1[0], indent: 2) },
            ExprFunction("mustToPrettyJson", 1...1) { try $0.json(of: $1[0], indent: 2) },
            // The library gives nil for a text that is no JSON; only the `must` twin says so.
            ExprFunction("fromJson", 1...1) { evaluation, call in
                try evaluation.spend(textBytes: try call.text(0).utf8.count)
                return (try? JSONValue(json: try call.text(0))) == nil ? .null : try evaluation.value(fromJSON: try call.text(0))
            },
            ExprFunction("mustFromJson", 1...1) { try $0.value(fromJSON: try $1.text(0)) },
        ]
    }

    private static var kinds: [ExprFunction] {
        [
            ExprFunction("kindOf", 1...1) { .string(self.kind($1[0])) },
            ExprFunction("kindIs", 2...2) { .bool(try $1.text(0) == self.kind($1[1])) },
            ExprFunction("typeOf", 1...1) { .string(self.type($1[0])) },
            ExprFunction("typeIs", 2...2) { .bool(try $1.text(0) == self.type($1[1])) },
            ExprFunction("typeIsLike", 2...2) { .bool(try $1.text(0) == self.type($1[1]) || "*" + (try $1.text(0)) == self.type($1[1])) },
            ExprFunction("deepEqual", 2...2) { .bool(try $0.operate(.equal, $1[0], $1[1]) == .bool(true)) },
        ]
    }

    private static func kind(_ value: ExprValue) -> String {
        switch value {
        case .null: "invalid"
        case .bool: "bool"
        case .int: "int"
        case .float: "float64"
        case .string: "string"
        case .array: "slice"
        case .map: "map"
        case .time: "struct"
        case .duration: "int64"
        }
    }

    private static func type(_ value: ExprValue) -> String {
        switch value {
        case .null: "<nil>"
        case .array: "[]interface {}"
        case .map: "map[string]interface {}"
        case .time: "time.Time"
        case .duration: "time.Duration"
        case .bool, .int, .float, .string: self.kind(value)
        }
    }

    private static var times: [ExprFunction] {
        [
            ExprFunction("now", 0...0) { evaluation, _ in .time(ZonedTime(evaluation.clock.now)) },
            ExprFunction("date", 2...2, self.date), ExprFunction("dateInZone", 3...3, self.date),
            ExprFunction("date_in_zone", 3...3, self.date),
            ExprFunction("htmlDate", 1...1) { .string(GoTimeLayout("2006-01-02").text(of: ZonedTime(self.time($1[0], $0)))) },
            ExprFunction("htmlDateInZone", 2...2) { evaluation, call in
                let time = try ZonedTime(self.time(call[0], evaluation)).shown(in: try ExpressionZone.named(try call.text(1)))
                return .string(GoTimeLayout("2006-01-02").text(of: time))
            },
            ExprFunction("unixEpoch", 1...1) { .string(String(self.time($1[0], $0).seconds)) },
            ExprFunction("dateModify", 2...2, self.dateModify), ExprFunction("date_modify", 2...2, self.dateModify),
            ExprFunction("mustDateModify", 2...2, self.dateModify), ExprFunction("must_date_modify", 2...2, self.dateModify),
            ExprFunction("toDate", 2...2, self.toDate), ExprFunction("mustToDate", 2...2, self.toDate),
            ExprFunction("ago", 1...1) { evaluation, call in
                let nanoseconds = evaluation.clock.now.nanoseconds(since: self.time(call[0], evaluation))
                return .string(GoNumberText.duration(nanoseconds: TimeMethods.rounded(nanoseconds, to: 1_000_000_000)))
            },
            ExprFunction("duration", 1...1) {
                let (nanoseconds, isOver) = SprigNumbers.whole($1[0]).multipliedReportingOverflow(by: 1_000_000_000)
                return .string(GoNumberText.duration(nanoseconds: isOver ? .max : nanoseconds))
            },
            ExprFunction("durationRound", 1...1) { evaluation, call in
                switch call[0] {
                case .string(let text): .string(self.roughly(TimeFunctions.nanoseconds(text) ?? 0))
                case .duration(let nanoseconds): .string(self.roughly(nanoseconds))
                case .time(let time): .string(self.roughly(evaluation.clock.now.nanoseconds(since: time.instant)))
                case .null, .bool, .int, .float, .array, .map: .string("0s")
                }
            },
        ]
    }

    /// The largest unit of which there is more than one, its count rounded down: `2h10m5s` is `2h`, `400h` is `16d`.
    private static func roughly(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds.magnitude / 1_000_000_000
        let hasRest = nanoseconds.magnitude % 1_000_000_000 != 0
        let units: [(UInt64, String)] = [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")]
        for (unit, name) in units where seconds > unit || seconds == unit && hasRest { return "\(seconds / unit)\(name)" }
        return "0s"
    }

    /// A time, seconds since 1970, or a text in RFC 3339; the time of the evaluation for anything else, as in the library.
    private static func time(_ value: ExprValue, _ evaluation: Evaluation) -> Timestamp {
        switch value {
        case .time(let time): time.instant
        case .int(let seconds): Timestamp(clamping: Span.seconds(seconds).milliseconds)
        case .string(let text): Timestamp(rfc3339: text) ?? evaluation.clock.now
        case .null, .bool, .float, .array, .map, .duration: evaluation.clock.now
        }
    }

    private static func date(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let zone = call.count > 2 ? try ExpressionZone.named(try call.text(2)) : nil
        let time = try ZonedTime(self.time(call[1], evaluation)).shown(in: zone)
        return try evaluation.made(GoTimeLayout(try call.text(0)).text(of: time))
    }

    private static func dateModify(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        guard let nanoseconds = TimeFunctions.nanoseconds(try call.text(0)) else {
            throw ExpressionError("'\(try call.text(0))' is not a duration, write one like \"-1.5h\"")
        }
        if case .time(let time) = call[1] { return .time(time.advanced(nanoseconds: nanoseconds)) }
        return .time(ZonedTime(self.time(call[1], evaluation)).advanced(nanoseconds: nanoseconds))
    }

    private static func toDate(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        guard let time = GoTimeLayout(try call.text(0)).time(from: try call.text(1), in: nil) else {
            throw ExpressionError("'\(try call.text(1))' is not a date in the layout '\(try call.text(0))'")
        }
        return .time(time)
    }
}
