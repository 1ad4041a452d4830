import Glibc

/// How a local pod is kept apart from the machine it runs on.
public enum LocalRuntimeKind: String, Sendable, Equatable {
    /// Namespaces and a copy-on-write view of the host's files.
    case sandbox
    /// The host itself, with a working directory of the pod's own.
    case process
}

/// What the configuration file says about an image: Argo's `images:` of the controller, and a root file system.
public struct ImageEntry: Sendable, Equatable {
    public var entrypoint: [String]
    public var cmd: [String]
    /// A directory that stands in for the image's files; sandbox only. nil shows the host's files.
    public var rootfs: String?
    public init(entrypoint: [String] = [], cmd: [String] = [], rootfs: String? = nil) {
        self.entrypoint = entrypoint
        self.cmd = cmd
        self.rootfs = rootfs
    }
}

public struct LocalRuntimeConfiguration: Sendable {
    /// Absolute, or relative to the working directory. Made when it is missing.
    public var dataDirectory: String
    public var kind: LocalRuntimeKind
    /// By image name as manifests write it.
    public var images: [String: ImageEntry]
    /// Paths that sandboxed pods do not see. The data directory is always among them.
    public var hiddenPaths: [String]
    /// Of one log file, in bytes; when it is reached, the file is rotated.
    public var logLimitBytes: Int
    /// Rotated log files that are kept beside the current one.
    public var rotatedLogFiles: Int
    /// `PATH` and `HOME` of steps that declare none.
    public var searchPath: String
    public var home: String

    public init(
        dataDirectory: String, kind: LocalRuntimeKind, images: [String: ImageEntry] = [:], hiddenPaths: [String]? = nil,
        logLimitBytes: Int = 64 << 20, rotatedLogFiles: Int = 2, searchPath: String? = nil, home: String? = nil
    ) {
        self.dataDirectory = dataDirectory
        self.kind = kind
        self.images = images
        self.home = home ?? environmentValue("HOME") ?? "/"
        self.hiddenPaths = hiddenPaths ?? Self.credentialPaths(homes: [self.home, "/root"])
        self.logLimitBytes = logLimitBytes
        self.rotatedLogFiles = rotatedLogFiles
        self.searchPath = searchPath ?? environmentValue("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }

    /// Where people keep keys and tokens, below each home directory.
    public static func credentialPaths(homes: [String]) -> [String] {
        let names = [
            ".ssh", ".aws", ".kube", ".gnupg", ".docker", ".azure", ".config/gcloud", ".netrc", ".pgpass", ".git-credentials",
        ]
        var paths: [String] = []
        for home in homes where home.hasPrefix("/") && home != "/" {
            for name in names where !paths.contains("\(home)/\(name)") { paths.append("\(home)/\(name)") }
        }
        return paths
    }
}

/// Why a local runtime cannot be had.
public enum LocalRuntimeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The launcher could not be started, or is gone.
    case noLauncher(String)
    /// The machine does not allow sandboxes; the text says what is missing.
    case noSandbox(String)
    /// The data directory cannot be used.
    case dataDirectory(path: String, reason: String)
    /// Files of a run could not be removed.
    case notRemoved(path: String, reason: String)
    /// Whether a pod runs cannot be told.
    case notEnded(path: String, reason: String)

    public var description: String {
        switch self {
        case .noLauncher(let reason): "the launcher of pods is not available: \(reason)"
        case .noSandbox(let reason): reason
        case .dataDirectory(let path, let reason): "the data directory '\(path)' cannot be used: \(reason)"
        case .notRemoved(let path, let reason): "'\(path)' cannot be removed: \(reason)"
        case .notEnded(let path, let reason): "what runs in '\(path)' cannot be told: \(reason)"
        }
    }
}

func environmentValue(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
}

func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
