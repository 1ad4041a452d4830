import CLocalRuntime
import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

func removeTree(_ path: String) { _ = skiff_remove_tree(path) }

extension LocalRuntimeTests {
    /// Volumes in all their kinds.
    @Suite struct VolumeTests {
        /// A mount path that the process runtime can make a link at.
        private func mountPath(_ bench: Workbench, _ name: String = "mounted") -> String { "\(bench.root)/\(name)" }

        @Test(arguments: bothKinds) func `a hostPath is the host's directory`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let host = "\(bench.root)/host"
            mkdir(host, 0o755)
            Machine.write("from the host\n", to: "\(host)/in")
            let path = self.mountPath(bench)
            let output = try await bench.output(
                bench.shell(
                    "cat \(path)/in; echo from the step > \(path)/out", mounts: [VolumeMountRequest(volume: "v", mountPath: path)],
                    volumes: [VolumeRequest(name: "v", source: .hostPath(path: host, type: "Directory"))]))
            #expect(output == "from the host")
            #expect(Machine.text("\(host)/out") == "from the step\n")
            // The link of the process runtime is gone, and a sandbox never made one.
            #expect(!Machine.exists(path))
        }

        @Test(arguments: bothKinds) func `a hostPath is checked as Kubernetes checks it`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let file = "\(bench.root)/file"
            Machine.write("x", to: file)
            func end(_ node: Int, _ path: String, _ type: String) async throws -> PodResult.End? {
                try await bench.finish(
                    bench.shell(
                        "true", node: node, mounts: [VolumeMountRequest(volume: "v", mountPath: path)],
                        volumes: [VolumeRequest(name: "v", source: .hostPath(path: path, type: type))])
                ).result?.end
            }
            #expect(
                try await end(1, file, "Directory") == .notStarted(message: "hostPath '\(file)' of volume 'v' is not of type Directory"))
            #expect(try await end(2, file, "File") == .exited(code: 0))
            let missing = "\(bench.root)/missing"
            #expect(
                try await end(3, missing, "Directory")
                    == .notStarted(message: "hostPath '\(missing)' of volume 'v': No such file or directory"))
            #expect(try await end(4, "\(bench.root)/made/here", "DirectoryOrCreate") == .exited(code: 0))
            #expect(Machine.exists("\(bench.root)/made/here"))
            #expect(try await end(5, "\(bench.root)/made/file", "FileOrCreate") == .exited(code: 0))
            #expect(Machine.text("\(bench.root)/made/file") == "")
            #expect(try await end(6, "\(bench.root)/made/by/default", "") == .exited(code: 0))
        }

        @Test(arguments: bothKinds) func `a subPath stays inside its volume`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let host = "\(bench.root)/host"
            mkdir(host, 0o755)
            symlink("/etc", "\(host)/link")
            symlink("inner", "\(host)/fine")
            mkdir("\(host)/inner", 0o755)
            func end(_ node: Int, _ subPath: String) async throws -> PodResult.End? {
                let path = self.mountPath(bench)
                return try await bench.finish(
                    bench.shell(
                        "echo \(node) > \(path)/file", node: node,
                        mounts: [VolumeMountRequest(volume: "v", mountPath: path, subPath: subPath)],
                        volumes: [VolumeRequest(name: "v", source: .hostPath(path: host, type: ""))])
                ).result?.end
            }
            #expect(try await end(1, "../..") == .notStarted(message: "subPath '../..' leads out of volume 'v'"))
            #expect(try await end(2, "link") == .notStarted(message: "subPath 'link' leads out of volume 'v'"))
            #expect(try await end(3, "fine") == .exited(code: 0))
            #expect(Machine.text("\(host)/inner/file") == "3\n")
            #expect(try await end(4, "new/deep") == .exited(code: 0))
            #expect(Machine.text("\(host)/new/deep/file") == "4\n")
        }

        @Test func `a read-only volume cannot be written`() async throws {
            let bench = try Workbench(.sandbox)
            let host = "\(bench.root)/host"
            mkdir(host, 0o777)
            let output = try await bench.output(
                bench.shell(
                    "touch /ro/x 2>&1 || echo refused; touch /rw/x && echo written",
                    mounts: [
                        VolumeMountRequest(volume: "v", mountPath: "/ro", isReadOnly: true),
                        VolumeMountRequest(volume: "v", mountPath: "/rw"),
                    ], volumes: [VolumeRequest(name: "v", source: .hostPath(path: host, type: ""))]))
            #expect(output.contains("Read-only file system"))
            #expect(output.hasSuffix("refused\nwritten"))
        }

        @Test(arguments: bothKinds, [false, true]) func `an emptyDir is fresh and ends with the pod`(kind: LocalRuntimeKind, isMemory: Bool)
            async throws
        {
            let bench = try Workbench(kind)
            let (one, two) = (self.mountPath(bench, "one"), self.mountPath(bench, "two"))
            let output = try await bench.output(
                bench.shell(
                    "ls -A \(one); echo x > \(one)/file; cat \(two)/file; stat -L -c %a \(one)",
                    mounts: [VolumeMountRequest(volume: "v", mountPath: one), VolumeMountRequest(volume: "v", mountPath: two)],
                    volumes: [VolumeRequest(name: "v", source: .emptyDir(isMemory: isMemory))]))
            #expect(output == "x\n777")
            #expect(!Machine.exists(one))
            #expect(Machine.entries("/dev/shm").filter { $0.contains("skiff-\(bench.run)") }.isEmpty)
        }

        @Test(arguments: bothKinds) func `files of a ConfigMap have path, content and mode`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = self.mountPath(bench)
            let files = [
                VolumeFile(path: "plain", content: "one\n", mode: 0o644),
                VolumeFile(path: "sub/run.sh", content: "echo two\n", mode: 0o755),
            ]
            let output = try await bench.output(
                bench.shell(
                    "cat \(path)/plain; sh \(path)/sub/run.sh; stat -c %a \(path)/plain \(path)/sub/run.sh",
                    mounts: [VolumeMountRequest(volume: "v", mountPath: path, isReadOnly: kind == .sandbox)],
                    volumes: [VolumeRequest(name: "v", source: .files(files))]))
            #expect(output == "one\ntwo\n644\n755")
        }

        @Test(arguments: bothKinds) func `a secret reaches the step and no file of the data directory`(kind: LocalRuntimeKind) async throws
        {
            let bench = try Workbench(kind)
            let path = self.mountPath(bench)
            let secret = "s3cr3t-\(UInt64.random(in: 0 ... .max))"
            let gate = "\(bench.root)/gate"
            mkfifo(gate, 0o666)
            let launch = bench.shell(
                "test \"$TOKEN\" = \"$(cat \(path)/token)\" && test \"$DB_token\" = \"$TOKEN\" && cat \(path)/deep/user && stat -c %a \(path)/token; echo ready; cat \(gate)",
                env: [
                    .secretKey(name: "TOKEN", secret: "db", key: "token", isOptional: false),
                    .secretKey(name: "NONE", secret: "db", key: "none", isOptional: true),
                    .allOfSecret(secret: "db", prefix: "DB_", isOptional: false),
                ],
                mounts: [VolumeMountRequest(volume: "s", mountPath: path), VolumeMountRequest(volume: "g", mountPath: gate)],
                volumes: [
                    VolumeRequest(
                        name: "s",
                        source: .secret(
                            name: "db",
                            items: [SecretItem(key: "token", path: "token", mode: 0o400), SecretItem(key: "user", path: "deep/user")],
                            defaultMode: 0o644, isOptional: false)),
                    VolumeRequest(name: "g", source: .hostPath(path: gate, type: "")),
                ], secrets: ["db": ["token": Array(secret.utf8), "user": Array("alice\n".utf8)]])
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            // While it runs, and when it has ended.
            #expect(Machine.files(below: bench.data, holding: secret).isEmpty)
            Machine.write("", to: gate)
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 0))
            #expect(try await bench.lines(launch.request.id).map(\.text) == ["alice", "400", "ready"])
            #expect(Machine.files(below: bench.data, holding: secret).isEmpty)
            #expect(Machine.entries("/dev/shm").filter { $0.contains("skiff-\(bench.run)") }.isEmpty)
        }

        @Test(arguments: bothKinds) func `what is missing of a secret is named, never shown`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let secrets = ["db": ["token": Array("value".utf8)]]
            func end(_ node: Int, env: [EnvironmentEntry] = [], source: VolumeRequest.Source? = nil) async throws -> PodResult.End? {
                let path = self.mountPath(bench, "secret-\(node)")
                return try await bench.finish(
                    bench.shell(
                        "true", node: node, env: env, mounts: source == nil ? [] : [VolumeMountRequest(volume: "v", mountPath: path)],
                        volumes: source.map { [VolumeRequest(name: "v", source: $0)] } ?? [], secrets: secrets)
                ).result?.end
            }
            #expect(
                try await end(1, env: [.secretKey(name: "A", secret: "no", key: "k", isOptional: false)])
                    == .notStarted(message: "environment variable 'A': secret 'no' does not exist"))
            #expect(
                try await end(2, env: [.secretKey(name: "A", secret: "db", key: "k", isOptional: false)])
                    == .notStarted(message: "environment variable 'A': secret 'db' has no key 'k'"))
            #expect(
                try await end(3, env: [.allOfSecret(secret: "no", prefix: "", isOptional: false)])
                    == .notStarted(message: "environment from secret 'no': it does not exist"))
            #expect(
                try await end(4, source: .secret(name: "no", items: [], defaultMode: 0o644, isOptional: false))
                    == .notStarted(message: "volume 'v': secret 'no' does not exist"))
            #expect(
                try await end(
                    5, source: .secret(name: "db", items: [SecretItem(key: "k", path: "p")], defaultMode: 0o644, isOptional: false))
                    == .notStarted(message: "volume 'v': secret 'db' has no key 'k'"))
            #expect(try await end(6, source: .secret(name: "no", items: [], defaultMode: 0o644, isOptional: true)) == .exited(code: 0))
        }

        @Test(arguments: bothKinds) func `a claim is shared by the pods of a run and removed with it`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let path = self.mountPath(bench)
            let mounts = [VolumeMountRequest(volume: "v", mountPath: path)]
            let volumes = [VolumeRequest(name: "v", source: .claim("work"))]
            _ = try await bench.output(bench.shell("echo kept > \(path)/file", mounts: mounts, volumes: volumes))
            #expect(try await bench.output(bench.shell("cat \(path)/file", node: 2, mounts: mounts, volumes: volumes)) == "kept")
            try await bench.runtime.remove(bench.run)
            #expect(Machine.entries("\(bench.data)/claims").isEmpty)
            #expect(Machine.entries("\(bench.data)/pods").isEmpty)
        }

        @Test func `a mount inside a mount is found`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell(
                    "cat /data/conf/file; ls /data",
                    // Declared in the wrong order.
                    mounts: [
                        VolumeMountRequest(volume: "c", mountPath: "/data/conf"), VolumeMountRequest(volume: "e", mountPath: "/data/"),
                    ],
                    volumes: [
                        VolumeRequest(name: "e", source: .emptyDir(isMemory: false)),
                        VolumeRequest(name: "c", source: .files([VolumeFile(path: "file", content: "x\n", mode: 0o644)])),
                    ]))
            #expect(output == "x\nconf")
        }

        @Test func `a file of a volume can be mounted by itself`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell(
                    "cat /etc/tool/settings; ls /etc/tool",
                    mounts: [VolumeMountRequest(volume: "c", mountPath: "/etc/tool/settings", subPath: "a")],
                    volumes: [
                        VolumeRequest(
                            name: "c",
                            source: .files([
                                VolumeFile(path: "a", content: "x\n", mode: 0o644), VolumeFile(path: "b", content: "y\n", mode: 0o644),
                            ]))
                    ]))
            #expect(output == "x\nsettings")
        }

        @Test func `a link that a step left in a shared volume leads nowhere on the host`() async throws {
            let bench = try Workbench(.sandbox)
            let mounts = [VolumeMountRequest(volume: "v", mountPath: "/work")]
            let volumes = [VolumeRequest(name: "v", source: .claim("work"))]
            let target = "\(bench.root)/target"
            mkdir(target, 0o777)
            _ = try await bench.output(
                bench.shell(
                    "ln -s \(target) /work/out; ln -s /proc/self/fd/0/../.. /work/fd; ln -s /proc/1/root /work/root", mounts: mounts,
                    volumes: volumes))
            for (node, path) in [(2, "/work/out/x"), (3, "/work/fd/x"), (4, "/work/root/x")] {
                _ = try await bench.finish(
                    bench.shell(
                        "true", node: node, mounts: mounts, volumes: volumes,
                        inputs: [PlacedInput(name: "a", path: path, content: .text("escaped"), mode: nil)]))
            }
            #expect(Machine.entries(target).isEmpty)
            #expect(!Machine.exists("/x"))
        }

        @Test func `the process runtime says which volume it cannot show`() async throws {
            let bench = try Workbench(.process)
            let ending = try await bench.finish(
                bench.shell(
                    "true", mounts: [VolumeMountRequest(volume: "v", mountPath: "/etc")],
                    volumes: [VolumeRequest(name: "v", source: .emptyDir(isMemory: false))]))
            #expect(
                ending.result?.end
                    == .notStarted(
                        message:
                            "volume 'v' cannot be put at '/etc' on this machine: File exists; the process runtime shows volumes as links in the "
                            + "host's own directories: use --runtime sandbox, or a mountPath that does not exist in a directory that can be written"
                    ))
        }

        @Test(arguments: bothKinds) func `a mount of a volume that is not declared is refused`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let ending = try await bench.finish(bench.shell("true", mounts: [VolumeMountRequest(volume: "v", mountPath: "/x")]))
            #expect(ending.result?.end == .notStarted(message: "volume 'v', mounted at '/x', is not declared"))
        }
    }
}
