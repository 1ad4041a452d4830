import Engine
import Glibc
import Ports
import WorkflowModel

/// What became of a pod, read from its exit record and the files beside it.
struct PodOutcome {
    var result: PodResult
    var collected: [CollectedArtifact]

    static let longestParameter = 1 << 20

    /// - Parameter directory: the pod's directory.
    init(_ record: ExitRecord, directory: String) {
        var problems: [String] = []
        if record.error?.kind == "outputs", let message = record.error?.message { problems.append(message) }
        let (parameters, parameterProblems) = Self.parameters(record.parameters, directory: directory)
        let (artifacts, artifactProblems) = Self.artifacts(record.artifacts, directory: directory)
        problems += parameterProblems + artifactProblems
        let end: PodResult.End
        if let code = record.code {
            // Of a step that failed, its own failure is the news.
            end = code == 0 && !problems.isEmpty ? .outputsLost(code: code, message: problems.joined(separator: "; ")) : .exited(code: code)
        } else {
            end = .notStarted(message: record.error?.message ?? "the pod was not started")
        }
        self.result = PodResult(
            end: end, startedAt: record.startedAt, finishedAt: record.finishedAt,
            result: record.hasResult
                ? FileText.read("\(directory)/result", limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) } : nil,
            parameters: parameters, containers: record.containers.compactMap(\.result), cpuMillis: record.cpuMillis,
            peakMemoryBytes: record.peakMemoryBytes, reason: record.reason)
        self.collected = artifacts
    }

    private static func parameters(_ outputs: [ExitRecord.Output], directory: String) -> (values: [String: String], problems: [String]) {
        var values: [String: String] = [:]
        var problems: [String] = []
        for output in outputs {
            switch output.verdict {
            case .file, .directory:
                guard var bytes = FileText.read("\(directory)/outputs/parameters/\(output.index)", limit: Self.longestParameter) else {
                    problems.append("output parameter '\(output.label.name)' was collected but cannot be read")
                    continue
                }
                if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
                values[output.label.name] = String(decoding: bytes, as: UTF8.self)
            case .missing:
                if output.label.isRequired {
                    problems.append("output parameter '\(output.label.name)': there is no file '\(output.label.path)'")
                }
            case .failed(let why):
                problems.append("output parameter '\(output.label.name)' cannot be read from '\(output.label.path)': \(why)")
            }
        }
        return (values, problems)
    }

    private static func artifacts(_ outputs: [ExitRecord.Output], directory: String) -> (collected: [CollectedArtifact], problems: [String])
    {
        var collected: [CollectedArtifact] = []
        var problems: [String] = []
        for output in outputs {
            let label = output.label
            switch output.verdict {
            case .file, .directory:
                collected.append(
                    CollectedArtifact(
                        name: label.name, path: "\(directory)/outputs/artifacts/\(output.index)/\(label.fileName)",
                        fileName: label.fileName,
                        archive: label.archive ?? .none, isDirectory: output.verdict == .directory))
            case .missing:
                if label.isRequired { problems.append("output artifact '\(label.name)': there is no file or directory '\(label.path)'") }
            case .failed(let why):
                problems.append("output artifact '\(label.name)' cannot be saved from '\(label.path)': \(why)")
            }
        }
        return (collected, problems)
    }
}
