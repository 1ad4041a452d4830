import Diagnostics
import Engine
import Manifests
import Operations
import Planning
import Ports
import StatusViews
import WorkflowModel

/// A run as it was submitted and as it stands, told again from the store.
struct StoredRun: Sendable {
    let record: RunRecord
    let source: RunSource
    /// The Workflow as it was submitted.
    let manifest: JSONValue
    let machine: RunMachine

    var view: JSONValue { self.machine.view(self.manifest) }

    /// - Throws: `OperationError.internalFault` when what is stored makes no run (any more).
    static func load(_ record: RunRecord, from reader: any RunReader) async throws -> StoredRun {
        let source = try await reader.source(of: record.id)
        let (plan, manifest) = try Self.plan(source, name: record.name)
        let rows = try await reader.rows(of: record.id)
        do {
            let machine = try Self.machine(plan, record.id, rows)
            return StoredRun(record: record, source: source, manifest: manifest, machine: machine)
        } catch {
            throw Self.unreadable(record.name, "\(error)")
        }
    }

    private static func machine(_ plan: Plan, _ id: RunID, _ rows: [StateRow]) throws -> RunMachine {
        // Recorded and not yet begun.
        guard let run = rows.first, run.ordinal == -1 else { return RunMachine(plan: plan, id: id) }
        return try RunMachine(
            plan: plan, id: id, run: JSONValue(json: run.json), nodes: rows.dropFirst().map { try JSONValue(json: $0.json) })
    }

    private static func plan(_ source: RunSource, name: String) throws -> (Plan, JSONValue) {
        let manifest: JSONValue
        let context: [JSONValue]
        let options: RunOptions
        do {
            options = try RunOptions(json: source.options)
            manifest = try JSONValue(json: source.workflow)
            context = try source.context.map { try JSONValue(json: $0) }
        } catch {
            throw Self.unreadable(name, "\(error)")
        }
        guard let workflow = Workflow(manifest) else { throw Self.unreadable(name, "it is not a Workflow") }
        let secrets = source.secrets.mapValues { Set($0.keys) }
        let input = PlanningInput(
            workflow: PlanningDocument(workflow: workflow, source: SourceMap(file: name, lines: [])),
            library: context.compactMap { Workflow($0) }.map { PlanningDocument(workflow: $0, source: SourceMap(file: name, lines: [])) },
            resources: ManifestContext.resources(configMaps: context, secrets: secrets), readYAML: ManifestReader.value(ofYAML:),
            archivesLogs: options.archivesLogs)
        let result = Planner.plan(input)
        guard let plan = result.plan else {
            let reason = result.diagnostics.first { $0.severity == .error }?.message ?? "it cannot be planned"
            throw Self.unreadable(name, reason)
        }
        return (plan, manifest)
    }

    private static func unreadable(_ name: String, _ reason: String) -> OperationError {
        OperationError(
            .internalFault, "what is stored of run '\(name)' cannot be read by this version of Skiff: \(reason)",
            hint: "use the version that started it")
    }
}

extension RunMachine {
    /// The Workflow object as it is now, in Argo's shape.
    func view(_ manifest: JSONValue) -> JSONValue {
        WorkflowView(plan: self.plan, id: self.id, run: self.run, nodes: self.nodes, manifest: manifest).json
    }
}
