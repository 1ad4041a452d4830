/// What is known about images: on this machine only what the configuration says.
struct Images {
    let entries: [String: ImageEntry]

    /// By the exact name first, then without registry, tag and digest, from the closest to the loosest.
    func entry(for image: String) -> ImageEntry? {
        for name in Self.candidates(image) {
            if let entry = self.entries[name] { return entry }
        }
        return nil
    }

    static func candidates(_ image: String) -> [String] {
        var names = [image]
        func add(_ name: Substring) {
            if !name.isEmpty, !names.contains(String(name)) { names.append(String(name)) }
        }
        for prefix in ["docker.io/library/", "docker.io/"] where image.hasPrefix(prefix) { add(image.dropFirst(prefix.count)) }
        for name in names {
            var short = name[...]
            if let at = short.firstIndex(of: "@") {
                short = short[..<at]
                add(short)
            }
            // A colon behind the last slash begins a tag; one before it, a port.
            let base = short.lastIndex(of: "/").map { short.index(after: $0) } ?? short.startIndex
            if let colon = short[base...].firstIndex(of: ":") { add(short[..<colon]) } else { add(short + ":latest") }
        }
        return names
    }

    /// The words of the program, before `$(NAME)` is expanded.
    /// - Throws: `LaunchProblem` when only the image knows what to run and nothing is known about it.
    func arguments(image: String, command: [String], args: [String], script: String?) throws(LaunchProblem) -> [String] {
        if !command.isEmpty { return command + (script.map { [$0] } ?? []) + args }
        guard let entry = self.entry(for: image), !entry.entrypoint.isEmpty || !entry.cmd.isEmpty else {
            throw LaunchProblem(
                "no command is given, and what image '\(image)' runs by itself is not known on this machine: "
                    + "give 'command:', or add the image under 'images:' in the configuration file")
        }
        if let script { return entry.entrypoint + [script] + args }
        return entry.entrypoint + (args.isEmpty ? entry.cmd : args)
    }
}
