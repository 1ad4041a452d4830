import ArgumentParser
import Operations
import WorkflowModel

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show runs with the tree of their nodes, or stored objects.",
        discussion: """
            `skiff get NAME…` shows runs. `skiff get KIND`, `skiff get KIND NAME…` and `skiff get KIND/NAME…` show stored objects: \
            workflowtemplate (wftmpl), clusterworkflowtemplate (cwft), cronworkflow (cwf), workfloweventbinding (wfeb), configmap (cm), \
            secret, persistentvolumeclaim (pvc), namespace (ns). A run that is called like a kind is `workflow/NAME`.
            """)

    @Argument(help: "Names of runs (@latest is the newest), or a kind and names of stored objects.")
    var names: [String] = []

    @Option(name: .shortAndLong, help: "Name only, the object, the tree only, or more columns.")
    var output: GetOutput?

    @Option(name: .long, help: ArgumentHelp("Only nodes in one of these phases: Failed,Error.", valueName: "phases"))
    var status: String?

    @Option(name: .long, help: ArgumentHelp("Only nodes whose fields match: templateName=build,phase!=Succeeded.", valueName: "selector"))
    var nodeFieldSelector: String?

    @OptionGroup(title: "Options for stored objects") var selection: ResourceSelection
    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("A Workflow with its status in a file, such as one exported from a cluster.", valueName: "file"),
        completion: .file())
    var file: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum GetOutput: String, ExpressibleByArgument, CaseIterable { case name, json, yaml, short, wide }

    func validate() throws {
        if self.names.isEmpty == (self.file == nil) { throw ValidationError("name a run, or give a file with -f") }
        do { _ = try NodeFilter(phases: self.status, selector: self.nodeFieldSelector) } catch let fault as SelectorFault {
            throw ValidationError(fault.description)
        }
        try self.validateTargets()
    }

    private func validateTargets() throws {
        switch try ResourceTargets(self.names) {
        case .runs:
            if !self.selection.isEmpty {
                throw ValidationError(
                    "-A, -l, --field-selector, --limit, -w and --show-secrets are for stored objects; for runs see: skiff list")
            }
        case .named, .all:
            if self.status != nil || self.nodeFieldSelector != nil {
                throw ValidationError("--status and --node-field-selector are for runs")
            }
        }
    }

    func run() async throws {
        switch try ResourceTargets(self.names) {
        case .runs(let names): try await self.showRuns(names)
        case .named(let references): try await self.showing().show(references, selection: self.selection)
        case .all(let kind): try await self.showing().list(kind, selection: self.selection)
        }
    }

    private func showing() async throws -> ResourceShowing {
        let context = CommandLineContext.current
        return ResourceShowing(
            resources: try await context.openResources(self.global), console: context.console, options: self.global,
            output: self.output.flatMap { ResourceOutput(rawValue: $0.rawValue) }, withSecrets: self.selection.showSecrets)
    }

    private func showRuns(_ names: [String]) async throws {
        let console = CommandLineContext.current.console
        if let file = self.file {
            let workflow = try await CommandLineContext.current.openStarter(self.global).exported(file)
            _ = console.write(try self.text(workflow, console), .output)
            return
        }
        let operations = try await CommandLineContext.current.openOperations(self.global)
        var isFirst = true
        try await Targets.each(names, console, self.global) { name in
            let workflow = try await operations.get(name, namespace: self.global.namespace)
            let separator = isFirst ? "" : self.output == .yaml ? "---\n" : self.output == nil || self.output == .wide ? "\n" : ""
            _ = console.write(separator + (try self.text(workflow, console)), .output)
            isFirst = false
        }
    }

    private func text(_ workflow: JSONValue, _ console: Console) throws -> String {
        switch self.output {
        case .name: return WorkflowView(workflow).name + "\n"
        case .json: return workflow.json(indent: 4) + "\n"
        case .yaml: return try workflow.yaml()
        case .short: return try self.tree(workflow, console, .short)
        case .wide, nil:
            let style = OutputStyle(console: console, channel: .output, self.global)
            let header = WorkflowHeader(workflow).text(style: style, now: console.now(), secondsFromUTC: console.secondsFromUTC)
            let tree = try self.tree(workflow, console, self.output == .wide ? .wide : .normal)
            return header + (tree.isEmpty ? "" : "\n" + tree)
        }
    }

    private func tree(_ workflow: JSONValue, _ console: Console, _ layout: WorkflowTree.Layout) throws -> String {
        let tree = WorkflowTree(workflow, filter: try NodeFilter(phases: self.status, selector: self.nodeFieldSelector))
        return tree.text(layout, style: OutputStyle(console: console, channel: .output, self.global), now: console.now())
    }
}
