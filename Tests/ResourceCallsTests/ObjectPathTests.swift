import Testing
import WorkflowModel

@testable import ResourceCalls

@Suite struct ObjectPathTests {
    private static let object: JSONValue = [
        "kind": "List",
        "metadata": ["name": "all", "labels": ["example.com/team": "data"]],
        "count": 3, "ok": true,
        "items": [
            ["name": "a", "size": 1, "ports": [80, 443]], ["name": "b", "size": 5, "ports": [22]], ["name": "c", "size": 9, "up": true],
        ],
    ]

    @Test(arguments: [
        ("{.metadata.name}", "all"),
        ("{metadata.name}", "all"),
        ("{$.metadata.name}", "all"),
        ("{@.kind}/{.metadata.name}", "List/all"),
        ("{.metadata.labels.example\\.com/team}", "data"),
        ("{.metadata.labels['example.com/team']}", "data"),
        ("{.count} {.ok}", "3 true"),
        ("{.items[0].name}", "a"),
        ("{.items[-1].name}", "c"),
        ("{.items[0:2].name}", "a b"),
        ("{.items[::2].name}", "a c"),
        ("{.items[0,2].name}", "a c"),
        ("{.items[*].size}", "1 5 9"),
        ("{.items[*]['name','size']}", "a 1 b 5 c 9"),
        ("{.items[1]}", "{\"name\":\"b\",\"size\":5,\"ports\":[22]}"),
        ("{..ports}", "[80,443] [22]"),
        ("{.items[?(@.size>1)].name}", "b c"),
        ("{.items[?(@.name=='b')].size}", "5"),
        ("{.items[?(@.name!=\"b\")].size}", "1 9"),
        ("{.items[?(@.up==true)].name}", "c"),
        ("{.items[?(@.up)].name}", "c"),
        ("{range .items[*]}{.name}={.size}{\"\\n\"}{end}", "a=1\nb=5\nc=9\n"),
        ("{range .items[*]}[{range .ports[*]}{@} {end}]{end}", "[80 443 ][22 ][]"),
        ("{.nothing.here}", ""),
        ("plain text", "plain text"),
    ]) func `a path prints what kubectl prints`(path: String, text: String) throws {
        #expect(try ObjectPath(path).text(of: Self.object) == text)
    }

    @Test func `an index outside its list is an error`() throws {
        #expect(throws: ResourceFault("array index out of bounds: index 3, length 3")) {
            try ObjectPath("{.items[3].name}").text(of: Self.object)
        }
    }

    @Test(arguments: [
        "{.a", "{.a[}", "{.a[0}", "{.a[x]}", "{range .a}", "{end}", "{.a[?(@.b}", "{'a}", "{.a[::0]}", "{.a[?(@.b==)]}", "{]}",
    ]) func `what is no path is told`(path: String) {
        #expect(throws: ResourceFault.self) { try ObjectPath(path) }
    }
}
