public import Engine
import Expressions
public import Ports
import WorkflowModel

/// Carries out `data` templates: lists the files of an artifact, and hands the list through the expressions.
public struct DataCallRunner: CallRunner {
    /// What is kept as `outputs.result`. More is a fault, since half of a list is worth nothing.
    static let largestResult = 1 << 20

    private let time: any TimeSource
    private let listing: FileListing

    /// - Parameter mostFiles: an artifact with more cannot be listed.
    public init(time: any TimeSource, mostFiles: Int = 100_000) {
        self.time = time
        self.listing = FileListing(mostFiles: mostFiles)
    }

    public func carryOut(_ call: CallLaunch) async -> CallResult {
        guard case .data(let data) = call.request.kind else { return self.result(.error(message: "a template of this kind lists nothing")) }
        do {
            let files = try await self.files(data, call.inputs)
            let value = try self.transformed(.array(files.map { .string($0) }), data.transformation, call.request.id)
            let text = value.json.json
            guard text.utf8.count <= Self.largestResult else {
                throw DataFault(
                    "the result has \(text.utf8.count) bytes, more than \(Self.largestResult >> 20) MiB: let an expression filter it")
            }
            return CallResult(end: .succeeded(message: ""), result: text, finishedAt: self.time.now())
        } catch {
            return self.result(.failed(message: "\(error)"))
        }
    }

    private func result(_ end: CallResult.End) -> CallResult { CallResult(end: end, finishedAt: self.time.now()) }

    /// Paths within the artifact, in the order of their bytes; of a single file its name.
    private func files(_ data: DataCall, _ inputs: [PlacedInput]) async throws -> [String] {
        guard let source = data.source, let input = inputs.last(where: { $0.name == source.name }) else { return [] }
        switch input.content {
        case .text: throw DataFault("artifact '\(source.name)' is raw data, and only files can be listed")
        case .copyOf(let path): return try await self.listing.files(at: path)
        }
    }

    private func transformed(_ value: ExprValue, _ steps: [String], _ id: PodID) throws -> ExprValue {
        var value = value
        let clock = EvaluationClock(now: self.time.now(), seed: Self.seed(of: id))
        for (at, step) in steps.enumerated() {
            do { value = try Expression(step).evaluate(in: ["data": value], clock: clock) } catch {
                throw DataFault("expression \(at + 1) of the transformation, '\(step.prefix(200))', fails: \(error.message)")
            }
        }
        return value
    }

    /// The same for the same call, so that one that is repeated draws the same random values.
    private static func seed(of id: PodID) -> UInt64 {
        id.description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

/// Why there is no result.
struct DataFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
