import NIOCore

/// Cuts the bytes of a stream into messages: one JSON text a line, with or without `data: ` in front. Keep-alives and blank lines are none.
struct FrameParser {
    /// A Workflow with a hundred thousand nodes has about 60 MB.
    private static let longestLine = 256 << 20

    struct TooLong: Error {}

    private var buffer = ByteBuffer()
    /// How many bytes of the buffer are known to hold no line end.
    private var searched = 0

    mutating func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        // What was taken out goes, so that the buffer holds one line and one chunk at most.
        self.buffer.discardReadBytes()
        self.buffer.writeBuffer(&bytes)
    }

    /// The next whole message; nil when more bytes are needed.
    mutating func next() throws -> String? {
        while let line = try self.nextLine() { if let message = Self.message(line) { return message } }
        return nil
    }

    /// What stands behind the last line end, once no more bytes come.
    mutating func rest() -> String? {
        defer { self.buffer.clear() }
        return Self.message(String(buffer: self.buffer)[...])
    }

    private mutating func nextLine() throws -> Substring? {
        let view = self.buffer.readableBytesView
        guard let end = view.dropFirst(self.searched).firstIndex(of: UInt8(ascii: "\n")) else {
            self.searched = view.count
            if view.count > Self.longestLine { throw TooLong() }
            return nil
        }
        self.searched = 0
        let length = end - view.startIndex
        let line = self.buffer.readString(length: length) ?? ""
        self.buffer.moveReaderIndex(forwardBy: 1)
        return line[...]
    }

    private static func message(_ line: Substring) -> String? {
        var line = line
        if line.hasSuffix("\r") { line.removeLast() }
        if line.hasPrefix(":") { return nil }
        if line.hasPrefix("data:") { line = line.dropFirst(5) }
        let text = line.drop { $0 == " " }
        return text.isEmpty ? nil : String(text)
    }
}
