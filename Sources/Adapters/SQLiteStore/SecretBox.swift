import Crypto
import Foundation
import Glibc
import Ports
import Synchronization
import WorkflowModel

/// Seals Secret values before they reach the database.
///
/// AES-256 in GCM with a fresh nonce for each Secret. Its holder and its name are authenticated with it, so that a sealed value moved to
/// another row does not open. The key is 32 random bytes in `secret.key`, readable only by its owner, made when the first Secret is stored: who
/// copies the database alone cannot read the values.
///
/// What is sealed is a JSON object from key to the base64 of the value; the stored form is nonce, ciphertext and tag, one after another.
final class SecretBox: Sendable {
    static let keyFileName = "secret.key"
    private static let keyBytes = 32

    private let dataDirectory: String
    private let fault: StoreFault
    private let key = Mutex<SymmetricKey?>(nil)

    init(dataDirectory: String, fault: StoreFault) {
        self.dataDirectory = dataDirectory
        self.fault = fault
    }

    /// Whose Secret it is.
    enum Holder {
        /// A copy that belongs to one run.
        case run(String)
        /// The stored Secret of a namespace.
        case namespace(String)

        fileprivate func context(_ name: String) -> [UInt8] {
            switch self {
            case .run(let uid): Array("skiff secret 1\0\(uid)\0\(name)".utf8)
            case .namespace(let namespace): Array("skiff stored secret 1\0\(namespace)\0\(name)".utf8)
            }
        }

        fileprivate var description: String {
            switch self {
            case .run(let uid): "run '\(uid)'"
            case .namespace(let namespace): "namespace '\(namespace)'"
            }
        }
    }

    private var keyPath: String { "\(self.dataDirectory)/\(Self.keyFileName)" }

    func seal(_ values: [String: [UInt8]], name: String, of holder: Holder) throws -> Data {
        var object = JSONObject()
        for key in values.keys.sorted() { object[key] = .string(Data(values[key] ?? []).base64EncodedString()) }
        let plain = Array(JSONValue.object(object).json.utf8)
        let sealed = try AES.GCM.seal(plain, using: self.usableKey(mayCreate: true), authenticating: holder.context(name))
        guard let combined = sealed.combined else { preconditionFailure("AES-GCM with its own nonce has a combined form") }
        return combined
    }

    /// - Throws: `JournalError.unavailable` when the key is gone or is not the one that sealed the value.
    func open(_ sealed: Data, name: String, of holder: Holder) throws -> [String: [UInt8]] {
        let key = try self.usableKey(mayCreate: false)
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            let plain = try AES.GCM.open(box, using: key, authenticating: holder.context(name))
            return try Self.values(String(decoding: plain, as: UTF8.self))
        } catch {
            throw self.fault.damaged(
                "secret '\(name)' of \(holder.description)", cause: "it was not sealed with the key in '\(Self.keyFileName)'")
        }
    }

    private struct Malformed: Error {}

    private static func values(_ text: String) throws -> [String: [UInt8]] {
        guard let object = try JSONValue(json: text).object else { throw Malformed() }
        var values: [String: [UInt8]] = [:]
        for (key, value) in object {
            guard let text = value.string, let bytes = Data(base64Encoded: text) else { throw Malformed() }
            values[key] = Array(bytes)
        }
        return values
    }

    // MARK: The key file

    private func usableKey(mayCreate: Bool) throws -> SymmetricKey {
        try self.key.withLock { cached in
            if let cached { return cached }
            var bytes = try self.readKey()
            if bytes == nil, mayCreate {
                try self.createKey()
                bytes = try self.readKey()
            }
            guard let bytes else {
                throw self.fault.damaged("a secret", cause: "its key file '\(Self.keyFileName)' is missing")
            }
            let key = SymmetricKey(data: bytes)
            cached = key
            return key
        }
    }

    /// - Returns: nil when there is no key file.
    private func readKey() throws -> [UInt8]? {
        let file = Glibc.open(self.keyPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw JournalError.unavailable("secret key '\(self.keyPath)' cannot be opened: \(StoreFault.text(errno))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw self.fault.system(errno, doing: "reading '\(Self.keyFileName)'") }
        guard status.st_mode & 0o077 == 0 else {
            throw JournalError.unavailable("secret key '\(self.keyPath)' can be read by other users: run 'chmod 600 \(self.keyPath)'")
        }
        var bytes = [UInt8](repeating: 0, count: Self.keyBytes + 1)
        guard read(file, &bytes, bytes.count) == Self.keyBytes else {
            throw JournalError.unavailable(
                "secret key '\(self.keyPath)' is damaged: expected \(Self.keyBytes) bytes; restore it from a copy")
        }
        return Array(bytes.prefix(Self.keyBytes))
    }

    /// Writes the key beside its place and links it there, so that no process ever sees a part of it, and the first of several wins.
    private func createKey() throws {
        let draft = "\(self.keyPath).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let file = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw self.fault.system(errno, doing: "creating '\(Self.keyFileName)'") }
        defer { unlink(draft) }
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        let number = errno
        close(file)
        guard isWritten else { throw self.fault.system(number, doing: "writing '\(Self.keyFileName)'") }
        guard link(draft, self.keyPath) == 0 || errno == EEXIST else {
            throw self.fault.system(errno, doing: "creating '\(Self.keyFileName)'")
        }
        DataDirectory.sync(self.dataDirectory)
    }
}
