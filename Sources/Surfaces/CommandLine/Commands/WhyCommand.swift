import ArgumentParser
import Operations
import WorkflowModel

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say why a run, or a node of it, has not started or not ended.",
        discussion: """
            Without a node: what the run waits for in the end, or what made it end. With one: what this node, step or task waits for: those \
            before it, a lock and who holds it, a place under a parallelism limit, a person, the end of a backoff. What is recorded is what is \
            told; nothing is asked of the run.
            """)

    @Argument(help: "The run; @latest is the newest.")
    var name: String

    @Argument(help: "A node's name, display name or id, or the name of a step that has not started.")
    var node: String?

    @Option(name: .shortAndLong, help: "As data.")
    var output: WhyOutput?

    @OptionGroup(title: "Global options") var global: GlobalOptions

    enum WhyOutput: String, ExpressibleByArgument, CaseIterable { case json, yaml }

    func run() async throws {
        let context = CommandLineContext.current
        let operations = try await context.openOperations(self.global)
        let told = try await operations.why(self.name, namespace: self.global.namespace, node: self.node)
        _ = context.console.write(try self.text(told, context.console), .output)
    }

    private func text(_ told: RunExplanation, _ console: Console) throws -> String {
        let data: JSONValue = [
            "run": .string(told.run),
            "nodes": .array(
                told.explanations.map { explanation in
                    [
                        "node": .string(explanation.node), "phase": .string(explanation.phase),
                        "reasons": .array(explanation.reasons.map { .string($0) }),
                    ]
                }), "more": .integer(told.more),
        ]
        switch self.output {
        case .json: return data.json(indent: 4) + "\n"
        case .yaml: return try data.yaml()
        case nil: break
        }
        var text = ""
        for explanation in told.explanations {
            text += TerminalText.safe(explanation.node) + ": " + (explanation.phase.isEmpty ? "not started" : explanation.phase) + "\n"
            for reason in explanation.reasons { text += "  " + TerminalText.safe(reason) + "\n" }
        }
        if told.more > 0 { text += "and \(told.more) more\n" }
        return text
    }
}
