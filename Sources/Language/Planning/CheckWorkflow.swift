import Diagnostics
import WorkflowModel

/// The fields of the object itself.
extension Planner {
    mutating func checkObject() {
        let workflow = self.input.workflow.workflow
        // A generated name is not the author's to shorten.
        let isGenerated = workflow.metadata.generateName.map { !$0.isEmpty && workflow.metadata.name?.hasPrefix($0) ?? false } ?? false
        if let name = workflow.metadata.name, name.utf8.count > 63, !isGenerated {
            self.faults.add(
                .badName, at: Origin(document: self.input.workflow, path: FieldPath("metadata.name")), word: name,
                "name of the \(workflow.kind.rawValue) has \(name.utf8.count) characters, at most 63 are allowed",
                hint: "choose a shorter name")
        }
        if let parallelism = self.spec.parallelism, parallelism < 1 {
            self.faults.add(.badNumber, at: self.specField("parallelism"), "parallelism '\(parallelism)' is not 1 or more")
        }
        let raw = self.spec.raw
        self.checkPodResources(raw["podResources"], self.specField("podResources"), type: nil)
        self.checkPlugins(raw["executorPlugins"], self.specField("executorPlugins"))
        self.checkPodGC(raw["podGC"], self.specField("podGC"))
        self.findUnsupported(in: self.spec)
    }

    private mutating func checkPlugins(_ json: JSONValue?, _ origin: Origin) {
        for (at, plugin) in (json?.array ?? []).enumerated() {
            let place = origin.index(at)
            if plugin["metadata"]?["name"]?.string?.isEmpty ?? true {
                self.faults.add(.badPlugin, at: place, "executor plugin without a name: metadata.name is required")
            }
            let sidecar = place.field("spec").field("sidecar").field("container")
            guard let container = plugin["spec"]?["sidecar"]?["container"], container.object != nil else {
                self.faults.add(.badPlugin, at: place, "executor plugin without spec.sidecar.container")
                continue
            }
            func isMissing(_ json: JSONValue?) -> Bool {
                switch json {
                case .array(let items)?: items.isEmpty
                case .object(let object)?: object.isEmpty
                case .null?, nil: true
                case .bool?, .number?, .string?: false
                }
            }
            var missing: [String] = []
            if isMissing(container["ports"]) { missing.append("ports") }
            if isMissing(container["resources"]?["requests"]) { missing.append("resources.requests") }
            if isMissing(container["resources"]?["limits"]) { missing.append("resources.limits") }
            if container["securityContext"]?.object == nil { missing.append("securityContext") }
            if missing.isEmpty { continue }
            self.faults.add(
                .badPlugin, at: sidecar, atKey: true, "sidecar of the executor plugin needs \(missing.joined(separator: ", "))",
                hint: "at least one port, resource requests and limits, and a security context are mandatory")
        }
    }

    private mutating func checkPodGC(_ json: JSONValue?, _ origin: Origin) {
        guard let json, json.object != nil else { return }
        let selector = origin.field("labelSelector")
        for (key, value) in json["labelSelector"]?["matchLabels"]?.object ?? JSONObject() {
            self.checkLabel(key, value.scalarText, selector.field("matchLabels").field(key))
        }
        for (at, requirement) in (json["labelSelector"]?["matchExpressions"]?.array ?? []).enumerated() {
            self.checkRequirement(requirement, selector.field("matchExpressions").index(at))
        }
    }

    private mutating func checkRequirement(_ requirement: JSONValue, _ origin: Origin) {
        let key = requirement["key"]?.string ?? ""
        self.checkLabel(key, nil, origin.field("key"))
        let values = requirement["values"]?.array ?? []
        let given = requirement["operator"]?.string ?? ""
        let operators = ["In", "NotIn", "Exists", "DoesNotExist"]
        switch given {
        case "In", "NotIn":
            if values.isEmpty {
                self.faults.add(
                    .badSelector, at: origin, "label selector: operator \(given) of '\(key)' needs values", hint: "list them under values")
            }
        case "Exists", "DoesNotExist":
            if !values.isEmpty {
                self.faults.add(
                    .badSelector, at: origin.field("values"), atKey: true, "label selector: operator \(given) of '\(key)' takes no values",
                    hint: "drop values, or use In or NotIn")
            }
        default:
            self.faults.add(
                .badSelector, at: origin.field("operator"), word: given, "'\(given)' is no operator of a label selector",
                hint: "\(Spelling.question(given, among: operators))choose \(operators.joined(separator: ", "))")
        }
    }

    private mutating func checkLabel(_ key: String, _ value: String?, _ origin: Origin) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let isKey = parts.count <= 2 && parts.allSatisfy { !$0.isEmpty } && Self.isLabelText(String(parts.last ?? ""))
        if !isKey {
            self.faults.add(
                .badSelector, at: origin, "label selector: '\(key)' is no label", hint: "up to 63 letters, digits, '-', '_' and '.'")
        } else if let value, !value.isEmpty, !Self.isLabelText(value) {
            self.faults.add(
                .badSelector, at: origin, word: value, "label selector: '\(value)' is no value of a label",
                hint: "up to 63 letters, digits, '-', '_' and '.'")
        }
    }

    private static func isLabelText(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { Self.isNameByte(byte) && byte != UInt8(ascii: "-") }
        guard let first = text.utf8.first, let last = text.utf8.last, isPlain(first), isPlain(last), text.utf8.count <= 63 else {
            return false
        }
        return text.utf8.allSatisfy { Self.isNameByte($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }
}
