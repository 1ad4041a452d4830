import Operations
import WorkflowModel

/// Shapes of what goes in and comes out, by their names in the OpenAPI document.
///
/// Objects of Kubernetes and Argo are only sketched: `skiff schema` prints what each of their fields may be.
enum APISchemas {
    static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    static var all: JSONObject {
        var schemas = JSONObject()
        for (name, schema) in self.answers + self.requests { schemas[name] = schema }
        schemas["RunExplanation"] = self.explanation
        schemas["Workflow"] = self.manifest("Workflow", group: "argoproj.io")
        schemas["WorkflowList"] = self.list(of: "Workflow")
        for kind in ResourceKind.allCases {
            schemas[kind.rawValue] = self.manifest(kind.rawValue, group: kind.group)
            schemas[kind.rawValue + "List"] = self.list(of: kind.rawValue)
        }
        return schemas
    }

    // MARK: Pieces

    private static let text: JSONValue = ["type": "string"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let number: JSONValue = ["type": "integer", "format": "int64"]
    private static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    /// `name=value`.
    private static let pairs: JSONValue = ["type": "array", "items": ["type": "string", "pattern": "^[^=]+=.*$"]]

    private static func object(_ properties: [(String, JSONValue)], required: [String] = []) -> JSONValue {
        var schema = JSONObject()
        schema["type"] = "object"
        var fields = JSONObject()
        for (name, value) in properties { fields[name] = value }
        schema["properties"] = .object(fields)
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
        return .object(schema)
    }

    private static func manifest(_ kind: String, group: String) -> JSONValue {
        self.object([
            ("apiVersion", ["type": "string", "enum": [.string(group.isEmpty ? "v1" : "\(group)/v1alpha1")]]),
            ("kind", ["type": "string", "enum": [.string(kind)]]),
            (
                "metadata",
                self.object([
                    ("name", self.text), ("generateName", self.text), ("namespace", self.text), ("uid", self.text),
                    ("resourceVersion", self.text), ("creationTimestamp", self.text),
                    ("labels", ["type": "object", "additionalProperties": self.text]),
                    ("annotations", ["type": "object", "additionalProperties": self.text]),
                ])
            ),
        ])
    }

    private static func list(of kind: String) -> JSONValue {
        self.object(
            [
                ("apiVersion", self.text), ("kind", ["type": "string", "enum": [.string(kind + "List")]]),
                (
                    "metadata",
                    self.object([("resourceVersion", self.text), ("continue", self.text), ("remainingItemCount", self.number)])
                ),
                ("items", ["type": "array", "items": self.reference(kind)]),
            ])
    }

    // MARK: Answers

    private static var answers: [(String, JSONValue)] {
        [
            ("Empty", self.object([])),
            ("Document", self.object([("openapi", self.text)], required: ["openapi"])),
            ("Health", self.object([("status", self.text)], required: ["status"])),
            (
                "Error",
                self.object(
                    [("code", self.number), ("message", self.text), ("error", self.text), ("details", self.objects), ("hint", self.text)],
                    required: ["code", "message"])
            ),
            (
                "StreamError",
                self.object([
                    ("grpc_code", self.number), ("http_code", self.number), ("message", self.text), ("http_status", self.text),
                    ("details", self.objects),
                ])
            ),
            ("LogEntry", self.object([("podName", self.text), ("content", self.text)])),
            ("WorkflowWatchEvent", self.object([("type", self.text), ("object", self.reference("Workflow"))])),
            ("WatchEvent", self.object([("type", self.text), ("object", ["type": "object"])], required: ["type", "object"])),
            ("Event", ["type": "object"]),
            ("Status", self.object([("kind", self.text), ("status", self.text), ("code", self.number)], required: ["status"])),
            ("LabelKeys", self.object([("items", self.texts)])), ("LabelValues", self.object([("items", self.texts)])),
            (
                "SyncLimit",
                self.object(
                    [("key", self.text), ("namespace", self.text), ("type", self.text), ("cmName", self.text), ("limit", self.number)],
                    required: ["key", "limit"])
            ),
            (
                "InfoResponse",
                self.object([
                    ("managedNamespace", self.text), ("links", self.objects),
                    ("modals", ["type": "object", "additionalProperties": self.flag]),
                    ("navColor", self.text), ("columns", self.objects),
                ])
            ),
            (
                "Version",
                self.object(
                    ["version", "buildDate", "gitCommit", "gitTag", "gitTreeState", "goVersion", "compiler", "platform"].map {
                        ($0, self.text)
                    }, required: ["version"])
            ),
            (
                "UserInfo",
                self.object(
                    [("groups", self.texts), ("emailVerified", self.flag)]
                        + ["subject", "issuer", "name", "email", "serviceAccountName", "serviceAccountNamespace"].map { ($0, self.text) })
            ),
            ("UploadedArtifact", self.object([("name", self.text), ("key", self.text)], required: ["name", "key"])),
            ("NewToken", self.object([("name", self.text), ("token", self.text)], required: ["name", "token"])),
            ("TokenList", self.object([("items", self.objects)], required: ["items"])),
        ]
    }

    private static let objects: JSONValue = ["type": "array", "items": ["type": "object"]]

    // MARK: Requests

    private static var requests: [(String, JSONValue)] {
        self.submissions + self.commands + self.storing + [
            (
                "SyncLimitRequest",
                self.object(
                    [
                        ("key", ["type": "string", "minLength": 1]), ("namespace", self.text),
                        ("type", ["type": "string", "enum": ["CONFIGMAP"]]), ("cmName", ["type": "string", "minLength": 1]),
                        ("limit", ["type": "integer", "minimum": 1, "maximum": .integer(Int32.max)]),
                    ], required: ["cmName", "limit"])
            ),
            ("CollectEventRequest", self.object([("name", self.text)])),
            (
                "TokenRequest",
                self.object(
                    [
                        ("name", ["type": "string", "minLength": 1]),
                        ("role", ["type": "string", "enum": .array(Role.allCases.map { .string($0.rawValue) })]),
                        ("namespaces", self.texts), ("expiresAt", ["type": "string", "format": "date-time"]),
                    ], required: ["name", "role"])
            ),
        ]
    }

    private static var submissions: [(String, JSONValue)] {
        let creation = self.object([("dryRun", self.texts)])
        let options = self.object([
            ("name", self.text), ("generateName", self.text), ("entryPoint", self.text), ("parameters", self.pairs),
            ("artifacts", self.pairs), ("serviceAccount", self.text), ("labels", self.text), ("annotations", self.text),
            ("priority", ["type": "integer", "format": "int32"]), ("dryRun", self.flag), ("serverDryRun", self.flag),
        ])
        return [
            (
                "WorkflowCreateRequest",
                self.object(
                    [
                        ("namespace", self.text), ("workflow", self.reference("Workflow")), ("serverDryRun", self.flag),
                        ("createOptions", creation), ("instanceID", self.text),
                    ], required: ["workflow"])
            ),
            (
                "WorkflowLintRequest",
                self.object([("namespace", self.text), ("workflow", self.reference("Workflow"))], required: ["workflow"])
            ),
            (
                "WorkflowSubmitRequest",
                self.object(
                    [
                        ("namespace", self.text), ("resourceKind", ["type": "string", "minLength": 1]),
                        ("resourceName", ["type": "string", "minLength": 1]), ("submitOptions", options),
                    ], required: ["resourceKind", "resourceName"])
            ),
        ]
    }

    private static var commands: [(String, JSONValue)] {
        let run = [("namespace", self.text), ("name", self.text)]
        let selector = [("nodeFieldSelector", self.text)]
        let message = [("message", self.text)]
        let parameters = [("parameters", self.pairs)]
        return [
            ("WorkflowSuspendRequest", self.object(run)), ("WorkflowTerminateRequest", self.object(run)),
            ("WorkflowResumeRequest", self.object(run + selector + message)),
            ("WorkflowStopRequest", self.object(run + selector + message)),
            (
                "WorkflowSetRequest",
                self.object(
                    run + selector + message + [("phase", self.text), ("outputParameters", self.text)], required: ["nodeFieldSelector"])
            ),
            ("WorkflowRetryRequest", self.object(run + selector + parameters + [("restartSuccessful", self.flag)])),
            ("WorkflowResubmitRequest", self.object(run + parameters + [("memoized", self.flag), ("priority", self.number)])),
            ("CronWorkflowSuspendRequest", self.object(run)), ("CronWorkflowResumeRequest", self.object(run)),
        ]
    }

    /// Skiff's own.
    private static var explanation: JSONValue {
        let node = self.object([("node", self.text), ("phase", self.text), ("reasons", self.texts)], required: ["node", "reasons"])
        return self.object(
            [("run", self.text), ("explanations", ["type": "array", "items": node]), ("more", self.number)],
            required: ["run", "explanations"])
    }

    private static var storing: [(String, JSONValue)] {
        [(ResourceKind.workflowTemplate, "template"), (.clusterWorkflowTemplate, "template"), (.cronWorkflow, "cronWorkflow")].flatMap {
            kind, field in
            let fields = [("namespace", self.text), ("name", self.text), (field, self.reference(kind.rawValue))]
            return [
                (
                    "\(kind.rawValue)CreateRequest",
                    self.object(fields + [("createOptions", self.object([("dryRun", self.texts)]))], required: [field])
                ),
                ("\(kind.rawValue)UpdateRequest", self.object(fields, required: [field])),
                ("\(kind.rawValue)LintRequest", self.object(fields, required: [field])),
            ]
        }
    }
}
