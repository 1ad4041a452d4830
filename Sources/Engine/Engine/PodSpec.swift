import Expressions
import Planning
import WorkflowModel

/// A pod as Kubernetes would be asked for it: what patches speak of.
struct PodSpec {
    /// `containers` (the main ones and the sidecars), `initContainers`, `volumes`, `securityContext`, `terminationGracePeriodSeconds`, …
    var json: JSONObject
    /// Which of the containers are sidecars, and which of those want the main container's mounts.
    var sidecars: Set<String> = []
    /// Labels and annotations.
    var metadata: JSONValue
}

extension RunMachine {
    func podSpec(_ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> PodSpec {
        var spec = PodSpec(json: JSONObject(), metadata: try self.podMetadata(template, scope))
        var containers: [JSONValue] = []
        var volumes: [JSONValue] = []
        var security: CompiledValue?
        switch template.body {
        case .pod(let pod):
            containers.append(Self.named("main", try self.rendered(pod.container, scope)))
            volumes = try self.rendered(pod.volumes, scope)
            security = pod.securityContext
        case .containerSet(let set):
            let shared = try self.rendered(set.volumeMounts, scope)
            for member in set.members { containers.append(Self.adding(shared, to: try self.rendered(member.container, scope))) }
            volumes = try self.rendered(set.volumes, scope)
            security = set.securityContext
        case .resource, .data, .steps, .dag, .suspend, .http, .plugin: throw NodeFault("the node runs no pod")
        }
        let main = containers.first { $0["name"]?.string == "main" } ?? containers.first
        for sidecar in try self.rendered(template.sidecars, scope) {
            if let name = sidecar["name"]?.string { spec.sidecars.insert(name) }
            containers.append(Self.mirrored(sidecar, main))
        }
        // The template's own volumes win over the workflow's.
        for volume in try self.rendered(self.plan.volumes, scope) where !volumes.contains(where: { $0["name"] == volume["name"] }) {
            volumes.append(volume)
        }
        spec.json["containers"] = .array(containers)
        spec.json["initContainers"] = .array(try self.rendered(template.initContainers, scope).map { Self.mirrored($0, main) })
        spec.json["volumes"] = .array(volumes)
        if let security { spec.json["securityContext"] = try self.rendered(security, scope) }
        for patch in [self.plan.podSpecPatch, template.podSpecPatch] {
            guard let patch else { continue }
            try self.apply(patch, to: &spec, scope)
        }
        return spec
    }

    private func rendered(_ values: [CompiledValue], _ scope: Scope) throws(NodeFault) -> [JSONValue] {
        var rendered: [JSONValue] = []
        for value in values { rendered.append(try self.rendered(value, scope)) }
        return rendered
    }

    private func podMetadata(_ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> JSONValue {
        var metadata: JSONValue = ["labels": ["workflows.argoproj.io/workflow": .string(self.plan.name)]]
        for part in [self.plan.podMetadata, template.clusterFields?[field: "metadata"]] {
            guard let part else { continue }
            metadata = StrategicMerge.merge(try self.rendered(part, scope), onto: metadata)
        }
        return metadata
    }

    private static func adding(_ mounts: [JSONValue], to container: JSONValue) -> JSONValue {
        if mounts.isEmpty { return container }
        return container.merging(["volumeMounts": .array((container["volumeMounts"]?.array ?? []) + mounts)])
    }

    private static func named(_ name: String, _ container: JSONValue) -> JSONValue { container.merging(["name": .string(name)]) }

    private static func mirrored(_ container: JSONValue, _ main: JSONValue?) -> JSONValue {
        guard container["mirrorVolumeMounts"]?.bool ?? false, let mounts = main?["volumeMounts"]?.array else { return container }
        let own = container["volumeMounts"]?.array ?? []
        let missing = mounts.filter { mount in !own.contains { $0["mountPath"] == mount["mountPath"] } }
        return container.merging(["volumeMounts": .array(own + missing)])
    }

    private func apply(_ patch: TemplateText, to spec: inout PodSpec, _ scope: Scope) throws(NodeFault) {
        let text = try scope.text(patch)
        if text.isEmpty { return }
        switch self.plan.readYAML(text) {
        case .success(let json):
            guard json.object != nil else { throw NodeFault("podSpecPatch is no object: \(text.prefix(200))") }
            if case .object(let merged) = StrategicMerge.merge(json, onto: .object(spec.json)) { spec.json = merged }
        case .failure(let error): throw NodeFault("podSpecPatch cannot be read: \(error.message)")
        }
    }
}

/// Turns a pod spec into the request that a runtime understands.
struct PodBuilder {
    let machine: RunMachine
    let node: Node
    let podName: String
    let spec: PodSpec

    var resources: PlanResources { self.machine.plan.resources }

    func request() throws(NodeFault) -> PodRequest {
        var containers: [ContainerRequest] = []
        var sidecars: [ContainerRequest] = []
        for json in self.spec.json["containers"]?.array ?? [] {
            let container = try self.container(json)
            if self.spec.sidecars.contains(container.name) { sidecars.append(container) } else { containers.append(container) }
        }
        guard let first = containers.first else { throw NodeFault("the pod has no container") }
        var request = PodRequest(
            id: PodID(run: self.machine.id, node: self.node.id, attempt: self.node.podAttempt), podName: self.podName, main: first)
        request.containers = containers
        request.sidecars = sidecars
        for json in self.spec.json["initContainers"]?.array ?? [] {
            var container = try self.container(json)
            container.restarts = Self.restarts(json)
            request.initContainers.append(container)
        }
        for container in request.allContainers {
            for mount in container.mounts where !request.volumes.contains(where: { $0.name == mount.volume }) {
                request.volumes.append(try self.volume(mount.volume, among: self.spec.json["volumes"]?.array ?? []))
            }
        }
        if let seconds = self.spec.json["terminationGracePeriodSeconds"]?.integer { request.gracePeriod = .seconds(max(0, seconds)) }
        request.resources = self.wanted()
        return request
    }

    private func container(_ json: JSONValue) throws(NodeFault) -> ContainerRequest {
        var container = ContainerRequest(name: json["name"]?.string ?? "", image: json["image"]?.string ?? "")
        container.command = (json["command"]?.array ?? []).compactMap(\.scalarText)
        container.args = (json["args"]?.array ?? []).compactMap(\.scalarText)
        container.workingDir = json["workingDir"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        container.isTTY = json["tty"]?.bool ?? false
        container.env = try self.environment(json)
        let security = self.spec.json["securityContext"]
        container.runAsUser = (json["securityContext"]?["runAsUser"] ?? security?["runAsUser"])?.int
        container.runAsGroup = (json["securityContext"]?["runAsGroup"] ?? security?["runAsGroup"])?.int
        container.mounts = (json["volumeMounts"]?.array ?? []).map { mount in
            VolumeMountRequest(
                volume: mount["name"]?.string ?? "", mountPath: mount["mountPath"]?.string ?? "",
                subPath: mount["subPath"]?.string.flatMap { $0.isEmpty ? nil : $0 }, isReadOnly: mount["readOnly"]?.bool ?? false)
        }
        container.readiness = try json["readinessProbe"].flatMap { (probe) throws(NodeFault) in try self.probe(probe, of: json) }
        container.postStart = try json["lifecycle"]?["postStart"].flatMap { (value) throws(NodeFault) in try self.handler(value, of: json) }
        container.preStop = try json["lifecycle"]?["preStop"].flatMap { (value) throws(NodeFault) in try self.handler(value, of: json) }
        container.limits = Self.amounts(json["resources"]?["limits"])
        return container
    }

    // MARK: Probes and handlers

    private func probe(_ probe: JSONValue, of container: JSONValue) throws(NodeFault) -> ProbeRequest? {
        guard let handler = try self.handler(probe, of: container) else { return nil }
        func span(_ field: String, _ standard: Int64) -> Span {
            .seconds(max(probe[field]?.integer ?? standard, field == "periodSeconds" ? 1 : 0))
        }
        return ProbeRequest(
            handler: handler, initialDelay: span("initialDelaySeconds", 0), period: span("periodSeconds", 10),
            timeout: span("timeoutSeconds", 1), successThreshold: max(1, probe["successThreshold"]?.int ?? 1))
    }

    private func handler(_ json: JSONValue, of container: JSONValue) throws(NodeFault) -> HandlerRequest? {
        if let command = json["exec"]?["command"]?.array { return .exec(command: command.compactMap(\.scalarText)) }
        if let get = json["httpGet"], get.object != nil {
            let headers = (get["httpHeaders"]?.array ?? []).map {
                NamedValue(name: $0["name"]?.string ?? "", value: $0["value"]?.string ?? "")
            }
            return .httpGet(
                scheme: get["scheme"]?.string ?? "HTTP", host: get["host"]?.string, port: try self.port(get["port"], of: container),
                path: get["path"]?.string ?? "/", headers: headers)
        }
        if let socket = json["tcpSocket"], socket.object != nil {
            return .tcpSocket(host: socket["host"]?.string, port: try self.port(socket["port"], of: container))
        }
        return nil
    }

    /// A port's number, or the name of one of the container's ports.
    private func port(_ json: JSONValue?, of container: JSONValue) throws(NodeFault) -> Int {
        let text = json?.scalarText ?? ""
        if let number = Int(text) { return number }
        if let named = container["ports"]?.array?.first(where: { $0["name"]?.string == text })?["containerPort"]?.int { return named }
        throw NodeFault("container '\(container["name"]?.string ?? "")' has no port '\(text)'")
    }

    // MARK: Resources

    /// Kubernetes' way to say that an init container is a sidecar.
    private static func restarts(_ initContainer: JSONValue) -> Bool { initContainer["restartPolicy"]?.string == "Always" }

    /// What all containers ask for together. Init containers run one by one beside the sidecars that stand before them, so that the largest
    /// of these moments counts.
    private func wanted() -> ResourceRequest {
        var sidecars = ResourceRequest()
        var largest = ResourceRequest()
        for container in self.spec.json["initContainers"]?.array ?? [] {
            var moment = sidecars
            moment.add(Self.requests(container["resources"]))
            if Self.restarts(container) { sidecars = moment }
            largest.raise(to: moment)
        }
        var sum = sidecars
        for container in self.spec.json["containers"]?.array ?? [] { sum.add(Self.requests(container["resources"])) }
        sum.raise(to: largest)
        return sum
    }

    /// Requests, or limits where there is no request.
    private static func requests(_ json: JSONValue?) -> ResourceRequest {
        var request = Self.amounts(json?["limits"])
        let own = Self.amounts(json?["requests"])
        if let cpu = own.cpuMillis { request.cpuMillis = cpu }
        if let memory = own.memoryBytes { request.memoryBytes = memory }
        for (name, amount) in own.extended { request.extended[name] = amount }
        return request
    }

    static func amounts(_ json: JSONValue?) -> ResourceRequest {
        var request = ResourceRequest()
        for (name, value) in json?.object ?? JSONObject() {
            guard let amount = value.scalarText.flatMap({ Quantity($0) }) else { continue }
            switch name {
            case "cpu": request.cpuMillis = amount.thousandths
            case "memory": request.memoryBytes = amount.units
            case "ephemeral-storage", "storage": break
            default: request.extended[name] = amount.units
            }
        }
        return request
    }
}

extension ResourceRequest {
    fileprivate mutating func add(_ other: ResourceRequest) {
        if let cpu = other.cpuMillis { self.cpuMillis = (self.cpuMillis ?? 0) + cpu }
        if let memory = other.memoryBytes { self.memoryBytes = (self.memoryBytes ?? 0) + memory }
        for (name, amount) in other.extended { self.extended[name, default: 0] += amount }
    }

    fileprivate mutating func raise(to other: ResourceRequest) {
        if let cpu = other.cpuMillis { self.cpuMillis = max(self.cpuMillis ?? 0, cpu) }
        if let memory = other.memoryBytes { self.memoryBytes = max(self.memoryBytes ?? 0, memory) }
        for (name, amount) in other.extended { self.extended[name] = max(self.extended[name] ?? 0, amount) }
    }
}
