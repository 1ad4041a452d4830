import Expressions
import WorkflowModel

/// A text of a template that may refer to something, and where it was written.
struct Mention {
    enum Content {
        /// Its tags refer to things.
        case text(TemplateText)
        /// An expression without braces.
        case expression(Expression)
        /// The bare name of a variable.
        case name(String)
        /// An expression that can be read only when the tags in it are replaced; they are a mention of their own.
        case unread(String)
    }
    var content: Content
    var origin: Origin
    /// It belongs to a step or task, and was judged with it.
    var isJudged = false

    init(content: Content, origin: Origin) {
        self.content = content
        self.origin = origin
    }

    /// The references of simple tags: name and where it stands in the text.
    var names: [(name: String, offset: Int)] {
        switch self.content {
        case .text(let text): text.simpleNames
        case .expression, .unread: []
        case .name(let name): [(name, 0)]
        }
    }

    /// The references inside expressions.
    var references: [ExprReference] {
        switch self.content {
        case .text(let text): text.expressionReferences
        case .expression(let expression): expression.references
        case .name, .unread: []
        }
    }

    /// The text as written.
    var source: String {
        switch self.content {
        case .text(let text): text.source
        case .expression(let expression): expression.text
        case .name(let name): name
        case .unread(let text): text
        }
    }
}

/// Which steps or tasks a template mentions. Argo keeps `outputs.result` only of those whose result is mentioned.
struct ResultReaders {
    private var names: Set<String> = []
    /// A reference whose step is only known at run time.
    private var mayBeAny = false

    func reads(_ name: String) -> Bool { self.mayBeAny || self.names.contains(name) }

    mutating func add(_ mention: Mention) {
        for (name, _) in mention.names { self.add(name) }
        if case .unread(let text) = mention.content, text.contains("outputs") { self.mayBeAny = true }
        for reference in mention.references where reference.path[0] == "steps" || reference.path[0] == "tasks" {
            if reference.path.count == 1 {
                self.mayBeAny = true
            } else if reference.path.count == 2
                || reference.path[2] == "outputs" && (reference.path.count == 3 || reference.path[3] == "result")
            {
                self.names.insert(reference.path[1])
            }
        }
        if case .text(let text) = mention.content, text.segments.contains(where: { if case .nested = $0 { true } else { false } }) {
            self.mayBeAny = self.mayBeAny || text.source.contains("outputs.result")
        }
    }

    private mutating func add(_ name: String) {
        guard name.hasSuffix(".outputs.result"), name.hasPrefix("steps.") || name.hasPrefix("tasks.") else { return }
        self.names.insert(String(name.dropFirst(6).dropLast(15)))
    }
}
