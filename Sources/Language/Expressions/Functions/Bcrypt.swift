/// Password hashes as bcrypt makes them, version 2a.
enum Bcrypt {
    /// Longer passwords are refused, as in Go: bcrypt would not look at the rest.
    static let longestPassword = 72
    private static let magic: [UInt32] = Array("OrpheanBeholderScryDoubt".utf8).words
    private static let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// - Parameters:
    ///   - password: at most `longestPassword` bytes.
    ///   - salt: 16 bytes.
    ///   - cost: 4...31; the work is two to its power.
    static func hash(_ password: [UInt8], salt: [UInt8], cost: Int) -> String {
        precondition(password.count <= self.longestPassword && salt.count == 16 && (4...31).contains(cost))
        var blowfish = Blowfish()
        let key = Blowfish.cycle(password + [0])
        let salted = Blowfish.cycle(salt)
        blowfish.expand(key: key, salt: salted)
        for _ in 0..<(1 << cost) {
            blowfish.expand(key: key, salt: Blowfish.noSalt)
            blowfish.expand(key: salted, salt: Blowfish.noSalt)
        }
        var words = self.magic
        for at in stride(from: 0, to: words.count, by: 2) {
            for _ in 0..<64 { (words[at], words[at + 1]) = blowfish.encrypted(words[at], words[at + 1]) }
        }
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
        // The last byte has never been part of a hash.
        return "$2a$\(cost < 10 ? "0" : "")\(cost)$" + self.text(salt) + self.text(bytes.dropLast())
    }

    /// Base 64 with an alphabet of its own and no padding.
    private static func text(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                out.append(self.alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { out.append(self.alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The block cipher under bcrypt, with its costly key schedule.
struct Blowfish {
    private static let rounds = 16
    private static let subkeys = Blowfish.rounds + 2
    /// A salt that changes nothing.
    static let noSalt = [UInt32](repeating: 0, count: Blowfish.subkeys)

    /// The subkeys, then four tables of 256 words; at first the fraction of pi.
    private var words: [UInt32] = PiFraction.words

    /// As many words as there are subkeys, from the bytes over and over. Salts of 16 bytes repeat after four words.
    static func cycle(_ bytes: [UInt8]) -> [UInt32] {
        (0..<self.subkeys).map { word in (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[(word * 4 + $1) % bytes.count]) } }
    }

    mutating func expand(key: [UInt32], salt: [UInt32]) {
        self.words.withUnsafeMutableBufferPointer { words in
            for at in 0..<Self.subkeys { words[at] ^= key[at] }
            var (left, right): (UInt32, UInt32) = (0, 0)
            var at = 0
            while at < words.count {
                left ^= salt[at & 3]
                right ^= salt[(at + 1) & 3]
                Self.encrypt(&left, &right, words.baseAddress!)
                words[at] = left
                words[at + 1] = right
                at += 2
            }
        }
    }

    func encrypted(_ left: UInt32, _ right: UInt32) -> (UInt32, UInt32) {
        var pair = (left, right)
        self.words.withUnsafeBufferPointer { Self.encrypt(&pair.0, &pair.1, $0.baseAddress!) }
        return pair
    }

    private static func encrypt(_ left: inout UInt32, _ right: inout UInt32, _ words: UnsafePointer<UInt32>) {
        var (one, other) = (left, right)
        var round = 0
        while round < self.rounds {
            one ^= words[round]
            let mixed = words[18 &+ Int(one >> 24)] &+ words[274 &+ Int(one >> 16 & 255)]
            other ^= (mixed ^ words[530 &+ Int(one >> 8 & 255)]) &+ words[786 &+ Int(one & 255)]
            (one, other) = (other, one)
            round &+= 1
        }
        left = other ^ words[self.rounds + 1]
        right = one ^ words[self.rounds]
    }
}

/// The first bits of pi behind the point, which Blowfish takes for numbers with nothing up their sleeve.
private enum PiFraction {
    /// 18 subkeys and four tables of 256 words.
    private static let count = 18 + 4 * 256

    /// By Machin's formula, pi = 16 arctan(1/5) - 4 arctan(1/239), with a few words more than are wanted for what rounding costs.
    static let words: [UInt32] = {
        var sum = [UInt32](repeating: 0, count: Self.count + 4)
        Self.addArctangent(of: 5, times: 16, to: &sum)
        Self.addArctangent(of: 239, times: 4, isNegative: true, to: &sum)
        return Array(sum[1...Self.count])
    }()

    /// Adds the series of arctan(1/x): the first word is the whole part.
    private static func addArctangent(of x: UInt64, times factor: UInt32, isNegative: Bool = false, to sum: inout [UInt32]) {
        var power = [UInt32](repeating: 0, count: sum.count)
        power[0] = factor
        _ = self.divide(&power, by: x, from: 0)
        var term = power
        var (odd, start, subtracts): (UInt64, Int, Bool) = (1, 0, isNegative)
        while start < power.count {
            term = power
            _ = self.divide(&term, by: odd, from: start)
            self.add(term, from: start, subtracts: subtracts, to: &sum)
            start = self.divide(&power, by: x * x, from: start)
            odd += 2
            subtracts.toggle()
        }
    }

    /// - Returns: the first word that is not zero any more.
    private static func divide(_ words: inout [UInt32], by divisor: UInt64, from start: Int) -> Int {
        words.withUnsafeMutableBufferPointer { words in
            let (count, words) = (words.count, words.baseAddress!)
            var rest: UInt64 = 0
            var first = count
            var at = start
            // No iterator, because without optimization its calls would cost ten times what the division does.
            while at < count {
                let dividend = rest << 32 | UInt64(words[at])
                let quotient = dividend / divisor
                words[at] = UInt32(truncatingIfNeeded: quotient)
                rest = dividend &- quotient &* divisor
                if quotient != 0, first == count { first = at }
                at &+= 1
            }
            return first
        }
    }

    private static func add(_ term: [UInt32], from start: Int, subtracts: Bool, to sum: inout [UInt32]) {
        let end = sum.count
        sum.withUnsafeMutableBufferPointer { sum in
            term.withUnsafeBufferPointer { term in
                let (sum, term) = (sum.baseAddress!, term.baseAddress!)
                var carry: UInt64 = 0
                var at = end
                while at > 0, at > start || carry != 0 {
                    at &-= 1
                    let amount = (at < start ? 0 : UInt64(term[at])) &+ carry
                    let result = subtracts ? UInt64(sum[at]) &- amount : UInt64(sum[at]) &+ amount
                    sum[at] = UInt32(truncatingIfNeeded: result)
                    carry = result >> 32 == 0 ? 0 : 1
                }
            }
        }
    }
}

extension [UInt8] {
    /// Four bytes a word, the first the highest.
    fileprivate var words: [UInt32] {
        stride(from: 0, to: self.count, by: 4).map { at in self[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    }
}
