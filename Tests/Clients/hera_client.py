"""Drives a server with Hera, as people's scripts do. Every step that fails ends it with status 1.

usage: SKIFF_SERVER=http://127.0.0.1:2746 hera_client.py
"""
import json

from hera.exceptions import BadRequest, NotFound
from hera.workflows import DAG, Container, Parameter, Script, Workflow, WorkflowsService, WorkflowTemplate
from hera.workflows import models as m

from journey import FINISHED, HOST, TOKEN, container, cron, expect, raw, refused, template, until, workflow

service = WorkflowsService(host=HOST, token=TOKEN, namespace="default", verify_ssl=False)


def model(kind, value):
    return kind.model_validate(value)


def create(value):
    return service.create_workflow(m.WorkflowCreateRequest(workflow=model(m.Workflow, value)))


def ended(name):
    def question():
        found = service.get_workflow(name)
        return found if found.status and found.status.phase in FINISHED else None

    return until(f"{name} ends", question)


def runs():
    with Workflow(generate_name="hera-", namespace="default", entrypoint="main", workflows_service=service, arguments={"who": "world"}) as flow:
        hello = Script(
            name="hello", image="python:3.12", inputs=[Parameter(name="who")], command=["python3"],
            source="print('hello {{inputs.parameters.who}}')")
        with DAG(name="main"):
            first = hello(name="first", arguments={"who": "{{workflow.parameters.who}}"})
            second = hello(name="second", arguments={"who": "{{tasks.first.outputs.result}}"})
            first >> second
    flow.lint()
    expect("a workflow written in Python is linted", True)
    made = flow.create(wait=True, poll_interval=1)
    expect("a workflow written in Python is created and succeeds", made.status.phase == "Succeeded", made.status)
    nodes = {node.display_name: node for node in made.status.nodes.values()}
    expect("outputs are told", nodes["first"].outputs.result == "hello world", nodes["first"].outputs)
    expect("and passed on", nodes["second"].inputs.parameters[0].value == "hello world", nodes["second"].inputs)

    bad = workflow("hera-", {"name": "main", "steps": [[{"name": "a", "template": "missing"}]]})
    error = refused("a bad workflow is refused by lint", BadRequest,
                    lambda: service.lint_workflow(m.WorkflowLintRequest(workflow=model(m.Workflow, bad))))
    expect("the refusal says what is wrong", "missing" in str(error), error)
    refused("a bad workflow is refused by create", BadRequest, lambda: create(bad))

    names = [item.metadata.name for item in service.list_workflows(label_selector="workflows.argoproj.io/phase=Succeeded").items]
    expect("runs are listed by label", made.metadata.name in names, names)
    page = service.list_workflows(limit="1")
    expect("lists come in pages", len(page.items) == 1)
    content = [json.loads(line)["result"]["content"] for line in raw(f"/api/v1/workflows/default/{made.metadata.name}/log")]
    expect("logs come line by line", content == ["hello world", "hello hello world"], content)
    return made


def commands():
    waiting = {"name": "main", "suspend": {}}
    name = create(workflow("hera-", waiting)).metadata.name

    def is_waiting():
        status = service.get_workflow(name).status
        return status and any(node.type == "Suspend" and node.phase == "Running" for node in (status.nodes or {}).values())

    until("it waits for a person", is_waiting)
    service.resume_workflow(name, m.WorkflowResumeRequest(name=name))
    expect("a waiting run is resumed", ended(name).status.phase == "Succeeded")

    name = create(workflow("hera-", container("main", "exec sleep 600"))).metadata.name
    until("it runs", lambda: (service.get_workflow(name).status or m.WorkflowStatus()).phase == "Running")
    service.suspend_workflow(name, m.WorkflowSuspendRequest(name=name))
    until("a run is suspended", lambda: service.get_workflow(name).spec.suspend)
    service.stop_workflow(name, m.WorkflowStopRequest(name=name, message="enough"))
    expect("a run is stopped", ended(name).status.phase == "Failed")

    name = create(workflow("hera-", container("main", "exec sleep 600"))).metadata.name
    until("it runs", lambda: (service.get_workflow(name).status or m.WorkflowStatus()).phase == "Running")
    service.terminate_workflow(name, m.WorkflowTerminateRequest(name=name))
    expect("a run is terminated", ended(name).status.phase == "Failed")
    service.delete_workflow(name)
    refused("a deleted run is gone", NotFound, lambda: service.get_workflow(name))


def repetitions():
    once = "test -e /tmp/never || exit 3"
    name = create(workflow("hera-", container("main", once))).metadata.name
    expect("a run fails", ended(name).status.phase == "Failed")
    service.retry_workflow(name, m.WorkflowRetryRequest(name=name))
    expect("a failed run is retried", ended(name).status.phase == "Failed")
    again = service.resubmit_workflow(name, m.WorkflowResubmitRequest(name=name))
    expect("a run is resubmitted under a new name", again.metadata.name != name, again.metadata.name)
    ended(again.metadata.name)


def templates():
    greeting = template("hera-greeting", "echo hello {{workflow.parameters.who}}")
    made = service.create_workflow_template(m.WorkflowTemplateCreateRequest(template=model(m.WorkflowTemplate, greeting)))
    expect("a template is created", made.metadata.resource_version, made.metadata)
    run = service.submit_workflow(
        m.WorkflowSubmitRequest(
            resource_kind="WorkflowTemplate", resource_name="hera-greeting",
            submit_options=m.SubmitOpts(parameters=["who=you"], labels="submitted=yes")))
    expect("a template is submitted", run.metadata.name.startswith("hera-greeting-"), run.metadata.name)
    expect("with labels", ended(run.metadata.name).metadata.labels["submitted"] == "yes")

    with WorkflowTemplate(name="hera-updated", namespace="default", entrypoint="main", workflows_service=service) as flow:
        Container(name="main", image="busybox", command=["true"])
    flow.create()
    flow.update()
    expect("a template is updated", True)
    names = [item.metadata.name for item in service.list_workflow_templates().items]
    expect("templates are listed", {"hera-greeting", "hera-updated"} <= set(names), names)
    for name in ("hera-greeting", "hera-updated"):
        service.delete_workflow_template(name)
    refused("a deleted template is gone", NotFound, lambda: service.get_workflow_template("hera-greeting"))

    shared = model(m.ClusterWorkflowTemplate, template("hera-shared", "true", "ClusterWorkflowTemplate"))
    service.create_cluster_workflow_template(m.ClusterWorkflowTemplateCreateRequest(template=shared))
    shared = service.get_cluster_workflow_template("hera-shared")
    service.update_cluster_workflow_template("hera-shared", m.ClusterWorkflowTemplateUpdateRequest(template=shared))
    expect("cluster templates are listed", len(service.list_cluster_workflow_templates().items) >= 1)
    service.delete_cluster_workflow_template("hera-shared")


def schedules():
    body = model(m.CronWorkflow, cron("hera-cron"))
    service.lint_cron_workflow(m.LintCronWorkflowRequest(cron_workflow=body))
    service.create_cron_workflow(m.CreateCronWorkflowRequest(cron_workflow=body))
    stored = service.get_cron_workflow("hera-cron")
    stored.spec.schedules = ["0 5 29 2 *"]
    changed = service.update_cron_workflow("hera-cron", m.UpdateCronWorkflowRequest(cron_workflow=stored))
    expect("a schedule is changed", changed.spec.schedules == ["0 5 29 2 *"], changed.spec.schedules)
    suspended = service.suspend_cron_workflow("hera-cron", m.CronWorkflowSuspendRequest(name="hera-cron"))
    expect("a schedule is suspended", suspended.spec.suspend is True)
    resumed = service.resume_cron_workflow("hera-cron", m.CronWorkflowResumeRequest(name="hera-cron"))
    expect("a schedule is resumed", not resumed.spec.suspend)
    expect("schedules are listed", len(service.list_cron_workflows().items) >= 1)
    service.delete_cron_workflow("hera-cron")


def archive(made):
    listed = service.list_archived_workflows(namespace="default")
    expect("finished runs are in the archive", made.metadata.uid in [item.metadata.uid for item in listed.items])
    expect("with all their nodes", service.get_archived_workflow(made.metadata.uid).status.nodes)
    keys = service.list_archived_workflow_label_keys(namespace="default").items
    expect("their labels are known", "made-by" in keys, keys)
    values = service.list_archived_workflow_label_values(label_selector="made-by", namespace="default").items
    expect("and the values", values == ["client"], values)
    again = service.resubmit_archived_workflow(
        made.metadata.uid, m.ResubmitArchivedWorkflowRequest(name=made.metadata.name, namespace="default", uid=made.metadata.uid))
    expect("an archived run is resubmitted", ended(again.metadata.name).status.phase == "Succeeded")
    service.delete_archived_workflow(again.metadata.uid, namespace="default")
    refused("an archived run is deleted", NotFound, lambda: service.get_archived_workflow(again.metadata.uid, namespace="default"))


def limits_and_information():
    # This client answers with an empty object whatever the server says, so the server is asked for what it took.
    def limit():
        return json.load(raw("/api/v1/sync/default/pool?type=CONFIGMAP&cmName=hera-limits"))["limit"]

    service.create_sync_limit(m.CreateSyncLimitRequest(key="pool", type=m.SyncConfigType.configmap, cm_name="hera-limits", limit=2))
    expect("a limit of a lock is made", limit() == 2)
    service.update_sync_limit("pool", m.UpdateSyncLimitRequest(type=m.SyncConfigType.configmap, cm_name="hera-limits", limit=3))
    expect("a limit of a lock is changed", limit() == 3)
    service.delete_sync_limit("pool", type_="CONFIGMAP", cm_name="hera-limits")
    expect("the version is told", service.get_version().version)
    service.get_info()
    service.get_user_info()


made = runs()
commands()
repetitions()
templates()
schedules()
archive(made)
limits_and_information()
print("all of Hera")
