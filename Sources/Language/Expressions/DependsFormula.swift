import Diagnostics

/// When a task of a DAG may run: its `depends`, or its `dependencies`, as a formula over the results of other tasks.
public struct DependsFormula: Sendable, Equatable {
    /// How a task may have ended.
    public enum Result: String, Sendable, CaseIterable {
        case succeeded = "Succeeded"
        case failed = "Failed"
        case errored = "Errored"
        case skipped = "Skipped"
        case omitted = "Omitted"
        case daemoned = "Daemoned"
        /// At least one of the task's items succeeded.
        case anySucceeded = "AnySucceeded"
        /// All of the task's items failed.
        case allFailed = "AllFailed"
    }

    /// A mention of a task in the text.
    public struct Reference: Sendable, Equatable {
        public var task: String
        /// What it asks for; nil for a bare name, which means: succeeded, skipped or daemoned, and what the task's `continueOn` adds.
        public var result: Result?
        /// Characters from the start of the text.
        public var offset: Int

        public init(task: String, result: Result?, offset: Int) {
            self.task = task
            self.result = result
            self.offset = offset
        }
    }

    public let text: String
    /// In order of writing.
    public let references: [Reference]
    /// The tasks that are mentioned, each once, in order of first mention.
    public let tasks: [String]
    /// The text with bare names written out: `A` is `(A.Succeeded || A.Skipped || A.Daemoned)`.
    public let expanded: String
    private let program: Program

    /// Reads a `depends` text.
    /// - Parameter continueOn: whether a bare mention of the task also accepts that it ended with an error, or failed.
    /// - Throws: for a text that is no formula, and for a result that does not exist.
    public init(_ text: String, continueOn: (String) -> (error: Bool, failed: Bool)) throws(ExpressionError) {
        self = try withoutActuallyEscaping(continueOn) { continueOn throws(ExpressionError) in
            var parser = DependsParser(text, continueOn: { Self.accepted(continueOn($0)) })
            return DependsFormula(text: text, program: try Program(try parser.document()), parser)
        }
    }

    private init(text: String, program: Program, _ parser: DependsParser) {
        self.text = text
        self.references = parser.references
        self.tasks = parser.tasks
        self.expanded = parser.expanded
        self.program = program
    }

    /// The formula of a list of `dependencies`: all of them as bare names, joined by `&&`. Without any it always holds.
    public init(dependencies: [String], continueOn: (String) -> (error: Bool, failed: Bool)) {
        var tasks: [String] = []
        var places: [String: Int] = [:]
        var terms: [Term] = []
        var clauses: [String] = []
        for name in dependencies {
            let place = places[name] ?? tasks.count
            if place == tasks.count {
                tasks.append(name)
                places[name] = place
            }
            let results = Self.accepted(continueOn(name))
            terms.append(.any(results.map { .test(task: place, $0) }))
            clauses.append(Self.clause(name, results))
        }
        self.text = clauses.joined(separator: " && ")
        self.expanded = self.text
        self.references = dependencies.map { Reference(task: $0, result: nil, offset: 0) }
        self.tasks = tasks
        self.program = Program(conjunction: terms)
    }

    /// Whether the formula holds. Asks only for what decides, allocates nothing, costs at most one question per mention.
    /// - Parameter holds: whether a task, given by its index in `tasks`, ended with a result.
    public func evaluate(_ holds: (_ taskIndex: Int, Result) -> Bool) -> Bool { self.program.run(holds) }

    /// What a bare name accepts.
    private static func accepted(_ continueOn: (error: Bool, failed: Bool)) -> [Result] {
        [.succeeded, .skipped, .daemoned] + (continueOn.error ? [.errored] : []) + (continueOn.failed ? [.failed] : [])
    }

    fileprivate static func clause(_ task: String, _ results: [Result]) -> String {
        var clause = "("
        for (index, result) in results.enumerated() {
            if index > 0 { clause += " || " }
            clause += task
            clause += "."
            clause += result.rawValue
        }
        return clause + ")"
    }
}

extension DependsFormula {
    indirect enum Term {
        case constant(Bool)
        case test(task: Int, Result)
        case not(Term)
        case all([Term])
        case any([Term])
        case same(Term, Term)
    }

    /// A formula as questions, each of which says where to go on after yes and after no.
    struct Program: Sendable, Equatable {
        private struct Step: Sendable, Equatable {
            var task: Int32
            var result: Result
            var ifTrue: Int32
            var ifFalse: Int32
        }

        private static let yes: Int32 = -1
        private static let no: Int32 = -2
        /// Comparing formulas doubles their right sides; this is where that ends.
        private static let longest = 1_000_000

        private var steps: [Step] = []
        private var entry = Program.yes
        private var isCut = false

        init(_ term: Term) throws(ExpressionError) {
            self.entry = self.compile(term, ifTrue: Self.yes, ifFalse: Self.no)
            if self.isCut { throw ExpressionError(message: "the formula takes more than \(Self.longest) steps", offset: 0) }
        }

        init(conjunction terms: [Term]) { self.entry = self.compile(.all(terms), ifTrue: Self.yes, ifFalse: Self.no) }

        /// Adds the questions of a term, last ones first, and gives the place of its first one.
        private mutating func compile(_ term: Term, ifTrue: Int32, ifFalse: Int32) -> Int32 {
            switch term {
            case .constant(let flag): return flag ? ifTrue : ifFalse
            case .test(let task, let result):
                self.steps.append(Step(task: Int32(task), result: result, ifTrue: ifTrue, ifFalse: ifFalse))
                return Int32(self.steps.count - 1)
            case .not(let inner): return self.compile(inner, ifTrue: ifFalse, ifFalse: ifTrue)
            case .all(let terms): return terms.reversed().reduce(ifTrue) { self.compile($1, ifTrue: $0, ifFalse: ifFalse) }
            case .any(let terms): return terms.reversed().reduce(ifFalse) { self.compile($1, ifTrue: ifTrue, ifFalse: $0) }
            case .same(let left, let right):
                self.isCut = self.isCut || self.steps.count > Self.longest
                if self.isCut { return ifFalse }
                let whenTrue = self.compile(right, ifTrue: ifTrue, ifFalse: ifFalse)
                let whenFalse = self.compile(right, ifTrue: ifFalse, ifFalse: ifTrue)
                return self.compile(left, ifTrue: whenTrue, ifFalse: whenFalse)
            }
        }

        func run(_ holds: (Int, Result) -> Bool) -> Bool {
            var next = self.entry
            while next >= 0 {
                let step = self.steps[Int(next)]
                next = holds(Int(step.task), step.result) ? step.ifTrue : step.ifFalse
            }
            return next == Self.yes
        }
    }
}

/// Reads `depends` texts: names with or without results, `&& || ! == !=`, `and or not`, `true false`, parentheses.
private struct DependsParser {
    private let bytes: [UInt8]
    private let accepted: (String) -> [DependsFormula.Result]
    private var at = 0
    private var level = 0
    private(set) var references: [DependsFormula.Reference] = []
    private(set) var tasks: [String] = []
    private var places: [String: Int] = [:]
    private var expandedBytes: [UInt8] = []

    private static let deepest = 100

    init(_ text: String, continueOn accepted: @escaping (String) -> [DependsFormula.Result]) {
        self.bytes = Array(text.utf8)
        self.accepted = accepted
    }

    /// The text with bare names written out.
    var expanded: String { String(decoding: self.expandedBytes, as: UTF8.self) }

    mutating func document() throws(ExpressionError) -> DependsFormula.Term {
        let term = try self.disjunction()
        self.skipBlanks()
        guard self.at == self.bytes.count else { throw self.unexpected() }
        return term
    }

    private func fault(_ message: String, at byte: Int) -> ExpressionError {
        ExpressionError(message: message, offset: String(decoding: self.bytes[..<byte], as: UTF8.self).unicodeScalars.count)
    }

    private func unexpected() -> ExpressionError {
        guard let current = String(decoding: self.bytes[self.at...].prefix(4), as: UTF8.self).unicodeScalars.first else {
            return self.fault("unexpected end of the formula", at: self.at)
        }
        let hint =
            switch current {
            case "&": ", 'and' is written '&&'"
            case "|": ", 'or' is written '||'"
            case "'", "\"": ", names of tasks are written without quotes"
            default: ""
            }
        return self.fault("unexpected '\(current)'\(hint)", at: self.at)
    }

    private mutating func skipBlanks() {
        while self.at < self.bytes.count, self.bytes[self.at] == 0x20 || (0x09...0x0D).contains(self.bytes[self.at]) { self.advance(1) }
    }

    /// Moves on over bytes that stay in the expanded text.
    private mutating func advance(_ count: Int) {
        self.expandedBytes.append(contentsOf: self.bytes[self.at..<self.at + count])
        self.at += count
    }

    /// Takes an operator: a symbol, or a word that no letter follows.
    private mutating func take(_ text: StaticString) -> Bool {
        self.skipBlanks()
        let length = text.utf8CodeUnitCount
        let end = self.at + length
        guard end <= self.bytes.count else { return false }
        for index in 0..<length where self.bytes[self.at + index] != text.utf8Start[index] { return false }
        if Self.isWord(text.utf8Start[0]), end < self.bytes.count, Self.isWord(self.bytes[end]) || self.bytes[end] == UInt8(ascii: ".") {
            return false
        }
        self.advance(length)
        return true
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private mutating func disjunction() throws(ExpressionError) -> DependsFormula.Term {
        self.level += 1
        defer { self.level -= 1 }
        if self.level > Self.deepest { throw self.fault("the formula nests deeper than \(Self.deepest) levels", at: self.at) }
        let first = try self.conjunction()
        guard self.take("||") || self.take("or") else { return first }
        var terms = [first, try self.conjunction()]
        while self.take("||") || self.take("or") { terms.append(try self.conjunction()) }
        return .any(terms)
    }

    private mutating func conjunction() throws(ExpressionError) -> DependsFormula.Term {
        let first = try self.comparison()
        guard self.take("&&") || self.take("and") else { return first }
        var terms = [first, try self.comparison()]
        while self.take("&&") || self.take("and") { terms.append(try self.comparison()) }
        return .all(terms)
    }

    private mutating func comparison() throws(ExpressionError) -> DependsFormula.Term {
        var left = try self.negation()
        var count = 0
        while true {
            let isEqual = self.take("==")
            guard isEqual || self.take("!=") else { return left }
            count += 1
            if count > Self.deepest { throw self.fault("more than \(Self.deepest) comparisons in a row", at: self.at) }
            let same = DependsFormula.Term.same(left, try self.negation())
            left = isEqual ? same : .not(same)
        }
    }

    private mutating func negation() throws(ExpressionError) -> DependsFormula.Term {
        var isNegated = false
        while self.take("!") || self.take("not") { isNegated.toggle() }
        let term = try self.primary()
        return isNegated ? .not(term) : term
    }

    private mutating func primary() throws(ExpressionError) -> DependsFormula.Term {
        if self.take("(") {
            let inner = try self.disjunction()
            guard self.take(")") else { throw self.unexpected() }
            return inner
        }
        if self.take("true") { return .constant(true) }
        if self.take("false") { return .constant(false) }
        return try self.mention()
    }

    private mutating func mention() throws(ExpressionError) -> DependsFormula.Term {
        let start = self.at
        let dot = self.endOfWord(from: start)
        guard dot > start, self.bytes[start] != UInt8(ascii: "-") else { throw self.unexpected() }
        let name = String(decoding: self.bytes[start..<dot], as: UTF8.self)
        let task = self.index(of: name)
        // What stands before is ASCII: everything else was refused.
        guard dot < self.bytes.count, self.bytes[dot] == UInt8(ascii: ".") else {
            self.references.append(DependsFormula.Reference(task: name, result: nil, offset: start))
            let results = self.accepted(name)
            self.expandedBytes.append(contentsOf: DependsFormula.clause(name, results).utf8)
            self.at = dot
            return .any(results.map { .test(task: task, $0) })
        }
        let end = self.endOfWord(from: dot + 1)
        let suffix = String(decoding: self.bytes[dot + 1..<end], as: UTF8.self)
        guard let result = DependsFormula.Result(rawValue: suffix) else { throw self.unknownResult(suffix, of: name, at: dot + 1) }
        self.references.append(DependsFormula.Reference(task: name, result: result, offset: start))
        self.advance(end - start)
        return .test(task: task, result)
    }

    private func endOfWord(from start: Int) -> Int {
        var end = start
        while end < self.bytes.count, Self.isWord(self.bytes[end]) { end += 1 }
        return end
    }

    private mutating func index(of task: String) -> Int {
        if let known = self.places[task] { return known }
        self.tasks.append(task)
        self.places[task] = self.tasks.count - 1
        return self.tasks.count - 1
    }

    private func unknownResult(_ word: String, of task: String, at byte: Int) -> ExpressionError {
        let results = DependsFormula.Result.allCases.map(\.rawValue)
        let guess = Spelling.closest(to: word, among: results).map { ", did you mean '\($0)'?" } ?? ""
        return self.fault("'\(word)' is not a result of task '\(task)'\(guess) (results are \(results.joined(separator: ", ")))", at: byte)
    }
}
