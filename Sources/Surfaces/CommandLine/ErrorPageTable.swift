// Written by scripts/generate-error-pages.py from docs/errors/; change the pages, not this file.

/// The pages in the order of their codes.
let errorPageTable: [ErrorPage] = [
    ErrorPage(
        "alias-expansion",
        #"""
        # alias-expansion

        YAML can name a value (`&base`) and use it again (`*base`). Aliases of lists of aliases grow without bound, so a file may have at most a million values with all its aliases written out.

        ## Example

            a: &a [x, x, x, x, x, x, x, x, x]
            b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]

        ## Remedy

        Write out what is meant. To repeat a step, use `withItems`, `withSequence` or a template that is called several times.
        """#),
    ErrorPage(
        "bad-argument",
        #"""
        # bad-argument

        An argument does not fit what it is given to: the called template has no such input, or the value is not one of the allowed ones.

        ## Example

        ```yaml
        arguments: {parameters: [{name: mesage, value: hi}]}   # the template's input is 'message'
        ```

        ## Remedy

        Correct the name, drop the argument, or choose one of the values under `enum`.
        """#),
    ErrorPage(
        "bad-artifact",
        #"""
        # bad-artifact

        An artifact is given two sources, comes from a place that this version cannot read, or has a path that leaves its directory.

        ## Example

        ```yaml
        inputs:
          artifacts:
          - {name: model, path: ../../etc/model}
        ```

        ## Remedy

        Keep one of `from` and `fromExpression`, and give an absolute path without `..`.
        """#),
    ErrorPage(
        "bad-dependency",
        #"""
        # bad-dependency

        A task's `depends` or `dependencies` cannot be read, or asks for a result that the other task cannot have.

        ## Example

        ```yaml
        tasks:
        - {name: a, template: t}
        - {name: b, template: t, depends: "a.AllFailed"}   # a has no items
        ```

        ## Remedy

        Write `depends` with `&&`, `||`, `!` and results such as `a.Succeeded`; `AnySucceeded` and `AllFailed` are for tasks with items.
        """#),
    ErrorPage(
        "bad-expression",
        #"""
        # bad-expression

        An expression or a `when` cannot be read.

        ## Example

        ```yaml
        when: "1 == "
        ```

        ## Remedy

        The message says where reading stopped. Quote text that has blanks or special characters in a `when`.
        """#),
    ErrorPage(
        "bad-fan-out",
        #"""
        # bad-fan-out

        A step fans out in two ways at once, or over something that is no list.

        ## Example

        ```yaml
        withSequence: {count: 3, end: 5}
        ```

        ## Remedy

        Keep one of `withItems`, `withParam` and `withSequence`, and one of `count` and `end`.
        """#),
    ErrorPage(
        "bad-name",
        #"""
        # bad-name

        A name is missing or has characters that names may not have.

        ## Example

        ```yaml
        templates:
        - name: my_template
        ```

        ## Remedy

        Template, step and task names have letters, digits and `-`, and begin with a letter or digit.
        """#),
    ErrorPage(
        "bad-number",
        #"""
        # bad-number

        A number or a duration cannot be read.

        ## Example

        ```yaml
        retryStrategy: {backoff: {duration: soon}}
        ```

        ## Remedy

        Write durations as `30s`, `5m` or `1h30m`, and counts as whole numbers.
        """#),
    ErrorPage(
        "bad-output",
        #"""
        # bad-output

        An output says nothing of where its value comes from, or names a source that its template cannot have.

        ## Example

        ```yaml
        - name: main
          steps: [[{name: a, template: t}]]
          outputs: {parameters: [{name: x, valueFrom: {path: /tmp/x}}]}
        ```

        ## Remedy

        Containers and scripts need `valueFrom.path`, steps and dags `valueFrom.parameter` or `valueFrom.expression`, artifacts of containers a `path`.
        """#),
    ErrorPage(
        "bad-retry",
        #"""
        # bad-retry

        The retry policy is none that exists.

        ## Example

        ```yaml
        retryStrategy: {retryPolicy: OnFailures}
        ```

        ## Remedy

        Choose `Always`, `OnFailure`, `OnError` or `OnTransientError`.
        """#),
    ErrorPage(
        "bad-tag",
        #"""
        # bad-tag

        A `{{` has no `}}`, or the expression of a `{{=…}}` cannot be read.

        ## Example

        ```yaml
        args: ["{{inputs.parameters.name}"]
        ```

        ## Remedy

        Close the tag; the message says where an expression stops making sense.
        """#),
    ErrorPage(
        "bad-value",
        #"""
        # bad-value

        A value is of the right type and still not one that its field can have. Where only Kubernetes insists (an `imagePullPolicy`, say), this is a warning.

        ## Example

            pipeline.yaml:14:20: error: 'retryPolicy' is 'onfailure', expected one of Always, OnFailure, OnError, OnTransientError [bad-value]
               14 |       retryPolicy: onfailure
                  |                    ^^^^^^^^^
              hint: did you mean 'OnFailure'?

        ## Remedy

        Use one of the values that the message lists; capitals count. Amounts are written as Kubernetes does (`500m`, `1.5Gi`, no blank), times as `2026-11-21T04:32:00Z`. A value under `data` of a Secret is base64 of the text; plain text goes under `stringData`. The message never shows what a Secret holds.
        """#),
    ErrorPage(
        "dependency-cycle",
        #"""
        # dependency-cycle

        Tasks of a DAG wait for each other in a circle, so none of them could ever start.

        ## Example

        ```yaml
        tasks:
        - {name: a, template: t, depends: b}
        - {name: b, template: t, depends: a}
        ```

        ## Remedy

        Drop one of the dependencies that the message lists.
        """#),
    ErrorPage(
        "duplicate-key",
        #"""
        # duplicate-key

        A map has the same key twice. One of the two would be lost, and which one depends on the program that reads the file.

        ## Example

            pipeline.yaml:7:3: error: key 'entrypoint' is used twice in this map: first on line 6, again here [duplicate-key]
                7 |   entrypoint: other
                  |   ^^^^^^^^^^

        ## Remedy

        Remove or rename one of them. If they belong to two different maps, one of them is indented wrongly. If both are meant as list items, start each with `- `.
        """#),
    ErrorPage(
        "duplicate-name",
        #"""
        # duplicate-name

        Two templates, two steps of one template, two parameters or two artifacts have the same name.

        ## Example

        ```yaml
        templates:
        - {name: main, container: {image: busybox}}
        - {name: main, container: {image: busybox}}
        ```

        ## Remedy

        Rename one of them.
        """#),
    ErrorPage(
        "empty-file",
        #"""
        # empty-file

        A file holds nothing but blanks, comments or empty documents.

        ## Example

            pipeline.yaml: error: there is no manifest in this file [empty-file]

        ## Remedy

        Check that the file was saved, and that the command that wrote it did not fail.
        """#),
    ErrorPage(
        "file-not-found",
        #"""
        # file-not-found

        A file that was named does not exist, or a directory that was named holds no manifest.

        ## Example

            $ skiff run pipline.yaml
            pipline.yaml: error: there is no such file [file-not-found]

        ## Remedy

        Check the spelling and the directory you are in. A directory is searched in all its depth for files that end in `.yaml`, `.yml` or `.json`; hidden files and directories (`.git`) are left out. `-` reads standard input.
        """#),
    ErrorPage(
        "file-too-large",
        #"""
        # file-too-large

        A file is larger than Skiff reads: 32 MiB, a million lines, or a million values (fields and list items). The size is checked before the file is read, so a wrong file costs nothing. The number of values is estimated from the signs `,` `[` `{` `: ` and `- `, also those inside texts.

        ## Example

            dump.json: error: this file has 95 MiB, at most 32 MiB are read [file-too-large]

        ## Remedy

        Split the file: any number of files can be given to one command. Data does not belong into a manifest; put it in a file and pass it as an artifact.
        """#),
    ErrorPage(
        "file-unreadable",
        #"""
        # file-unreadable

        A file exists but the system does not let Skiff read it.

        ## Example

            secret.yaml: error: this file cannot be read: permission denied [file-unreadable]

        ## Remedy

        The message ends with what the system said. Check the permissions (`ls -l`), or read the file as another user and pipe it: `sudo cat secret.yaml | skiff lint -`.
        """#),
    ErrorPage(
        "ignored-field",
        #"""
        # ignored-field

        A field is known and has no effect: it was removed from Argo Workflows, or never belonged where it stands.

        ## Example

            pipeline.yaml:6:3: warning: 'podPriority' has no effect since Argo Workflows 4.0 [ignored-field]
                6 |   podPriority: 10
                  |   ^^^^^^^^^^^

        ## Remedy

        Remove the field, or move it where the hint says.
        """#),
    ErrorPage(
        "missing-argument",
        #"""
        # missing-argument

        A template needs an input that nobody gives it, or the workflow an argument that has no value.

        ## Example

        ```yaml
        - - {name: greet, template: say}   # template say has the input parameter text
        ```

        ## Remedy

        Give it under `arguments.parameters`, give the input a `default`, or pass `-p name=value`.
        """#),
    ErrorPage(
        "missing-entrypoint",
        #"""
        # missing-entrypoint

        The workflow does not say which template to start from.

        ## Example

        ```yaml
        spec:
          templates: [...]
        ```

        ## Remedy

        Give `spec.entrypoint` the name of a template.
        """#),
    ErrorPage(
        "missing-field",
        #"""
        # missing-field

        An object lacks a field without which it means nothing.

        ## Example

            pipeline.yaml:12:9: error: item 1 of 'env' has no 'name' [missing-field]
               12 |       - value: debug
                  |         ^
              hint: add 'name', a string

        ## Remedy

        Add the field. If it is written, it may be indented wrongly and so belong to another object.
        """#),
    ErrorPage(
        "missing-template",
        #"""
        # missing-template

        A step, task or hook does not say which template to run, or says it in two ways.

        ## Example

        ```yaml
        - - {name: a}
        ```

        ## Remedy

        Give one of `template`, `templateRef` and `inline`.
        """#),
    ErrorPage(
        "not-a-manifest",
        #"""
        # not-a-manifest

        A document is YAML but no Kubernetes object: it is a list or a single value, or has neither `apiVersion` nor `kind`. In a directory that is searched this is only a warning, since other YAML may lie there.

        ## Example

            values.yaml:1:1: error: this document has neither 'apiVersion' nor 'kind', so it is no Kubernetes object [not-a-manifest]
                1 | replicas: 3
                  | ^

        ## Remedy

        Give the right file. A workflow starts like this:

            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata:
              generateName: hello-
            spec:
        """#),
    ErrorPage(
        "not-supported",
        #"""
        # not-supported

        The field is sound Argo, and this version of Skiff does not carry it out. It is refused because leaving it out would change what the workflow does.

        ## Example

        ```yaml
        synchronization: {mutexes: [{name: one}]}
        ```

        ## Remedy

        See the table in docs/compatibility.md for what runs today.
        """#),
    ErrorPage(
        "not-yaml",
        #"""
        # not-yaml

        The text does not follow the rules of YAML (JSON is YAML too), so nothing can be said about what it means. The document it stands in is not looked at any further; other documents of the file are.

        ## Example

            pipeline.yaml:6:15: error: a value that starts with a tag needs quotes [not-yaml]
                6 |   entrypoint: {{workflow.parameters.entry}}
                  |               ^^
              hint: write "{{…}}"

        ## Remedy

        The message says what was expected where. The usual causes:

        - A value that starts with `{{`, `@`, `` ` ``, `%`, `&`, `!`, `[` or `{`, or that holds `: ` or ` #`, stands without quotes. Write `"{{workflow.parameters.entry}}"`.
        - A line is indented more or less than its neighbours, or with tabs. YAML wants blanks.
        - Quotes, brackets or braces are not closed. The parser then stops further down; look at the line before.
        - A backslash in double quotes starts an escape. Use single quotes, or double it.
        - The file is not UTF-8, or no text at all.
        """#),
    ErrorPage(
        "template-type",
        #"""
        # template-type

        A template does nothing, or two things at once, or has a field that its type cannot have.

        ## Example

        ```yaml
        - name: main
          container: {image: busybox}
          script: {image: busybox, source: 'echo'}
        ```

        ## Remedy

        Give exactly one of `container`, `script`, `steps`, `dag`, `suspend` and the other types.
        """#),
    ErrorPage(
        "too-deep",
        #"""
        # too-deep

        Lists and maps are nested more than 200 levels deep. No manifest needs more than about thirty.

        ## Example

            a: [[[[[[[[ … ]]]]]]]]

        ## Remedy

        The file is broken, or made by a program that nests without end. Look at the position that the message gives.
        """#),
    ErrorPage(
        "too-many-faults",
        #"""
        # too-many-faults

        A file has more than a thousand faults; the rest is counted, not shown.

        ## Example

            pipeline.yaml: warning: 4211 more faults of this file are not shown [too-many-faults]

        ## Remedy

        Correct what is shown first. Often all come from one cause, such as a field name used throughout the file.
        """#),
    ErrorPage(
        "unknown-alias",
        #"""
        # unknown-alias

        A value starts with `*`, which in YAML repeats a value that was named with `&` before, and there is no such name in this document. Names do not reach from one document (`---`) into the next.

        ## Example

            pipeline.yaml:9:13: error: '*' starts an alias, and this is not the name of one [unknown-alias]
                9 |       args: [*.csv]
                  |              ^^^^^

        ## Remedy

        If a text is meant, such as a file pattern, put it in quotes: `'*.csv'`. Otherwise name the value with `&` further up.
        """#),
    ErrorPage(
        "unknown-dependency",
        #"""
        # unknown-dependency

        A task depends on, or a DAG targets, a task that is not in this DAG.

        ## Example

        ```yaml
        tasks:
        - {name: fetch-data, template: t}
        - {name: train, template: t, depends: fetch}
        ```

        ## Remedy

        Correct the name; the hint lists the tasks there are.
        """#),
    ErrorPage(
        "unknown-field",
        #"""
        # unknown-field

        An object has a field that its type does not have. Argo's controller would pass over it in silence, and the workflow would do something else than its author meant. In `metadata` this is only a warning, as Kubernetes drops such fields.

        ## Example

            pipeline.yaml:9:5: error: unknown field 'contaner' in Template [unknown-field]
                9 |     contaner:
                  |     ^^^^^^^^
              hint: did you mean 'container'?

        ## Remedy

        Correct the spelling (capitals count), or move the field where it belongs: the hint says when a field of that name exists one level up or down, which means that the line is indented wrongly.
        """#),
    ErrorPage(
        "unknown-kind",
        #"""
        # unknown-kind

        A document is an object of a kind that Skiff does not read. When the kind looks like a slip (`Workfow`) this is an error, else a warning: the object has no effect here.

        ## Example

            pipeline.yaml:2:7: error: unknown kind 'Workfow' [unknown-kind]
                2 | kind: Workfow
                  |       ^^^^^^^
              hint: did you mean 'Workflow'?

        ## Remedy

        Correct the spelling (capitals count). Kinds that are read: Workflow, WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow, WorkflowEventBinding, ConfigMap, Secret, PersistentVolumeClaim, and lists of them.
        """#),
    ErrorPage(
        "unknown-parameter",
        #"""
        # unknown-parameter

        `-p` or `--parameter-file` gives a parameter that the workflow does not declare. Argo adds such a parameter in silence, and a misspelt name changes nothing in the run.

        ## Example

            skiff run flow.yaml -p mesage=hello      # the workflow declares 'message'

        ## Remedy

        Correct the name (the hint suggests the nearest), or declare the parameter under `spec.arguments.parameters`.
        """#),
    ErrorPage(
        "unknown-template",
        #"""
        # unknown-template

        A template is called that does not exist.

        ## Example

        ```yaml
        entrypoint: mian
        ```

        ## Remedy

        Correct the name; the hint lists the templates there are.
        """#),
    ErrorPage(
        "unknown-workflow-template",
        #"""
        # unknown-workflow-template

        A `templateRef` or `workflowTemplateRef` names an object that is not among the files given.

        ## Example

        ```yaml
        workflowTemplateRef: {name: library}
        ```

        ## Remedy

        Name the file of the WorkflowTemplate in the same call: `skiff run workflow.yaml library.yaml`.
        """#),
    ErrorPage(
        "unquoted-string",
        #"""
        # unquoted-string

        A number or a truth value stands where a string is meant. YAML reads `1.10` as the number 1.1, `0x10` and `017` as 16 and 15, `yes`, `on` and `y` as true, `no`, `off` and `n` as false. Skiff takes what YAML read as text, as the `argo` command does. A warning says that the text is not what is written; a hint only that `kubectl` would not take the manifest.

        ## Example

            pipeline.yaml:8:14: warning: 'value' is written '1.10', which YAML reads as 1.1 [unquoted-string]
                8 |       value: 1.10
                  |              ^^^^
              hint: put quotes around it if the text is meant

        ## Remedy

        Put the text in quotes: `value: '1.10'`.
        """#),
    ErrorPage(
        "unresolved-reference",
        #"""
        # unresolved-reference

        A tag names something that is not there, or that need not have ended when it is needed: an input the template does not declare, a step or task that does not exist, a task that is not among those this one depends on.

        ## Example

        ```yaml
        - name: print
          template: say
          arguments: {parameters: [{name: text, value: "{{tasks.fetch.outputs.result}}"}]}   # print does not depend on fetch
        ```

        ## Remedy

        Correct the name (the hint lists what there is), declare the input, or add the dependency.
        """#),
    ErrorPage(
        "wrong-type",
        #"""
        # wrong-type

        A value is of another type than its field: a string where a list is expected, a number in quotes where a number is expected, and so on.

        ## Example

            pipeline.yaml:10:16: error: 'command' is the string 'sh -c', expected a list of strings [wrong-type]
               10 |       command: sh -c
                  |                ^^^^^

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
        """#),
]
