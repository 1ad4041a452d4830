import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// What goes into a step and what comes out of it.
    @Suite struct ArtifactTests {
        typealias Parameter = OutputRequest.Parameter
        typealias Artifact = OutputRequest.Artifact

        /// Where a test may write in both runtimes.
        private func work(_ bench: Workbench) -> String {
            let path = "/var/tmp/skiff-work-\(bench.root.split(separator: "-").last ?? "")"
            return path
        }

        @Test(arguments: bothKinds) func `inputs are placed as text, file and directory`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let store = "\(bench.data)/store"
            for directory in [store, "\(store)/tree", "\(store)/tree/sub"] { mkdir(directory, 0o755) }
            Machine.write("stored\n", to: "\(store)/file")
            Machine.write("leaf\n", to: "\(store)/tree/sub/leaf")
            symlink("sub/leaf", "\(store)/tree/link")
            let work = self.work(bench)
            defer { removeTree(work) }
            let output = try await bench.output(
                bench.shell(
                    "cat \(work)/a \(work)/b \(work)/tree/link; echo more >> \(work)/b; stat -c %a \(work)/a \(work)/tree/sub; readlink \(work)/tree/link",
                    inputs: [
                        PlacedInput(name: "a", path: "\(work)/a", content: .text("raw\n"), mode: 0o700),
                        PlacedInput(name: "b", path: "\(work)/b", content: .copyOf(localPath: "\(store)/file")),
                        PlacedInput(
                            name: "t", path: "\(work)/tree", content: .copyOf(localPath: "\(store)/tree"), mode: 0o750,
                            isModeRecursive: true),
                    ]))
            #expect(output == "raw\nstored\nleaf\n700\n750\nsub/leaf")
            #expect(Machine.text("\(store)/file") == "stored\n")
            #expect(!Machine.exists("\(work)/a") && !Machine.exists("\(work)/tree"))
        }

        @Test func `an input replaces a file of the host only in the sandbox`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell("cat /etc/hostname", inputs: [PlacedInput(name: "h", path: "/etc/hostname", content: .text("mine\n"))]))
            #expect(output == "mine")
            #expect(Machine.text("/etc/hostname") != "mine\n")
        }

        @Test(arguments: bothKinds) func `an input that is gone is named`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(
                bench.shell("true", inputs: [PlacedInput(name: "a", path: "/tmp/a", content: .copyOf(localPath: "/no/such"))]))
            #expect(ending.result?.end == .notStarted(message: "input artifact 'a' cannot be read: No such file or directory"))
        }

        @Test(arguments: bothKinds) func `parameters are read from files`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let work = self.work(bench)
            defer { removeTree(work) }
            let outputs = OutputRequest(parameters: [
                Parameter(name: "one", path: "\(work)/one", isRequired: true),
                Parameter(name: "two", path: "\(work)/two", isRequired: true),
                Parameter(name: "none", path: "\(work)/none", isRequired: false), Parameter(name: "here", path: "here", isRequired: true),
            ])
            let command = "mkdir -p \(work); echo 1 > \(work)/one; printf '2\\n\\n' > \(work)/two; printf local > here"
            let ending = try await bench.finish(bench.shell(command, outputs: outputs))
            #expect(ending.result?.end == .exited(code: 0))
            #expect(ending.result?.parameters == ["one": "1", "two": "2\n", "here": "local"])
        }

        @Test(arguments: bothKinds) func `a parameter that cannot be had is explained`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let work = self.work(bench)
            defer { removeTree(work) }
            let outputs = OutputRequest(parameters: [
                Parameter(name: "missing", path: "\(work)/missing", isRequired: true),
                Parameter(name: "directory", path: work, isRequired: true),
                Parameter(name: "large", path: "\(work)/large", isRequired: false),
                Parameter(name: "pipe", path: "\(work)/pipe", isRequired: true),
            ])
            let command = "mkdir -p \(work); head -c 1048577 /dev/zero > \(work)/large; mkfifo \(work)/pipe"
            let ending = try await bench.finish(bench.shell(command, outputs: outputs))
            #expect(
                ending.result?.end
                    == .outputsLost(
                        code: 0,
                        message: "output parameter 'missing': there is no file '\(work)/missing'; "
                            + "output parameter 'directory' cannot be read from '\(work)': it is a directory; "
                            + "output parameter 'large' cannot be read from '\(work)/large': it has 1048577 bytes, and a parameter at most 1 MiB; "
                            + "output parameter 'pipe' cannot be read from '\(work)/pipe': it is not a regular file"))
            // The failure of the step itself goes before that of its outputs.
            let failed = try await bench.finish(bench.shell("exit 9", node: 2, outputs: outputs))
            #expect(failed.result?.end == .exited(code: 9))
        }

        @Test(arguments: bothKinds) func `artifacts are collected as files and directories`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let work = self.work(bench)
            defer { removeTree(work) }
            let outputs = OutputRequest(artifacts: [
                Artifact(name: "file", path: "\(work)/file.txt", archive: .none, isOptional: false),
                Artifact(name: "tree", path: "\(work)/tree/", archive: .tar, isOptional: false),
                Artifact(name: "via", path: "\(work)/via", archive: .none, isOptional: false),
                Artifact(name: "none", path: "\(work)/none", archive: .tar, isOptional: true),
            ])
            let command =
                "mkdir -p \(work)/tree/sub; cd \(work); echo content > file.txt; echo leaf > tree/sub/leaf; chmod 750 tree/sub/leaf; "
                + "ln -s sub/leaf tree/link; ln -s file.txt via; mkdir tree/locked; chmod 500 tree/locked"
            let ending = try await bench.finish(bench.shell(command, outputs: outputs))
            #expect(ending.result?.end == .exited(code: 0))
            let collected = Dictionary(uniqueKeysWithValues: ending.collected.map { ($0.name, $0) })
            #expect(collected.keys.sorted() == ["file", "tree", "via"])
            let file = try #require(collected["file"])
            let tree = try #require(collected["tree"])
            #expect(file.fileName == "file.txt" && !file.isDirectory && file.archive == .none)
            #expect(tree.fileName == "tree" && tree.isDirectory && tree.archive == .tar)
            #expect(file.path.hasPrefix(bench.data))
            #expect(Machine.text(file.path) == "content\n")
            #expect(Machine.text(try #require(collected["via"]).path) == "content\n")
            #expect(Machine.text("\(tree.path)/sub/leaf") == "leaf\n")
            var status = stat()
            #expect(stat("\(tree.path)/sub/leaf", &status) == 0 && status.st_mode & 0o777 == 0o750)
            var target = [CChar](repeating: 0, count: 64)
            #expect(readlink("\(tree.path)/link", &target, 63) == 8)
        }

        @Test func `an artifact may hold what the step wrote and what the host had`() async throws {
            let bench = try Workbench(.sandbox)
            let host = Workbench.temporaryDirectory()
            defer { removeTree(host) }
            Machine.write("old\n", to: "\(host)/old")
            Machine.write("gone\n", to: "\(host)/gone")
            let outputs = OutputRequest(artifacts: [Artifact(name: "all", path: host, archive: .none, isOptional: false)])
            let ending = try await bench.finish(bench.shell("cd \(host); rm gone; echo new > new", outputs: outputs))
            let path = try #require(ending.collected.first).path
            #expect(Machine.entries(path) == ["new", "old"])
            #expect(Machine.text("\(path)/old") == "old\n" && Machine.text("\(path)/new") == "new\n")
        }

        @Test(arguments: bothKinds) func `an artifact that is missing or special is explained`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let work = self.work(bench)
            defer { removeTree(work) }
            let outputs = OutputRequest(artifacts: [
                Artifact(name: "missing", path: "\(work)/missing", archive: .none, isOptional: false),
                Artifact(name: "special", path: "\(work)/tree", archive: .none, isOptional: true),
            ])
            let ending = try await bench.finish(bench.shell("mkdir -p \(work)/tree; mkfifo \(work)/tree/pipe", outputs: outputs))
            #expect(
                ending.result?.end
                    == .outputsLost(
                        code: 0,
                        message: "output artifact 'missing': there is no file or directory '\(work)/missing'; "
                            + "output artifact 'special' cannot be saved from '\(work)/tree': "
                            + "'\(work)/tree/pipe' is neither a file, a directory nor a symbolic link"))
        }

        @Test func `an output cannot be read through the supervisor`() async throws {
            setenv("CALLERS_SECRET", "must not be seen", 1)
            let bench = try Workbench(.sandbox)
            Machine.write("hidden", to: "\(bench.data)/hidden")
            let targets = [
                "/proc/1/environ", "/proc/1/root/etc/passwd", "/proc/self/fd/3", "/proc/1/fd/4", "/proc/self/environ",
                "\(bench.data)/hidden",
            ]
            let outputs = OutputRequest(
                parameters: targets.indices.map { Parameter(name: "p\($0)", path: "/out/\($0)", isRequired: false) },
                artifacts: targets.indices.map { Artifact(name: "a\($0)", path: "/out/\($0)", archive: .none, isOptional: true) })
            let links = targets.enumerated().map { "ln -s \($1) /out/\($0)" }.joined(separator: "; ")
            let ending = try await bench.finish(bench.shell("mkdir /out; \(links)", outputs: outputs))
            #expect(ending.result?.parameters == [:])
            #expect(ending.collected.isEmpty)
        }

        @Test(.enabled(if: geteuid() == 0)) func `a step that is not root cannot have files saved that it may not read`() async throws {
            let bench = try Workbench(.sandbox)
            let outputs = OutputRequest(artifacts: [
                Artifact(name: "link", path: "/tmp/link", archive: .none, isOptional: true),
                Artifact(name: "own", path: "/tmp/own", archive: .none, isOptional: true),
            ])
            let ending = try await bench.finish(
                bench.shell("ln -s /etc/shadow /tmp/link; echo mine > /tmp/own; chmod 600 /tmp/own", outputs: outputs) {
                    $0.main.runAsUser = 12345
                })
            #expect(ending.collected.map(\.name) == ["own"])
            #expect(
                ending.result?.end
                    == .outputsLost(code: 0, message: "output artifact 'link' cannot be saved from '/tmp/link': Permission denied"))
        }

        @Test(arguments: bothKinds) func `outputs in a volume are found there`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = "\(bench.root)/mounted"
            let outputs = OutputRequest(
                parameters: [Parameter(name: "p", path: "\(path)/p", isRequired: true)],
                artifacts: [Artifact(name: "a", path: "\(path)/a", archive: .none, isOptional: false)])
            let ending = try await bench.finish(
                bench.shell(
                    "echo p > \(path)/p; echo a > \(path)/a", mounts: [VolumeMountRequest(volume: "v", mountPath: path)],
                    volumes: [VolumeRequest(name: "v", source: .emptyDir(isMemory: false))], outputs: outputs))
            #expect(ending.result?.parameters == ["p": "p"])
            #expect(Machine.text(try #require(ending.collected.first).path) == "a\n")
        }

        @Test(arguments: bothKinds) func `a finished pod keeps only records, logs and outputs`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let outputs = OutputRequest(parameters: [Parameter(name: "p", path: "/etc/hostname", isRequired: false)], capturesResult: true)
            _ = try await bench.finish(
                bench.shell("echo x; mkdir -p a/b; chmod 0 a/b a", outputs: outputs) {
                    $0.main.scriptSource = "echo x; mkdir -p a/b; chmod 0 a/b a"
                    $0.main.command = ["/bin/sh"]
                })
            await bench.runtime.settle()
            #expect(
                Machine.entries(bench.directory(bench.pod())) == (kind == .sandbox ? [] : ["cwd"]) + [
                    "exit", "main.log", "outputs", "result", "start",
                ] + (kind == .sandbox ? [] : ["tmp"]))
        }
    }
}
