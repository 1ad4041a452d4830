import Diagnostics
import Expressions
import Manifests
import WorkflowModel

/// What libFuzzer calls with each text it thinks of: nothing may trap, and every fault stands inside the text.
///
/// The first byte chooses who reads the rest: manifests, tags, expressions, conditions, dependencies or JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    guard let reader = bytes.first else { return 0 }
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    switch reader % 6 {
    case 0: LanguageFuzzer.readManifest(Array(bytes.dropFirst()))
    case 1: LanguageFuzzer.render(text)
    case 2: LanguageFuzzer.evaluate(text)
    case 3: LanguageFuzzer.judge(text)
    case 4: LanguageFuzzer.readDependencies(text)
    default: LanguageFuzzer.readJSON(text)
    }
    return 0
}

enum LanguageFuzzer {
    private static let clock = EvaluationClock(now: Timestamp(milliseconds: 1_709_618_828_009), seed: 42)
    private static let variables: [String: ExprValue] = [
        "a": .map(["b": .map(["c": .int(.min)])]), "b": .string("aab"), "l": .array([.map(["k": .float(-1e300)])]), "x": .int(.max),
        "j": .string(#"{"a":[{"a":2,"b":3}]}"#), "t": .time(ZonedTime(Timestamp(milliseconds: 0))), "item": .null,
    ]

    static func readManifest(_ bytes: [UInt8]) {
        let file = ManifestReader().read(file: "fuzz", bytes: bytes)
        for diagnostic in file.diagnostics {
            guard let position = diagnostic.position, !file.lines.isEmpty else { continue }
            precondition((1...file.lines.count).contains(position.line), "line \(position.line): \(diagnostic.message)")
            // The lines of a Secret are cut.
            let line = file.lines[position.line - 1]
            let isInside = position.column >= 1 && position.column <= line.count + 1
            precondition(isInside || file.lines.contains { $0.contains("…") }, "column \(position.column): \(diagnostic.message)")
        }
        for document in file.documents {
            _ = document.normalised()
            _ = Workflow(document.value)
        }
    }

    static func render(_ text: String) {
        guard let template = self.checked(text, { () throws(ExpressionError) in try TemplateText(text) }) else { return }
        for mode in [RenderMode.lenient, .strict, .prefixes(["a", "item"])] {
            _ = try? template.render(FlatScope(self.variables), mode: mode, clock: self.clock)
        }
    }

    static func evaluate(_ text: String) {
        let value = self.checked(text) { () throws(ExpressionError) in
            try Expression(text).evaluate(in: self.variables, clock: self.clock)
        }
        _ = value?.json.json
    }

    static func judge(_ text: String) {
        do throws(WhenError) {
            _ = try WhenExpression.evaluate(text)
        } catch {
            precondition((0...text.unicodeScalars.count).contains(error.offset), "\(error)")
        }
    }

    static func readDependencies(_ text: String) {
        let formula = self.checked(text) { () throws(ExpressionError) in try DependsFormula(text) { _ in (error: true, failed: false) } }
        _ = formula?.evaluate { task, result in task % 2 == 0 && result != .failed }
    }

    static func readJSON(_ text: String) {
        do throws(JSONError) {
            let value = try JSONValue(json: text)
            precondition((try? JSONValue(json: value.json)) == value, "JSON changes when it is written")
        } catch {
            precondition((0...text.utf8.count).contains(error.offset), "\(error)")
        }
    }

    /// The result; nil for an error, which must have a place in the text.
    private static func checked<Result>(_ text: String, _ body: () throws(ExpressionError) -> Result) -> Result? {
        do throws(ExpressionError) {
            return try body()
        } catch {
            precondition((0...text.unicodeScalars.count).contains(error.offset), "\(error)")
            return nil
        }
    }
}
