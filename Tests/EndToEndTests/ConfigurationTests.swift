import Testing
import WorkflowModel

/// The configuration file as people write it.
@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
    @Test func `every fault of the file is told at its place`() async throws {
        let home = try Home()
        let config = try home.file(
            "config.yaml",
            """
            parallelism: many
            nodeEvent: {}
            workflowRestrictions: {templateReferencing: Sometimes}
            workflowDefaults:
              spec:
                entrypont: main
            retentionPolicy: {complete: 1}
            artifactRepository: {bucket: x}
            links: here
            """)
        let flow = try home.file("flow.yaml", Flow.shell("flow", "true"))
        let run = try await Program.run("run", flow, "--config", config, home: home)
        #expect(run.status == 2)
        for expected in [
            "config.yaml:1:14: error: 'parallelism' is a number of runs, or 0 for any number [bad-value]",
            "config.yaml:2:1: error: unknown key 'nodeEvent' [unknown-field]",
            "config.yaml:3:45: error: 'workflowRestrictions.templateReferencing' is Strict or Secure [bad-value]",
            "config.yaml:6:", "workflowDefaults.spec.entrypont", "config.yaml:7:19: error: unknown key 'complete' [unknown-field]",
            "config.yaml:8:22: error: unknown key 'bucket' [unknown-field]",
            "config.yaml:9:8: error: 'links' is not a list of maps [wrong-type]",
        ] { #expect(run.errors.contains(expected), "\(expected)\n\(run.errors)") }
    }

    @Test func `defaults and rules hold for skiff run, and what a cluster needs is no fault`() async throws {
        let home = try Home()
        let config = try home.file(
            "config.yaml",
            """
            workflowDefaults:
              metadata: {labels: {team: data}}
              spec: {ttlStrategy: {secondsAfterSuccess: 3600}}
            artifactRepository: {archiveLogs: true, s3: {bucket: b}}
            persistence: {archive: true}
            """)
        let flow = try home.file("flow.yaml", Flow.shell("flow", "echo hello"))
        let run = try await Program.run("run", flow, "--config", config, "-o", "json", home: home)
        #expect(run.status == 0, "\(run)")
        let object = try JSONValue(json: run.output)
        #expect(object["metadata"]?["labels"]?["team"] == "data")
        #expect(object["spec"]?["ttlStrategy"]?["secondsAfterSuccess"] == 3600)
        let nodes = object["status"]?["nodes"]?.object.map { $0.map { $0.1 } } ?? []
        #expect(nodes.compactMap { $0["outputs"]?["artifacts"]?.array?.first?["name"] } == ["main-logs"])
    }
}
