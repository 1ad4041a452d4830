/// A Kubernetes quantity: `500m`, `2`, `1.5Gi`, `1e3`.
public struct Quantity: Sendable, Equatable {
    private let value: Double

    public var units: Int64 { Self.clamped(self.value.rounded(.up)) }
    public var thousandths: Int64 { Self.clamped((self.value * 1000).rounded(.up)) }

    /// How often the divisor goes into it, rounded up.
    func divided(by divisor: Quantity) -> Int64 {
        divisor.value > 0 ? Self.clamped((self.value / divisor.value).rounded(.up)) : self.units
    }

    public init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-" || $0 == "+") }
        let suffix = text.dropFirst(digits.count)
        guard let number = Double(digits), number >= 0 else { return nil }
        let scales: [String: Double] = [
            "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Ki": 1024,
            "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624, "Ei": 1_152_921_504_606_846_976,
        ]
        if let scale = scales[String(suffix)] {
            self.value = number * scale
        } else if let scientific = Double(text) {
            self.value = scientific
        } else {
            return nil
        }
    }

    private static func clamped(_ value: Double) -> Int64 { value >= 9.2e18 ? .max : Int64(value) }
}
