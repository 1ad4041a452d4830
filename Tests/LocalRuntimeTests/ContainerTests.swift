import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// Pods of several containers: their order, and what each of them sees.
    @Suite struct ContainerTests {
        /// A volume that all containers of a test mount, at a path that the process runtime can make a link at.
        private func shared(_ bench: Workbench) -> (path: String, volume: VolumeRequest, mount: VolumeMountRequest) {
            let path = "\(bench.root)/shared"
            return (
                path, VolumeRequest(name: "shared", source: .emptyDir(isMemory: false)),
                VolumeMountRequest(volume: "shared", mountPath: path)
            )
        }

        /// A container set, or a pod with helpers, whose containers all mount one volume.
        private func pod(
            _ bench: Workbench, inits: [ContainerRequest] = [], _ containers: [ContainerRequest], sidecars: [ContainerRequest] = [],
            outputs: OutputRequest = OutputRequest(), grace: Span = .seconds(30), change: (inout PodRequest) -> Void = { _ in }
        ) -> PodLaunch {
            let shared = self.shared(bench)
            return bench.shell("", volumes: [shared.volume], outputs: outputs, grace: grace) { request in
                func mounted(_ containers: [ContainerRequest]) -> [ContainerRequest] {
                    containers.map { container in
                        var container = container
                        container.mounts.append(shared.mount)
                        return container
                    }
                }
                request.initContainers = mounted(inits)
                request.containers = mounted(containers)
                request.sidecars = mounted(sidecars)
                change(&request)
            }
        }

        // MARK: init containers

        @Test(arguments: bothKinds) func `init containers run one after the other before the rest`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let log = "\(self.shared(bench).path)/log"
            let launch = self.pod(
                bench,
                inits: [
                    bench.container("first", "echo first >> \(log); echo from the first"),
                    bench.container("second", "echo second $WHO >> \(log)") { $0.env = [.value(name: "WHO", "me")] },
                ],
                [bench.container("main", "cat \(log)")])
            #expect(try await bench.output(launch) == "first\nsecond me")
            #expect(try await bench.text(launch.request.id, "first") == "from the first")
            #expect(await bench.news.history(of: launch.request.id) == ["started", "finished"])
        }

        @Test(arguments: bothKinds) func `an init container that fails ends the pod`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let log = "\(self.shared(bench).path)/log"
            let launch = self.pod(
                bench, inits: [bench.container("setup", "exit 3"), bench.container("later", "echo x > \(log)")],
                [bench.container("main", "echo ran")])
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .notStarted(message: "setup: Error (exit code 3)"))
            #expect(try await bench.text(launch.request.id).isEmpty)
        }

        @Test(arguments: bothKinds) func `an init container sees the inputs that lie in a volume`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = "\(self.shared(bench).path)/input"
            var launch = self.pod(bench, inits: [bench.container("check", "cat \(path)")], [bench.container("main", "cat \(path)")])
            launch.inputs = [PlacedInput(name: "in", path: path, content: .text("given"))]
            #expect(try await bench.output(launch) == "given")
            #expect(try await bench.text(launch.request.id, "check") == "given")
        }

        // MARK: container sets

        @Test(arguments: bothKinds) func `a container starts when those it depends on have ended well`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind)
            let log = "\(self.shared(bench).path)/log"
            let launch = self.pod(
                bench,
                [
                    bench.container("main", "cat \(log)") { $0.dependencies = ["b", "c"] },
                    bench.container("b", "cat \(log) > /dev/null && echo b >> \(log)") { $0.dependencies = ["a"] },
                    bench.container("c", "cat \(log) > /dev/null && echo c >> \(log)") { $0.dependencies = ["b"] },
                    bench.container("a", "echo a > \(log)"),
                ], outputs: OutputRequest(capturesResult: true))
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .exited(code: 0))
            #expect(ending.result?.result == "a\nb\nc")
            #expect(ending.result?.containers.map(\.name) == ["main", "b", "c", "a"])
            #expect(ending.result?.containers.allSatisfy { $0.end == .exited(code: 0) && $0.startedAt != nil } == true)
            #expect(
                ending.history == [
                    "started", "started a", "finished a", "started b", "finished b", "started c", "finished c", "started main",
                    "finished main", "finished",
                ])
        }

        @Test(arguments: bothKinds) func `a failed dependency makes its dependents fail without running`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let log = "\(self.shared(bench).path)/log"
            let launch = self.pod(
                bench,
                [
                    bench.container("last", "echo last >> \(log)") { $0.dependencies = ["next"] },
                    bench.container("next", "echo next >> \(log)") { $0.dependencies = ["bad"] },
                    bench.container("bad", "exit 7"),
                    bench.container("main", "until [ -e \(log) ]; do sleep 0.01; done; cat \(log)"),
                    bench.container("other", "echo other >> \(log)"),
                ])
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .exited(code: 7))
            #expect(
                ending.result?.containers.map(\.end) == [
                    .notStarted(message: "dependency 'next' was not started"),
                    .notStarted(message: "dependency 'bad' ended with exit code 7"),
                    .exited(code: 7), .exited(code: 0), .exited(code: 0),
                ])
            #expect(try await bench.text(launch.request.id) == "other")
        }

        @Test(arguments: bothKinds) func `a container is run again inside its pod`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let log = "\(self.shared(bench).path)/log"
            let launch = self.pod(
                bench,
                [
                    bench.container("main", "echo try >> \(log); echo out; [ $(grep -c try \(log)) -ge 3 ]") {
                        $0.retry = ContainerRetry(attempts: 3, wait: Span(milliseconds: 5))
                    },
                    bench.container("never", "echo no; exit 4") { $0.retry = ContainerRetry(attempts: 2, wait: Span(milliseconds: 1)) },
                ])
            let ending = try await bench.finish(launch)
            #expect(ending.result?.containers.map(\.end) == [.exited(code: 0), .exited(code: 4)])
            #expect(ending.result?.end == .exited(code: 4))
            #expect(try await bench.text(launch.request.id) == "out\nout\nout")
            #expect(try await bench.text(launch.request.id, "never") == "no\nno")
            // Each runs once in the eyes of others.
            #expect(ending.history.filter { $0 == "started main" }.count == 1)
        }

        @Test(arguments: bothKinds) func `outputs belong to main, whatever else there is`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let file = "\(self.shared(bench).path)/out"
            let outputs = OutputRequest(
                parameters: [.init(name: "p", path: file, isRequired: true)],
                artifacts: [.init(name: "a", path: file, archive: .none, isOptional: false)], capturesResult: true)
            let launch = self.pod(
                bench, [bench.container("one", "echo wrong"), bench.container("main", "echo value > \(file); echo right")],
                outputs: outputs)
            let ending = try await bench.finish(launch)
            #expect(ending.result?.result == "right")
            #expect(ending.result?.parameters == ["p": "value"])
            #expect(ending.collected.first.flatMap { Machine.text($0.path) } == "value\n")
        }

        @Test(arguments: bothKinds) func `a container whose program is missing is told by name`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench,
                [bench.container("main", "true"), bench.container("odd", "") { $0.command = ["/no/such/program"] }])
            let ending = try await bench.finish(launch)
            guard case .notStarted(let message) = ending.result?.end else {
                Issue.record("\(String(describing: ending.result))")
                return
            }
            #expect(message.hasPrefix("odd: program '/no/such/program' of image 'test:1' was not found"))
            #expect(ending.result?.containers.first?.end == .exited(code: 0))
        }

        @Test(arguments: bothKinds) func `containers that wait for each other are refused`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench,
                [
                    bench.container("main", "true") { $0.dependencies = ["a"] },
                    bench.container("a", "true") { $0.dependencies = ["main"] },
                ])
            #expect(try await bench.finish(launch).result?.end == .notStarted(message: "containers 'main', 'a' wait for each other"))
        }

        @Test(arguments: bothKinds) func `what a container leaves running ends with it, not with the pod`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let gate = "\(self.shared(bench).path)/gate"
            let launch = self.pod(
                bench,
                [
                    bench.container("one", "setsid sleep 1000 & sleep 0.05") { $0.env = [.value(name: "MARK", "left-\(bench.run)")] },
                    bench.container("main", "echo ready; until [ -e \(gate) ]; do sleep 0.01; done"),
                    bench.container("two", "touch \(gate)") {
                        $0.dependencies = ["one"]
                        $0.preStop = nil
                    },
                ])
            await bench.runtime.launch(launch)
            await bench.news.event("finished one", of: launch.request.id)
            #expect(Machine.processes(marked: "MARK=left-\(bench.run)").isEmpty)
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .exited(code: 0))
        }

        @Test func `containers of a sandbox have views of their own and share memory and network`() async throws {
            let bench = try Workbench(.sandbox)
            let shared = self.shared(bench).path
            let launch = self.pod(
                bench,
                [
                    bench.container("one", "echo x > /tmp/mine; echo x > /etc/mine; echo common > /dev/shm/both; touch \(shared)/done"),
                    bench.container(
                        "main",
                        "ls /tmp/mine /etc/mine 2>/dev/null; cat /dev/shm/both; ls -l /proc/self/exe > /dev/null; [ $$$$ -lt 30 ] && echo own"
                    ) {
                        $0.dependencies = ["one"]
                    },
                ])
            #expect(try await bench.output(launch) == "common\nown")
        }

        @Test(.enabled(if: geteuid() == 0)) func `containers of one pod may have users of their own`() async throws {
            let bench = try Workbench(.sandbox)
            let launch = self.pod(
                bench, inits: [bench.container("init", "id -u") { $0.runAsUser = 1234 }],
                [bench.container("main", "id -u; pwd") { $0.workingDir = "/var/tmp" }],
                sidecars: [bench.container("side", "id -u; exec sleep 1000") { $0.runAsUser = 4321 }])
            #expect(try await bench.output(launch) == "0\n/var/tmp")
            #expect(try await bench.text(launch.request.id, "init") == "1234")
        }

        @Test func `the process runtime says which containers get in each other's way`() async throws {
            let bench = try Workbench(.process)
            let path = "\(bench.root)/place"
            let launch = bench.shell(
                "true",
                volumes: [
                    VolumeRequest(name: "one", source: .emptyDir(isMemory: false)),
                    VolumeRequest(name: "two", source: .emptyDir(isMemory: false)),
                ]
            ) { request in
                request.containers = [
                    bench.container("main", "true") { $0.mounts = [VolumeMountRequest(volume: "one", mountPath: path)] },
                    bench.container("other", "true") { $0.mounts = [VolumeMountRequest(volume: "two", mountPath: path)] },
                ]
            }
            #expect(
                try await bench.finish(launch).result?.end
                    == .notStarted(
                        message:
                            "containers 'main' and 'other' mount different things at '\(path)', and the process runtime has only the machine's own directories: use --runtime sandbox"
                    ))
            #expect(!Machine.exists(path))
        }

        // MARK: sidecars

        @Test(arguments: bothKinds) func `a sidecar runs beside main and is stopped before outputs are final`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let path = self.shared(bench).path
            let outputs = OutputRequest(parameters: [.init(name: "log", path: "\(path)/log", isRequired: true)])
            let launch = self.pod(
                bench, [bench.container("main", "until [ -e \(path)/up ]; do sleep 0.01; done; echo main >> \(path)/log")],
                sidecars: [
                    bench.container(
                        "side", "trap 'echo tidied >> \(path)/log; exit 9' TERM; touch \(path)/up; while :; do sleep 0.01; done"),
                    bench.container("broken", "exit 1"),
                ], outputs: outputs)
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .exited(code: 0))
            #expect(ending.result?.parameters == ["log": "main\ntidied"])
            #expect(ending.result?.containers.isEmpty == true)
        }

        @Test(arguments: bothKinds) func `a sidecar that ignores the signal is killed after the grace`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench, [bench.container("main", "exit 5")],
                sidecars: [bench.container("side", "trap '' TERM; while :; do sleep 1; done")], grace: Span(milliseconds: 50))
            #expect(try await bench.finish(launch).result?.end == .exited(code: 5))
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a sidecar that cannot be started ends the pod, which names it`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let marker = "\(self.shared(bench).path)/ran"
            let launch = self.pod(
                bench, [bench.container("main", "touch \(marker); exec sleep 1000")],
                sidecars: [
                    bench.container("other", "exec sleep 1000"), bench.container("side", "") { $0.command = ["/no/such/program"] },
                ])
            guard case .notStarted(let message)? = try await bench.finish(launch).result?.end else {
                Issue.record("the pod started")
                return
            }
            #expect(message.hasPrefix("side: ") && message.contains("/no/such/program"), "\(message)")
        }

        // MARK: sidecars among the init containers

        private func early(_ bench: Workbench, _ name: String, _ command: String) -> ContainerRequest {
            bench.container(name, command) { $0.restarts = true }
        }

        @Test(arguments: bothKinds) func `a sidecar among the init containers serves those after it, and ends last`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let path = self.shared(bench).path
            let outputs = OutputRequest(parameters: [.init(name: "log", path: "\(path)/log", isRequired: true)])
            let serve = { (name: String) in
                "trap 'echo \(name) ended >> \(path)/log; exit 0' TERM; echo \(name) >> \(path)/log; touch \(path)/\(name); "
                    + "while :; do sleep 0.01; done"
            }
            func wait(_ name: String) -> String { "until [ -e \(path)/\(name) ]; do sleep 0.01; done; " }
            let launch = self.pod(
                bench,
                inits: [
                    bench.container("first", "[ ! -e \(path)/proxy ] && echo first >> \(path)/log"),
                    self.early(bench, "proxy", serve("proxy")),
                    bench.container("second", wait("proxy") + "echo second >> \(path)/log"),
                ],
                [bench.container("main", wait("side") + "echo main >> \(path)/log")],
                sidecars: [bench.container("side", serve("side"))], outputs: outputs)
            let ending = try await bench.finish(launch)
            #expect(ending.result?.end == .exited(code: 0))
            #expect(ending.result?.parameters == ["log": "first\nproxy\nsecond\nside\nmain\nside ended\nproxy ended"])
        }

        @Test(arguments: bothKinds) func `a sidecar among the init containers is run again whenever it ends`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let path = self.shared(bench).path
            let launch = self.pod(
                bench,
                inits: [
                    self.early(
                        bench, "proxy", "echo run >> \(path)/runs; [ -e \(path)/once ] && exec sleep 1000; touch \(path)/once; exit 3")
                ],
                [bench.container("main", "until [ \"$(wc -l < \(path)/runs)\" -eq 2 ]; do sleep 0.01; done; cat \(path)/runs")])
            #expect(try await bench.output(launch) == "run\nrun")
            let log = try await bench.text(launch.request.id, "proxy", .stderr)
            #expect(log.contains("ended with exit code 3; it is run again in 1 s"), "\(log)")
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `an init container that fails ends the sidecar before it, in order`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench,
                inits: [
                    self.early(bench, "proxy", "trap 'echo tidied; exit 0' TERM; while :; do sleep 0.01; done"),
                    bench.container("setup", "exit 3"),
                ], [bench.container("main", "echo ran")])
            #expect(try await bench.finish(launch).result?.end == .notStarted(message: "setup: Error (exit code 3)"))
            #expect(try await bench.text(launch.request.id).isEmpty)
            let missing = self.pod(
                bench,
                inits: [bench.container("proxy", "") { container in (container.command, container.restarts) = (["/no/such"], true) }],
                [bench.container("main", "echo ran")]
            ) { $0.id = bench.pod(2) }
            guard case .notStarted(let message)? = try await bench.finish(missing).result?.end else {
                Issue.record("the pod started")
                return
            }
            #expect(message.hasPrefix("proxy: ") && message.contains("/no/such"), "\(message)")
        }

        // MARK: what containers share

        @Test(arguments: bothKinds) func `the containers of a pod reach each other on localhost`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = self.shared(bench).path
            let serve = """
                python3 -c 'import socket
                server = socket.create_server(("127.0.0.1", 0))
                open("\(path)/port.new", "w").write(str(server.getsockname()[1]))
                import os; os.rename("\(path)/port.new", "\(path)/port")
                while True: server.accept()[0].sendall(b"hello from the sidecar")'
                """
            let ask = """
                until [ -e \(path)/port ]; do sleep 0.01; done
                python3 -c 'import socket; print(socket.create_connection(("localhost", int(open("\(path)/port").read()))).recv(99).decode())'
                """
            let launch = self.pod(bench, [bench.container("main", ask)], sidecars: [bench.container("side", serve)])
            #expect(try await bench.output(launch) == "hello from the sidecar")
        }

        // MARK: ends

        @Test(arguments: bothKinds) func `a stop reaches every container that runs, and the rest never do`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench,
                [
                    bench.container("main", "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done"),
                    bench.container("stubborn", "trap '' TERM; echo ready; while :; do sleep 1; done"),
                    bench.container("later", "echo ran") { $0.dependencies = ["main"] },
                ], sidecars: [bench.container("side", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done")])
            await bench.runtime.launch(launch)
            for name in ["main", "stubborn", "side"] { try await bench.wait(for: "ready", in: launch.request.id, name) }
            await bench.runtime.stop(launch.request.id, grace: Span(milliseconds: 300))
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 3))
            #expect(
                ending.result?.containers.map(\.end) == [
                    .exited(code: 3), .exited(code: 137), .notStarted(message: "stopped before it started"),
                ])
            #expect(try await bench.text(launch.request.id, "side") == "ready\nbye")
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
        }

        @Test(arguments: bothKinds) func `a stop during an init container ends the pod`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = self.pod(
                bench, inits: [bench.container("init", "echo ready; exec sleep 1000")], [bench.container("main", "echo ran")])
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id, "init")
            await bench.runtime.stop(launch.request.id, grace: .seconds(30))
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .notStarted(message: "stopped before it started"))
            #expect(try await bench.text(launch.request.id).isEmpty)
        }

        @Test(arguments: bothKinds) func `a pod whose supervisor or keeper is killed is lost with everything in it`(kind: LocalRuntimeKind)
            async throws
        {
            for victim in ["(skiff-pod)", "keeper"] {
                let bench = try Workbench(kind)
                let launch = self.pod(
                    bench,
                    [
                        bench.container("main", "(setsid sleep 1000 &); echo ready; exec sleep 1000"),
                        bench.container("other", "echo ready; exec sleep 1000"),
                    ])
                await bench.runtime.launch(launch)
                for name in ["main", "other"] { try await bench.wait(for: "ready", in: launch.request.id, name) }
                let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
                if victim == "keeper" {
                    let keeper = try #require(Machine.children(of: supervisor.pid).first)
                    kill(keeper, SIGKILL)
                } else {
                    supervisor.kill()
                }
                let ending = try await bench.news.end(of: launch.request.id)
                #expect(ending.lostBecause == "the pod's supervisor was lost")
                #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/1/0\0").isEmpty)
            }
        }

        @Test(arguments: bothKinds) func `no file of the data directory holds a secret of any container`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let entry = EnvironmentEntry.secretKey(name: "TOKEN", secret: "s", key: "k", isOptional: false)
            var launch = self.pod(
                bench, inits: [bench.container("init", "[ \"$TOKEN\" = s3cr3t-value ]") { $0.env = [entry] }],
                [bench.container("main", "[ \"$TOKEN\" = s3cr3t-value ] && echo ready && exec sleep 1000") { $0.env = [entry] }],
                sidecars: [bench.container("side", "[ \"$TOKEN\" = s3cr3t-value ] && exec sleep 1000") { $0.env = [entry] }])
            launch.secrets = ["s": ["k": Array("s3cr3t-value".utf8)]]
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            #expect(Machine.files(below: bench.data, holding: "s3cr3t-value").isEmpty)
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            _ = try await bench.news.end(of: launch.request.id)
            #expect(Machine.files(below: bench.data, holding: "s3cr3t-value").isEmpty)
        }

        @Test(arguments: bothKinds) func `pods of several containers leave nothing behind`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("true", node: 1000))
            await bench.runtime.settle()
            let descriptors = Machine.descriptors
            let mounts = Machine.mounts(below: bench.root)
            for node in 1...10 {
                let launch = bench.shell("", node: node) { request in
                    request.initContainers = [bench.container("init", "echo init")]
                    request.containers = [bench.container("main", "(sleep 100 &); echo main"), bench.container("other", "echo other")]
                    request.sidecars = [bench.container("side", "exec sleep 1000")]
                }
                #expect(try await bench.finish(launch).result?.end == .exited(code: 0))
            }
            await bench.runtime.settle()
            #expect(Machine.descriptors == descriptors)
            #expect(Machine.mounts(below: bench.root) == mounts)
            #expect(Machine.processes(marked: "SKIFF_POD=\(bench.run)/").isEmpty)
            let entries = Set((1...10).flatMap { Machine.entries(bench.directory(bench.pod($0))) })
            #expect(entries.subtracting(["cwd", "tmp"]) == ["exit", "start", "init.log", "main.log", "other.log"])
        }
    }
}
