import Diagnostics
import Expressions
import WorkflowModel

extension String {
    /// Whether there may be a tag in it.
    var hasTag: Bool {
        var previous: UInt8 = 0
        for byte in self.utf8 {
            if byte == UInt8(ascii: "{"), previous == byte { return true }
            previous = byte
        }
        return false
    }
}

/// Compiling texts. Each that may refer to something is remembered, so that no reference goes unjudged.
extension Planner {
    mutating func text(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let text else { return nil }
        do {
            let compiled = try TemplateText(text)
            self.remember(compiled, origin)
            return compiled
        } catch {
            self.unreadable(error, text, origin)
            return nil
        }
    }

    mutating func texts(_ list: JSONValue?, _ origin: Origin) -> [TemplateText] {
        (list?.array ?? []).enumerated().compactMap { at, item in self.text(item.scalarText, origin.index(at)) }
    }

    /// An expression that is written without braces; it may hold tags, which are replaced before it is read.
    mutating func expression(_ text: String?, _ origin: Origin) -> TemplateText? {
        guard let compiled = self.text(text, origin) else { return nil }
        guard compiled.isLiteral else {
            self.mentions.append(Mention(content: .unread(compiled.source), origin: origin))
            return compiled
        }
        do {
            let expression = try Expression(compiled.source)
            if !expression.references.isEmpty { self.mentions.append(Mention(content: .expression(expression), origin: origin)) }
        } catch {
            self.faults.add(
                .badExpression, at: origin, in: compiled.source, offset: error.offset, "failed to evaluate expression: " + error.message)
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
                .badNumber, at: origin, word: compiled.source, "'\(compiled.source)' is not a duration",
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
            // The error is the first one only, and says nothing of where in the value it is.
            self.findUnreadable(in: json, origin)
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
    private mutating func findUnreadable(in json: JSONValue, _ origin: Origin) {
        switch json {
        case .null, .bool, .number: break
        case .string(let text): do { _ = try TemplateText(text) } catch { self.unreadable(error, text, origin) }
        case .array(let items): for (at, item) in items.enumerated() { self.findUnreadable(in: item, origin.index(at)) }
        case .object(let object):
            for (key, value) in object {
                do { _ = try TemplateText(key) } catch { self.unreadable(error, key, origin.field(key)) }
                self.findUnreadable(in: value, origin.field(key))
            }
        }
    }

    private mutating func unreadable(_ error: ExpressionError, _ text: String, _ origin: Origin) {
        self.faults.add(
            .badTag, at: origin, in: text, offset: error.offset, error.message, hint: "tags are written {{name}} or {{=expression}}")
    }
}
