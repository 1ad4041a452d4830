import Dispatch
import Glibc
public import Ports
import Synchronization

/// A doorbell on a datagram socket, `<data>/doorbells/<id>.sock`.
///
/// A ring is an empty datagram and says only "look": what is asked for lies in the store, so that a ring that is lost, doubled or sent by a
/// stranger does no harm. The kernel wakes the listener; nothing polls.
///
/// The socket can be reached by its owner only, and goes with `close`. What a killed process left behind is removed by the next one.
///
/// A socket's address holds 107 bytes. A longer path is bound and rung through its directory's entry in `/proc/self/fd`. Where that is not
/// possible, or the file system of the data directory has no sockets, the address is `@skiff-<id>`, a name in Linux's abstract namespace.
public final class DatagramDoorbell: DoorbellService, Sendable {
    public let address: String
    public let rings: AsyncStream<Void>

    private let continuation: AsyncStream<Void>.Continuation
    // Sound because dispatch sources may be used from any thread.
    private nonisolated(unsafe) let listener: any DispatchSourceRead
    private let isClosed = Mutex(false)

    /// Listens.
    /// - Parameter id: unique to one life of one process; letters, digits and `-`.
    /// - Throws: `DoorbellError` when no kind of socket can be had.
    public init(dataDirectory: String, id: String) throws(DoorbellError) {
        let directory = dataDirectory + "/doorbells"
        let (socket, address) = try Self.bound(in: directory, id: id)
        self.address = address
        // One waiting ring stands for any number: who comes to look sees everything.
        let (rings, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.rings = rings
        self.continuation = continuation
        self.listener = DispatchSource.makeReadSource(fileDescriptor: socket, queue: DispatchQueue(label: "skiff.doorbell"))
        self.listener.setEventHandler {
            DoorbellSocket.drain(socket)
            continuation.yield()
        }
        self.listener.setCancelHandler { Glibc.close(socket) }
        self.listener.activate()
    }

    deinit { self.close() }

    /// Stops listening, removes the socket and ends `rings`. Closing twice is harmless.
    public func close() {
        let isFirst = self.isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        if self.address.hasPrefix("/") { unlink(self.address) }
        self.listener.cancel()
        self.continuation.finish()
    }

    public func ring(_ address: String) async -> Bool { DoorbellSocket.ring(address) }

    /// Rings for a process that listens nowhere itself; false when nobody listens there.
    public static func ring(at address: String) -> Bool { DoorbellSocket.ring(address) }

    // MARK: Binding

    private static func bound(in directory: String, id: String) throws(DoorbellError) -> (socket: CInt, address: String) {
        let path = "\(directory)/\(id).sock"
        let failure: DoorbellError
        do {
            try Self.makeDirectory(directory)
            Self.removeStale(in: directory)
            return (try DoorbellSocket.bound(to: path), path)
        } catch {
            failure = error
        }
        let name = "@skiff-" + id
        do {
            return (try DoorbellSocket.bound(to: name), name)
        } catch {
            // The data directory is what a person can do something about.
            throw failure
        }
    }

    private static func makeDirectory(_ path: String) throws(DoorbellError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DoorbellError(path, errno) }
    }

    /// Removes sockets that nobody listens at. A young one is left alone: between its making and its binding it looks just so.
    private static func removeStale(in directory: String) {
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        let youngest = time(nil) - 60
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name.hasSuffix(".sock") else { continue }
            let path = "\(directory)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_mtim.tv_sec < youngest else { continue }
            if DoorbellSocket.isAbandoned(path) { unlink(path) }
        }
    }
}

/// Why there is no doorbell.
public struct DoorbellError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ path: String, _ number: CInt) {
        self.description = "cannot listen at '\(path)': \(String(cString: strerror(number)).lowercased())"
    }
}
