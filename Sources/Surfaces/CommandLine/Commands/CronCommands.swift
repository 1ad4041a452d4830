import ArgumentParser
import Operations
import WorkflowModel

/// `cron create FILE…`, `cron update FILE…`: with what the command line changes.
struct PutCronWorkflow<Rule: NamedRule>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Rule.word, abstract: "Store the CronWorkflows of files \(Rule.promise).")
    }

    @OptionGroup var files: ResourceFileArguments

    @OptionGroup var changes: CronChanges

    @Option(name: .long, help: ArgumentHelp("Schedule in place of those in the file.", valueName: "cron"))
    var schedule: String?

    @Option(name: .shortAndLong, help: "Names only, or the objects.")
    var output: ResourceOutput?

    @Flag(name: .long, inversion: .prefixedNo, help: "Taken as in Argo: fields that do not exist are always errors.")
    var strict = true

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws {
        var files = try ResourceFiles(self.files.all)
        try files.keep(only: .cronWorkflow)
        let parameters = try self.changes.parameters()
        let labels = try self.changes.labelMap()
        files.change { object in
            self.changes.apply(to: &object, parameters, labels)
            guard let schedule = self.schedule else { return }
            object.setField(["spec", "schedule"], nil)
            object.setField(["spec", "schedules"], [.string(schedule)])
        }
        try await ResourcePutting(rule: Rule.rule, output: self.output, printsBlocks: true, options: self.global).carryOut(files)
    }
}

/// What the command line changes of a CronWorkflow and of the runs it starts.
struct CronChanges: ParsableArguments {
    @Option(name: .long, help: "Name of the CronWorkflow.")
    var name: String?

    @Option(name: .long, help: ArgumentHelp("What the name starts with.", valueName: "prefix"))
    var generateName: String?

    @Option(name: [.customShort("l"), .customLong("labels")], help: ArgumentHelp("Labels: k=v,… (repeatable).", valueName: "k=v"))
    var labels: [String] = []

    @Option(name: .long, help: ArgumentHelp("Template that runs start with.", valueName: "template"))
    var entrypoint: String?

    @Option(name: .long, help: ArgumentHelp("Service account of the runs.", valueName: "name"))
    var serviceaccount: String?

    @Option(
        name: [.customShort("p"), .customLong("parameter")],
        help: ArgumentHelp("Set a parameter of the runs (repeatable).", valueName: "name=value"))
    var parameterOptions: [String] = []

    @Option(name: .long, help: ArgumentHelp("YAML or JSON map of parameters; -p wins over it.", valueName: "file"), completion: .file())
    var parameterFile: String?

    func validate() throws {
        _ = try KeyValue.pairs(self.parameterOptions, option: "-p")
        _ = try self.labelMap()
    }

    func labelMap() throws -> [(name: String, value: String)] {
        try KeyValue.pairs(self.labels.flatMap { $0.split(separator: ",").map(String.init) }, option: "-l")
    }

    func parameters() throws -> [(name: String, value: String)] {
        let filed = try self.parameterFile.map { try ParameterFile.parameters(in: $0) } ?? []
        return filed + (try KeyValue.pairs(self.parameterOptions, option: "-p"))
    }

    func apply(
        to object: inout JSONValue, _ parameters: [(name: String, value: String)], _ labels: [(name: String, value: String)]
    ) {
        if let name = self.name { object.setField(["metadata", "name"], .string(name)) }
        if let prefix = self.generateName {
            object.setField(["metadata", "generateName"], .string(prefix))
            if self.name == nil { object.setField(["metadata", "name"], nil) }
        }
        for label in labels { object.setField(["metadata", "labels", label.name], .string(label.value)) }
        if let entrypoint = self.entrypoint { object.setField(["spec", "workflowSpec", "entrypoint"], .string(entrypoint)) }
        if let account = self.serviceaccount { object.setField(["spec", "workflowSpec", "serviceAccountName"], .string(account)) }
        if parameters.isEmpty { return }
        var list = object["spec"]?["workflowSpec"]?["arguments"]?["parameters"]?.array ?? []
        for parameter in parameters {
            list.removeAll { $0["name"]?.string == parameter.name }
            list.append(["name": .string(parameter.name), "value": .string(parameter.value)])
        }
        object.setField(["spec", "workflowSpec", "arguments", "parameters"], .array(list))
    }
}

struct SuspendCronWorkflow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "suspend", abstract: "Keep CronWorkflows from starting runs.")

    @Argument(help: "Names.")
    var names: [String]

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws { try await CronSuspension.set(true, self.names, self.global) }
}

struct ResumeCronWorkflow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Let CronWorkflows start runs again.")

    @Argument(help: "Names.")
    var names: [String]

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() async throws { try await CronSuspension.set(false, self.names, self.global) }
}

private enum CronSuspension {
    static func set(_ isSuspended: Bool, _ names: [String], _ options: GlobalOptions) async throws {
        let context = CommandLineContext.current
        let resources = try await context.openResources(options)
        try await Targets.each(names, context.console, options) { name in
            try await resources.setSuspended(isSuspended, cronWorkflow: name, namespace: options.namespace)
            _ = context.console.write("CronWorkflow '\(name)' \(isSuspended ? "suspended" : "resumed")\n", .output)
        }
    }
}

extension JSONValue {
    /// Sets a field of objects inside objects, which are made where they are missing; nil removes it.
    fileprivate mutating func setField(_ path: [String], _ value: JSONValue?) {
        guard let first = path.first else { return }
        var object = self.object ?? JSONObject()
        if path.count == 1 {
            object[first] = value
        } else if value != nil || object[first] != nil {
            var inner = object[first] ?? .object(JSONObject())
            inner.setField(Array(path.dropFirst()), value)
            object[first] = inner
        }
        self = .object(object)
    }
}
