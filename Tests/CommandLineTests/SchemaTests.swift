import Testing
import WorkflowModel

@testable import CommandLine

/// The schema as a text; that a validator takes it is shown by `SchemaFileTests` with the real program.
@Suite struct SchemaTests {
    private let schema = ManifestSchema.document(kind: "Workflow")

    private func property(_ name: String, of type: String) -> JSONValue? { self.schema["definitions"]?[type]?["properties"]?[name] }

    @Test func `the schema of one kind is that of its objects`() async throws {
        #expect(self.schema["$schema"] == "http://json-schema.org/draft-07/schema#")
        #expect(self.schema["required"] == ["apiVersion", "kind", "spec"])
        #expect(self.schema["properties"]?["kind"] == ["const": "Workflow"])
        #expect(self.schema["properties"]?["apiVersion"] == ["const": "argoproj.io/v1alpha1"])
        let program = TestProgram()
        #expect(await program.run("schema", "wf") == 0)
        #expect(try JSONValue(json: program.console.output) == self.schema)
    }

    @Test func `without a kind every kind that is read has its turn`() async throws {
        let program = TestProgram()
        #expect(await program.run("schema") == 0)
        let all = try JSONValue(json: program.console.output)
        #expect(all["properties"]?["kind"]?["enum"]?.array?.compactMap(\.string) == KindName.known)
        #expect(all["allOf"]?.array?.count == KindName.known.count)
    }

    @Test func `an unknown kind is bad usage`() async {
        let program = TestProgram()
        #expect(await program.run("schema", "Workfow") == 2)
        #expect(program.console.errors.contains("there is no kind 'Workfow'; did you mean 'workflows'?"))
    }

    @Test func `every type is closed, and refers only to types that are there`() {
        let definitions = self.schema["definitions"]?.object ?? JSONObject()
        #expect(definitions.count > 100)
        var references: Set<String> = []
        func gather(_ value: JSONValue) {
            switch value {
            case .object(let object):
                if let reference = object["$ref"]?.string { references.insert(reference) }
                object.values.forEach(gather)
            case .array(let items): items.forEach(gather)
            case .null, .bool, .number, .string: break
            }
        }
        gather(self.schema)
        #expect(definitions.values.allSatisfy { $0["additionalProperties"] == false })
        #expect(references == Set(definitions.keys.map { "#/definitions/\($0)" }))
    }

    @Test func `types, required fields and allowed values are those of the table`() {
        #expect(self.property("limit", of: "RetryStrategy")?["type"] == ["integer", "string"])
        #expect(self.property("value", of: "Parameter")?["type"] == ["string", "number", "boolean"])
        #expect(self.schema["definitions"]?["Parameter"]?["required"] == ["name"])
        #expect(self.property("nodeSelector", of: "WorkflowSpec")?["additionalProperties"] == ["type": "string"])
        #expect(
            self.property("retryPolicy", of: "RetryStrategy")?["anyOf"]?[0]?["enum"] == [
                "Always", "OnFailure", "OnError", "OnTransientError",
            ])
        #expect(self.property("steps", of: "Template")?["items"] == ["type": "array", "items": ["$ref": "#/definitions/WorkflowStep"]])
    }

    @Test func `below templateDefaults nothing is required`() {
        #expect(self.property("templateDefaults", of: "WorkflowSpec")?["allOf"] == [["$ref": "#/definitions/Template.partial"]])
        #expect(self.schema["definitions"]?["Parameter.partial"]?["required"] == nil)
    }

    @Test func `fields are described, old ones by what replaces them`() {
        #expect(self.property("entrypoint", of: "WorkflowSpec")?["description"] == "The template to start from.")
        let mutex = self.property("mutex", of: "Synchronization")
        #expect(mutex?["deprecated"] == true)
        #expect(mutex?["description"] == "'mutex' is now an item of 'mutexes'")
    }

    @Test func `descriptions are of types and fields that exist`() {
        for name in FieldNotes().names {
            let parts = name.split(separator: ".").map(String.init)
            let type = Schema.argo.type(parts[0])
            #expect(type != nil && (parts.count == 1 || type?.field(parts[1]) != nil), "\(name)")
        }
        for name in OlderSpelling.successors.keys {
            let parts = name.split(separator: ".").map(String.init)
            #expect(Schema.argo.type(parts[0])?.field(parts[1]) != nil, "\(name)")
        }
    }
}
