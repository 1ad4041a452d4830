#!/usr/bin/env python3
"""Writes Sources/Language/WorkflowModel/SchemaTable.swift to standard output.

usage: generate-schema.py ARGO.tsv KUBERNETES.tsv > Sources/Language/WorkflowModel/SchemaTable.swift

Both inputs list the fields of the published API definitions, one a line, tab separated, with a header line that names the columns
type, field, datatype and required. Only types that a manifest can reach are written. What the definitions do not say (scalars that take
any type, allowed values, spellings of Argo 3.x, fields that are marked required but need not be written) is in the tables below.
"""
import csv, re, sys

KINDS = ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding",
         "ConfigMap", "Secret", "PersistentVolumeClaim"]

# Letters of the table, as Schema.swift reads them.
SCALARS = {"string": "s", "integer": "i", "integer/int32": "i", "integer/int64": "i", "number": "n", "boolean": "b", "string/byte": "6",
           "string/date-time": "t", "Time": "t", "MicroTime": "t", "IntOrString": "x", "Quantity": "q", "Item": "*", "Amount": "n",
           "FieldsV1": "*", "object": "*", "Plugin": "p", "ParallelSteps": "[WorkflowStep"}

# Types whose definitions have no fields, or that are not in the inputs.
OWN_TYPES = {
    "NoneStrategy": [], "ZipStrategy": [], "SuppliedValueFrom": [], "RetryNodeAntiAffinity": [],
    "ConfigMap": [("apiVersion", "s", ""), ("kind", "s", ""), ("metadata", "ObjectMeta", ""), ("data", "{s", ""), ("binaryData", "{6", ""),
                  ("immutable", "b", "")],
    "Secret": [("apiVersion", "s", ""), ("kind", "s", ""), ("metadata", "ObjectMeta", ""), ("data", "{6", ""), ("stringData", "{s", ""),
               ("type", "s", ""), ("immutable", "b", "")],
}

# Replaces the datatype. A status is what a cluster wrote, not what a person wrote: it is not checked.
DATATYPES = {(kind, "status"): "*" for kind in KINDS} | {
    ("Parameter", "value"): "a", ("Parameter", "default"): "a", ("Parameter", "enum"): "[a", ("Parameter", "description"): "a",
    ("ValueFrom", "default"): "a",
    # Lengths of time that nothing looks at before they are needed. Those of templates are read when the workflow is planned.
    ("PodGC", "deleteDelayDuration"): "d", ("Memoize", "maxAge"): "g", ("ContainerSetRetryStrategy", "duration"): "g",
}

# Spellings of Argo 3.x and 2.x that still work.
OLDER = {
    "Synchronization": [("mutex", "Mutex"), ("semaphore", "SemaphoreRef")],
    "CronWorkflowSpec": [("schedule", "s")],
    "WorkflowSpec": [("podPriority", "i"), ("ttlSecondsAfterFinished", "i")],
    "Template": [("priority", "i")],
}

# Marked required in the definitions, but neither Argo nor a runtime needs it written.
OPTIONAL = {
    ("Container", "image"), ("ScriptTemplate", "image"), ("ScriptTemplate", "source"), ("AzureArtifact", "container"),
    ("AzureArtifact", "endpoint"), ("Gauge", "realtime"), ("Memoize", "maxAge"), ("Data", "transformation"), ("CronWorkflowSpec", "schedules"),
    ("HTTPHeader", "value"), ("ContainerSetRetryStrategy", "retries"), ("RawArtifact", "data"), ("AzureArtifact", "blob"),
    ("GCSArtifact", "key"), ("OSSArtifact", "key"), ("PluginArtifact", "key"), ("HDFSArtifact", "path"),
} | {(kind, "metadata") for kind in KINDS}

# Allowed values: `|` between them. A leading `~` means that only Kubernetes insists on them.
VALUES = {
    ("RetryStrategy", "retryPolicy"): "Always|OnFailure|OnError|OnTransientError",
    ("PodGC", "strategy"): "OnPodCompletion|OnPodSuccess|OnWorkflowCompletion|OnWorkflowSuccess",
    ("WorkflowLevelArtifactGC", "strategy"): "OnWorkflowCompletion|OnWorkflowDeletion|Never",
    ("ArtifactGC", "strategy"): "OnWorkflowCompletion|OnWorkflowDeletion|Never",
    ("VolumeClaimGC", "strategy"): "OnWorkflowCompletion|OnWorkflowSuccess",
    ("CronWorkflowSpec", "concurrencyPolicy"): "Allow|Forbid|Replace",
    ("ResourceTemplate", "action"): "get|create|apply|delete|replace|patch",
    ("ResourceTemplate", "mergeStrategy"): "strategic|merge|json",
    ("Gauge", "operation"): "Set|Add|Sub",
    ("WorkflowSpec", "shutdown"): "Stop|Terminate",
    ("S3Artifact", "addressingStyle"): "path|virtual-hosted",
    ("WorkflowSpec", "dnsPolicy"): "~ClusterFirst|ClusterFirstWithHostNet|Default|None",
    ("*", "imagePullPolicy"): "~Always|IfNotPresent|Never",
    ("*", "terminationMessagePolicy"): "~File|FallbackToLogsOnError",
    ("*", "mountPropagation"): "~None|HostToContainer|Bidirectional",
    ("*", "recursiveReadOnly"): "~Disabled|IfPossible|Enabled",
    ("ContainerPort", "protocol"): "~TCP|UDP|SCTP",
    ("HTTPGetAction", "scheme"): "~HTTP|HTTPS",
    ("Toleration", "operator"): "~Exists|Equal",
    ("Toleration", "effect"): "~NoSchedule|PreferNoSchedule|NoExecute",
    ("NodeSelectorRequirement", "operator"): "~In|NotIn|Exists|DoesNotExist|Gt|Lt",
    ("LabelSelectorRequirement", "operator"): "~In|NotIn|Exists|DoesNotExist",
    ("HostPathVolumeSource", "type"): "~DirectoryOrCreate|Directory|FileOrCreate|File|Socket|CharDevice|BlockDevice",
    ("PersistentVolumeClaimSpec", "accessModes"): "~ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod",
    ("PersistentVolumeClaimSpec", "volumeMode"): "~Filesystem|Block",
    ("SeccompProfile", "type"): "~RuntimeDefault|Unconfined|Localhost",
    ("PodSecurityContext", "fsGroupChangePolicy"): "~OnRootMismatch|Always",
}

# Types of Kubernetes whose names Argo uses for something else.
RENAMED = {"HTTPHeader": "HTTPGetHeader", "Event": None}


def read(path):
    types = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["field"] != "(value)":
                types.setdefault(row["type"], []).append((row["field"], row["datatype"], "!" if row["required"] else ""))
    return types


def merged(argo, kubernetes):
    types = dict(argo)
    for name, fields in kubernetes.items():
        if name in argo:
            name = RENAMED[name]
        if name:
            types[name] = [(field, re.sub(r"\w+", lambda word: RENAMED.get(word[0], word[0]), datatype), required)
                           for field, datatype, required in fields]
    types.update(OWN_TYPES)
    for name, fields in OLDER.items():
        types[name] = types[name] + [(field, datatype, "") for field, datatype in fields]
    return types


def code(name, field, datatype):
    datatype = DATATYPES.get((name, field), datatype)
    prefix = ""
    while datatype.startswith("[") and datatype.endswith("]"):
        prefix, datatype = prefix + "[", datatype[1:-1]
    if datatype.startswith("{") and datatype.endswith("}"):
        prefix, datatype = prefix + "{", datatype[1:-1].split(":", 1)[1]
    values = VALUES.get((name, field), VALUES.get(("*", field), ""))
    return prefix + SCALARS.get(datatype, datatype) + (f"({values})" if values else "")


def main(argo_path, kubernetes_path):
    types = merged(read(argo_path), read(kubernetes_path))
    lines, queue, seen = [], list(KINDS), set(KINDS)
    while queue:
        name = queue.pop(0)
        cells = [name]
        for field, datatype, required in sorted(types[name]):
            mark = "" if (name, field) in OPTIONAL else required
            kind = code(name, field, datatype)
            cells.append(f"{field}{mark}:{kind}")
            target = kind.split("(")[0].lstrip("[{")
            if len(target) > 1 and target not in seen:
                if target not in types:
                    sys.exit(f"{name}.{field}: unknown type {target}")
                seen.add(target)
                queue.append(target)
        lines.append(" ".join(cells))
    print("// Written by scripts/generate-schema.py; change the script, not this file.\n")
    print("/// One object type a line: its name, then `field:type` for each field, `field!:type` for one that must be written.")
    print("/// `Schema.swift` says what the letters mean.")
    print('let schemaTable: StaticString = #"""')
    print("\n".join(sorted(lines)))
    print('"""#')


main(*sys.argv[1:])
