import Expressions
import Testing
import WorkflowModel

/// The `sprig.` functions give what the Masterminds library gives: calls with the values that the library itself gave for them.
struct SprigReferenceTests {
    static let rows = goldenRows("sprig-values.tsv").map { (call: $0[0], value: $0[1]) }

    @Test func `there are enough rows`() {
        #expect(Self.rows.count > 400)
    }

    @Test func `each call has the value of the library`() throws {
        for (call, expected) in Self.rows { #expect(try evaluated(call) == value(json: expected).json.json, "\(call)") }
    }
}
