import Glibc
import WorkflowModel

/// An HTTP client that sends exactly the bytes it is given.
struct RawClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: String

        /// null for a body that is no JSON.
        var json: JSONValue { (try? JSONValue(json: self.body)) ?? .null }
    }

    let port: Int

    // MARK: Requests

    func get(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer { try await self.ask("GET", path, headers) }

    func post(_ path: String, _ body: JSONValue, _ headers: [String: String] = [:]) async throws -> Answer {
        try await self.ask("POST", path, headers, body: body.json)
    }

    func put(_ path: String, _ body: JSONValue = [:], _ headers: [String: String] = [:]) async throws -> Answer {
        try await self.ask("PUT", path, headers, body: body.json)
    }

    func delete(_ path: String, _ headers: [String: String] = [:]) async throws -> Answer { try await self.ask("DELETE", path, headers) }

    /// - Parameter headers: in place of what is sent otherwise; an empty value leaves one out.
    func ask(_ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil) async throws -> Answer {
        var all = ["Host": "localhost:\(self.port)", "Connection": "close"]
        if let body {
            all["Content-Type"] = "application/json"
            all["Content-Length"] = String(body.utf8.count)
        }
        for (name, value) in headers { all[name] = value.isEmpty ? nil : value }
        let head = "\(method) \(path) HTTP/1.1\r\n" + all.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
        return try await self.send(head + (body ?? ""))
    }

    /// Sends a text and reads until the server closes the connection.
    func send(_ text: String) async throws -> Answer {
        let connection = try await self.open()
        defer { connection.close() }
        await connection.write(text)
        var bytes: [UInt8] = []
        while let piece = await connection.read() { bytes += piece }
        return try Self.answer(bytes)
    }

    func open() async throws -> Connection { try await Connection.open(port: self.port) }

    // MARK: Answers

    struct Unreadable: Error { var bytes: [UInt8] }

    private static func answer(_ bytes: [UInt8]) throws -> Answer {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { throw Unreadable(bytes: bytes) }
        var lines = text[..<end.lowerBound].split(separator: "\r\n")
        guard let status = lines.removeFirst().split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Unreadable(bytes: bytes)
        }
        var headers: [String: String] = [:]
        for line in lines {
            let sides = line.split(separator: ":", maxSplits: 1)
            headers[sides[0].lowercased()] = sides.count > 1 ? String(sides[1].drop { $0 == " " }) : ""
        }
        let rest = text[end.upperBound...]
        let body = headers["transfer-encoding"] == "chunked" ? Self.joined(Substring(rest)) : String(rest)
        return Answer(status: status, headers: headers, body: body)
    }

    /// What is in the chunks of a body.
    static func joined(_ text: Substring) -> String {
        var rest = Array(text.utf8)[...]
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13), let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16), size > 0 {
            let start = end + 2
            guard start + size <= rest.endIndex else { break }
            body += rest[start..<start + size]
            rest = rest[min(start + size + 2, rest.endIndex)...]
        }
        return String(decoding: body, as: UTF8.self)
    }
}

/// A connection that is read and written by hand.
final class Connection: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    struct Refused: Error {}

    static func open(port: Int) async throws -> Connection {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        // Longer than anything here takes: a test that hangs must fail.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { throw Refused() }
        return Connection(descriptor)
    }

    func write(_ text: String) async {
        let bytes = Array(text.utf8)
        await self.onThreadOfItsOwn {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count <= 0 { return }
                sent += count
            }
        }
    }

    /// nil at the end, and when nothing comes for long.
    func read() async -> [UInt8]? {
        await self.onThreadOfItsOwn {
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = recv(self.descriptor, &bytes, bytes.count, 0)
            return count > 0 ? Array(bytes[..<count]) : nil
        }
    }

    /// Reads on until that has come.
    func read(until mark: String) async -> String {
        var text = ""
        while !text.contains(mark), let piece = await self.read() { text += String(decoding: piece, as: UTF8.self) }
        return text
    }

    func close() { Glibc.close(self.descriptor) }

    /// The threads of tasks are few, and a read may wait for long.
    private func onThreadOfItsOwn<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let work = Work { continuation.resume(returning: body()) }
            var thread = pthread_t()
            pthread_create(
                &thread, nil,
                { argument in
                    Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                    return nil
                }, Unmanaged.passRetained(work).toOpaque())
            pthread_detach(thread)
        }
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
