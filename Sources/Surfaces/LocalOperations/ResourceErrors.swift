import Operations
import Ports
import WorkflowModel

extension OperationError {
    /// What a refusal of the resource store means for the person who asked.
    init(_ error: ResourceError) {
        switch error {
        case .alreadyExists(let key):
            self.init(.alreadyExists, "\(Self.text(key)) exists already", hint: "change it with: skiff apply -f FILE")
        case .notFound(let key):
            let space = key.namespace.isEmpty || key.namespace == "default" ? "" : " -n \(key.namespace)"
            self.init(.notFound, "\(Self.text(key)) does not exist", hint: "see which there are: skiff get \(key.kind.plural)\(space)")
        case .conflict(let key, let current):
            self.init(
                .conflict, "\(Self.text(key)) has changed meanwhile: its resourceVersion is \(current)",
                hint: "get it again, and make the change to what it is now")
        case .immutable(let key):
            self.init(.conflict, "\(Self.text(key)) is immutable", hint: "delete it and create it anew, or use another name")
        case .notEmpty(let key, let count):
            self.init(
                .conflict, "\(Self.text(key)) still holds \(count) object\(count == 1 ? "" : "s")",
                hint: "delete what is in it first")
        case .permanent(let key): self.init(.conflict, "\(Self.text(key)) cannot be deleted")
        case .tooOld(let version):
            self.init(
                .expired, "changes right after resourceVersion \(version) are not kept any more",
                hint: "list the objects again, and watch from the resourceVersion of the list")
        }
    }

    /// Whatever a store throws.
    init(anyOf error: any Error) {
        switch error {
        case let known as OperationError: self = known
        case let known as ResourceError: self.init(known)
        case let known as JournalError: self.init(known)
        default: self.init(.internalFault, "\(error)")
        }
    }

    /// A resourceVersion as it was given out.
    static func version(_ text: String) throws -> Int64 {
        guard let version = Int64(text), version >= 0 else {
            throw OperationError(
                .invalid, "'\(text)' is not a resourceVersion", hint: "take 'metadata.resourceVersion' of an object or a list")
        }
        return version
    }

    private static func text(_ key: ResourceKey) -> String {
        let place = key.namespace.isEmpty || key.namespace == "default" ? "" : " in namespace '\(key.namespace)'"
        return "\(key.kind.rawValue) '\(key.name)'\(place)"
    }
}

/// Base64 with the standard alphabet and padding, as Kubernetes writes it.
enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for at in 0..<3 { bits = bits << 8 | (start + at < bytes.count ? UInt32(bytes[start + at]) : 0) }
            for at in 0..<4 {
                text.append(at <= group.count ? Self.alphabet[Int(bits >> UInt32(18 - 6 * at) & 0x3F)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
