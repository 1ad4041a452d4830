import CLocalRuntime
import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// A second Skiff finds the pods of one that is gone.
    @Suite struct AdoptionTests {
        /// Launches a pod that waits at a gate and lets its runtime go, as if Skiff had been killed.
        private func abandon(_ bench: Workbench, kind: LocalRuntimeKind, command: String, outputs: OutputRequest = OutputRequest())
            async throws -> PodLaunch
        {
            let first = try Workbench(kind, at: bench.root)
            mkfifo("\(bench.root)/gate", 0o666)
            let launch = bench.shell(
                "echo ready; cat \(bench.root)/gate; \(command)",
                mounts: [VolumeMountRequest(volume: "root", mountPath: "\(bench.root)/gate")],
                volumes: [VolumeRequest(name: "root", source: .hostPath(path: "\(bench.root)/gate", type: ""))], outputs: outputs)
            await first.runtime.launch(launch)
            try await first.wait(for: "ready", in: launch.request.id)
            return launch
        }

        private func open(_ bench: Workbench) { Machine.write("go\n", to: "\(bench.root)/gate") }

        @Test(arguments: bothKinds) func `a running pod is adopted and its end is told`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let outputs = OutputRequest(
                parameters: [.init(name: "p", path: "/var/tmp/skiff-adopted-\(getpid())", isRequired: true)], capturesResult: true)
            let launch = try await self.abandon(
                bench, kind: kind, command: "echo value > /var/tmp/skiff-adopted-\(getpid()); exit 0", outputs: outputs)
            defer { unlink("/var/tmp/skiff-adopted-\(getpid())") }
            #expect(await bench.runtime.adopt(launch.request.id))
            await bench.news.start(of: launch.request.id)
            self.open(bench)
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 0))
            #expect(ending.result?.result == "ready\ngo")
            #expect(ending.result?.parameters == ["p": "value"])
            #expect(ending.history == ["started", "finished"])
        }

        @Test(arguments: bothKinds) func `launching what already runs adopts it`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = try await self.abandon(bench, kind: kind, command: "exit 5")
            await bench.runtime.launch(launch)
            self.open(bench)
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 5))
            #expect(try await bench.lines(launch.request.id).map(\.text) == ["ready", "go"])
        }

        @Test(arguments: bothKinds) func `an adopted pod can be stopped`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = try await self.abandon(bench, kind: kind, command: "exit 0")
            // Even before it is adopted.
            let other = try await self.abandonSecond(bench, kind: kind)
            await bench.runtime.stop(other, grace: .seconds(0))
            #expect(await bench.runtime.adopt(other))
            let otherEnd = try await bench.news.end(of: other).result?.end
            #expect(otherEnd == .exited(code: 137))
            #expect(await bench.runtime.adopt(launch.request.id))
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            let end = try await bench.news.end(of: launch.request.id).result?.end
            #expect(end == .exited(code: 137))
        }

        private func abandonSecond(_ bench: Workbench, kind: LocalRuntimeKind) async throws -> PodID {
            let first = try Workbench(kind, at: bench.root)
            let launch = bench.shell("echo ready; exec sleep 1000", node: 2)
            await first.runtime.launch(launch)
            try await first.wait(for: "ready", in: launch.request.id)
            return launch.request.id
        }

        @Test(arguments: bothKinds) func `a pod that ended meanwhile is told at once`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = try await self.abandon(bench, kind: kind, command: "exit 6")
            let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
            self.open(bench)
            supervisor.waitUntilGone()
            #expect(await bench.runtime.adopt(launch.request.id))
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 6))
            #expect(ending.history == ["started", "finished"])
        }

        @Test(arguments: bothKinds) func `a pod whose supervisor died meanwhile is lost and dead`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = try await self.abandon(bench, kind: kind, command: "exit 6")
            let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
            supervisor.kill()
            supervisor.waitUntilGone()
            #expect(await bench.runtime.adopt(launch.request.id))
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.lostBecause == "the pod's supervisor was lost")
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a pod from before a restart of the machine is lost`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let directory = bench.directory(bench.pod())
            for path in ["\(bench.data)/pods", "\(bench.data)/pods/\(bench.run)", "\(bench.data)/pods/\(bench.run)/1", directory] {
                mkdir(path, 0o700)
            }
            Machine.write(
                "version 1\nboot another-boot\nruntime \(kind.rawValue)\nmain 7\nat 1763699520000000000\nend\n", to: "\(directory)/start")
            #expect(await bench.runtime.adopt(bench.pod()))
            let ending = try await bench.news.end(of: bench.pod())
            #expect(ending.lostBecause == "the machine was restarted while the pod ran")
        }

        @Test(arguments: bothKinds, ["", "synced\n"])
        func `an end from before a restart of the machine counts when it was on the disk with all its outputs`(
            kind: LocalRuntimeKind, mark: String
        ) async throws {
            let bench = try Workbench(kind)
            let directory = bench.directory(bench.pod())
            for path in ["\(bench.data)/pods", "\(bench.data)/pods/\(bench.run)", "\(bench.data)/pods/\(bench.run)/1", directory] {
                mkdir(path, 0o700)
            }
            // The start record did not survive.
            Machine.write("", to: "\(directory)/start")
            Machine.write(
                "version 1\nboot another-boot\n\(mark)started 1763699520000000000\ncode 3\nfinished 1763699520000000000\nend\n",
                to: "\(directory)/exit")
            #expect(await bench.runtime.adopt(bench.pod()))
            let ending = try await bench.news.end(of: bench.pod())
            #expect(ending.result?.end == (mark.isEmpty ? nil : .exited(code: 3)))
            #expect(ending.lostBecause == (mark.isEmpty ? "the machine was restarted while the pod ran" : nil))
        }

        @Test(arguments: bothKinds) func `a pod whose end nobody hears brings it to the disk`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = try await self.abandon(bench, kind: kind, command: "exit 6")
            let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
            self.open(bench)
            supervisor.waitUntilGone()
            #expect(Machine.text("\(bench.directory(launch.request.id))/exit")?.contains("\nsynced\n") == true)
            // What somebody hears of is recorded elsewhere, and need not wait for the disk here.
            _ = try await bench.finish(bench.shell("exit 6", node: 2))
            #expect(Machine.text("\(bench.directory(bench.pod(2)))/exit")?.contains("\nsynced\n") == false)
        }

        @Test(arguments: bothKinds) func `without any runtime the pods of a run are ended, each with its own grace`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            // In this order: one that tidies up, one that ignores the signal, one whose supervisor is killed, one that was never started.
            let commands = ["trap 'echo tidied; exit 3' TERM", "trap '' TERM", "true"]
            for (node, command) in commands.enumerated() {
                let launch = bench.shell(
                    "\(command); echo ready; while :; do sleep 0.01; done", node: node + 1, grace: Span(milliseconds: 300))
                await bench.runtime.launch(launch)
                try await bench.wait(for: "ready", in: launch.request.id)
            }
            let killed = try #require(Machine.supervisor(of: bench.directory(bench.pod(3))))
            killed.kill()
            killed.waitUntilGone()
            for path in ["\(bench.data)/pods/\(bench.run)/4", bench.directory(bench.pod(4))] { mkdir(path, 0o700) }
            try await PodFiles.end(bench.run, dataDirectory: bench.data)
            for node in 1...3 { #expect(Machine.processes(marked: "SKIFF_POD=\(bench.pod(node))\0").isEmpty) }
            #expect(try await bench.news.end(of: bench.pod(1)).result?.end == .exited(code: 3))
            #expect(try await bench.lines(bench.pod(1)).map(\.text) == ["ready", "tidied"])
            #expect(try await bench.news.end(of: bench.pod(2)).result?.end == .exited(code: 137))
            #expect(try await bench.news.end(of: bench.pod(3)).lostBecause == "the pod's supervisor was lost")
            var process: Int32 = -1
            #expect(skiff_pod_inspect(bench.directory(bench.pod(4)), &process) == Int32(SKIFF_POD_REFUSED.rawValue))
        }

        @Test(arguments: bothKinds) func `a pod that was never started is not adopted and stays so`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            #expect(await bench.runtime.adopt(bench.pod()) == false)
            // A directory without a start record, as a Skiff that died early leaves it.
            let directory = bench.directory(bench.pod())
            for path in ["\(bench.data)/pods", "\(bench.data)/pods/\(bench.run)", "\(bench.data)/pods/\(bench.run)/1", directory] {
                mkdir(path, 0o700)
            }
            #expect(await bench.runtime.adopt(bench.pod()) == false)
            // A supervisor that comes late finds the refusal.
            var process: Int32 = -1
            #expect(skiff_pod_inspect(directory, &process) == Int32(SKIFF_POD_REFUSED.rawValue))
            #expect(await bench.runtime.adopt(bench.pod()) == false)
        }

        @Test(arguments: bothKinds, ["", "version 1\nboot x\nrunt"])
        func `a start that was cut off counts as none`(kind: LocalRuntimeKind, record: String) async throws {
            let bench = try Workbench(kind)
            let directory = bench.directory(bench.pod())
            for path in ["\(bench.data)/pods", "\(bench.data)/pods/\(bench.run)", "\(bench.data)/pods/\(bench.run)/1", directory] {
                mkdir(path, 0o700)
            }
            Machine.write(record, to: "\(directory)/start")
            mkdir("\(directory)/upper", 0o700)
            mkdir("\(directory)/cwd", 0o700)
            #expect(try await bench.finish(bench.shell("exit 8")).result?.end == .exited(code: 8))
        }
    }
}
