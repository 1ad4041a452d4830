import WorkflowModel

/// What a flat name such as `steps.a-b.outputs.parameters.x` stands for.
public enum ScopeValue: Sendable, Equatable {
    case text(String)
    /// Known, but its producer was skipped and there is no default.
    case absent
    /// Unknown here.
    case missing
}

/// Where the values of tags come from.
public protocol VariableScope {
    func value(of name: String) -> ScopeValue

    /// Nested values for the first names that an expression mentions; only what the references need. What is absent is null, what is
    /// missing is not in the maps.
    func environment(for references: [ExprReference]) -> [String: ExprValue]
}

/// What happens to a tag whose name is unknown.
public enum RenderMode: Sendable, Equatable {
    /// It stays as written.
    case lenient
    /// It is an error.
    case strict
    /// It is an error when the name starts with one of these, else the tag stays as written.
    case prefixes([String])

    func mustResolve(_ name: String) -> Bool {
        switch self {
        case .lenient: false
        case .strict: true
        case .prefixes(let prefixes): prefixes.contains { name.utf8.starts(with: $0.utf8) }
        }
    }

    var isStrict: Bool { if case .strict = self { true } else { false } }
}

/// Why a tag has no value.
public struct RenderError: Error, Sendable, Equatable {
    public var message: String
    /// The tag as written.
    public var tag: String
    /// An absent optional: final, waiting does not help.
    public var isAbsent: Bool
    /// The name is unknown here, and may become known.
    public var isMissing: Bool

    public init(message: String, tag: String, isAbsent: Bool = false, isMissing: Bool = false) {
        self.message = message
        self.tag = tag
        self.isAbsent = isAbsent
        self.isMissing = isMissing
    }
}

extension TemplateText {
    /// The text with its tags replaced. A text without tags is returned as it is.
    /// - Throws: for what `mode` wants resolved and is not, for an absent optional that is not handled, and for an expression that fails or
    ///   gives nil although everything it uses is known.
    public func render(_ scope: some VariableScope, mode: RenderMode, clock: EvaluationClock) throws(RenderError) -> String {
        if self.isLiteral { return self.source }
        if self.segments.count == 1 { return try self.segments[0].text(scope, mode, clock) }
        var out = ""
        out.reserveCapacity(self.source.utf8.count + 32)
        for segment in self.segments { out += try segment.text(scope, mode, clock) }
        return out
    }

    /// As `render`, but what could not be resolved stays a tag, so that a later round can go on. What was inserted is literal text from
    /// then on.
    public func partiallyRendered(_ scope: some VariableScope, mode: RenderMode, clock: EvaluationClock) throws(RenderError) -> TemplateText
    {
        if self.isLiteral { return self }
        var segments: [Segment] = []
        var source = ""
        for segment in self.segments {
            let rendered = try segment.resolved(scope, mode, clock)
            let written = rendered.source
            if case .literal(let text) = rendered, case .literal(let before)? = segments.last {
                segments[segments.count - 1] = .literal(before + text)
            } else if !written.isEmpty {
                segments.append(rendered.moved(to: source.unicodeScalars.count))
            }
            source += written
        }
        return TemplateText(segments: segments, source: source)
    }
}

extension TemplateText.Segment {
    /// The text of the tag with its braces, or of the literal.
    var source: String {
        switch self {
        case .literal(let text): text
        case .simple(_, let source, _), .expression(_, let source, _), .nested(_, let source, _): source
        }
    }

    fileprivate func moved(to offset: Int) -> TemplateText.Segment {
        switch self {
        case .literal: self
        case .simple(let name, let source, _): .simple(name: name, source: source, offset: offset)
        case .expression(let expression, let source, _): .expression(expression, source: source, offset: offset)
        case .nested(let inner, let source, _): .nested(inner, source: source, offset: offset)
        }
    }

    fileprivate func text(_ scope: some VariableScope, _ mode: RenderMode, _ clock: EvaluationClock) throws(RenderError) -> String {
        switch self {
        case .literal(let text): return text
        case .simple(let name, let source, _): return try Self.look(up: name, source, scope, mode) ?? source
        case .expression, .nested: return try self.resolved(scope, mode, clock).source
        }
    }

    /// The segment as a literal when it can be resolved, else what is left to do.
    fileprivate func resolved(_ scope: some VariableScope, _ mode: RenderMode, _ clock: EvaluationClock) throws(RenderError)
        -> TemplateText.Segment
    {
        switch self {
        case .literal: return self
        case .simple(let name, let source, _): return try Self.look(up: name, source, scope, mode).map { .literal($0) } ?? self
        case .expression(let expression, let source, _):
            return try Self.evaluate(expression, source, scope, mode, clock).map { .literal($0) } ?? self
        case .nested(let inner, _, let offset):
            let rendered = try inner.partiallyRendered(scope, mode: mode, clock: clock)
            let source = "{{" + rendered.source + "}}"
            guard rendered.isLiteral else { return .nested(rendered, source: source, offset: offset) }
            let name = TextSearch.trimBlanks(rendered.source)
            return try Self.look(up: name, source, scope, mode).map { .literal($0) } ?? .simple(name: name, source: source, offset: offset)
        }
    }

    /// The value of a simple tag; nil when it stays as it is.
    private static func look(up name: String, _ source: String, _ scope: some VariableScope, _ mode: RenderMode) throws(RenderError)
        -> String?
    {
        switch scope.value(of: name) {
        case .text(let text): return text
        case .absent:
            throw RenderError(
                message: "failed to resolve \(source): absent optional, its producer did not run and there is no default", tag: source,
                isAbsent: true)
        case .missing:
            guard mode.mustResolve(name) else { return nil }
            throw RenderError(message: "failed to resolve \(source)", tag: source, isMissing: true)
        }
    }

    /// The value of an expression tag as text; nil when it stays as it is.
    private static func evaluate(
        _ expression: Expression, _ source: String, _ scope: some VariableScope, _ mode: RenderMode, _ clock: EvaluationClock
    ) throws(RenderError) -> String? {
        let environment = scope.environment(for: expression.references)
        var mustWait = false
        var hasGap = false
        var hasAbsent = false
        for reference in expression.references {
            switch Presence(of: reference, in: environment) {
            case .found: break
            case .absent: hasAbsent = true
            case .missing(let name):
                if !reference.isGuarded || name == reference.path[0] || (!mode.isStrict && Self.isLate(reference)) {
                    if mode.mustResolve(reference.name) {
                        throw RenderError(message: "failed to evaluate expression: \(name) is missing", tag: source, isMissing: true)
                    }
                    mustWait = true
                }
                hasGap = true
            }
        }
        if mustWait { return nil }
        let result: ExprValue
        do throws(ExpressionError) {
            result = try expression.evaluate(in: environment, clock: clock)
            if !result.isNull { return try self.inserted(result) }
        } catch {
            throw RenderError(message: "failed to evaluate expression: \(error.message)", tag: source, isAbsent: hasAbsent)
        }
        if hasGap, !mode.isStrict { return nil }
        let reason = hasAbsent ? "absent optional, its producer did not run and there is no default" : "the result is nil"
        throw RenderError(message: "failed to evaluate expression: \(reason)", tag: source, isAbsent: hasAbsent)
    }

    /// Strings as they are, everything else as compact JSON.
    private static func inserted(_ value: ExprValue) throws(ExpressionError) -> String {
        if case .string(let text) = value { return text }
        if case .time(let time) = value { return time.rfc3339 }
        return try ExprJSONWriter.text(of: value)
    }

    /// Members that get their values in later rounds: an expression that uses one waits for it, even if it could do without. An `item`
    /// that is there has all its members, so `item.x ?? 'none'` need not wait.
    private static func isLate(_ reference: ExprReference) -> Bool {
        switch reference.path[0] {
        case "lastRetry": reference.path.count < 2 || ["exitCode", "status", "duration", "message"].contains(reference.path[1])
        case "workflow": reference.path.count > 1 && ["status", "failures"].contains(reference.path[1])
        default: false
        }
    }

    private enum Presence {
        case found
        /// Something on the path is null.
        case absent
        /// The name to report: the whole path when its first name is known or it must exist, else the first name.
        case missing(String)

        init(of reference: ExprReference, in environment: [String: ExprValue]) {
            guard var value = environment[reference.path[0]] else {
                self = .missing(reference.isGuarded ? reference.path[0] : reference.name)
                return
            }
            for name in reference.path.dropFirst() {
                guard case .map(let map) = value else { break }
                guard let member = map[name] else {
                    self = .missing(reference.name)
                    return
                }
                value = member
            }
            self = value.isNull ? .absent : .found
        }
    }
}

/// A scope over flat names, with nested values made from their dots: `inputs.parameters.x` is `x` in `parameters` in `inputs`.
///
/// When there is a value for `a` and one for `a.b`, expressions see the second only.
public struct FlatScope: VariableScope, Sendable {
    private let values: [String: ExprValue]
    private let nested: [String: ExprValue]

    /// - Parameter values: what each name stands for; null for an absent optional.
    public init(_ values: [String: ExprValue]) {
        self.values = values
        var root: [String: ExprValue] = [:]
        for name in values.keys.sorted() { Self.insert(values[name]!, at: name.split(separator: ".").map { String($0) }[...], into: &root) }
        self.nested = root
    }

    public func value(of name: String) -> ScopeValue {
        switch self.values[name] {
        case nil: .missing
        case .null?: .absent
        case .string(let text)?: .text(text)
        case let value?: .text(value.json.json)
        }
    }

    public func environment(for references: [ExprReference]) -> [String: ExprValue] {
        var environment: [String: ExprValue] = [:]
        for reference in references { environment[reference.path[0]] = self.nested[reference.path[0]] }
        return environment
    }

    private static func insert(_ value: ExprValue, at path: ArraySlice<String>, into map: inout [String: ExprValue]) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            map[first] = value
            return
        }
        var inner: [String: ExprValue] = [:]
        if case .map(let existing)? = map[first] { inner = existing }
        self.insert(value, at: path.dropFirst(), into: &inner)
        map[first] = .map(inner)
    }
}
