import Engine
import Glibc
import LocalRuntime
import Ports
import Testing
import WorkflowModel

extension LocalRuntimeTests {
    /// What a step prints: log files, rotation, the captured result, following.
    @Suite struct LogTests {
        @Test(arguments: bothKinds) func `lines keep stream, order and time`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("echo one; echo two >&2; echo three; echo four >&2"))
            let lines = try await bench.lines(bench.pod())
            #expect(lines.filter { $0.stream == .stdout }.map(\.text) == ["one", "three"])
            #expect(lines.filter { $0.stream == .stderr }.map(\.text) == ["two", "four"])
            #expect(lines.allSatisfy { !$0.isPartial })
            #expect(lines.map(\.nanoseconds) == lines.map(\.nanoseconds).sorted())
        }

        @Test(arguments: bothKinds) func `the file is in the CRI format`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("echo 'a b'; printf tail"))
            let text = try #require(Machine.text(bench.directory(bench.pod()) + "/main.log"))
            let line = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout F a b\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout P tail\n/#
            #expect(text.wholeMatch(of: line) != nil, "\(text)")
        }

        @Test(arguments: bothKinds) func `a step that prints nothing leaves no file`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("true"))
            #expect(!Machine.exists(bench.directory(bench.pod()) + "/main.log"))
            #expect(try await bench.lines(bench.pod()).isEmpty)
        }

        @Test(arguments: bothKinds, [16383, 16384, 16385, 40000])
        func `a long line is cut into pieces and nothing of it is lost`(kind: LocalRuntimeKind, length: Int) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("head -c \(length) /dev/zero | tr '\\0' x; echo; echo after"))
            let lines = try await bench.lines(bench.pod())
            #expect(lines.dropLast().map(\.text).joined() == String(repeating: "x", count: length))
            #expect(lines.dropLast().map(\.isPartial) == lines.dropLast(2).map { _ in true } + [false])
            #expect(lines.count == (length + 16383) / 16384 + 1)
            #expect(lines.last?.text == "after")
        }

        @Test(arguments: bothKinds) func `a log that grows too large is rotated`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind) {
                $0.logLimitBytes = 100_000
                $0.rotatedLogFiles = 2
            }
            _ = try await bench.finish(bench.shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"))
            let directory = bench.directory(bench.pod())
            #expect(Machine.entries(directory).filter { $0.hasPrefix("main.log") }.count == 3)
            let lines = try await bench.lines(bench.pod())
            #expect(lines.count < 20000)
            // What is left is the end, without a gap.
            let first = 20000 - lines.count
            #expect(lines.enumerated().allSatisfy { $1.text == "line \(first + $0)" })
        }

        @Test(arguments: bothKinds) func `only the last lines are read when they are asked for`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind) { $0.logLimitBytes = 20_000 }
            _ = try await bench.finish(bench.shell("i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done"))
            for count in [0, 1, 7, 900] {
                let lines = try await bench.lines(bench.pod(), LogQuery(tail: count))
                #expect(lines.map(\.text) == (1000 - count..<1000).map { "line \($0)" })
            }
        }

        @Test(arguments: bothKinds) func `lines from before a moment are left out`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            _ = try await bench.finish(bench.shell("echo early; sleep 0.05; echo late"))
            let all = try await bench.lines(bench.pod())
            let since = Timestamp(milliseconds: try #require(all.last).nanoseconds / 1_000_000)
            #expect(try await bench.lines(bench.pod(), LogQuery(since: since)).map(\.text) == ["late"])
        }

        @Test(arguments: bothKinds) func `following shows lines as they come and ends with the pod`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let gate = "\(bench.root)/gate"
            mkfifo(gate, 0o666)
            let volumes = [VolumeRequest(name: "gate", source: .hostPath(path: bench.root, type: ""))]
            let mounts = [VolumeMountRequest(volume: "gate", mountPath: bench.root)]
            await bench.runtime.launch(bench.shell("echo before; cat \(gate); printf end", mounts: mounts, volumes: volumes))
            var texts: [String] = []
            for try await line in try PodLogFilesOfAnotherProcess.lines(bench) {
                texts.append(line.text)
                // Only now does the step go on.
                if line.text == "before" { Machine.write("between\n", to: gate) }
            }
            #expect(texts == ["before", "between", "end"])
        }

        @Test(arguments: bothKinds) func `following goes across rotations`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind) {
                $0.logLimitBytes = 100_000
                $0.rotatedLogFiles = 100
            }
            await bench.runtime.launch(bench.shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"))
            let lines = try await bench.lines(bench.pod(), follow: true)
            #expect(lines.count == 20000)
            #expect(lines.enumerated().allSatisfy { $1.text == "line \($0)" })
        }

        @Test func `following a pod that does not exist ends at once`() async throws {
            let bench = try Workbench(.process)
            #expect(try await bench.lines(bench.pod(77), follow: true).isEmpty)
        }

        @Test(arguments: bothKinds) func `standard output is the result, without one newline`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let outputs = OutputRequest(capturesResult: true)
            let first = try await bench.finish(bench.shell("echo not me >&2; printf 'a\\nb\\n\\n'", outputs: outputs))
            #expect(first.result?.result == "a\nb\n")
            let second = try await bench.finish(bench.shell("true", node: 2, outputs: outputs))
            #expect(second.result?.result == "")
            let third = try await bench.finish(bench.shell("echo x", node: 3))
            #expect(third.result?.result == nil)
        }

        @Test(arguments: bothKinds) func `of a long result the last 256 KiB are kept`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            let outputs = OutputRequest(capturesResult: true)
            let ending = try await bench.finish(
                bench.shell("head -c 3000000 /dev/zero | tr '\\0' a; head -c 262143 /dev/zero | tr '\\0' b; echo", outputs: outputs))
            let result = try #require(ending.result?.result)
            #expect(result.utf8.count == 256 << 10)
            #expect(result == "a" + String(repeating: "b", count: 262143))
        }

        @Test(arguments: bothKinds) func `a log on a full disk does not stop the step`(kind: LocalRuntimeKind) async throws {
            let bench = try Workbench(kind)
            // A directory in the log's place stands for a disk that takes nothing.
            let pod = bench.pod()
            for path in [
                "\(bench.data)/pods", "\(bench.data)/pods/\(bench.run)", "\(bench.data)/pods/\(bench.run)/1", bench.directory(pod),
            ] { mkdir(path, 0o700) }
            mkdir(bench.directory(pod) + "/main.log", 0o700)
            let ending = try await bench.finish(bench.shell("echo lost; exit 3"))
            #expect(ending.result?.end == .exited(code: 3))
        }
    }
}

/// A reader that knows nothing but the data directory, as `skiff logs` in another terminal.
enum PodLogFilesOfAnotherProcess {
    static func lines(_ bench: Workbench) throws -> AsyncThrowingStream<LogLine, any Error> {
        try PodLogFiles(dataDirectory: bench.data).lines(of: bench.pod(), LogQuery(), follow: true)
    }
}
