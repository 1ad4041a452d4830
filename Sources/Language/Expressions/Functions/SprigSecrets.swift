import Crypto
import CryptoExtras

/// The `sprig.` functions that hide texts behind passwords.
///
/// Where they need chance it comes from the run, as all chance does: the same run gives the same salt again.
enum SprigSecrets {
    static var functions: [ExprFunction] {
        [
            ExprFunction("bcrypt", 1...1) { .string(try self.bcrypt(try $1.text(0), &$0)) },
            ExprFunction("htpasswd", 2...2) { evaluation, call in
                let user = try call.text(0)
                if user.contains(":") { throw ExpressionError("the user name '\(user)' may not hold a colon") }
                return .string(user + ":" + (try self.bcrypt(try call.text(1), &evaluation)))
            },
            ExprFunction("derivePassword", 5...5, self.derivePassword),
            ExprFunction("encryptAES", 2...2) { evaluation, call in
                let plain = Array(try call.text(1).utf8)
                try evaluation.spend(plain.count / 16)
                let start = (0..<16).map { _ in UInt8(truncatingIfNeeded: evaluation.nextRandom()) }
                let hidden = try self.crypt {
                    try AES._CBC.encrypt(plain, using: self.key(try call.text(0)), iv: AES._CBC.IV(ivBytes: start))
                }
                return try evaluation.made(Base64.encoded(bytes: start + hidden))
            },
            ExprFunction("decryptAES", 2...2, self.decryptAES),
        ]
    }

    /// Steps that one hash of a password costs, which takes a tenth of a second or so: an expression can pay for three.
    private static let costOfHash = 300_000

    private static func bcrypt(_ password: String, _ evaluation: inout Evaluation) throws(ExpressionError) -> String {
        let bytes = Array(password.utf8)
        guard bytes.count <= Bcrypt.longestPassword else {
            throw ExpressionError("bcrypt takes passwords of at most \(Bcrypt.longestPassword) bytes, this has \(bytes.count)")
        }
        try evaluation.spend(self.costOfHash)
        let salt = (0..<16).map { _ in UInt8(truncatingIfNeeded: evaluation.nextRandom()) }
        return Bcrypt.hash(bytes, salt: salt, cost: 10)
    }

    // MARK: AES

    /// The password itself, filled up with zeros or cut to 32 bytes, as the library does it.
    private static func key(_ password: String) -> SymmetricKey {
        let bytes = Array(password.utf8.prefix(32))
        return SymmetricKey(data: bytes + [UInt8](repeating: 0, count: 32 - bytes.count))
    }

    private static func decryptAES(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let text = try call.text(1)
        if text.isEmpty { return .string("") }
        try evaluation.spend(text.utf8.count / 16)
        guard let bytes = Base64.decodedBytes(text), bytes.count >= 32, bytes.count % 16 == 0 else {
            throw ExpressionError("'decryptAES' needs what 'encryptAES' made: whole blocks of 16 bytes in base 64")
        }
        let key = self.key(try call.text(0))
        let plain = try self.crypt {
            try AES._CBC.decrypt(Array(bytes.dropFirst(16)), using: key, iv: AES._CBC.IV(ivBytes: Array(bytes.prefix(16))))
        }
        return try evaluation.made(String(decoding: plain, as: UTF8.self))
    }

    private static func crypt(_ body: () throws -> some Sequence<UInt8>) throws(ExpressionError) -> [UInt8] {
        do { return Array(try body()) } catch let error as ExpressionError { throw error } catch {
            throw ExpressionError("the text cannot be decrypted with this password")
        }
    }

    // MARK: Passwords of sites

    /// The shapes of passwords, a letter for a class of characters. The scheme is that of the Master Password app, version 3.
    private static let shapes: [String: [String]] = [
        "maximum": ["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long": [
            "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno", "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv",
            "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno",
        ],
        "medium": ["CvcnoCvc", "CvcCvcno"], "short": ["Cvcn"], "basic": ["aaanaaan", "aannaaan", "aaannaaa"], "pin": ["nnnn"],
    ]

    private static let classes: [Character: [Character]] = [
        "V": "AEIOU", "C": "BCDFGHJKLMNPQRSTVWXYZ", "v": "aeiou", "c": "bcdfghjklmnpqrstvwxyz", "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz", "n": "0123456789", "o": "@&%?,=[]_:-+*$#!'^~;()/.",
        "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    ].mapValues { Array($0) }

    /// `derivePassword(counter, shape, password, user, site)`.
    private static func derivePassword(_ evaluation: inout Evaluation, _ call: FunctionCall) throws(ExpressionError) -> ExprValue {
        let counter = try call.whole(0)
        guard let counter = UInt32(exactly: counter) else {
            throw ExpressionError("the counter \(counter) is not between 0 and 4294967295")
        }
        let shape = try call.text(1)
        guard let shapes = self.shapes[shape] else {
            throw ExpressionError("there is no password type '\(shape)': \(self.shapes.keys.sorted().joined(separator: ", "))")
        }
        try evaluation.spend(self.costOfHash)
        let scope = Array("com.lyndir.masterpassword".utf8)
        let (password, user, site) = (Array(try call.text(2).utf8), Array(try call.text(3).utf8), Array(try call.text(4).utf8))
        let salt = scope + self.bytes(UInt32(user.count)) + user
        let key = try self.scrypt(password, salt: salt)
        let seed = Array(
            HMAC<SHA256>.authenticationCode(for: scope + self.bytes(UInt32(site.count)) + site + self.bytes(counter), using: key))
        let template = shapes[Int(seed[0]) % shapes.count]
        return .string(
            String(
                template.enumerated().map { at, letter in
                    let choice = self.classes[letter]!
                    return choice[Int(seed[at + 1]) % choice.count]
                }))
    }

    private static func scrypt(_ password: [UInt8], salt: [UInt8]) throws(ExpressionError) -> SymmetricKey {
        do {
            return try KDF.Scrypt.deriveKey(
                from: password, salt: salt, outputByteCount: 64, rounds: 32_768, blockSize: 8, parallelism: 2, maxMemory: 128 << 20)
        } catch {
            throw ExpressionError("the password cannot be derived: \(error)")
        }
    }

    private static func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
}
