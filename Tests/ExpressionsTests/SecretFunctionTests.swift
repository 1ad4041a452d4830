import Testing
import WorkflowModel

@testable import Expressions

/// The `sprig.` functions that hide texts behind passwords: what others make can be read, and what is made others can read.
struct SecretFunctionTests {
    private static let counting = [113, 215, 159, 130, 24, 163, 146, 89, 167, 162, 154, 171, 178, 219, 175, 195].map { UInt8($0) }

    /// The hashes are the C library's.
    @Test(arguments: [
        ("secret", Self.counting, 4, "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
        ("", [UInt8](repeating: 0, count: 16), 5, "$2a$05$......................J2ihDv8vVf7QZ9BsaRrKyqs2tkn55Yq"),
        (
            "pässwörd", [215, 76, 242, 199, 11, 238, 182, 202, 234, 166, 137, 230, 150, 72, 226, 134], 4,
            "$2a$04$zyxwvutsrqponmlkjihgfem7wWFCcNWG2/TQ8BaVVwXB7mvtF/VsW"
        ),
        (String(repeating: "x", count: 72), Self.counting, 4, "$2a$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"),
    ])
    func `a bcrypt hash is what every library makes`(password: String, salt: [UInt8], cost: Int, expected: String) {
        #expect(Bcrypt.hash(Array(password.utf8), salt: salt, cost: cost) == expected)
    }

    @Test(arguments: [
        ("1, 'long', 'password', 'user', 'example.com'", "ZedaFaxcZaso9*"),
        ("2, 'long', 'password', 'user', 'example.com'", "Fovi2@JifpTupx"),
        ("1, 'maximum', 'password', 'user', 'example.com'", "pf4zS1LjCg&LjhsZ7T2~"),
        ("1, 'medium', 'password', 'user', 'example.com'", "ZedJuz8$"), ("1, 'basic', 'password', 'user', 'example.com'", "pIS54PLs"),
        ("1, 'short', 'password', 'user', 'example.com'", "Zed5"), ("1, 'pin', 'password', 'user', 'example.com'", "6685"),
    ])
    func `the password of a site is derived as by the library`(arguments: String, expected: String) throws {
        #expect(try evaluated("sprig.derivePassword(\(arguments)) == \"\(expected)\"") == "true")
    }

    @Test func `a text that openssl encrypted is decrypted`() throws {
        let hidden = "AAECAwQFBgcICQoLDA0OD3gZQGwoXa8H20XF9a9NBc0="
        #expect(try evaluated("sprig.decryptAES('secretkey', '\(hidden)')") == #""plain text, är""#)
    }

    @Test func `what is encrypted can be decrypted, with its own password only`() throws {
        let text = "sprig.encryptAES('one', sprig.repeat(50, 'text '))"
        #expect(try evaluated("sprig.decryptAES('one', \(text)) == sprig.repeat(50, 'text ')") == "true")
        #expect(failure(of: "sprig.decryptAES('other', \(text))")?.message == "the text cannot be decrypted with this password")
    }

    @Test func `chance comes from the seed`() throws {
        func hashes(_ seed: UInt64) throws -> ExprValue {
            let clock = EvaluationClock(now: testClock.now, seed: seed)
            return try Expression("[sprig.htpasswd('u', 'p'), sprig.encryptAES('p', 't')]").evaluate(in: [:], clock: clock)
        }
        #expect(try hashes(1) == hashes(1))
        #expect(try hashes(1) != hashes(2))
    }

    @Test(arguments: [
        ("htpasswd('a:b', 'p')", "the user name 'a:b' may not hold a colon"),
        ("bcrypt(repeat('x', 73))", "bcrypt takes passwords of at most 72 bytes, this has 73"),
        ("derivePassword(1, 'huge', 'p', 'u', 's')", "there is no password type 'huge': basic, long, maximum, medium, pin, short"),
        ("derivePassword(-1, 'pin', 'p', 'u', 's')", "the counter -1 is not between 0 and 4294967295"),
        ("decryptAES('k', 'AAAA')", "'decryptAES' needs what 'encryptAES' made: whole blocks of 16 bytes in base 64"),
        ("map(1..9, sprig.bcrypt('p'))", "the expression takes more than 1000000 steps"),
    ])
    func `what cannot be hidden says why`(text: String, reason: String) {
        let text = text.hasPrefix("map") ? text : "sprig." + text
        #expect(failure(of: text)?.message == reason)
    }
}
