/// A function that can be called by name.
struct ExprFunction: Sendable {
    /// Throws `ExpressionError` and nothing else.
    typealias Body = @Sendable (inout Evaluation, FunctionCall) throws -> ExprValue
    let name: String
    /// How many arguments it takes.
    let arity: ClosedRange<Int>
    let body: Body

    init(_ name: String, _ arity: ClosedRange<Int>, _ body: @escaping Body) {
        self.name = name
        self.arity = arity
        self.body = body
    }

    /// The upper end of the arity of a function that takes any number of arguments.
    static let any = 100_000

    /// Functions by their names.
    static func table(_ functions: [[ExprFunction]]) -> [String: ExprFunction] {
        var table: [String: ExprFunction] = [:]
        for function in functions.joined() { table[function.name] = function }
        return table
    }
}

/// The arguments of a call, and errors that name the function. The count was checked against the arity when the expression was read.
struct FunctionCall {
    let name: String
    let arguments: [ExprValue]

    var count: Int { self.arguments.count }

    subscript(index: Int) -> ExprValue { self.arguments[index] }

    func mismatch(_ index: Int, expected: String) -> ExpressionError {
        ExpressionError("'\(self.name)' needs \(expected) as argument \(index + 1), this is \(self.arguments[index].typeName)")
    }

    func text(_ index: Int) throws(ExpressionError) -> String {
        guard case .string(let text) = self.arguments[index] else { throw self.mismatch(index, expected: "a string") }
        return text
    }

    func whole(_ index: Int) throws(ExpressionError) -> Int64 {
        guard let number = ExprOperators.wholeNumber(self.arguments[index]) else { throw self.mismatch(index, expected: "a whole number") }
        return number
    }

    func number(_ index: Int) throws(ExpressionError) -> Double {
        guard let number = ExprOperators.number(self.arguments[index]) else { throw self.mismatch(index, expected: "a number") }
        return number
    }

    func array(_ index: Int) throws(ExpressionError) -> [ExprValue] {
        guard case .array(let items) = self.arguments[index] else { throw self.mismatch(index, expected: "an array") }
        return items
    }

    func map(_ index: Int) throws(ExpressionError) -> [String: ExprValue] {
        guard case .map(let map) = self.arguments[index] else { throw self.mismatch(index, expected: "a map") }
        return map
    }

    /// A limit such as Go's functions take it: negative means all.
    func limit(_ index: Int) throws(ExpressionError) -> Int {
        guard index < self.count else { return .max }
        let number = try self.whole(index)
        return number < 0 ? .max : Int(number)
    }
}

/// The functions of the expr language and those that Argo adds.
enum Builtins {
    static let table = ExprFunction.table([
        TextFunctions.builtins, NumberFunctions.builtins, CollectionFunctions.builtins, ConversionFunctions.builtins,
        TimeFunctions.builtins,
    ])

    /// All names that can be called, for suggestions.
    static let names: [String] = Builtins.table.keys.sorted() + PredicateFunction.allCases.map(\.rawValue)
}

/// The functions that Argo offers under `sprig.`: those of the Masterminds library, version 3.
enum Sprig {
    static let table = ExprFunction.table([
        SprigText.functions, SprigWords.functions, SprigNumbers.functions, SprigCollections.functions, SprigConversions.functions,
        SprigHashes.functions, SprigSecrets.functions, SprigURLs.functions, SprigVersions.functions,
    ])

    /// Functions of the library that are not here, and why.
    static let leftOut: [String: String] = {
        let outside = "expressions read neither the environment nor the network"
        // Chance comes from the run, so that it can be told again: whoever knows the run's ID could make the same key.
        let keys = "a key that an expression makes is no secret, let a step make it"
        var reasons: [String: String] = [:]
        for name in ["env", "expandenv", "getHostByName"] { reasons[name] = outside }
        for name in [
            "genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert",
            "genSignedCertWithKey",
        ] { reasons[name] = keys }
        reasons["buildCustomCert"] = "expressions do not read certificates, 'sprig.b64dec' gives the text of one"
        return reasons
    }()
}
