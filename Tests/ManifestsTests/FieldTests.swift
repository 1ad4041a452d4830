import Diagnostics
import Manifests
import Testing
import WorkflowModel

/// Every field of every type of object: it is read and kept, and a slip in its name or its type is found where it stands.
@Suite struct FieldTests {
    static let kinds = ManifestKind.all.filter(\.isRead)

    // MARK: Kept

    @Test(arguments: kinds.map(\.name))
    func `an object with every field is read without a fault and written as it was`(kind: String) throws {
        let object = Sample.full(kind)
        for text in [object.json, object.json(indent: 2), Sample.yaml(object)] {
            let file = ManifestReader().read(file: kind, bytes: Array(text.utf8))
            let faults = file.diagnostics.filter { $0.code != .ignoredField }
            #expect(faults.isEmpty, "\(faults.first?.message ?? "") at \(faults.first?.path.text ?? "")")
            let read = try #require(file.documents.first?.value)
            #expect(Sample.difference(read, object) == nil)
            if let workflow = Workflow(read) {
                #expect(Sample.difference(workflow.raw, object) == nil)
                #expect(Sample.difference(workflow.spec.raw, object["spec"] ?? .null) == nil)
            }
        }
    }

    @Test func `values keep their digits, their order and their null`() throws {
        let text = """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: z, annotations: {b: '1.10', a: '', c: "\\u00e9\\n"}, labels: null}
            spec: {resources: {requests: {storage: 1.50Gi}}, volumeName: '007', selector: {}}
            """
        let file = ManifestReader().read(file: "x", bytes: Array(text.utf8))
        #expect(file.diagnostics.isEmpty)
        #expect(
            file.documents.first?.value.json
                == #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"z","annotations":{"b":"1.10","a":"","c":"é\n"},"labels":null},"spec":{"resources":{"requests":{"storage":"1.50Gi"}},"volumeName":"007","selector":{}}}"#
        )
    }

    @Test func `positions of older spellings are those of the text`() throws {
        let text = """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: c}
            spec:
              schedule: '@daily'
              workflowSpec:
                synchronization:
                  mutex: {name: m}
            """
        let file = ManifestReader().read(file: "x", bytes: Array(text.utf8))
        #expect(!file.hasErrors)
        let (value, changes) = try #require(file.documents.first).normalised()
        #expect(value["spec"]?.json == #"{"schedules":["@daily"],"workflowSpec":{"synchronization":{"mutexes":[{"name":"m"}]}}}"#)
        #expect(changes.map(\.position) == [SourcePosition(line: 5, column: 3), SourcePosition(line: 8, column: 7)])
    }

    // MARK: Found

    /// A field, and an object that holds it with nothing else that need not be there.
    struct Site {
        var type: Schema.ObjectType
        var field: Schema.Field
        var document: JSONValue
        var path: String
    }

    static let sites: [Site] = Sample.sites()

    @Test func `there is a place for every field`() {
        let types = Set(Self.sites.map(\.type.name))
        #expect(types.count > 180)
        #expect(Self.sites.count > 900)
    }

    @Test func `a slip in a name is found at the name, with the right one`() throws {
        for site in Self.sites {
            let wrong = Sample.misspelt(site.field.name, in: site.type)
            let document = Sample.renaming(site.document, at: site.path, to: wrong)
            let file = ManifestReader().read(file: "x", bytes: Array(Sample.yaml(document).utf8))
            let fault = file.diagnostics.first { $0.code == .unknownField }
            #expect(fault?.path.text == Sample.parent(site.path) + wrong, "\(site.type.name).\(site.field.name)")
            #expect(fault.flatMap { Self.text(of: $0, in: file) } == wrong)
            let isMetadata = site.type.name == "ObjectMeta"
            #expect(fault?.severity == (isMetadata ? .warning : .error))
            let hint = fault?.hint ?? ""
            #expect(hint.contains("'\(site.field.name)'"), "\(site.type.name).\(wrong): \(hint)")
        }
    }

    @Test func `a value of the wrong type is found at the value`() throws {
        for site in Self.sites {
            let wrong: [JSONValue] =
                switch site.field.type {
                case .any: []
                case .list, .map, .object, .plugin: ["text", 3]
                case .string: [[1], ["a": 1]]
                case .anyScalar: [[1]]
                case .integerOrString: [true, .number("1.5"), [1]]
                case .integer: ["text", true, .number("1.5"), [1]]
                case .number, .boolean: ["text", [1]]
                case .quantity, .time, .base64: [true, [1]]
                case .duration, .goDuration: [[1]]
                }
            for value in wrong {
                let document = Sample.replacing(site.document, at: site.path, by: value)
                let file = ManifestReader().read(file: "x", bytes: Array(Sample.yaml(document).utf8))
                let fault = file.diagnostics.first { $0.code == .wrongType && $0.severity == .error }
                #expect(fault?.path.text == site.path, "\(site.type.name).\(site.field.name) with \(value.json)")
                #expect(fault?.message.contains("expected ") ?? false)
            }
        }
    }

    @Test func `a value that cannot be is found at the value`() throws {
        for site in Self.sites {
            let wrong: [JSONValue] =
                switch site.field.type {
                case .string where !site.field.allowedValues.isEmpty: ["nonsense"]
                case .quantity: ["5 apples"]
                case .time: ["yesterday"]
                case .base64: ["%"]
                case .duration: ["5 apples"]
                case .goDuration: ["5"]
                default: []
                }
            for value in wrong {
                let document = Sample.replacing(site.document, at: site.path, by: value)
                let file = ManifestReader().read(file: "x", bytes: Array(Sample.yaml(document).utf8))
                let fault = file.diagnostics.first { $0.code == .badValue }
                #expect(fault?.path.text == site.path, "\(site.type.name).\(site.field.name) with \(value.json)")
                #expect(fault?.severity == (site.field.isAdvisory ? .warning : .error))
            }
        }
    }

    /// What the caret of a fault underlines.
    private static func text(of fault: Diagnostic, in file: ManifestFile) -> String? {
        guard let position = fault.position, file.lines.indices.contains(position.line - 1) else { return nil }
        return String(file.lines[position.line - 1].dropFirst(position.column - 1).prefix(fault.length))
    }
}
