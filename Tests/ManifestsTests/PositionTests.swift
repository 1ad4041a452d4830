import Diagnostics
import Manifests
import Testing
import WorkflowModel

@Suite struct PositionTests {
    private func source(_ text: String) throws -> SourceMap {
        try #require(read(text).documents.first).source
    }

    private func place(_ line: Int, _ column: Int) -> SourcePosition { SourcePosition(line: line, column: column) }

    @Test func `each field and item has its place`() throws {
        let source = try self.source(
            """
            apiVersion: v1
            kind: Sensor
            spec:
              list:
              - a
              -   b: 1
                  "c": [x,  y]
              text: |
                hello
              empty:
            """)
        #expect(source.key(FieldPath("kind")) == self.place(2, 1))
        #expect(source.value(FieldPath("kind")) == self.place(2, 7))
        #expect(source.key(FieldPath("spec.list")) == self.place(4, 3))
        #expect(source.value(FieldPath("spec.list")) == self.place(5, 3))
        #expect(source.key(FieldPath("spec.list[0]")) == self.place(5, 5))
        #expect(source.value(FieldPath("spec.list[1]")) == self.place(6, 7))
        #expect(source.key(FieldPath("spec.list[1].c")) == self.place(7, 7))
        #expect(source.value(FieldPath("spec.list[1].c[1]")) == self.place(7, 17))
        #expect(source.value(FieldPath("spec.text")) == self.place(8, 9))
        #expect(source.key(FieldPath("spec.empty")) == self.place(10, 3))
    }

    @Test func `what is not written is shown at the nearest thing that is`() throws {
        let source = try self.source("apiVersion: v1\nkind: Sensor\nspec:\n  list: [a]\n")
        #expect(source.key(FieldPath("spec.missing.deeper[3]")) == self.place(3, 1))
        #expect(source.value(FieldPath("spec.missing")) == self.place(3, 1))
        #expect(source.value(FieldPath("spec.list[1]")) == self.place(4, 3))
        #expect(source.value(FieldPath("spec.list[0].name")) == self.place(4, 10))
        #expect(source.key(FieldPath("status")) == self.place(1, 1))
        #expect(source.key(FieldPath()) == self.place(1, 1))
    }

    @Test func `names may hold dots and brackets`() throws {
        let source = try self.source("apiVersion: v1\nkind: Sensor\na.b/c: 1\na: {b/c: 2}\na.b/c.d: 3\n\"x[0]\": {y: 4}\n\"[0]\": 5\n")
        #expect(source.key(FieldPath("a.b/c")) == self.place(3, 1))
        #expect(source.key(FieldPath("a.b/c.d")) == self.place(5, 1))
        #expect(source.key(FieldPath("a")) == self.place(4, 1))
        #expect(source.value(FieldPath("x[0].y")) == self.place(6, 13))
        #expect(source.key(FieldPath("[0]")) == self.place(7, 1))
    }

    @Test func `columns count characters`() throws {
        let source = try self.source("apiVersion: v1\nkind: Sensor\nspec: {\"日本\": 1, \"e\u{301}e\u{301}\": 2, \"👩‍👩‍👧\": 3, last: 4}\n")
        #expect(source.value(FieldPath("spec.日本")) == self.place(3, 14))
        #expect(source.key(FieldPath("spec.e\u{301}e\u{301}")) == self.place(3, 17))
        #expect(source.key(FieldPath("spec.👩‍👩‍👧")) == self.place(3, 26))
        #expect(source.key(FieldPath("spec.last")) == self.place(3, 34))
    }

    @Test(arguments: ["\n", "\r\n", "\r", "\u{85}", "\u{2028}"])
    func `lines end in all the ways of YAML`(end: String) throws {
        let text = "apiVersion: v1\nkind: Sensor\nspec:\n  a: |\n    x\n    y\n  b: 1\n".replacing("\n", with: end)
        let file = read(text)
        let source = try #require(file.documents.first).source
        #expect(source.key(FieldPath("spec.b")) == self.place(7, 3))
        #expect(file.lines.map(String.init) == ["apiVersion: v1", "kind: Sensor", "spec:", "  a: |", "    x", "    y", "  b: 1"])
    }

    @Test func `a byte order mark takes no column`() throws {
        let source = try self.source("\u{FEFF}apiVersion: v1\nkind: Sensor\n")
        #expect(source.value(FieldPath("apiVersion")) == self.place(1, 13))
    }

    @Test func `aliased values keep the places of their anchor, the alias its own`() throws {
        let source = try self.source("apiVersion: v1\nkind: Sensor\nbase: &b {x: {y: 1}}\nspec: *b\nlist: [*b]\n")
        #expect(source.value(FieldPath("spec")) == self.place(4, 7))
        #expect(source.key(FieldPath("spec.x.y")) == self.place(3, 15))
        #expect(source.key(FieldPath("list[0].x.y")) == self.place(3, 15))
    }

    @Test func `merged fields keep the places where they are written`() throws {
        let file = read(
            """
            apiVersion: v1
            kind: Sensor
            base: &b {x: 1, y: 2}
            spec:
              <<: [*b, {y: 3, z: 4}]
              x: 5
            """)
        let document = try #require(file.documents.first)
        #expect(document.value["spec"] == ["x": 5, "y": 2, "z": 4])
        #expect(document.source.key(FieldPath("spec.x")) == self.place(6, 3))
        #expect(document.source.key(FieldPath("spec.y")) == self.place(3, 17))
        #expect(document.source.value(FieldPath("spec.z")) == self.place(5, 22))
    }

    @Test func `an anchor may be used again and renamed`() throws {
        let file = read("apiVersion: v1\nkind: Sensor\na: &x 1\nb: *x\nc: &x 2\nd: *x\n*x : e\n")
        let value = try #require(file.documents.first).value
        #expect(value["b"] == 1)
        #expect(value["d"] == 2)
        #expect(value["2"] == "e")
    }
}
