import Engine
import Planning
import WorkflowModel

/// Which template every node runs, and from where it was named.
struct NodeOrigins {
    struct Origin {
        /// Empty for a reference, for a template written inside a step, and for step groups.
        var templateName = ""
        var reference: JSONValue?
        /// Where the template that names it lives.
        var scope: String
    }

    private let plan: Plan
    private var origins: [Origin] = []
    /// By place in the plan, because there are few templates and many nodes.
    private let scopes: [String]

    subscript(id: NodeID) -> Origin { self.origins[id.index] }

    init(plan: Plan, nodes: [Node]) {
        self.plan = plan
        self.scopes = plan.templates.map { $0.key.scope.text(workflow: plan.name) }
        self.origins.reserveCapacity(nodes.count)
        for node in nodes { self.origins.append(self.origin(of: node, nodes)) }
    }

    private func origin(of node: Node, _ nodes: [Node]) -> Origin {
        // An attempt is called as the retried node is, and comes after it.
        if case .attempt = node.role, let owner = node.owner { return self.origins[owner.index] }
        let caller = node.boundary.flatMap { nodes[$0.index].template }
        var origin = Origin(scope: caller.map { self.scopes[$0] } ?? TemplateScope.local.text(workflow: self.plan.name))
        switch node.role {
        case .group: break
        case .entry, .attempt: self.fill(&origin, node.template ?? self.plan.entrypoint.value, reference: nil)
        case .site(let site), .item(let site, _):
            let step = caller.flatMap { self.step(site, of: $0) }
            self.fill(&origin, node.template ?? Self.fixedTemplate(step?.target), reference: step?.reference)
        case .container: self.fill(&origin, caller, reference: nil)
        case .exitHandler, .hook:
            let hook = self.hook(of: node, nodes)
            self.fill(&origin, node.template ?? Self.fixedTemplate(hook?.target), reference: hook?.reference)
        }
        return origin
    }

    /// Names the template as the caller does, with any tags in a reference replaced once the template is known.
    private func fill(_ origin: inout Origin, _ template: Int?, reference: TemplateRef?) {
        let planned = template.map { self.plan.templates[$0] }
        guard let reference else {
            origin.templateName = planned.map { $0.isInline ? "" : $0.key.name } ?? ""
            return
        }
        var resource = reference.name
        switch planned?.key.scope {
        case .namespaced(let name), .cluster(let name): resource = name
        case .local, nil: break
        }
        var object = JSONObject()
        object["name"] = .string(resource)
        object["template"] = .string(planned?.key.name ?? reference.template)
        if reference.clusterScope { object["clusterScope"] = true }
        origin.reference = .object(object)
    }

    private func step(_ site: Int, of template: Int) -> PlannedStep? {
        switch self.plan.templates[template].body {
        case .steps(let steps): steps.steps[site]
        case .dag(let dag): dag.tasks[site]
        case .pod, .containerSet, .resource, .data, .suspend, .http, .plugin: nil
        }
    }

    /// The hook of the step or task whose node it belongs to; the workflow's own for a handler that belongs to no node.
    private func hook(of node: Node, _ nodes: [Node]) -> PlannedHook? {
        guard let owner = node.owner.map({ nodes[$0.index] }) else {
            if case .hook(let name) = node.role { return self.plan.hooks.first { $0.event == name } }
            return self.plan.onExit
        }
        switch owner.role {
        case .site(let site), .item(let site, _):
            let step = owner.boundary.flatMap { nodes[$0.index].template }.flatMap { self.step(site, of: $0) }
            if case .hook(let name) = node.role { return step?.hooks.first { $0.event == name } }
            return step?.exit
        case .entry, .group, .attempt, .exitHandler, .hook, .container: return nil
        }
    }

    private static func fixedTemplate(_ target: PlannedTarget?) -> Int? {
        guard case .template(let index) = target else { return nil }
        return index.value
    }
}
