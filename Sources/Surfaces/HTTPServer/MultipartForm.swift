import HTTPTypes
import Hummingbird
import NIOCore
import WireFormat

/// The body of an upload (RFC 7578): parts between boundaries, of which one is a file. It is read piece by piece and never held whole.
struct MultipartForm: Sendable {
    private static let longestHead = 16 << 10
    private let body: Pieces

    /// - Throws: `WireError` for a request that carries none.
    init(_ request: Request, limit: Int) throws {
        guard let type = request.headers[.contentType], let boundary = Self.boundary(in: type) else {
            throw WireError.invalid("Content-Type names no boundary")
        }
        if let told = request.headers[.contentLength].flatMap({ Int($0) }), told > limit { throw Pieces.tooLarge(limit) }
        self.body = Pieces(request.body, delimiter: Array("\r\n--\(boundary)".utf8), limit: limit)
    }

    private static func boundary(in type: String) -> String? {
        guard let range = type.firstRange(of: "boundary=") else { return nil }
        var value = type[range.upperBound...]
        if value.first == "\"" { value = value.dropFirst().prefix { $0 != "\"" } } else { value = value.prefix { $0 != ";" && $0 != " " } }
        return value.isEmpty || value.utf8.count > 70 ? nil : String(value)
    }

    /// The first file of that field.
    /// - Throws: `WireError` when there is none.
    func file(named field: String) async throws -> (name: String, bytes: AsyncThrowingStream<[UInt8], any Error>) {
        try await self.body.skipToPart()
        while let head = try await self.body.head(upTo: Self.longestHead) {
            let disposition = Self.disposition(of: head)
            if disposition["name"] == field {
                let name = disposition["filename"].map(Self.lastName) ?? ""
                let body = self.body
                return (name.isEmpty ? "file" : name, AsyncThrowingStream { try await body.content() })
            }
            while try await self.body.content() != nil {}
        }
        throw WireError.invalid("the form has no field '\(field)'")
    }

    /// Browsers of old sent whole paths; a name must lead nowhere.
    private static func lastName(_ path: String) -> String {
        let name = path.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        let isLegal =
            name != "." && name != ".." && name.utf8.count <= 200 && !name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
        return isLegal ? name : ""
    }

    private static func disposition(of head: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-disposition:") {
            for part in line.split(separator: ";").dropFirst() {
                let sides = part.split(separator: "=", maxSplits: 1)
                guard sides.count == 2 else { continue }
                let value = sides[1].filter { $0 != "\"" }
                values[sides[0].filter { $0 != " " }.lowercased()] = value
            }
        }
        return values
    }
}

/// A body cut at its boundaries.
///
/// `@unchecked` is sound because one task at a time asks it: first for heads, and then for the content that goes to the store.
private final class Pieces: @unchecked Sendable {
    private var source: RequestBody.AsyncIterator
    /// Bytes that were read and not given out yet.
    private var buffer: [UInt8] = Array("\r\n".utf8)
    private let delimiter: [UInt8]
    private let limit: Int
    private var read = 0
    private var hasEnded = false
    private var isInPart = false

    init(_ body: RequestBody, delimiter: [UInt8], limit: Int) {
        self.source = body.makeAsyncIterator()
        self.delimiter = delimiter
        self.limit = limit
    }

    static func tooLarge(_ limit: Int) -> WireError { WireError(413, .resourceExhausted, "the upload is larger than \(limit) bytes") }

    /// - Returns: false at the end.
    private func fill() async throws -> Bool {
        if self.hasEnded { return false }
        guard let piece = try await self.source.next() else {
            self.hasEnded = true
            return false
        }
        self.read += piece.readableBytes
        guard self.read <= self.limit else { throw Self.tooLarge(self.limit) }
        self.buffer += piece.readableBytesView
        return true
    }

    func skipToPart() async throws {
        self.isInPart = true
        while try await self.content() != nil {}
    }

    /// Headers of the next part; nil when there is none.
    func head(upTo limit: Int) async throws -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if self.buffer.starts(with: Array("--".utf8)) { return nil }
            if let at = Self.position(of: end, in: self.buffer) {
                let head = String(decoding: self.buffer[..<at], as: UTF8.self)
                self.buffer.removeFirst(at + end.count)
                self.isInPart = true
                return head
            }
            guard self.buffer.count <= limit else { throw WireError.invalid("a part of the form has no end of its headers") }
            guard try await self.fill() else { throw Self.cut }
        }
    }

    /// The next bytes of the part; nil at its end.
    func content() async throws -> [UInt8]? {
        guard self.isInPart else { return nil }
        while true {
            if let at = Self.position(of: self.delimiter, in: self.buffer) {
                let bytes = Array(self.buffer[..<at])
                self.buffer.removeFirst(at + self.delimiter.count)
                self.isInPart = false
                return bytes.isEmpty ? nil : bytes
            }
            // The delimiter may have begun at the end of what is here.
            let certain = self.buffer.count - self.delimiter.count + 1
            if certain > 0 {
                let bytes = Array(self.buffer[..<certain])
                self.buffer.removeFirst(certain)
                return bytes
            }
            guard try await self.fill() else { throw Self.cut }
        }
    }

    private static let cut = WireError.invalid("the form ends before its last boundary")

    private static func position(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count, let first = pattern.first else { return nil }
        var at = 0
        while at <= bytes.count - pattern.count {
            guard let next = bytes[at...].firstIndex(of: first), next <= bytes.count - pattern.count else { return nil }
            if bytes[next..<next + pattern.count].elementsEqual(pattern) { return next }
            at = next + 1
        }
        return nil
    }
}
