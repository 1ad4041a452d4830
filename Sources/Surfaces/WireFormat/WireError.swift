import Diagnostics
public import Operations
public import WorkflowModel

/// An answer that says no: an HTTP status, and a body as Argo's server writes it.
public struct WireError: Error, Sendable, Equatable {
    /// Of HTTP.
    public var status: Int
    /// Of gRPC, which Argo's clients look at.
    public var code: GRPCCode
    public var message: String
    /// What to do.
    public var hint: String?
    /// What Skiff adds for its own clients: what was wrong where, and what to do.
    public var details: [JSONValue]

    public init(_ status: Int, _ code: GRPCCode, _ message: String, hint: String? = nil, details: [JSONValue] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
    }

    /// Of a single answer.
    public var body: JSONValue {
        var body = JSONObject()
        body["code"] = .integer(self.code.rawValue)
        body["message"] = .string(self.message)
        body["error"] = .string(self.message)
        body["details"] = .array(self.details)
        body["hint"] = self.hint.map { .string($0) }
        return .object(body)
    }

    /// Of a message inside a stream.
    public var streamMessage: JSONValue {
        [
            "error": [
                "grpc_code": .integer(self.code.rawValue), "http_code": .integer(self.status), "message": .string(self.message),
                "http_status": .string(Self.reason(self.status)), "details": .array(self.details),
            ]
        ]
    }

    /// Reads a body of either kind.
    /// - Parameter status: of the answer, for a body that is none of ours.
    public init(status: Int, body: JSONValue) {
        let inner = body["error"]?.object.map { JSONValue.object($0) }
        let code = (inner?["grpc_code"] ?? body["code"])?.integer.flatMap { Int(exactly: $0) }
        let message = (inner ?? body)["message"]?.string ?? body["error"]?.string ?? Self.reason(status)
        self.init(
            inner?["http_code"]?.integer.flatMap { Int(exactly: $0) } ?? status, code.flatMap(GRPCCode.init) ?? GRPCCode(status: status),
            message, hint: body["hint"]?.string, details: (inner ?? body)["details"]?.array ?? [])
    }

    private static let reasons: [Int: String] = [
        200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required", 413: "Content Too Large", 414: "URI Too Long",
        415: "Unsupported Media Type", 421: "Misdirected Request", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable", 507: "Insufficient Storage",
    ]

    /// What HTTP calls a status.
    public static func reason(_ status: Int) -> String { Self.reasons[status] ?? "Status \(status)" }
}

/// The codes of gRPC, in the order in which gRPC numbers them.
public enum GRPCCode: Int, Sendable, Equatable {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied, resourceExhausted,
        failedPrecondition, aborted, outOfRange, unimplemented, internalFault, unavailable, dataLoss, unauthenticated

    /// The nearest there is to a status of HTTP.
    public init(status: Int) {
        self =
            switch status {
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .notFound
            case 408: .deadlineExceeded
            case 409: .aborted
            case 410: .outOfRange
            case 413, 429, 431, 507: .resourceExhausted
            case 400..<500: .invalidArgument
            case 501: .unimplemented
            case 503: .unavailable
            default: .internalFault
            }
    }
}

// MARK: What was refused

extension WireError {
    /// A request that makes no sense.
    public static func invalid(_ message: String) -> WireError { WireError(400, .invalidArgument, message) }
    public static func forbidden(_ message: String) -> WireError { WireError(403, .permissionDenied, message) }
    public static func notFound(_ message: String) -> WireError { WireError(404, .notFound, message) }

    private static let refusal = "skiff/refusal"
    private static let fault = "skiff/diagnostic"

    /// What an error means for the client. One that nobody foresaw says nothing of what is inside.
    public init(_ error: any Error) {
        switch error {
        case let known as WireError: self = known
        case let refused as OperationError: self.init(refused)
        case let fault as ManifestFault: self.init(fault)
        case let fault as SelectorFault: self = .invalid(fault.description)
        case let fault as JSONError: self = .invalid("the body is not JSON: \(fault)")
        default: self.init(500, .internalFault, "something went wrong inside the server; its log says what")
        }
    }

    public init(_ refused: OperationError) {
        let (status, code): (Int, GRPCCode) =
            switch refused.code {
            case .notFound: (404, .notFound)
            case .alreadyExists: (409, .alreadyExists)
            case .invalid: (400, .invalidArgument)
            case .conflict: (409, .aborted)
            case .unavailable, .unreachable: (503, .unavailable)
            case .storageFull: (507, .resourceExhausted)
            case .unauthorized: (401, .unauthenticated)
            case .expired: (410, .outOfRange)
            case .internalFault: (500, .internalFault)
            }
        var detail = JSONObject()
        detail["@type"] = .string(Self.refusal)
        detail["code"] = .string(refused.code.rawValue)
        detail["hint"] = refused.hint.map { .string($0) }
        self.init(status, code, refused.message, hint: refused.hint, details: [.object(detail)])
    }

    /// Everything that is wrong at once: the message has the errors, the details also what is only noticed.
    public init(_ fault: ManifestFault) {
        let errors = fault.diagnostics.filter { $0.severity == .error }
        let shown = (errors.isEmpty ? fault.diagnostics : errors).map { diagnostic in
            let path = diagnostic.path.text
            return path.isEmpty ? diagnostic.message : "\(path): \(diagnostic.message)"
        }
        self.init(400, .invalidArgument, shown.joined(separator: "; "), details: fault.diagnostics.map(Self.detail))
    }

    private static func detail(_ diagnostic: Diagnostic) -> JSONValue {
        var detail = JSONObject()
        detail["@type"] = .string(Self.fault)
        detail["code"] = .string(diagnostic.code.text)
        detail["severity"] = .string(diagnostic.severity.rawValue)
        detail["file"] = .string(diagnostic.file)
        detail["path"] = .string(diagnostic.path.text)
        detail["line"] = diagnostic.position.map { .integer($0.line) }
        detail["column"] = diagnostic.position.map { .integer($0.column) }
        detail["message"] = .string(diagnostic.message)
        detail["hint"] = diagnostic.hint.map { .string($0) }
        return .object(detail)
    }

    /// The error as the server threw it, as far as the answer tells: an `OperationError` or a `ManifestFault`.
    public var thrown: any Error {
        let faults = self.details.compactMap(Self.diagnostic)
        if !faults.isEmpty { return ManifestFault(diagnostics: faults, excerpts: [:]) }
        let detail = self.details.first { $0["@type"]?.string == Self.refusal }
        let code = detail?["code"]?.string.flatMap(OperationError.Code.init) ?? OperationError.Code(self)
        return OperationError(code, self.message, hint: detail?["hint"]?.string ?? self.hint)
    }

    private static func diagnostic(_ detail: JSONValue) -> Diagnostic? {
        guard detail["@type"]?.string == Self.fault, let code = detail["code"]?.string else { return nil }
        return Diagnostic(
            DiagnosticCode(code), detail["severity"]?.string.flatMap(Severity.init) ?? .error,
            file: detail["file"]?.string ?? "", path: FieldPath(detail["path"]?.string ?? ""), position: Self.position(detail),
            message: detail["message"]?.string ?? "", hint: detail["hint"]?.string)
    }

    private static func position(_ detail: JSONValue) -> SourcePosition? {
        guard let line = detail["line"]?.integer.flatMap({ Int(exactly: $0) }),
            let column = detail["column"]?.integer.flatMap({ Int(exactly: $0) })
        else { return nil }
        return SourcePosition(line: line, column: column)
    }
}

extension OperationError.Code {
    /// Of an answer of a server that is not Skiff's.
    init(_ error: WireError) {
        self =
            switch error.status {
            case 401, 403: .unauthorized
            case 404: .notFound
            case 409: error.code == .alreadyExists ? .alreadyExists : .conflict
            case 410: .expired
            case 503, 429: .unavailable
            case 507: .storageFull
            case 400..<500: .invalid
            default: .internalFault
            }
    }
}
