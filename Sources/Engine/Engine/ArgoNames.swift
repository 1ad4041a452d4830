/// The names that Argo makes from a node's full name. Clients compute some of them again, so they are Argo's to the letter.
public enum ArgoNames {
    /// Longest part of a pod name before the hash: of Kubernetes' 253 bytes, 11 are for the hash and its hyphen.
    private static let longestPodNamePrefix = 242

    /// The 32-bit FNV-1a hash of the UTF-8 bytes.
    public static func fnv1a32(_ text: String) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return hash
    }

    /// `<workflow>-<hash of the node's full name>`; the workflow's own name for the entry node.
    ///
    /// Two names may hash alike. Views make such ids distinct; this is the id that the first of them gets.
    public static func nodeID(_ nodeName: String, workflow: String) -> String {
        nodeName == workflow ? workflow : "\(workflow)-\(self.fnv1a32(nodeName))"
    }

    /// `<workflow>-<template>-<hash of the node's full name>`, cut so that it is a legal name; the workflow's own name for the entry node.
    /// - Parameter template: the template's own name, for a reference the name inside the referenced resource; empty for one written inside
    ///   a step. A node whose name contains `.inline` counts as such, as it does in Argo's clients.
    public static func podName(_ nodeName: String, workflow: String, template: String) -> String {
        if nodeName == workflow { return workflow }
        let isInline = template.isEmpty || nodeName.utf8.contains(subsequence: ".inline".utf8)
        let prefix = isInline ? workflow : "\(workflow)-\(template)"
        // Kubernetes names are ASCII, and a cut between bytes of one character could only follow from a name that is illegal anyway.
        let cut =
            prefix.utf8.count > self.longestPodNamePrefix
            ? String(decoding: prefix.utf8.prefix(self.longestPodNamePrefix), as: UTF8.self) : prefix
        return "\(cut)-\(self.fnv1a32(nodeName))"
    }
}

extension String.UTF8View {
    fileprivate func contains(subsequence: String.UTF8View) -> Bool {
        var rest = self[...]
        while let start = rest.firstIndex(where: { $0 == subsequence.first }) {
            rest = rest[start...]
            if rest.starts(with: subsequence) { return true }
            rest.removeFirst()
        }
        return false
    }
}

extension Node {
    /// Argo's display name: the template's own choice, else the part of the name that the enclosing node does not have: `[0]`, `build`,
    /// `build(1:linux)`, `build(0)`.
    public func shownName(in boundary: String?) -> String {
        if let chosen = self.displayName { return chosen }
        guard let boundary, self.name.utf8.starts(with: boundary.utf8) else { return self.name }
        return String(decoding: Self.withoutSeparator(self.name.utf8.dropFirst(boundary.utf8.count)), as: UTF8.self)
    }

    /// Cuts a leading `.` or `[n].`; `[n]` alone is the name of a step group.
    private static func withoutSeparator(_ text: Substring.UTF8View) -> Substring.UTF8View {
        let dot = UInt8(ascii: ".")
        if text.first == dot { return text.dropFirst() }
        guard text.first == UInt8(ascii: "["), let close = text.firstIndex(of: UInt8(ascii: "]")) else { return text }
        let rest = text[close...].dropFirst()
        return rest.first == dot ? rest.dropFirst() : text
    }
}

extension RunMachine {
    /// What people see of a node: the last part of its name.
    public func displayName(of node: Node) -> String { node.shownName(in: node.boundary.map { self.nodes[$0.index].name }) }
}
