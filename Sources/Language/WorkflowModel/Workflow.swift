// Argo's kinds as values. Each is read from JSON that the schema has already checked, so reading never fails: a field of the wrong type is
// treated as absent here because the manifest's author has been told elsewhere. `raw` keeps what Skiff does not interpret.

/// Name, labels and the like of any object.
public struct ObjectMeta: Sendable, Equatable {
    public var name: String?
    public var generateName: String?
    public var namespace: String?
    public var uid: String?
    public var creationTimestamp: Timestamp?
    public var labels: [(key: String, value: String)]
    public var annotations: [(key: String, value: String)]

    public init(_ json: JSONValue?) {
        self.name = json?["name"]?.string
        self.generateName = json?["generateName"]?.string
        self.namespace = json?["namespace"]?.string
        self.uid = json?["uid"]?.string
        self.creationTimestamp = json?["creationTimestamp"]?.string.flatMap { Timestamp(rfc3339: $0) }
        self.labels = pairs(json?["labels"])
        self.annotations = pairs(json?["annotations"])
    }

    public static func == (left: ObjectMeta, right: ObjectMeta) -> Bool {
        left.name == right.name && left.generateName == right.generateName && left.namespace == right.namespace && left.uid == right.uid
            && left.creationTimestamp == right.creationTimestamp && left.labels.elementsEqual(right.labels, by: ==)
            && left.annotations.elementsEqual(right.annotations, by: ==)
    }
}

func pairs(_ json: JSONValue?) -> [(key: String, value: String)] {
    (json?.object).map { object in object.compactMap { key, value in value.scalarText.map { (key: key, value: $0) } } } ?? []
}

/// The kinds that hold a WorkflowSpec and take part in planning.
public enum WorkflowKind: String, Sendable {
    case workflow = "Workflow"
    case workflowTemplate = "WorkflowTemplate"
    case clusterWorkflowTemplate = "ClusterWorkflowTemplate"
}

/// A Workflow, WorkflowTemplate or ClusterWorkflowTemplate.
public struct Workflow: Sendable, Equatable {
    public var kind: WorkflowKind
    public var metadata: ObjectMeta
    public var spec: WorkflowSpec
    public var raw: JSONValue

    /// nil when the object is of another kind.
    public init?(_ json: JSONValue) {
        guard let kind = json["kind"]?.string.flatMap({ WorkflowKind(rawValue: $0) }) else { return nil }
        self.kind = kind
        self.metadata = ObjectMeta(json["metadata"])
        self.spec = WorkflowSpec(json["spec"] ?? .object(JSONObject()))
        self.raw = json
    }
}

public struct WorkflowSpec: Sendable, Equatable {
    public var entrypoint: String?
    public var arguments: Arguments
    public var templates: [Template]
    public var workflowTemplateRef: WorkflowTemplateRef?
    public var onExit: String?
    public var hooks: [LifecycleHook]
    public var templateDefaults: JSONValue?
    public var retryStrategy: RetryStrategy?
    public var parallelism: Int?
    public var activeDeadlineSeconds: Int64?
    public var serviceAccountName: String?
    public var priority: Int?
    public var volumes: [JSONValue]
    public var volumeClaimTemplates: [JSONValue]
    public var raw: JSONValue

    public init(_ json: JSONValue) {
        self.entrypoint = json["entrypoint"]?.string
        self.arguments = Arguments(json["arguments"])
        self.templates = (json["templates"]?.array ?? []).map(Template.init)
        self.workflowTemplateRef = json["workflowTemplateRef"].flatMap(WorkflowTemplateRef.init)
        self.onExit = json["onExit"]?.string
        self.hooks = LifecycleHook.all(json["hooks"])
        self.templateDefaults = json["templateDefaults"]
        self.retryStrategy = json["retryStrategy"].flatMap(RetryStrategy.init)
        self.parallelism = json["parallelism"]?.integer.flatMap { Int(exactly: $0) }
        self.activeDeadlineSeconds = json["activeDeadlineSeconds"]?.integer
        self.serviceAccountName = json["serviceAccountName"]?.string
        self.priority = json["priority"]?.integer.flatMap { Int(exactly: $0) }
        self.volumes = json["volumes"]?.array ?? []
        self.volumeClaimTemplates = json["volumeClaimTemplates"]?.array ?? []
        self.raw = json
    }
}

public struct WorkflowTemplateRef: Sendable, Equatable {
    public var name: String
    public var clusterScope: Bool
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.name = json["name"]?.string ?? ""
        self.clusterScope = json["clusterScope"]?.bool ?? false
    }
}

public struct TemplateRef: Sendable, Equatable {
    public var name: String
    public var template: String
    public var clusterScope: Bool
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.name = json["name"]?.string ?? ""
        self.template = json["template"]?.string ?? ""
        self.clusterScope = json["clusterScope"]?.bool ?? false
    }
}

/// What kind of work a template is, in the order in which Argo looks for it.
public enum TemplateType: String, Sendable, CaseIterable {
    case container, containerSet, steps, dag, script, resource, data, suspend, http, plugin

    public var makesPod: Bool {
        switch self {
        case .container, .containerSet, .script, .resource, .data: true
        case .steps, .dag, .suspend, .http, .plugin: false
        }
    }
    public var isLeaf: Bool { self.makesPod || self == .http || self == .plugin }
}

public struct Template: Sendable, Equatable {
    public var name: String?
    /// Every kind of work that is given; a sound template has exactly one.
    public var types: [TemplateType]
    public var inputs: Inputs
    public var outputs: Outputs
    public var steps: [[WorkflowStep]]
    public var dag: DAGTemplate?
    public var retryStrategy: RetryStrategy?
    public var parallelism: Int?
    public var failFast: Bool?
    /// Durations and numbers stay text where Argo takes a tag.
    public var timeout: String?
    public var activeDeadlineSeconds: String?
    public var daemon: Bool
    public var annotations: [(key: String, value: String)]
    public var raw: JSONValue

    public init(_ json: JSONValue) {
        self.name = json["name"]?.string
        self.types = TemplateType.allCases.filter { !(json[$0.rawValue]?.isNull ?? true) }
        self.inputs = Inputs(json["inputs"])
        self.outputs = Outputs(json["outputs"])
        // Argo accepts both a list of lists and, in a group of its own, a list of steps.
        self.steps = (json["steps"]?.array ?? []).map { group in (group.array ?? [group]).map(WorkflowStep.init) }
        self.dag = json["dag"].flatMap(DAGTemplate.init)
        self.retryStrategy = json["retryStrategy"].flatMap(RetryStrategy.init)
        self.parallelism = json["parallelism"]?.integer.flatMap { Int(exactly: $0) }
        self.failFast = json["failFast"]?.bool
        self.timeout = json["timeout"]?.scalarText
        self.activeDeadlineSeconds = json["activeDeadlineSeconds"]?.scalarText
        self.daemon = json["daemon"]?.bool ?? false
        self.annotations = pairs(json["annotations"])
        self.raw = json
    }

    public static func == (left: Template, right: Template) -> Bool { left.raw == right.raw }
}

/// A step of a steps template or a task of a DAG: what to run, with what, when and how often.
public struct WorkflowStep: Sendable, Equatable {
    public var name: String
    public var template: String?
    public var templateRef: TemplateRef?
    public var inline: Template?
    public var arguments: Arguments
    public var when: String?
    public var withItems: [JSONValue]?
    public var withParam: String?
    public var withSequence: SequenceRange?
    public var continueOn: ContinueOn
    public var onExit: String?
    public var hooks: [LifecycleHook]
    /// DAG tasks only.
    public var dependencies: [String]?
    public var depends: String?
    public var raw: JSONValue

    public init(_ json: JSONValue) {
        self.name = json["name"]?.string ?? ""
        self.template = json["template"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.templateRef = json["templateRef"].flatMap(TemplateRef.init)
        self.inline = json["inline"].flatMap { $0.object == nil ? nil : Template($0) }
        self.arguments = Arguments(json["arguments"])
        self.when = json["when"]?.scalarText.flatMap { $0.isEmpty ? nil : $0 }
        self.withItems = json["withItems"]?.array
        self.withParam = json["withParam"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.withSequence = json["withSequence"].flatMap(SequenceRange.init)
        self.continueOn = ContinueOn(json["continueOn"])
        self.onExit = json["onExit"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.hooks = LifecycleHook.all(json["hooks"])
        self.dependencies = json["dependencies"]?.array?.compactMap(\.string)
        self.depends = json["depends"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.raw = json
    }

    public var fansOut: Bool { self.withItems != nil || self.withParam != nil || self.withSequence != nil }

    public static func == (left: WorkflowStep, right: WorkflowStep) -> Bool { left.raw == right.raw }
}

public struct DAGTemplate: Sendable, Equatable {
    public var tasks: [WorkflowStep]
    public var target: String?
    /// nil is Argo's default, true.
    public var failFast: Bool?
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.tasks = (json["tasks"]?.array ?? []).map(WorkflowStep.init)
        self.target = json["target"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.failFast = json["failFast"]?.bool
    }
}

public struct ContinueOn: Sendable, Equatable {
    public var error: Bool
    public var failed: Bool
    public init(_ json: JSONValue?) {
        self.error = json?["error"]?.bool ?? false
        self.failed = json?["failed"]?.bool ?? false
    }
}

public struct SequenceRange: Sendable, Equatable {
    public var start: String?
    public var end: String?
    public var count: String?
    public var format: String?
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.start = json["start"]?.scalarText
        self.end = json["end"]?.scalarText
        self.count = json["count"]?.scalarText
        self.format = json["format"]?.string
    }
}

public struct LifecycleHook: Sendable, Equatable {
    public var event: String
    public var template: String?
    public var templateRef: TemplateRef?
    public var arguments: Arguments?
    public var expression: String?

    static func all(_ json: JSONValue?) -> [LifecycleHook] {
        (json?.object).map { object in
            object.map { event, hook in
                LifecycleHook(
                    event: event, template: hook["template"]?.string, templateRef: hook["templateRef"].flatMap(TemplateRef.init),
                    arguments: hook["arguments"].map(Arguments.init), expression: hook["expression"]?.string)
            }
        } ?? []
    }
}

public struct Arguments: Sendable, Equatable {
    public var parameters: [Parameter]
    public var artifacts: [Artifact]
    public init(_ json: JSONValue?) {
        self.parameters = (json?["parameters"]?.array ?? []).map(Parameter.init)
        self.artifacts = (json?["artifacts"]?.array ?? []).map(Artifact.init)
    }
    public var isEmpty: Bool { self.parameters.isEmpty && self.artifacts.isEmpty }
}

public typealias Inputs = Arguments

public struct Outputs: Sendable, Equatable {
    public var parameters: [Parameter]
    public var artifacts: [Artifact]
    public init(_ json: JSONValue?) {
        self.parameters = (json?["parameters"]?.array ?? []).map(Parameter.init)
        self.artifacts = (json?["artifacts"]?.array ?? []).map(Artifact.init)
    }
    public var isEmpty: Bool { self.parameters.isEmpty && self.artifacts.isEmpty }
}

public struct Parameter: Sendable, Equatable {
    public var name: String
    public var value: String?
    public var `default`: String?
    public var valueFrom: ValueFrom?
    public var globalName: String?
    public var `enum`: [String]?
    public var description: String?
    public init(_ json: JSONValue) {
        self.name = json["name"]?.string ?? ""
        self.value = json["value"]?.scalarText
        self.default = json["default"]?.scalarText
        self.valueFrom = json["valueFrom"].flatMap(ValueFrom.init)
        self.globalName = json["globalName"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.enum = json["enum"]?.array.map { $0.compactMap(\.scalarText) }
        self.description = json["description"]?.scalarText
    }
}

public struct ValueFrom: Sendable, Equatable {
    public var path: String?
    public var parameter: String?
    public var expression: String?
    public var configMapKeyRef: KeySelector?
    public var `default`: String?
    /// Of the object of a resource template.
    public var jsonPath: String?
    public var jqFilter: String?
    /// Of the event that started the workflow.
    public var event: String?
    public var isSupplied: Bool
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.path = text(json["path"])
        self.parameter = text(json["parameter"])
        self.expression = text(json["expression"])
        self.jsonPath = text(json["jsonPath"])
        self.jqFilter = text(json["jqFilter"])
        self.event = text(json["event"])
        self.configMapKeyRef = json["configMapKeyRef"].flatMap(KeySelector.init)
        self.default = json["default"]?.scalarText
        self.isSupplied = !(json["supplied"]?.isNull ?? true)
    }
}

/// Argo does not tell an empty text from one that is not there.
private func text(_ json: JSONValue?) -> String? { json?.string.flatMap { $0.isEmpty ? nil : $0 } }

/// A key of a ConfigMap or Secret.
public struct KeySelector: Sendable, Equatable {
    public var name: String
    public var key: String
    public var isOptional: Bool
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.name = json["name"]?.string ?? ""
        self.key = json["key"]?.string ?? ""
        self.isOptional = json["optional"]?.bool ?? false
    }
}

public struct Artifact: Sendable, Equatable {
    public enum Archive: String, Sendable { case none, tar, zip }
    public var name: String
    public var path: String?
    public var from: String?
    public var fromExpression: String?
    /// The text of a `raw` artifact.
    public var raw: String?
    public var archive: Archive?
    public var mode: Int?
    public var recurseMode: Bool
    public var optional: Bool
    public var subPath: String?
    public var globalName: String?
    /// Locations that need a repository: `s3`, `git`, `http`, ….
    public var remoteLocations: [String]
    public var written: JSONValue
    /// Whether it says itself where it is, at least by a key.
    public var hasLocation: Bool { !self.remoteLocations.isEmpty || self.raw != nil }
    public init(_ json: JSONValue) {
        self.written = json
        self.name = json["name"]?.string ?? ""
        self.path = json["path"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.from = json["from"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.fromExpression = json["fromExpression"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.raw = json["raw"]?["data"]?.scalarText
        let archive = json["archive"]
        self.archive =
            !(archive?["none"]?.isNull ?? true)
            ? Archive.none : !(archive?["zip"]?.isNull ?? true) ? .zip : !(archive?["tar"]?.isNull ?? true) ? .tar : nil
        self.mode = json["mode"]?.integer.flatMap { Int(exactly: $0) }
        self.recurseMode = json["recurseMode"]?.bool ?? false
        self.optional = json["optional"]?.bool ?? false
        self.subPath = json["subPath"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.globalName = json["globalName"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.remoteLocations = ["s3", "git", "http", "artifactory", "hdfs", "oss", "gcs", "azure", "plugin"].filter {
            !(json[$0]?.isNull ?? true)
        }
    }
}

public struct RetryStrategy: Sendable, Equatable {
    public var limit: String?
    public var retryPolicy: String?
    public var expression: String?
    public var backoff: Backoff?
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.limit = json["limit"]?.scalarText
        self.retryPolicy = json["retryPolicy"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.expression = json["expression"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.backoff = json["backoff"].flatMap(Backoff.init)
    }
}

public struct Backoff: Sendable, Equatable {
    public var duration: String?
    public var factor: String?
    public var cap: String?
    public var maxDuration: String?
    public init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        self.duration = json["duration"]?.scalarText
        self.factor = json["factor"]?.scalarText
        self.cap = json["cap"]?.scalarText
        self.maxDuration = json["maxDuration"]?.scalarText
    }
}
