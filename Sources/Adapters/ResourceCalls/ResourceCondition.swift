import WorkflowModel

/// What is waited for, in the language of Kubernetes' label selectors over fields of the object:
/// `status.phase == Succeeded`, `status.succeeded > 0`, `status.phase in (Failed, Error)`, `status.message`, `!status.finishedAt`.
///
/// - Source: Argo's `successCondition` and `failureCondition` of resource templates.
struct ResourceCondition: Sendable, Equatable {
    enum Test: Sendable, Equatable {
        case exists
        case isAbsent
        case among([String])
        case notAmong([String])
        case greater(Int64)
        case less(Int64)
    }

    struct Requirement: Sendable, Equatable {
        let path: String
        let test: Test
        /// As it was written.
        let text: String

        func holds(for object: JSONValue) -> Bool {
            let value = ResourceCondition.value(at: self.path, in: object)
            switch self.test {
            case .exists: return value != nil
            case .isAbsent: return value == nil
            case .among(let values): return value.map { values.contains(Self.shown($0)) } ?? false
            case .notAmong(let values): return value.map { !values.contains(Self.shown($0)) } ?? true
            case .greater(let limit): return value.flatMap { Int64(Self.shown($0)) }.map { $0 > limit } ?? false
            case .less(let limit): return value.flatMap { Int64(Self.shown($0)) }.map { $0 < limit } ?? false
            }
        }

        private static func shown(_ value: JSONValue) -> String {
            if case .null = value { return "" }
            return value.scalarText ?? value.json
        }
    }

    let requirements: [Requirement]

    /// - Throws: `ResourceFault`.
    init(_ text: String, field: String) throws(ResourceFault) {
        var requirements: [Requirement] = []
        for part in Self.parts(of: text) {
            guard let requirement = Self.requirement(part) else {
                throw ResourceFault(
                    final:
                        "\(field) '\(text)' cannot be read: expected parts like 'status.phase == Succeeded', 'status.succeeded > 0' or 'status.phase in (Failed, Error)', with commas between them"
                )
            }
            requirements.append(requirement)
        }
        self.requirements = requirements
    }

    /// Fields and places in lists, with dots between them: `status.conditions.0.type`. A dot in a name is written `\.`.
    static func value(at path: String, in object: JSONValue) -> JSONValue? {
        var value = object
        for name in Self.names(path) {
            switch value {
            case .object(let fields):
                guard let inner = fields[name] else { return nil }
                value = inner
            case .array(let items):
                if name == "#" {
                    value = .integer(items.count)
                } else {
                    guard let place = Int(name), items.indices.contains(place) else { return nil }
                    value = items[place]
                }
            case .null, .bool, .number, .string: return nil
            }
        }
        return value
    }

    private static func names(_ path: String) -> [String] {
        var names = [""]
        var isEscaped = false
        for character in path {
            if isEscaped || (character != "." && character != "\\") {
                names[names.count - 1].append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                names.append("")
            }
        }
        return names
    }

    // MARK: Reading

    /// Cut at the commas outside parentheses.
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

    private static func requirement(_ part: Substring) -> Requirement? {
        func made(_ path: Substring, _ test: Test?) -> Requirement? {
            let path = Self.trimmed(path)
            guard let test, !path.isEmpty, !path.contains(where: { " ()!=<>,".contains($0) }) else { return nil }
            return Requirement(path: String(path), test: test, text: String(part))
        }
        if part.last == ")", let open = part.firstIndex(of: "(") {
            let words = part[..<open].split(separator: " ")
            let values = part[part.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false)
            let list = values.map { String(Self.trimmed($0)) }
            guard words.count == 2 else { return nil }
            return made(words[0], words[1] == "in" ? .among(list) : words[1] == "notin" ? .notAmong(list) : nil)
        }
        if part.first == "!" { return made(part.dropFirst(), .isAbsent) }
        guard let sign = part.firstIndex(where: { "=!<>".contains($0) }) else { return made(part, .exists) }
        let (path, rest) = (part[..<sign], part[part.index(after: sign)...])
        switch (part[sign], rest.first) {
        case ("!", "="): return made(path, Self.value(rest.dropFirst()).map { .notAmong([$0]) })
        case ("=", "="): return made(path, Self.value(rest.dropFirst()).map { .among([$0]) })
        case ("=", _): return made(path, Self.value(rest).map { .among([$0]) })
        case (">", _): return made(path, Int64(Self.trimmed(rest)).map { .greater($0) })
        case ("<", _): return made(path, Int64(Self.trimmed(rest)).map { .less($0) })
        default: return nil
        }
    }

    private static func value(_ text: Substring) -> String? {
        let value = Self.trimmed(text)
        return value.contains { " ()!=<>,".contains($0) } ? nil : String(value)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return text
    }
}
