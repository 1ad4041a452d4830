import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct WorkflowTreeTests {
    func tree(_ workflow: JSONValue, _ layout: WorkflowTree.Layout = .normal, utf8: Bool = true, filter: NodeFilter = .all) -> String {
        WorkflowTree(workflow, filter: filter).text(layout, style: OutputStyle(usesUTF8: utf8), now: TestConsole.now)
    }

    @Test func `parallel steps are drawn as a bracket`() {
        #expect(
            tree(SampleFlow.steps.workflow()) == """
                STEP           TEMPLATE           PODNAME          DURATION  MESSAGE
                 ✔ flow        hello-hello-hello
                 ├───✔ hello1   whalesay           flow-whalesay-2  2s
                 └─┬─✔ hello2a  whalesay           flow-whalesay-4  3s
                   └─✔ hello2b  whalesay           flow-whalesay-5  1m

                """)
    }
}
