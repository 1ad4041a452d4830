/// The object types of the manifests that Skiff knows: Argo's kinds and the Kubernetes objects inside them.
///
/// Read from a table made of the published API definitions (see `scripts/generate-schema.py`), once, at first use.
public struct Schema: Sendable {
    /// Argo Workflows 4 with the older spellings that still work, ConfigMap, Secret and PersistentVolumeClaim.
    public static let argo = Schema(table: schemaTable)

    /// In the order of their names.
    public let types: [ObjectType]

    public struct ObjectType: Sendable, Equatable {
        /// The API's name: `WorkflowSpec`.
        public let name: String
        /// In the order of their names.
        public let fields: [Field]

        /// The field of that name; case counts.
        public func field(_ name: String) -> Field? {
            var low = 0
            var high = self.fields.count
            while low < high {
                let middle = (low + high) / 2
                if self.fields[middle].name < name { low = middle + 1 } else { high = middle }
            }
            return low < self.fields.count && self.fields[low].name == name ? self.fields[low] : nil
        }
    }

    public struct Field: Sendable, Equatable {
        public let name: String
        public let type: FieldType
        /// The object means nothing without it.
        public let isRequired: Bool
        /// The only texts allowed; empty when any is.
        public let allowedValues: [String]
        /// `allowedValues` is a rule of Kubernetes, which Argo leaves to it.
        public let isAdvisory: Bool
    }

    public indirect enum FieldType: Sendable, Equatable {
        case string, integer, number, boolean
        /// Argo's AnyString: a text, number or truth value, read as text.
        case anyScalar
        /// A whole number or a text, which may be a tag.
        case integerOrString
        /// An amount as Kubernetes writes it: `500m`, `1.5Gi`.
        case quantity
        /// A time as RFC 3339 writes it.
        case time
        /// A length of time: whole seconds, or as Go writes it: `1h30m`.
        case duration
        /// A length of time as Go writes it, with its unit.
        case goDuration
        case base64
        /// Free form.
        case any
        /// Free form, but an object with exactly one key.
        case plugin
        case list(FieldType)
        case map(FieldType)
        /// The object type of that name.
        case object(String)
    }

    public func type(_ name: String) -> ObjectType? {
        var low = 0
        var high = self.types.count
        while low < high {
            let middle = (low + high) / 2
            if self.types[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < self.types.count && self.types[low].name == name ? self.types[low] : nil
    }

    init(table: StaticString) {
        self.types = table.withUTF8Buffer { bytes in
            var reader = SchemaTableReader(bytes: bytes)
            return reader.types()
        }
    }
}

/// A kind of object that can stand in a file.
public struct ManifestKind: Sendable, Equatable {
    public let name: String
    public let apiVersion: String
    /// Whether Skiff reads it; the others are known by name only and left alone.
    public let isRead: Bool

    /// The kinds that Skiff reads, then those it knows to leave alone.
    public static let all: [ManifestKind] =
        ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding"]
        .map { ManifestKind(name: $0, apiVersion: "argoproj.io/v1alpha1", isRead: true) }
        + ["ConfigMap", "Secret", "PersistentVolumeClaim"].map { ManifestKind(name: $0, apiVersion: "v1", isRead: true) }
        + ["WorkflowTaskSet", "WorkflowTaskResult", "WorkflowArtifactGCTask", "EventBus", "EventSource", "Sensor", "ExecutorPlugin"]
        .map { ManifestKind(name: $0, apiVersion: "argoproj.io/v1alpha1", isRead: false) }
        + ["Namespace", "Pod", "Service", "ServiceAccount", "PersistentVolume", "LimitRange", "ResourceQuota", "Endpoints"]
        .map { ManifestKind(name: $0, apiVersion: "v1", isRead: false) }
        + ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].map { ManifestKind(name: $0, apiVersion: "apps/v1", isRead: false) }
        + ["Job", "CronJob"].map { ManifestKind(name: $0, apiVersion: "batch/v1", isRead: false) }
        + ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
        .map { ManifestKind(name: $0, apiVersion: "rbac.authorization.k8s.io/v1", isRead: false) }

    public static func named(_ name: String) -> ManifestKind? { self.all.first { $0.name == name } }
}

/// Reads the table: one type a line, blanks between `name` and `field:type` or `field!:type`.
struct SchemaTableReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func types() -> [Schema.ObjectType] {
        var types: [Schema.ObjectType] = []
        types.reserveCapacity(256)
        while self.at < self.bytes.count {
            let name = self.word(until: UInt8(ascii: " "))
            var fields: [Schema.Field] = []
            while self.take(UInt8(ascii: " ")) { fields.append(self.field()) }
            types.append(Schema.ObjectType(name: name, fields: fields))
            _ = self.take(UInt8(ascii: "\n"))
        }
        return types
    }

    private mutating func field() -> Schema.Field {
        let name = self.word(until: UInt8(ascii: ":"), or: UInt8(ascii: "!"))
        let isRequired = self.take(UInt8(ascii: "!"))
        _ = self.take(UInt8(ascii: ":"))
        let type = self.type()
        var values: [String] = []
        var isAdvisory = false
        if self.take(UInt8(ascii: "(")) {
            isAdvisory = self.take(UInt8(ascii: "~"))
            repeat { values.append(self.word(until: UInt8(ascii: "|"), or: UInt8(ascii: ")"))) } while self.take(UInt8(ascii: "|"))
            _ = self.take(UInt8(ascii: ")"))
        }
        return Schema.Field(name: name, type: type, isRequired: isRequired, allowedValues: values, isAdvisory: isAdvisory)
    }

    private mutating func type() -> Schema.FieldType {
        if self.take(UInt8(ascii: "[")) { return .list(self.type()) }
        if self.take(UInt8(ascii: "{")) { return .map(self.type()) }
        let word = self.word(until: UInt8(ascii: " "), or: UInt8(ascii: "("))
        switch word {
        case "s": return .string
        case "i": return .integer
        case "n": return .number
        case "b": return .boolean
        case "a": return .anyScalar
        case "x": return .integerOrString
        case "q": return .quantity
        case "t": return .time
        case "d": return .duration
        case "g": return .goDuration
        case "6": return .base64
        case "*": return .any
        case "p": return .plugin
        default: return .object(word)
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.at < self.bytes.count, self.bytes[self.at] == byte else { return false }
        self.at += 1
        return true
    }

    private mutating func word(until end: UInt8, or other: UInt8 = 0) -> String {
        let start = self.at
        while self.at < self.bytes.count, self.bytes[self.at] != end, self.bytes[self.at] != other,
            self.bytes[self.at] != UInt8(ascii: "\n")
        {
            self.at += 1
        }
        return String(decoding: self.bytes[start..<self.at], as: UTF8.self)
    }
}
