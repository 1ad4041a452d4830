import Diagnostics
import Expressions
import WorkflowModel

/// Compiling texts. Each that may refer to something is remembered, so that no reference goes unjudged.
extension Planner {
    mutating func text(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let text else { return nil }
        do {
            let compiled = try TemplateText(text)
            self.remember(compiled, origin)
            return compiled
        } catch {
            self.unreadable(error, origin)
            return nil
        }
    }

    mutating func texts(_ list: JSONValue?, _ origin: Origin) -> [TemplateText] {
        (list?.array ?? []).enumerated().compactMap { at, item in self.text(item.scalarText, origin.index(at)) }
    }

    /// An expression that is written without braces; it may hold tags, which are replaced before it is read.
    mutating func expression(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let compiled = self.text(text, origin), compiled.isLiteral else { return text.flatMap { try? TemplateText($0) } }
        do {
            let expression = try Expression(compiled.source)
            if !expression.references.isEmpty { self.mentions.append(Mention(content: .expression(expression), origin: origin)) }
        } catch {
            self.faults.add(.badExpression, at: origin, "failed to evaluate expression: " + error.message)
        }
        return compiled
    }

    /// A reference that is one tag, or the bare name of a variable.
    mutating func reference(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let compiled = self.text(text, origin) else { return nil }
        if compiled.isLiteral { self.mentions.append(Mention(content: .name(compiled.source), origin: origin)) }
        return compiled
    }

    mutating func duration(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let compiled = self.text(text, origin) else { return nil }
        if compiled.isLiteral, !compiled.source.isEmpty, Span(unitOptional: compiled.source) == nil {
            self.faults.add(
                .badNumber, at: origin, "'\(compiled.source)' is not a duration",
                hint: "write it as '30s', '5m' or '1h30m'; a bare whole number is seconds")
        }
        return compiled
    }

    mutating func compiled(_ json: JSONValue, _ origin: Origin) -> CompiledValue? {
        do {
            let value = try CompiledValue(json)
            self.remember(value, origin)
            return value
        } catch {
            // The error says nothing of where in the value it is.
            let isFound = self.findUnreadable(in: json, origin)
            if !isFound { self.unreadable(error, origin) }
            return nil
        }
    }

    mutating func compiledList(_ list: JSONValue?, _ origin: Origin) -> [CompiledValue] {
        (list?.array ?? []).enumerated().compactMap { at, item in self.compiled(item, origin.index(at)) }
    }

    private mutating func remember(_ text: TemplateText, _ origin: Origin) {
        if !text.isLiteral { self.mentions.append(Mention(content: .text(text), origin: origin)) }
    }

    private mutating func remember(_ value: CompiledValue, _ origin: Origin) {
        switch value {
        case .literal: break
        case .text(let text): self.remember(text, origin)
        case .array(let items): for (at, item) in items.enumerated() where !item.isLiteral { self.remember(item, origin.index(at)) }
        case .object(let fields):
            for (key, value) in fields {
                if !key.isLiteral { self.remember(key, origin.field(key.source)) }
                if !value.isLiteral { self.remember(value, origin.field(key.source)) }
            }
        }
    }

    /// Tells every text with a tag that cannot be read.
    private mutating func findUnreadable(in json: JSONValue, _ origin: Origin) -> Bool {
        switch json {
        case .null, .bool, .number: return false
        case .string(let text):
            do { _ = try TemplateText(text) } catch {
                self.unreadable(error, origin)
                return true
            }
            return false
        case .array(let items):
            var isFound = false
            for (at, item) in items.enumerated() where self.findUnreadable(in: item, origin.index(at)) { isFound = true }
            return isFound
        case .object(let object):
            var isFound = false
            for (key, value) in object where self.findUnreadable(in: value, origin.field(key)) { isFound = true }
            return isFound
        }
    }

    private mutating func unreadable(_ error: ExpressionError, _ origin: Origin) {
        self.faults.add(.badTag, at: origin, error.message, hint: "tags are written {{name}} or {{=expression}}")
    }
}
