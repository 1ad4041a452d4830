import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// A step: how it is started, what it sees and how it ends.
    @Suite struct StepTests {
        @Test(arguments: bothKinds, [0, 1, 42, 255]) func `the exit code of the program is the pod's`(kind: LocalRuntimeKind, code: Int)
            async throws
        {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("exit \(code)"))
            #expect(ending.result?.end == .exited(code: code))
            #expect(ending.history == ["started", "finished"])
        }

        @Test(arguments: bothKinds) func `a program that dies of a signal ends as a shell counts`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("kill -9 $$$$"))
            #expect(ending.result?.end == .exited(code: 137))
        }

        @Test(arguments: bothKinds) func `the environment is a small base and what the manifest declares`(kind: LocalRuntimeKind)
            async throws
        {
            setenv("CALLERS_SECRET", "must not be seen", 1)
            let bench = try Workbench(kind) { $0.searchPath = "/usr/bin:/bin" }
            let entries: [EnvironmentEntry] = [
                .value(name: "GREETING", "hello"), .value(name: "BOTH", "$(GREETING) $(UNKNOWN) $$(GREETING)"),
            ]
            let launch = bench.shell("", env: entries) { $0.main.command = ["/usr/bin/env"] }
            let lines = Set(try await bench.output(launch).split(separator: "\n").map(String.init))
            let home = getenv("HOME").map { String(cString: $0) } ?? "/"
            let temporary = kind == .sandbox ? "/tmp" : bench.directory(bench.pod()) + "/tmp"
            let progress = kind == .sandbox ? "/var/run/argo/progress" : bench.directory(bench.pod()) + "/progress"
            #expect(
                lines == [
                    "SKIFF_POD=\(bench.run)/1/0", "PATH=/usr/bin:/bin", "HOME=\(home)", "LANG=C.UTF-8", "TMPDIR=\(temporary)",
                    "HOSTNAME=pod-1",
                    "ARGO_CONTAINER_NAME=main", "ARGO_PROGRESS_FILE=\(progress)", "GREETING=hello", "BOTH=hello $(UNKNOWN) $(GREETING)",
                ])
        }

        @Test(arguments: bothKinds) func `a step inherits no descriptors, no blocked and no ignored signals`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let held = open("/etc/passwd", O_RDONLY)
            defer { close(held) }
            let output = try await bench.output(bench.shell("ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status"))
            // 3 is the directory that ls reads.
            #expect(
                output.split(whereSeparator: \.isWhitespace).map(String.init) == [
                    "0", "1", "2", "3", "SigBlk:", "0000000000000000", "SigIgn:", "0000000000000000",
                ])
        }

        @Test(arguments: bothKinds) func `a step cannot gain privileges and holds only harmless capabilities`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let output = try await bench.output(bench.shell("grep -E '^(NoNewPrivs|CapEff|CapPrm|CapInh|CapAmb)' /proc/self/status"))
            var fields: [String: String] = [:]
            for line in output.split(separator: "\n") {
                let parts = line.split(separator: "\t")
                fields[String(parts[0])] = String(parts[1])
            }
            let expected = geteuid() == 0 ? "00000000000405fb" : "0000000000000000"
            #expect(
                fields == [
                    "NoNewPrivs:": "1", "CapEff:": expected, "CapPrm:": expected, "CapInh:": "0000000000000000",
                    "CapAmb:": "0000000000000000",
                ])
        }

        @Test(arguments: bothKinds) func `args are expanded from declared variables`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("", env: [.value(name: "WHO", "world")]) {
                $0.main.command = ["/bin/echo"]
                $0.main.args = ["hello", "$(WHO)", "$(HOME)", "$$(WHO)"]
            }
            #expect(try await bench.output(launch) == "hello world $(HOME) $(WHO)")
        }

        @Test(arguments: bothKinds) func `a script becomes the last word of the command`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("") {
                $0.main.command = ["/bin/sh", "-e"]
                $0.main.args = ["one", "two"]
                $0.main.scriptSource = "echo $# $1 $2\ntest -x \"$0\" && echo executable\n"
            }
            #expect(try await bench.output(launch) == "2 one two\nexecutable")
        }

        @Test(arguments: bothKinds) func `a program that does not exist is named with image and remedy`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("") { $0.main.command = ["no-such-program", "x"] })
            #expect(
                ending.result?.end
                    == .notStarted(
                        message: "program 'no-such-program' of image 'test:1' was not found on this machine: "
                            + "install it, or map the image under 'images:' in the configuration file"))
            #expect(ending.history == ["finished"])
        }

        @Test(arguments: bothKinds) func `a file that is no program is told from one that is missing`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let volumes = [VolumeRequest(name: "here", source: .hostPath(path: bench.root, type: "Directory"))]
            let mounts = [VolumeMountRequest(volume: "here", mountPath: bench.root)]
            Machine.write("no first line\n", to: "\(bench.root)/plain")
            Machine.write("#!/no/such/interpreter\n", to: "\(bench.root)/orphan")
            for name in ["plain", "orphan"] { chmod("\(bench.root)/\(name)", 0o755) }
            let plain = try await bench.finish(
                bench.shell("", mounts: mounts, volumes: volumes) { $0.main.command = ["\(bench.root)/plain"] })
            #expect(
                plain.result?.end
                    == .notStarted(message: "'\(bench.root)/plain' is neither a program of this machine nor a script that begins with '#!'")
            )
            let orphan = try await bench.finish(
                bench.shell("", node: 2, mounts: mounts, volumes: volumes) { $0.main.command = ["\(bench.root)/orphan"] })
            #expect(
                orphan.result?.end
                    == .notStarted(message: "'\(bench.root)/orphan' names an interpreter on its first line that does not exist"))
        }

        @Test(arguments: bothKinds) func `without a command the configuration says what an image runs`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind) {
                $0.images = [
                    "greeter:v2": ImageEntry(entrypoint: ["echo", "I say"], cmd: ["nothing"]), "bare": ImageEntry(cmd: ["echo", "bare"]),
                ]
            }
            func launch(_ node: Int, _ image: String, _ args: [String]) -> PodLaunch {
                bench.shell("", node: node) {
                    $0.main.image = image
                    $0.main.command = []
                    $0.main.args = args
                }
            }
            #expect(try await bench.output(launch(1, "greeter:v2", ["hi"])) == "I say hi")
            #expect(try await bench.output(launch(2, "greeter:v2", [])) == "I say nothing")
            #expect(try await bench.output(launch(3, "docker.io/library/bare:1", [])) == "bare")
            let unknown = try await bench.finish(launch(4, "mystery:7", ["x"]))
            #expect(
                unknown.result?.end
                    == .notStarted(
                        message: "no command is given, and what image 'mystery:7' runs by itself is not known on this machine: "
                            + "give 'command:', or add the image under 'images:' in the configuration file"))
        }

        @Test(arguments: bothKinds) func `the working directory is the declared one`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            #expect(try await bench.output(bench.shell("pwd") { $0.main.workingDir = "/usr/lib" }) == "/usr/lib")
            let own = try await bench.output(bench.shell("pwd; echo x > file; cat file", node: 2))
            #expect(own == (kind == .sandbox ? "/\nx" : "\(bench.directory(bench.pod(2)))/cwd\nx"))
        }

        @Test func `a sandbox makes a working directory that is missing`() async throws {
            let bench = try Workbench(.sandbox)
            #expect(
                try await bench.output(bench.shell("pwd; touch here && ls") { $0.main.workingDir = "/no/such/place" })
                    == "/no/such/place\nhere")
            let process = try Workbench(.process)
            let ending = try await process.finish(process.shell("pwd") { $0.main.workingDir = "/no/such/place" })
            #expect(
                ending.result?.end
                    == .notStarted(message: "the working directory '/no/such/place' cannot be entered: No such file or directory"))
        }

        @Test(arguments: bothKinds) func `standard input is empty`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            #expect(try await bench.output(bench.shell("cat; echo end")) == "end")
        }

        @Test(arguments: bothKinds) func `processor time and memory are told`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let result = try #require(try await bench.finish(bench.shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")).result)
            #expect((result.cpuMillis ?? 0) > 5)
            #expect((result.peakMemoryBytes ?? 0) > 100_000)
            #expect(try #require(result.startedAt) <= result.finishedAt)
        }

        @Test(arguments: bothKinds) func `a zero byte where none can be is refused`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("") { $0.main.args = ["a\0b"] })
            #expect(ending.result?.end == .notStarted(message: "argument 3 of the program contains a zero byte"))
        }

        @Test(arguments: bothKinds) func `too long an argument is explained`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("") { $0.main.args = [String(repeating: "x", count: 200_000)] })
            #expect(
                ending.result?.end
                    == .notStarted(
                        message:
                            "arguments and environment are too long for the system (one may have 131072 bytes, all together about 2 MiB)"))
        }

        @Test(.enabled(if: geteuid() == 0)) func `root can run a step as another user`() async throws {
            let bench = try Workbench(.sandbox)
            let launch = bench.shell("id -u; id -g; id -G; echo hidden > /dev/stderr; cat /etc/shadow 2>/dev/null || echo denied") {
                $0.main.runAsUser = 12345
                $0.main.runAsGroup = 54321
            }
            #expect(try await bench.output(launch) == "12345\n54321\n54321\ndenied")
            let process = try Workbench(.process)
            let ending = try await process.finish(process.shell("id") { $0.main.runAsUser = 12345 })
            #expect(
                ending.result?.end
                    == .notStarted(
                        message: "runAsUser 12345 needs the sandbox runtime: the process runtime runs every step as the user of Skiff"))
        }

        @Test(.enabled(if: geteuid() != 0)) func `an ordinary user cannot run a step as another one`() async throws {
            let bench = try Workbench(.sandbox)
            let ending = try await bench.finish(bench.shell("id") { $0.main.runAsUser = 0 })
            #expect(ending.result?.end == .notStarted(message: "runAsUser 0 needs Skiff to run as root; this is user \(geteuid())"))
        }
    }
}
