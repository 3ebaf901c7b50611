# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Job files, made of what a scenario says about its allocations."""

import json

# The image that data/examples/hello-docker.yaml names: busybox.
IMAGE = "localhost/dms-hello:latest"
# A volume of this name is mounted into jobs that wait; a file in it lets them go.
GATE = "gate"
LOCATION = ("continent", "country", "city")
MEMBERS = ("cores", "memory", "disk")
WAIT = f"until [ -e /{GATE}/open ]; do sleep 0.1; done"


class Allocation:
    def __init__(self, name, kind, script, cores=0.25, memory="64MiB", disk="64MiB", **more):
        self.name = name
        self.kind = kind
        self.script = script
        self.resources = {"cpu": {"cores": float(cores)}, "ram": {"size": memory}, "disk": {"size": disk}}
        self.volumes = []
        self.more = more

    def document(self, executor):
        execution = {"type": executor, "cmd": ["/bin/sh", "-c", self.script]}
        if executor == "docker":
            execution["image"] = IMAGE
        execution.update(self.more.get("execution", {}))
        document = {"executor": executor, "type": self.kind, "resources": self.resources, "execution": execution}
        if self.volumes:
            document["volumes"] = self.volumes
        document.update({key: value for key, value in self.more.items() if key != "execution"})
        return document


class Job:
    """An ensemble that is being described; JSON is YAML too."""

    def __init__(self, executor="process"):
        self.executor = executor
        self.allocations = {}
        self.nodes = {}
        self.top = {}

    def add(self, node, allocation):
        assert allocation.name not in self.allocations, f"there are two allocations {allocation.name}"
        self.allocations[allocation.name] = allocation
        self.nodes.setdefault(node, {"allocations": []})["allocations"].append(allocation.name)
        return allocation

    def wait_for_gate(self):
        """Lets every allocation do its work and then wait, so that it can be looked at while it runs."""
        for allocation in self.allocations.values():
            allocation.script += f"\n{WAIT}"
            allocation.volumes.append({"type": "local", "name": GATE, "src": GATE, "mount_destination": f"/{GATE}"})

    def text(self):
        document = {"version": "V1", **self.top,
                    "allocations": {name: item.document(self.executor) for name, item in self.allocations.items()},
                    "nodes": self.nodes}
        return json.dumps(document, indent=2)


def location_of(text):
    return dict(zip(LOCATION, text.strip().split("/")))


def add_row(stage, job, row):
    """One line of a table of allocations; what it does not say is as small as can be."""
    more = {key: row[key] for key in MEMBERS if row.get(key)}
    node = row.get("node") or "here"
    allocation = job.add(node, Allocation(row["name"], row.get("type") or "task", row["runs"], **more))
    if row.get("recovery"):
        allocation.more["failure_recovery"] = row["recovery"]
    if row.get("volume"):
        add_volume(allocation, row["volume"])
    if row.get("peer"):
        job.nodes[node]["peer"] = stage.peer(row["peer"])
    if row.get("requires"):
        job.nodes[node]["requires"] = json.loads(row["requires"])
    if row.get("in"):
        job.nodes[node]["location"] = {"accept": [location_of(text) for text in row["in"].split("+")]}
    return allocation


def add_volume(allocation, source):
    name = source.strip("/").replace("/", "-")
    allocation.volumes.append({"type": "local", "name": name, "src": source, "mount_destination": f"/{name}"})
