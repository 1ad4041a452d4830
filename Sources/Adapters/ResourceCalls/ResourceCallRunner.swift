public import Engine
public import Ports
public import WorkflowModel

/// Carries out `resource` templates on the objects that are kept here: stored ones, and runs as Workflows. Everything else needs a cluster.
public struct ResourceCallRunner: CallRunner {
    /// Between two looks at an object that is waited for: at first, and at most (as Argo always waits).
    private static let shortestPause = Span(milliseconds: 100)
    private static let longestPause = Span.seconds(5)

    let objects: any ObjectService
    let readYAML: YAMLReader
    private let filter: @Sendable (_ filter: String, _ object: JSONValue) async throws -> String
    private let time: any TimeSource

    public init(objects: any ObjectService, readYAML: @escaping YAMLReader, jq: JQProcess, time: any TimeSource) {
        self.init(objects: objects, readYAML: readYAML, filter: { try await jq.apply($0, to: $1) }, time: time)
    }

    init(
        objects: any ObjectService, readYAML: @escaping YAMLReader,
        filter: @escaping @Sendable (_ filter: String, _ object: JSONValue) async throws -> String, time: any TimeSource
    ) {
        self.objects = objects
        self.readYAML = readYAML
        self.filter = filter
        self.time = time
    }

    public func carryOut(_ call: CallLaunch) async -> CallResult {
        guard case .resource(let resource) = call.request.kind else {
            return self.result(.error(message: "a template of this kind works on no object"))
        }
        do {
            let wait = try ResourceWait(resource)
            let outputs = try call.request.outputs.map { try Query($0) }
            let action = ResourceAction(resource, call, self)
            guard let subject = try await action.carryOut() else { return self.result(.succeeded(message: "")) }
            let object = try await self.object(subject, when: wait)
            var parameters: [String: String] = [:]
            for output in outputs { parameters[output.name] = try await self.value(of: output, in: object) }
            return CallResult(end: .succeeded(message: ""), parameters: parameters, finishedAt: self.time.now())
        } catch let fault as ResourceFault where fault.isFinal {
            return self.result(.error(message: fault.description))
        } catch {
            return self.result(.failed(message: "\(error)"))
        }
    }

    private func result(_ end: CallResult.End) -> CallResult { CallResult(end: end, finishedAt: self.time.now()) }

    // MARK: Waiting

    /// The object once it is as it should be.
    /// - Throws: `ResourceFault` when it has failed, is gone, or can never be.
    private func object(_ subject: ResourceAction.Subject, when wait: ResourceWait) async throws -> JSONValue {
        switch subject {
        case .object(let reference): return try await self.object(reference, when: wait)
        case .ownPod(let object):
            guard try wait.isOver(for: object) else {
                throw ResourceFault("the step waits for its own pod, which nothing changes meanwhile")
            }
            return object
        }
    }

    private func object(_ reference: ObjectReference, when wait: ResourceWait) async throws -> JSONValue {
        var pause = Self.shortestPause
        while true {
            guard let object = try await self.objects.object(reference, withSecrets: false) else {
                throw ResourceFault("\(reference) is gone while it is waited for")
            }
            if try wait.isOver(for: object) { return object }
            try await self.objects.attend(reference)
            try await self.time.sleep(until: self.time.now() + pause)
            pause = min(Span(milliseconds: pause.milliseconds * 3 / 2), Self.longestPause)
        }
    }

    // MARK: Outputs

    private struct Query {
        enum Kind {
            case path(ObjectPath)
            case filter(String)
        }
        let name: String
        let kind: Kind

        init(_ output: CallRequest.Output) throws(ResourceFault) {
            self.name = output.name
            switch output.query {
            case .jsonPath(let text): self.kind = .path(try ObjectPath(text))
            case .jqFilter(let text): self.kind = .filter(text)
            }
        }
    }

    private func value(of query: Query, in object: JSONValue) async throws -> String {
        switch query.kind {
        case .path(let path): try path.text(of: object)
        case .filter(let filter): try await self.filter(filter, object)
        }
    }
}

/// What is waited for after the action.
struct ResourceWait: Sendable {
    private let success: ResourceCondition?
    private let failure: ResourceCondition?

    init(_ call: ResourceCall) throws(ResourceFault) {
        self.success = try Self.condition(call.successCondition, "successCondition")
        self.failure = try Self.condition(call.failureCondition, "failureCondition")
    }

    private static func condition(_ text: String?, _ field: String) throws(ResourceFault) -> ResourceCondition? {
        guard let text, !text.isEmpty else { return nil }
        return try ResourceCondition(text, field: field)
    }

    /// All parts of the success condition must hold, and one of the failure condition is enough. Without a condition nothing is waited for.
    /// - Throws: `ResourceFault` when the object has failed.
    func isOver(for object: JSONValue) throws(ResourceFault) -> Bool {
        if let failed = self.failure?.requirements.first(where: { $0.holds(for: object) }) {
            throw ResourceFault("failure condition '\(failed.text)' evaluated true")
        }
        guard let success = self.success else { return self.failure == nil }
        return success.requirements.allSatisfy { $0.holds(for: object) }
    }
}
