import Diagnostics
import Expressions
import WorkflowModel

/// Compiling parameters, artifacts and retry strategies.
extension Planner {
    /// Arguments of a step, a task or a hook.
    mutating func callArguments(_ arguments: Arguments, _ origin: Origin) -> PlannedArguments {
        let parameters = origin.field("parameters")
        let artifacts = origin.field("artifacts")
        for (at, parameter) in arguments.parameters.enumerated() { self.checkArgument(parameter, parameters.index(at), mayBeEmpty: false) }
        for (at, artifact) in arguments.artifacts.enumerated() { self.checkArgument(artifact, artifacts.index(at)) }
        return self.arguments(arguments, origin: origin)
    }

    mutating func arguments(_ arguments: Arguments, origin: Origin) -> PlannedArguments {
        PlannedArguments(
            parameters: self.parameters(arguments.parameters, origin.field("parameters")),
            artifacts: self.artifacts(arguments.artifacts, origin.field("artifacts")))
    }

    mutating func parameters(_ parameters: [Parameter], _ origin: Origin) -> [PlannedParameter] {
        self.checkNames(parameters.map(\.name), origin, what: "parameter")
        return parameters.enumerated().map { at, parameter in
            let place = origin.index(at)
            return PlannedParameter(
                name: parameter.name, value: self.text(parameter.value, place.field("value")),
                default: self.text(parameter.default, place.field("default")),
                valueFrom: parameter.valueFrom.map { self.valueFrom($0, place.field("valueFrom")) },
                globalName: self.text(parameter.globalName, place.field("globalName")), choices: parameter.enum,
                description: parameter.description)
        }
    }

    private mutating func valueFrom(_ from: ValueFrom, _ origin: Origin) -> PlannedValueFrom {
        var source = PlannedValueFrom.Source.none
        if let path = self.text(from.path, origin.field("path")) {
            source = .path(path)
        } else if let parameter = self.reference(from.parameter, origin.field("parameter")) {
            source = .parameter(parameter)
        } else if let expression = self.expression(from.expression, origin.field("expression")) {
            source = .expression(expression)
        } else if let jsonPath = self.text(from.jsonPath, origin.field("jsonPath")) {
            source = .jsonPath(jsonPath)
        } else if let filter = self.text(from.jqFilter, origin.field("jqFilter")) {
            source = .jqFilter(filter)
        } else if let event = self.text(from.event, origin.field("event")) {
            source = .event(event)
        } else if let key = from.configMapKeyRef {
            let place = origin.field("configMapKeyRef")
            if let name = self.text(key.name, place.field("name")), let entry = self.text(key.key, place.field("key")) {
                source = .configMapKey(name: name, key: entry, isOptional: key.isOptional)
            }
        } else if from.isSupplied {
            source = .supplied
        }
        return PlannedValueFrom(source: source, default: self.text(from.default, origin.field("default")))
    }

    mutating func artifacts(_ artifacts: [Artifact], _ origin: Origin) -> [PlannedArtifact] {
        self.checkNames(artifacts.map(\.name), origin, what: "artifact")
        return artifacts.enumerated().map { at, artifact in self.artifact(artifact, origin.index(at)) }
    }

    mutating func artifact(_ artifact: Artifact, _ place: Origin) -> PlannedArtifact {
        self.checkArtifact(artifact, place)
        var location: (kind: String, value: CompiledValue)?
        for kind in artifact.remoteLocations {
            guard let json = artifact.written[kind], let value = self.compiled(json, place.field(kind)) else { continue }
            if location == nil { location = (kind, value) }
        }
        return PlannedArtifact(
            name: artifact.name, path: self.text(artifact.path, place.field("path")), from: self.text(artifact.from, place.field("from")),
            fromExpression: self.expression(artifact.fromExpression, place.field("fromExpression")),
            raw: self.text(artifact.raw, place.field("raw").field("data")), location: location, archive: artifact.archive,
            mode: artifact.mode, isModeRecursive: artifact.recurseMode, isOptional: artifact.optional,
            subPath: self.text(artifact.subPath, place.field("subPath")),
            globalName: self.text(artifact.globalName, place.field("globalName")),
            deletion: artifact.written["artifactGC"]?["strategy"]?.string.flatMap { PlannedLifecycle.ArtifactDeletion(rawValue: $0) })
    }

    // MARK: Retries

    mutating func retry(_ template: Template, _ origin: Origin) -> PlannedRetry? {
        guard let strategy = template.retryStrategy ?? self.spec.retryStrategy else { return nil }
        let place = template.retryStrategy == nil ? self.specField("retryStrategy") : origin.field("retryStrategy")
        let policy = strategy.retryPolicy.flatMap { PlannedRetry.Policy(rawValue: $0) }
        self.checkCount(strategy.limit, atLeast: 0, place.field("limit"), "limit")
        let within = place.field("backoff")
        if let backoff = strategy.backoff, backoff.duration?.isEmpty ?? true {
            self.faults.add(
                .badRetry, .warning, at: within, atKey: true, "backoff has no duration, so no wait can be told",
                hint: "write how long the first wait is, such as 'duration: 10s'")
        }
        self.checkCount(strategy.backoff?.factor, atLeast: 1, within.field("factor"), "factor")
        let avoids = (template.retryStrategy == nil ? self.spec.raw : template.raw)["retryStrategy"]?["affinity"]?["nodeAntiAffinity"]
        return PlannedRetry(
            limit: self.text(strategy.limit, place.field("limit")), policy: policy ?? (strategy.expression == nil ? .onFailure : .always),
            expression: self.expression(strategy.expression, place.field("expression")),
            backoff: strategy.backoff.map { backoff in
                (
                    duration: self.duration(backoff.duration, within.field("duration")),
                    factor: self.text(backoff.factor, within.field("factor")),
                    cap: self.duration(backoff.cap, within.field("cap")),
                    maxDuration: self.duration(backoff.maxDuration, within.field("maxDuration"))
                )
            }, avoidsFailedHosts: !(avoids?.isNull ?? true))
    }

    private mutating func checkCount(_ text: String?, atLeast least: Int, _ origin: Origin, _ what: String) {
        guard let text, !text.hasTag, Int(text).map({ $0 < least }) ?? true else { return }
        self.faults.add(.badNumber, at: origin, word: text, "\(what) '\(text)' is not a whole number of \(least) or more")
    }
}
