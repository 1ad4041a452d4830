import Expressions
import Testing

/// Formulas over the results of tasks.
struct DependsFormulaTests {
    typealias Result = DependsFormula.Result

    /// Whether the formula holds when each task has the results that are listed.
    func holds(_ text: String, _ results: [String: Set<Result>]) throws -> Bool {
        let formula = try DependsFormula(text) { _ in (error: false, failed: false) }
        return formula.evaluate { results[formula.tasks[$0]]?.contains($1) ?? false }
    }

    @Test(
        arguments: [
            ("A", [.succeeded], true), ("A", [.skipped], true), ("A", [.daemoned], true), ("A", [.failed], false), ("A", [.omitted], false),
            ("A.Failed", [.failed], true), ("!A", [.failed], true), ("not A", [.succeeded], false),
            ("A && A.Failed", [.succeeded], false), ("A || A.Failed", [.failed], true), ("A and true", [.succeeded], true),
            ("A or false", [.failed], false), ("!A.Failed == A.Succeeded", [.succeeded], true),
            ("A.Succeeded != A.Failed", [.failed], true),
            ("A.Succeeded == A.Failed", [.omitted], true), ("!!A", [.succeeded], true), ("true", [], true), ("false", [], false),
            ("A.AnySucceeded||A.AllFailed", [.allFailed], true), ("A.Errored or A.Omitted", [.omitted], true),
            ("A == A.Succeeded == true", [.succeeded], true), ("!(A || A.Failed) && true", [.errored], true),
        ] as [(String, Set<Result>, Bool)])
    func `a formula of one task`(text: String, results: Set<Result>, expected: Bool) throws {
        #expect(try self.holds(text, ["A": results]) == expected)
    }

    @Test func `and binds before or, and both before nothing`() throws {
        let succeeded: Set<Result> = [.succeeded]
        #expect(try self.holds("a || b && c", ["a": succeeded]))
        #expect(try !self.holds("(a || b) && c", ["a": succeeded]))
        #expect(try self.holds("a-1 && b2 && 3c", ["a-1": succeeded, "b2": succeeded, "3c": succeeded]))
    }

    @Test func `mentions are listed in order of writing, tasks once`() throws {
        let formula = try DependsFormula("(b.Failed || a) && b") { _ in (error: false, failed: false) }
        #expect(
            formula.references == [
                DependsFormula.Reference(task: "b", result: .failed, offset: 1),
                DependsFormula.Reference(task: "a", result: nil, offset: 13),
                DependsFormula.Reference(task: "b", result: nil, offset: 19),
            ])
        #expect(formula.tasks == ["b", "a"])
    }

    @Test func `every formula means what its truth table says`() throws {
        // All formulas of two tasks with a random shape, judged by a plain reading of the same tree.
        indirect enum Tree {
            case task(String)
            case not(Tree)
            case and(Tree, Tree)
            case or(Tree, Tree)
            case same(Tree, Tree)
            var text: String {
                switch self {
                case .task(let name): "\(name).Succeeded"
                case .not(let inner): "!(\(inner.text))"
                case .and(let left, let right): "(\(left.text)) && (\(right.text))"
                case .or(let left, let right): "(\(left.text)) or (\(right.text))"
                case .same(let left, let right): "(\(left.text)) == (\(right.text))"
                }
            }
            func value(_ results: [String: Bool]) -> Bool {
                switch self {
                case .task(let name): results[name]!
                case .not(let inner): !inner.value(results)
                case .and(let left, let right): left.value(results) && right.value(results)
                case .or(let left, let right): left.value(results) || right.value(results)
                case .same(let left, let right): left.value(results) == right.value(results)
                }
            }
            static func random(_ depth: Int, using generator: inout SplitMix) -> Tree {
                if depth == 0 { return .task(["a", "b", "c"][generator.below(3)]) }
                switch generator.below(4) {
                case 0: return .not(.random(depth - 1, using: &generator))
                case 1: return .and(.random(depth - 1, using: &generator), .random(depth - 1, using: &generator))
                case 2: return .or(.random(depth - 1, using: &generator), .random(depth - 1, using: &generator))
                default: return .same(.random(depth - 1, using: &generator), .random(depth - 1, using: &generator))
                }
            }
        }
        var generator = SplitMix(seed: 7)
        for _ in 0..<300 {
            let tree = Tree.random(1 + generator.below(4), using: &generator)
            let formula = try DependsFormula(tree.text) { _ in (error: false, failed: false) }
            for bits in 0..<8 {
                let results = ["a": bits & 1 > 0, "b": bits & 2 > 0, "c": bits & 4 > 0]
                #expect(formula.evaluate { results[formula.tasks[$0]]! && $1 == .succeeded } == tree.value(results))
            }
        }
    }

    @Test(arguments: [
        ("A &&", "unexpected end of the formula", 4), ("", "unexpected end of the formula", 0),
        ("A & B", "unexpected '&', 'and' is written '&&'", 2), ("A B", "unexpected 'B'", 2),
        ("'5A' && B", "unexpected ''', names of tasks are written without quotes", 0),
        ("(A", "unexpected end of the formula", 2), ("A)", "unexpected ')'", 1), ("ü", "unexpected 'ü'", 0), ("A ü", "unexpected 'ü'", 2),
        ("-a", "unexpected '-'", 0),
        (
            "A.Succeded",
            "'Succeded' is not a result of task 'A', did you mean 'Succeeded'? (results are Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed)",
            2
        ),
        (
            "B || A.status",
            "'status' is not a result of task 'A' (results are Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed)",
            7
        ),
        (
            "A.",
            "'' is not a result of task 'A' (results are Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed)",
            2
        ),
    ])
    func `a text that is no formula says what and where`(text: String, message: String, offset: Int) {
        #expect(throws: ExpressionError(message: message, offset: offset)) {
            try DependsFormula(text) { _ in (error: false, failed: false) }
        }
    }

    @Test func `formulas that grow or nest without bound are refused`() {
        for text in [
            String(repeating: "(", count: 50_000), "A" + String(repeating: " == A", count: 50_000),
            String(repeating: "A == (", count: 60) + "A" + String(repeating: ")", count: 60),
        ] {
            #expect(throws: ExpressionError.self) { try DependsFormula(text) { _ in (error: false, failed: false) } }
        }
    }

    @Test func `long conjunctions and many dependencies are fine`() throws {
        let names = (0..<20_000).map { "t\($0)" }
        let formula = DependsFormula(dependencies: names + names) { _ in (error: false, failed: false) }
        #expect(formula.tasks == names)
        #expect(formula.evaluate { _, result in result == .skipped })
        #expect(!formula.evaluate { task, result in result == .skipped && task != 19_999 })
        let written = try DependsFormula(names.joined(separator: " && ")) { _ in (error: false, failed: false) }
        #expect(written.evaluate { _, result in result == .skipped })
        let none = DependsFormula(dependencies: []) { _ in (error: false, failed: false) }
        #expect(none.evaluate { _, _ in false })
        #expect(none.text == "")
    }
}
