import Testing

@testable import WorkflowModel

@Suite struct SchemaTests {
    private static let typeNames = String(describing: schemaTable).split(separator: "\n").map { String($0.prefix { $0 != " " }) }

    @Test func `each type that the table names is in it`() throws {
        #expect(Self.typeNames.count > 150)
        for name in Self.typeNames {
            let type = try #require(Schema.argo.type(name))
            for field in type.fields {
                var inner = field.type
                while true {
                    switch inner {
                    case .list(let item): inner = item
                    case .map(let element): inner = element
                    default: break
                    }
                    if case .list = inner { continue }
                    if case .map = inner { continue }
                    break
                }
                if case .object(let other) = inner { #expect(Schema.argo.type(other) != nil, "\(name).\(field.name)") }
            }
        }
    }

    @Test func `each field is found by its name`() throws {
        for name in Self.typeNames {
            let type = try #require(Schema.argo.type(name))
            for field in type.fields { #expect(type.field(field.name) == field) }
            #expect(type.field("") == nil && type.field("zzz") == nil)
        }
        #expect(Schema.argo.type("") == nil)
        #expect(Schema.argo.type("Zzz") == nil)
    }

    @Test func `each kind that is read has a type`() {
        for kind in ManifestKind.all where kind.isRead { #expect(Schema.argo.type(kind.name) != nil, "\(kind.name)") }
        #expect(ManifestKind.named("CronWorkflow")?.apiVersion == "argoproj.io/v1alpha1")
        #expect(ManifestKind.named("Workfow") == nil)
    }

    @Test func `the table says what the definitions say`() throws {
        let template = try #require(Schema.argo.type("Template"))
        #expect(template.field("steps")?.type == .list(.list(.object("WorkflowStep"))))
        #expect(template.field("activeDeadlineSeconds")?.type == .integerOrString)
        #expect(template.field("nodeSelector")?.type == .map(.string))
        #expect(template.field("plugin")?.type == .plugin)
        #expect(Schema.argo.type("Parameter")?.field("value")?.type == .anyScalar)
        #expect(Schema.argo.type("Parameter")?.field("name")?.isRequired == true)
        #expect(Schema.argo.type("DAGTask")?.field("withItems")?.type == .list(.any))
        #expect(Schema.argo.type("ResourceRequirements")?.field("limits")?.type == .map(.quantity))
        #expect(Schema.argo.type("HTTPGetAction")?.field("httpHeaders")?.type == .list(.object("HTTPGetHeader")))
        #expect(Schema.argo.type("HTTP")?.field("headers")?.type == .list(.object("HTTPHeader")))
        let policy = try #require(Schema.argo.type("RetryStrategy")?.field("retryPolicy"))
        #expect(policy.allowedValues == ["Always", "OnFailure", "OnError", "OnTransientError"] && !policy.isAdvisory)
        #expect(Schema.argo.type("Container")?.field("imagePullPolicy")?.isAdvisory == true)
    }
}
