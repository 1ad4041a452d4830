public import Planning
public import WorkflowModel

/// How long which resources were held, in Argo's units: seconds times CPU cores, and seconds times 100 MiB of memory.
public struct ResourcesDuration: Sendable, Equatable {
    public var cpu: Int64 = 0
    public var memory: Int64 = 0

    public init(cpu: Int64 = 0, memory: Int64 = 0) {
        self.cpu = cpu
        self.memory = memory
    }

    /// Of a pod of the template.
    init(of template: PlannedTemplate, ran: Span) { self = TemplateResources.request(of: template).duration(ran) }

    public static func + (left: ResourcesDuration, right: ResourcesDuration) -> ResourcesDuration {
        ResourcesDuration(cpu: left.cpu + right.cpu, memory: left.memory + right.memory)
    }

    public var json: JSONValue { ["cpu": .integer(self.cpu), "memory": .integer(self.memory)] }
}

/// What the pods of each template ask of the machine, worked out once per template.
public struct TemplateResources: Sendable {
    fileprivate struct Request {
        var cpuMillis: Int64
        var memoryBytes: Int64

        /// Whole seconds, rounded down, as Argo estimates it for the main container.
        func duration(_ ran: Span) -> ResourcesDuration {
            let seconds = Double(max(0, ran.milliseconds)) / 1000
            return ResourcesDuration(
                cpu: TemplateResources.whole(seconds * Double(self.cpuMillis) / 1000),
                memory: TemplateResources.whole(seconds * Double(self.memoryBytes) / Double(TemplateResources.memoryUnit)))
        }
    }

    /// Argo's defaults for containers that ask for nothing: 100m and 100Mi.
    private static let fallback = Request(cpuMillis: 100, memoryBytes: Self.memoryUnit)
    fileprivate static let memoryUnit: Int64 = 100 << 20
    private let requests: [Request]

    public init(plan: Plan) { self.requests = plan.templates.map { Self.request(of: $0) } }

    public func duration(of node: Node, ran: Span) -> ResourcesDuration {
        (node.template.map { self.requests[$0] } ?? Self.fallback).duration(ran)
    }

    /// Rounded down; kept where sums of many of them stay in range, however absurd the request.
    fileprivate static func whole(_ value: Double) -> Int64 { Int64(min(value, 0x1p40)) }

    /// The request, else the limit, else the default. A quantity with tags in it counts as the default: it differs from node to node, and
    /// this is an estimate.
    fileprivate static func request(of template: PlannedTemplate) -> Request {
        guard case .pod(let pod) = template.body else { return Self.fallback }
        let resources = pod.container[field: "resources"]
        let quantity = { (name: String) -> Quantity? in
            let value = resources?[field: "requests"]?[field: name] ?? resources?[field: "limits"]?[field: name]
            guard case .literal(let json) = value else { return nil }
            return json.scalarText.flatMap { Quantity($0) }
        }
        return Request(
            cpuMillis: quantity("cpu")?.thousandths ?? Self.fallback.cpuMillis,
            memoryBytes: quantity("memory")?.units ?? Self.fallback.memoryBytes)
    }
}
