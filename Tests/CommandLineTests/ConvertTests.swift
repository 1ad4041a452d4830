import Diagnostics
import Testing
import WorkflowModel

@testable import CommandLine

@Suite struct ConvertTests {
    private func converted(_ yaml: String, _ options: String...) async throws -> (status: Int32, output: String, errors: String) {
        let file = try TemporaryFile(yaml)
        let program = TestProgram()
        let status = await program.run(["convert"] + options + [file.path])
        // The name differs each time.
        return (
            status, program.console.output,
            program.console.errors.split(separator: file.path, omittingEmptySubsequences: false).joined(separator: "FILE")
        )
    }

    @Test func `spellings of version 3 become those of version 4, keys in their order`() async throws {
        let result = try await self.converted(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata: {name: nightly}
            spec:
              timezone: UTC   # a comment
              schedule: "0 3 * * *"
              suspend: false
              workflowSpec:
                entrypoint: main
                ttlSecondsAfterFinished: 100
                podPriority: 3
                templates:
                - name: main
                  priority: 4
                  synchronization: {mutex: {name: one}}
                  steps:
                  - - name: a
                      inline:
                        synchronization: {semaphore: {configMapKeyRef: {name: limits, key: jobs}}}
                        container: {image: busybox}
            """)
        #expect(result.status == 0)
        #expect(
            result.output == """
                ---
                apiVersion: argoproj.io/v1alpha1
                kind: CronWorkflow
                metadata:
                  name: nightly
                spec:
                  timezone: UTC
                  schedules:
                  - 0 3 * * *
                  suspend: false
                  workflowSpec:
                    entrypoint: main
                    ttlStrategy:
                      secondsAfterCompletion: 100
                    templates:
                    - name: main
                      synchronization:
                        mutexes:
                        - name: one
                      steps:
                      - - name: a
                          inline:
                            synchronization:
                              semaphores:
                              - configMapKeyRef:
                                  name: limits
                                  key: jobs
                            container:
                              image: busybox

                """)
        #expect(
            result.errors == """
                FILE:6:3: 'schedule' is now an item of 'schedules'
                FILE:10:5: 'ttlSecondsAfterFinished' is now 'secondsAfterCompletion' of 'ttlStrategy'
                FILE:11:5: 'podPriority' has no effect any more and is left out
                FILE:14:7: 'priority' has no effect any more and is left out
                FILE:15:25: 'mutex' is now an item of 'mutexes'
                FILE:19:31: 'semaphore' is now an item of 'semaphores'

                """)
    }

    @Test func `what is new already, and kinds that are not known, pass unchanged`() async throws {
        let text = """
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
            spec:
              schedule: mine
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: CronWorkflow
            metadata:
              name: nightly
            spec:
              schedules:
              - 0 3 * * *
              workflowSpec:
                entrypoint: main

            """
        let result = try await self.converted(text)
        #expect(result.output == text)
        #expect(result.errors == "")
    }

    @Test func `JSON stays JSON, and the other form can be asked for`() async throws {
        let json = #"{"kind": "CronWorkflow", "apiVersion": "argoproj.io/v1alpha1", "spec": {"schedule": "@daily"}}"#
        let expected: JSONValue = ["kind": "CronWorkflow", "apiVersion": "argoproj.io/v1alpha1", "spec": ["schedules": ["@daily"]]]
        #expect(try JSONValue(json: try await self.converted(json).output) == expected)
        let yaml = try await self.converted(json, "-o", "yaml").output
        #expect(yaml.hasPrefix("---\nkind: CronWorkflow\n"))
        #expect(try JSONValue(json: try await self.converted(yaml, "-o", "json").output) == expected)
    }

    @Test(arguments: ["a: [1", "just: text", "kind: Workflow\nkind: Workflow\napiVersion: argoproj.io/v1alpha1", ""])
    func `nothing is printed of a call with a file that cannot be read`(bad: String) async throws {
        let good = try TemporaryFile("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}")
        let file = try TemporaryFile(bad)
        let program = TestProgram()
        #expect(await program.run(["convert", good.path, file.path]) == 2)
        #expect(program.console.output == "")
        #expect(program.console.errors.contains("error: "))
    }
}
