import Engine
import Planning
import WorkflowModel

/// How long which resources were held, in Argo's units: seconds times CPU cores, and seconds times 100 MiB of memory.
struct ResourcesDuration: Sendable, Equatable {
    var cpu: Int64 = 0
    var memory: Int64 = 0

    static func + (left: ResourcesDuration, right: ResourcesDuration) -> ResourcesDuration {
        ResourcesDuration(cpu: left.cpu + right.cpu, memory: left.memory + right.memory)
    }

    var json: JSONValue { ["cpu": .integer(self.cpu), "memory": .integer(self.memory)] }
}

/// What the pods of each template ask of the machine, worked out once per template.
struct TemplateResources {
    private struct Request {
        var cpuMillis: Int64
        var memoryBytes: Int64
    }

    /// Argo's defaults for containers that ask for nothing: 100m and 100Mi.
    private static let fallback = Request(cpuMillis: 100, memoryBytes: Self.memoryUnit)
    private static let memoryUnit: Int64 = 100 << 20
    private let requests: [Request]

    init(plan: Plan) { self.requests = plan.templates.map { Self.request(of: $0) } }

    /// Whole seconds, rounded down, as Argo estimates it for the main container.
    func duration(of node: Node, ran: Span) -> ResourcesDuration {
        let request = node.template.map { self.requests[$0] } ?? Self.fallback
        let seconds = Double(max(0, ran.milliseconds)) / 1000
        return ResourcesDuration(
            cpu: Int64(seconds * Double(request.cpuMillis) / 1000),
            memory: Int64(seconds * Double(request.memoryBytes) / Double(Self.memoryUnit)))
    }

    /// The request, else the limit, else the default. A quantity with tags in it counts as the default: it differs from node to node, and
    /// this is an estimate.
    private static func request(of template: PlannedTemplate) -> Request {
        guard case .pod(let pod) = template.body else { return Self.fallback }
        let resources = pod.container[field: "resources"]
        let quantity = { (name: String) -> Double? in
            let value = resources?[field: "requests"]?[field: name] ?? resources?[field: "limits"]?[field: name]
            guard case .literal(let json) = value else { return nil }
            return json.scalarText.flatMap(Self.quantity)
        }
        return Request(
            cpuMillis: quantity("cpu").flatMap { Int64(exactly: ($0 * 1000).rounded(.up)) } ?? Self.fallback.cpuMillis,
            memoryBytes: quantity("memory").flatMap { Int64(exactly: $0.rounded(.up)) } ?? Self.fallback.memoryBytes)
    }

    /// A Kubernetes quantity (`100m`, `1.5`, `2Gi`, `1e3`); nil for anything else.
    static func quantity(_ text: String) -> Double? {
        let units: [(suffix: String, factor: Double)] = [
            ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60), ("n", 1e-9), ("u", 1e-6),
            ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        guard digits.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }), let amount = Double(digits), amount.isFinite, amount >= 0 else {
            return nil
        }
        let value = amount * (unit?.factor ?? 1)
        return value <= 0x1p62 ? value : nil
    }
}
