import CLocalRuntime
import Engine
import Ports
import WorkflowModel

/// Turns a pod with everything it needs into the message a supervisor carries out. Decides all that can be decided without touching the
/// machine.
struct LaunchComposer {
    let configuration: LocalRuntimeConfiguration
    let layout: DataLayout

    /// Argo's place for scripts.
    static let scriptPath = "/argo/staging/script"
    /// Argo's place for what the containers of a pod tell each other and the executor.
    static let sharedPlace = "/var/run/argo"
    /// Bounds what one pod may ask for; a supervisor decodes it all before it does anything.
    static let largestMessage = Int(SKIFF_MESSAGE_LIMIT)

    /// - Throws: `LaunchProblem` that the pod's author can act on.
    func message(for launch: PodLaunch) throws(LaunchProblem) -> MessageWriter {
        let launch = self.withEntryPoints(launch)
        let request = launch.request
        let containers = try self.containers(of: launch)
        // Somebody outside has to come to the markers of a pause; and several containers have a place in common, as in Argo.
        let sharesPlace = containers.count > 1 || containers.contains { $0.pausesBefore || $0.pausesAfter }
        var message = MessageWriter()
        message.add(SKIFF_POD_DIRECTORY.rawValue, text: self.layout.directory(of: request.id))
        message.add(SKIFF_POD_IDENTITY.rawValue, text: request.id.description)
        message.add(SKIFF_POD_GRACE_MILLISECONDS.rawValue, number: max(0, request.gracePeriod.milliseconds))
        message.add(SKIFF_POD_LOG_LIMIT.rawValue, number: Int64(self.configuration.logLimitBytes))
        message.add(SKIFF_POD_LOG_FILES.rawValue, number: Int64(self.configuration.rotatedLogFiles))
        message.add(SKIFF_POD_CAPTURES_RESULT.rawValue, number: request.outputs.capturesResult ? 1 : 0)
        message.add(SKIFF_POD_IS_SET.rawValue, number: request.isContainerSet ? 1 : 0)
        message.add(SKIFF_POD_IS_DAEMON.rawValue, number: request.isDaemon ? 1 : 0)
        message.add(SKIFF_POD_SHARES_PLACE.rawValue, number: sharesPlace ? 1 : 0)
        let volumes = try self.addVolumes(launch, to: &message)
        for container in containers { try self.add(container, launch, volumes: volumes, sharesPlace: sharesPlace, to: &message) }
        message.add(
            SKIFF_POD_MAIN.rawValue,
            number: Int64(request.initContainers.count + (request.containers.firstIndex { $0.name == request.main.name } ?? 0)))
        try Self.addInputs(launch.inputs, to: &message)
        try Self.addOutputs(request.outputs, to: &message)
        guard message.bytes.count <= Self.largestMessage else {
            throw LaunchProblem(
                "script, arguments, environment and files of the pod have more than \(Self.largestMessage >> 20) MiB together")
        }
        return message
    }

    // MARK: inputs and outputs

    private static func addInputs(_ inputs: [PlacedInput], to message: inout MessageWriter) throws(LaunchProblem) {
        for input in inputs {
            try self.requireText(input.path, "the path of input artifact '\(input.name)'")
            var nested = MessageWriter()
            nested.add(SKIFF_INPUT_NAME.rawValue, text: input.name)
            nested.add(SKIFF_INPUT_PATH.rawValue, text: AbsolutePath.normalized(input.path))
            switch input.content {
            case .text(let text): nested.add(SKIFF_INPUT_TEXT.rawValue, bytes: text.utf8)
            case .copyOf(let localPath): nested.add(SKIFF_INPUT_SOURCE.rawValue, text: localPath)
            }
            if let mode = input.mode { nested.add(SKIFF_INPUT_MODE.rawValue, number: Int64(mode & 0o7777)) }
            nested.add(SKIFF_INPUT_MODE_IS_RECURSIVE.rawValue, number: input.isModeRecursive ? 1 : 0)
            message.add(SKIFF_POD_INPUT.rawValue, nested: nested)
        }
    }

    private static func addOutputs(_ outputs: OutputRequest, to message: inout MessageWriter) throws(LaunchProblem) {
        for parameter in outputs.parameters {
            try self.requireText(parameter.path, "the path of output parameter '\(parameter.name)'")
            var nested = MessageWriter()
            nested.add(SKIFF_OUTPUT_PATH.rawValue, text: parameter.path)
            nested.add(SKIFF_OUTPUT_LABEL.rawValue, text: OutputLabel(parameter).text)
            message.add(SKIFF_POD_OUTPUT_PARAMETER.rawValue, nested: nested)
        }
        for artifact in outputs.artifacts {
            try self.requireText(artifact.path, "the path of output artifact '\(artifact.name)'")
            let label = OutputLabel(artifact)
            var nested = MessageWriter()
            nested.add(SKIFF_OUTPUT_PATH.rawValue, text: artifact.path)
            nested.add(SKIFF_OUTPUT_FILE_NAME.rawValue, text: label.fileName)
            nested.add(SKIFF_OUTPUT_LABEL.rawValue, text: label.text)
            message.add(SKIFF_POD_OUTPUT_ARTIFACT.rawValue, nested: nested)
        }
    }

    static func requireText(_ text: String, _ what: String) throws(LaunchProblem) {
        if text.utf8.contains(0) { throw LaunchProblem("\(what) contains a zero byte") }
    }

    static func trimmed(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/")
    }
}

extension PodRequest {
    /// Whether the news of each container is wanted. One plain container tells nothing that its pod does not.
    var isContainerSet: Bool { self.containers.count > 1 || self.main.name != "main" }
}
