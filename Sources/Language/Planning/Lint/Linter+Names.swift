import Diagnostics
import WorkflowModel

/// Names and places that two things share.
extension Linter {
    mutating func checkNames() {
        self.checkGlobalNames()
        self.checkUnique(Self.names(self.spec.volumes), self.specOrigin.field("volumes"), what: "volume")
        self.checkClaims()
        for linted in self.templates {
            let template = linted.template
            self.checkUnique(Self.names(template.raw["volumes"]?.array ?? []), linted.origin.field("volumes"), what: "volume")
            self.checkPaths(template.inputs.artifacts, linted.origin.field("inputs").field("artifacts"))
            for (container, origin) in template.containers(linted.origin) {
                self.checkUnique(Self.names(container["env"]?.array ?? []), origin.field("env"), what: "environment variable")
            }
        }
    }

    private static func names(_ items: [JSONValue]) -> [String?] { items.map { $0["name"]?.string } }

    private mutating func checkUnique(_ names: [String?], _ origin: Origin, what: String) {
        guard names.count > 1 else { return }
        var seen: Set<String> = []
        for (at, name) in names.enumerated() {
            guard let name, !name.isEmpty, !seen.insert(name).inserted else { continue }
            self.faults.add(
                .nameCollision, .warning, at: origin.index(at).field("name"), word: name, "\(what) '\(name)' is given twice",
                hint: what == "volume" ? "rename one of them" : "the last one counts; remove the other")
        }
    }

    /// A mount finds volumes and claims by name alike.
    private mutating func checkClaims() {
        let volumes = Set(Self.names(self.spec.volumes).compactMap { $0 })
        for (at, claim) in self.spec.volumeClaimTemplates.enumerated() {
            guard let name = claim["metadata"]?["name"]?.string, volumes.contains(name) else { continue }
            self.faults.add(
                .nameCollision, .warning,
                at: self.specOrigin.field("volumeClaimTemplates").index(at).field("metadata").field("name"), word: name,
                "volume claim '\(name)' has the name of a volume, which hides it", hint: "rename one of them")
        }
    }

    private mutating func checkPaths(_ artifacts: [Artifact], _ origin: Origin) {
        var seen: [String: String] = [:]
        for (at, artifact) in artifacts.enumerated() {
            guard let path = artifact.path, !path.hasTag else { continue }
            if let first = seen[path] {
                self.faults.add(
                    .nameCollision, .warning, at: origin.index(at).field("path"), word: path,
                    "input artifacts '\(first)' and '\(artifact.name)' have the same path '\(path)'", hint: "give each a path of its own")
            } else {
                seen[path] = artifact.name
            }
        }
    }

    private mutating func checkGlobalNames() {
        var writers: [String: String] = [:]
        for linted in self.templates {
            let outputs = linted.template.outputs
            let origin = linted.origin.field("outputs")
            for (at, parameter) in outputs.parameters.enumerated() {
                guard let name = parameter.globalName else { continue }
                self.note(name, "parameter", linted, origin.field("parameters").index(at), &writers)
            }
            for (at, artifact) in outputs.artifacts.enumerated() {
                guard let name = artifact.globalName else { continue }
                self.note(name, "artifact", linted, origin.field("artifacts").index(at), &writers)
            }
        }
    }

    private mutating func note(
        _ name: String, _ what: String, _ linted: LintedTemplate, _ origin: Origin, _ writers: inout [String: String]
    ) {
        guard !name.hasTag else { return }
        guard let first = writers["\(what) \(name)"] else {
            writers["\(what) \(name)"] = linted.title
            return
        }
        self.faults.add(
            .nameCollision, .warning, at: origin.field("globalName"), word: name,
            "\(first) and \(linted.title) both write the global output \(what) '\(name)'",
            hint: "whoever ends last wins; give each a globalName of its own")
    }
}

extension Template {
    /// Every container that it describes, and where.
    func containers(_ origin: Origin) -> [(container: JSONValue, origin: Origin)] {
        self.containers.map { container, path, index in
            let place = path.reduce(origin) { $0.field($1) }
            return (container, index.map { place.index($0) } ?? place)
        }
    }

    /// Every container that it describes, in which field, and at which place of a list.
    var containers: [(container: JSONValue, path: [String], index: Int?)] {
        var found: [(container: JSONValue, path: [String], index: Int?)] = []
        for field in ["container", "script"] {
            if let container = self.raw[field], container.object != nil { found.append((container, [field], nil)) }
        }
        for path in [["sidecars"], ["initContainers"], ["containerSet", "containers"]] {
            let list = path.reduce(Optional(self.raw)) { $0?[$1] }?.array ?? []
            for (at, container) in list.enumerated() { found.append((container, path, at)) }
        }
        return found
    }
}
