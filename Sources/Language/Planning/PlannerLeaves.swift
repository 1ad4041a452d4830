import Diagnostics
import Expressions
import WorkflowModel

/// Compiling the templates that run something other than one container.
extension Planner {
    // MARK: containerSet

    mutating func containerSet(_ template: Template, _ origin: Origin) -> PlannedContainerSet? {
        guard let set = template.raw["containerSet"] else { return nil }
        let place = origin.field("containerSet")
        let containers = (set["containers"]?.array ?? []).compactMap(\.object)
        if containers.isEmpty {
            self.faults.add(.badContainer, at: place, atKey: true, "containerSet needs at least one container", hint: "add containers")
        }
        let names = containers.map { $0["name"]?.string ?? "" }
        let places = self.checkMembers(names, template, place)
        let dependencies = containers.enumerated().map { at, container in
            self.dependencies(of: names[at], container["dependencies"], places, place.field("containers").index(at))
        }
        let order = self.order(of: names, dependencies, place.field("containers"))
        var members: [PlannedContainerSet.Member] = []
        for (at, container) in containers.enumerated() {
            let within = place.field("containers").index(at)
            var object = container
            object["dependencies"] = nil
            self.checkMounts(of: .object(object), within, nil, origin)
            guard let compiled = self.compiled(.object(object), within) else { continue }
            members.append(PlannedContainerSet.Member(name: names[at], container: compiled, dependencies: dependencies[at]))
        }
        let mounts = self.compiledList(set["volumeMounts"], place.field("volumeMounts"))
        self.checkMounts(of: set, place, template, origin)
        let retry = place.field("retryStrategy")
        let retries = self.text(set["retryStrategy"]?["retries"]?.scalarText, retry.field("retries"))
        let wait = self.text(set["retryStrategy"]?["duration"]?.scalarText, retry.field("duration"))
        let (volumes, security) = self.volumes(of: template, origin)
        guard let order, members.count == containers.count, !members.isEmpty else { return nil }
        return PlannedContainerSet(
            members: members, order: order, volumeMounts: mounts, retries: retries, retryDuration: wait, volumes: volumes,
            securityContext: security)
    }

    /// - Returns: the places of the names.
    private mutating func checkMembers(_ names: [String], _ template: Template, _ origin: Origin) -> [String: Int] {
        let containers = origin.field("containers")
        var places: [String: Int] = [:]
        for (at, name) in names.enumerated() {
            let place = containers.index(at)
            if name.isEmpty {
                self.faults.add(.badName, at: place, "container without a name: name is required")
            } else {
                self.checkName(name, place.field("name"), what: "container")
                self.checkReserved(name, place.field("name"))
                if places[name] != nil {
                    self.faults.add(
                        .duplicateName, at: place.field("name"), "container name '\(name)' is not unique", hint: "rename one of them")
                }
            }
            if places[name] == nil { places[name] = at }
        }
        let needsMain = !template.inputs.artifacts.isEmpty || !template.outputs.isEmpty
        if needsMain, !names.isEmpty, places["main"] == nil {
            self.faults.add(
                .badContainer, at: containers, atKey: true,
                "containerSet.containers must have a container named 'main' for inputs and outputs",
                hint: Spelling.closest(to: "main", among: names).map { "did you mean '\($0)' to be 'main'?" }
                    ?? "files are placed into it and taken from it")
        }
        return places
    }

    private mutating func dependencies(of name: String, _ list: JSONValue?, _ places: [String: Int], _ origin: Origin) -> [Int] {
        (list?.array ?? []).enumerated().compactMap { at, item in
            guard let wanted = item.string else { return nil }
            if let place = places[wanted] { return place }
            self.faults.add(
                .unknownDependency, at: origin.field("dependencies").index(at), word: wanted,
                "container '\(name)' depends on '\(wanted)', which is not in this containerSet",
                hint: KnownNames(places.keys).hint(for: wanted, "containers here", none: "there are no others"))
            return nil
        }
    }

    // MARK: resource

    mutating func resource(_ template: Template, _ origin: Origin) -> PlannedResource? {
        guard let resource = template.raw["resource"] else { return nil }
        let place = origin.field("resource")
        let action = resource["action"]?.string ?? ""
        let manifest = resource["manifest"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let artifact = resource["manifestFrom"]?["artifact"]?["name"]?.string
        self.checkManifest(manifest, artifact, action, template, place)
        guard let compiledAction = self.text(action, place.field("action")) else { return nil }
        return PlannedResource(
            action: compiledAction, mergeStrategy: self.text(resource["mergeStrategy"]?.string, place.field("mergeStrategy")),
            manifest: self.text(manifest, place.field("manifest")),
            manifestArtifact: self.text(artifact, place.field("manifestFrom").field("artifact").field("name")),
            setsOwnerReference: resource["setOwnerReference"]?.bool ?? false,
            successCondition: self.text(resource["successCondition"]?.string, place.field("successCondition")),
            failureCondition: self.text(resource["failureCondition"]?.string, place.field("failureCondition")),
            flags: self.texts(resource["flags"], place.field("flags")))
    }

    private mutating func checkManifest(_ manifest: String?, _ artifact: String?, _ action: String, _ template: Template, _ place: Origin) {
        let hasSource = !(template.raw["resource"]?["manifestFrom"]?.isNull ?? true)
        if manifest != nil, hasSource {
            self.faults.add(
                .badResource, at: place.field("manifestFrom"), atKey: true, "resource has both manifest and manifestFrom",
                hint: "keep one of them")
        } else if manifest == nil, !hasSource, action != "get", action != "delete" {
            self.faults.add(
                .badResource, at: place, atKey: true, "resource needs a manifest to \(action.isEmpty ? "act on" : action)",
                hint: "write it under manifest, or name an input artifact under manifestFrom")
        }
        if let artifact, !template.inputs.artifacts.contains(where: { $0.name == artifact }) {
            let known = template.inputs.artifacts.map(\.name)
            self.faults.add(
                .badResource, at: place.field("manifestFrom").field("artifact").field("name"), word: artifact,
                "manifestFrom names artifact '\(artifact)', which is not among the inputs",
                hint: KnownNames(known).hint(for: artifact, "input artifacts here", none: "there is no input artifact here"))
        }
        // What a tag will become is not known, and may be anything that fits its place.
        guard let manifest, let text = try? TemplateText(manifest), let fault = self.input.yamlFault(text.withTags(as: "placeholder"))
        else {
            return
        }
        self.faults.add(.badResource, at: place.field("manifest"), "resource.manifest must be a valid yaml: \(fault)")
    }

    // MARK: data, http, plugin

    mutating func data(_ template: Template, _ origin: Origin) -> PlannedData? {
        guard let data = template.raw["data"] else { return nil }
        let place = origin.field("data")
        let steps = (data["transformation"]?.array ?? []).enumerated().compactMap { at, step in
            self.expression(step["expression"]?.string, place.field("transformation").index(at).field("expression"))
        }
        guard let paths = data["source"]?["artifactPaths"], paths.object != nil else {
            self.faults.add(
                .templateType, at: place.field("source"), atKey: true, "data needs a source", hint: "say where to list under artifactPaths")
            return nil
        }
        let source = self.artifact(Artifact(paths), place.field("source").field("artifactPaths"))
        return PlannedData(source: source, transformation: steps)
    }

    mutating func http(_ template: Template, _ origin: Origin) -> PlannedHTTP? {
        guard let http = template.raw["http"] else { return nil }
        let place = origin.field("http")
        let headers = (http["headers"]?.array ?? []).enumerated().compactMap { at, header in
            self.header(header, place.field("headers").index(at))
        }
        let method = self.text(http["method"]?.string, place.field("method"))
        let condition = self.expression(http["successCondition"]?.string, place.field("successCondition"))
        let body = self.text(http["body"]?.string, place.field("body"))
        let bytes = self.text(http["bodyFrom"]?["bytes"]?.string, place.field("bodyFrom").field("bytes"))
        guard let url = self.text(http["url"]?.string ?? "", place.field("url")) else { return nil }
        return PlannedHTTP(
            method: method, url: url, headers: headers, timeoutSeconds: http["timeoutSeconds"]?.integer, successCondition: condition,
            body: body, bodyBytes: bytes, skipsVerification: http["insecureSkipVerify"]?.bool ?? false)
    }

    private mutating func header(_ header: JSONValue, _ origin: Origin) -> PlannedHTTP.Header? {
        guard let name = self.text(header["name"]?.string ?? "", origin.field("name")) else { return nil }
        if let secret = header["valueFrom"]?["secretKeyRef"].flatMap(KeySelector.init) {
            let place = origin.field("valueFrom").field("secretKeyRef")
            guard let secretName = self.text(secret.name, place.field("name")), let key = self.text(secret.key, place.field("key")) else {
                return nil
            }
            return PlannedHTTP.Header(name: name, value: .secret(name: secretName, key: key))
        }
        return self.text(header["value"]?.string ?? "", origin.field("value")).map { PlannedHTTP.Header(name: name, value: .text($0)) }
    }

    mutating func plugin(_ template: Template, _ origin: Origin) -> CompiledValue? {
        guard let plugin = template.raw["plugin"] else { return nil }
        guard plugin.object?.count == 1 else {
            self.faults.add(
                .badPlugin, at: origin.field("plugin"), atKey: true, "a plugin object needs exactly one key, the name of the plugin",
                hint: "write 'plugin: {NAME: {…}}'")
            return nil
        }
        return self.compiled(plugin, origin.field("plugin"))
    }
}

extension TemplateText {
    /// The text with a word in the place of every tag.
    fileprivate func withTags(as word: String) -> String {
        self.segments.map { segment in
            switch segment {
            case .literal(let text): text
            case .simple, .expression, .nested: word
            }
        }.joined()
    }
}
