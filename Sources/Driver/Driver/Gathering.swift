import Engine
import Ports

/// Brings together what a pod or a call needs from elsewhere.
struct Gathering: Sendable {
    let ports: DriverPorts

    /// - Throws: a `LaunchFault` that names the input.
    func inputs(_ wanted: [ArtifactInput], of pod: PodID) async throws -> [PlacedInput] {
        var inputs: [PlacedInput] = []
        for input in wanted {
            let content: PlacedInput.Content
            switch input.source {
            case .raw(let text): content = .text(text)
            case .stored(let artifact):
                do {
                    content = .copyOf(
                        localPath: try await self.ports.artifacts.place(
                            artifact, archive: input.archive, scratch: self.ports.scratch(pod)))
                } catch is MissingArtifact where input.isOptional {
                    continue
                } catch {
                    throw LaunchFault("input artifact '\(input.name)': \(error)")
                }
            }
            inputs.append(
                PlacedInput(name: input.name, path: input.path, content: content, mode: input.mode, isModeRecursive: input.isModeRecursive))
        }
        return inputs
    }

    /// What exists of the secrets that are named; which of them must exist is for the one who uses them to judge.
    func secrets(_ names: [String], of run: RunID) async throws -> [String: [String: [UInt8]]] {
        var secrets: [String: [String: [UInt8]]] = [:]
        for name in names {
            do { secrets[name] = try await self.ports.secrets.values(of: name, in: run) } catch {
                throw LaunchFault("secret '\(name)' cannot be read: \(error)")
            }
        }
        return secrets
    }
}

/// Why something cannot be handed over, for people.
struct LaunchFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
