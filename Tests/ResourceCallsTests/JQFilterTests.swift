import Testing
import WorkflowModel

@testable import ResourceCalls

@Suite struct JQFilterTests {
    @Test(arguments: [
        (".a", "text"), (".b", "[1,{\"c\":null}]"), (".b[0], .a", "1\ntext"), ("empty", ""), (".a | ascii_upcase", "TEXT"),
        (".b | length", "2"), ("\"  x \\n\"", "x"), (".b[1].c", "null"), (".a | test(\"^t\")", "true"), ("\"ä\\(.b[0])\"", "ä1"),
    ]) func `results are lines, strings as they are`(filter: String, text: String) throws {
        #expect(try JQFilter.apply(filter, to: #"{"a":"text","b":[1,{"c":null}]}"#) == text)
    }

    @Test(arguments: [".a[", "nosuch(.)", ".a.b", "error(\"no\")", "{", "error({a: 1})"]) func `a filter that fails says why`(
        filter: String
    ) {
        do {
            _ = try JQFilter.apply(filter, to: #"{"a":"text"}"#)
            Issue.record("it did not fail")
        } catch {
            #expect(error.description.hasPrefix("jq filter '\(filter)' fails: "))
            #expect(error.description.count > "jq filter '\(filter)' fails: ".count)
        }
    }

    @Test func `results without end are cut short`() {
        #expect(throws: ResourceFault("jq filter 'repeat(\"x\" * 100)' fails: its results are too large")) {
            try JQFilter.apply("repeat(\"x\" * 100)", to: "null")
        }
    }
}
