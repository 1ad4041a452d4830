public import Expressions
public import WorkflowModel

/// A JSON value whose strings were searched for tags once.
public indirect enum CompiledValue: Sendable {
    /// Nothing in it has a tag.
    case literal(JSONValue)
    case text(TemplateText)
    case array([CompiledValue])
    case object([(key: TemplateText, value: CompiledValue)])

    /// - Throws: what is wrong with the first tag that cannot be read.
    public init(_ json: JSONValue) throws(ExpressionError) {
        switch json {
        case .null, .bool, .number: self = .literal(json)
        case .string(let text):
            let compiled = try TemplateText(text)
            self = compiled.isLiteral ? .literal(json) : .text(compiled)
        case .array(let items):
            var compiled: [CompiledValue] = []
            for item in items { compiled.append(try CompiledValue(item)) }
            self = compiled.allSatisfy(\.isLiteral) ? .literal(json) : .array(compiled)
        case .object(let object):
            var compiled: [(key: TemplateText, value: CompiledValue)] = []
            for (key, value) in object { compiled.append((try TemplateText(key), try CompiledValue(value))) }
            self = compiled.allSatisfy { $0.key.isLiteral && $0.value.isLiteral } ? .literal(json) : .object(compiled)
        }
    }

    public var isLiteral: Bool { if case .literal = self { true } else { false } }

    /// A field of an object; the other fields may have tags.
    public subscript(field name: String) -> CompiledValue? {
        switch self {
        case .literal(let json): json[name].map { .literal($0) }
        case .object(let fields): fields.first { $0.key.isLiteral && $0.key.source == name }?.value
        case .text, .array: nil
        }
    }

    /// The value with every tag replaced.
    public func render(_ scope: some VariableScope, mode: RenderMode, clock: EvaluationClock) throws(RenderError) -> JSONValue {
        switch self {
        case .literal(let json): return json
        case .text(let text): return .string(try text.render(scope, mode: mode, clock: clock))
        case .array(let items):
            var rendered: [JSONValue] = []
            rendered.reserveCapacity(items.count)
            for item in items { rendered.append(try item.render(scope, mode: mode, clock: clock)) }
            return .array(rendered)
        case .object(let fields):
            var object = JSONObject()
            object.reserveCapacity(fields.count)
            for (key, value) in fields {
                object[try key.render(scope, mode: mode, clock: clock)] = try value.render(scope, mode: mode, clock: clock)
            }
            return .object(object)
        }
    }

    /// Every text with a tag in it, for checks.
    public func forEachText(_ body: (TemplateText) -> Void) {
        switch self {
        case .literal: break
        case .text(let text): body(text)
        case .array(let items): for item in items { item.forEachText(body) }
        case .object(let fields):
            for (key, value) in fields {
                body(key)
                value.forEachText(body)
            }
        }
    }
}
