import Diagnostics
import Glibc
import LocalOperations
import Operations

/// The configuration file: `--config`, else `config.yaml` in the data directory when there is one.
///
///     images:
///       python:3.12:
///         entrypoint: [python3]     # what runs when a container gives no command, as in the settings of Argo's controller
///         cmd: []                   # its arguments when a container gives none
///         rootfs: /srv/images/py    # a directory that stands in for the image's files (sandbox only)
///     retention:
///       runs: 1000                  # how many finished runs are kept, the newest ones; or 'all'
///       age: 90d                    # how long each is kept after its end: 90d, 12h, 30m; or 'forever'
///     http:                         # which servers `http` templates may call: addresses, ranges, names, names below a name
///       allow: [10.0.0.0/8, example.com, "*.example.com"]   # when given, nothing else
///       deny: [10.0.0.1]            # wins over 'allow'
///     plugins:                      # executor plugins, asked in this order
///       - name: hello
///         address: http://127.0.0.1:4355
///         token: secret             # sent as a bearer token; leave it out when the plugin wants none
///
/// And of the settings of Argo's controller those that mean something here, under Argo's names:
///
///     parallelism: 1000             # runs under way at once; 0 for any number
///     namespaceParallelism: 0       # of each namespace whose label workflows.argoproj.io/parallelism-limit says nothing else
///     workflowDefaults:             # goes below what each submitted Workflow, and its workflowTemplateRef, says itself
///       spec: {ttlStrategy: {secondsAfterSuccess: 3600}}
///     workflowRestrictions:
///       templateReferencing: Strict # or Secure: only Workflows that run a stored template
///     retentionPolicy:              # beside 'retention': so many that ended in a phase, the newest ones
///       completed: 100
///       failed: 50
///       errored: 50
///     artifactRepository:
///       archiveLogs: true           # the log of every step becomes an artifact of it
///     links: []                     # for user interfaces, which get them as they are; so are 'columns' and 'navColor'
///
/// Those that mean nothing without a cluster are told of as hints. Any other key is an error.
struct ConfigurationFile: Sendable {
    private static let largest = 1 << 20

    let path: String
    private let isRequired: Bool

    init(path: String?, dataDirectory: String) {
        self.path = path ?? dataDirectory + "/config.yaml"
        self.isRequired = path != nil
    }

    /// - Throws: `ManifestFault` with everything that is wrong with the file.
    func settings() throws -> RunSettings {
        guard let text = try self.text() else { return RunSettings() }
        var reading = ConfigurationReading(file: self.path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
        var settings = reading.settings(text)
        settings.notes = reading.diagnostics
        if !reading.diagnostics.contains(where: { $0.severity == .error }) { return settings }
        throw ManifestFault(diagnostics: reading.diagnostics, excerpts: [self.path: reading.lines])
    }

    private func text() throws -> String? {
        let descriptor = open(self.path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR, !self.isRequired { return nil }
        guard descriptor >= 0 else { throw self.unreadable(String(cString: strerror(errno)).lowercased()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else { throw self.unreadable(String(cString: strerror(errno)).lowercased()) }
            bytes += buffer[..<count]
            if bytes.count > Self.largest { throw self.unreadable("it is larger than \(Self.largest >> 20) MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw self.unreadable("it is not UTF-8 text") }
        return text
    }

    private func unreadable(_ reason: String) -> OperationError {
        OperationError(.invalid, "configuration file '\(self.path)' cannot be read: \(reason)", hint: "name another with --config")
    }
}
