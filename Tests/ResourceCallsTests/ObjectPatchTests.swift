import Testing
import WorkflowModel

@testable import ResourceCalls

@Suite struct ObjectPatchTests {
    private static func patched(_ patch: String, _ object: String, _ strategy: String) throws -> String {
        try ObjectPatch.apply(try JSONValue(json: patch), to: try JSONValue(json: object), strategy: strategy).json
    }

    @Test(arguments: [
        (#"{"a":{"b":1}}"#, #"{"a":{"c":2}}"#, #"{"a":{"c":2,"b":1}}"#), (#"{"a":null}"#, #"{"a":1,"b":2}"#, #"{"b":2}"#),
        (#"{"a":[1]}"#, #"{"a":[2,3]}"#, #"{"a":[1]}"#), (#"{"a":{"b":null,"c":1}}"#, #"{"a":5}"#, #"{"a":{"c":1}}"#),
    ]) func `a merge patch follows RFC 7386`(patch: String, object: String, result: String) throws {
        #expect(try Self.patched(patch, object, "merge") == result)
    }

    @Test(arguments: [
        (
            #"{"env":[{"name":"b","value":"2"}]}"#, #"{"env":[{"name":"a","value":"1"}]}"#,
            #"{"env":[{"name":"a","value":"1"},{"name":"b","value":"2"}]}"#
        ),
        (
            #"{"env":[{"name":"a","value":"3"}]}"#, #"{"env":[{"name":"a","value":"1","x":0}]}"#,
            #"{"env":[{"name":"a","value":"3","x":0}]}"#
        ),
        (#"{"env":[{"name":"a","$patch":"delete"}]}"#, #"{"env":[{"name":"a"},{"name":"b"}]}"#, #"{"env":[{"name":"b"}]}"#),
        (#"{"args":["x"]}"#, #"{"args":["y","z"]}"#, #"{"args":["x"]}"#),
        (#"{"a":{"$patch":"replace","c":1}}"#, #"{"a":{"b":2}}"#, #"{"a":{"c":1}}"#),
        (#"{"a":null}"#, #"{"a":1,"b":2}"#, #"{"b":2}"#),
    ]) func `a strategic patch merges lists of named things`(patch: String, object: String, result: String) throws {
        #expect(try Self.patched(patch, object, "strategic") == result)
    }

    @Test(arguments: [
        (#"[{"op":"add","path":"/a/b","value":1}]"#, #"{"a":{}}"#, #"{"a":{"b":1}}"#),
        (#"[{"op":"add","path":"/a/1","value":9}]"#, #"{"a":[1,2]}"#, #"{"a":[1,9,2]}"#),
        (#"[{"op":"add","path":"/a/-","value":9}]"#, #"{"a":[1,2]}"#, #"{"a":[1,2,9]}"#),
        (#"[{"op":"remove","path":"/a/0"},{"op":"remove","path":"/b"}]"#, #"{"a":[1,2],"b":0}"#, #"{"a":[2]}"#),
        (#"[{"op":"replace","path":"/x~1y~0","value":2}]"#, #"{"x/y~":1}"#, #"{"x/y~":2}"#),
        (#"[{"op":"move","from":"/a","path":"/b"}]"#, #"{"a":1}"#, #"{"b":1}"#),
        (#"[{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/b","value":1}]"#, #"{"a":1}"#, #"{"a":1,"b":1}"#),
    ]) func `a JSON patch follows RFC 6902`(patch: String, object: String, result: String) throws {
        #expect(try Self.patched(patch, object, "json") == result)
    }

    @Test(arguments: [
        (#"[{"op":"remove","path":"/x"}]"#, "operation 1 of the patch: there is no 'x'"),
        (#"[{"op":"test","path":"/a","value":2}]"#, "operation 1 of the patch: the test fails"),
        (#"[{"op":"replace","path":"/x","value":2}]"#, "operation 1 of the patch: there is no 'x'"),
        (#"[{"op":"add","path":"/l/5","value":2}]"#, "operation 1 of the patch: '5' is no place in a list of 1"),
        (#"[{"op":"add","path":"a","value":2}]"#, "operation 1 of the patch: 'path' is 'a', and begins with no '/'"),
        (#"[{"op":"fly","path":"/a"}]"#, "operation 1 of the patch: 'fly' is none of add, remove, replace, move, copy and test"),
        (#"{"a":1}"#, "a JSON patch is a list of operations"),
    ]) func `a JSON patch that fails says where`(patch: String, message: String) {
        #expect(throws: ResourceFault(message)) { try Self.patched(patch, #"{"a":1,"l":[0]}"#, "json") }
    }
}
