import Diagnostics
import WorkflowModel

/// Compares one object with its schema: reports every field that does not fit, and makes text of scalars that must be text.
struct SchemaChecker {
    private let schema: Schema
    private let source: SourceMap
    /// How bad an unknown field is.
    private let unknownFields: Severity
    /// No message may quote a value.
    private let isSecret: Bool
    private(set) var diagnostics: [Diagnostic] = []
    private var path: [Step] = []
    /// The object types around the current value, the nearest last.
    private var enclosing: [Schema.ObjectType] = []
    /// Below `templateDefaults`, where nothing must be written.
    private var isPartial = false

    private enum Step {
        case field(String)
        case index(Int)
    }

    init(schema: Schema = .argo, source: SourceMap, unknownFields: Severity, isSecret: Bool) {
        self.schema = schema
        self.source = source
        self.unknownFields = unknownFields
        self.isSecret = isSecret
    }

    /// - Returns: the object as the schema wants it.
    mutating func check(_ value: JSONValue, as kind: String) -> JSONValue {
        guard let document = self.source.document else { return value }
        return self.check(value, at: document, as: .object(kind), field: nil) ?? value
    }

    /// Of an object of a kind that is not read, all that is known is what its metadata looks like. Nothing depends on it, so faults are
    /// warnings.
    mutating func checkMetadata(of value: JSONValue) {
        guard let document = self.source.document, let metadata = value["metadata"],
            let place = self.source.children(of: document).first(where: { self.source.name(of: $0) == "metadata" })
        else { return }
        self.path = [.field("metadata")]
        _ = self.check(metadata, at: place, as: .object("ObjectMeta"), field: nil)
        self.path = []
        for index in self.diagnostics.indices { self.diagnostics[index].severity = min(self.diagnostics[index].severity, .warning) }
    }

    // MARK: Values

    /// - Returns: what the value must be replaced with; nil when it stays.
    private mutating func check(_ value: JSONValue, at place: SourceMap.Place, as type: Schema.FieldType, field: Schema.Field?)
        -> JSONValue?
    {
        // Kubernetes reads null as "not written", whatever the type.
        if value.isNull { return nil }
        switch type {
        case .any: return nil
        case .object(let name): return self.checkObject(value, at: place, as: name)
        case .list(let item): return self.checkList(value, at: place, of: item, field: field)
        case .map(let element): return self.checkMap(value, at: place, of: element)
        case .string: return self.checkString(value, at: place, field: field)
        case .anyScalar: return self.checkAnyScalar(value, at: place)
        case .plugin: self.checkPlugin(value, at: place)
        case .integer: self.checkInteger(value, at: place)
        case .number: if case .number = value {} else { self.reportType(value, at: place, expected: "a number") }
        case .boolean: if case .bool = value {} else { self.reportType(value, at: place, expected: "true or false") }
        case .integerOrString: self.checkIntegerOrString(value, at: place)
        case .quantity: return self.checkQuantity(value, at: place)
        case .time: self.checkTime(value, at: place)
        case .duration, .goDuration: return self.checkDuration(value, at: place, needsUnit: type == .goDuration)
        case .base64: self.checkBase64(value, at: place)
        }
        return nil
    }

    private mutating func checkObject(_ value: JSONValue, at place: SourceMap.Place, as name: String) -> JSONValue? {
        guard let type = self.schema.type(name) else { preconditionFailure("the schema refers to \(name), which it has not") }
        guard case .object(var object) = value else {
            self.reportType(value, at: place, expected: "a map")
            return nil
        }
        var isChanged = false
        var places = self.source.children(of: place)
        for (key, child) in object {
            guard let childPlace = places.next() else { break }
            self.path.append(.field(key))
            if let field = type.field(key) {
                if let changed = self.checkField(child, at: childPlace, field: field, of: type) {
                    object[key] = changed
                    isChanged = true
                }
            } else {
                self.reportUnknown(key, at: childPlace, in: type, object: object)
            }
            self.path.removeLast()
        }
        if !self.isPartial { self.checkRequired(object, at: place, of: type) }
        return isChanged ? .object(object) : nil
    }

    private mutating func checkField(
        _ value: JSONValue, at place: SourceMap.Place, field: Schema.Field, of type: Schema.ObjectType
    ) -> JSONValue? {
        if let note = OldFields.ignored[type.name + "." + field.name], !value.isNull {
            self.report(.ignoredField, .warning, at: self.source.key(place), length: field.name.count, note, hint: "remove it")
        }
        self.enclosing.append(type)
        let wasPartial = self.isPartial
        if field.name == "templateDefaults" { self.isPartial = true }
        defer {
            self.enclosing.removeLast()
            self.isPartial = wasPartial
        }
        return self.check(value, at: place, as: field.type, field: field)
    }

    private mutating func checkRequired(_ object: JSONObject, at place: SourceMap.Place, of type: Schema.ObjectType) {
        for field in type.fields where field.isRequired && object[field.name]?.isNull ?? true {
            self.report(
                .missingField, .error, at: self.source.key(place), "\(self.subject(of: type)) has no '\(field.name)'",
                hint: "add '\(field.name)', \(Self.article(of: field.type))")
        }
        if type.name == "CronWorkflowSpec", object["schedules"]?.isNull ?? true, object["schedule"]?.isNull ?? true {
            self.report(
                .missingField, .error, at: self.source.key(place), "\(self.subject(of: type)) has no 'schedules'",
                hint: "add 'schedules', a list of strings")
        }
    }

    private mutating func checkList(_ value: JSONValue, at place: SourceMap.Place, of item: Schema.FieldType, field: Schema.Field?)
        -> JSONValue?
    {
        guard case .array(var items) = value else {
            self.reportType(value, at: place, expected: Self.article(of: .list(item)), hint: self.listHint(of: item))
            return nil
        }
        var isChanged = false
        for (index, childPlace) in self.source.children(of: place).enumerated() where index < items.count {
            self.path.append(.index(index))
            if items[index].isNull, item != .any {
                self.report(
                    .wrongType, .warning, at: self.source.value(childPlace), "\(self.subject) is empty",
                    hint: "remove it, or write '' for an empty text")
                items[index] = item == .string || item == .anyScalar ? "" : items[index]
                isChanged = true
            } else if let changed = self.check(items[index], at: childPlace, as: item, field: field) {
                items[index] = changed
                isChanged = true
            }
            self.path.removeLast()
        }
        return isChanged ? .array(items) : nil
    }

    private mutating func checkMap(_ value: JSONValue, at place: SourceMap.Place, of element: Schema.FieldType) -> JSONValue? {
        guard case .object(var object) = value else {
            self.reportType(value, at: place, expected: "a map")
            return nil
        }
        var isChanged = false
        var places = self.source.children(of: place)
        for (key, child) in object {
            guard let childPlace = places.next() else { break }
            self.path.append(.field(key))
            if let changed = self.check(child, at: childPlace, as: element, field: nil) {
                object[key] = changed
                isChanged = true
            }
            self.path.removeLast()
        }
        return isChanged ? .object(object) : nil
    }

    // MARK: Scalars

    private mutating func checkString(_ value: JSONValue, at place: SourceMap.Place, field: Schema.Field?) -> JSONValue? {
        guard let text = value.scalarText else {
            self.reportType(value, at: place, expected: "a string")
            return nil
        }
        if let field, !field.allowedValues.isEmpty { self.checkAllowed(text, at: place, field: field) }
        if case .string = value { return nil }
        self.reportUnquoted(value, text, at: place, isFine: false)
        return .string(text)
    }

    private mutating func checkAnyScalar(_ value: JSONValue, at place: SourceMap.Place) -> JSONValue? {
        if case .string = value { return nil }
        guard let text = value.scalarText else {
            self.reportType(
                value, at: place, expected: "a string, a number, true or false", hint: "write a list or a map as JSON in quotes: '[1, 2]'")
            return nil
        }
        self.reportUnquoted(value, text, at: place, isFine: true)
        return .string(text)
    }

    private mutating func checkAllowed(_ text: String, at place: SourceMap.Place, field: Schema.Field) {
        guard !text.isEmpty, !field.allowedValues.contains(text), !text.contains("{{") else { return }
        let close = Spelling.closest(to: text, among: field.allowedValues)
        self.report(
            .badValue, field.isAdvisory ? .warning : .error, at: self.source.value(place), length: text.count,
            "\(self.subject) is \(self.quoted(text)), expected one of \(field.allowedValues.joined(separator: ", "))",
            hint: close.map { "did you mean '\($0)'?" })
    }

    private mutating func checkInteger(_ value: JSONValue, at place: SourceMap.Place) {
        if case .number = value, value.integer != nil { return }
        if case .string(let text) = value, Int64(text) != nil {
            return self.reportType(value, at: place, expected: "a whole number", hint: "remove the quotes")
        }
        self.reportType(value, at: place, expected: "a whole number")
    }

    private mutating func checkIntegerOrString(_ value: JSONValue, at place: SourceMap.Place) {
        if case .string = value { return }
        if case .number = value, value.integer != nil { return }
        self.reportType(value, at: place, expected: "a whole number or a string")
    }

    private mutating func checkQuantity(_ value: JSONValue, at place: SourceMap.Place) -> JSONValue? {
        guard let text = value.scalarText, value.bool == nil else {
            self.reportType(value, at: place, expected: "a quantity like 500m or 1Gi")
            return nil
        }
        if !Quantity.isQuantity(text) {
            let isTag = text.contains("{{")
            self.report(
                .badValue, .error, at: self.source.value(place), length: text.count,
                "\(self.subject) is \(self.quoted(text)), expected a quantity like 500m or 1Gi",
                hint: isTag ? "set it with 'podSpecPatch', which may hold tags" : nil)
        }
        if case .string = value { return nil }
        return .string(text)
    }

    private mutating func checkTime(_ value: JSONValue, at place: SourceMap.Place) {
        guard case .string(let text) = value else { return self.reportType(value, at: place, expected: "a time like 2026-11-21T04:32:00Z") }
        guard Timestamp(rfc3339: text) == nil else { return }
        self.report(
            .badValue, .error, at: self.source.value(place), length: text.count,
            "\(self.subject) is \(self.quoted(text)), expected a time like 2026-11-21T04:32:00Z", hint: nil)
    }

    private mutating func checkDuration(_ value: JSONValue, at place: SourceMap.Place, needsUnit: Bool) -> JSONValue? {
        guard let text = value.scalarText, value.bool == nil else {
            self.reportType(value, at: place, expected: "a duration like 90s or 1h30m")
            return nil
        }
        let isDuration = text.isEmpty || text.contains("{{") || (needsUnit ? Span(goDuration: text) : Span(unitOptional: text)) != nil
        if !isDuration {
            self.report(
                .badValue, .error, at: self.source.value(place), length: text.count,
                "\(self.subject) is \(self.quoted(text)), expected a duration like 90s or 1h30m",
                hint: Int64(text) == nil ? nil : "write the unit: '\(text)s'")
        }
        if case .string = value { return nil }
        return .string(text)
    }

    private mutating func checkBase64(_ value: JSONValue, at place: SourceMap.Place) {
        guard case .string(let text) = value else { return self.reportType(value, at: place, expected: "a string in base64") }
        guard Base64.decoded(text) == nil else { return }
        let isData = self.isSecret && self.path.count == 2
        self.report(
            .badValue, .error, at: self.source.value(place), "\(self.subject) is not base64",
            hint: isData ? "write plain text under 'stringData' instead of 'data'" : nil)
    }

    private mutating func checkPlugin(_ value: JSONValue, at place: SourceMap.Place) {
        guard case .object(let object) = value else {
            return self.reportType(value, at: place, expected: "a map with one key, the plugin's name")
        }
        guard object.count != 1 else { return }
        self.report(
            .badValue, .error, at: self.source.key(place),
            "\(self.subject) has \(object.count) keys, expected exactly one, the plugin's name", hint: nil)
    }
}

// MARK: Messages

extension SchemaChecker {
    private var fieldPath: FieldPath {
        self.path.reduce(FieldPath()) { path, step in
            switch step {
            case .field(let name): path.field(name)
            case .index(let index): path.index(index)
            }
        }
    }

    /// The current value in words: `'image'`, `item 2 of 'command'`.
    private var subject: String {
        guard let name = self.path.lastIndex(where: { if case .field = $0 { true } else { false } }),
            case .field(let field) = self.path[name]
        else {
            return "the document"
        }
        guard name < self.path.count - 1, case .index(let index) = self.path[self.path.count - 1] else { return "'\(field)'" }
        return "item \(index + 1) of '\(field)'"
    }

    /// The current object in words; the document by its kind.
    private func subject(of type: Schema.ObjectType) -> String { self.path.isEmpty ? type.name : self.subject }

    private mutating func report(
        _ code: DiagnosticCode, _ severity: Severity, at position: SourcePosition, length: Int = 1, _ message: String, hint: String?
    ) {
        self.diagnostics.append(
            Diagnostic(
                code, severity, file: self.source.file, path: self.fieldPath, position: position, length: max(length, 1), message: message,
                hint: hint))
    }

    private func quoted(_ text: String) -> String {
        guard !self.isSecret else { return "something else" }
        return text.count > 40 ? "'\(text.prefix(39))…'" : "'\(text)'"
    }

    /// What the value is, in words: `the string 'abc'`, `a list`.
    private func described(_ value: JSONValue) -> String {
        switch value {
        case .null: "empty"
        case .bool(let flag): self.isSecret ? "true or false" : flag ? "true" : "false"
        case .number(let digits): self.isSecret ? "a number" : "the number \(digits)"
        case .string(let text): self.isSecret ? "a string" : text.isEmpty ? "an empty string" : "the string \(self.quoted(text))"
        case .array: "a list"
        case .object: "a map"
        }
    }

    private mutating func reportType(_ value: JSONValue, at place: SourceMap.Place, expected: String, hint: String? = nil) {
        let length = value.scalarText?.count ?? 1
        self.report(
            .wrongType, .error, at: self.source.value(place), length: length,
            "\(self.subject) is \(self.described(value)), expected \(expected)",
            hint: hint)
    }

    /// A type in words: `a list of strings`.
    private static func article(of type: Schema.FieldType) -> String {
        switch type {
        case .string, .any, .anyScalar, .time: "a string"
        case .base64: "a string in base64"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .integerOrString: "a whole number or a string"
        case .quantity: "a quantity like 500m or 1Gi"
        case .duration, .goDuration: "a duration like 90s or 1h30m"
        case .map, .object, .plugin: "a map"
        case .list(let item):
            switch item {
            case .string, .anyScalar: "a list of strings"
            case .list: "a list of lists"
            default: "a list"
            }
        }
    }

    /// What a person who wrote no list should do.
    private func listHint(of item: Schema.FieldType) -> String {
        if case .index = self.path.last {
            return "steps that run side by side form a list in the list: start the item with '- - name: …'"
        }
        return "start each item on a line of its own with '- '"
    }

    /// A number or truth value where text is wanted: it is taken as text, as Argo's command line does, but `kubectl` may refuse it, and
    /// the text may not be what was written (`1.10` is the number 1.1).
    private mutating func reportUnquoted(_ value: JSONValue, _ text: String, at place: SourceMap.Place, isFine: Bool) {
        let position = self.source.value(place)
        let written = self.isSecret ? text : self.written(at: position)
        if written == text {
            guard !isFine else { return }
            self.report(
                .unquotedString, .hint, at: position, length: text.count, "\(self.subject) is \(self.described(value)), expected a string",
                hint: "put quotes around it; Skiff and the argo command take it as text, kubectl does not")
        } else {
            self.report(
                .unquotedString, .warning, at: position, length: written.count,
                "\(self.subject) is written \(self.quoted(written)), which YAML reads as \(text)",
                hint: "put quotes around it if the text is meant")
        }
    }

    /// The plain scalar that starts at a position, as its author wrote it.
    private func written(at position: SourcePosition) -> String {
        guard self.source.lines.indices.contains(position.line - 1) else { return "" }
        let rest = self.source.lines[position.line - 1].dropFirst(position.column - 1)
        return String(rest.prefix { !" \t,]}#".contains($0) })
    }
}

// MARK: Unknown fields

extension SchemaChecker {
    private mutating func reportUnknown(_ name: String, at place: SourceMap.Place, in type: Schema.ObjectType, object: JSONObject) {
        if let note = OldFields.misplaced[type.name + "." + name] {
            return self.report(.ignoredField, .warning, at: self.source.key(place), length: name.count, note.message, hint: note.hint)
        }
        // Kubernetes drops what it does not know from the metadata of an object, so such a manifest works there.
        let severity = type.name == "ObjectMeta" ? min(self.unknownFields, .warning) : self.unknownFields
        self.report(
            .unknownField, severity, at: self.source.key(place), length: name.count, "unknown field '\(name)' in \(type.name)",
            hint: self.hint(forUnknown: name, in: type, object: object))
    }

    private func hint(forUnknown name: String, in type: Schema.ObjectType, object: JSONObject) -> String {
        if let note = OldFields.removed[type.name + "." + name] { return note }
        let names = type.fields.map(\.name)
        let folded = Self.folded(name)
        if let same = names.first(where: { Self.folded($0) == folded }) { return "did you mean '\(same)'?" }
        if let below = self.fieldBelow(with: name, in: type, object: object) { return "'\(name)' is a field of \(below): move it there" }
        if let above = self.enclosing.reversed().prefix(3).first(where: { $0.field(name) != nil }) {
            return "'\(name)' is a field of \(above.name), further up: indent it less"
        }
        if let close = Spelling.closest(to: name, among: names.filter { object[$0] == nil } + names) { return "did you mean '\(close)'?" }
        return Self.list(names, in: type)
    }

    /// `on_exit`, `OnExit` and `onexit` are all `onExit`.
    private static func folded(_ name: String) -> String { name.lowercased().filter { $0 != "_" && $0 != "-" } }

    /// The field of the object, best one that is written, whose own type (or whose items' type) has a field of that name.
    private func fieldBelow(with name: String, in type: Schema.ObjectType, object: JSONObject) -> String? {
        let owners = type.fields.compactMap { field -> (isWritten: Bool, text: String)? in
            switch field.type {
            case .object(let inner) where field.name != "templateDefaults" && self.schema.type(inner)?.field(name) != nil:
                (object[field.name] != nil, "'\(field.name)'")
            case .list(.object(let inner)) where self.schema.type(inner)?.field(name) != nil:
                (object[field.name] != nil, "the items of '\(field.name)'")
            default: nil
            }
        }
        let written = owners.filter(\.isWritten)
        if written.count == 1 { return written[0].text }
        return owners.count == 1 ? owners[0].text : nil
    }

    private static func list(_ names: [String], in type: Schema.ObjectType) -> String {
        guard !names.isEmpty else { return "\(type.name) has no fields" }
        let most = 12
        let shown = names.prefix(names.count > most + 2 ? most : names.count).joined(separator: ", ")
        return names.count > most + 2
            ? "fields of \(type.name): \(shown) and \(names.count - most) more" : "fields of \(type.name): \(shown)"
    }
}

/// Fields that Argo does not have, or no longer, and that need more than a suggestion.
enum OldFields {
    /// Read without effect.
    static let ignored = [
        "WorkflowSpec.podPriority": "'podPriority' has no effect since Argo Workflows 4.0",
        "Template.priority": "'priority' of a template has no effect since Argo Workflows 4.0",
    ]
    /// Never were fields, but Argo's controller leaves them be, and manifests with them are about.
    static let misplaced = [
        "Template.hooks": (
            message: "'hooks' of a template have no effect", hint: "put them on the step or task that uses it, or on the workflow's spec"
        )
    ]
    /// Refused, and what to do instead.
    static let removed = [
        "Template.template": "Argo Workflows 2 let a template be another template: refer to that template where this one is used",
        "Template.templateRef": "Argo Workflows 2 let a template be another template: put 'templateRef' on the step or task",
        "Template.arguments": "arguments belong to the step or task that uses this template; a template has 'inputs'",
    ]
}

/// Amounts as Kubernetes writes them.
enum Quantity {
    private static let suffixes: Set<String> = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    /// Whether the text is a decimal number with a suffix (`1.5Gi`) or an exponent (`1e3`).
    static func isQuantity(_ text: String) -> Bool {
        var rest = text[...]
        if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
        let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard digits.contains(where: { $0 != "." }), digits.filter({ $0 == "." }).count <= 1 else { return false }
        rest = rest.dropFirst(digits.count)
        if Self.suffixes.contains(String(rest)) { return true }
        guard rest.first == "e" || rest.first == "E" else { return false }
        return Int(rest.dropFirst()) != nil
    }
}
