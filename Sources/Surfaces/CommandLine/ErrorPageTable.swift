// Written by scripts/generate-error-pages.py from docs/errors/; change the pages, not this file.

/// The pages in the order of their codes.
let errorPageTable: [ErrorPage] = [
    ErrorPage(
        "alias-expansion",
        #"""
        # alias-expansion

        The aliases of a file stand for more values than are read: a million, all aliases written out. YAML can name a value (`&base`) and use it again (`*base`); aliases of lists of aliases grow without bound.

        ## Example

        ```yaml
        a: &a [x, x, x, x, x, x, x, x, x, x]
        b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
        c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
        d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
        e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
        f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
        g: [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]
        ```

        ## Remedy

        Say how often something happens instead of writing it out:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: many
              template: one
              withSequence: {count: "1000"}
        - name: one
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        A file of one line could fill all memory otherwise, whether somebody means harm or a program went wrong.
        """#),
    ErrorPage(
        "bad-argument",
        #"""
        # bad-argument

        An argument does not fit the template that is called. There is no such input, or the value is not one of those allowed.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: greet
              template: say
              arguments: {parameters: [{name: langauge, value: de}]}
        - name: say
          inputs: {parameters: [{name: language, default: en}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.language}}"]}
        ```

        ## Remedy

        Correct the name, leave the argument out, or choose one of the values that `enum` lists:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: greet
              template: say
              arguments: {parameters: [{name: language, value: de}]}
        - name: say
          inputs: {parameters: [{name: language, default: en}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.language}}"]}
        ```

        ## Why

        Nobody looks at an argument that the template does not declare: the step runs with another value than the one written here, and the run looks well.
        """#),
    ErrorPage(
        "bad-artifact",
        #"""
        # bad-artifact

        An artifact has no source, two sources, one that cannot be read, or a path that leaves its directory.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          inputs:
            artifacts:
            - {name: model, path: ../../etc/model, raw: {data: abc}}
          container: {image: "busybox:1.36", command: [cat, model]}
        ```

        ## Remedy

        Keep one source, and give an absolute path without `..`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          inputs:
            artifacts:
            - {name: model, path: /work/model, raw: {data: abc}}
          container: {image: "busybox:1.36", command: [cat, /work/model]}
        ```

        ## Why

        Artifacts are placed by the paths that a manifest names. One that climbs out of its directory could overwrite what belongs to others.
        """#),
    ErrorPage(
        "bad-container",
        #"""
        # bad-container

        A container of a pod cannot be as it is written. It has no image or name, its name is taken, or two things stand at one path.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: ["true"]}
          sidecars:
          - {name: wait, image: "busybox:1.36", command: [sleep, "60"]}
        ```

        ## Remedy

        Give every container an image and every sidecar and init container a name other than `wait`, `supervisor` and `artifact-plugin-…`. Mount volumes and place artifacts at different paths. A containerSet with artifacts or outputs needs a container called `main`.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: ["true"]}
          sidecars:
          - {name: helper, image: "busybox:1.36", command: [sleep, "60"]}
        ```

        ## Why

        In a cluster the pod would be refused when its turn comes, or one of the two things would hide the other.
        """#),
    ErrorPage(
        "bad-dependency",
        #"""
        # bad-dependency

        A task's `depends` cannot be read, or asks for a result that the other task cannot have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch, template: work}
            - {name: report, template: work, depends: "fetch.Done"}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Join tasks with `&&`, `||` and `!`. A result is one of `Succeeded`, `Failed`, `Errored`, `Skipped`, `Omitted`, `Daemoned`, and for tasks that fan out also `AnySucceeded` and `AllFailed`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch, template: work}
            - {name: report, template: work, depends: "fetch.Succeeded || fetch.Failed"}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        A task whose condition cannot be understood would never start, and the run would end without it.
        """#),
    ErrorPage(
        "bad-expression",
        #"""
        # bad-expression

        An expression or a `when` cannot be read.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: greet, template: say, when: "1 == "}
        - name: say
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        The message says where reading stopped. Put text with blanks or special characters in quotes:

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: city, value: New York}]}
        templates:
        - name: main
          steps:
          - - {name: greet, template: say, when: "'{{workflow.parameters.city}}' == 'New York'"}
        - name: say
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        The step could only fail when its turn comes, perhaps hours after the start.
        """#),
    ErrorPage(
        "bad-fan-out",
        #"""
        # bad-fan-out

        A step fans out in two ways at once, or over something that is no list.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: count
              template: say
              withSequence: {count: "3", end: "5"}
        - name: say
          container: {image: "busybox:1.36", command: [echo, "{{item}}"]}
        ```

        ## Remedy

        Keep one of `withItems`, `withParam` and `withSequence`, and one of `count` and `end`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: count
              template: say
              withSequence: {start: "3", end: "5"}
              arguments: {parameters: [{name: number, value: "{{item}}"}]}
        - name: say
          inputs: {parameters: [{name: number}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.number}}"]}
        ```

        ## Why

        It is not clear how many steps are meant, so any choice could be the wrong one.
        """#),
    ErrorPage(
        "bad-hook",
        #"""
        # bad-hook

        A lifecycle hook does not say when it runs.

        ## Example

        ```yaml
        entrypoint: main
        hooks:
          running: {template: work}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Write the condition; for a step it is `steps["build"].status == "Running"`. Only the hook `exit` needs none.

        ```yaml
        entrypoint: main
        hooks:
          running: {template: work, expression: workflow.status == "Running"}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        The name of a hook means nothing, except for `exit`: a hook without a condition would never run.
        """#),
    ErrorPage(
        "bad-input",
        #"""
        # bad-input

        An input artifact has no path although it needs one, has one in vain, or says where it comes from.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          inputs: {artifacts: [{name: source, path: /src, raw: {data: a}}]}
          steps:
          - - {name: build, template: work}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Artifacts of templates that run something need a `path`; those of `steps` and `dag` are only passed on. `from` belongs under `arguments` of the step or task that calls the template.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          inputs: {artifacts: [{name: source, raw: {data: a}}]}
          steps:
          - - {name: build, template: work}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        Steps and dags have no files of their own, so a path there means that something else was meant.
        """#),
    ErrorPage(
        "bad-metric",
        #"""
        # bad-metric

        A metric lacks a valid name, help, value or label, has no type or several, or asks too early for a value.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          metrics:
            prometheus:
            - {name: run-time, help: How long it took, gauge: {value: "{{duration}}"}}
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        Give it a name of letters, digits and `_`, a `help`, and exactly one of `gauge`, `histogram` and `counter` with a `value`. What is known only at the end cannot be `realtime`.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          metrics:
            prometheus:
            - {name: run_time, help: How long it took, gauge: {value: "{{duration}}"}}
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        Prometheus refuses such a metric, and nobody is told when the workflow runs.
        """#),
    ErrorPage(
        "bad-name",
        #"""
        # bad-name

        A name is missing, is too long or has characters that names may not have.

        ## Example

        ```yaml
        entrypoint: my_template
        templates:
        - name: my_template
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        Names of templates, steps and tasks have letters, digits and `-`, begin with a letter or a digit, and have at most 128 characters. Names of parameters and artifacts may have `_`, too.

        ```yaml
        entrypoint: my-template
        templates:
        - name: my-template
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        Names become parts of pod names and of references such as `{{steps.fetch.outputs.result}}`, where other characters mean something else.
        """#),
    ErrorPage(
        "bad-number",
        #"""
        # bad-number

        A number or a duration cannot be read, or is too small.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          timeout: "30"
          container: {image: "busybox:1.36", command: [sleep, "10"]}
        ```

        ## Remedy

        Write durations with units (`30s`, `5m`, `1h30m`) and counts as whole numbers:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          timeout: 30s
          container: {image: "busybox:1.36", command: [sleep, "10"]}
        ```

        ## Why

        A limit that is misread by a factor of sixty shows only when something goes wrong, and then nothing stops it.
        """#),
    ErrorPage(
        "bad-output",
        #"""
        # bad-output

        An output does not say where its value comes from, or names a source that its template cannot have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: work}
          outputs: {parameters: [{name: x, valueFrom: {path: /tmp/x}}]}
        - name: work
          script: {image: "busybox:1.36", command: [sh], source: echo 1}
        ```

        ## Remedy

        Containers and scripts need `valueFrom.path`, steps and dags `valueFrom.parameter` or `valueFrom.expression`; artifacts of containers need a `path`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: work}
          outputs: {parameters: [{name: x, valueFrom: {parameter: "{{steps.a.outputs.result}}"}}]}
        - name: work
          script: {image: "busybox:1.36", command: [sh], source: echo 1}
        ```

        ## Why

        Steps and dags have no file system of their own: there is no `/tmp/x` to read. Whoever uses the output would wait for a value that never comes.
        """#),
    ErrorPage(
        "bad-plugin",
        #"""
        # bad-plugin

        A plugin template does not name exactly one plugin, or an executor plugin lacks what its sidecar must have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          plugin: {slack: {}, mail: {}}
        ```

        ## Remedy

        A plugin template is `plugin: {NAME: {…}}`. An executor plugin needs `metadata.name` and a sidecar container with a port, resource requests and limits, and a security context.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          plugin: {slack: {}}
        ```

        ## Why

        Only one plugin can answer for a node.
        """#),
    ErrorPage(
        "bad-pod-resources",
        #"""
        # bad-pod-resources

        `podResources` or `resourceClaims` stand where there is no pod, or ask for what only a container can have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          podResources: {limits: {nvidia.com/gpu: "1"}}
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        `podResources` takes `cpu`, `memory` and `hugepages-SIZE`, without `claims`. Everything else goes under `resources` of the container, and `resourceClaims` on templates that make a pod.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [echo, hello]
            resources: {limits: {nvidia.com/gpu: "1"}}
        ```

        ## Why

        Kubernetes refuses the pod when its turn comes.
        """#),
    ErrorPage(
        "bad-resource",
        #"""
        # bad-resource

        A `resource` template has no manifest or two, one that is no YAML, or one from an artifact that is no input.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          resource: {action: create}
        ```

        ## Remedy

        Write the object under `manifest`, or name an input artifact under `manifestFrom.artifact.name`. `get` and `delete` may do with `flags` alone.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          resource:
            action: create
            manifest: |
              apiVersion: v1
              kind: ConfigMap
              metadata: {generateName: made-}
        ```

        ## Why

        There is nothing to create.
        """#),
    ErrorPage(
        "bad-retry",
        #"""
        # bad-retry

        The backoff of a retry strategy does not say how long the first wait is.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {limit: 3, backoff: {factor: 2}}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ## Remedy

        Write the first wait:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {limit: 3, backoff: {duration: 10s, factor: 2}}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ## Why

        Twice of nothing is nothing: the retries would follow each other at once.
        """#),
    ErrorPage(
        "bad-schedule",
        #"""
        # bad-schedule

        A schedule of a CronWorkflow cannot be read, never happens, or is given twice.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedules: ["0 25 * * *"]
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:5:18: error: schedule '0 25 * * *': hour 25 is not between 0 and 23 [bad-schedule]
            5 |   schedules: ["0 25 * * *"]
              |                  ^^
        ```

        ## Remedy

        Write five fields, separated by blanks:

        | field | values |
        |---|---|
        | minute | 0–59 |
        | hour | 0–23 |
        | day of the month | 1–31 |
        | month | 1–12, or `jan` to `dec` |
        | day of the week | 0–6, or `sun` to `sat`; Sunday is 0, and 7 is none |

        Each is `*`, or a list such as `1,15`, with ranges (`1-5`) and steps (`*/15`, `8-18/2`). When both days are limited, a day that fits either of them fits. `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` and `@every 90m` stand for themselves.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedules: ["0 1 * * *"]
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        A schedule that cannot be read starts nothing, and that is noticed only when the work of a night is missing. One that never happens, such as February 30, or that is there twice can be read, so it is only a warning.
        """#),
    ErrorPage(
        "bad-selector",
        #"""
        # bad-selector

        A label selector, such as that of `podGC`, cannot select anything.

        ## Example

        ```yaml
        entrypoint: main
        podGC: {labelSelector: {matchExpressions: [{key: app, operator: In}]}}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        `In` and `NotIn` need `values`, `Exists` and `DoesNotExist` take none. Labels have up to 63 letters, digits, `-`, `_` and `.`.

        ```yaml
        entrypoint: main
        podGC: {labelSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        An operator without its values, or a text that is no label, fits no object: the rule it belongs to would never apply.
        """#),
    ErrorPage(
        "bad-tag",
        #"""
        # bad-tag

        A tag is not closed, or the expression in a `{{=…}}` cannot be read.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo], args: ["{{=1 +}}"]}
        ```

        ## Remedy

        Close `{{` with `}}`. Of an expression, the message says where it stops making sense:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo], args: ["{{=1 + 2}}"]}
        ```

        ## Why

        The program would be given the tag itself instead of a value.
        """#),
    ErrorPage(
        "bad-time-zone",
        #"""
        # bad-time-zone

        A CronWorkflow names a time zone that does not exist, or two of them.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedules: ["0 2 * * *"]
          timezone: europe/berlin
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:6:13: error: there is no time zone 'europe/berlin' [bad-time-zone]
            6 |   timezone: europe/berlin
              |             ^^^^^^^^^^^^^
          hint: did you mean 'Europe/Berlin'?
        ```

        ## Remedy

        Write the name as the tz database has it (`UTC`, `Europe/Berlin`, `America/New_York`), capital letters included, in `spec.timezone`. A zone inside a schedule (`CRON_TZ=…`) works only without that field.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedules: ["0 2 * * *"]
          timezone: Europe/Berlin
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        Without one clear zone nobody can tell when the schedule falls due, so the workflow would never be started.
        """#),
    ErrorPage(
        "bad-value",
        #"""
        # bad-value

        A value is of the right type and still not one that its field can have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {limit: 3, retryPolicy: onfailure}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ```text
        flow.yaml:8:44: error: 'retryPolicy' is 'onfailure', expected one of Always, OnFailure, OnError, OnTransientError [bad-value]
            8 |     retryStrategy: {limit: 3, retryPolicy: onfailure}
              |                                            ^^^^^^^^^
          hint: did you mean 'OnFailure'?
        ```

        ## Remedy

        Use one of the values that the message lists; capitals count. Amounts are written as Kubernetes does (`500m`, `1.5Gi`, no blank), times as `2026-11-21T04:32:00Z`. A value under `data` of a Secret is base64 of the text; plain text goes under `stringData`, and the message never shows what a Secret holds.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {limit: 3, retryPolicy: OnFailure}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ## Why

        A cluster refuses the manifest, or takes a default that nobody chose. Where only Kubernetes insists on the values (an `imagePullPolicy`, say), this is a warning: here it has no effect.
        """#),
    ErrorPage(
        "constant-condition",
        #"""
        # constant-condition

        A `when` has the same answer whatever happens, so the step always runs or never does. A tag counts when all its values are known: a status, an item of `withItems`, a parameter with an `enum`.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: build, template: work}
          - - {name: publish, template: work, when: "{{steps.build.status}} == Success"}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ```text
        flow.yaml:10:47: warning: 'when' of step 'publish' is always false: it never runs [constant-condition]
           10 |     - - {name: publish, template: work, when: "{{steps.build.status}} == Success"}
              |                                               ^
          hint: {{steps.build.status}} is one of Succeeded, Failed, Error, Skipped, Omitted, Running, Pending
        ```

        ## Remedy

        Compare with a value that the tag can have; the hint lists them. Remove a `when` that is `true` or `false` by itself, or its step, when the switch is no longer needed.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: build, template: work}
          - - {name: publish, template: work, when: "{{steps.build.status}} == Succeeded"}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        A step that never runs is skipped in each run, and the run looks well. A bare `true` or `false` was no doubt written with open eyes, so it is only a hint.
        """#),
    ErrorPage(
        "dependency-cycle",
        #"""
        # dependency-cycle

        Tasks of a DAG wait for each other in a circle, so none of them could ever start.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: a, template: work, depends: b}
            - {name: b, template: work, depends: a}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Leave out one of the dependencies that the message lists:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: a, template: work}
            - {name: b, template: work, depends: a}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        The run would wait for ever.
        """#),
    ErrorPage(
        "duplicate-key",
        #"""
        # duplicate-key

        A map has the same key twice.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: twice-}
        spec:
          entrypoint: main
          entrypoint: other
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:6:3: error: key 'entrypoint' is used twice in this map: first on line 5, again here [duplicate-key]
            6 |   entrypoint: other
              |   ^^^^^^^^^^
          hint: remove or rename one of them
        ```

        ## Remedy

        Remove or rename one of them. If they belong to two different maps, one of them is indented wrongly. If both are meant as items of a list, start each with `- `.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: once-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        One of the two is lost, and which one depends on the program that reads the file.
        """#),
    ErrorPage(
        "duplicate-name",
        #"""
        # duplicate-name

        Two templates, two steps of one template, two parameters or two artifacts have the same name.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, one]}
        - name: main
          container: {image: "busybox:1.36", command: [echo, two]}
        ```

        ## Remedy

        Rename one of them. Steps need different names in the whole template, not only in their group.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, one]}
        - name: other
          container: {image: "busybox:1.36", command: [echo, two]}
        ```

        ## Why

        A reference to the name could mean either.
        """#),
    ErrorPage(
        "empty-file",
        #"""
        # empty-file

        A file holds nothing but blanks, comments or empty documents.

        ## Example

        ```console
        $ skiff lint pipeline.yaml
        pipeline.yaml: error: there is no manifest in this file [empty-file]
        ```

        ## Remedy

        Check that the file was saved, and that the command that wrote it did not fail.

        ## Why

        An empty file is what a program leaves that failed while writing. Passing over it in silence would look as if all was well.
        """#),
    ErrorPage(
        "endless-retry",
        #"""
        # endless-retry

        A `retryStrategy` never gives up, so a step that always fails is tried for ever. It has no `limit`, no `expression` and no `maxDuration`, and neither a `timeout` nor `activeDeadlineSeconds` ends it.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ## Remedy

        Give the strategy a `limit`, or the workflow `activeDeadlineSeconds`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          retryStrategy: {limit: 3}
          container: {image: "busybox:1.36", command: ["false"]}
        ```

        ## Why

        Most failures do not go away by themselves: the run never ends and keeps what it holds. Some steps are meant to wait that long, so this is only a hint.
        """#),
    ErrorPage(
        "file-not-found",
        #"""
        # file-not-found

        A file that was named does not exist, or a directory that was named holds no manifest.

        ## Example

        ```console
        $ skiff run pipline.yaml
        pipline.yaml: error: there is no such file [file-not-found]
        ```

        ## Remedy

        Check the spelling and the directory you are in. A directory is searched in all its depth for files that end in `.yaml`, `.yml` or `.json`; hidden files and directories (`.git`) are left out. `-` reads standard input.

        ```console
        $ skiff run pipeline.yaml
        ```

        ## Why

        What was named was meant: leaving it out would run or check something else.
        """#),
    ErrorPage(
        "file-too-large",
        #"""
        # file-too-large

        A file is larger than is read: 32 MiB, a million lines, or a million values (fields and list items).

        ## Example

        ```console
        $ skiff lint dump.json
        dump.json: error: this file has 95 MiB, at most 32 MiB are read [file-too-large]
        ```

        ## Remedy

        Split the file: any number of files can be given to one command. Data does not belong into a manifest; put it in a file and pass it as an artifact.

        ```console
        $ skiff lint part-1.yaml part-2.yaml
        ```

        ## Why

        Memory is bounded, whatever a file holds. The size is checked before the file is read, so a wrong file costs nothing. The number of values is estimated from the signs `,` `[` `{` `: ` and `- `, also those inside texts.
        """#),
    ErrorPage(
        "file-unreadable",
        #"""
        # file-unreadable

        A file exists but the system does not let Skiff read it.

        ## Example

        ```console
        $ skiff lint secret.yaml
        secret.yaml: error: this file cannot be read: permission denied [file-unreadable]
        ```

        ## Remedy

        The message ends with what the system said. Check the permissions (`ls -l`), or read the file as another user:

        ```console
        $ sudo cat secret.yaml | skiff lint -
        ```

        ## Why

        What was named was meant: leaving it out would run or check something else.
        """#),
    ErrorPage(
        "ignored-field",
        #"""
        # ignored-field

        A field is known and has no effect. It was removed from Argo Workflows, never belonged where it stands, or is not carried out here.

        ## Example

        ```yaml
        entrypoint: main
        podPriority: 10
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:6:3: warning: 'podPriority' has no effect since Argo Workflows 4.0 [ignored-field]
            6 |   podPriority: 10
              |   ^^^^^^^^^^^
          hint: remove it
        ```

        ## Remedy

        Remove the field, or move it where the hint says. `skiff convert` does it for fields that were removed.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        The field says that something happens, and it does not. Nothing is ignored in silence.
        """#),
    ErrorPage(
        "impossible-dependency",
        #"""
        # impossible-dependency

        A `depends` asks for results that exclude each other, so its task never runs.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: build, template: work}
            - {name: report, template: work, depends: build.Succeeded && build.Failed}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Join alternatives with `||`. To run a task whatever another one came to, write `build.Succeeded || build.Failed || build.Errored`.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: build, template: work}
            - {name: report, template: work, depends: build.Succeeded || build.Failed}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        A task ends in one way only. The run would omit `report` each time, and still look well.
        """#),
    ErrorPage(
        "maybe-absent",
        #"""
        # maybe-absent

        A step or task uses an output of another one that may never have been made.

        ## Example

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: full, value: "true"}]}
        templates:
        - name: main
          steps:
          - - {name: pick, template: pick, when: "{{workflow.parameters.full}} == true"}
          - - name: use
              template: say
              arguments: {parameters: [{name: text, value: "{{steps.pick.outputs.result}}"}]}
        - name: pick
          script: {image: "busybox:1.36", command: [sh], source: echo one}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Remedy

        Give the output a `valueFrom.default`, give the input it is passed to a `default`, guard the user with the same `when`, or write `{{=steps.pick.outputs.parameters.x ?? 'none'}}`.

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: full, value: "true"}]}
        templates:
        - name: main
          steps:
          - - {name: pick, template: pick, when: "{{workflow.parameters.full}} == true"}
          - - name: use
              template: say
              arguments: {parameters: [{name: text, value: "{{=steps.pick.outputs.result ?? 'none'}}"}]}
        - name: pick
          script: {image: "busybox:1.36", command: [sh], source: echo one}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Why

        The other one is skipped when its condition is false, or this one also starts when it failed. The node then ends with an error, some day, in a run that is not like the others.
        """#),
    ErrorPage(
        "missing-argument",
        #"""
        # missing-argument

        A value is missing: of an input that a template needs, or of an argument of a call or of the workflow. The last is a warning in `skiff lint`, because whoever submits the workflow may still give the value.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: greet, template: say}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Remedy

        Give it under `arguments`, give the input a `default`, or, for the workflow's own, pass `-p name=value`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: greet
              template: say
              arguments: {parameters: [{name: text, value: hello}]}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Why

        There is nothing to put in place of `{{inputs.parameters.text}}`.
        """#),
    ErrorPage(
        "missing-entrypoint",
        #"""
        # missing-entrypoint

        The workflow does not say which template to start from.

        ## Example

        ```yaml
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        Give `entrypoint` the name of a template:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        The order of templates means nothing, so the first is no better than any other. A WorkflowTemplate may leave it out: then its templates can only be called.
        """#),
    ErrorPage(
        "missing-field",
        #"""
        # missing-field

        An object lacks a field without which it means nothing.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [env]
            env:
            - value: debug
        ```

        ```text
        flow.yaml:12:9: error: item 1 of 'env' has no 'name' [missing-field]
           12 |       - value: debug
              |         ^
          hint: add 'name', a string
        ```

        ## Remedy

        Add the field. If it is written, it may be indented wrongly and so belong to another object.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [env]
            env:
            - name: LOG_LEVEL
              value: debug
        ```

        ## Why

        A cluster refuses the object, and there is no default that could be meant.
        """#),
    ErrorPage(
        "missing-template",
        #"""
        # missing-template

        A step, task or hook does not say which template to run, or says it in two ways.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: greet}
        - name: say
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        Give one of `template`, `templateRef` and `inline`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: greet, template: say}
        - name: say
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        The name of a step is its own: it does not have to be the name of a template.
        """#),
    ErrorPage(
        "mixed-reference",
        #"""
        # mixed-reference

        A reference names a parameter where an artifact is needed, or the other way round.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: build, template: build}
          - - name: show
              template: show
              arguments: {artifacts: [{name: report, from: "{{steps.build.outputs.parameters.summary}}"}]}
        - name: build
          script: {image: "busybox:1.36", command: [sh], source: echo fine | tee /tmp/summary > /tmp/report}
          outputs:
            parameters: [{name: summary, valueFrom: {path: /tmp/summary}}]
            artifacts: [{name: report, path: /tmp/report}]
        - name: show
          inputs: {artifacts: [{name: report, path: /tmp/report}]}
          container: {image: "busybox:1.36", command: [cat, /tmp/report]}
        ```

        ```text
        flow.yaml:12:57: warning: '{{steps.build.outputs.parameters.summary}}' is a text, and 'from' needs an artifact [mixed-reference]
           12 |         arguments: {artifacts: [{name: report, from: "{{steps.build.outputs.parameters.summary}}"}]}
              |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          hint: name an artifact, or pass the text as a parameter; 'raw: {data: …}' makes an artifact of a text
        ```

        ## Remedy

        Name an output artifact under `from`, and pass texts under `parameters`. `raw: {data: "…"}` makes an artifact of a text.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: build, template: build}
          - - name: show
              template: show
              arguments: {artifacts: [{name: report, from: "{{steps.build.outputs.artifacts.report}}"}]}
        - name: build
          script: {image: "busybox:1.36", command: [sh], source: echo fine | tee /tmp/summary > /tmp/report}
          outputs:
            parameters: [{name: summary, valueFrom: {path: /tmp/summary}}]
            artifacts: [{name: report, path: /tmp/report}]
        - name: show
          inputs: {artifacts: [{name: report, path: /tmp/report}]}
          container: {image: "busybox:1.36", command: [cat, /tmp/report]}
        ```

        ## Why

        A parameter is a text and an artifact is a file: neither can stand for the other, so the step would end with an error when its turn comes.
        """#),
    ErrorPage(
        "name-collision",
        #"""
        # name-collision

        Two things have one name or place where only one of them can be found. They are volumes, environment variables of a container, input artifacts with one path, global outputs that several templates write, or a task of a dag named `onExit`.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [sh, -c, 'echo "$MODE"']
            env:
            - {name: MODE, value: fast}
            - {name: MODE, value: safe}
        ```

        ```text
        flow.yaml:13:16: warning: environment variable 'MODE' is given twice [name-collision]
           13 |       - {name: MODE, value: safe}
              |                ^^^^
          hint: the last one counts; remove the other
        ```

        ## Remedy

        Rename or remove one of them:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [sh, -c, 'echo "$MODE"']
            env:
            - {name: MODE, value: safe}
        ```

        ## Why

        One hides or replaces the other, and which one is seldom clear to a reader. The workflow can run, so this is only a warning.
        """#),
    ErrorPage(
        "not-a-manifest",
        #"""
        # not-a-manifest

        A document is YAML but no Kubernetes object.

        ## Example

        ```yaml
        # values of a chart: no kind
        replicas: 3
        ```

        ```text
        values.yaml:2:1: error: this document has neither 'apiVersion' nor 'kind', so it is no Kubernetes object [not-a-manifest]
            2 | replicas: 3
              | ^
          hint: a workflow starts with 'apiVersion: argoproj.io/v1alpha1' and 'kind: Workflow'
        ```

        ## Remedy

        Give the right file. A manifest begins with what it is:

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        A list, a single value, or a map without `apiVersion` and `kind` cannot be read as anything. In a directory that is searched this is only a warning, since other YAML may lie there.
        """#),
    ErrorPage(
        "not-stored",
        #"""
        # not-stored

        A document to `apply` or `create` is of a kind that is not kept.

        ## Example

        ```text
        flow.yaml:2:7: error: kind 'Workflow' cannot be stored [not-stored]
            2 | kind: Workflow
              |       ^^^^^^^^
          hint: run it with: skiff submit FILE, or skiff run FILE
        ```

        ## Remedy

        Start a Workflow with `skiff submit` or `skiff run`. Kept are WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow, WorkflowEventBinding, ConfigMap, Secret, PersistentVolumeClaim and Namespace. Deployments, Services, roles and the like mean nothing without a cluster: leave them out.

        ## Why

        `apply` and `create` keep objects until they are deleted. A Workflow is a run, which ends, and nothing would read the others. Beside objects that are kept this is a warning, and those are stored; alone it is an error, because nothing is left to do.
        """#),
    ErrorPage(
        "not-supported",
        #"""
        # not-supported

        The field is sound Argo, and this version of Skiff does not carry it out. These are input artifacts that come from outside, such as `s3`, `git` and `http`, and a DAG's `target` with tags.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          inputs: {artifacts: [{name: words, path: /tmp/words, http: {url: "https://example.com/words"}}]}
          container: {image: "busybox:1.36", command: [wc, /tmp/words]}
        ```

        ```text
        flow.yaml:8:58: hint: artifacts from 'http' are not supported yet [not-supported]
            8 |     inputs: {artifacts: [{name: words, path: /tmp/words, http: {url: "https://example.com/words"}}]}
              |                                                          ^^^^
          hint: pass the artifact from another step, or give it as raw data
        ```

        ## Remedy

        Let a step fetch the file and pass it on as an artifact, or write the content into the manifest as `raw: {data: …}`. [docs/compatibility.md](../compatibility.md) says what runs today; on a cluster the workflow runs as it is.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: fetch, template: fetch}
          - - name: count
              template: count
              arguments: {artifacts: [{name: words, from: "{{steps.fetch.outputs.artifacts.words}}"}]}
        - name: fetch
          container: {image: "busybox:1.36", command: [wget, -O, /tmp/words, "https://example.com/words"]}
          outputs: {artifacts: [{name: words, path: /tmp/words}]}
        - name: count
          inputs: {artifacts: [{name: words, path: /tmp/words}]}
          container: {image: "busybox:1.36", command: [wc, /tmp/words]}
        ```

        ## Why

        Leaving the field out would change what the workflow does, so `skiff run` refuses it before anything runs. `skiff lint` only mentions it, since the manifest is sound.
        """#),
    ErrorPage(
        "not-taken-over",
        #"""
        # not-taken-over

        A run goes on here that ran elsewhere, and something of it stayed there.

        ## Example

        ```console
        $ argo get flow -o json > flow.json
        $ skiff retry -f flow.json        # 'build' kept its artifact in the cluster's S3 store
        ```

        ## Remedy

        Nothing, if no step that still runs reads the artifact. Otherwise have the step that makes it run again too:

        ```console
        $ skiff retry -f flow.json --restart-successful --node-field-selector displayName=build
        ```

        ## Why

        The status of a Workflow says where an artifact lies, not what is in it. A step that needs it fails when it starts; that is known before anything runs, so it is said then.
        """#),
    ErrorPage(
        "not-yaml",
        #"""
        # not-yaml

        The text does not follow the rules of YAML (JSON is YAML too), so nothing can be said about what it means.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          entrypoint: {{workflow.parameters.entry}}
        ```

        ```text
        flow.yaml:5:15: error: a value that starts with a tag needs quotes [not-yaml]
            5 |   entrypoint: {{workflow.parameters.entry}}
              |               ^^
          hint: write "{{…}}"
        ```

        ## Remedy

        The message says what was expected where. The usual causes:

        - A value that starts with `{{`, `@`, `` ` ``, `%`, `&`, `!`, `[` or `{`, or that holds `: ` or ` #`, stands without quotes.
        - A line is indented more or less than its neighbours, or with tabs. YAML wants blanks.
        - Quotes, brackets or braces are not closed. The parser then stops further down; look at the line before.
        - A backslash in double quotes starts an escape. Use single quotes, or double it.
        - The file is not UTF-8, or no text at all.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, "{{workflow.name}}"]}
        ```

        ## Why

        The document it stands in is not looked at any further; other documents of the file are, so that all that can be told is told in one go.
        """#),
    ErrorPage(
        "older-spelling",
        #"""
        # older-spelling

        A field has another name or form in Argo Workflows 4. Skiff still reads it; a newer cluster does not.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedule: "0 2 * * *"
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:5:3: warning: 'schedule' was removed in Argo Workflows 4 [older-spelling]
            5 |   schedule: "0 2 * * *"
              |   ^^^^^^^^
          hint: write schedules: ["0 2 * * *"]
        ```

        ## Remedy

        Write what the hint says:

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: nightly}
        spec:
          schedules: ["0 2 * * *"]
          workflowSpec:
            entrypoint: main
            templates:
            - name: main
              container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        A cluster with Argo Workflows 4 refuses the field or passes over it, and then the schedule or the lock is gone. What is only deprecated is a hint, the rest a warning.
        """#),
    ErrorPage(
        "restricted",
        #"""
        # restricted

        The configuration does not allow what a submitted Workflow says.

        ## Example

        ```text
        flow.yaml:6:3: error: 'spec.templates' may not be set: workflowRestrictions.templateReferencing is Strict [restricted]
            6 |   templates:
              |   ^
          hint: what a workflow may set itself: activeDeadlineSeconds, archiveLogs, arguments, artifactGC, …
        ```

        ## Remedy

        Store the templates with `skiff apply`, and submit a Workflow that names the stored one with `workflowTemplateRef` and sets nothing beside its arguments and the other fields that the hint lists. Who owns the machine can lift the restriction in the configuration file.

        ## Why

        `workflowRestrictions.templateReferencing` lets people run what was reviewed, and nothing else: `Strict` takes only Workflows that run a stored template, and only changes to them that do not change what runs. With `Secure` Argo also fails a run whose template changes under it; here every run goes on with the template as it was when the run was submitted, so that the two say the same.
        """#),
    ErrorPage(
        "template-type",
        #"""
        # template-type

        A template does nothing, or two things at once, or has a field that its type cannot have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
          script: {image: "busybox:1.36", command: [sh], source: echo hello}
        ```

        ## Remedy

        Give exactly one of `container`, `script`, `steps`, `dag`, `suspend`, `resource`, `http`, `data`, `containerSet` and `plugin`:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          script: {image: "busybox:1.36", command: [sh], source: echo hello}
        ```

        ## Why

        Only one of the two would be carried out, and which one is not written down.
        """#),
    ErrorPage(
        "too-deep",
        #"""
        # too-deep

        Lists and maps are nested more than 200 levels deep.

        ## Example

        ```yaml
        a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
        ```

        ## Remedy

        The file is broken, or made by a program that nests without end. Look at the position that the message gives.

        ## Why

        No manifest needs more than about thirty levels, and a file without an end to them could exhaust the memory of any program that reads it.
        """#),
    ErrorPage(
        "too-many-faults",
        #"""
        # too-many-faults

        There are more than a thousand faults; the rest is counted by file, not shown.

        ## Example

        ```console
        $ skiff lint pipeline.yaml
        pipeline.yaml: warning: 4211 more faults of this file are not shown [too-many-faults]
        ```

        ## Remedy

        Correct what is shown first.

        ## Why

        So many faults come from one cause nearly always, such as a field name that is misspelt throughout the file.
        """#),
    ErrorPage(
        "unknown-alias",
        #"""
        # unknown-alias

        A value starts with `*`, which repeats a value that was named with `&`, and there is no such name.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [ls], args: [*.csv]}
        ```

        ```text
        flow.yaml:8:62: error: '*' starts an alias, and this is not the name of one [unknown-alias]
            8 |     container: {image: "busybox:1.36", command: [ls], args: [*.csv]}
              |                                                              ^^^^^
          hint: put quotes around a text that starts with '*'
        ```

        ## Remedy

        If a text is meant, such as a file pattern, put it in quotes. Otherwise name the value with `&` further up, in the same document: names do not reach over `---`.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [ls], args: ['*.csv']}
        ```

        ## Why

        YAML keeps `*` at the beginning of a value for itself; there is nothing that the value could be.
        """#),
    ErrorPage(
        "unknown-config-map",
        #"""
        # unknown-config-map

        A ConfigMap, or a key of one, is named that is neither among the files given nor stored (`skiff apply`). Nothing is said while no ConfigMap is known at all.

        ## Example

        ```yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {mode: fast}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: build-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container:
              image: busybox:1.36
              command: [sh, -c, 'echo "$MODE"']
              env:
              - name: MODE
                valueFrom: {configMapKeyRef: {name: setings, key: mode}}
        ```

        ```text
        flow.yaml:18:45: warning: ConfigMap 'setings' is not among the files given [unknown-config-map]
           18 |         valueFrom: {configMapKeyRef: {name: setings, key: mode}}
              |                                             ^^^^^^^
          hint: did you mean 'settings'? given: settings; name its file in the same call, or store it with 'skiff apply'
        ```

        ## Remedy

        Correct the name, name the file of the ConfigMap in the same call, store it with `skiff apply`, or mark the reference `optional: true`:

        ```yaml
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {mode: fast}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: build-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container:
              image: busybox:1.36
              command: [sh, -c, 'echo "$MODE"']
              env:
              - name: MODE
                valueFrom: {configMapKeyRef: {name: settings, key: mode}}
        ```

        ## Why

        What needs the ConfigMap fails only when its turn comes. This is a warning, since the ConfigMap may be elsewhere; without any ConfigMap given they are taken to be in the cluster, where nobody looks.
        """#),
    ErrorPage(
        "unknown-dependency",
        #"""
        # unknown-dependency

        A task depends on, or a DAG targets, a task that is not in this DAG.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch-data, template: work}
            - {name: train, template: work, depends: fetch}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Remedy

        Correct the name; the hint lists the tasks there are. Tasks of another DAG cannot be waited for.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch-data, template: work}
            - {name: train, template: work, depends: fetch-data}
        - name: work
          container: {image: "busybox:1.36", command: ["true"]}
        ```

        ## Why

        A task that waits for nothing real would start too early, or never.
        """#),
    ErrorPage(
        "unknown-field",
        #"""
        # unknown-field

        An object has a field that its type does not have.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          contaner: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:8:5: error: unknown field 'contaner' in Template [unknown-field]
            8 |     contaner: {image: "busybox:1.36", command: [echo, hello]}
              |     ^^^^^^^^
          hint: did you mean 'container'?
        ```

        ## Remedy

        Correct the spelling (capitals count), or move the field where it belongs: the hint says when a field of that name exists one level up or down, which means that the line is indented wrongly. `skiff lint --no-strict` makes warnings of these errors.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        Argo's controller passes over such a field in silence, and the workflow does something else than its author meant. In `metadata` this is only a warning, as Kubernetes drops such fields.
        """#),
    ErrorPage(
        "unknown-kind",
        #"""
        # unknown-kind

        A document is an object of a kind that Skiff does not read.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workfow
        metadata: {generateName: hello-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ```text
        flow.yaml:2:7: error: unknown kind 'Workfow' [unknown-kind]
            2 | kind: Workfow
              |       ^^^^^^^
          hint: did you mean 'Workflow'?
        ```

        ## Remedy

        Correct the spelling (capitals count). Kinds that are read: Workflow, WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow, WorkflowEventBinding, ConfigMap, Secret, PersistentVolumeClaim, and lists of them.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        The object has no effect here. When its kind looks like a slip (`Workfow`) this is an error, else a warning.
        """#),
    ErrorPage(
        "unknown-parameter",
        #"""
        # unknown-parameter

        A parameter is given to a run that the workflow does not declare.

        ## Example

        ```console
        $ skiff run flow.yaml -p mesage=hello      # the workflow declares 'message'
        ```

        ## Remedy

        Correct the name (the hint suggests the nearest), or declare the parameter under `spec.arguments.parameters`.

        ```console
        $ skiff run flow.yaml -p message=hello
        ```

        ## Why

        Argo adds such a parameter in silence: a misspelt name changes nothing in the run, and nobody notices.
        """#),
    ErrorPage(
        "unknown-secret",
        #"""
        # unknown-secret

        A Secret, or a key of one, is named that is neither among the files given nor stored (`skiff apply`). Nothing is said while no Secret is known at all.

        ## Example

        ```yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: deploy-keys}
        stringData: {password: "1234"}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: deploy-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container:
              image: busybox:1.36
              command: [sh, -c, 'test -n "$PASSWORD"']
              env:
              - name: PASSWORD
                valueFrom: {secretKeyRef: {name: deploy-keys, key: pasword}}
        ```

        ```text
        flow.yaml:18:60: warning: Secret 'deploy-keys' has no key 'pasword' [unknown-secret]
           18 |         valueFrom: {secretKeyRef: {name: deploy-keys, key: pasword}}
              |                                                            ^^^^^^^
          hint: did you mean 'password'? keys: password
        ```

        ## Remedy

        Correct the name, name the file of the Secret in the same call, store it with `skiff apply`, or mark the reference `optional: true`:

        ```yaml
        apiVersion: v1
        kind: Secret
        metadata: {name: deploy-keys}
        stringData: {password: "1234"}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: deploy-}
        spec:
          entrypoint: main
          templates:
          - name: main
            container:
              image: busybox:1.36
              command: [sh, -c, 'test -n "$PASSWORD"']
              env:
              - name: PASSWORD
                valueFrom: {secretKeyRef: {name: deploy-keys, key: password}}
        ```

        ## Why

        What needs the Secret fails only when its turn comes. This is a warning, since the Secret may be elsewhere; without any Secret given they are taken to be in the cluster, where nobody looks.
        """#),
    ErrorPage(
        "unknown-template",
        #"""
        # unknown-template

        A template is called that does not exist.

        ## Example

        ```yaml
        entrypoint: mian
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Remedy

        Correct the name; the hint lists the templates there are. A template of another object is called with `templateRef`.

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        There is nothing to run.
        """#),
    ErrorPage(
        "unknown-variable",
        #"""
        # unknown-variable

        An expression uses a variable that there is not where it stands.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowEventBinding
        metadata: {name: on-push}
        spec:
          event: {selector: paylod.type == "push"}
          submit:
            workflowTemplateRef: {name: build}
        ```

        ```text
        flow.yaml:5:21: error: there is no variable 'paylod' here [unknown-variable]
            5 |   event: {selector: paylod.type == "push"}
              |                     ^^^^^^
          hint: did you mean 'payload'? variables here: namespace, discriminator, metadata, payload
        ```

        ## Remedy

        Use one of the variables that the hint lists. Text of its own stands in quotes: `'"push-"'`.

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowEventBinding
        metadata: {name: on-push}
        spec:
          event: {selector: payload.type == "push"}
          submit:
            workflowTemplateRef: {name: build}
        ```

        ## Why

        Such an expression fails whenever it is evaluated: an event starts nothing, a schedule is passed over, and nobody is told.
        """#),
    ErrorPage(
        "unknown-volume",
        #"""
        # unknown-volume

        A container mounts a volume that neither its template nor the workflow has. A template that is called by `templateRef` mounts the volumes of the workflow that calls it, not those of its own object.

        ## Example

        ```yaml
        entrypoint: main
        volumes: [{name: scratch, emptyDir: {}}]
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [ls, /scratch]
            volumeMounts: [{name: scrach, mountPath: /scratch}]
        ```

        ```text
        flow.yaml:12:29: warning: there is no volume 'scrach' [unknown-volume]
           12 |       volumeMounts: [{name: scrach, mountPath: /scratch}]
              |                             ^^^^^^
          hint: did you mean 'scratch'? volumes here: scratch
        ```

        ## Remedy

        Correct the name, or declare the volume under `volumes` of the template or the workflow, or under `volumeClaimTemplates`.

        ```yaml
        entrypoint: main
        volumes: [{name: scratch, emptyDir: {}}]
        templates:
        - name: main
          container:
            image: busybox:1.36
            command: [ls, /scratch]
            volumeMounts: [{name: scratch, mountPath: /scratch}]
        ```

        ## Why

        Kubernetes refuses a pod that mounts what is not there, when its turn comes. In a WorkflowTemplate this is only a hint, because the workflow that uses it may have the volume.
        """#),
    ErrorPage(
        "unknown-workflow-template",
        #"""
        # unknown-workflow-template

        A `templateRef` or `workflowTemplateRef` names an object that is neither given nor stored.

        ## Example

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          workflowTemplateRef: {name: library}
        ```

        ## Remedy

        Name the file of the WorkflowTemplate in the same call (`skiff lint workflow.yaml library.yaml`), store it with `skiff apply -f library.yaml`, or write it into the same file:

        ```yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: hello-}
        spec:
          workflowTemplateRef: {name: library}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: WorkflowTemplate
        metadata: {name: library}
        spec:
          entrypoint: main
          templates:
          - name: main
            container: {image: "busybox:1.36", command: [echo, hello]}
        ```

        ## Why

        What the template is given and what it gives back can only be checked when it is there. Nothing is asked of a cluster.
        """#),
    ErrorPage(
        "unpinned-image",
        #"""
        # unpinned-image

        An image has no tag or the tag `latest`, so that two runs may get two different images.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: python, command: [python, --version]}
        ```

        ## Remedy

        Name a version, or a digest (`python@sha256:…`):

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "python:3.13", command: [python, --version]}
        ```

        ## Why

        A run that went well yesterday fails today, and nothing in the manifest has changed. It is only a hint, as the workflow runs.
        """#),
    ErrorPage(
        "unquoted-string",
        #"""
        # unquoted-string

        A number or a truth value stands where a text is meant.

        ## Example

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: version, value: 1.10}]}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, "{{workflow.parameters.version}}"]}
        ```

        ```text
        flow.yaml:6:51: warning: 'value' is written '1.10', which YAML reads as 1.1 [unquoted-string]
            6 |   arguments: {parameters: [{name: version, value: 1.10}]}
              |                                                   ^^^^
          hint: put quotes around it if the text is meant
        ```

        ## Remedy

        Put the text in quotes:

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: version, value: "1.10"}]}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, "{{workflow.parameters.version}}"]}
        ```

        ## Why

        YAML reads `1.10` as the number 1.1, `0x10` and `017` as 16 and 15, `yes`, `on` and `y` as true, `no`, `off` and `n` as false. Skiff takes what YAML read as text, as the `argo` command does. A warning says that the text is not what is written; a hint only that `kubectl` would not take the manifest.
        """#),
    ErrorPage(
        "unreachable-template",
        #"""
        # unreachable-template

        No call leads from the entrypoint, the exit handler or a hook to a template.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        - name: clean-up
          container: {image: "busybox:1.36", command: [echo, done]}
        ```

        ## Remedy

        Call the template from a step, a task, a hook or `onExit`, or remove it. One that is only started by hand, with `--entrypoint`, can stay.

        ```yaml
        entrypoint: main
        onExit: clean-up
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hello]}
        - name: clean-up
          container: {image: "busybox:1.36", command: [echo, done]}
        ```

        ## Why

        Somebody may have meant it to run. This is only a hint, since the others are not harmed; nothing is said of WorkflowTemplates, which are called from outside.
        """#),
    ErrorPage(
        "unresolved-reference",
        #"""
        # unresolved-reference

        A tag names something that is not there, or that need not have ended when it is needed.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch, template: work}
            - name: print
              template: say
              arguments: {parameters: [{name: text, value: "{{tasks.fetch.outputs.result}}"}]}
        - name: work
          script: {image: "busybox:1.36", command: [sh], source: echo 1}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Remedy

        Correct the name (the hint lists what there is), declare the input, or add the dependency:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: fetch, template: work}
            - name: print
              depends: fetch
              template: say
              arguments: {parameters: [{name: text, value: "{{tasks.fetch.outputs.result}}"}]}
        - name: work
          script: {image: "busybox:1.36", command: [sh], source: echo 1}
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Why

        A step that starts before its value is there would be given the tag itself, and most programs do not notice.
        """#),
    ErrorPage(
        "unused-argument",
        #"""
        # unused-argument

        The workflow has an argument that nothing uses. No tag mentions it, and neither the entry template nor an exit handler has an input of that name.

        ## Example

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: message, value: hello}]}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, hi]}
        ```

        ## Remedy

        Use the argument, declare an input of that name in the entry template, or remove it.

        ```yaml
        entrypoint: main
        arguments: {parameters: [{name: message, value: hello}]}
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [echo, "{{workflow.parameters.message}}"]}
        ```

        ## Why

        Whoever submits the workflow with another value expects that something changes, and nothing does. The workflow runs all the same, so this is only a warning.
        """#),
    ErrorPage(
        "unused-input",
        #"""
        # unused-input

        A template declares an input that it does not use. Input artifacts are used as soon as they have a path, except in `steps` and `dag`, which must pass them on.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: greet
              template: say
              arguments: {parameters: [{name: text, value: hello}, {name: language, value: en}]}
        - name: say
          inputs: {parameters: [{name: text}, {name: language}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.text}}"]}
        ```

        ## Remedy

        Use the input, or remove it here and from the calls:

        ```yaml
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: greet
              template: say
              arguments: {parameters: [{name: text, value: hello}, {name: language, value: en}]}
        - name: say
          inputs: {parameters: [{name: text}, {name: language}]}
          container: {image: "busybox:1.36", command: [echo, "{{inputs.parameters.language}}: {{inputs.parameters.text}}"]}
        ```

        ## Why

        A value is passed, and has no effect. Most often a tag was forgotten, or the input outlived its use; the workflow runs either way.
        """#),
    ErrorPage(
        "wrong-type",
        #"""
        # wrong-type

        A value is of another type than its field: a text where a list is expected, and so on.

        ## Example

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: sh -c}
        ```

        ```text
        flow.yaml:8:49: error: 'command' is the string 'sh -c', expected a list of strings [wrong-type]
            8 |     container: {image: "busybox:1.36", command: sh -c}
              |                                                 ^^^^^
          hint: start each item on a line of its own with '- '
        ```

        ## Remedy

        Write the value as its type wants it:

        | expected | write |
        |---|---|
        | a string | `name: "1.10"` |
        | a list of strings | `command: [sh, -c]`, or one item a line with `- ` |
        | a list of lists (`steps`) | `- - name: first` |
        | a map | `key: value` lines, indented |
        | a whole number | `parallelism: 5`, without quotes and without a tag |
        | true or false | `suspend: true`, without quotes |
        | a parameter that is a list | JSON in quotes: `value: '["a", "b"]'` |

        ```yaml
        entrypoint: main
        templates:
        - name: main
          container: {image: "busybox:1.36", command: [sh, -c], args: [echo hello]}
        ```

        ## Why

        A cluster refuses the object, and guessing what was meant would make two programs read one file in two ways.
        """#),
]
