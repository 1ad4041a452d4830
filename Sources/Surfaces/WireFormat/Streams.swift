public import Operations
public import WorkflowModel

/// How the messages of a stream follow one another.
public enum StreamFraming: Sendable, Equatable {
    /// Server-sent events: `data: {…}` and an empty line.
    case serverSentEvents
    /// A JSON object a line.
    case lines

    /// As the `Accept` header asks.
    public init(accept: String?) { self = accept?.contains("text/event-stream") == true ? .serverSentEvents : .lines }

    public var contentType: String {
        switch self {
        case .serverSentEvents: "text/event-stream"
        case .lines: "application/json"
        }
    }

    /// A message as it goes out, `{"result": …}` or `{"error": …}`.
    public func frame(_ message: JSONValue) -> String {
        switch self {
        case .serverSentEvents: "data: \(message.json)\n\n"
        case .lines: message.json + "\n"
        }
    }

    /// What is sent when nothing else is, so that nobody on the way thinks the connection dead; nil where nothing may be.
    public var keepAlive: String? {
        switch self {
        case .serverSentEvents: ":\n\n"
        case .lines: nil
        }
    }
}

/// A line of a log on the wire.
public enum LogEntry {
    /// - Parameter timestamps: put the line's time in front of it.
    public static func message(_ line: PodLogLine, timestamps: Bool) -> JSONValue {
        let time = timestamps ? NanosecondTime(line.nanoseconds).rfc3339 + " " : ""
        return ["podName": .string(line.podName), "content": .string(time + line.text)]
    }

    /// - Returns: nil for what is no such message.
    public static func line(_ message: JSONValue) -> PodLogLine? {
        guard let content = message["content"]?.string else { return nil }
        let podName = message["podName"]?.string ?? ""
        guard let blank = content.firstIndex(of: " "), let time = NanosecondTime(rfc3339: content[..<blank]) else {
            return PodLogLine(podName: podName, nanoseconds: 0, text: content)
        }
        return PodLogLine(podName: podName, nanoseconds: time.nanoseconds, text: String(content[content.index(after: blank)...]))
    }
}

/// A change on the wire: `{"type": "ADDED", "object": {…}}`.
public enum WatchEvent {
    public static func message(_ change: RunChange) -> JSONValue { Self.message(change.change, change.object) }

    public static func message(_ change: ResourceChange.Change, _ object: JSONValue) -> JSONValue {
        ["type": .string(change.rawValue), "object": object]
    }

    /// - Returns: nil for what is no such message.
    public static func change(_ message: JSONValue) -> RunChange? {
        guard let change = message["type"]?.string.flatMap(ResourceChange.Change.init), let object = message["object"] else { return nil }
        return RunChange(change, object)
    }
}

/// A time as logs write it: since 1970 in nanoseconds, `2026-01-31T08:00:00.123456789Z`.
public struct NanosecondTime: Sendable, Equatable {
    public var nanoseconds: Int64
    public init(_ nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    private static let second: Int64 = 1_000_000_000

    /// Without needless zeros at its end, as Go writes it.
    public var rfc3339: String {
        let seconds = self.nanoseconds >= 0 ? self.nanoseconds / Self.second : (self.nanoseconds - Self.second + 1) / Self.second
        let whole = Timestamp(milliseconds: seconds * 1000).rfc3339
        var digits = String(self.nanoseconds - seconds * Self.second)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return digits.isEmpty ? whole : "\(whole.dropLast()).\(digits)Z"
    }

    public init?(rfc3339 text: some StringProtocol) {
        guard text.last == "Z" else { return nil }
        let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first.flatMap({ Timestamp(rfc3339: $0 + "Z") }) else { return nil }
        var fraction: Int64 = 0
        if parts.count > 1 {
            guard parts[1].utf8.count <= 9, let digits = Int64(parts[1] + String(repeating: "0", count: 9 - parts[1].utf8.count)) else {
                return nil
            }
            fraction = digits
        }
        self.init(whole.seconds * Self.second + fraction)
    }
}
