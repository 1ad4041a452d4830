import DataCalls
import Engine
import HTTPCalls
import LocalOperations
import Manifests
import Ports
import ResourceCalls

/// Hands each call to the room that knows its kind.
struct CallDispatch: CallRunner {
    let http: HTTPCallRunner
    let data: DataCallRunner
    let resources: ResourceCallRunner

    func carryOut(_ call: CallLaunch) async -> CallResult {
        switch call.request.kind {
        case .http, .plugin: await self.http.carryOut(call)
        case .data: await self.data.carryOut(call)
        case .resource: await self.resources.carryOut(call)
        }
    }
}

extension Wiring {
    /// The verb under which this program carries a jq filter out in a process of its own. No help names it.
    static let jqVerb = "__jq"

    /// - Parameter trustRoots: a PEM file with the certificates that are trusted in place of the machine's.
    static func calls(_ settings: CallSettings, _ objects: any ObjectService, trustRoots: String?) -> OpenedCalls {
        guard let rules = AddressRules(allow: settings.allowed, deny: settings.denied) else {
            preconditionFailure("the configuration file's lists of addresses were not checked when it was read")
        }
        let http = HTTPCallRunner(
            rules: rules, plugins: settings.plugins.map { PluginService(name: $0.name, address: $0.address, token: $0.token) },
            version: version, trustRoots: trustRoots, time: SystemTime())
        let resources = ResourceCallRunner(
            objects: objects, readYAML: ManifestReader.value(ofYAML:),
            jq: JQProcess(executable: "/proc/self/exe", arguments: [Self.jqVerb]), time: SystemTime())
        return OpenedCalls(
            runner: CallDispatch(http: http, data: DataCallRunner(time: SystemTime()), resources: resources), close: { await http.close() })
    }
}
