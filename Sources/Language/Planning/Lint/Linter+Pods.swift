import Diagnostics
import WorkflowModel

/// What pods ask for that is not there, and images that can change.
extension Linter {
    mutating func checkPods() {
        self.checkVolumes()
        self.checkBorrowedVolumes()
        self.checkImages()
        self.checkRetries()
    }

    // MARK: Volumes

    /// The names that a mount of a template of this document finds; nil when they cannot be told.
    private var sharedVolumes: Set<String>? {
        if self.spec.raw["podSpecPatch"] != nil || (self.spec.workflowTemplateRef != nil && self.catalog.base == nil) { return nil }
        var specs = [self.spec]
        if let base = self.catalog.base { specs.append(self.catalog.documents[base].workflow.spec) }
        var names: Set<String> = []
        for spec in specs {
            names.formUnion(spec.volumes.compactMap { $0["name"]?.string })
            names.formUnion(spec.volumeClaimTemplates.compactMap { $0["metadata"]?["name"]?.string })
            names.formUnion((spec.templateDefaults?["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
        }
        return names
    }

    private mutating func checkVolumes() {
        guard let shared = self.sharedVolumes else { return }
        let isWorkflow = self.workflow.kind == .workflow
        var told: Set<String> = []
        for linted in self.templates {
            guard linted.template.raw["podSpecPatch"] == nil else { continue }
            let own = linted.template.volumeNames
            for (mounts, origin) in linted.template.volumeMounts(linted.origin) {
                for (at, mount) in mounts.enumerated() {
                    guard let name = mount["name"]?.string, !name.isEmpty, !name.hasTag, !own.contains(name), !shared.contains(name),
                        // A library often leaves its volumes to whoever uses it: to say so once is enough.
                        isWorkflow || told.insert(name).inserted
                    else { continue }
                    // So many volumes are no help in a hint.
                    let known = own.count + shared.count > 500 ? [] : own.union(shared).sorted()
                    let guess = self.faults.question(name, among: known)
                    self.faults.add(
                        .unknownVolume, isWorkflow ? .warning : .hint, at: origin.index(at).field("name"), word: name,
                        isWorkflow
                            ? "there is no volume '\(name)'"
                            : "there is no volume '\(name)' here, so each workflow that uses \(linted.title) must have it",
                        hint: known.isEmpty
                            ? "declare it under volumes or volumeClaimTemplates" : "\(guess)volumes here: \(LintFaults.listed(known))")
                }
            }
        }
    }

    /// A template of another object mounts the volumes of the workflow that runs it, not those of its own object.
    private mutating func checkBorrowedVolumes() {
        guard self.workflow.kind == .workflow, let shared = self.sharedVolumes else { return }
        var missing: [TemplatePlace: [String]] = [:]
        for call in self.calls {
            guard case .template(let place) = call.target, place.document != TemplateCatalog.own, place.document != self.catalog.base else {
                continue
            }
            let names = missing[place] ?? self.catalog[place].foreignVolumes(beside: shared)
            missing[place] = names
            for name in names {
                self.faults.add(
                    .unknownVolume, .warning, at: call.origin.field("templateRef"), word: self.catalog[place].name,
                    "\(self.catalog.title(call.target)) mounts volume '\(name)', which this workflow does not have",
                    hint: "declare it under spec.volumes or spec.volumeClaimTemplates of this workflow")
            }
        }
    }

    // MARK: Images

    private mutating func checkImages() {
        var seen: Set<String> = []
        for linted in self.templates {
            for (container, origin) in linted.template.containers(linted.origin) {
                guard let image = container["image"]?.string, !image.isEmpty, !image.hasTag, !image.contains("@"),
                    seen.insert(image).inserted
                else { continue }
                let name = image.split(separator: "/").last ?? ""
                let tag = name.split(separator: ":", maxSplits: 1).dropFirst().first
                guard tag == nil || tag == "latest" else { continue }
                self.faults.add(
                    .unpinnedImage, .hint, at: origin.field("image"), word: image,
                    tag == nil ? "image '\(image)' has no tag" : "image '\(image)' has the moving tag 'latest'",
                    hint:
                        "name a version, such as '\(tag == nil ? image[...] : image.dropLast(":latest".count)):1.2', so that every run gets the same"
                )
            }
        }
    }

    // MARK: Retries

    private mutating func checkRetries() {
        guard self.spec.activeDeadlineSeconds == nil else { return }
        if let strategy = self.spec.retryStrategy { self.check(strategy, self.specOrigin.field("retryStrategy")) }
        for linted in self.templates {
            guard let strategy = linted.template.retryStrategy, linted.template.timeout == nil else { continue }
            self.check(strategy, linted.origin.field("retryStrategy"))
        }
    }

    private mutating func check(_ strategy: RetryStrategy, _ origin: Origin) {
        guard strategy.limit == nil, strategy.expression == nil, strategy.backoff?.maxDuration == nil,
            strategy.retryPolicy != "OnTransientError"
        else { return }
        self.faults.add(
            .endlessRetry, .hint, at: origin, atKey: true, "a step that always fails is retried for ever",
            hint: "give retryStrategy a 'limit', or the workflow 'activeDeadlineSeconds'")
    }
}

extension Template {
    /// The volumes that it brings itself.
    var volumeNames: Set<String> { Set((self.raw["volumes"]?.array ?? []).compactMap { $0["name"]?.string }) }

    /// The volumes that it mounts and that are neither its own nor among `shared`.
    func foreignVolumes(beside shared: Set<String>) -> [String] {
        guard self.raw["podSpecPatch"] == nil else { return [] }
        let own = self.volumeNames
        let lists = self.containers.map { $0.container["volumeMounts"] } + [self.raw["containerSet"]?["volumeMounts"]]
        let mounted = lists.flatMap { ($0?.array ?? []).compactMap { $0["name"]?.string } }
        return Set(mounted).filter { !$0.hasTag && !own.contains($0) && !shared.contains($0) }.sorted()
    }

    func volumeMounts(_ origin: Origin) -> [(mounts: [JSONValue], origin: Origin)] {
        var found = self.containers(origin).compactMap { container, place in
            container["volumeMounts"]?.array.map { (mounts: $0, origin: place.field("volumeMounts")) }
        }
        if let mounts = self.raw["containerSet"]?["volumeMounts"]?.array {
            found.append((mounts, origin.field("containerSet").field("volumeMounts")))
        }
        return found
    }
}
