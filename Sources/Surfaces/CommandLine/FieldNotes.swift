import WorkflowModel

/// What Argo's own fields mean, in a line each, for the hover text of editors. Fields of Kubernetes have none.
struct FieldNotes {
    private let meanings: [String: String]
    private let successors: [String: String]

    init() {
        let lines = fieldNoteTable.description.split(separator: "\n")
        var meanings: [String: String] = [:]
        for line in lines {
            guard let blank = line.firstIndex(of: " ") else { continue }
            meanings[String(line[..<blank])] = String(line[blank...].dropFirst())
        }
        self.meanings = meanings
        self.successors = OlderSpelling.successors
    }

    /// - Parameter name: a type (`DAGTask`) or one of its fields (`DAGTask.depends`).
    func meaning(of name: String) -> String? { self.meanings[name] }

    /// What to write instead of an old field; nil for a field that is not old.
    func successor(of name: String) -> String? { self.successors[name] }

    /// All names that something is said of.
    var names: [String] { self.meanings.keys.sorted() }
}

/// A line each: the type, or the type and the field, and what it means.
private let fieldNoteTable: StaticString = """
    Workflow One run: its templates, and the one to start from.
    WorkflowTemplate Templates that Workflows of the same namespace refer to, or a whole Workflow that runs again and again.
    ClusterWorkflowTemplate Templates that Workflows of every namespace refer to.
    CronWorkflow A Workflow that is started on a schedule.
    WorkflowEventBinding Starts a workflow when an event comes in over the API.
    WorkflowSpec.templates What the workflow is made of; each is called by its name.
    WorkflowSpec.entrypoint The template to start from.
    WorkflowSpec.arguments Parameters and artifacts of the whole workflow: {{workflow.parameters.NAME}}.
    WorkflowSpec.serviceAccountName The identity of the pods in a cluster.
    WorkflowSpec.volumes Volumes that every template may mount.
    WorkflowSpec.volumeClaimTemplates Volumes that are made when the workflow starts and shared by its steps.
    WorkflowSpec.volumeClaimGC When the volumes made for the workflow are removed.
    WorkflowSpec.parallelism How many pods of the workflow run at once, at most.
    WorkflowSpec.artifactRepositoryRef Where artifacts are kept: a ConfigMap and a key in it.
    WorkflowSpec.suspend Start nothing new until the workflow is resumed.
    WorkflowSpec.onExit The template to run when everything else has ended, however it ended.
    WorkflowSpec.hooks Templates to run when something happens to the workflow; 'exit' is the exit handler.
    WorkflowSpec.ttlStrategy When the finished workflow is deleted.
    WorkflowSpec.activeDeadlineSeconds How long the workflow may take, in seconds.
    WorkflowSpec.priority Which of several waiting workflows starts first: the higher one.
    WorkflowSpec.podGC When finished pods are deleted.
    WorkflowSpec.podSpecPatch A patch of every pod, as YAML or JSON text; tags are replaced in it.
    WorkflowSpec.podMetadata Labels and annotations of every pod.
    WorkflowSpec.metrics Metrics of the whole workflow.
    WorkflowSpec.shutdown Set by stop and terminate.
    WorkflowSpec.workflowTemplateRef Run this stored template; its spec is merged under this one.
    WorkflowSpec.synchronization Locks that are held for the whole run.
    WorkflowSpec.retryStrategy How templates are retried that do not say so themselves.
    WorkflowSpec.templateDefaults What every template has that does not say otherwise.
    WorkflowSpec.archiveLogs Keep the logs of the main containers as artifacts.
    WorkflowSpec.artifactGC When artifacts are deleted.
    WorkflowSpec.workflowMetadata Labels and annotations that the workflow is given when it starts.
    WorkflowSpec.nodeSelector Labels of the nodes that pods may run on.
    WorkflowSpec.imagePullSecrets Secrets for pulling images.
    WorkflowSpec.securityContext Who the pods run as.
    WorkflowSpec.podDisruptionBudget Keeps pods from being evicted while the workflow runs.
    Template One thing that can be done. It has exactly one of container, script, steps, dag, resource, suspend, http, data, containerSet and plugin.
    Template.name What steps, tasks and the entrypoint call it by: letters, digits and '-'.
    Template.inputs The parameters and artifacts it is called with: {{inputs.parameters.NAME}}.
    Template.outputs The parameters and artifacts it leaves behind.
    Template.container Run a container.
    Template.script Run a container with a script in it.
    Template.resource Create, change or watch an object of Kubernetes.
    Template.steps Groups of steps: one group after the other, the steps of a group side by side.
    Template.dag Tasks that wait for each other.
    Template.suspend Wait for a while, or until somebody resumes the workflow.
    Template.data List and transform the files of an artifact store.
    Template.containerSet Several containers in one pod.
    Template.http One HTTP request.
    Template.plugin Whatever the executor plugin of that name does.
    Template.daemon Go on as soon as the container is ready; it ends with the steps or the dag that called it.
    Template.retryStrategy When and how often it is tried again.
    Template.timeout How long it may take from the start of the node, waiting included: 30s, 5m, 1h30m.
    Template.pendingTimeout How long its pod may wait to start: 5m.
    Template.activeDeadlineSeconds How long its pod may run, in seconds.
    Template.parallelism Of steps and dag: how many children run at once, at most.
    Template.failFast Of steps and dag: start nothing new once a child has failed.
    Template.synchronization Locks that are held while it runs.
    Template.memoize Take the outputs of an earlier run with the same key.
    Template.metrics Metrics of each run of the template.
    Template.initContainers Containers that run before the main one.
    Template.sidecars Containers that run beside the main one and end with it.
    Template.volumes Volumes of this template alone.
    Template.archiveLocation Where its artifacts and logs are kept.
    Template.metadata Labels and annotations of its pods.
    Template.annotations Annotations of the template; workflows.argoproj.io/display-name is what its nodes are called.
    Template.podSpecPatch A patch of its pod, as YAML or JSON text.
    WorkflowStep.name What the other steps refer to: {{steps.NAME.outputs.result}}. Unique in the template.
    WorkflowStep.template The template to run.
    WorkflowStep.templateRef A template of a WorkflowTemplate.
    WorkflowStep.inline A template written right here.
    WorkflowStep.arguments What the template is given.
    WorkflowStep.withItems Run once for each item: {{item}}.
    WorkflowStep.withParam Run once for each item of a JSON list that an earlier step made.
    WorkflowStep.withSequence Run once for each number of a sequence.
    WorkflowStep.when Run only if this holds: "{{steps.flip.outputs.result}} == heads".
    WorkflowStep.continueOn Go on although this step failed or had an error.
    WorkflowStep.onExit The template to run when this step has ended; hooks.exit is the newer way.
    WorkflowStep.hooks Templates to run when something happens to this step.
    DAGTask.name What the other tasks refer to: {{tasks.NAME.outputs.result}}.
    DAGTask.template The template to run.
    DAGTask.templateRef A template of a WorkflowTemplate.
    DAGTask.inline A template written right here.
    DAGTask.arguments What the template is given.
    DAGTask.dependencies Tasks that must have ended well before.
    DAGTask.depends When to start: "fetch && (build.Succeeded || build.Skipped)".
    DAGTask.withItems Run once for each item: {{item}}.
    DAGTask.withParam Run once for each item of a JSON list that an earlier task made.
    DAGTask.withSequence Run once for each number of a sequence.
    DAGTask.when Run only if this holds.
    DAGTask.continueOn Let tasks that depend on this one run although it failed or had an error.
    DAGTask.onExit The template to run when this task has ended; hooks.exit is the newer way.
    DAGTask.hooks Templates to run when something happens to this task.
    DAGTemplate.tasks The tasks, in any order.
    DAGTemplate.target Only these tasks, and what they depend on.
    DAGTemplate.failFast Start no more tasks once one has failed (default true).
    LifecycleHook.template The template to run.
    LifecycleHook.templateRef A template of a WorkflowTemplate.
    LifecycleHook.arguments What the template is given.
    LifecycleHook.expression When to run: an expression that gives true. Every hook but 'exit' needs one.
    TemplateRef.name The WorkflowTemplate.
    TemplateRef.template The template in it.
    TemplateRef.clusterScope It is a ClusterWorkflowTemplate.
    WorkflowTemplateRef.name The WorkflowTemplate.
    WorkflowTemplateRef.clusterScope It is a ClusterWorkflowTemplate.
    Sequence.start The first number (default 0).
    Sequence.end The last number; either this or count.
    Sequence.count How many numbers; either this or end.
    Sequence.format How a number is written, as printf does: "host-%02d".
    Parameter.name Letters, digits, '-' and '_'.
    Parameter.value The value. Of an input it is a default, too.
    Parameter.default Taken when nobody gives a value.
    Parameter.valueFrom Where the value comes from.
    Parameter.enum The only values that may be given.
    Parameter.globalName The output is also {{workflow.outputs.parameters.GLOBALNAME}}.
    Parameter.description For people.
    ValueFrom.path Of containers and scripts: the file whose content is the value.
    ValueFrom.jsonPath Of resources: a JSON path into the object.
    ValueFrom.jqFilter Of resources: a jq program on the object.
    ValueFrom.parameter Of steps and dag: another output, "{{steps.NAME.outputs.parameters.NAME}}".
    ValueFrom.expression Of steps and dag: an expression.
    ValueFrom.supplied Given by a person, while the node is suspended.
    ValueFrom.configMapKeyRef A key of a ConfigMap.
    ValueFrom.event Of event bindings: an expression on the event.
    ValueFrom.default Taken when there is no value.
    Artifact.name Letters, digits, '-' and '_'.
    Artifact.path Where the file or directory is in the container.
    Artifact.mode Permissions of the file, such as 0755.
    Artifact.recurseMode Set the permissions on everything below, too.
    Artifact.from Another artifact: "{{steps.NAME.outputs.artifacts.NAME}}".
    Artifact.fromExpression An expression that gives another artifact.
    Artifact.archive How it is packed: none, tar or zip.
    Artifact.optional It may be missing.
    Artifact.subPath A path inside the artifact that it is taken from.
    Artifact.globalName The output is also {{workflow.outputs.artifacts.GLOBALNAME}}.
    Artifact.raw The content itself.
    ScriptTemplate.source The script; it is run with 'command', its output is {{steps.NAME.outputs.result}}.
    SuspendTemplate.duration How long to wait; without it, until somebody resumes the workflow.
    ResourceTemplate.action What to do with the object.
    ResourceTemplate.manifest The object, as YAML text.
    ResourceTemplate.successCondition When it has succeeded: status.phase == Succeeded.
    ResourceTemplate.failureCondition When it has failed: status.failed > 3.
    RetryStrategy.limit How many times to try again; without it, without end.
    RetryStrategy.retryPolicy What to retry (default OnFailure, with an expression Always).
    RetryStrategy.backoff How long to wait between tries.
    RetryStrategy.expression Retry only if this holds: "lastRetry.exitCode == '137'".
    RetryStrategy.affinity Try again on another node.
    Backoff.duration The first wait: 10s.
    Backoff.factor Each wait is so many times the one before.
    Backoff.cap The longest wait.
    Backoff.maxDuration Give up when so much time has passed since the first try.
    Synchronization.mutexes Locks that one holder has at a time.
    Synchronization.semaphores Locks that a number of holders have at a time; the number is in a ConfigMap.
    Mutex.name What the lock is called.
    Memoize.key The same key is the same result.
    Memoize.cache The ConfigMap that remembers.
    Memoize.maxAge Results older than this are forgotten: 24h.
    TTLStrategy.secondsAfterCompletion Delete so many seconds after the end.
    TTLStrategy.secondsAfterSuccess Delete so many seconds after success.
    TTLStrategy.secondsAfterFailure Delete so many seconds after failure.
    ContinueOn.error Go on after an error.
    ContinueOn.failed Go on after a failure.
    CronWorkflowSpec.workflowSpec The workflow to start.
    CronWorkflowSpec.workflowMetadata Labels and annotations of the workflows that are started.
    CronWorkflowSpec.schedules When: "0 3 * * *", "@hourly", "@every 30m"; each on its own.
    CronWorkflowSpec.timezone The time zone of the schedules: Europe/Berlin.
    CronWorkflowSpec.concurrencyPolicy What to do when the last workflow still runs: start anyway, skip, or replace it.
    CronWorkflowSpec.startingDeadlineSeconds How late a missed start may still happen.
    CronWorkflowSpec.suspend Start nothing for now.
    CronWorkflowSpec.successfulJobsHistoryLimit How many workflows that succeeded are kept (default 3).
    CronWorkflowSpec.failedJobsHistoryLimit How many workflows that failed are kept (default 1).
    CronWorkflowSpec.when Start only if this holds.
    CronWorkflowSpec.stopStrategy When to stop for good.
    Prometheus.name Letters, digits and '_'.
    Prometheus.help What the metric counts, for people.
    Prometheus.when Only if this holds.
    Inputs.parameters Texts.
    Inputs.artifacts Files and directories.
    Outputs.parameters Texts.
    Outputs.artifacts Files and directories.
    Arguments.parameters Texts.
    Arguments.artifacts Files and directories.
    """
