import Expressions
import Planning
import WorkflowModel

/// A pod as Kubernetes would be asked for it, as far as a runtime here looks at it.
struct PodSpec {
    /// The main ones and the sidecars.
    var containers: [JSONValue] = []
    var initContainers: [JSONValue] = []
    var volumes: [JSONValue] = []
    var securityContext: JSONValue?
    var gracePeriodSeconds: Int64?
    /// Which of the containers are sidecars.
    var sidecars: Set<String> = []
    /// Labels and annotations that the workflow or the template gives; nil when there are none.
    var metadata: JSONValue?
}

extension PodSpec {
    /// What a patch speaks of; what it adds beyond these fields means nothing here.
    private var json: JSONValue {
        var json = JSONObject()
        json["containers"] = .array(self.containers)
        json["initContainers"] = .array(self.initContainers)
        json["volumes"] = .array(self.volumes)
        json["securityContext"] = self.securityContext
        json["terminationGracePeriodSeconds"] = self.gracePeriodSeconds.map { .integer($0) }
        return .object(json)
    }

    mutating func apply(_ patch: JSONValue) {
        let patched = StrategicMerge.merge(patch, onto: self.json)
        self.containers = patched["containers"]?.array ?? []
        self.initContainers = patched["initContainers"]?.array ?? []
        self.volumes = patched["volumes"]?.array ?? []
        self.securityContext = patched["securityContext"]
        self.gracePeriodSeconds = patched["terminationGracePeriodSeconds"]?.integer
    }
}

extension RunMachine {
    func podSpec(_ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> PodSpec {
        var spec = PodSpec(metadata: try self.podMetadata(template, scope))
        var security: CompiledValue?
        switch template.body {
        case .pod(let pod):
            spec.containers.append(try self.rendered(pod.container, scope))
            spec.volumes = try self.rendered(pod.volumes, scope)
            security = pod.securityContext
        case .containerSet(let set):
            let shared = try self.rendered(set.volumeMounts, scope)
            for member in set.members {
                spec.containers.append(Self.adding(shared, to: try self.rendered(member.container, scope)))
            }
            spec.volumes = try self.rendered(set.volumes, scope)
            security = set.securityContext
        case .resource, .data, .steps, .dag, .suspend, .http, .plugin: throw NodeFault("the node runs no pod")
        }
        let main = spec.containers.first { $0["name"]?.string == "main" } ?? spec.containers.first
        for sidecar in try self.rendered(template.sidecars, scope) {
            if let name = sidecar["name"]?.string { spec.sidecars.insert(name) }
            spec.containers.append(Self.mirrored(sidecar, main))
        }
        // The template's own volumes win over the workflow's.
        for volume in try self.rendered(self.plan.volumes, scope) where !spec.volumes.contains(where: { $0["name"] == volume["name"] }) {
            spec.volumes.append(volume)
        }
        spec.initContainers = try self.rendered(template.initContainers, scope).map { Self.mirrored($0, main) }
        if let security { spec.securityContext = try self.rendered(security, scope) }
        for patch in [self.plan.podSpecPatch, template.podSpecPatch] {
            guard let patch else { continue }
            try self.apply(patch, to: &spec, scope)
        }
        return spec
    }

    private func rendered(_ values: [CompiledValue], _ scope: Scope) throws(NodeFault) -> [JSONValue] {
        if values.isEmpty { return [] }
        var rendered: [JSONValue] = []
        for value in values { rendered.append(try self.rendered(value, scope)) }
        return rendered
    }

    private func podMetadata(_ template: PlannedTemplate, _ scope: Scope) throws(NodeFault) -> JSONValue? {
        var metadata: JSONValue?
        for part in [self.plan.podMetadata, template.clusterFields?[field: "metadata"]] {
            guard let part else { continue }
            let rendered = try self.rendered(part, scope)
            metadata = metadata.map { StrategicMerge.merge(rendered, onto: $0) } ?? rendered
        }
        return metadata
    }

    private static func adding(_ mounts: [JSONValue], to container: JSONValue) -> JSONValue {
        if mounts.isEmpty { return container }
        return container.merging(["volumeMounts": .array((container["volumeMounts"]?.array ?? []) + mounts)])
    }

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
            spec.apply(json)
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

    /// The pod's labels and annotations, with the one that every pod has. Asked for by few pods, so made when it is.
    var metadata: JSONValue {
        let own: JSONValue = ["labels": ["workflows.argoproj.io/workflow": .string(self.machine.plan.name)]]
        return self.spec.metadata.map { StrategicMerge.merge($0, onto: own) } ?? own
    }

    func request() throws(NodeFault) -> PodRequest {
        var containers: [ContainerRequest] = []
        var sidecars: [ContainerRequest] = []
        for json in self.spec.containers {
            let container = try self.container(json)
            if self.spec.sidecars.contains(container.name) { sidecars.append(container) } else { containers.append(container) }
        }
        guard let first = containers.first else { throw NodeFault("the pod has no container") }
        var request = PodRequest(
            id: PodID(run: self.machine.id, node: self.node.id, attempt: self.node.podAttempt), podName: self.podName, main: first)
        request.containers = containers
        request.sidecars = sidecars
        for json in self.spec.initContainers {
            var container = try self.container(json)
            container.restarts = Self.restarts(json)
            request.initContainers.append(container)
        }
        for container in request.allContainers {
            for mount in container.mounts where !request.volumes.contains(where: { $0.name == mount.volume }) {
                request.volumes.append(try self.volume(mount.volume, among: self.spec.volumes))
            }
        }
        if let seconds = self.spec.gracePeriodSeconds { request.gracePeriod = .seconds(max(0, seconds)) }
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
        let security = self.spec.securityContext
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
        for container in self.spec.initContainers {
            var moment = sidecars
            moment.add(Self.requests(container["resources"]))
            if Self.restarts(container) { sidecars = moment }
            largest.raise(to: moment)
        }
        var sum = sidecars
        for container in self.spec.containers { sum.add(Self.requests(container["resources"])) }
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
