import WorkflowModel

/// The manifests that Skiff reads as a JSON Schema: draft 07, which YAML language servers know best.
///
/// It is made of the very table that lint checks with, so the two never tell different stories. It is a little stricter: scalars must be
/// quoted where `kubectl` wants them to be, and a field that is left empty is refused.
struct ManifestSchema {
    private let schema: Schema
    /// What is known of fields beyond their types.
    private let notes: FieldNotes
    private var definitions: [String: JSONValue] = [:]
    private var wanted: [Definition] = []
    /// Types with a required field, in themselves or in what they hold.
    private let demanding: Set<String>

    /// A type; `isPartial` when nothing in it must be written, as below `templateDefaults`.
    private struct Definition: Hashable {
        var type: String
        var isPartial: Bool
        var name: String { self.isPartial ? self.type + ".partial" : self.type }
    }

    /// - Parameter kind: only this one (`Workflow`); nil for all that are read.
    static func document(kind: String?, schema: Schema = .argo) -> JSONValue {
        var writer = ManifestSchema(schema: schema)
        return writer.document(kinds: ManifestKind.all.filter { $0.isRead && (kind == nil || $0.name == kind) })
    }

    private init(schema: Schema) {
        self.schema = schema
        self.notes = FieldNotes()
        self.demanding = Self.demandingTypes(of: schema)
    }

    // MARK: Documents

    private mutating func document(kinds: [ManifestKind]) -> JSONValue {
        var document = JSONObject()
        document["$schema"] = "http://json-schema.org/draft-07/schema#"
        document["title"] = .string(kinds.count == 1 ? kinds[0].name : "Manifests that Skiff reads")
        if kinds.count == 1 {
            for (key, value) in self.root(kinds[0]) { document[key] = value }
        } else {
            // One question after the other, so that a validator tells of the fault and not of eight kinds that do not fit.
            document["type"] = "object"
            document["required"] = ["apiVersion", "kind"]
            document["properties"] = ["kind": ["enum": .array(kinds.map { .string($0.name) })]]
            document["allOf"] = .array(
                kinds.map { kind in
                    [
                        "if": ["properties": ["kind": ["const": .string(kind.name)]], "required": ["kind"]],
                        "then": .object(self.root(kind)),
                    ]
                })
        }
        while let definition = self.wanted.popLast() {
            self.definitions[definition.name] = .object(self.object(definition))
        }
        var definitions = JSONObject()
        for name in self.definitions.keys.sorted() { definitions[name] = self.definitions[name] }
        document["definitions"] = .object(definitions)
        return .object(document)
    }

    private mutating func root(_ kind: ManifestKind) -> JSONObject {
        var object = self.object(Definition(type: kind.name, isPartial: false))
        var properties = object["properties"]?.object ?? JSONObject()
        properties["apiVersion"] = ["const": .string(kind.apiVersion)]
        properties["kind"] = ["const": .string(kind.name)]
        object["properties"] = .object(properties)
        object["required"] = .array(["apiVersion", "kind"] + (object["required"]?.array ?? []))
        return object
    }

    // MARK: Types

    private mutating func object(_ definition: Definition) -> JSONObject {
        guard let type = self.schema.type(definition.type) else {
            preconditionFailure("the schema refers to \(definition.type), which it has not")
        }
        var properties = JSONObject()
        for field in type.fields { properties[field.name] = self.property(field, of: definition) }
        var object = JSONObject()
        object["description"] = self.notes.meaning(of: type.name).map { .string($0) }
        object["type"] = "object"
        object["properties"] = .object(properties)
        object["additionalProperties"] = false
        let required = definition.isPartial ? [] : type.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object["required"] = .array(required) }
        return object
    }

    private mutating func property(_ field: Schema.Field, of owner: Definition) -> JSONValue {
        let isPartial = owner.isPartial || field.name == "templateDefaults"
        let value = self.value(field.type, field, isPartial: isPartial)
        var notes = JSONObject()
        notes["description"] = self.notes.meaning(of: "\(owner.type).\(field.name)").map { .string($0) }
        if let successor = self.notes.successor(of: "\(owner.type).\(field.name)") {
            notes["description"] = .string(successor)
            notes["deprecated"] = true
            notes["deprecationMessage"] = .string(successor)
        }
        guard !notes.isEmpty, case .object(let object) = value else { return value }
        // In draft 07 nothing beside a reference counts.
        if object["$ref"] != nil {
            notes["allOf"] = [value]
        } else {
            for (key, part) in object { notes[key] = part }
        }
        return .object(notes)
    }

    private mutating func value(_ type: Schema.FieldType, _ field: Schema.Field, isPartial: Bool) -> JSONValue {
        switch type {
        case .string: return Self.text(field)
        case .integer: return ["type": "integer"]
        case .number: return ["type": "number"]
        case .boolean: return ["type": "boolean"]
        case .anyScalar: return ["type": ["string", "number", "boolean"]]
        case .integerOrString: return ["type": ["integer", "string"]]
        case .quantity: return ["type": ["string", "number"]]
        case .time: return ["type": "string", "format": "date-time"]
        // A bare whole number is seconds where no unit is needed.
        case .duration: return ["type": ["string", "integer"]]
        case .goDuration: return ["type": "string"]
        case .base64: return ["type": "string", "contentEncoding": "base64"]
        case .any: return true
        case .plugin: return ["type": "object", "minProperties": 1, "maxProperties": 1]
        case .list(let item): return ["type": "array", "items": self.value(item, field, isPartial: isPartial)]
        case .map(let element): return ["type": "object", "additionalProperties": self.value(element, field, isPartial: isPartial)]
        case .object(let name): return self.reference(name, isPartial: isPartial)
        }
    }

    /// One of the allowed texts; as in lint, nothing and text with tags is let through.
    private static func text(_ field: Schema.Field) -> JSONValue {
        guard !field.allowedValues.isEmpty else { return ["type": "string"] }
        return ["anyOf": [["enum": .array(field.allowedValues.map { .string($0) })], ["type": "string", "pattern": "^$|\\{\\{"]]]
    }

    private mutating func reference(_ type: String, isPartial: Bool) -> JSONValue {
        let definition = Definition(type: type, isPartial: isPartial && self.demanding.contains(type))
        if self.definitions[definition.name] == nil {
            // Taken, so that it is written once; a type may hold itself.
            self.definitions[definition.name] = true
            self.wanted.append(definition)
        }
        return ["$ref": .string("#/definitions/\(definition.name)")]
    }

    // MARK: Required fields

    private static func demandingTypes(of schema: Schema) -> Set<String> {
        var demanding = Set(schema.types.filter { $0.fields.contains(where: \.isRequired) }.map(\.name))
        var before = 0
        while before < demanding.count {
            before = demanding.count
            for type in schema.types where type.fields.contains(where: { Self.held(by: $0.type).map(demanding.contains) ?? false }) {
                demanding.insert(type.name)
            }
        }
        return demanding
    }

    /// The object type in a list, a map or by itself.
    private static func held(by type: Schema.FieldType) -> String? {
        switch type {
        case .object(let name): name
        case .list(let inner), .map(let inner): Self.held(by: inner)
        default: nil
        }
    }
}
