import Testing
import WorkflowModel

@Suite struct OlderSpellingTests {
    @Test func `locks become items of lists, wherever they stand`() throws {
        let object = try JSONValue(
            json: """
                {"kind": "Workflow", "spec": {"synchronization": {"mutex": {"name": "m"}}, "templates": [{"name": "a", "synchronization":
                {"semaphore": {"configMapKeyRef": {"name": "c", "key": "k"}}, "semaphores": [{"namespace": "n"}]}, "dag": {"tasks":
                [{"name": "t", "inline": {"synchronization": {"mutex": {"name": "i"}}, "container": {"image": "x"}}}]}}]}}
                """)
        let (normalised, changes) = OlderSpelling.normalised(object)
        #expect(
            normalised
                == (try JSONValue(
                    json: """
                        {"kind": "Workflow", "spec": {"synchronization": {"mutexes": [{"name": "m"}]}, "templates": [{"name": "a",
                        "synchronization": {"semaphores": [{"configMapKeyRef": {"name": "c", "key": "k"}}, {"namespace": "n"}]}, "dag":
                        {"tasks": [{"name": "t", "inline": {"synchronization": {"mutexes": [{"name": "i"}]}, "container":
                        {"image": "x"}}}]}}]}}
                        """)))
        #expect(
            changes.map(\.path) == [
                "spec.synchronization.mutex", "spec.templates[0].synchronization.semaphore",
                "spec.templates[0].dag.tasks[0].inline.synchronization.mutex",
            ])
        #expect(
            changes.map(\.newPath) == [
                "spec.synchronization.mutexes[0]", "spec.templates[0].synchronization.semaphores[0]",
                "spec.templates[0].dag.tasks[0].inline.synchronization.mutexes[0]",
            ])
        #expect(changes[0].message == "'mutex' is now an item of 'mutexes'")
    }

    @Test func `a schedule becomes the first of several and is not doubled`() throws {
        func schedules(_ spec: String) throws -> String? {
            let object = try JSONValue(json: #"{"kind": "CronWorkflow", "spec": \#(spec)}"#)
            return OlderSpelling.normalised(object).object["spec"]?.json
        }
        #expect(try schedules(#"{"schedule": "* * * * *", "suspend": true}"#) == #"{"schedules":["* * * * *"],"suspend":true}"#)
        #expect(try schedules(#"{"schedules": ["@daily"], "schedule": "@hourly"}"#) == #"{"schedules":["@hourly","@daily"]}"#)
        #expect(try schedules(#"{"schedule": "@daily", "schedules": ["@daily"]}"#) == #"{"schedules":["@daily"]}"#)
    }

    @Test func `what has no effect is left out, a time to live moves`() throws {
        let object = try JSONValue(
            json: """
                {"kind": "CronWorkflow", "spec": {"workflowSpec": {"podPriority": 5, "ttlSecondsAfterFinished": 60, "templateDefaults":
                {"priority": 1}, "templates": []}}}
                """)
        let (normalised, changes) = OlderSpelling.normalised(object)
        #expect(
            normalised["spec"]?["workflowSpec"]?.json
                == #"{"ttlStrategy":{"secondsAfterCompletion":60},"templateDefaults":{},"templates":[]}"#)
        #expect(changes.map(\.newPath) == [nil, "spec.workflowSpec.ttlStrategy.secondsAfterCompletion", nil])
    }

    @Test func `what is spelled as today, and what holds no workflow, stays`() throws {
        for text in [
            #"{"kind":"Workflow","spec":{"synchronization":{"mutexes":[{"name":"m"}],"mutex":null}}}"#,
            #"{"kind":"ConfigMap","data":{"mutex":"x"}}"#, #"{"kind":"Deployment","spec":{"mutex":1}}"#, "[1]",
        ] {
            let object = try JSONValue(json: text)
            let (normalised, changes) = OlderSpelling.normalised(object)
            #expect(normalised == object && changes.isEmpty)
        }
    }
}
