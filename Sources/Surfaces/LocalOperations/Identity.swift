import WorkflowModel

/// Names that nobody else has.
enum Identity {
    private static let suffixLetters = Array("abcdefghijklmnopqrstuvwxyz0123456789")

    static let suffixLength = 5

    /// What follows a `generateName`: five letters or digits, as in Kubernetes.
    static func nameSuffix() -> String {
        String((0..<Self.suffixLength).map { _ in self.suffixLetters[Int.random(in: 0..<self.suffixLetters.count)] })
    }

    /// A UUID of version 7: 48 bits of Unix milliseconds, then chance, so that ids sort by the time they were made.
    static func uuid(at now: Timestamp) -> String {
        let high = UInt64(bitPattern: now.milliseconds) << 16 | 0x7000 | UInt64.random(in: 0...0xFFF)
        let low = 0x8000_0000_0000_0000 | UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF)
        let digits = Self.hexadecimal(high) + Self.hexadecimal(low)
        var text = ""
        for (at, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(at) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
