import Expressions
import Foundation
import WorkflowModel

/// A fixed instant and seed: 2024-03-05T06:07:08.009Z.
let testClock = EvaluationClock(now: Timestamp(milliseconds: 1_709_618_828_009), seed: 42)

/// The value of an expression as compact JSON.
func evaluated(_ text: String, _ variables: [String: ExprValue] = [:]) throws -> String {
    try Expression(text).evaluate(in: variables, clock: testClock).json.json
}

/// What is wrong with an expression, when it is read or when it is evaluated.
func failure(of text: String, _ variables: [String: ExprValue] = [:]) -> ExpressionError? {
    do throws(ExpressionError) {
        _ = try Expression(text).evaluate(in: variables, clock: testClock)
        return nil
    } catch {
        return error
    }
}

func value(json: String) throws -> ExprValue { ExprValue(try JSONValue(json: json)) }

/// The rows of a table in `Tests/Goldens/Expressions`, without its heading, as cells.
func goldenRows(_ file: String) -> [[String]] {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = (try? String(contentsOf: directory.appendingPathComponent("Goldens/Expressions/\(file)"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst().map { $0.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) } }
}
