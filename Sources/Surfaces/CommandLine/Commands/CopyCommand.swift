import ArgumentParser
import Operations
import WorkflowModel

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Write the artifacts that a run has made to files.",
        discussion: """
            Each artifact is one file, packed as its template says: a directory is a .tgz unless `archive` says otherwise. A file that is \
            there already is replaced.
            """)

    @Argument(help: "Name of a run; @latest is the newest.")
    var name: String

    @Argument(help: "Where to write; made when it is not there.", completion: .directory)
    var directory: String

    @Option(name: .long, help: ArgumentHelp("Only artifacts of this name.", valueName: "name"))
    var artifactName: String?

    @Option(name: .customLong("node-id"), help: ArgumentHelp("Only of the node with this id.", valueName: "id"))
    var nodeID: String?

    @Option(name: .long, help: ArgumentHelp("Only of nodes of this template.", valueName: "name"))
    var templateName: String?

    @Option(name: .long, help: ArgumentHelp("Where in the directory each artifact goes.", valueName: "path"))
    var path = "{namespace}/{workflowName}/{nodeId}/outputs/{artifactName}"

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        let context = CommandLineContext.current
        let workflow = try await context.openOperations(self.global).get(self.name, namespace: self.global.namespace)
        let found = self.artifacts(of: WorkflowView(workflow))
        if found.isEmpty {
            throw OperationError(
                .notFound, "run '\(WorkflowView(workflow).name)' has no such artifacts",
                hint: "see which it has: skiff get -o wide \(self.name)")
        }
        let artifacts = try await context.openArtifacts(self.global)
        for artifact in found {
            let copy = ArtifactCopy(query: artifact.query, target: try FileTarget(self.directory, artifact.place), artifacts: artifacts)
            _ = context.console.write("Created \"\(try await copy.write())\"\n", .errors)
        }
    }

    private func artifacts(of workflow: WorkflowView) -> [(query: ArtifactQuery, place: String)] {
        let uid = workflow.metadata?["uid"]?.string ?? workflow.name
        return workflow.nodes.filter(self.isWanted).flatMap { node in
            (node.object["outputs"]?["artifacts"]?.array ?? []).compactMap { artifact in
                guard let name = artifact["name"]?.string, self.artifactName.map({ $0 == name }) ?? true else { return nil }
                let query = ArtifactQuery(namespace: workflow.namespace, run: uid, node: node.id, artifact: name, isPacked: true)
                return (query, self.place(of: name, node, workflow))
            }
        }
    }

    private func isWanted(_ node: NodeView) -> Bool {
        // What a node only passes on is copied from where it was made.
        guard node.isLeaf else { return false }
        if let id = self.nodeID, node.id != id { return false }
        return self.templateName.map { node.object["templateName"]?.string == $0 } ?? true
    }

    private func place(of artifact: String, _ node: NodeView, _ workflow: WorkflowView) -> String {
        var place = self.path
        for (tag, value) in [
            ("{namespace}", workflow.namespace), ("{workflowName}", workflow.name), ("{nodeId}", node.id),
            ("{templateName}", node.object["templateName"]?.string ?? ""), ("{artifactName}", artifact),
        ] {
            // What comes from a run is one name, never a path.
            let name = FileTarget.isName(value) ? value : "_"
            place = place.split(separator: tag, omittingEmptySubsequences: false).joined(separator: name)
        }
        return place
    }
}
