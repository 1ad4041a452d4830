public import Ports

/// What the configuration file says about calls that templates make.
public struct CallSettings: Sendable, Equatable {
    public struct Plugin: Sendable, Equatable {
        public var name: String
        public var address: String
        public var token: String?
        public init(name: String, address: String, token: String?) {
            self.name = name
            self.address = address
            self.token = token
        }
    }

    /// Ranges of addresses and host names.
    public var allowed: [String]
    public var denied: [String]
    public var plugins: [Plugin]

    public init(allowed: [String] = [], denied: [String] = [], plugins: [Plugin] = []) {
        self.allowed = allowed
        self.denied = denied
        self.plugins = plugins
    }
}

/// Whoever carries out the calls of a session.
public struct OpenedCalls: Sendable {
    public var runner: any CallRunner
    /// Ends what is under way, and leaves no thread behind.
    public var close: @Sendable () async -> Void

    public init(runner: any CallRunner, close: @escaping @Sendable () async -> Void = {}) {
        self.runner = runner
        self.close = close
    }
}
