import Expressions
import Testing

/// The items of a `withSequence`.
struct SequenceItemsTests {
    @Test(arguments: [
        ("%d", "5"), ("%05d", "00005"), ("%5d|", "    5|"), ("%-5d|", "5    |"), ("%+d", "+5"), ("% d", " 5"), ("%x", "5"), ("%#x", "0x5"),
        ("%#o", "05"), ("%O", "0o5"), ("%b", "101"), ("%08b", "00000101"), ("%.3d", "005"), ("%6.3d", "   005"), ("%v", "5"), ("%s", "5"),
        ("100%%-%d", "100%-5"), ("a%db", "a5b"), ("%[1]d-%03[1]x", "5-005"), ("%U", "U+0005"), ("é%d", "é5"),
    ])
    func `one number is formatted as Go formats it`(format: String, expected: String) throws {
        #expect(try SequenceItems.expand(start: "5", end: "5", count: nil, format: format) == [expected])
    }

    @Test func `numbers below zero, letters and quotes are formatted too`() throws {
        #expect(try SequenceItems.expand(start: "-12", end: "-12", count: nil, format: "%05d") == ["-0012"])
        #expect(try SequenceItems.expand(start: "-255", end: "-255", count: nil, format: "%#X") == ["-0XFF"])
        #expect(try SequenceItems.expand(start: "97", end: "99", count: nil, format: "%c%[1]q") == ["a'a'", "b'b'", "c'c'"])
        #expect(try SequenceItems.expand(start: "2", end: "-1", count: nil, format: "") == ["2", "1", "0", "-1"])
        #expect(try SequenceItems.expand(start: "9223372036854775806", end: "9223372036854775807", count: nil, format: nil).count == 2)
    }

    @Test(
        arguments: [
            (nil, nil, nil, nil, "a sequence needs 'end' or 'count'", 0),
            (nil, "1", "1", nil, "a sequence takes 'end' or 'count', not both", 0),
            (nil, nil, "-1", nil, "'count' of a sequence must not be negative, this is -1", 0),
            ("x", "1", nil, nil, "'start' of a sequence must be a whole number, this is 'x'", 0),
            (nil, nil, "1.5", nil, "'count' of a sequence must be a whole number, this is '1.5'", 0),
            (nil, nil, "1000001", nil, "the sequence has more than 1000000 items", 0),
            ("-9223372036854775808", "9223372036854775807", nil, nil, "the sequence has more than 1000000 items", 0),
            ("9223372036854775807", nil, "2", nil, "the sequence has more than 1000000 items", 0),
            (nil, "1", nil, "abc", "the format 'abc' has no place for the number, such as '%d'", 0),
            (nil, "1", nil, "a%d-%d", "the format takes more than one number, there is only one", 4),
            (nil, "1", nil, "%f", "'%f' does not format a whole number", 0), (nil, "1", nil, "ab%", "the format ends inside of a verb", 2),
            (nil, "1", nil, "%99999d", "the format is wider than 1000 characters", 1),
            (nil, "999999", nil, "%1000d", "the sequence makes texts of more than 67108864 bytes", 0),
        ] as [(String?, String?, String?, String?, String, Int)])
    func `what is no sequence says why`(start: String?, end: String?, count: String?, format: String?, message: String, offset: Int) {
        #expect(throws: ExpressionError(message: message, offset: offset)) {
            try SequenceItems.expand(start: start, end: end, count: count, format: format)
        }
    }

    @Test func `a million items are fine`() throws {
        #expect(try SequenceItems.expand(start: nil, end: nil, count: "1000000", format: nil).last == "999999")
    }
}
