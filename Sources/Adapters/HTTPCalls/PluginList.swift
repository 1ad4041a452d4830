import Synchronization

/// A service that carries out templates of a kind of its own.
public struct PluginService: Sendable, Equatable {
    public var name: String
    /// `http://127.0.0.1:4355`, without the path of the call.
    public var address: String
    /// Sent as a bearer token; nil when the service wants none.
    public var token: String?

    public init(name: String, address: String, token: String?) {
        self.name = name
        self.address = address
        self.token = token
    }

    /// Whether an address can be that of a service.
    public static func isAddress(_ text: String) -> Bool { (try? HTTPTarget(text)) != nil }
}

/// The services that may be asked.
final class PluginList: Sendable {
    private let all: [PluginService]
    /// Names of those that said they carry out no templates.
    private let retired = Mutex<Set<String>>([])

    init(_ all: [PluginService]) { self.all = all }

    /// Those to be asked, in the order of the configuration file.
    var current: [PluginService] {
        let retired = self.retired.withLock { $0 }
        return self.all.filter { !retired.contains($0.name) }
    }

    /// Never to be asked again by this process.
    func retire(_ service: PluginService) { self.retired.withLock { _ = $0.insert(service.name) } }
}
