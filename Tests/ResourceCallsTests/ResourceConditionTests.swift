import Testing
import WorkflowModel

@testable import ResourceCalls

@Suite struct ResourceConditionTests {
    private static let object: JSONValue = [
        "status": ["phase": "Succeeded", "succeeded": 3, "ready": true, "conditions": [["type": "Done"], ["type": "Ready"]], "empty": ""],
        "metadata": ["labels": ["example.com/team": "data"]],
    ]

    @Test(arguments: [
        ("status.phase == Succeeded", true), ("status.phase=Succeeded", true), ("status.phase != Succeeded", false),
        ("status.phase in (Failed, Succeeded)", true), ("status.phase notin (Failed, Error)", true), ("status.phase in (Failed)", false),
        ("status.succeeded > 2", true), ("status.succeeded > 3", false), ("status.succeeded<4", true), ("status.phase > 2", false),
        ("status.phase", true), ("!status.phase", false), ("!status.nothing", true), ("status.nothing != x", true),
        ("status.ready == true", true), ("status.conditions.1.type == Ready", true), ("status.conditions.# == 2", true),
        ("status.conditions.7.type == Ready", false), ("status.empty ==", true), ("metadata.labels.example\\.com/team == data", true),
        ("status.phase == Succeeded, status.succeeded > 9", false), ("status.phase == Succeeded, status.succeeded > 1", true), ("", true),
    ]) func `a condition looks at fields of the object`(text: String, holds: Bool) throws {
        let condition = try ResourceCondition(text, field: "successCondition")
        #expect(condition.requirements.allSatisfy { $0.holds(for: Self.object) } == holds)
    }

    @Test(arguments: ["status.phase = a b", "== x", "status.succeeded > many", "status.phase inside (a)", "a b", "!", "a in b"])
    func `what cannot be read is told`(text: String) {
        #expect(throws: ResourceFault.self) { try ResourceCondition(text, field: "successCondition") }
    }
}
