/// A selection by labels as Kubernetes writes it: `team=data,tier!=test,env in (dev,qa),owner,!old`. All parts must hold.
public struct LabelSelector: Sendable, Equatable {
    public enum Requirement: Sendable, Equatable {
        case equals(String, String)
        case differs(String, String)
        case among(String, Set<String>)
        case notAmong(String, Set<String>)
        case exists(String)
        case isAbsent(String)
    }

    public private(set) var requirements: [Requirement] = []

    /// Selects everything.
    public static let all = LabelSelector()

    private init() {}

    /// - Throws: `SelectorFault`.
    public init(_ text: String?) throws {
        for part in Self.parts(of: text ?? "") { self.requirements.append(try Self.requirement(part)) }
    }

    /// Those parts that ask for an exact value.
    public var exact: [String: String] {
        var labels: [String: String] = [:]
        for case .equals(let key, let value) in self.requirements { labels[key] = value }
        return labels
    }

    /// Whether `exact` says everything.
    public var isExact: Bool { self.exact.count == self.requirements.count }

    /// As it is written; empty for a selector that selects everything.
    public var text: String {
        self.requirements.map { requirement in
            switch requirement {
            case .equals(let key, let value): "\(key)=\(value)"
            case .differs(let key, let value): "\(key)!=\(value)"
            case .among(let key, let values): "\(key) in (\(values.sorted().joined(separator: ",")))"
            case .notAmong(let key, let values): "\(key) notin (\(values.sorted().joined(separator: ",")))"
            case .exists(let key): key
            case .isAbsent(let key): "!\(key)"
            }
        }.joined(separator: ",")
    }

    public func matches(_ labels: [String: String]) -> Bool {
        self.requirements.allSatisfy { requirement in
            switch requirement {
            case .equals(let key, let value): labels[key] == value
            case .differs(let key, let value): labels[key] != value
            case .among(let key, let values): labels[key].map { values.contains($0) } ?? false
            case .notAmong(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .isAbsent(let key): labels[key] == nil
            }
        }
    }

    /// The text cut at the commas outside parentheses.
    private static func parts(of text: String) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        parts.append(text[start...])
        return parts.map(Self.trimmed).filter { !$0.isEmpty }
    }

    private static func requirement(_ part: Substring) throws -> Requirement {
        if let set = Self.setRequirement(part) { return set }
        if let bang = part.firstIndex(of: "!"), let next = part.index(bang, offsetBy: 1, limitedBy: part.endIndex), next < part.endIndex,
            part[next] == "="
        {
            return .differs(try Self.key(part[..<bang], of: part), String(Self.trimmed(part[part.index(after: next)...])))
        }
        if let equals = part.firstIndex(of: "=") {
            var value = part[part.index(after: equals)...]
            if value.first == "=" { value = value.dropFirst() }
            return .equals(try Self.key(part[..<equals], of: part), String(Self.trimmed(value)))
        }
        if part.first == "!" { return .isAbsent(try Self.key(part.dropFirst(), of: part)) }
        return .exists(try Self.key(part, of: part))
    }

    private static func setRequirement(_ part: Substring) -> Requirement? {
        guard let open = part.firstIndex(of: "("), part.last == ")" else { return nil }
        let words = part[..<open].split(separator: " ")
        let values = Set(part[part.index(after: open)...].dropLast().split(separator: ",").map { String(Self.trimmed($0)) })
        switch (words.count, words.last) {
        case (2, "in"): return .among(String(words[0]), values)
        case (2, "notin"): return .notAmong(String(words[0]), values)
        default: return nil
        }
    }

    private static func key(_ text: Substring, of part: Substring) throws -> String {
        let key = Self.trimmed(text)
        guard !key.isEmpty, !key.contains(where: { " ()!=,".contains($0) }) else {
            throw SelectorFault(
                "'\(part)' is not a label selector, expected key=value, key!=value, key in (a,b), key notin (a,b), key or !key")
        }
        return String(key)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return text
    }
}

/// A selector that cannot be read: bad usage.
public struct SelectorFault: Error, Equatable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
