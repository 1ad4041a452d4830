import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// How pods are ended, by request and by accident.
    @Suite struct EndTests {
        private static let daemons =
            "(setsid sh -c 'echo $$ > \"$0\"; sleep 1000' $DAEMON &) ; sh -c 'sleep 1001' & nohup sleep 1002 > /dev/null 2>&1 & "

        @Test(arguments: bothKinds) func `a stopped step may tidy up`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("trap 'echo tidying; exit 7' TERM; echo ready; while :; do sleep 0.01; done")
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: .seconds(30))
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 7))
            #expect(try await bench.lines(launch.request.id).map(\.text) == ["ready", "tidying"])
        }

        @Test(arguments: bothKinds) func `a step without a handler dies of the signal`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("echo ready; exec sleep 1000")
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: .seconds(30))
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .exited(code: 143))
        }

        @Test(arguments: bothKinds) func `a step that ignores the signal is killed with all it started`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind)
            let launch = bench.shell(
                "trap '' TERM; \(Self.daemons) echo ready; while :; do sleep 1; done", env: [.value(name: "DAEMON", "/dev/null")])
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            #expect(!Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
            await bench.runtime.stop(launch.request.id, grace: Span(milliseconds: 50))
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 137))
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a second stop shortens the grace`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("trap '' TERM; echo ready; while :; do sleep 1; done")
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: .seconds(3600))
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .exited(code: 137))
        }

        @Test(arguments: bothKinds) func `a stop before the start is obeyed`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("trap '' TERM; echo ready; while :; do sleep 1; done")
            await bench.runtime.launch(launch)
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            let end = try await bench.news.end(of: launch.request.id).result?.end
            // Whichever came first: the stop or the program.
            #expect(end == .notStarted(message: "stopped before it started") || end == .exited(code: 137))
        }

        @Test(arguments: bothKinds) func `what a step leaves running ends with it`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("\(Self.daemons) sleep 0.05; exit 4", env: [.value(name: "DAEMON", "/dev/null")])
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .exited(code: 4))
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a daemon that forgot its environment ends as well`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let mark = "marked-\(getpid())-\(kind)"
            let ending = try await bench.finish(bench.shell("(env -i MARK=\(mark) setsid sleep 1003 &); sleep 0.05"))
            #expect(ending.result?.end == .exited(code: 0))
            #expect(Machine.processes(marked: "MARK=\(mark)\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a pod whose supervisor is killed is lost and dead`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("\(Self.daemons) echo ready; exec sleep 1000", env: [.value(name: "DAEMON", "/dev/null")])
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
            supervisor.kill()
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.lostBecause == "the pod's supervisor was lost")
            #expect(ending.history == ["started", "lost"])
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a step can neither kill nor stop the pod's supervisor in a sandbox`(kind: LocalRuntimeKind)
            async throws
        {
            guard kind == .sandbox else { return }
            let bench = try Workbench(kind)
            #expect(try await bench.output(bench.shell("kill -9 1; kill -STOP 1; kill -SEGV 1; echo alive")) == "alive")
        }

        @Test(arguments: bothKinds) func `a launch that is repeated starts once`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("echo once; sleep 0.05")
            await bench.runtime.launch(launch)
            await bench.runtime.launch(launch)
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.history == ["started", "finished"])
            // When it is just over, the same end is told again, and nothing runs.
            await bench.news.forget(launch.request.id)
            #expect(try await bench.finish(launch).result == ending.result)
            // And when it is long over.
            await bench.runtime.settle()
            await bench.news.forget(launch.request.id)
            let again = try await bench.finish(launch)
            #expect(again.result == ending.result)
            #expect(try await bench.lines(launch.request.id).map(\.text) == ["once"])
        }
    }
}
