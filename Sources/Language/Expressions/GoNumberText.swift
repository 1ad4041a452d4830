/// Floating point numbers and durations as Go prints them.
enum GoNumberText {
    /// Reads a floating point number; nil for a text that is none. Base 16 needs an exponent: `0x1p4`, not `0x10`.
    static func number(_ text: String) -> Double? {
        let letters = text.utf8.lazy.map { $0 | 0x20 }
        if letters.contains(UInt8(ascii: "x")), !letters.contains(UInt8(ascii: "p")) { return nil }
        return Double(text)
    }

    /// As Go's `encoding/json`: plain digits from 1e-6 up to 1e21, an exponent without needless zeros outside.
    static func json(_ number: Double) -> String {
        let size = number.magnitude
        guard size != 0, size < 1e-6 || size >= 1e21 else { return self.plain(number) }
        return self.exponent(number, leastDigits: 1)
    }

    /// As Go's `%v`: an exponent of at least two digits below 1e-4 and from 1e21 on.
    static func general(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        let size = number.magnitude
        guard size != 0, size < 1e-4 || size >= 1e21 else { return self.plain(number) }
        return self.exponent(number, leastDigits: 2)
    }

    /// With `places` digits after the point, as Go's `%.nf`.
    static func fixed(_ number: Double, places: Int) -> String {
        guard number.isFinite else { return self.general(number) }
        let (digits, power) = self.shortest(number.magnitude)
        // Value = 0.d1d2d3… · 10^power. Rounding the shortest digits half up is what a reader of them expects.
        let kept = power + places
        var rounded = Array(digits.prefix(max(0, kept)))
        var point = power
        if kept >= 0, kept < digits.count, digits[kept] >= 5 {
            if self.increment(&rounded) { point += 1 }
        }
        var text = number.sign == .minus && rounded.contains(where: { $0 != 0 }) ? "-" : ""
        text += self.layOut(rounded, point: point, places: places)
        return text
    }

    /// As Go prints a `time.Duration`: `1h30m0s`, `1.5s`, `2ms`, `0s`.
    static func duration(nanoseconds: Int64) -> String {
        var rest = nanoseconds.magnitude
        guard rest != 0 else { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        for (unit, size) in [("ns", 1_000), ("µs", 1_000_000), ("ms", 1_000_000_000)] as [(String, UInt64)] where rest < size {
            return sign + self.fraction(rest, of: size / 1_000) + unit
        }
        let hours = rest / 3_600_000_000_000
        rest %= 3_600_000_000_000
        let minutes = rest / 60_000_000_000
        rest %= 60_000_000_000
        var text = sign
        if hours > 0 { text += "\(hours)h" }
        if hours > 0 || minutes > 0 { text += "\(minutes)m" }
        return text + self.fraction(rest, of: 1_000_000_000) + "s"
    }

    /// `amount / unit` in decimal; the unit is a power of ten.
    private static func fraction(_ amount: UInt64, of unit: UInt64) -> String {
        let part = amount % unit
        guard part != 0 else { return String(amount / unit) }
        var digits = String(String(unit + part).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(amount / unit).\(digits)"
    }

    private static func plain(_ number: Double) -> String {
        let (digits, power) = self.shortest(number.magnitude)
        let sign = number.sign == .minus ? "-" : ""
        return sign + self.layOut(digits, point: power, places: max(0, digits.count - power))
    }

    private static func exponent(_ number: Double, leastDigits: Int) -> String {
        let (digits, power) = self.shortest(number.magnitude)
        var text = number < 0 ? "-" : ""
        text += String(digits[0])
        if digits.count > 1 { text += "." + digits.dropFirst().map(String.init).joined() }
        let scale = String((power - 1).magnitude)
        return text + (power > 0 ? "e+" : "e-") + String(repeating: "0", count: max(0, leastDigits - scale.count)) + scale
    }

    private static func layOut(_ digits: [UInt8], point: Int, places: Int) -> String {
        func digit(_ index: Int) -> Character { digits.indices.contains(index) ? Character(Unicode.Scalar(0x30 + digits[index])) : "0" }
        var text = ""
        if point <= 0 { text = "0" } else { for index in 0..<point { text.append(digit(index)) } }
        guard places > 0 else { return text }
        text += "."
        for index in point..<(point + places) { text.append(index < 0 ? "0" : digit(index)) }
        return text
    }

    private static func increment(_ digits: inout [UInt8]) -> Bool {
        for index in digits.indices.reversed() {
            if digits[index] < 9 {
                digits[index] += 1
                return false
            }
            digits[index] = 0
        }
        digits.insert(1, at: 0)
        return true
    }

    /// The fewest digits that read back as the same number, and the power of ten of `0.digits`. The number is finite and not negative.
    private static func shortest(_ number: Double) -> (digits: [UInt8], power: Int) {
        guard number != 0 else { return ([], 1) }
        let text = Array(number.description.utf8)
        let mark = text.firstIndex(of: UInt8(ascii: "e")) ?? text.count
        let scale = mark < text.count ? Int(String(decoding: text[(mark + 1)...], as: UTF8.self)) ?? 0 : 0
        let mantissa = text[..<mark]
        var digits = mantissa.filter { $0 != UInt8(ascii: ".") }.map { $0 - 0x30 }
        var power = (mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.count) + scale
        let leading = digits.prefix { $0 == 0 }.count
        digits.removeFirst(leading)
        power -= leading
        while digits.last == 0 { digits.removeLast() }
        return (digits, power)
    }
}
