/// A workflow with something of everything, in stages that wait for their turn: a run of it is still at work however often its process is killed.
///
/// Every program that a pod runs first writes a line of its own, so that a line too many or too few shows a pod that was started twice, or never.
enum MixedFlow {
    /// The stages in their order. The run enters one when the file `stage-<number>` is there, and ends after `stage-10` is.
    static let stages = ["fan", "retries", "locks", "memos", "serving", "approval", "sets", "calls", "objects", "hooked"]

    /// - Parameter server: what `http` steps call, such as `http://127.0.0.1:1234`.
    static func text(_ home: Home, server: String) -> String {
        let templates = Self.simple + Self.coordinated + Self.longLived + Self.calls + Self.objects
        let spec = Self.head + "  templates:\n  - name: main\n    dag:\n      tasks:\n" + Self.tasks + templates
        let text = Flow.workflow("mixed", spec) + Self.limits
        return text.replacing("SHARED", with: home.shared).replacing("SERVER", with: server)
    }

    private static let head = """
          onExit: farewell
          volumes: [{name: shared, hostPath: {path: SHARED, type: Directory}}]
          templateDefaults:
            container:
              image: busybox
              command: [sh, -c]
              resources: {requests: {cpu: 10m, memory: 8Mi}}
              volumeMounts: [{name: shared, mountPath: SHARED}]

        """

    /// A gate before each stage, one after the other, and one after all.
    private static var tasks: String {
        var text = ""
        for number in 0...Self.stages.count {
            let last = number == Self.stages.count
            let needs = last ? Self.stages + ["gate-\(number - 1)"] : number > 0 ? ["gate-\(number - 1)"] : []
            let depends = needs.isEmpty ? "" : ", depends: \(needs.joined(separator: " && "))"
            text +=
                "      - {name: gate-\(number), template: gate, arguments: {parameters: [{name: number, value: '\(number)'}]}\(depends)}\n"
            if !last { text += "      - {name: \(Self.stages[number]), template: \(Self.stages[number]), depends: gate-\(number)}\n" }
        }
        return text
    }

    private static let simple = """
          - name: gate
            inputs: {parameters: [{name: number}]}
            container:
              args: ["echo {{pod.name}} >> SHARED/starts; until [ -e SHARED/stage-{{inputs.parameters.number}} ]; do sleep 0.02; done"]
          - name: say
            inputs: {parameters: [{name: word}]}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; echo '{{inputs.parameters.word}}'"]}
          - name: farewell
            container: {args: ["echo {{pod.name}} >> SHARED/starts; echo {{workflow.status}}"]}
          - name: fan
            steps:
            - - name: each
                template: say
                withSequence: {count: '6'}
                arguments: {parameters: [{name: word, value: "{{item}}"}]}
            - - name: all
                template: say
                arguments: {parameters: [{name: word, value: "{{steps.each.outputs.result}}"}]}
          - name: retries
            steps:
            - - {name: soon, template: third}
              - {name: late, template: patient}
          - name: third
            retryStrategy: {limit: '3'}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; [ {{retries}} -ge 2 ] && echo {{retries}}"]}
          - name: patient
            retryStrategy: {limit: '1', backoff: {duration: '1'}}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; [ {{retries}} -ge 1 ] && echo {{retries}}"]}
          - name: hooked
            steps:
            - - name: work
                template: say
                arguments: {parameters: [{name: word, value: work}]}
                hooks:
                  exit: {template: say, arguments: {parameters: [{name: word, value: "{{steps.work.outputs.result}} has ended"}]}}
                  glad:
                    expression: steps["work"].status == "Succeeded"
                    template: say
                    arguments: {parameters: [{name: word, value: glad}]}

        """

    private static let coordinated = """
          - name: locks
            steps:
            - - {name: alone, template: alone, withSequence: {count: '3'}}
              - {name: two, template: two, withSequence: {count: '4'}}
          - name: alone
            synchronization: {mutexes: [{name: mixed}]}
            container:
              args: ["echo {{pod.name}} >> SHARED/starts; mkdir SHARED/lock || echo overlap >> SHARED/faults; sleep 0.03; rmdir SHARED/lock"]
          - name: two
            synchronization: {semaphores: [{configMapKeyRef: {name: limits, key: two}}]}
            container:
              args:
              - |
                echo {{pod.name}} >> SHARED/starts
                for lock in one other none; do mkdir SHARED/$lock 2> /dev/null && break; done
                [ $lock = none ] && echo too many >> SHARED/faults
                sleep 0.03
                rmdir SHARED/$lock
          - name: memos
            steps:
            - - {name: first, template: memo}
            - - {name: second, template: memo}
            - - {name: third, template: memo}
          - name: memo
            memoize: {key: mixed-1, maxAge: 1h, cache: {configMap: {name: mixed}}}
            outputs: {parameters: [{name: word, valueFrom: {path: SHARED/word}}]}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; echo kept > SHARED/word"]}

        """

    private static let longLived = """
          - name: serving
            steps:
            - - {name: server, template: server}
            - - {name: client, template: say, arguments: {parameters: [{name: word, value: "{{steps.server.ip}}"}]}}
          - name: server
            daemon: true
            container:
              readinessProbe: {exec: {command: [test, -e, SHARED/ready]}, periodSeconds: 1}
              args:
              - |
                echo {{pod.name}} >> SHARED/starts
                trap 'echo ended >> SHARED/ended; exit 0' TERM
                touch SHARED/ready
                while :; do sleep 0.02; done
          - name: approval
            steps:
            - - {name: approve, template: approve}
            - - {name: pause, template: pause}
            - - name: answered
                template: say
                arguments: {parameters: [{name: word, value: "{{steps.approve.outputs.parameters.answer}}"}]}
          - name: approve
            suspend: {}
            outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
          - name: pause
            suspend: {duration: '1'}
          - name: sets
            steps:
            - - {name: set-a, template: set}
              - {name: set-b, template: set}
          - name: set
            containerSet:
              volumeMounts: [{name: shared, mountPath: SHARED}]
              containers:
              - {name: before, image: busybox, command: [sh, -c], args: ["echo {{pod.name}}/before >> SHARED/starts"]}
              - name: main
                dependencies: [before]
                image: busybox
                command: [sh, -c]
                args: ["echo {{pod.name}}/main >> SHARED/starts; echo set"]

        """

    private static let calls = """
          - name: calls
            steps:
            - - {name: http, template: http, withSequence: {count: '4'}, arguments: {parameters: [{name: number, value: "{{item}}"}]}}
              - {name: files, template: files}
            - - name: listed
                template: listed
                arguments: {artifacts: [{name: files, from: "{{steps.files.outputs.artifacts.files}}"}]}
          - name: http
            inputs: {parameters: [{name: number}]}
            http: {url: "SERVER/call-{{inputs.parameters.number}}", timeoutSeconds: 30}
          - name: files
            outputs: {artifacts: [{name: files, path: SHARED/files}]}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; mkdir SHARED/files; touch SHARED/files/a SHARED/files/b"]}
          - name: listed
            inputs: {artifacts: [{name: files, path: /tmp/skiff-mixed-files}]}
            container: {args: ["echo {{pod.name}} >> SHARED/starts; ls /tmp/skiff-mixed-files"]}

        """

    private static let objects = """
          - name: objects
            steps:
            - - {name: note, template: note}
              - {name: child, template: child}
            - - name: wait
                template: wait
                arguments: {parameters: [{name: child, value: "{{steps.child.outputs.parameters.name}}"}]}
          - name: note
            resource:
              action: create
              manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {generateName: note-, labels: {of: mixed}}}'
          - name: child
            resource:
              action: create
              manifest: |
                apiVersion: argoproj.io/v1alpha1
                kind: Workflow
                metadata: {generateName: child-}
                spec:
                  entrypoint: main
                  volumes: [{name: shared, hostPath: {path: SHARED, type: Directory}}]
                  templates:
                  - name: main
                    container:
                      image: busybox
                      command: [sh, -c, "echo {{workflow.name}} >> SHARED/starts"]
                      volumeMounts: [{name: shared, mountPath: SHARED}]
            outputs: {parameters: [{name: name, valueFrom: {jsonPath: '{.metadata.name}'}}]}
          - name: wait
            inputs: {parameters: [{name: child}]}
            resource:
              action: get
              successCondition: status.phase == Succeeded
              failureCondition: status.phase in (Failed, Error)
              manifest: '{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: "{{inputs.parameters.child}}"}}'

        """

    private static let limits = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {two: '2'}\n"
}
