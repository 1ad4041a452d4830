import ArgumentParser
import Operations
import WorkflowModel

/// Options that choose stored objects and what is shown of them.
struct ResourceSelection: ParsableArguments {
    @Flag(name: [.customShort("A"), .customLong("all-namespaces")], help: "Stored objects of all namespaces.")
    var allNamespaces = false

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp("Only stored objects with these labels: k=v,k!=v,k in (a,b),!k.", valueName: "labels"))
    var selector: String?

    @Option(
        name: .long, help: ArgumentHelp("Only stored objects with these fields: metadata.name=x.", valueName: "fields"))
    var fieldSelector: String?

    @Option(name: .long, help: ArgumentHelp("How many stored objects, at most.", valueName: "n"))
    var limit: Int?

    @Flag(name: .shortAndLong, help: "Go on with changes as they happen.")
    var watch = false

    @Flag(name: .long, help: "Print the values of Secrets, which are hidden otherwise.")
    var showSecrets = false

    func validate() throws {
        if let limit = self.limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        do {
            _ = try LabelSelector(self.selector)
            _ = try FieldSelector(self.fieldSelector)
        } catch let fault as SelectorFault { throw ValidationError(fault.description) }
    }

    var isEmpty: Bool {
        !self.allNamespaces && self.selector == nil && self.fieldSelector == nil && self.limit == nil && !self.watch && !self.showSecrets
    }
}

/// Shows stored objects.
struct ResourceShowing {
    private static let pageSize = 500

    let resources: any ResourceOperations
    let console: Console
    let options: GlobalOptions
    let output: ResourceOutput?
    /// Of a table that is not wide.
    var layout: ResourceTable.Layout = .normal
    var withSecrets = false

    // MARK: As the words of `get` ask

    func show(_ references: [ResourceReference], selection: ResourceSelection) async throws {
        guard selection.watch else { return try await self.show(references) }
        guard references.count == 1 else { throw OperationError(.invalid, "-w watches one object, or all of a kind") }
        var query = ResourceListQuery(references[0].kind, namespace: self.options.namespace)
        query.fields = try FieldSelector("\(FieldSelector.Field.name.rawValue)=\(references[0].name)")
        try await self.watch(query)
    }

    func list(_ kind: ResourceKind, selection: ResourceSelection) async throws {
        let query = try selection.query(kind, namespace: self.options.namespace)
        if selection.watch { return try await self.watch(query) }
        try await self.list(query, limit: selection.limit)
    }

    // MARK: One by one

    /// - Throws: what `Targets.each` throws.
    func show(_ references: [ResourceReference], asBlocks: Bool = false) async throws {
        var objects: [JSONValue] = []
        var failure: (any Error)?
        do {
            try await Targets.each(references.map(\.text), self.console, self.options) { text in
                guard let reference = references.first(where: { $0.text == text }) else { return }
                objects.append(
                    try await self.resources.get(reference, namespace: self.options.namespace, withSecrets: self.withSecrets))
            }
        } catch { failure = error }
        if !objects.isEmpty { try self.write(objects, asBlocks: asBlocks, showsNamespace: false) }
        if let failure { throw failure }
    }

    func write(_ objects: [JSONValue], asBlocks: Bool, showsNamespace: Bool) throws {
        switch self.output {
        case .name: self.write(objects.map { ResourceView($0).qualifiedName + "\n" }.joined())
        case .json: self.write(ResourceView.document(of: objects).json(indent: 4) + "\n")
        case .yaml: self.write(try ResourceView.document(of: objects).yaml())
        case nil where asBlocks: self.write(objects.map { ResourceBlock($0, self.console).text }.joined(separator: "\n"))
        case .wide, nil:
            // Kinds in the order in which they come, a table each.
            var kinds: [ResourceKind] = []
            for kind in objects.compactMap({ ResourceView($0).kind }) where !kinds.contains(kind) { kinds.append(kind) }
            let tables = kinds.map { kind in self.table(kind, objects, showsNamespace: showsNamespace, hasHeadings: true) }
            self.write(tables.joined(separator: "\n"))
        }
    }

    private func table(_ kind: ResourceKind, _ objects: [JSONValue], showsNamespace: Bool, hasHeadings: Bool) -> String {
        var table = ResourceTable(
            kind, self.output == .wide ? .wide : self.layout, showsNamespace: showsNamespace, now: self.console.now())
        if hasHeadings { table.addHeadings() }
        for view in objects.map({ ResourceView($0) }) where view.kind == kind { table.add(view) }
        return table.text
    }

    private func write(_ text: String) { _ = self.console.write(text, .output) }

    // MARK: Lists

    func list(_ query: ResourceListQuery, limit: Int?) async throws {
        var objects: [JSONValue] = []
        var query = query
        var hasMore = false
        repeat {
            query.limit = min(Self.pageSize, (limit ?? .max) - objects.count)
            let page = try await self.resources.list(query)
            objects += try await self.completed(page.items, query.kind)
            query.continuation = page.next
            hasMore = page.next != nil
        } while hasMore && objects.count < limit ?? .max
        if self.output == .json || self.output == .yaml {
            let list: JSONValue = ["apiVersion": "v1", "kind": "List", "metadata": ["resourceVersion": ""], "items": .array(objects)]
            self.write(self.output == .json ? list.json(indent: 4) + "\n" : try list.yaml())
        } else if objects.isEmpty {
            if self.output != .name { self.write("No resources found\n") }
        } else {
            try self.write(objects, asBlocks: false, showsNamespace: query.namespace == nil)
        }
        if hasMore { _ = self.console.write("only \(objects.count) are shown; --limit shows more\n", .errors) }
    }

    /// Lists come without Secret values.
    private func completed(_ objects: [JSONValue], _ kind: ResourceKind) async throws -> [JSONValue] {
        guard self.withSecrets, kind == .secret else { return objects }
        var completed: [JSONValue] = []
        for object in objects {
            let view = ResourceView(object)
            completed.append(
                try await self.resources.get(ResourceReference(kind, view.name), namespace: view.namespace, withSecrets: true))
        }
        return completed
    }

    // MARK: Watching

    /// A line for each object there is and for each change, until nobody reads any more.
    func watch(_ query: ResourceListQuery) async throws {
        var isFirst = true
        for try await change in try await self.resources.watch(query, since: nil) {
            let view = ResourceView(change.object)
            let text: String
            switch self.output {
            case .name: text = view.qualifiedName + "\n"
            case .json, .yaml: text = (["type": .string(change.change.rawValue), "object": change.object] as JSONValue).json + "\n"
            case .wide, nil:
                var table = ResourceTable(
                    query.kind, self.output == .wide ? .wide : self.layout, showsNamespace: query.namespace == nil, now: self.console.now())
                if isFirst { table.addHeadings(first: ["EVENT"]) }
                table.add(view, first: [change.change.rawValue])
                text = table.text
            }
            isFirst = false
            if !self.console.write(text, .output) { return }
        }
    }
}
