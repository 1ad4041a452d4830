import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// What one container can have: progress, pauses, limits, a terminal, lasting volumes.
    @Suite struct ContainerFeatureTests {
        // MARK: progress

        @Test(arguments: bothKinds) func `a step tells how far it is`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("echo 1/4 >> $ARGO_PROGRESS_FILE; exec sleep 1000")
            await bench.runtime.launch(launch)
            await bench.news.event("progress 1/4", of: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            #expect(try await bench.news.end(of: launch.request.id).history == ["started", "progress 1/4", "finished"])
        }

        @Test(arguments: bothKinds) func `the last thing a short step says of itself is heard`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("for n in 1 2 3; do echo $n/3; done > $ARGO_PROGRESS_FILE")
            #expect(try await bench.finish(launch).history == ["started", "progress 3/3", "finished"])
            let nonsense = bench.shell("echo 1/4 > $ARGO_PROGRESS_FILE; echo half way >> $ARGO_PROGRESS_FILE", node: 2)
            #expect(try await bench.finish(nonsense).history == ["started", "finished"])
            let link = bench.shell("ln -s /dev/zero $ARGO_PROGRESS_FILE", node: 3)
            #expect(try await bench.finish(link).history == ["started", "finished"])
            // The next one begins anew.
            #expect(try await bench.output(bench.shell("cat $ARGO_PROGRESS_FILE 2>/dev/null || echo none", node: 4)) == "none")
        }

        @Test(arguments: bothKinds) func `the containers of a set tell one progress`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("") { request in
                request.containers = [
                    bench.container("one", "echo 1/2 >> $ARGO_PROGRESS_FILE"),
                    bench.container("main", "cat $ARGO_PROGRESS_FILE; echo 2/2 >> $ARGO_PROGRESS_FILE") { $0.dependencies = ["one"] },
                ]
            }
            #expect(try await bench.output(launch) == "1/2")
            #expect(await bench.news.history(of: launch.request.id).contains("progress 2/2"))
        }

        // MARK: pauses

        @Test(arguments: bothKinds) func `a paused container goes on when its marker is made`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell(
                "echo ran; exit 3",
                env: [.value(name: "ARGO_DEBUG_PAUSE_BEFORE", "true"), .value(name: "ARGO_DEBUG_PAUSE_AFTER", "true")])
            let markers = "\(bench.directory(launch.request.id))/argo/ctr/main"
            await bench.runtime.launch(launch)
            await bench.news.start(of: launch.request.id)
            let before = "skiff: paused before the program; it goes on when there is a file '\(markers)/before'"
            try await bench.wait(for: before, in: launch.request.id)
            Machine.write("", to: "\(markers)/before")
            try await bench.wait(
                for: "skiff: paused after the program; it goes on when there is a file '\(markers)/after'", in: launch.request.id)
            #expect(try await bench.text(launch.request.id) == "ran")
            Machine.write("", to: "\(markers)/after")
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 3))
            #expect(ending.history == ["started", "finished"])
        }

        @Test func `a sidecar lets main go on where Argo's markers are`() async throws {
            let bench = try Workbench(.sandbox)
            let launch = bench.shell("echo ran", env: [.value(name: "ARGO_DEBUG_PAUSE_BEFORE", "true")]) { request in
                request.sidecars = [bench.container("side", "touch /var/run/argo/ctr/main/before; exec sleep 1000")]
            }
            #expect(try await bench.output(launch) == "ran")
        }

        @Test(arguments: bothKinds) func `a paused container can be stopped`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            for (node, moment) in ["BEFORE", "AFTER"].enumerated() {
                let launch = bench.shell("exit 3", node: node, env: [.value(name: "ARGO_DEBUG_PAUSE_\(moment)", "true")])
                await bench.runtime.launch(launch)
                let markers = "\(bench.directory(launch.request.id))/argo/ctr/main/\(moment.lowercased())"
                try await bench.wait(
                    for: "skiff: paused \(moment.lowercased()) the program; it goes on when there is a file '\(markers)'",
                    in: launch.request.id)
                await bench.runtime.stop(launch.request.id, grace: .seconds(30))
                let end = try await bench.news.end(of: launch.request.id).result?.end
                #expect(end == (moment == "BEFORE" ? .notStarted(message: "stopped before it started") : .exited(code: 3)))
            }
        }

        @Test func `an init container is never paused, and only true pauses`() async throws {
            let bench = try Workbench(.process)
            let launch = bench.shell("echo ran", env: [.value(name: "ARGO_DEBUG_PAUSE_BEFORE", "1")]) { request in
                request.initContainers = [
                    bench.container("init", "true") { $0.env = [.value(name: "ARGO_DEBUG_PAUSE_BEFORE", "true")] }
                ]
            }
            #expect(try await bench.output(launch) == "ran")
        }

        // MARK: limits

        /// Takes far more memory than it may have, in a child of the container's program.
        private let greedy = "echo begun; head -c 400000000 /dev/zero | tail -c 300000000 > /dev/null; code=$?; echo code $code; exit $code"

        @Test(arguments: bothKinds) func `a container that takes too much memory is killed`(kind: LocalRuntimeKind) async throws {
            // With a control group, or without one by looking: the outcome is the same.
            let bench = try Workbench(kind)
            let launch = bench.shell(self.greedy) { $0.main.limits.memoryBytes = 60 << 20 }
            let result = try await bench.finish(launch).result
            #expect(result?.end == .exited(code: 137))
            #expect(result?.reason == "OOMKilled")
            #expect(Self.groups(bench).isEmpty)
        }

        @Test(arguments: bothKinds) func `a container within its limits is left alone`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("echo fine; exit 137") {
                $0.main.limits.memoryBytes = 64 << 20
                $0.main.limits.cpuMillis = 500
            }
            let result = try await bench.finish(launch).result
            #expect(result?.end == .exited(code: 137))
            #expect(result?.reason == nil)
            #expect(Self.groups(bench).isEmpty)
        }

        @Test(arguments: bothKinds) func `each container of a pod has limits of its own`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("") { request in
                request.containers = [
                    bench.container("main", self.greedy) { $0.limits.memoryBytes = 1 << 30 },
                    bench.container("small", self.greedy) { $0.limits.memoryBytes = 60 << 20 },
                ]
            }
            let result = try await bench.finish(launch).result
            #expect(result?.containers.map(\.end) == [.exited(code: 0), .exited(code: 137)])
            #expect(result?.containers.map(\.reason) == [nil, "OOMKilled"])
            #expect(Self.groups(bench).isEmpty)
        }

        /// Processor time can only be limited by a control group, which an ordinary user may not always make.
        @Test(.enabled(if: access("/sys/fs/cgroup/cpu/cgroup.procs", W_OK) == 0), arguments: bothKinds)
        func `a container gets no more processor time than its limit`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("end=$(($(date +%s%N) + 1000000000)); while [ $(date +%s%N) -lt $end ]; do :; done") {
                $0.main.limits.cpuMillis = 100
            }
            let milliseconds = try #require(try await bench.finish(launch).result?.cpuMillis)
            // A tenth of a second and what its last period allows.
            #expect(milliseconds < 350, "\(milliseconds) ms")
        }

        @Test func `the groups of a pod that is lost go with it`() async throws {
            let bench = try Workbench(.sandbox)
            let launch = bench.shell("echo ready; exec sleep 1000") { $0.main.limits.memoryBytes = 64 << 20 }
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            let supervisor = try #require(Machine.supervisor(of: bench.directory(launch.request.id)))
            supervisor.kill()
            _ = try await bench.news.end(of: launch.request.id)
            #expect(Self.groups(bench).isEmpty)
        }

        /// Control groups that pods of this workbench have left.
        private static func groups(_ bench: Workbench) -> [String] {
            ["memory", "cpu"].flatMap { controller in
                let own = (Machine.text("/proc/self/cgroup") ?? "").split(separator: "\n")
                    .map { $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) }
                    .first { $0.count == 3 && $0[1].split(separator: ",").contains(Substring(controller)) }
                return Machine.entries("/sys/fs/cgroup/\(controller)\(own.map { String($0[2]) } ?? "")")
                    .filter { $0.hasPrefix("skiff-\(bench.run)") }
            }
        }

        // MARK: a terminal

        @Test(arguments: bothKinds) func `a container with a terminal has one`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell(
                "tty <&1 > /dev/null && echo terminal $TERM; echo error >&2; cat; printf 'no newline'",
                outputs: OutputRequest(capturesResult: true)
            ) { $0.main.isTTY = true }
            let result = try await bench.finish(launch).result
            #expect(result?.end == .exited(code: 0))
            #expect(result?.result == "terminal xterm\nerror\nno newline")
            #expect(try await bench.text(launch.request.id) == "terminal xterm\nerror\nno newline")
        }

        // MARK: volumes

        @Test(arguments: bothKinds) func `a claim of the store outlives the run`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = "\(bench.root)/mounted"
            func launch(_ node: Int, _ command: String, namespace: String = "argo") -> PodLaunch {
                bench.shell(
                    command, node: node, mounts: [VolumeMountRequest(volume: "v", mountPath: path)],
                    volumes: [VolumeRequest(name: "v", source: .persistentClaim(namespace: namespace, name: "data"))])
            }
            _ = try await bench.output(launch(1, "echo kept > \(path)/file"))
            await bench.runtime.settle()
            try await bench.runtime.remove(bench.run)
            #expect(try await bench.output(launch(2, "cat \(path)/file")) == "kept")
            #expect(try await bench.output(launch(3, "ls -A \(path)/", namespace: "other")) == "")
            #expect(
                try await bench.finish(launch(4, "true", namespace: "..")).result?.end
                    == .notStarted(message: "'../data' is not a name for a claim"))
            try await PodFiles.removeClaim("data", namespace: "argo", dataDirectory: bench.data)
            #expect(try await bench.output(launch(5, "ls -A \(path)/")) == "")
        }

        @Test(arguments: bothKinds) func `a projected volume puts several sources in one directory`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = "\(bench.root)/mounted"
            let launch = bench.shell(
                "cd \(path)/ && cat a sub/b token && stat -c %a token",
                mounts: [VolumeMountRequest(volume: "v", mountPath: path)],
                volumes: [
                    VolumeRequest(
                        name: "v",
                        source: .projected([
                            .files([
                                VolumeFile(path: "a", content: "first\n", mode: 0o644),
                                VolumeFile(path: "sub/b", content: "two\n", mode: 0o644),
                            ]),
                            .secret(
                                name: "s", items: [SecretItem(key: "k", path: "token", mode: 0o400)], defaultMode: 0o644, isOptional: false),
                            .files([VolumeFile(path: "a", content: "last\n", mode: 0o644)]),
                        ]))
                ], secrets: ["s": ["k": Array("s3cr3t\n".utf8)]])
            #expect(try await bench.output(launch) == "last\ntwo\ns3cr3t\n400")
            #expect(Machine.files(below: bench.data, holding: "s3cr3t").filter { !$0.hasSuffix("main.log") }.isEmpty)
        }
    }
}
