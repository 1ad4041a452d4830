import ArgumentParser
import Operations
import WorkflowModel

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Limits of semaphores, and who holds and waits for locks.",
        discussion: """
            A semaphore's limit stands in the database (`synchronization: {semaphores: [{database: {key: …}}]}`) or under a key of a \
            ConfigMap (`configMapKeyRef`). A limit that shrinks takes nothing from those who hold the lock.
            """,
        subcommands: [CreateLimit.self, UpdateLimit.self, GetLimit.self, DeleteLimit.self, ListLimits.self, LockHolders.self])
}

/// Where a limit is kept.
enum LimitType: String, ExpressibleByArgument, CaseIterable { case database, configmap }

struct LimitOptions: ParsableArguments {
    @Argument(help: "Key of the semaphore.")
    var key: String

    @Option(name: .long, help: ArgumentHelp("Where the limit is kept: database or configmap.", valueName: "type"))
    var type: LimitType

    @Option(name: .long, help: ArgumentHelp("ConfigMap that holds it, for --type configmap.", valueName: "name"))
    var cmName: String?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func validate() throws {
        if self.key.isEmpty { throw ValidationError("the key must not be empty") }
        switch (self.type, self.cmName) {
        case (.configmap, nil), (.configmap, ""): throw ValidationError("--type configmap needs --cm-name")
        case (.database, _?): throw ValidationError("--cm-name goes with --type configmap")
        case (.configmap, _?), (.database, nil): break
        }
    }

    var place: SemaphoreLimit.Place { self.cmName.map { .configMap($0) } ?? .database }

    func operations() async throws -> any CoordinationOperations { try await CommandLineContext.current.openCoordination(self.global) }

    func limit(_ size: Int) -> SemaphoreLimit {
        SemaphoreLimit(namespace: self.global.namespace, key: self.key, place: self.place, limit: size)
    }
}

struct CreateLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Set the limit of a semaphore that has none.")

    @OptionGroup var options: LimitOptions

    @Option(name: .long, help: ArgumentHelp("How many may hold it.", valueName: "n"))
    var limit: Int

    func run() async throws {
        let limit = self.options.limit(self.limit)
        try await self.options.operations().create(limit)
        limit.tell("Sync limit created")
    }
}

struct UpdateLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "update", abstract: "Change the limit of a semaphore.")

    @OptionGroup var options: LimitOptions

    @Option(name: .long, help: ArgumentHelp("How many may hold it.", valueName: "n"))
    var limit: Int

    func run() async throws {
        let limit = self.options.limit(self.limit)
        try await self.options.operations().update(limit)
        limit.tell("Sync limit updated")
    }
}

struct GetLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "get", abstract: "Show the limit of a semaphore.")

    @OptionGroup var options: LimitOptions

    func run() async throws {
        let options = self.options
        try await options.operations().semaphoreLimit(options.key, in: options.place, namespace: options.global.namespace).tell(nil)
    }
}

struct DeleteLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Remove the limit of a semaphore.")

    @OptionGroup var options: LimitOptions

    func run() async throws {
        let options = self.options
        try await options.operations().deleteLimit(options.key, in: options.place, namespace: options.global.namespace)
        _ = CommandLineContext.current.console.write("Sync limit deleted\n", .output)
    }
}

extension SemaphoreLimit {
    fileprivate func tell(_ headline: String?) {
        var text = headline.map { "\($0)\n" } ?? ""
        text += "Key: \(self.key)\n"
        switch self.place {
        case .database: text += "Type: database\n"
        case .configMap(let name): text += "Type: configmap\nConfigMap Name: \(name)\n"
        }
        text += "Namespace: \(self.namespace)\nLimit: \(self.limit)\n"
        _ = CommandLineContext.current.console.write(text, .output)
    }
}
