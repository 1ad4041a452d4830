import CJQ
import Glibc
import WorkflowModel

/// A jq filter over one object.
enum JQFilter {
    static let largestResult = 1 << 20

    /// - Returns: strings as they are, everything else as JSON, one result a line, without blanks at either end.
    /// - Throws: `ResourceFault`.
    static func apply(_ filter: String, to input: String) throws(ResourceFault) -> String {
        var input = input
        var text: UnsafeMutablePointer<CChar>?
        var failure: UnsafeMutablePointer<CChar>?
        var length = 0
        guard !filter.utf8.contains(0) else { throw Self.fault(filter, "it holds a NUL") }
        let succeeded = input.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                cjq_run(filter, bytes.baseAddress, bytes.count, Self.largestResult, &text, &length, &failure)
            }
        }
        defer {
            cjq_free(text)
            cjq_free(failure)
        }
        guard succeeded else { throw Self.fault(filter, failure.map { String(cString: $0) } ?? "there is not enough memory") }
        guard let text else { return "" }
        let result = text.withMemoryRebound(to: UInt8.self, capacity: length) {
            String(decoding: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
        }
        return Self.trimmed(result)
    }

    static func fault(_ filter: String, _ reason: String) -> ResourceFault {
        ResourceFault("jq filter '\(filter.prefix(200))' fails: \(Self.trimmed(reason))")
    }

    static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}

/// The other side of `JQProcess`: carries one filter out and ends.
public enum JQWorker {
    /// Seconds of processor time. jq itself takes some tenths of one to begin.
    private static let longestTime: UInt = 5
    private static let memory: UInt = 1 << 30

    /// Reads the filter, a NUL and the object from standard input; writes the result to standard output, or the reason why there is none to
    /// standard error.
    /// - Returns: the status to exit with.
    public static func run() -> Int32 {
        cjq_confine(Self.longestTime, Self.memory)
        let input = Self.readAll()
        guard let middle = input.firstIndex(of: 0) else { return 2 }
        let filter = String(decoding: input[..<middle], as: UTF8.self)
        do {
            Self.write(try JQFilter.apply(filter, to: String(decoding: input[(middle + 1)...], as: UTF8.self)), to: STDOUT_FILENO)
            return 0
        } catch {
            Self.write(error.description, to: STDERR_FILENO)
            return 1
        }
    }

    private static func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func write(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
