import Diagnostics
import Operations
import WorkflowModel

/// What lint found in the Static Analysis Results Interchange Format 2.1.0 (OASIS), which code hosts show beside the lines of a change.
struct SARIFReport {
    let findings: [LintFinding]
    /// The lines of each file, to count columns anew.
    let excerpts: [String: [Substring]]
    let version: String

    var json: JSONValue {
        let codes = Array(Set(self.findings.map(\.diagnostic.code.text))).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(codes, codes.indices))
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                [
                    "tool": ["driver": ["name": "skiff", "version": .string(self.version), "rules": .array(codes.map(Self.rule))]],
                    "columnKind": "unicodeCodePoints",
                    "results": .array(self.findings.map { self.result($0, ruleIndex: places[$0.diagnostic.code.text] ?? 0) }),
                ]
            ],
        ]
    }

    private static func rule(_ code: String) -> JSONValue {
        guard let page = ErrorPages.page(code) else { return ["id": .string(code)] }
        return [
            "id": .string(code),
            "shortDescription": ["text": .string(page.summary)],
            "fullDescription": ["text": .string(page.meaning)],
            "help": ["text": .string(page.text), "markdown": .string(page.text)],
        ]
    }

    private func result(_ finding: LintFinding, ruleIndex: Int) -> JSONValue {
        let diagnostic = finding.diagnostic
        var location = JSONObject()
        location["physicalLocation"] = .object(self.place(of: diagnostic))
        if !diagnostic.path.text.isEmpty {
            location["logicalLocations"] = [["fullyQualifiedName": .string(diagnostic.path.text), "kind": "member"]]
        }
        let hint = diagnostic.hint.map { "\nhint: " + $0 } ?? ""
        return [
            "ruleId": .string(diagnostic.code.text),
            "ruleIndex": .integer(ruleIndex),
            "level": .string(Self.level(diagnostic.severity)),
            "message": ["text": .string(diagnostic.message + hint)],
            "locations": [.object(location)],
        ]
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .error: "error"
        case .warning: "warning"
        case .hint: "note"
        }
    }

    private func place(of diagnostic: Diagnostic) -> JSONObject {
        var place = JSONObject()
        place["artifactLocation"] = ["uri": .string(Self.uri(diagnostic.file))]
        guard let position = diagnostic.position else { return place }
        let lines = self.excerpts[diagnostic.file] ?? []
        let line = lines.indices.contains(position.line - 1) ? lines[position.line - 1] : ""
        place["region"] = [
            "startLine": .integer(position.line),
            "startColumn": .integer(Self.scalarColumn(position.column, in: line)),
            "endColumn": .integer(Self.scalarColumn(position.column + max(1, diagnostic.length), in: line)),
        ]
        return place
    }

    /// A column that counts characters, as one that counts code points. Columns beyond the end of the line are counted on as they are.
    private static func scalarColumn(_ column: Int, in line: Substring) -> Int {
        if line.utf8.allSatisfy({ $0 < 0x80 }) { return column }
        let before = line.prefix(column - 1)
        return column + before.unicodeScalars.count - before.count
    }

    /// A path as a URI: relative ones stay relative, so that a code host finds them in its tree.
    static func uri(_ path: String) -> String {
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        return (rest.hasPrefix("/") ? "file://" : "") + rest.utf8.map(Self.encoded).joined()
    }

    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)

    private static func encoded(_ byte: UInt8) -> String {
        if Self.plain.contains(byte) { return String(UnicodeScalar(byte)) }
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.count == 1 ? "0" : "") + digits
    }
}
