import WorkflowModel

/// Reads plain (unquoted) scalars as Kubernetes does: by the rules of YAML 1.1, less base 60 and dates.
///
/// Source: `sigs.k8s.io/yaml`, which Kubernetes and Argo read manifests with; its rules are those of Go's yaml.v2.
enum YAMLScalar {
    /// - Returns: null, a truth value or a number where the text is one, else the text. Nil for infinities and not-a-number, which JSON has not.
    static func resolved(_ text: String) -> JSONValue? {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            if Self.isInfinite(text) { return nil }
            return Self.number(text) ?? .string(text)
        case UInt8(ascii: "."):
            if Self.isInfinite(text) { return nil }
            return Self.isFloat(text.utf8) ? Self.float(text) ?? .string(text) : .string(text)
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "~"):
            return Self.word(text) ?? .string(text)
        default: return .string(text)
        }
    }

    private static func word(_ text: String) -> JSONValue? {
        guard text.utf8.count <= 5 else { return nil }
        switch text {
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
        case "~", "null", "Null", "NULL": return .null
        default: return nil
        }
    }

    private static func isInfinite(_ text: String) -> Bool {
        guard (4...5).contains(text.utf8.count) else { return false }
        switch text {
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF": return true
        default: return false
        }
    }

    private static func number(_ text: String) -> JSONValue? {
        let plain = text.utf8.contains(UInt8(ascii: "_")) ? String(text.filter { $0 != "_" }) : text
        if let digits = Self.integer(plain) { return .number(digits) }
        return Self.isFloat(plain.utf8) ? Self.float(plain) : nil
    }

    /// Decimal digits of a whole number in base 10, 16 (`0x`), 8 (`0` or `0o`) or 2 (`0b`), if it fits 64 bits.
    private static func integer(_ text: String) -> String? {
        var rest = text[...]
        let isNegative = rest.utf8.first == UInt8(ascii: "-")
        if isNegative || rest.utf8.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        var radix = 10
        if first == UInt8(ascii: "0"), rest.utf8.count > 1 {
            switch rest.utf8.dropFirst().first! | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            default: radix = 0
            }
            rest = rest.dropFirst(radix == 0 ? 1 : 2)
            if radix == 0 { radix = 8 }
            // A second sign would be taken for part of the number.
            guard let digit = rest.utf8.first, digit != UInt8(ascii: "+"), digit != UInt8(ascii: "-") else { return nil }
        }
        guard let magnitude = UInt64(rest, radix: radix) else { return nil }
        if !isNegative { return text.utf8.first == UInt8(ascii: "+") && magnitude > UInt64(Int64.max) ? nil : String(magnitude) }
        return magnitude <= UInt64(Int64.max) + 1 ? (magnitude == 0 ? "0" : "-\(magnitude)") : nil
    }

    /// Sign, digits, point and digits, exponent: `-1.5e3`, `.5`, `1.`.
    private static func isFloat(_ text: String.UTF8View) -> Bool {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            if digits() == 0, whole == 0 { return false }
        } else if whole == 0 {
            return false
        }
        if let e = rest.first, e | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }

    /// The shortest digits that give the same 64-bit float, as Go writes JSON: plain from 1e-6 to 1e21, with an exponent outside.
    private static func float(_ text: String) -> JSONValue? {
        guard let value = Double(Self.swiftFloat(text)), value.isFinite else { return nil }
        let size = abs(value)
        guard size != 0, size < 1e-6 || size >= 1e21 else { return .number(JSONValue.plainDecimal("\(value)")) }
        let parts = "\(value)".split(separator: "e")
        let mantissa = parts[0].hasSuffix(".0") ? parts[0].dropLast(2) : parts[0]
        let exponent = parts[1].dropFirst().drop { $0 == "0" }
        return .number("\(mantissa)e\(parts[1].prefix(1))\(exponent)")
    }

    /// `1.` and `.5e3`, which Swift does not read, with the digits that are left out.
    private static func swiftFloat(_ text: String) -> String {
        var bytes = Array(text.utf8)
        guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return text }
        func isDigit(_ index: Int) -> Bool {
            bytes.indices.contains(index) && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
        }
        if !isDigit(point + 1) { bytes.insert(UInt8(ascii: "0"), at: point + 1) }
        if !isDigit(point - 1) { bytes.insert(UInt8(ascii: "0"), at: point) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
