import Engine

/// The environment of a step: a small base, then what the manifest declares, and nothing of the caller's.
struct StepEnvironment {
    /// In order of first mention; a later entry of the same name replaces the value.
    private(set) var names: [String] = []
    private var values: [String: [UInt8]] = [:]
    /// What the manifest declared, for `$(NAME)`. The base is not part of it, as the image's environment is not in Kubernetes.
    private var declared: [String: [UInt8]] = [:]

    init(base: [(name: String, value: String)]) {
        for (name, value) in base { self.set(name, Array(value.utf8)) }
    }

    /// - Throws: `LaunchProblem` when a secret or key that is not optional is missing.
    mutating func declare(_ entries: [EnvironmentEntry], secrets: [String: [String: [UInt8]]]) throws(LaunchProblem) {
        for entry in entries {
            switch entry {
            case .value(let name, let text):
                try self.declare(name, self.expand(text))
            case .secretKey(let name, let secret, let key, let isOptional):
                if let value = secrets[secret]?[key] {
                    try self.declare(name, value)
                } else if !isOptional {
                    let what = secrets[secret] == nil ? "secret '\(secret)' does not exist" : "secret '\(secret)' has no key '\(key)'"
                    throw LaunchProblem("environment variable '\(name)': \(what)")
                }
            case .allOfSecret(let secret, let prefix, let isOptional):
                guard let content = secrets[secret] else {
                    if isOptional { continue }
                    throw LaunchProblem("environment from secret '\(secret)': it does not exist")
                }
                for key in content.keys.sorted() where Self.isName(prefix + key) {
                    try self.declare(prefix + key, content[key] ?? [])
                }
            }
        }
    }

    /// What the manifest declares; nil when it does not.
    func value(of name: String) -> [UInt8]? { self.declared[name] }

    /// `NAME=value`, as exec wants it.
    var entries: [[UInt8]] { self.names.map { Array($0.utf8) + [UInt8(ascii: "=")] + (self.values[$0] ?? []) } }

    /// Kubernetes' expansion: `$(NAME)` of a declared variable becomes its value, `$$` a dollar sign; anything else stays as it is.
    func expand(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let dollar = UInt8(ascii: "$")
        guard bytes.contains(dollar) else { return bytes }
        var expanded: [UInt8] = []
        var at = 0
        while at < bytes.count {
            guard bytes[at] == dollar, at + 1 < bytes.count else {
                expanded.append(bytes[at])
                at += 1
                continue
            }
            if bytes[at + 1] == dollar {
                expanded.append(dollar)
                at += 2
            } else if bytes[at + 1] == UInt8(ascii: "("), let end = bytes[(at + 2)...].firstIndex(of: UInt8(ascii: ")")) {
                let name = String(decoding: bytes[(at + 2)..<end], as: UTF8.self)
                expanded += self.declared[name] ?? Array(bytes[at...end])
                at = end + 1
            } else {
                expanded.append(dollar)
                at += 1
            }
        }
        return expanded
    }

    private mutating func declare(_ name: String, _ value: [UInt8]) throws(LaunchProblem) {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
            throw LaunchProblem("'\(name)' is not a name for an environment variable")
        }
        if value.contains(0) { throw LaunchProblem("the value of environment variable '\(name)' contains a zero byte") }
        self.declared[name] = value
        self.set(name, value)
    }

    private mutating func set(_ name: String, _ value: [UInt8]) {
        if self.values.updateValue(value, forKey: name) == nil { self.names.append(name) }
    }

    /// As Kubernetes' `envFrom`: keys that are no variable names are left out.
    static func isName(_ text: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool {
            (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) }
    }
}
