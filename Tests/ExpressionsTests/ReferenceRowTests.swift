import Expressions
import Foundation
import Testing
import WorkflowModel

/// What Argo's own unit tests of tags, conditions, dependencies and sequences show: all rows of `Tests/Goldens/Expressions`.
struct ReferenceRowTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var number: Int
        var kind: String
        var input: JSONValue
        var expected: JSONValue

        var testDescription: String { "\(self.number) \(self.kind) \(self.input.json)" }
    }

    static let rows: [Row] = goldenRows("reference-rows.tsv").enumerated().map { index, cells in
        Row(number: index + 1, kind: cells[0], input: try! JSONValue(json: cells[1]), expected: try! JSONValue(json: cells[2]))
    }

    @Test func `there are 93 rows`() {
        #expect(Self.rows.count == 93)
    }

    @Test(arguments: rows)
    func `a row of Argo's tests comes out as there`(row: Row) throws {
        switch row.kind {
        case "replace", "replaceStrict": try Self.checkTags(row)
        case "when": #expect(try WhenExpression.evaluate(try #require(row.input["expression"]?.string)) == row.expected["equals"]?.bool)
        case "evalBool": try Self.checkExpression(row)
        case "depends": #expect(try Self.formula(row).expanded == row.expected["logic"]?.string)
        case "dependsRaw": #expect(try Self.formula(row).text == row.expected["logic"]?.string)
        case "sequence": try Self.checkSequence(row)
        default: Issue.record("unknown kind \(row.kind)")
        }
    }

    private static func checkTags(_ row: Row) throws {
        let text = try #require(row.input["input"]?.string)
        let scope = FlatScope(try #require(row.input["scope"]?.object).reduce(into: [:]) { $0[$1.0] = ExprValue($1.1) })
        let isLenient = row.input["allowUnresolved"]?.bool ?? false
        let prefixes = row.input["strictPrefixes"]?.array?.compactMap(\.string)
        let mode = prefixes.map(RenderMode.prefixes) ?? (isLenient ? .lenient : .strict)
        let result = Result { try TemplateText(text).render(scope, mode: mode, clock: testClock) }
        let message = Self.message(of: result)
        if let wanted = row.expected["equals"]?.string { #expect(try result.get() == wanted) }
        if row.expected["ok"] == true { #expect(try result.get() == text) }
        if row.expected["error"] == true { #expect(message != nil) }
        if let wanted = row.expected["error"]?.string { #expect(message == wanted) }
        if let part = row.expected["errorContains"]?.string { #expect(try #require(message).contains(part)) }
    }

    private static func message(of result: Result<String, any Error>) -> String? {
        switch result {
        case .success: nil
        case .failure(let error as ExpressionError): error.message
        case .failure(let error as RenderError): error.message
        case .failure(let error): "\(error)"
        }
    }

    private static func checkExpression(_ row: Row) throws {
        let text = try #require(row.input["expression"]?.string)
        let variables = try #require(row.input["env"]?.object).reduce(into: [:]) { $0[$1.0] = ExprValue($1.1) }
        if let wanted = row.expected["equals"]?.bool {
            #expect(try Expression(text).evaluate(in: variables, clock: testClock) == .bool(wanted))
        } else {
            #expect(failure(of: text, variables) != nil)
        }
    }

    private static func formula(_ row: Row) throws -> DependsFormula {
        let continueOn = row.input["continueOn"]
        let tolerance = (error: continueOn?["error"]?.bool ?? false, failed: continueOn?["failed"]?.bool ?? false)
        if let dependencies = row.input["dependencies"]?.array {
            return DependsFormula(dependencies: dependencies.compactMap(\.string)) { _ in tolerance }
        }
        return try DependsFormula(try #require(row.input["depends"]?.string)) { _ in tolerance }
    }

    private static func checkSequence(_ row: Row) throws {
        let field = { (name: String) in row.input[name]?.string }
        let items = try SequenceItems.expand(start: field("start"), end: field("end"), count: field("count"), format: field("format"))
        for (what, wanted) in try #require(row.expected.object) {
            if let index = Int(what.filter(\.isNumber)) {
                #expect(items.indices.contains(index) && items[index] == wanted.string)
            } else {
                #expect(Int64(items.count) == wanted.integer)
            }
        }
    }

    /// Where Argo's own names for tags are strict, a missing item is an error, whatever stands behind it.
    @Test(arguments: [
        "{{= item.optionalKey ?? 'fallback' }}", "{{= item['optionalKey'] ?? 'fallback' }}", "{{= item?.optionalKey ?? 'fallback' }}",
    ])
    func `a missing item has no fallback`(text: String) throws {
        let template = try TemplateText(text)
        #expect(throws: RenderError(message: "failed to evaluate expression: item is missing", tag: text, isMissing: true)) {
            try template.render(FlatScope([:]), mode: .prefixes(["item"]), clock: testClock)
        }
    }
}
