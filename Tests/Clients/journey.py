"""What both client programs do alike: wait for ends, tell what went right, and stop at what went wrong."""
import os
import sys
import time
import urllib.request

HOST = os.environ.get("SKIFF_SERVER", "http://127.0.0.1:2746")
TOKEN = os.environ.get("SKIFF_TOKEN")
FINISHED = ("Succeeded", "Failed", "Error")
PATIENCE_IN_SECONDS = 60


def until(what, question):
    """Asks until the answer is true; what it was then."""
    end = time.monotonic() + PATIENCE_IN_SECONDS
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    sys.exit(f"not in {PATIENCE_IN_SECONDS} s: {what}")


def expect(what, is_so, seen=""):
    if not is_so:
        sys.exit(f"not so: {what}: {seen}")
    print(f"ok: {what}", flush=True)


def refused(what, error_type, call):
    """The call must fail with that error."""
    try:
        call()
    except error_type as error:
        print(f"ok: {what}", flush=True)
        return error
    sys.exit(f"not refused: {what}")


def raw(path):
    """A body as it comes, for streams that a client would read to their end."""
    request = urllib.request.Request(HOST + path)
    if TOKEN:
        request.add_header("Authorization", TOKEN if " " in TOKEN else f"Bearer {TOKEN}")
    return urllib.request.urlopen(request, timeout=PATIENCE_IN_SECONDS)


def container(name, script):
    return {"name": name, "container": {"image": "busybox", "command": ["sh", "-c"], "args": [script]}}


def workflow(prefix, *templates, **spec):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": prefix, "labels": {"made-by": "client"}},
        "spec": {"entrypoint": templates[0]["name"], "templates": list(templates), **spec},
    }


def template(name, script, kind="WorkflowTemplate"):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "who", "value": "world"}]},
            "templates": [container("main", script)],
        },
    }


def cron(name):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": name},
        "spec": {"schedules": ["0 4 29 2 *"], "workflowSpec": {"entrypoint": "main", "templates": [container("main", "true")]}},
    }
