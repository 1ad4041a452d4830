import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// Nothing is left over, however many pods run.
    @Suite struct LeakTests {
        @Test(arguments: bothKinds) func `200 pods leave no descriptor, zombie, mount or directory of theirs`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("true", node: 1000))
            await bench.runtime.settle()
            let descriptors = Machine.descriptors
            let mounts = Machine.mounts(below: bench.root)
            let outputs = OutputRequest(
                artifacts: [.init(name: "a", path: "/etc/hostname", archive: .none, isOptional: true)], capturesResult: true)
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for node in 0..<200 {
                    if node >= 8 { #expect(try await group.next() == 3) }
                    group.addTask {
                        try await bench.finish(bench.shell("(sleep 100 &); echo x; exit 3", node: node, outputs: outputs)).result?.exitCode
                    }
                }
                for try await code in group { #expect(code == 3) }
            }
            await bench.runtime.settle()
            #expect(Machine.descriptors == descriptors)
            #expect(Machine.mounts(below: bench.root) == mounts)
            // A supervisor has ended before its session has reaped it, and nobody tells when it has.
            #expect(Machine.becomesTrue { Self.zombies().isEmpty })
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/").isEmpty)
            let entries = Set((0..<200).flatMap { Machine.entries(bench.directory(bench.pod($0))) })
            let kept: Set = ["exit", "main.log", "outputs", "result", "start"]
            // Empty directories wait for the removal of the run.
            #expect(entries.subtracting(["cwd", "tmp"]) == kept)
            try await bench.runtime.remove(bench.run)
            #expect(Machine.entries("\(bench.data)/pods").isEmpty)
        }

        @Test(arguments: bothKinds) func `a runtime that is let go closes everything of its own`(kind: LocalRuntimeKind) async throws {
            _ = try await Self.useOnce(kind)
            let descriptors = Machine.descriptors
            for _ in 0..<5 { try await Self.useOnce(kind) }
            // The threads of a runtime close their descriptors when they notice that it is gone.
            #expect(Machine.becomesTrue { Machine.descriptors <= descriptors })
        }

        private static func useOnce(_ kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("true"))
            await bench.runtime.settle()
        }

        /// Children of this process, of the launcher and of its sessions that nobody reaped.
        private static func zombies() -> [String] {
            Machine.entries("/proc").compactMap { Int32($0) }.compactMap { pid in
                guard Machine.state(of: pid) == "Z", let status = Machine.text("/proc/\(pid)/stat"), status.contains("(skiff-") else {
                    return nil
                }
                return status
            }
        }
    }
}
