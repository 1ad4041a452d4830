import WorkflowModel
import Yams

extension JSONValue {
    /// The value as a YAML document: keys in their order, texts of several lines as literal blocks, and every string that a YAML reader
    /// (1.1 or 1.2) could take for something else in quotes.
    func yaml() throws -> String {
        try Yams.serialize(node: self.yamlNode, width: -1, allowUnicode: true)
    }

    private var yamlNode: Node {
        switch self {
        case .null: Node("null", .implicit, .plain)
        case .bool(let flag): Node(flag ? "true" : "false", .implicit, .plain)
        case .number(let digits): Node(digits, .implicit, .plain)
        case .string(let text): Self.yamlString(text)
        case .array(let items): Node(items.map(\.yamlNode), .implicit, items.isEmpty ? .flow : .block)
        case .object(let object):
            Node(object.map { (Self.yamlString($0), $1.yamlNode) }, .implicit, object.isEmpty ? .flow : .block)
        }
    }

    private static func yamlString(_ text: String) -> Node {
        if text.utf8.contains(UInt8(ascii: "\n")) { return Node(text, .implicit, .literal) }
        return Node(text, .implicit, self.looksLikeOther(text) ? .doubleQuoted : .plain)
    }

    private static let words: Set<String> = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"]

    /// Whether plain text would, or might, be read as null, a bool, a number, a time or a merge key.
    private static func looksLikeOther(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 5 || "0123456789+-.".utf8.contains(first) else { return text.isEmpty }
        if self.words.contains(text.lowercased()) { return true }
        guard "0123456789+-.".utf8.contains(first) else { return false }
        // Everything a number, a sexagesimal or a time stamp is written with. Quotes too many do no harm.
        if text.utf8.allSatisfy({ "0123456789abcdefABCDEFxXoO+-._:tTzZ ".utf8.contains($0) }) { return true }
        return [".inf", ".nan", "+.inf", "-.inf"].contains(text.lowercased())
    }
}
