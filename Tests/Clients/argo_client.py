"""Drives a server with the client that is generated from Argo's API. Every step that fails ends it with status 1.

usage: SKIFF_SERVER=http://127.0.0.1:2746 argo_client.py
"""
import json

import argo_workflows
from argo_workflows import models
from argo_workflows.api.archived_workflow_service_api import ArchivedWorkflowServiceApi
from argo_workflows.api.cluster_workflow_template_service_api import ClusterWorkflowTemplateServiceApi
from argo_workflows.api.cron_workflow_service_api import CronWorkflowServiceApi
from argo_workflows.api.info_service_api import InfoServiceApi
from argo_workflows.api.workflow_service_api import WorkflowServiceApi
from argo_workflows.api.workflow_template_service_api import WorkflowTemplateServiceApi
from argo_workflows.exceptions import ApiException, NotFoundException

from journey import FINISHED, HOST, TOKEN, container, cron, expect, refused, template, until, workflow

configuration = argo_workflows.Configuration(host=HOST)
if TOKEN:
    configuration.api_key["BearerToken"] = f"Bearer {TOKEN}"
client = argo_workflows.ApiClient(configuration)
flows, archive, info = WorkflowServiceApi(client), ArchivedWorkflowServiceApi(client), InfoServiceApi(client)
stored, shared = WorkflowTemplateServiceApi(client), ClusterWorkflowTemplateServiceApi(client)
crons = CronWorkflowServiceApi(client)

SPACE = "default"
# As Argo's documentation of this client shows it: objects are given and taken as plain JSON.
LOOSE = {"_check_return_type": False}


def body(kind, **fields):
    return getattr(models, kind if kind.startswith("Io") else "IoArgoprojWorkflowV1alpha1" + kind)(**fields, _check_type=False)


def plain(answer):
    """As it was in the answer: the models have names of their own for the fields."""
    return client.sanitize_for_serialization(answer)


def create(value):
    return plain(flows.create_workflow(SPACE, body("WorkflowCreateRequest", workflow=value), **LOOSE))["metadata"]["name"]


def get(name):
    return plain(flows.get_workflow(SPACE, name, **LOOSE))


def phase(name):
    return get(name).get("status", {}).get("phase")


def ended(name):
    until(f"{name} ends", lambda: phase(name) in FINISHED)
    return get(name)


def lines(answer):
    """Messages of a stream, as they come."""
    for line in answer:
        line = line.strip()
        if line:
            yield json.loads(line.removeprefix(b"data: "))["result"]


def runs():
    flow = workflow("argo-", container("main", "echo one; echo two"))
    flows.lint_workflow(SPACE, body("WorkflowLintRequest", workflow=flow), **LOOSE)
    watching = flows.watch_workflows(SPACE, list_options_label_selector="made-by=client", _preload_content=False)
    name = create(flow)
    for change in lines(watching):
        run = change["object"]
        if run["metadata"]["name"] == name and run.get("status", {}).get("phase") == "Succeeded":
            break
    watching.close()
    expect("a run is created and watched to its end", True)
    logs = flows.workflow_logs(SPACE, name, log_options_container="main", _preload_content=False)
    expect("its logs are told", [line["content"] for line in lines(logs)] == ["one", "two"])
    listed = plain(flows.list_workflows(SPACE, list_options_label_selector="made-by=client", fields="metadata,items.metadata.name", **LOOSE))
    expect("it is listed", {"metadata": {"name": name}} in listed["items"], listed)
    bad = workflow("argo-", {"name": "main", "dag": {"tasks": [{"name": "a", "template": "missing"}]}})
    error = refused("a bad workflow is refused", ApiException, lambda: create(bad))
    expect("with status 400 and what is wrong", error.status == 400 and "missing" in error.body, error)
    refused("what is not there is not found", NotFoundException, lambda: get("no-such-run"))
    return name


def commands():
    name = create(workflow("argo-", {"name": "main", "suspend": {}}))

    def waits():
        return any(node["type"] == "Suspend" and node["phase"] == "Running" for node in get(name).get("status", {}).get("nodes", {}).values())

    until("it waits for a person", waits)
    flows.set_workflow(
        SPACE, name, body("WorkflowSetRequest", node_field_selector=f"displayName={name}", phase="Failed", message="no"), **LOOSE)
    run = ended(name)
    expect("a waiting node is ended", run["status"]["phase"] == "Failed", run["status"])

    name = create(workflow("argo-", container("main", "exec sleep 600")))
    until("it runs", lambda: phase(name) == "Running")
    flows.stop_workflow(SPACE, name, body("WorkflowStopRequest", name=name, message="enough"), **LOOSE)
    expect("a run is stopped", ended(name)["status"]["phase"] == "Failed")
    error = refused("and is not stopped again", ApiException, lambda: flows.stop_workflow(
        SPACE, name, body("WorkflowStopRequest", name=name), **LOOSE))
    expect("which is a conflict", error.status in (400, 409), error)
    flows.delete_workflow(SPACE, name, **LOOSE)


def repetitions():
    name = create(workflow("argo-", container("main", "exit 3")))
    expect("a run fails", ended(name)["status"]["phase"] == "Failed")
    flows.retry_workflow(SPACE, name, body("WorkflowRetryRequest", name=name), **LOOSE)
    expect("a failed run is retried", ended(name)["status"]["phase"] == "Failed")
    again = plain(flows.resubmit_workflow(SPACE, name, body("WorkflowResubmitRequest", name=name), **LOOSE))["metadata"]["name"]
    expect("a run is resubmitted under a new name", again != name, again)
    ended(again)


def templates():
    stored.create_workflow_template(
        SPACE, body("WorkflowTemplateCreateRequest", template=template("argo-greeting", "echo {{workflow.parameters.who}}")), **LOOSE)
    options = body("SubmitOpts", parameters=["who=you"], labels="submitted=yes")
    request = body("WorkflowSubmitRequest", resource_kind="workflowtemplate", resource_name="argo-greeting", submit_options=options)
    run = plain(flows.submit_workflow(SPACE, request, **LOOSE))
    expect("a template is submitted", ended(run["metadata"]["name"])["status"]["phase"] == "Succeeded")
    found = plain(stored.get_workflow_template(SPACE, "argo-greeting", **LOOSE))
    found["spec"]["arguments"]["parameters"][0]["value"] = "all"
    changed = plain(stored.update_workflow_template(
        SPACE, "argo-greeting", body("WorkflowTemplateUpdateRequest", name="argo-greeting", template=found), **LOOSE))
    expect("a template is changed", changed["spec"]["arguments"]["parameters"][0]["value"] == "all", changed)
    error = refused("a change of what is not the newest is refused", ApiException, lambda: stored.update_workflow_template(
        SPACE, "argo-greeting", body("WorkflowTemplateUpdateRequest", name="argo-greeting", template=found), **LOOSE))
    expect("with status 409", error.status == 409, error)
    names = [item["metadata"]["name"] for item in plain(stored.list_workflow_templates(SPACE, **LOOSE))["items"]]
    expect("templates are listed", "argo-greeting" in names, names)
    stored.delete_workflow_template(SPACE, "argo-greeting", **LOOSE)

    wide = template("argo-shared", "true", "ClusterWorkflowTemplate")
    shared.create_cluster_workflow_template(body("ClusterWorkflowTemplateCreateRequest", template=wide), **LOOSE)
    shared.get_cluster_workflow_template("argo-shared", **LOOSE)
    shared.delete_cluster_workflow_template("argo-shared", **LOOSE)
    expect("cluster templates are created and deleted", True)


def schedules():
    crons.create_cron_workflow(SPACE, body("CreateCronWorkflowRequest", cron_workflow=cron("argo-cron")), **LOOSE)
    suspended = plain(crons.suspend_cron_workflow(
        SPACE, "argo-cron", body("CronWorkflowSuspendRequest", name="argo-cron", namespace=SPACE), **LOOSE))
    expect("a schedule is suspended", suspended["spec"]["suspend"] is True, suspended)
    crons.resume_cron_workflow(SPACE, "argo-cron", body("CronWorkflowResumeRequest", name="argo-cron", namespace=SPACE), **LOOSE)
    names = [item["metadata"]["name"] for item in plain(crons.list_cron_workflows(SPACE, **LOOSE))["items"]]
    expect("schedules are listed", "argo-cron" in names, names)
    crons.delete_cron_workflow(SPACE, "argo-cron", **LOOSE)


def history(name):
    uid = get(name)["metadata"]["uid"]
    listed = plain(archive.list_archived_workflows(namespace=SPACE, **LOOSE))
    expect("finished runs are in the archive", uid in [item["metadata"]["uid"] for item in listed["items"]])
    expect("with their nodes", plain(archive.get_archived_workflow(uid, **LOOSE))["status"]["nodes"])
    expect("their labels are known", "made-by" in plain(archive.list_archived_workflow_label_keys(namespace=SPACE, **LOOSE))["items"])
    archive.delete_archived_workflow(uid, namespace=SPACE, **LOOSE)
    refused("a deleted run is gone", NotFoundException, lambda: archive.get_archived_workflow(uid, **LOOSE))


name = runs()
commands()
repetitions()
templates()
schedules()
history(name)
expect("the version is told", info.get_version(**LOOSE).version)
info.get_info(**LOOSE)
info.get_user_info(**LOOSE)
print("all of the generated client")
