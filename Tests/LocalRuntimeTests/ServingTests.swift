import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// Daemons, probes and lifecycle handlers.
    @Suite struct ServingTests {
        private func daemon(_ bench: Workbench, _ command: String, change: (inout PodRequest) -> Void = { _ in }) -> PodLaunch {
            bench.shell(command) { request in
                request.isDaemon = true
                change(&request)
            }
        }

        private func probe(_ command: String, delay: Span = .seconds(0), timeout: Span = .seconds(5), threshold: Int = 1) -> ProbeRequest {
            ProbeRequest(
                handler: .exec(command: ["/bin/sh", "-c", command]), initialDelay: delay, period: Span(milliseconds: 10), timeout: timeout,
                successThreshold: threshold)
        }

        private func end(_ bench: Workbench, _ launch: PodLaunch) async throws -> Ending {
            await bench.runtime.stop(launch.request.id, grace: .seconds(0))
            return try await bench.news.end(of: launch.request.id)
        }

        // MARK: readiness

        @Test(arguments: bothKinds) func `a daemon without a probe is ready when it runs`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = self.daemon(bench, "exec sleep 1000")
            await bench.runtime.launch(launch)
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test(arguments: bothKinds) func `a daemon is ready when its probe has passed in the container's view`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let launch = self.daemon(bench, "read line < \"$GATE\"; touch \"$UP\"; echo up; exec sleep 1000") { request in
                let base = kind == .sandbox ? "/tmp" : bench.root
                mkfifo("\(bench.root)/gate", 0o666)
                request.volumes = [VolumeRequest(name: "gate", source: .hostPath(path: "\(bench.root)/gate", type: ""))]
                request.main.mounts = [VolumeMountRequest(volume: "gate", mountPath: "\(bench.root)/gate")]
                request.main.env = [.value(name: "GATE", "\(bench.root)/gate"), .value(name: "UP", "\(base)/up")]
                // The probe has the container's environment and, in a sandbox, its own /tmp.
                request.main.readiness = self.probe("[ -e \"$UP\" ]", threshold: 3)
            }
            await bench.runtime.launch(launch)
            await bench.news.start(of: launch.request.id)
            #expect(await bench.news.history(of: launch.request.id) == ["started"])
            Machine.write("go\n", to: "\(bench.root)/gate")
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test(arguments: bothKinds) func `a probe that takes too long is ended and asked again`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let mark = "\(bench.root)/mark"
            mkdir(mark, 0o777)
            chmod(mark, 0o777)
            let launch = self.daemon(bench, "exec sleep 1000") { request in
                request.volumes = [VolumeRequest(name: "v", source: .hostPath(path: mark, type: ""))]
                request.main.mounts = [VolumeMountRequest(volume: "v", mountPath: mark)]
                request.main.readiness = self.probe(
                    "[ -e \(mark)/again ] && exit 0; touch \(mark)/again; exec sleep 1000", timeout: Span(milliseconds: 200))
            }
            await bench.runtime.launch(launch)
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test(arguments: bothKinds, ["http", "tcp"]) func `a server is asked at its port`(kind: LocalRuntimeKind, way: String) async throws
        {
            let bench = try Workbench(kind)
            let server = """
                import http.server, sys
                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        good = self.path == '/ready?x=1' and self.headers['X-Probe'] == 'yes' and self.headers['Host'].startswith('127.0.0.1:')
                        self.send_response(302 if good else 500); self.send_header('Location', '/no'); self.end_headers()
                    def log_message(self, *a): pass
                server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
                print('up', flush=True)
                server.serve_forever()
                """
            let port = Self.freePort()
            let launch = self.daemon(bench, "") { request in
                request.main.command = ["python3", "-c", server, "\(port)"]
                let handler: HandlerRequest =
                    way == "tcp"
                    ? .tcpSocket(host: nil, port: port)
                    : .httpGet(
                        scheme: "HTTP", host: nil, port: port, path: "/ready?x=1", headers: [NamedValue(name: "X-Probe", value: "yes")])
                request.main.readiness = ProbeRequest(handler: handler, period: Span(milliseconds: 20), timeout: .seconds(5))
            }
            await bench.runtime.launch(launch)
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await bench.text(launch.request.id) == "up")
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test(arguments: bothKinds) func `an answer that is an error is not readiness`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let server = """
                import http.server, sys
                count = 0
                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        global count
                        count += 1
                        print('asked', count, flush=True)
                        self.send_response(503); self.end_headers()
                    def log_message(self, *a): pass
                http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
                """
            let port = Self.freePort()
            let launch = self.daemon(bench, "") { request in
                request.main.command = ["python3", "-c", server, "\(port)"]
                request.main.readiness = ProbeRequest(
                    handler: .httpGet(scheme: "HTTP", host: "localhost", port: port, path: "/", headers: []),
                    period: Span(milliseconds: 10),
                    timeout: .seconds(5))
            }
            await bench.runtime.launch(launch)
            try await bench.wait(for: "asked 5", in: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "finished"])
        }

        @Test(arguments: bothKinds) func `every container of a daemon must be ready`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let mark = "\(bench.root)/mark"
            mkdir(mark, 0o777)
            let launch = self.daemon(bench, "exec sleep 1000") { request in
                request.volumes = [VolumeRequest(name: "v", source: .hostPath(path: mark, type: ""))]
                request.sidecars = [
                    bench.container("side", "echo running; exec sleep 1000") {
                        $0.mounts = [VolumeMountRequest(volume: "v", mountPath: mark)]
                        $0.readiness = self.probe("[ -e \(mark)/up ] || { echo asked >> \(mark)/log; exit 1; }")
                    }
                ]
                request.main.mounts = request.sidecars[0].mounts
            }
            chmod(mark, 0o777)
            await bench.runtime.launch(launch)
            try await bench.wait(for: "running", in: launch.request.id, "side")
            #expect(Machine.becomesTrue { Machine.text("\(mark)/log")?.hasPrefix("asked\nasked\n") == true })
            #expect(await bench.news.history(of: launch.request.id) == ["started"])
            Machine.write("", to: "\(mark)/up")
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test func `a handler that cannot be carried out is refused`() async throws {
            let bench = try Workbench(.process) { $0.searchPath = "/nowhere" }
            func end(_ node: Int, _ handler: HandlerRequest) async throws -> PodResult.End? {
                try await bench.finish(
                    bench.shell("true", node: node) {
                        $0.isDaemon = true
                        $0.main.readiness = ProbeRequest(handler: handler)
                    }
                ).result?.end
            }
            #expect(
                try await end(1, .tcpSocket(host: "db", port: 1))
                    == .notStarted(message: "readinessProbe connects to 'db', and only an IP address or localhost can be connected to"))
            #expect(try await end(2, .tcpSocket(host: nil, port: 0)) == .notStarted(message: "0 is not a port for readinessProbe"))
            #expect(
                try await end(3, .httpGet(scheme: "HTTPS", host: nil, port: 8443, path: "/up", headers: []))
                    == .notStarted(
                        message:
                            "readinessProbe asks 'https://127.0.0.1:8443/up', which needs the program 'curl' on this machine: install it, or use 'exec'"
                    ))
            #expect(
                try await end(4, .httpGet(scheme: "HTTP", host: nil, port: 80, path: "/x\r\nEvil: 1", headers: []))
                    == .notStarted(message: "the request of readinessProbe contains a control character"))
        }

        // MARK: handlers

        @Test(arguments: bothKinds) func `preStop comes before the signal`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("trap 'echo signal; exit 0' TERM; echo ready; while :; do sleep 0.01; done") { request in
                // A handler's own output goes nowhere; it speaks through the program's.
                request.main.preStop = .exec(command: [
                    "/bin/sh", "-c", "echo preStop > /proc/$(pgrep -f 'trap .echo signal' | head -1)/fd/1",
                ])
            }
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: .seconds(30))
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .exited(code: 0))
            let text = try await bench.text(launch.request.id)
            #expect(text == "ready\npreStop\nsignal")
        }

        @Test(arguments: bothKinds) func `preStop is not asked of a program that ends by itself`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let mark = "\(bench.root)/mark"
            let launch = bench.shell("exit 0") { $0.main.preStop = .exec(command: ["/bin/sh", "-c", "touch \(mark)"]) }
            #expect(try await bench.finish(launch).result?.end == .exited(code: 0))
            #expect(!Machine.exists(mark))
        }

        @Test(arguments: bothKinds) func `a preStop that takes all of the grace leaves the program a moment`(kind: LocalRuntimeKind)
            async throws
        {
            let bench = try Workbench(kind)
            let launch = bench.shell("trap 'echo signal; exit 6' TERM; echo ready; while :; do sleep 0.01; done") {
                $0.main.preStop = .exec(command: ["/bin/sleep", "1000"])
            }
            await bench.runtime.launch(launch)
            try await bench.wait(for: "ready", in: launch.request.id)
            await bench.runtime.stop(launch.request.id, grace: Span(milliseconds: 100))
            #expect(try await bench.news.end(of: launch.request.id).result?.end == .exited(code: 6))
            #expect(try await bench.text(launch.request.id, "main", .stderr) == "skiff: preStop failed")
        }

        @Test(arguments: bothKinds) func `postStart runs beside the program`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("until [ -e \"$MARK\" ]; do sleep 0.01; done; echo seen") { request in
                request.main.env = [.value(name: "MARK", kind == .sandbox ? "/tmp/mark" : "\(bench.root)/mark")]
                request.main.postStart = .exec(command: ["/bin/sh", "-c", "touch \"$MARK\""])
            }
            #expect(try await bench.output(launch) == "seen")
        }

        @Test(arguments: bothKinds) func `a postStart that fails ends its container`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("exec sleep 1000") { $0.main.postStart = .exec(command: ["/bin/false"]) }
            #expect(try await bench.finish(launch).result?.end == .exited(code: 143))
            #expect(try await bench.text(launch.request.id, "main", .stderr) == "skiff: postStart failed")
        }

        @Test(arguments: bothKinds) func `a handler whose program is missing says so`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = bench.shell("exec sleep 1000") { $0.main.postStart = .exec(command: ["/no/such"]) }
            #expect(try await bench.finish(launch).result?.end == .exited(code: 143))
            let text = try await bench.text(launch.request.id, "main", .stderr)
            #expect(text.hasPrefix("skiff: postStart: program '/no/such' of image 'test:1' was not found"))
        }

        // MARK: adoption

        @Test(arguments: bothKinds) func `an adopted daemon that is ready says so again`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let launch = self.daemon(bench, "exec sleep 1000")
            do {
                let first = try Workbench(kind, at: bench.root)
                await first.runtime.launch(launch)
                await first.news.event("ready", of: launch.request.id)
            }
            #expect(await bench.runtime.adopt(launch.request.id))
            await bench.news.event("ready", of: launch.request.id)
            #expect(try await self.end(bench, launch).history == ["started", "ready", "finished"])
        }

        @Test(arguments: bothKinds) func `an adopted container set goes on telling`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            mkfifo("\(bench.root)/gate", 0o666)
            let launch = bench.shell("") { request in
                request.volumes = [VolumeRequest(name: "gate", source: .hostPath(path: "\(bench.root)/gate", type: ""))]
                request.containers = [
                    bench.container("main", "echo ready; cat \(bench.root)/gate") {
                        $0.mounts = [VolumeMountRequest(volume: "gate", mountPath: "\(bench.root)/gate")]
                        $0.dependencies = ["first"]
                    },
                    bench.container("first", "true"),
                    bench.container("last", "exit 2") { $0.dependencies = ["main"] },
                ]
            }
            do {
                let first = try Workbench(kind, at: bench.root)
                await first.runtime.launch(launch)
                try await first.wait(for: "ready", in: launch.request.id)
                await first.news.event("started main", of: launch.request.id)
            }
            #expect(await bench.runtime.adopt(launch.request.id))
            await bench.news.event("started main", of: launch.request.id)
            #expect(
                await bench.news.history(of: launch.request.id) == ["started", "started first", "finished first", "started main"])
            Machine.write("go\n", to: "\(bench.root)/gate")
            await bench.news.event("finished main", of: launch.request.id)
            let ending = try await bench.news.end(of: launch.request.id)
            #expect(ending.result?.end == .exited(code: 2))
            #expect(
                ending.history == [
                    "started", "started first", "finished first", "started main", "finished main", "started last", "finished last",
                    "finished",
                ])
        }

        /// Nobody listens there, as far as anybody can tell.
        private static func freePort() -> Int {
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(socket, $0, length)
                    getsockname(socket, $0, &length)
                }
            }
            return Int(address.sin_port.bigEndian)
        }
    }
}
