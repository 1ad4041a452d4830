import Diagnostics
import Operations
import Testing
import WireFormat
import WorkflowModel

@Suite struct WireFormatTests {
    // MARK: Errors

    @Test func `a refusal is written as Argo's server writes it, and read back`() throws {
        let refusal = OperationError(.alreadyExists, "an unfinished run is called 'a' already", hint: "choose another name")
        let wire = WireError(refusal)
        #expect(wire.status == 409)
        #expect(
            wire.body.json
                == #"{"code":6,"message":"an unfinished run is called 'a' already","error":"an unfinished run is called 'a' already","details":[{"@type":"skiff/refusal","code":"alreadyExists","hint":"choose another name"}],"hint":"choose another name"}"#
        )
        #expect(WireError(status: 409, body: wire.body).thrown as? OperationError == refusal)
        #expect(WireError(status: 200, body: wire.streamMessage).message == refusal.message)
    }

    @Test func `every fault of a manifest is told with its place`() throws {
        let fault = Diagnostic(
            DiagnosticCode("unknown-field"), file: "workflow", path: FieldPath("spec.x"), position: SourcePosition(line: 1, column: 4),
            message: "there is no field 'x'", hint: "did you mean 'y'?")
        let warning = Diagnostic(DiagnosticCode("unused"), .warning, file: "workflow", message: "nobody uses it")
        let wire = WireError(ManifestFault(diagnostics: [fault, warning], excerpts: [:]))
        #expect(wire.status == 400)
        #expect(wire.message == "spec.x: there is no field 'x'")
        let thrown = try #require(WireError(status: 400, body: wire.body).thrown as? ManifestFault)
        #expect(thrown.diagnostics == [fault, warning])
    }

    @Test func `an error that nobody foresaw says nothing of the inside`() {
        struct Inside: Error { var secret = "hunter2" }
        #expect(!WireError(Inside()).body.json.contains("hunter2"))
        #expect(WireError(Inside()).status == 500)
    }

    @Test(arguments: [
        (OperationError.Code.notFound, 404, 5), (.alreadyExists, 409, 6), (.invalid, 400, 3), (.conflict, 409, 10),
        (.unavailable, 503, 14), (.storageFull, 507, 8), (.unauthorized, 401, 16), (.expired, 410, 11), (.internalFault, 500, 13),
    ]) func `each refusal has its status`(code: OperationError.Code, status: Int, number: Int) {
        let wire = WireError(OperationError(code, "no"))
        #expect(wire.status == status)
        #expect(wire.code.rawValue == number)
    }

    // MARK: Fields

    @Test(arguments: [
        ("", #"{"a":{"b":1,"c":[{"d":2,"e":3}]},"f":4}"#), ("f", #"{"f":4}"#), ("a.b", #"{"a":{"b":1}}"#),
        ("a.c.d,f", #"{"a":{"c":[{"d":2}]},"f":4}"#), ("a,a.b", #"{"a":{"b":1,"c":[{"d":2,"e":3}]}}"#), ("x.y", "{}"),
        ("-a", #"{"f":4}"#), ("-a.c.d,f", #"{"a":{"b":1,"c":[{"e":3}]}}"#), ("-x", #"{"a":{"b":1,"c":[{"d":2,"e":3}]},"f":4}"#),
    ]) func `fields keep what they name, or all but that`(fields: String, kept: String) throws {
        let whole = try JSONValue(json: #"{"a":{"b":1,"c":[{"d":2,"e":3}]},"f":4}"#)
        #expect(FieldsFilter(fields).applied(to: whole).json == kept)
    }

    @Test(arguments: [
        ("items.metadata.name,items.status.phase", true), ("metadata", true), ("items.metadata,items.spec.arguments.parameters", true),
        ("items.status", false), ("items", false), ("", false), ("-items.status.nodes", false), ("items.status.nodes", false),
    ]) func `a list that wants no more than rows have reads no more`(fields: String, isSummary: Bool) {
        #expect((RunDetail(FieldsFilter(fields), prefix: "items.") == .summary) == isSummary)
    }

    // MARK: Streams

    @Test func `messages are framed as events or as lines`() {
        let message: JSONValue = ["result": ["a": 1]]
        #expect(StreamFraming(accept: "text/event-stream").frame(message) == "data: {\"result\":{\"a\":1}}\n\n")
        #expect(StreamFraming(accept: "text/event-stream").keepAlive == ":\n\n")
        #expect(StreamFraming(accept: nil).frame(message) == "{\"result\":{\"a\":1}}\n")
        #expect(StreamFraming(accept: "*/*").keepAlive == nil)
    }

    @Test func `a line of a log is read back with its time`() {
        let line = PodLogLine(podName: "p", nanoseconds: 1_700_000_000_000_000_120, text: "a b")
        let message = LogEntry.message(line, timestamps: true)
        #expect(message["content"]?.string == "2023-11-14T22:13:20.00000012Z a b")
        #expect(LogEntry.line(message) == line)
        #expect(LogEntry.message(line, timestamps: false)["content"]?.string == "a b")
    }

    @Test func `a change is written as Kubernetes tells it`() {
        let change = RunChange(.modified, ["kind": "Workflow"])
        #expect(WatchEvent.message(change).json == #"{"type":"MODIFIED","object":{"kind":"Workflow"}}"#)
        #expect(WatchEvent.change(WatchEvent.message(change)) == change)
    }

    // MARK: Lists and queries

    @Test func `a page is written as a list and read back`() {
        let page = RunPage(items: [["kind": "Workflow"]], resourceVersion: "9", next: "n", remaining: 4)
        #expect(
            ListDocument.runs(page).json
                == #"{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowList","metadata":{"resourceVersion":"9","continue":"n","remainingItemCount":4},"items":[{"kind":"Workflow"}]}"#
        )
        #expect(ListDocument.page(ListDocument.runs(page)) == page)
    }

    @Test func `a query is decoded, and what is none refused`() throws {
        let query = try QueryString("a=1%202&b=x+y&a=3&c")
        #expect(query["a"] == "3" && query["b"] == "x y" && query["c"] == nil)
        #expect(try QueryString(query.text) == query)
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%00"] { #expect(throws: WireError.self) { try QueryString(wrong) } }
    }
}
