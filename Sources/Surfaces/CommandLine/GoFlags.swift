/// Flags as scripts for Argo write them: a Go program takes `--offline=true` and `--strict=false`, a Swift one only `--offline`.
enum GoFlags {
    /// Argo's flags that are true or false.
    private static let names: Set<String> = [
        "--all", "--all-namespaces", "--completed", "--dry-run", "--follow", "--no-color", "--no-headers", "--no-utf8",
        "--ignore-not-found",
        "--insecure-skip-verify", "--log", "--memoized", "--offline", "--restart-successful", "--running", "--secure", "--server-dry-run",
        "--short", "--strict", "--timestamps", "--wait", "--watch",
    ]
    /// What can also be switched off; the others are off when they are left out.
    private static let negations = ["--strict": "--no-strict", "--secure": "--no-secure"]

    /// The arguments as this program's parser takes them; what follows `--` is left alone.
    static func normalized(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].flatMap(Self.normalized) + arguments[end...]
    }

    private static func normalized(_ argument: String) -> [String] {
        guard let equals = argument.firstIndex(of: "="), case let name = String(argument[..<equals]), Self.names.contains(name) else {
            return [argument]
        }
        switch argument[equals...].dropFirst() {
        case "true", "True", "TRUE", "t", "T", "1": return [name]
        case "false", "False", "FALSE", "f", "F", "0": return Self.negations[name].map { [$0] } ?? []
        default: return [argument]
        }
    }
}
