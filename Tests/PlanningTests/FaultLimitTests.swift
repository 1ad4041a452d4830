import Diagnostics
import Planning
import Testing

struct FaultLimitTests {
    @Test func `after a thousand faults the rest is counted`() {
        let tags = (0..<1500).map { "      - \"{{inputs.parameters.p\($0)}}\"" }.joined(separator: "\n")
        let found = Reading(workflow("  - name: main\n    container:\n      image: busybox:1\n      args:\n" + tags)).checked
        #expect(found.count == 1001)
        #expect(found.last?.code.text == "too-many-faults")
        #expect(found.last?.message == "500 more faults of this file are not shown")
        #expect(found.last?.severity == .warning)
        // Each at the line of its own tag.
        #expect(found.dropLast().map { $0.position?.line } == (0..<1000).map { 11 + $0 })
    }

    @Test func `an error behind a thousand warnings is kept`() {
        let tags = (0..<1500).map { "      - \"{{=inputs.parameters.p\($0)}}\"" }.joined(separator: "\n")
        let found = Reading(
            workflow("  - name: main\n    container:\n      image: busybox:1\n      args:\n\(tags)\n      - \"{{inputs.parameters.q}}\"")
        ).checked
        #expect(found.contains { $0.severity == .error })
    }

    @Test func `the same fault is told once, and the same word at each place`() {
        let found = Reading(
            workflow(
                "  - {name: main, container: {image: \"busybox:1\", command: [\"{{inputs.parameters.x}} {{inputs.parameters.xy}} {{inputs.parameters.x}}\"]}}"
            )
        ).checked
        #expect(found.map { $0.position?.column } == [63, 87, 112])
    }
}
