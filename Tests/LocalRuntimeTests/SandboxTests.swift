import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// What a sandboxed step sees of the machine and what the machine sees of it.
    @Suite struct SandboxTests {
        @Test func `what a step writes does not reach the host`() async throws {
            let bench = try Workbench(.sandbox)
            let name = "skiff-test-\(getpid())"
            let places = [
                "/\(name)", "/etc/\(name)", "/mnt/\(name)", "/usr/local/\(name)", "/var/lib/\(name)", "/opt/deep/er/\(name)",
                "/tmp/\(name)",
            ]
            let output = try await bench.output(
                bench.shell("for p in \(places.joined(separator: " ")); do mkdir -p $(dirname $p) && echo $p > $p && cat $p; done"))
            #expect(output.split(separator: "\n").map(String.init) == places)
            for place in places { #expect(!Machine.exists(place)) }
        }

        @Test func `the entry point of an image stands at the root, where scripts of the image call it`() async throws {
            let name = "skiff-entry-\(getpid())"
            let programs = Workbench.temporaryDirectory()
            defer { removeTree(programs) }
            Machine.write("#!/bin/sh\necho said $1\n", to: "\(programs)/\(name)")
            chmod("\(programs)/\(name)", 0o755)
            let bench = try Workbench(.sandbox) {
                $0.searchPath = "\(programs):\($0.searchPath)"
                $0.images = ["test": ImageEntry(entrypoint: [name]), "other": ImageEntry(entrypoint: ["sh"])]
            }
            #expect(try await bench.output(bench.shell("/\(name) hello")) == "said hello")
            let other = bench.shell("[ ! -e /\(name) ] && echo nothing", node: 2) { $0.main.image = "other:2" }
            #expect(try await bench.output(other) == "nothing")
            #expect(!Machine.exists("/\(name)"))
        }

        @Test func `a step can change and delete files of the host for itself`() async throws {
            let bench = try Workbench(.sandbox)
            let before = Machine.text("/etc/passwd")
            let own = "\(bench.root)/own"
            Machine.write("host\n", to: own)
            // An ordinary user may change what is theirs; root everything.
            let file = geteuid() == 0 ? "/etc/passwd" : own
            #expect(
                try await bench.output(bench.shell("echo changed > \(file) && cat \(file) && rm \(file) && test ! -e \(file) && echo gone"))
                    == "changed\ngone")
            #expect(Machine.text("/etc/passwd") == before)
            #expect(Machine.text(own) == "host\n")
        }

        @Test func `the data directory and credentials are not there`() async throws {
            let home = Workbench.temporaryDirectory()
            defer { removeTree(home) }
            for name in [".ssh", ".config", ".config/gcloud"] { mkdir("\(home)/\(name)", 0o700) }
            Machine.write("key", to: "\(home)/.ssh/id")
            Machine.write("token", to: "\(home)/.netrc")
            Machine.write("fine", to: "\(home)/notes")
            Machine.write("key", to: "\(home)/elsewhere")
            symlink("\(home)/elsewhere", "\(home)/.pgpass")
            let bench = try Workbench(.sandbox) {
                $0.home = home
                $0.hiddenPaths = LocalRuntimeConfiguration.credentialPaths(homes: [home])
            }
            Machine.write("secret", to: "\(bench.data)/journal")
            let output = try await bench.output(
                bench.shell(
                    "ls -A \(home); cat \(bench.data)/journal \(home)/.netrc \(home)/.ssh/id \(home)/elsewhere; ls -A \(home)/.config; ls -A \(bench.root); true"
                ))
            #expect(output.split(separator: "\n").map(String.init) == [".config", "notes"])
            let complaints = try await bench.lines(bench.pod()).filter { $0.stream == .stderr }.map(\.text)
            #expect(complaints.filter { $0.contains("No such file") }.count == 4)
        }

        @Test func `a pod finds nothing of the pods before it`() async throws {
            let bench = try Workbench(.sandbox)
            let name = "skiff-test-\(getpid())"
            // Each of these touches the view in a way of its own; the views are used again.
            let touches = [
                "echo x > /tmp/\(name)", "mkdir /\(name)", "echo x > /etc/\(name); rm /etc/\(name)", "chmod 700 /tmp", "chmod 711 /",
                "rmdir /srv 2>/dev/null || touch /srv/\(name)",
                "touch /", "true", "echo x > /dev/shm/\(name)", "mkdir -p /tmp/a/b; chmod 0 /tmp/a/b /tmp/a", "chmod 700 /usr",
                "mkdir /var/\(name)",
            ]
            let look = "stat -c '%a %n' / /tmp /usr /srv /argo; ls -A /tmp /dev/shm; ls -A /etc /var / | grep \(name)"
            let before = try await bench.output(bench.shell("\(look); true", node: 0))
            for (index, touch) in touches.enumerated() {
                _ = try await bench.output(bench.shell(touch, node: 2 * index + 1))
                await bench.runtime.settle()
                #expect(try await bench.output(bench.shell("\(look); true", node: 2 * index + 2)) == before)
            }
        }

        @Test func `a pod sees the host as it is when it starts`() async throws {
            let bench = try Workbench(.sandbox)
            let place = Workbench.temporaryDirectory()
            defer { removeTree(place) }
            chmod(place, 0o755)
            let look = "cat \(place)/late 2>/dev/null || echo missing; ls \(place) | wc -l"
            #expect(try await bench.output(bench.shell(look, node: 1)) == "missing\n0")
            await bench.runtime.settle()
            Machine.write("one\n", to: "\(place)/late")
            #expect(try await bench.output(bench.shell(look, node: 2)) == "one\n1")
            await bench.runtime.settle()
            unlink("\(place)/late")
            mkdir("\(place)/late", 0o755)
            #expect(try await bench.output(bench.shell("ls -d \(place)/late/.", node: 3)) == "\(place)/late/.")
        }

        @Test(.enabled(if: geteuid() == 0)) func `another mount of the host is copied on write as well`() async throws {
            let place = Workbench.temporaryDirectory()
            defer { removeTree(place) }
            try #require(mount("skiff-test", place, "tmpfs", 0, nil) == 0)
            defer { umount2(place, Int32(MNT_DETACH)) }
            Machine.write("host\n", to: "\(place)/file")
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell("cat \(place)/file; echo step > \(place)/file; cat \(place)/file; touch \(place)/new", node: 2))
            #expect(output == "host\nstep")
            #expect(Machine.text("\(place)/file") == "host\n")
            #expect(Machine.entries(place) == ["file"])
            #expect(try await bench.output(bench.shell("cat \(place)/file", node: 3)) == "host")
            let outputs = OutputRequest(artifacts: [.init(name: "new", path: "\(place)/new", archive: .none, isOptional: false)])
            let ending = try await bench.finish(bench.shell("echo artifact > \(place)/new", node: 4, outputs: outputs))
            #expect(Machine.text(try #require(ending.collected.first).path) == "artifact\n")
        }

        @Test func `tmp and shared memory are the pod's own`() async throws {
            let bench = try Workbench(.sandbox)
            let name = "/tmp/skiff-test-\(getpid())"
            Machine.write("host", to: name)
            defer { unlink(name) }
            let output = try await bench.output(
                bench.shell("ls -A /tmp /dev/shm; stat -c %a /tmp /dev/shm; echo x > /tmp/a; echo y > /dev/shm/b; cat /tmp/a /dev/shm/b"))
            #expect(output == "/dev/shm:\n\n/tmp:\n1777\n1777\nx\ny")
        }

        @Test func `a step sees only its own processes`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell("ls -d /proc/[0-9]* | wc -l; ls /proc/1/root /proc/1/cwd /proc/1/fd/4/; cat /proc/1/environ; true"))
            // The supervisor, the shell, ls (wc is forked with it, or not yet).
            let count = try #require(Int(output.split(separator: "\n").first?.trimmingPrefix(while: { $0 == " " }) ?? ""))
            #expect((3...4).contains(count))
            #expect(output.split(separator: "\n").count == 1)
            let complaints = try await bench.lines(bench.pod()).filter { $0.stream == .stderr }.map(\.text)
            #expect(complaints.count == 4 && complaints.allSatisfy { $0.contains("Permission denied") }, "\(complaints)")
        }

        @Test func `devices are the few that every program expects`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell(
                    "ls /dev; echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1; head -c 8 /dev/urandom | wc -c; test -c /dev/ptmx && echo pty"
                ))
            let lines = output.split(separator: "\n").map(String.init)
            let expected: Set = [
                "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
            ]
            #expect(expected.isSubset(of: Set(lines)))
            #expect(!lines.contains { $0.hasPrefix("vd") || $0.hasPrefix("sd") || $0 == "kmsg" || $0 == "mem" })
            #expect(lines.suffix(3) == [" 00 00 00", "8", "pty"])
        }

        @Test func `the kernel's switches cannot be turned`() async throws {
            let bench = try Workbench(.sandbox)
            let output = try await bench.output(
                bench.shell(
                    "for f in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /sys/kernel/mm/transparent_hugepage/enabled; do "
                        + "(cat $f > $f) 2>/dev/null && echo changed $f; done; mount -t tmpfs x /mnt 2>/dev/null && echo mounted; echo end")
            )
            #expect(output == "end")
        }

        @Test func `an image can have a root file system of its own`() async throws {
            let image = Workbench.temporaryDirectory()
            defer { removeTree(image) }
            for directory in ["bin", "lib64", "lib", "lib/x86_64-linux-gnu", "etc"] { mkdir("\(image)/\(directory)", 0o755) }
            for file in ["/bin/sh", "/bin/cat", "/bin/ls"] { copy(file, to: image + file) }
            for directory in ["/lib64", "/lib/x86_64-linux-gnu"] {
                for name in Machine.entries(directory)
                where name.hasPrefix("ld-linux") || name.hasPrefix("libc.so") || name.hasPrefix("libselinux")
                    || name.hasPrefix("libpcre2-8")
                {
                    copy("\(directory)/\(name)", to: "\(image)\(directory)/\(name)")
                }
            }
            Machine.write("the image", to: "\(image)/etc/release")
            let bench = try Workbench(.sandbox) { $0.images = ["small:1": ImageEntry(rootfs: image)] }
            let output = try await bench.output(
                bench.shell("cat /etc/release; echo; echo changed > /etc/release; ls /; ls /usr; echo x > /tmp/y && cat /tmp/y") {
                    $0.main.image = "small:1"
                })
            #expect(output.hasPrefix("the image\n"))
            #expect(output.contains("\nx"))
            #expect(!output.contains("home"))
            #expect(Machine.text("\(image)/etc/release") == "the image")
            let process = try Workbench(.process) { $0.images = ["small:1": ImageEntry(rootfs: image)] }
            let ending = try await process.finish(process.shell("true") { $0.main.image = "small:1" })
            #expect(
                ending.result?.end
                    == .notStarted(message: "image 'small:1' is mapped to a root file system, which needs the sandbox runtime"))
        }

        @Test func `the check says that sandboxes work here`() throws {
            let root = Workbench.temporaryDirectory()
            defer { removeTree(root) }
            #expect(try LocalRuntime.sandboxProblem(dataDirectory: root, launcher: sharedLauncher) == nil)
            #expect(Set(Machine.entries(root)).isSubset(of: ["layers", "sandbox"]))
        }

        private func copy(_ from: String, to: String) {
            let source = open(from, O_RDONLY)
            let target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0o755)
            var chunk = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = read(source, &chunk, chunk.count)
                if count <= 0 { break }
                _ = write(target, chunk, count)
            }
            close(source)
            close(target)
        }
    }
}
