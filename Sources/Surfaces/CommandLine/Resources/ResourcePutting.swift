import ArgumentParser
import Operations
import WorkflowModel

/// Files with objects.
struct ResourceFileArguments: ParsableArguments {
    @Argument(help: "YAML or JSON files, directories, or - for standard input.", completion: .file())
    var files: [String] = []

    @Option(
        name: [.customShort("f"), .customLong("filename")],
        help: ArgumentHelp("The same, as kubectl takes them (repeatable).", valueName: "file"), completion: .file())
    var filenames: [String] = []

    var all: [String] { self.files + self.filenames }

    func validate() throws {
        if self.all.isEmpty { throw ValidationError("name a file with -f, or '-' for standard input") }
    }
}

/// Stores the objects of files and tells what became of each.
struct ResourcePutting {
    let rule: ResourceWriteRule
    let output: ResourceOutput?
    var isDryRun = false
    /// Without `-o` Argo's verbs print the object, kubectl's a line.
    var printsBlocks = false
    let options: GlobalOptions

    /// - Throws: `ManifestFault`, `OperationError`; `ExitCode` 1 at the end when an object was refused.
    func carryOut(_ files: ResourceFiles) async throws {
        let context = CommandLineContext.current
        let resources = try await context.openResources(self.options)
        let report = try await resources.put(files.manifests, self.rule, namespace: self.options.namespace, isDryRun: self.isDryRun)
        files.tell(report.diagnostics, context.console, self.options)
        var objects: [JSONValue] = []
        var refusals: [OperationError] = []
        for result in report.results {
            switch result.result {
            case .success(let done):
                objects.append(done.object)
                self.tell(result.reference, done.outcome, context.console)
            case .failure(let error): refusals.append(error)
            }
        }
        try self.show(objects, resources, context.console)
        if refusals.count == 1, report.results.count == 1 { throw refusals[0] }
        let style = OutputStyle(console: context.console, channel: .errors, self.options)
        for error in refusals { _ = context.console.write(style.errorText(error), .errors) }
        if !refusals.isEmpty { throw ExitCode(ExitStatus.failure) }
    }

    private func tell(_ reference: ResourceReference, _ outcome: ResourceResult.Outcome, _ console: Console) {
        guard self.output == nil || self.output == .wide, !self.printsBlocks else { return }
        _ = console.write("\(reference.text) \(outcome.rawValue)\(self.isDryRun ? " (dry run)" : "")\n", .output)
    }

    private func show(_ objects: [JSONValue], _ resources: any ResourceOperations, _ console: Console) throws {
        guard !objects.isEmpty, self.printsBlocks || self.output == .name || self.output == .json || self.output == .yaml else { return }
        let showing = ResourceShowing(resources: resources, console: console, options: self.options, output: self.output)
        try showing.write(objects, asBlocks: self.printsBlocks, showsNamespace: false)
    }
}

/// Deletes stored objects and says so, as Argo does.
struct ResourceDeleting {
    let resources: any ResourceOperations
    let console: Console
    let options: GlobalOptions
    let isDryRun: Bool

    /// - Parameter objects: with the namespace of each.
    /// - Throws: `OperationError`; `ExitCode` 1 at the end when one of several was refused.
    func delete(_ objects: [(reference: ResourceReference, namespace: String)]) async throws {
        let names = objects.indices.map(String.init)
        try await Targets.each(names, self.console, self.options) { name in
            guard let at = Int(name) else { return }
            try await self.delete(objects[at].reference, namespace: objects[at].namespace)
        }
        if objects.isEmpty { _ = self.console.write("No resources found\n", .output) }
    }

    private func delete(_ reference: ResourceReference, namespace: String) async throws {
        let text = "\(reference.kind.rawValue) '\(reference.name)'"
        do {
            if !self.isDryRun { try await self.resources.delete(reference, namespace: namespace, resourceVersion: nil) }
            _ = self.console.write("\(text) deleted\(self.isDryRun ? " (dry-run)" : "")\n", .output)
        } catch let error as OperationError where error.code == .notFound {
            // Gone is what was asked for.
            _ = self.console.write("\(text) not found\n", .output)
        }
    }

    /// Deletes what files name. Runs are none of it: they are deleted by name.
    func delete(in files: ResourceFiles) async throws {
        let views = files.manifests.map { ResourceView($0.object) }
        for view in views where view.kind == nil {
            let kind = view.object["kind"]?.string ?? "object"
            let text = "\(TerminalText.safe(kind)) '\(TerminalText.safe(view.name))' is not deleted: it is no stored object\n"
            _ = self.console.write(text, .errors)
        }
        try await self.delete(
            views.compactMap { view in
                guard let kind = view.kind, !view.name.isEmpty else { return nil }
                return (ResourceReference(kind, view.name), view.namespace.isEmpty ? self.options.namespace : view.namespace)
            })
    }

    /// Deletes what a list has.
    func deleteAll(_ query: ResourceListQuery) async throws {
        var query = query
        var objects: [(reference: ResourceReference, namespace: String)] = []
        repeat {
            let page = try await self.resources.list(query)
            objects += page.items.map { ResourceView($0) }.map { (ResourceReference(query.kind, $0.name), $0.namespace) }
            query.continuation = page.next
        } while query.continuation != nil
        try await self.delete(objects)
    }
}

extension ResourceOutput: ExpressibleByArgument {}
