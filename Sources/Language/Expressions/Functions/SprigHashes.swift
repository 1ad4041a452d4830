import Crypto

/// The `sprig.` functions that hash, encode and hide texts.
enum SprigHashes {
    static var functions: [ExprFunction] {
        [
            ExprFunction("sha1sum", 1...1) { .string(self.hex(Insecure.SHA1.hash(data: try self.bytes(&$0, $1)))) },
            ExprFunction("sha256sum", 1...1) { .string(self.hex(SHA256.hash(data: try self.bytes(&$0, $1)))) },
            ExprFunction("sha512sum", 1...1) { .string(self.hex(SHA512.hash(data: try self.bytes(&$0, $1)))) },
            ExprFunction("adler32sum", 1...1) { evaluation, call in
                var (low, high): (UInt32, UInt32) = (1, 0)
                for byte in try self.bytes(&evaluation, call) {
                    low = (low + UInt32(byte)) % 65_521
                    high = (high + low) % 65_521
                }
                return .string(String(high << 16 | low))
            },
            ExprFunction("b64enc", 1...1) { try $0.made(Base64.encoded(try $1.text(0))) },
            ExprFunction("b64dec", 1...1) { evaluation, call in
                guard let text = Base64.decoded(try call.text(0)) else { throw ExpressionError("'b64dec' needs a text in base 64") }
                return try evaluation.made(text)
            },
            ExprFunction("b32enc", 1...1) { try $0.made(Base32.encoded(try $1.text(0))) },
            ExprFunction("b32dec", 1...1) { evaluation, call in
                guard let text = Base32.decoded(try call.text(0)) else { throw ExpressionError("'b32dec' needs a text in base 32") }
                return try evaluation.made(text)
            },
            ExprFunction("randBytes", 1...1) { evaluation, call in
                let count = Int(max(0, try call.whole(0)))
                try evaluation.spend(count)
                return try evaluation.made(
                    Base64.encoded(bytes: (0..<count).map { _ in UInt8(truncatingIfNeeded: evaluation.nextRandom()) }))
            },
        ]
    }

    /// The text of the only argument, paid for by its length.
    private static func bytes(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> [UInt8] {
        let bytes = Array(try call.text(0).utf8)
        try evaluation.spend(bytes.count / 16)
        return bytes
    }

    private static func hex(_ digest: some Sequence<UInt8>) -> String {
        digest.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
    }
}

/// Base 32 as in RFC 4648, with padding.
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        var bits: UInt64 = 0
        var count: UInt64 = 0
        for byte in text.utf8 {
            bits = bits << 8 | UInt64(byte)
            count += 8
            while count >= 5 {
                count -= 5
                out.append(self.alphabet[Int(bits >> count & 31)])
            }
        }
        if count > 0 { out.append(self.alphabet[Int(bits << (5 - count) & 31)]) }
        while out.count % 8 != 0 { out.append(UInt8(ascii: "=")) }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil when the text is not in base 32. Bytes that are no UTF-8 become replacement characters.
    static func decoded(_ text: String) -> String? {
        let bytes = Array(text.utf8.filter { $0 != 0x0A && $0 != 0x0D })
        let padding = bytes.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard bytes.count % 8 == 0, [0, 1, 3, 4, 6].contains(padding) else { return nil }
        var out: [UInt8] = []
        var bits: UInt64 = 0
        var count: UInt64 = 0
        for byte in bytes.dropLast(padding) {
            guard let value = self.alphabet.firstIndex(of: byte) else { return nil }
            bits = bits << 5 | UInt64(value)
            count += 5
            guard count >= 8 else { continue }
            count -= 8
            out.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return String(decoding: out, as: UTF8.self)
    }
}
