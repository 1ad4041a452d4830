import Diagnostics

/// Decides from the bytes alone whether a text may be parsed: its encoding, and how much work it can make.
struct TextChecker {
    let file: String
    let limits: ManifestLimits

    /// - Returns: the text and its UTF-8 without a byte order mark.
    func check(_ bytes: [UInt8]) -> Result<(text: String, bytes: [UInt8]), UnreadableDocument> {
        var bytes = bytes
        guard bytes.count <= self.limits.fileBytes else { return .failure(self.tooLarge(count: bytes.count)) }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return .failure(self.fault(.notYAML, "this file is UTF-16, expected UTF-8", hint: "save it as UTF-8"))
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if bytes.prefix(8192).contains(0) { return .failure(self.fault(.notYAML, "this file is binary, expected YAML or JSON", hint: nil)) }
        guard let text = String(validating: bytes, as: UTF8.self) else { return .failure(self.notUTF8(bytes)) }
        if let fault = self.tooMuch(bytes) { return .failure(fault) }
        return .success((text, bytes))
    }

    /// - Parameter count: nil when the end was not seen.
    func tooLarge(count: Int?) -> UnreadableDocument {
        let size = count.map { "has \(Self.megabytes($0))" } ?? "is larger"
        return self.fault(
            .fileTooLarge, "this file \(size), at most \(Self.megabytes(self.limits.fileBytes)) are read",
            hint: "split it into several files")
    }

    private static func megabytes(_ count: Int) -> String {
        count >= 1024 * 1024 ? "\((count + 512 * 1024) / (1024 * 1024)) MiB" : "\(count) bytes"
    }

    func fault(_ code: DiagnosticCode, _ message: String, hint: String?, line: Int? = nil) -> UnreadableDocument {
        UnreadableDocument(
            diagnostic: Diagnostic(
                code, file: self.file, position: line.map { SourcePosition(line: $0, column: 1) }, message: message, hint: hint))
    }

    private func notUTF8(_ bytes: [UInt8]) -> UnreadableDocument {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        return self.fault(.notYAML, "this file is not UTF-8: line \(line + 1) holds other bytes", hint: "save it as UTF-8", line: line + 1)
    }

    /// Counts, without parsing, what can make lines and values; signs inside texts count too, so this only refuses what is huge.
    ///
    /// Every value stands after an indicator (`,` `[` `{` `- ` `: ` `? `), so the indicators bound the memory that parsing takes.
    private func tooMuch(_ bytes: [UInt8]) -> UnreadableDocument? {
        var lines = 0
        var indicators = 0
        var previous: UInt8 = 0x0A
        for byte in bytes {
            switch byte {
            case 0x0A, 0x0D, 0x20, 0x09:
                if byte == 0x0A || byte == 0x0D { lines += 1 }
                switch previous {
                case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?"): indicators += 1
                default: break
                }
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): indicators += 1
            // JSON needs no blank after its colon.
            case UInt8(ascii: "\""), UInt8(ascii: "'"): if previous == UInt8(ascii: ":") { indicators += 1 }
            default: break
            }
            previous = byte
        }
        if lines > self.limits.lines {
            return self.fault(.fileTooLarge, "this file has more than \(self.limits.lines) lines", hint: "split it into several files")
        }
        guard indicators > self.limits.values * 2 else { return nil }
        return self.fault(.fileTooLarge, "this file has more than \(self.limits.values) values", hint: "split it into several files")
    }
}
