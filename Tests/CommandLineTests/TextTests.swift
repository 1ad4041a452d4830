import Operations
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct HumanTimeTests {
    @Test(arguments: [
        (0, "now"), (1, "1 second ago"), (59, "59 seconds ago"), (60, "1 minute ago"), (3599, "59 minutes ago"), (3600, "1 hour ago"),
        (86399, "23 hours ago"), (172_800, "2 days ago"), (604_800, "1 week ago"), (2_592_000, "1 month ago"), (40_000_000, "1 year ago"),
        (-5, "5 seconds from now"),
    ])
    func `how long ago`(_ seconds: Int64, _ expected: String) {
        #expect(HumanTime.ago(Timestamp(milliseconds: TestConsole.now.milliseconds - seconds * 1000), now: TestConsole.now) == expected)
    }

    @Test(
        arguments: [
            (0, "0 seconds", "0s", "0s"), (1, "1 second", "1s", "1s"), (59, "59 seconds", "59s", "59s"),
            (60, "1 minute 0 seconds", "1m", "1m"),
            (3661, "1 hour 1 minute", "1h", "1h1m1s"), (90_000, "1 day 1 hour", "1d", "25h"), (-4, "0 seconds", "0s", "0s"),
        ] as [(Int64, String, String, String)])
    func `how long`(_ seconds: Int64, _ long: String, _ short: String, _ compact: String) {
        #expect(HumanTime.long(.seconds(seconds)) == long)
        #expect(HumanTime.short(.seconds(seconds)) == short)
        #expect(HumanTime.compact(seconds: max(0, seconds)) == compact)
    }

    @Test(arguments: [(0, "+0000", "04:32:00"), (19800, "+0530", "10:02:00"), (-12_600, "-0330", "01:02:00")])
    func `local times name their zone`(_ offset: Int, _ zone: String, _ clock: String) {
        #expect(HumanTime.stamp(TestConsole.now, now: TestConsole.now, secondsFromUTC: offset) == "Sat Nov 21 \(clock) \(zone) (now)")
        #expect(HumanTime.clock(TestConsole.now, secondsFromUTC: offset) == clock)
    }

    @Test func `durations are read`() {
        #expect(HumanTime.duration("2d") == .seconds(172_800))
        #expect(HumanTime.duration("1h30m") == .seconds(5400))
        #expect(HumanTime.duration("0s") == .seconds(0))
        for text in ["", "d", "-1d", "-5s", "soon", "5", "99999999999999999d"] { #expect(HumanTime.duration(text) == nil) }
    }
}

@Suite struct LabelSelectorTests {
    @Test(arguments: [
        ("", true), ("team=data", true), ("team==data", true), ("team=other", false), ("team!=data", false), ("none!=x", true),
        ("team", true),
        ("none", false), ("!none", true), ("!team", false), ("team in (a, data),tier", true), ("team in (a,b)", false),
        ("team notin (a,b)", true),
        ("none notin (a)", true), ("team=data,tier=", true), (" team = data , tier", true),
    ])
    func `labels are selected as Kubernetes does`(_ selector: String, _ expected: Bool) throws {
        #expect(try LabelSelector(selector).matches(["team": "data", "tier": ""]) == expected)
    }

    @Test(arguments: ["=x", "!", "a b", "!=x", "in (a)", "team within (a)"])
    func `what is no selector is refused`(_ selector: String) {
        #expect(throws: SelectorFault.self) { try LabelSelector(selector) }
    }
}

@Suite struct YAMLTextTests {
    @Test func `keys keep their order, and strings stay strings`() throws {
        let value: JSONValue = [
            "z": "text",
            "a": [
                "yes", "no", "null", "~", "", "1", "0x1F", "1e3", "1_000", "12:30", "2026-11-21", ".5", "-", "true", "10m", "a: b", "# c",
                "@x", "5 apples", "n", "<<", ".inf", "{{x}}", " pad ",
            ],
            "n": 1, "f": .number("1.50"), "big": .number("123456789012345678901234567890"), "t": true, "none": .null, "empty": [:],
            "list": [], "1": "key",
            "script": "line one\n  line two\n", "no end": "a\nb",
        ]
        let yaml = try value.yaml()
        #expect(
            yaml == """
                z: text
                a:
                - "yes"
                - "no"
                - "null"
                - "~"
                - ""
                - "1"
                - "0x1F"
                - "1e3"
                - "1_000"
                - "12:30"
                - "2026-11-21"
                - ".5"
                - "-"
                - "true"
                - 10m
                - 'a: b'
                - '# c'
                - '@x'
                - 5 apples
                - "n"
                - "<<"
                - ".inf"
                - '{{x}}'
                - ' pad '
                "n": 1
                f: 1.50
                big: 123456789012345678901234567890
                t: true
                none: null
                empty: {}
                list: []
                "1": key
                script: |
                  line one
                    line two
                no end: |-
                  a
                  b

                """)
    }

    @Test(arguments: [
        "\n", "\n\n x", " lead\nx", "trail \nx", "tab\t\nx", "a\r\nb", "\u{1B}[0m\nx", "x\n\n\n", "🎉\nüñ", "a\u{2028}b\n", "- a\n- b",
        "a\u{FEFF}x\ny", "---\n...\n", String(repeating: "long ", count: 100) + "\nx",
    ])
    func `texts of several lines survive`(_ text: String) throws {
        let object: JSONValue = ["k": .string(text)]
        let file = try TemporaryFile(try object.yaml())
        let read = try ParameterFile.parameters(in: file.path)
        #expect(read.map(\.value) == [text])
    }
}

@Suite struct ParameterFileTests {
    @Test func `JSON and YAML maps are read in their order`() throws {
        let json = try TemporaryFile(#"{"b": "x", "a": 1.0, "c": {"k": [1, "2", null, true]}, "d": null}"#)
        let empty = try TemporaryFile("")
        #expect(
            try ParameterFile.parameters(in: json.path).map { "\($0.name)=\($0.value)" } == [
                "b=x", "a=1.0", #"c={"k":[1,"2",null,true]}"#, "d=null",
            ])
        #expect(try ParameterFile.parameters(in: empty.path).isEmpty)
    }

    @Test(arguments: ["- a\n", "just text", "a: [", "\u{0}"])
    func `anything else is refused`(_ text: String) throws {
        let file = try TemporaryFile(text)
        #expect(throws: OperationError.self) { try ParameterFile.parameters(in: file.path) }
    }

    @Test func `a missing file is named`() {
        #expect(
            throws: OperationError(
                .invalid, "parameter file '/nonexistent' cannot be read: No such file or directory",
                hint: "write it as name: value, one parameter a line")
        ) { try ParameterFile.parameters(in: "/nonexistent") }
    }

    @Test func `aliases cannot make it large`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        let file = try TemporaryFile(text)
        #expect(throws: OperationError.self) { try ParameterFile.parameters(in: file.path) }
    }
}
