import ArgumentParser
import Diagnostics
import Operations

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what the code at the end of an error means.",
        discussion: """
            Every fault that `skiff lint` and `skiff run` tell of ends with a code: [unknown-field]. Its page says what it means, shows an \
            example and the same text mended, and why it is a fault. Without a code, all codes are listed.
            """)

    @Argument(help: "Codes of faults, such as unknown-field.", completion: .list(ErrorPages.all.map(\.code)))
    var codes: [String] = []

    @OptionGroup(title: "Global options") var global: GlobalOptions

    func run() throws {
        let console = CommandLineContext.current.console
        let style = OutputStyle(console: console, channel: .output, self.global)
        if self.codes.isEmpty {
            _ = console.write(Self.list(style), .output)
            return
        }
        // Whoever pastes a code may paste its brackets too.
        let pages = try self.codes.map { try Self.page($0.filter { $0 != "[" && $0 != "]" }) }
        let text = PageText(style: style, width: min(100, console.size().columns))
        _ = console.write(pages.map { text.text($0.text) }.joined(separator: "\n"), .output)
    }

    private static func page(_ code: String) throws -> ErrorPage {
        if let page = ErrorPages.page(code) { return page }
        let guess = Spelling.closest(to: code, among: ErrorPages.all.map(\.code)).map { "did you mean '\($0)'? " } ?? ""
        throw OperationError(.invalid, "there is no code '\(code)'", hint: guess + "all codes: skiff explain")
    }

    private static func list(_ style: OutputStyle) -> String {
        let width = ErrorPages.all.map(\.code.count).max() ?? 0
        return ErrorPages.all.map { page in
            let blanks = String(repeating: " ", count: width - page.code.count + 2)
            return "\(style.painted(page.code, .bold))\(blanks)\(page.summary)\n"
        }.joined()
    }
}
