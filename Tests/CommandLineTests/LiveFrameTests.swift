import Diagnostics
import Operations
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct LiveFrameTests {
    func frame(_ workflows: [JSONValue], _ columns: Int = 80, _ rows: Int = 24, tick: Int = 0, utf8: Bool = true, color: Bool = false)
        -> [LiveFrame.Line]
    {
        LiveFrame(columns: columns, rows: rows, style: OutputStyle(usesColor: color, usesUTF8: utf8), now: TestConsole.now, tick: tick)
            .lines(workflows.map { WorkflowTree($0) })
    }

    func text(_ workflows: [JSONValue], _ columns: Int = 80, _ rows: Int = 24, tick: Int = 0, utf8: Bool = true) -> String {
        self.frame(workflows, columns, rows, tick: tick, utf8: utf8).map { $0.text + "\n" }.joined()
    }

    @Test func `a frame is a title and the tree`() {
        let workflow = WorkflowTreeTests.dag.workflow("Running", message: "busy")
        #expect(
            text([workflow]) == """
                ⠋ flow  Running  2/3  2m  busy
                 ├─✔ z-first    3s
                 ├─✔ fan(0:a)   5s
                 ├─⠋ fan(2:c)   2m
                 ├─◷ fan(10:k)        waits
                 └─○ b-when           when 'no == yes' evaluated false

                """)
        #expect(text([workflow], tick: 3).hasPrefix("⠸ flow "))
    }

    @Test func `without UTF-8 a frame is ASCII`() {
        #expect(
            text([WorkflowTreeTests.dag.workflow("Running")], tick: 1, utf8: false) == """
                \\ flow  Running  2/3  2m
                 |-Succeeded z-first   3s
                 |-Succeeded fan(0:a)  5s
                 |-\\ fan(2:c)          2m
                 |-Pending fan(10:k)         waits
                 `-Skipped b-when            when 'no == yes' evaluated false

                """)
    }

    @Test func `long names and messages are cut to the width`() {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", "Running", template: "main", ran: nil)
        flow.add(
            "flow.a", "a-task-with-a-very-long-name-indeed", "Pod", "Failed", in: "flow", after: ["flow"],
            message: "名前 went wrong in an unexpected way")
        let lines = frame([flow.workflow("Running")], 40)
        #expect(lines.map(\.text) == ["⠋ flow  Running  2/3  2m", " └─✖ a-task-with-a-ver…  5s    名前 we…"])
        #expect(lines.allSatisfy { $0.width <= 39 && $0.width == DisplayWidth.of($0.text) })
    }

    static func fan(_ count: Int, phase: (Int) -> String) -> JSONValue {
        var flow = SampleFlow()
        flow.add("flow", "flow", "DAG", "Running", template: "main", ran: nil)
        for index in 0..<count {
            let phase = phase(index)
            flow.add(
                "flow.t(\(index):x)", "t(\(index):x)", "Pod", phase, in: "flow", start: Int64(index), ran: phase == "Succeeded" ? 1 : nil)
        }
        return flow.workflow("Running")
    }

    @Test func `what runs is shown before what waits, and hidden rows are counted in their place`() {
        let workflow = Self.fan(200) { $0 < 80 ? "Succeeded" : $0 < 83 ? "Running" : $0 == 90 ? "Failed" : "Pending" }
        #expect(
            text([workflow], 80, 11) == """
                ⠋ flow  Running  2/3  2m
                 │ … 80 more (80 succeeded)
                 ├─⠋ t(80:x)  40s
                 ├─⠋ t(81:x)  39s
                 ├─⠋ t(82:x)  38s
                 ├─◷ t(83:x)
                 ├─◷ t(84:x)
                 │ … 5 more (5 pending)
                 ├─✖ t(90:x)  30s
                 │ … 109 more (109 pending)

                """)
    }

    @Test(arguments: [2, 3, 4, 5, 8, 24, 60])
    func `a frame never has more lines than the terminal, less one`(_ rows: Int) {
        let workflows = [
            Self.fan(50) { $0 % 3 == 0 ? "Running" : "Pending" }, SampleFlow.steps.workflow(), Self.fan(30) { _ in "Succeeded" },
        ]
        let lines = frame(workflows, 80, rows)
        #expect(lines.count <= rows - 1)
        #expect(!lines.isEmpty)
    }

    @Test func `a row that is shown has what is above it`() {
        var flow = SampleFlow()
        flow.add("flow", "flow", "Steps", "Running", template: "main", ran: nil)
        for index in 0..<9 {
            flow.add("flow[\(index)]", "[\(index)]", "StepGroup", in: "flow", start: Int64(index))
            flow.add(
                "s\(index)", "s\(index)", "DAG", index == 5 ? "Running" : "Succeeded", in: "flow", after: ["flow[\(index)]"],
                start: Int64(index))
            flow.add(
                "s\(index).a", "a\(index)", "Pod", index == 5 ? "Running" : "Succeeded", in: "s\(index)", start: Int64(index),
                ran: index == 5 ? nil : 1)
        }
        #expect(
            text([flow.workflow("Running")], 80, 6) == """
                ⠋ flow  Running  2/3  2m
                 │   … 10 more (10 succeeded)
                 ├───⠋ s5
                 │   └─⠋ a5  1m
                 │   … 6 more (6 succeeded)

                """)
    }

    @Test func `colours do not count as width`() {
        let lines = frame([Self.fan(3) { _ in "Running" }], color: true)
        #expect(lines[1].text == " ├─\u{1B}[36m⠋\u{1B}[0m t(0:x)  2m")
        #expect(lines[1].width == 15)
    }
}

@Suite struct FramePainterTests {
    @Test func `a frame is painted over the one before`() {
        var painter = FramePainter()
        #expect(
            painter.paint(["one", "two"], widths: [3, 3], columns: 80) == "\u{1B}[?25l\rone\u{1B}[K\r\ntwo\u{1B}[K\r\n\u{1B}[J\u{1B}[?25h")
        #expect(painter.paint(["three"], widths: [5], columns: 80) == "\u{1B}[?25l\r\u{1B}[2Athree\u{1B}[K\r\n\u{1B}[J\u{1B}[?25h")
        #expect(painter.clear(columns: 80) == "\r\u{1B}[1A\u{1B}[J")
        #expect(painter.clear(columns: 80) == "")
    }

    @Test func `a terminal made narrower has wrapped the lines`() {
        var painter = FramePainter()
        _ = painter.paint(["", ""], widths: [79, 10], columns: 80)
        #expect(painter.clear(columns: 40) == "\r\u{1B}[3A\u{1B}[J")
    }

    @Test func `a frame that is kept is not painted over`() {
        var painter = FramePainter()
        _ = painter.paint(["one"], widths: [3], columns: 80)
        painter.keep()
        #expect(painter.clear(columns: 80) == "")
    }
}

@Suite struct LiveTreeTests {
    @Test func `on a terminal the tree is drawn in place, and notices stay above it`() async {
        let session = FakeSession([WorkflowTreeTests.dag.workflow("Running")])
        let console = TestConsole(terminals: [.output, .errors], environment: ["NO_COLOR": "1"])
        let context = CommandLineContext(
            openOperations: { _ in FakeOperations() }, openStarter: { _ in FakeStarter(session: session) }, version: "1",
            console: console.console)
        session.tell(.runtimeChosen("process"))
        async let status = SkiffCommandLine.run(arguments: ["run", "a.yaml"], context: context)
        for await text in console.writes where text.contains("⠋ flow  Running") { break }
        console.send(.interrupt)
        for await call in session.calls where call == .stop { break }
        session.end([RunTests.failed])
        #expect(await status == 1)
        #expect(console.output.contains("runtime: process\n"))
        #expect(console.output.contains("\u{1B}[J"))
        #expect(console.errors == "stopping; press Ctrl-C again to terminate\n")
        // The last picture is that of the end, and the summary follows it.
        let last = console.output.split(separator: "\u{1B}[?25l").last ?? ""
        #expect(last.contains("✖ flow  Failed"))
        #expect(last.hasSuffix("logs: skiff logs flow 'a b'\n"))
        #expect(last.contains("\u{1B}[?25h✖ flow Failed in 1 minute 30 seconds"))
    }

    @Test func `with -o json the tree is on standard error`() async throws {
        let session = FakeSession([RunTests.finished])
        let console = TestConsole(terminals: [.errors])
        let context = CommandLineContext(
            openOperations: { _ in FakeOperations() }, openStarter: { _ in FakeStarter(session: session) }, version: "1",
            console: console.console)
        session.end()
        #expect(await SkiffCommandLine.run(arguments: ["run", "a.yaml", "-o", "json"], context: context) == 0)
        #expect(try JSONValue(json: String(console.output.dropLast())) == RunTests.finished)
        #expect(console.errors.contains("flow"))
    }
}
