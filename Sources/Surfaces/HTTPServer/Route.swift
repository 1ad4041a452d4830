import HTTPTypes
import Operations

/// One operation of the API: how it is asked for, who may, and what is done. The router and the OpenAPI document are both made from these.
struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws -> Reply

    /// Who may.
    enum Access: Sendable, Equatable {
        /// Everybody.
        case open
        /// In the namespace of the path; in all of them where the path has none.
        case role(Role)
        /// Whoever has the role anywhere: the namespace shows only later, or does not matter.
        case anywhere(Role)
        /// As `.role(.submitter)`, or by a signature.
        case webhook
    }

    /// What the request carries.
    enum Body: Sendable, Equatable {
        case none
        /// - Parameter schema: its name in the OpenAPI document.
        case json(schema: String)
        case event
        /// The handler reads it.
        case upload
    }

    enum Answer: Sendable, Equatable {
        case json(schema: String)
        case stream(schema: String)
        /// As Kubernetes watches: lists that can also be streams.
        case listOrEvents(schema: String)
        case file
    }

    /// A parameter of the query.
    struct Parameter: Sendable, Equatable {
        enum Kind: String, Sendable { case string, integer, boolean, time }
        var name: String
        var kind: Kind = .string
        var isRequired = false
        var choices: [String] = []
    }

    var method: HTTPRequest.Method
    var path: PathPattern
    /// As Argo's document calls it: `WorkflowService_ListWorkflows`.
    var operation: String
    var summary: String
    var access: Access
    var query: [Parameter]
    var body: Body
    var answer: Answer
    var handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ summary: String, _ access: Access, query: [Parameter] = [],
        body: Body = .none, answer: Answer, handler: @escaping Handler
    ) {
        self.method = method
        self.path = PathPattern(path)
        self.operation = operation
        self.summary = summary
        self.access = access
        self.query = query
        self.body = body
        self.answer = answer
        self.handler = handler
    }
}

/// A path with parameters: `/api/v1/workflows/{namespace?}/{name}`. One with a question mark may be empty; `**` at the end is any number of
/// parts.
struct PathPattern: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case literal(String)
        case parameter(String, mayBeEmpty: Bool)
        case rest
    }

    let parts: [Part]

    init(_ text: String) {
        self.parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            if part == "**" { return .rest }
            guard part.first == "{", part.last == "}" else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.last == "?" ? .parameter(String(name.dropLast()), mayBeEmpty: true) : .parameter(String(name), mayBeEmpty: false)
        }
    }

    /// As OpenAPI writes it.
    var text: String {
        self.parts.map { part in
            switch part {
            case .literal(let text): "/\(text)"
            case .parameter(let name, _): "/{\(name)}"
            case .rest: "/{path}"
            }
        }.joined()
    }

    /// Names of its parameters in their order.
    var names: [String] {
        self.parts.compactMap { part in
            switch part {
            case .literal: nil
            case .parameter(let name, _): name
            case .rest: "path"
            }
        }
    }
}
