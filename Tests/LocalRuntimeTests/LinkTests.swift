import CLocalRuntime
import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// Volumes of the process runtime, which are links in the host's directories, when several steps want the same place.
    @Suite struct LinkTests {
        private let bench: Workbench
        private let path: String

        init() throws {
            self.bench = try Workbench(.process)
            self.path = "\(self.bench.root)/mounted"
            mkdir("\(self.bench.root)/host", 0o755)
        }

        private var host: VolumeRequest.Source { .hostPath(path: "\(self.bench.root)/host", type: "Directory") }

        private func pod(_ node: Int, _ command: String, _ source: VolumeRequest.Source) -> PodLaunch {
            self.bench.shell(
                command, node: node, mounts: [VolumeMountRequest(volume: "v", mountPath: self.path)],
                volumes: [VolumeRequest(name: "v", source: source)])
        }

        /// A pod that runs until the gate is opened.
        private func startWaiting(_ node: Int, _ source: VolumeRequest.Source) async throws -> PodID {
            let gate = "\(self.bench.root)/gate-\(node)"
            mkfifo(gate, 0o666)
            let launch = self.pod(node, "echo \(node) > \(self.path)/\(node); echo ready; cat \(gate) && cat \(self.path)/\(node)", source)
            await self.bench.runtime.launch(launch)
            try await self.bench.wait(for: "ready", in: launch.request.id)
            return launch.request.id
        }

        private func open(_ node: Int) { Machine.write("go\n", to: "\(self.bench.root)/gate-\(node)") }

        @Test func `steps that run side by side share the link to one place, and the last of them removes it`() async throws {
            let first = try await self.startWaiting(1, self.host)
            let second = try await self.startWaiting(2, self.host)
            #expect(try await self.bench.output(self.pod(3, "ls \(self.path)", self.host)) == "1\n2")
            self.open(1)
            #expect(try await self.bench.news.end(of: first).result?.end == .exited(code: 0))
            #expect(Machine.exists(self.path))
            self.open(2)
            #expect(try await self.bench.news.end(of: second).result?.end == .exited(code: 0))
            #expect(!Machine.exists(self.path))
            #expect(Machine.entries("\(self.bench.data)/links").isEmpty)
        }

        @Test func `many steps that begin and end at once never see the link missing`() async throws {
            let nodes = 1...40
            for node in nodes {
                await self.bench.runtime.launch(
                    self.pod(node, "echo \(node) > \(self.path)/\(node) && cat \(self.path)/\(node)", self.host))
            }
            for node in nodes {
                let end = try await self.bench.news.end(of: self.bench.pod(node)).result?.end
                #expect(end == .exited(code: 0))
            }
            #expect(Machine.entries("\(self.bench.root)/host").count == nodes.count)
            #expect(!Machine.exists(self.path))
        }

        @Test func `a step waits for the place until a step with another volume there has ended`() async throws {
            let first = try await self.startWaiting(1, .emptyDir(isMemory: false))
            let other = self.pod(2, "ls \(self.path) | wc -l", .emptyDir(isMemory: false))
            await self.bench.runtime.launch(other)
            let stopped = self.pod(3, "true", .emptyDir(isMemory: false))
            await self.bench.runtime.launch(stopped)
            await self.bench.runtime.stop(stopped.request.id, grace: .seconds(0))
            #expect(try await self.bench.news.end(of: stopped.request.id).result?.end == .notStarted(message: "stopped before it started"))
            #expect(await self.bench.news.history(of: other.request.id).isEmpty)
            self.open(1)
            #expect(try await self.bench.news.end(of: first).result?.end == .exited(code: 0))
            #expect(try await self.bench.news.end(of: other.request.id).result?.end == .exited(code: 0))
            #expect(try await self.bench.lines(other.request.id).map(\.text) == ["0"])
            #expect(!Machine.exists(self.path))
        }

        @Test func `a link that a killed supervisor left is replaced`() async throws {
            let lost = try await self.startWaiting(1, .emptyDir(isMemory: false))
            try #require(Machine.supervisor(of: self.bench.directory(lost))).kill()
            #expect(try await self.bench.news.end(of: lost).lostBecause == "the pod's supervisor was lost")
            #expect(Machine.exists(self.path))
            #expect(try await self.bench.output(self.pod(2, "ls \(self.path) | wc -l", self.host)) == "0")
            #expect(!Machine.exists(self.path))
        }

        @Test func `a link of the host's own that leads there is used and stays`() async throws {
            symlink("\(self.bench.root)/host", self.path)
            #expect(try await self.bench.output(self.pod(1, "touch \(self.path)/x; ls \(self.path)", self.host)) == "x")
            #expect(Machine.exists(self.path))
            // One that leads elsewhere is in the way.
            let ending = try await self.bench.finish(self.pod(2, "true", .emptyDir(isMemory: false)))
            guard case .notStarted(let message) = ending.result?.end else {
                Issue.record("\(ending)")
                return
            }
            #expect(message.hasPrefix("volume 'v' cannot be put at '\(self.path)' on this machine: File exists"))
        }
    }
}
