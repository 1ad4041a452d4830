import Expressions
import Testing
import WorkflowModel

/// What Argo's own unit tests of its template package show, row by row.
struct ReferenceRowTests {
    enum Expected: Sendable {
        case equals(String)
        case unchanged
        /// The whole message.
        case fails(String)
        /// A part of the message.
        case failsWith(String)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        var scope: [String: String]
        var mode: RenderMode
        var expected: Expected

        init(_ text: String, _ scope: [String: String], _ mode: RenderMode, _ expected: Expected) {
            self.text = text
            self.scope = scope
            self.mode = mode
            self.expected = expected
        }

        var testDescription: String { "\(self.text) with \(self.scope), \(self.mode)" }
    }

    static let rows: [Row] = [
        Row("{{", [:], .strict, .failsWith("")),
        Row("{{foo}}", ["foo": "bar"], .strict, .equals("bar")),
        Row("{{foo}}", [:], .lenient, .unchanged),
        Row("{{foo}}", [:], .strict, .fails("failed to resolve {{foo}}")),
        Row("{{=foo}}", ["foo": "bar"], .strict, .equals("bar")),
        Row("{{=sprig.dig('status', nil, workflow)}}", ["workflow.status": "Succeeded"], .strict, .equals("Succeeded")),
        Row(
            #"{{=workflow.status == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, ["workflow.status": "Succeeded"], .strict,
            .equals("SUCCESSFUL")),
        Row(#"{{=workflow.status == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, ["workflow.status": "Failed"], .strict, .equals("FAILED")),
        Row(
            #"{{=workflow.failures == "{\"foo\":\"bar\"}" ? "SUCCESSFUL" : "FAILED"}}"#, ["workflow.failures": #"{"foo":"bar"}"#], .strict,
            .equals("SUCCESSFUL")),
        Row(
            #"{{=workflow.failures == "{\"foo\":\"bar\"}" ? "SUCCESSFUL" : "FAILED"}}"#, ["workflow.failures": #"{"foo":"barr"}"#], .strict,
            .equals("FAILED")),
        Row("{{=foo}}", [:], .lenient, .unchanged),
        Row("{{=sprig.int(retries)}}", [:], .lenient, .equals("{{=sprig.int(retries)}}")),
        Row(
            #"{{=workflow.status == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, [:], .lenient,
            .equals(#"{{=workflow.status == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#)),
        Row(
            #"{{=workflow.failures == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, [:], .lenient,
            .equals(#"{{=workflow.failures == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#)),
        Row("{{=foo}}", [:], .strict, .fails("failed to evaluate expression: foo is missing")),
        Row(#"{{=workflow.status == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, [:], .strict, .failsWith("failed to evaluate expression")),
        Row(#"{{=workflow.failures == "Succeeded" ? "SUCCESSFUL" : "FAILED"}}"#, [:], .strict, .failsWith("failed to evaluate expression")),
        Row("{{=!}}", [:], .strict, .failsWith("failed to evaluate expression")),
        Row("{{='test'}}", [:], .lenient, .equals("test")),
        Row(#"{{="test"}}"#, [:], .lenient, .equals("test")),
        Row(#"{{='some\\path\\with\\backslashes'}}"#, [:], .lenient, .equals(#"some\path\with\backslashes"#)),
        Row(#"{{='some\nstring\nwith\nescaped\nnewlines'}}"#, [:], .lenient, .equals("some\nstring\nwith\nescaped\nnewlines")),
        Row("{{=1 + \n1}}", [:], .lenient, .equals("2")),
        Row("{{=toJson('test')}}", [:], .lenient, .equals(#""test""#)),
        Row("{{=toJson({test: 1})}}", [:], .lenient, .equals(#"{"test":1}"#)),
        Row("{{=toJson([1, '2', {an: 'object'}])}}", [:], .lenient, .equals(#"[1,"2",{"an":"object"}]"#)),
        Row(#"{{="'"}}"#, [:], .lenient, .equals("'")),
        Row(#"{{='"'}}"#, [:], .lenient, .equals(#"""#)),
        Row("{{=true == false}}", [:], .lenient, .equals("false")),
        Row("{{customParam}}", ["customParam": "This is ' John"], .lenient, .equals("This is ' John")),
        Row("{{customParam}}", ["customParam": #"This is " John"#], .lenient, .equals(#"This is " John"#)),
        Row(
            #"{{=jsonpath('{"employees": [{"name": "Baris", "age":43, "friends": ["Mo", "Jai"]}, {"name": "Mo", "age": 42, "friends": ["Baris", "Jai"]}, {"name": "Jai", "age" :44, "friends": ["Baris", "Mo"]}]}', '$.employees[*].name')}}"#,
            [:], .lenient, .equals(#"["Baris","Mo","Jai"]"#)),
        Row(
            #"{{=jsonpath('{"employees": [{"name": "Baris", "age":43, "friends": ["Mo", "Jai"]}, {"name": "Mo", "age": 42, "friends": ["Baris", "Jai"]}, {"name": "Jai", "age" :44, "friends": ["Baris", "Mo"]}]}', '$.employees[0].friends')}}"#,
            [:], .lenient, .equals(#"["Mo","Jai"]"#)),
        Row(
            #"{{=jsonpath('{"employees": [{"name": "Baris", "age":43},{"name": "Mo", "age": 42}, {"name": "Jai", "age" :44}]}', '$.employees[0]')}}"#,
            [:], .lenient, .equals(#"{"age":43,"name":"Baris"}"#)),
        Row(
            #"{{=jsonpath('{"employees": [{"name": "Baris", "age":43},{"name": "Mo", "age": 42}, {"name": "Jai", "age" :44}]}', '$')}}"#,
            [:], .lenient, .equals(#"{"employees":[{"age":43,"name":"Baris"},{"age":42,"name":"Mo"},{"age":44,"name":"Jai"}]}"#)),
        Row(
            #"{{=jsonpath('{"employees": [{"name": "Baris", "age":43, "friends": ["Mo", "Jai"]}, {"name": "Mo", "age": 42, "friends": ["Baris", "Jai"]}, {"name": "Jai", "age" :44, "friends": ["Baris", "Mo"]}]}', '$.employees[0]')}}"#,
            [:], .lenient, .equals(#"{"age":43,"friends":["Mo","Jai"],"name":"Baris"}"#)),
    ]

    @Test(arguments: rows)
    func `tags are replaced as Argo replaces them`(row: Row) throws {
        switch row.expected {
        case .equals(let text): #expect(try Self.render(row) == text)
        case .unchanged: #expect(try Self.render(row) == row.text)
        case .fails(let message): #expect(Self.failure(of: row) == message)
        case .failsWith(let part): #expect(try #require(Self.failure(of: row)).contains(part))
        }
    }

    private static func render(_ row: Row) throws -> String {
        try TemplateText(row.text).render(FlatScope(row.scope.mapValues(ExprValue.string)), mode: row.mode, clock: testClock)
    }

    private static func failure(of row: Row) -> String? {
        do {
            _ = try self.render(row)
            return nil
        } catch let error as ExpressionError {
            return error.message
        } catch let error as RenderError {
            return error.message
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        "{{= item.optionalKey ?? 'fallback' }}", "{{= item['optionalKey'] ?? 'fallback' }}", "{{= item?.optionalKey ?? 'fallback' }}",
    ])
    func `a missing key of an item has a fallback, a missing item has none`(text: String) throws {
        let template = try TemplateText(text)
        let full = FlatScope(["item": .map(["name": .string("a"), "optionalKey": .string("value")])])
        let short = FlatScope(["item": .map(["name": .string("b")])])
        #expect(try template.render(full, mode: .strict, clock: testClock) == "value")
        #expect(try template.render(short, mode: .strict, clock: testClock) == "fallback")
        #expect(throws: RenderError(message: "failed to evaluate expression: item is missing", tag: text, isMissing: true)) {
            try template.render(FlatScope([:]), mode: .prefixes(["item"]), clock: testClock)
        }
    }

    @Test(arguments: [
        ("foo == foo", true),
        ("'ref/branch/master' == 'ref/branch/master'", true),
        ("foo != bar", true),
        ("1 == 1", true),
        ("1 != 2", true),
        ("1 < 2", true),
        ("1 <= 1", true),
        ("1/2 == 0.5", true),
        ("a < b", true),
        ("(foo == bar) || (foo == foo)", true),
        ("(1 > 0) && (1 < 2)", true),
        ("Error in (Failed, Error)", true),
        ("!(Succeeded in (Failed, Error))", true),
        ("true == true", true),
        ("foo != foo", false),
        ("'ref/branch/master' != 'ref/branch/master'", false),
        ("foo == bar", false),
        ("1 != 1", false),
        ("1 == 2", false),
        ("1 > 2", false),
        ("1 <= 0", false),
        ("1/2 != 0.5", false),
        ("a > b", false),
        ("(foo == bar) || (bar == foo)", false),
        ("(1 > 0) && (11 < 2)", false),
        ("Succeeded in (Failed, Error)", false),
        ("!(Error in (Failed, Error))", false),
        ("false == true", false),
    ])
    func `conditions are judged as Argo judges them`(text: String, expected: Bool) throws {
        #expect(try WhenExpression.evaluate(text) == expected)
    }

    @Test(arguments: [
        (
            "(task-1 || task-2.Succeeded) && !task-3.Succeeded",
            "((task-1.Succeeded || task-1.Skipped || task-1.Daemoned) || task-2.Succeeded) && !task-3.Succeeded"
        ),
        (
            "(task-1 || task-2.AnySucceeded) && !task-3.Succeeded",
            "((task-1.Succeeded || task-1.Skipped || task-1.Daemoned) || task-2.AnySucceeded) && !task-3.Succeeded"
        ),
        (
            "(task-1||(task-2.Succeeded || task-2.Failed))&&!task-3.Failed",
            "((task-1.Succeeded || task-1.Skipped || task-1.Daemoned)||(task-2.Succeeded || task-2.Failed))&&!task-3.Failed"
        ),
        (
            "(task-1 || task-1.Succeeded) && !task-1.Failed",
            "((task-1.Succeeded || task-1.Skipped || task-1.Daemoned) || task-1.Succeeded) && !task-1.Failed"
        ),
        ("task-1.Succeeded && task-1.AnySucceeded", "task-1.Succeeded && task-1.AnySucceeded"),
    ])
    func `bare names in depends are written out`(text: String, expanded: String) throws {
        let formula = try DependsFormula(text) { _ in (error: false, failed: false) }
        #expect(formula.expanded == expanded)
        #expect(formula.text == text)
    }

    @Test(arguments: [
        (false, true, "(task-1.Succeeded || task-1.Skipped || task-1.Daemoned || task-1.Failed)"),
        (true, false, "(task-1.Succeeded || task-1.Skipped || task-1.Daemoned || task-1.Errored)"),
        (true, true, "(task-1.Succeeded || task-1.Skipped || task-1.Daemoned || task-1.Errored || task-1.Failed)"),
    ])
    func `continueOn widens what a bare name accepts`(error: Bool, failed: Bool, expanded: String) throws {
        #expect(try DependsFormula("task-1") { _ in (error, failed) }.expanded == expanded)
        #expect(DependsFormula(dependencies: ["task-1"]) { _ in (error, failed) }.expanded == expanded)
    }

    @Test func `dependencies become a conjunction, depends stays as written`() throws {
        let formula = DependsFormula(dependencies: ["task-1", "task-2"]) { _ in (error: false, failed: false) }
        #expect(
            formula.text
                == "(task-1.Succeeded || task-1.Skipped || task-1.Daemoned) && (task-2.Succeeded || task-2.Skipped || task-2.Daemoned)")
        let written = try DependsFormula("(task-1 || task-2.Succeeded) && !task-3") { _ in (error: false, failed: false) }
        #expect(written.text == "(task-1 || task-2.Succeeded) && !task-3")
    }

    @Test(
        arguments: [
            (nil, nil, "10", nil, 10, "0", "9"), ("101", nil, "10", nil, 10, "101", "110"), ("50", "60", nil, nil, 11, "50", "60"),
            ("60", "50", nil, nil, 11, "60", "50"), (nil, nil, "0", nil, 0, nil, nil), ("8", "8", nil, nil, 1, "8", "8"),
            ("1", nil, "10", "testuser%02X", 10, "testuser01", "testuser0A"),
        ] as [(String?, String?, String?, String?, Int, String?, String?)])
    func `sequences have the items that Argo gives them`(
        start: String?, end: String?, count: String?, format: String?, length: Int, first: String?, last: String?
    ) throws {
        let items = try SequenceItems.expand(start: start, end: end, count: count, format: format)
        #expect(items.count == length)
        #expect(items.first == first)
        #expect(items.last == last)
    }

    @Test func `expressions are true or false, and variables hide functions`() throws {
        #expect(throws: ExpressionError.self) { try Expression("invalid expression") }
        #expect(try evaluated(" FOO == 1 ", ["FOO": .int(2)]) == "false")
        #expect(try evaluated(" FOO == 1 ", ["FOO": .int(1)]) == "true")
        #expect(try evaluated("split == 1", ["split": .int(1)]) == "true")
        #expect(try evaluated("join == 1", ["join": .int(1)]) == "true")
    }
}
