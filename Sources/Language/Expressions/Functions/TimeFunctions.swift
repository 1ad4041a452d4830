import WorkflowModel

/// expr's functions on times and durations. Times are UTC where nothing names a zone.
enum TimeFunctions {
    static var builtins: [ExprFunction] {
        [
            ExprFunction("now", 0...0) { evaluation, _ in .time(ZonedTime(evaluation.clock.now)) },
            ExprFunction("duration", 1...1) { _, call in
                guard let nanoseconds = self.nanoseconds(try call.text(0)) else {
                    throw ExpressionError("'\(try call.text(0))' is not a duration, write one like \"1h30m\" or \"500ms\"")
                }
                return .duration(nanoseconds: nanoseconds)
            },
            ExprFunction("date", 1...3, self.date),
            ExprFunction("timezone", 1...1) { _, call in
                let name = try call.text(0)
                _ = try ExpressionZone.named(name)
                return .string(name.isEmpty ? "UTC" : name)
            },
        ]
    }

    /// The layouts in which `date` tries to read a text.
    private static let layouts = [
        "2006-01-02", "15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "02 Jan 06 15:04 MST",
        "Monday, 02-Jan-06 15:04:05 MST",
        "Mon, 02 Jan 2006 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 -0700", "02 Jan 06 15:04 -0700",
    ].map { GoTimeLayout($0) }

    private static func date(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        if case .time = call[0] { return call[0] }
        // What `timezone` gives may come first; no date reads like the name of a zone.
        let isZoneFirst = call.count > 1 ? self.isZone(try call.text(0)) : false
        let at = isZoneFirst ? 1 : 0
        let text = try call.text(at)
        var layouts = self.layouts
        if call.count > at + 1 {
            let layout = try call.text(at + 1)
            layouts = [GoTimeLayout(GoTimeLayout.named[layout] ?? layout)]
        }
        var zone = isZoneFirst ? try ExpressionZone.named(try call.text(0)) : nil
        if call.count > at + 2 { zone = try ExpressionZone.named(try call.text(at + 2)) }
        for layout in layouts {
            guard let time = layout.time(from: text, in: zone) else { continue }
            try time.zone?.check(time.instant)
            return .time(time)
        }
        throw ExpressionError("'\(text)' is not a date" + (call.count > at + 1 ? " in the layout '\(try call.text(at + 1))'" : ""))
    }

    private static func isZone(_ text: String) -> Bool { ["UTC", "Local"].contains(text) || TimeZoneRules(name: text) != nil }

    private static let units: [(String, Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]

    /// Reads a Go duration: `1h30m`, `1.5s`, `-2ms`, `0`; nil when it is none or does not fit.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = text[...]
        var isNegative = false
        if let sign = rest.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            rest.removeFirst()
        }
        if rest == "0" { return 0 }
        if rest.isEmpty { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            guard let part = self.nextPart(&rest) else { return nil }
            let (sum, isOver) = total.addingReportingOverflow(part)
            if isOver { return nil }
            total = sum
        }
        return isNegative ? -total : total
    }

    private static func nextPart(_ rest: inout Substring) -> Int64? {
        let whole = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(whole.count)
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let name = rest.prefix { $0 != "." && !($0.isASCII && $0.isNumber) }
        rest = rest.dropFirst(name.count)
        guard let unit = self.units.first(where: { $0.0 == name })?.1, let amount = Int64(whole.isEmpty ? "0" : whole) else { return nil }
        let (product, isOver) = amount.multipliedReportingOverflow(by: unit)
        let part = fraction.isEmpty ? 0 : (Double("0." + fraction) ?? 0) * Double(unit)
        let (sum, isOverToo) = product.addingReportingOverflow(Int64(part))
        return isOver || isOverToo ? nil : sum
    }
}
