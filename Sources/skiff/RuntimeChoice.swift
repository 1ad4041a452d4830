import LocalOperations
import LocalRuntime
import Operations
import WorkflowModel

/// Finds the runtime that `--runtime` means on this machine.
struct RuntimeChoice: Sendable {
    let dataDirectory: String
    let options: RunOptions

    /// - Throws: `OperationError`.
    func open(_ launcher: Result<Launcher, LocalRuntimeError>?) throws -> OpenedRuntime {
        do throws(LocalRuntimeError) {
            let launcher = if let launcher { try launcher.get() } else { try Launcher() }
            switch self.options.runtime {
            case "process":
                return try self.opened(.process, launcher, "process: steps run on the host itself, with a working directory each")
            case "sandbox": return try self.sandbox(launcher)
            default:
                do throws(LocalRuntimeError) { return try self.sandbox(launcher) } catch {
                    guard case .noSandbox(let reason) = error else { throw error }
                    return try self.opened(.process, launcher, "process, because there is no sandbox here: \(reason)")
                }
            }
        } catch {
            throw Self.refused(error)
        }
    }

    private func sandbox(_ launcher: Launcher) throws(LocalRuntimeError) -> OpenedRuntime {
        try self.opened(.sandbox, launcher, "sandbox: steps see this machine's files through a copy-on-write view")
    }

    private func opened(_ kind: LocalRuntimeKind, _ launcher: Launcher, _ description: String) throws(LocalRuntimeError) -> OpenedRuntime {
        let runtime = try LocalRuntime(
            configuration: LocalRuntimeConfiguration(
                dataDirectory: self.dataDirectory, kind: kind, images: Self.images(self.options.images)),
            launcher: launcher)
        return OpenedRuntime(
            runtime: runtime, kind: kind.rawValue, description: description, settle: { await runtime.settle() },
            setImages: { runtime.setImages(Self.images($0)) })
    }

    private static func images(_ json: JSONValue) -> [String: ImageEntry] {
        guard let object = json.object else { return [:] }
        func words(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.scalarText) }
        return Dictionary(
            object.map { name, entry in
                (name, ImageEntry(entrypoint: words(entry["entrypoint"]), cmd: words(entry["cmd"]), rootfs: entry["rootfs"]?.string))
            }
        ) { _, last in last }
    }

    private static func refused(_ error: LocalRuntimeError) -> OperationError {
        switch error {
        case .noSandbox(let reason):
            OperationError(.unavailable, "sandboxes do not work on this machine: \(reason)", hint: "use --runtime process, or auto")
        case .dataDirectory:
            OperationError(.unavailable, "\(error)", hint: "make it writable, or choose another with --data-dir or SKIFF_HOME")
        case .noLauncher, .notRemoved, .notEnded: OperationError(.unavailable, "\(error)")
        }
    }
}
