/// A version as semver.org defines it: `1.2.3-beta.1+build.5`. A leading `v` and missing parts are let pass: `v1.2` is `1.2.0`.
struct SemanticVersion: Equatable {
    var major: UInt64 = 0
    var minor: UInt64 = 0
    var patch: UInt64 = 0
    var prerelease = ""
    var metadata = ""

    init() {}

    init?(_ text: String) {
        guard text.utf8.count <= 256, let parts = VersionParts(text), !parts.hasWildcard else { return nil }
        self = parts.version
    }

    var text: String {
        "\(self.major).\(self.minor).\(self.patch)" + (self.prerelease.isEmpty ? "" : "-\(self.prerelease)")
            + (self.metadata.isEmpty ? "" : "+\(self.metadata)")
    }

    /// -1, 0 or 1. Metadata does not count; a version with a prerelease comes before the one without.
    func compared(with other: SemanticVersion) -> Int {
        for (left, right) in [(self.major, other.major), (self.minor, other.minor), (self.patch, other.patch)] where left != right {
            return left < right ? -1 : 1
        }
        switch (self.prerelease.isEmpty, other.prerelease.isEmpty) {
        case (true, true): return 0
        case (true, false): return 1
        case (false, true): return -1
        case (false, false): return Self.compare(self.prerelease.split(separator: "."), other.prerelease.split(separator: "."))
        }
    }

    private static func compare(_ left: [Substring], _ right: [Substring]) -> Int {
        for (a, b) in zip(left, right) where a != b {
            switch (UInt64(a), UInt64(b)) {
            case (let a?, let b?): return a < b ? -1 : 1
            case (.some, nil): return -1
            case (nil, .some): return 1
            case (nil, nil): return a < b ? -1 : 1
            }
        }
        return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
    }
}

/// A version as written, whose parts may be left out or be `x`, `X` or `*`.
struct VersionParts {
    private(set) var version = SemanticVersion()
    /// How many of major, minor and patch are numbers, from the left.
    private(set) var count = 0
    private(set) var hasWildcard = false

    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        if rest.first == "v" { rest.removeFirst() }
        if let plus = rest.firstIndex(of: "+") {
            self.version.metadata = String(rest[rest.index(after: plus)...])
            guard Self.isList(self.version.metadata, leadingZeros: true) else { return nil }
            rest = rest[..<plus]
        }
        if let dash = rest.firstIndex(of: "-") {
            self.version.prerelease = String(rest[rest.index(after: dash)...])
            guard Self.isList(self.version.prerelease, leadingZeros: false) else { return nil }
            rest = rest[..<dash]
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count <= 3 else { return nil }
        for (index, number) in numbers.enumerated() {
            if ["x", "X", "*"].contains(number) {
                self.hasWildcard = true
                continue
            }
            guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(number) else { return nil }
            // What stands behind a wildcard means nothing.
            if self.hasWildcard { continue }
            switch index {
            case 0: self.version.major = value
            case 1: self.version.minor = value
            default: self.version.patch = value
            }
            self.count += 1
        }
    }

    /// Whether the text is made of identifiers with dots between them.
    private static func isList(_ text: String, leadingZeros: Bool) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            guard !part.isEmpty, part.utf8.allSatisfy({ $0 == 0x2D || Character(Unicode.Scalar($0)).isASCIIWord }) else { return false }
            return leadingZeros || part.count == 1 || part.first != "0" || !part.allSatisfy(\.isNumber)
        }
    }
}

extension Character {
    fileprivate var isASCIIWord: Bool { self.isASCII && (self.isLetter || self.isNumber) }
}

/// A condition on versions: `>=1.2, <2`, `~1.2`, `^1`, `1.2 - 1.4`, `1.x || >=3`.
struct VersionConstraint {
    private let alternatives: [[Comparison]]

    private struct Comparison {
        var symbol: String
        var parts: VersionParts
    }

    /// - Throws: for a text that is no condition; the message names the part that is none.
    init(_ text: String) throws(ExpressionError) {
        var alternatives: [[Comparison]] = []
        for alternative in TextSearch.split(text, by: "||") {
            guard let comparisons = Self.comparisons(in: alternative) else {
                throw ExpressionError("improper constraint: \(alternative)")
            }
            alternatives.append(comparisons)
        }
        self.alternatives = alternatives
    }

    func accepts(_ version: SemanticVersion) -> Bool {
        self.alternatives.contains { $0.allSatisfy { Self.accepts(version, $0.symbol, $0.parts) } }
    }

    private static let symbols = ["=>", ">=", "=<", "<=", "!=", "~>", "=", ">", "<", "~", "^"]

    private static func comparisons(in text: String) -> [Comparison]? {
        var words = text.split { $0 == " " || $0 == "," || $0 == "\t" }.map(String.init)[...]
        var comparisons: [Comparison] = []
        while let word = words.popFirst() {
            let symbol = Self.symbols.first(where: word.hasPrefix) ?? ""
            var operand = String(word.dropFirst(symbol.count))
            if operand.isEmpty { operand = words.popFirst() ?? "" }
            guard !operand.isEmpty, let parts = VersionParts(operand) else { return nil }
            if symbol.isEmpty, words.first == "-", words.count > 1 {
                words.removeFirst()
                guard let last = VersionParts(words.removeFirst()) else { return nil }
                comparisons += [Comparison(symbol: ">=", parts: parts), Comparison(symbol: "<=", parts: last)]
            } else {
                comparisons.append(Comparison(symbol: symbol, parts: parts))
            }
        }
        return comparisons.isEmpty ? nil : comparisons
    }

    private static func accepts(_ version: SemanticVersion, _ symbol: String, _ parts: VersionParts) -> Bool {
        let bound = parts.version
        let order = version.compared(with: bound)
        let isWhole = parts.count == 3
        if symbol == "!=", isWhole { return order != 0 }
        // A prerelease is meant only where one is written.
        if !version.prerelease.isEmpty, bound.prerelease.isEmpty { return false }
        switch symbol {
        case "!=": return !self.sharesNumbers(version, bound, count: parts.count)
        case ">": return order > 0 && (isWhole || !self.sharesNumbers(version, bound, count: parts.count))
        case "<": return order < 0
        case ">=", "=>": return order >= 0
        case "<=", "=<": return order <= 0 || !isWhole && self.sharesNumbers(version, bound, count: parts.count)
        case "~", "~>": return order >= 0 && self.sharesNumbers(version, bound, count: min(parts.count, 2))
        case "^": return order >= 0 && self.sharesNumbers(version, bound, count: min(parts.count, self.significant(bound)))
        default: return isWhole ? order == 0 : order >= 0 && self.sharesNumbers(version, bound, count: parts.count)
        }
    }

    /// Whether the first numbers are the same.
    private static func sharesNumbers(_ left: SemanticVersion, _ right: SemanticVersion, count: Int) -> Bool {
        zip([left.major, left.minor, left.patch], [right.major, right.minor, right.patch]).prefix(count).allSatisfy { $0 == $1 }
    }

    /// How many numbers `^` keeps: up to the first that is not zero.
    private static func significant(_ version: SemanticVersion) -> Int { version.major > 0 ? 1 : version.minor > 0 ? 2 : 3 }
}

/// The `sprig.` functions on versions. A version is a text that has the methods of one.
enum SprigVersions {
    static var functions: [ExprFunction] {
        [
            ExprFunction("semver", 1...1) { .string(try self.version(try $1.text(0)).text) },
            ExprFunction("semverCompare", 2...2) { evaluation, call in
                try evaluation.spend(try call.text(0).utf8.count)
                return .bool(try VersionConstraint(try call.text(0)).accepts(try self.version(try call.text(1))))
            },
        ]
    }

    private static func version(_ text: String) throws(ExpressionError) -> SemanticVersion {
        guard let version = SemanticVersion(text) else {
            throw ExpressionError("\(GoText.quoted(String(text.prefix(100)))) is not a semantic version")
        }
        return version
    }

    /// A method of a version; nil when the text is no version or the method none of its.
    static func call(_ name: String, on text: String, _ arguments: [ExprValue]) -> ExprValue? {
        guard var version = SemanticVersion(text) else { return nil }
        if case .string(let otherText)? = arguments.first, arguments.count == 1, let other = SemanticVersion(otherText) {
            let order = version.compared(with: other)
            switch name {
            case "Compare": return .int(Int64(order))
            case "Equal": return .bool(order == 0)
            case "LessThan": return .bool(order < 0)
            case "GreaterThan": return .bool(order > 0)
            default: return nil
            }
        }
        guard arguments.isEmpty else { return nil }
        switch name {
        case "Major": return .int(Int64(clamping: version.major))
        case "Minor": return .int(Int64(clamping: version.minor))
        case "Patch": return .int(Int64(clamping: version.patch))
        case "Prerelease": return .string(version.prerelease)
        case "Metadata": return .string(version.metadata)
        case "String", "Original": return .string(version.text)
        case "IncMajor": (version.major, version.minor, version.patch) = (version.major &+ 1, 0, 0)
        case "IncMinor": (version.minor, version.patch) = (version.minor &+ 1, 0)
        // The patch of a prerelease is the release itself.
        case "IncPatch": version.patch = version.prerelease.isEmpty ? version.patch &+ 1 : version.patch
        default: return nil
        }
        version.prerelease = ""
        version.metadata = ""
        return .string(version.text)
    }
}
