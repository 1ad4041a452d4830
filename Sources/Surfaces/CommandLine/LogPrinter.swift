import Operations
import WorkflowModel

/// Log lines as text: `<pod>: <content>`, each pod in a colour of its own.
struct LogPrinter {
    private static let colors: [OutputStyle.Color] = [.green, .yellow, .blue, .magenta, .cyan, .white]

    let style: OutputStyle
    let showsTime: Bool
    private(set) var text = ""

    init(style: OutputStyle, showsTime: Bool) {
        self.style = style
        self.showsTime = showsTime
    }

    mutating func add(_ line: PodLogLine) {
        let time = self.showsTime ? Self.time(line.nanoseconds) + " " : ""
        self.text += self.style.painted("\(line.podName): \(time)\(line.text)", Self.color(of: line.podName)) + "\n"
    }

    /// What was added since the last call.
    mutating func take() -> String {
        defer { self.text = "" }
        return self.text
    }

    /// By the sum of the name's code points.
    static func color(of pod: String) -> OutputStyle.Color {
        Self.colors[pod.unicodeScalars.reduce(0) { ($0 + Int($1.value)) % Self.colors.count }]
    }

    /// `2026-11-21T04:32:00.123456789Z`.
    private static func time(_ nanoseconds: Int64) -> String {
        let fraction = String((nanoseconds % 1_000_000_000 + 1_000_000_000) % 1_000_000_000)
        let whole = Timestamp(milliseconds: nanoseconds / 1_000_000).rfc3339.dropLast()
        return "\(whole).\(String(repeating: "0", count: 9 - fraction.count))\(fraction)Z"
    }
}
