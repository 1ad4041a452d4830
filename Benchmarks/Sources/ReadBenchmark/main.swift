// Reading alone: a file of 10,000 lines with 500 templates and a DAG that calls them all, from bytes to objects with positions, checked
// against the schema. Prints the fastest of some rounds, since everything slower is the machine's doing.
//
//     swift run --package-path Benchmarks --configuration release ReadBenchmark [ROUNDS]

import Manifests

func manifest(templates count: Int) -> String {
    var text = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata:
          generateName: large-
        spec:
          entrypoint: main
          templates:
          - name: main
            dag:
              tasks:

        """
    for number in 0..<count {
        let depends = number > 0 ? ", depends: t\(number - 1)" : ""
        text +=
            "      - {name: t\(number), template: work-\(number), arguments: {parameters: [{name: text, value: 'hello \(number)'}]}\(depends)}\n"
    }
    for number in 0..<count {
        text += """
              - name: work-\(number)
                inputs:
                  parameters:
                  - name: text
                    default: "none"
                  artifacts:
                  - name: data
                    path: /tmp/data
                    optional: true
                retryStrategy:
                  limit: 2
                  retryPolicy: Always
                container:
                  image: alpine:3.20
                  command: [sh, -c]
                  args: ["echo '{{inputs.parameters.text}}'"]
                  env:
                  - {name: A, value: "b"}
                  resources: {requests: {cpu: 100m, memory: 64Mi}}

            """
    }
    return text
}

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 20
let bytes = Array(manifest(templates: 500).utf8)
var fastest = Duration.seconds(3600)
for _ in 0..<max(rounds, 1) {
    let took = ContinuousClock().measure {
        let file = ManifestReader().read(file: "large.yaml", bytes: bytes)
        precondition(file.documents.count == 1 && file.diagnostics.isEmpty, "\(file.diagnostics.prefix(3))")
    }
    fastest = min(fastest, took)
}
let lines = bytes.count { $0 == UInt8(ascii: "\n") }
let milliseconds = Double(fastest.components.attoseconds) / 1e15 + Double(fastest.components.seconds) * 1e3
print("\(lines) lines, \(bytes.count) bytes: \((milliseconds * 10).rounded() / 10) ms")
