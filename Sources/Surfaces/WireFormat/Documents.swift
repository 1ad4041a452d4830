public import Operations
public import WorkflowModel

/// Lists as Kubernetes writes them.
public enum ListDocument {
    /// `WorkflowList`.
    public static func runs(_ page: RunPage) -> JSONValue {
        Self.list(
            "argoproj.io/v1alpha1", "WorkflowList", page.items, resourceVersion: page.resourceVersion, next: page.next,
            remaining: page.remaining)
    }

    public static func objects(_ kind: ResourceKind, _ list: ResourceList) -> JSONValue {
        Self.list(kind.apiVersion, kind.rawValue + "List", list.items, resourceVersion: list.resourceVersion, next: list.next)
    }

    private static func list(
        _ apiVersion: String, _ kind: String, _ items: [JSONValue], resourceVersion: String, next: String?, remaining: Int? = nil
    ) -> JSONValue {
        var metadata = JSONObject()
        metadata["resourceVersion"] = .string(resourceVersion)
        metadata["continue"] = next.map { .string($0) }
        metadata["remainingItemCount"] = remaining.map { .integer($0) }
        return ["apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": .object(metadata), "items": .array(items)]
    }

    /// What a page says, read from the other side.
    public static func page(_ list: JSONValue) -> RunPage {
        let metadata = list["metadata"]
        return RunPage(
            items: list["items"]?.array ?? [], resourceVersion: metadata?["resourceVersion"]?.string ?? "",
            next: metadata?["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 },
            remaining: metadata?["remainingItemCount"]?.integer.flatMap { Int(exactly: $0) })
    }

    public static func objects(_ list: JSONValue) -> ResourceList {
        let page = Self.page(list)
        return ResourceList(items: page.items, resourceVersion: page.resourceVersion, next: page.next)
    }
}

/// `GET /api/v1/version`, in Argo's words.
public struct VersionDocument: Sendable, Equatable {
    public var version: String
    public var buildDate: String
    public var gitCommit: String
    public var platform: String

    public init(version: String, buildDate: String = "", gitCommit: String = "", platform: String = "linux/amd64") {
        self.version = version
        self.buildDate = buildDate
        self.gitCommit = gitCommit
        self.platform = platform
    }

    /// Every field that Argo's clients expect is there. Skiff is not written in Go, and says so.
    public var json: JSONValue {
        [
            "version": .string(self.version), "buildDate": .string(self.buildDate), "gitCommit": .string(self.gitCommit),
            "gitTag": .string(self.version), "gitTreeState": "clean", "goVersion": "", "compiler": "swift",
            "platform": .string(self.platform),
        ]
    }
}

extension ServerInformation {
    /// `GET /api/v1/info`.
    public var json: JSONValue {
        [
            "managedNamespace": .string(self.managedNamespace), "links": .array(self.links),
            "modals": ["feedback": false, "firstTimeUser": false, "newVersion": false], "navColor": .string(self.navigationColor),
            "columns": .array(self.columns),
        ]
    }
}

extension Principal {
    /// `GET /api/v1/userinfo`. The role stands where Argo has groups.
    public var json: JSONValue {
        [
            "subject": .string(self.name), "issuer": "skiff", "groups": [.string(self.role.rawValue)], "name": .string(self.name),
            "email": "", "emailVerified": false, "serviceAccountName": "", "serviceAccountNamespace": "",
        ]
    }
}

extension SyncLimit {
    public var json: JSONValue {
        [
            "key": .string(self.key), "namespace": .string(self.namespace), "type": "CONFIGMAP", "cmName": .string(self.configMap),
            "limit": .integer(self.limit),
        ]
    }
}
