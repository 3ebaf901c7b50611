# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""One deployment of a scenario: who made it, and what can be seen of it, with its owner and with those who run it."""

import contextlib
import fcntl
import json
import time
from pathlib import Path

import engines
from node import PATIENCE
from stage import FINAL, wait

ON_THE_WAY = ("Preparing", "Generating", "Committing", "Provisioning")


def events_of(node):
    """What a daemon has logged, one object an event."""
    path = node.work_dir / "logs" / "nunet-dms-logs.jsonl"
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    # The last line may be in the making.
    return [json.loads(line) for line in lines if line.endswith("}")]


def running_jobs(node):
    """The state directories of the sandboxed jobs that live on a machine."""
    found = []
    for path in (node.work_dir / "jobs").rglob("status.json"):
        with contextlib.suppress(OSError, ValueError), open(path.parent / "lock", "rb") as lock:
            status = json.loads(path.read_text())
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if status["phase"] == "running":
                    found.append(path.parent)
    return found


class Deployment:
    def __init__(self, stage, owner, job_file):
        self.stage = stage
        self.owner = owner
        self.node = stage.node(owner)
        self.job = json.loads(job_file.read_text()) if job_file.suffix == ".json" else None
        self.id = self.node.deploy(job_file)
        stage.deployments.append(self)

    def status(self):
        return self.node.status(self.id)

    def expect(self, *wanted, timeout=60):
        """Waits for a state; another end than the wanted is a failure at once."""
        seen = {}

        def reached():
            seen.update(self.status())
            assert seen["status"] in wanted or seen["status"] not in FINAL, f"wanted {wanted}, got {seen}"
            return seen["status"] in wanted

        wait(reached, timeout, lambda: f"wanted {wanted} within {timeout * PATIENCE:g} s, got {seen}")
        return seen

    def manifest(self):
        reply = self.node.actor("/dms/node/deployment/manifest", "-i", self.id)
        assert not reply.get("error"), reply
        return reply["manifest"]

    def hosts(self):
        """Whose machine each node of the ensemble runs on."""
        return {name: self.stage.name_of(node["peer"]) for name, node in self.manifest()["nodes"].items()}

    def key(self, name):
        """The key of an allocation, `node.name`, from its plain name too."""
        keys = list(self.manifest()["allocations"])
        return next(key for key in keys if name in (key, key.split(".")[-1]))

    def provider_of(self, name):
        return self.hosts()[self.key(name).split(".")[0]]

    def information(self, name):
        return self.status()["allocation_info"][f"{self.id}_{self.key(name)}"]

    def shut_down(self):
        return self.node.actor("/dms/node/deployment/shutdown", "-i", self.id, "-t", "60s")

    # What it printed.

    def logs(self, name, stream="stdout"):
        """What has been fetched already."""
        path = self.node.work_dir / "deployments" / self.id / self.key(name) / f"{stream}.log"
        return path.read_text() if path.exists() else ""

    def fetch_logs(self, name, stream="stdout"):
        """What the allocation has printed up to now."""
        reply = self.node.actor("/dms/node/deployment/logs", "-i", self.id, "-a", self.key(name), "-t", "60s")
        # Nothing printed yet is an error of the field's.
        if reply["Error"]:
            assert "are empty" in reply["Error"], reply
            return ""
        return (Path(reply["LogsWrittenTo"]) / f"{stream}.log").read_text()

    # What providers know of it.

    def events(self, provider):
        return [event for event in events_of(self.stage.node(provider)) if event.get("orchestratorID") == self.id]

    def held_by(self, provider):
        return [item for item in self.stage.allocations(provider) if item["id"].startswith(self.id + "_")]

    def providers(self):
        return [name.capitalize() for name, node in self.stage.running().items() if self.stage.is_onboarded(node)]

    def executions(self, provider):
        """The jobs of it that really run on a machine: processes that live, containers of the engine."""
        return self.processes(provider) + self.containers()

    def processes(self, provider):
        """The sandboxes of it that live: the shim holds the lock of each as long as the job lasts."""
        return [path for path in running_jobs(self.stage.node(provider)) if self.id in str(path)]

    def containers(self):
        socket = self.stage.engine_socket
        if socket is None:
            return []
        status, body = engines.api(socket, "GET", "/containers/json?all=1")
        assert status == 200, body
        return [item["Id"] for item in json.loads(body) if self.id in json.dumps(item["Labels"])]

    # What must hold while it runs, and after it.

    def expect_held(self):
        """What a machine could not be told to take back, since its way was not open yet, it is told a little later."""
        deadline = time.monotonic() + 20 * PATIENCE
        while True:
            try:
                self.expect_held_now()
                return
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def expect_held_now(self):
        """Status, manifest, lists, executions and numbers agree with each other and with the job."""
        status = self.status()
        assert status["status"] == "Running" and status["error"] == "", status
        manifest = self.manifest()
        self.expect_complete(manifest)
        hosts = self.hosts()
        for provider in self.providers():
            keys = [key for key, item in manifest["allocations"].items() if hosts[item["node_id"]] == provider]
            self.expect_provider_holds(provider, keys, status["allocation_info"])

    def expect_complete(self, manifest):
        assert manifest["id"] == self.id and manifest["orchestrator"]["did"]["uri"], manifest
        assert set(manifest["nodes"]) == set(self.job["nodes"]), manifest
        for name, node in manifest["nodes"].items():
            assert node["peer"] and node["handle"]["did"]["uri"], node
            wanted = {f"{name}.{allocation}" for allocation in self.job["nodes"][name]["allocations"]}
            assert set(node["allocations"]) == wanted, node
        for key, item in manifest["allocations"].items():
            config = self.job["allocations"][key.split(".")[1]]
            assert item["id"] == f"{self.id}_{key}" and item["node_id"] == key.split(".")[0], item
            assert item["type"] == config["type"] and item["handle"]["did"]["uri"], item
            assert item["dns_name"] == f"{key.split('.')[1]}.internal", item
            assert item["status"] == "running", item

    def expect_provider_holds(self, provider, keys, information):
        ids = sorted(f"{self.id}_{key}" for key in keys)
        held = self.stage.allocations(provider)
        assert sorted(item["id"] for item in held) == ids, f"{provider} lists {held}, not {ids}"
        assert all(item["status"] == "running" and item["execution_id"] for item in held), held
        sums = [0, 0, 0]
        for key in keys:
            asked = information[f"{self.id}_{key}"]["resource_limit"]
            self.expect_as_asked(key, asked)
            sums = [a + b for a, b in zip(sums, (asked["cpu"]["cores"], asked["ram"]["size"], asked["disk"]["size"]))]
        allocated, free, onboarded = (self.stage.numbers(provider, which)
                                      for which in ("allocated", "free", "onboarded"))
        assert same(allocated, sums), f"{provider} holds {allocated}, not {sums}"
        assert same([a + b for a, b in zip(allocated, free)], onboarded), (
            f"{provider}: {allocated} are allocated, {free} free of {onboarded}")
        running = self.processes(provider) if self.executor(keys) == "process" else None
        if running is not None:
            assert len(running) == len(keys), f"{provider} runs {running}, not {keys}"
        elif keys:
            assert len(self.containers()) >= len(keys), f"{provider} runs {self.containers()}, not {keys}"

    def executor(self, keys):
        return self.job["allocations"][keys[0].split(".")[1]]["executor"] if keys else "process"

    def expect_as_asked(self, key, limit):
        asked = self.job["allocations"][key.split(".")[1]]["resources"]
        assert abs(limit["cpu"]["cores"] - asked["cpu"]["cores"]) < 0.01, (limit, asked)
        for part in ("ram", "disk"):
            assert limit[part]["size"] == size_of(asked[part]["size"]), (limit, asked)

    def expect_gone(self):
        """Nothing is listed, runs, or is held for it; its owner still knows how it ended."""
        status = self.status()["status"]
        assert status in FINAL, f"it has not ended: {status}"
        for provider in self.providers():
            self.stage.expect_idle(provider)
        for name in self.stage.running():
            wait(lambda name=name: not self.processes(name), 20, f"processes of it are left at {name}")
        wait(lambda: not self.containers(), 30, "containers of it are left")
        listed = self.node.actor("/dms/node/deployment/list", "--id", self.id)["deployments"]
        assert [(item["orchestrator_id"], item["status"]) for item in listed] == [(self.id, status)], listed


def same(numbers, others):
    return all(abs(a - b) < 0.011 for a, b in zip(numbers, others))


def size_of(text):
    """Bytes of a size as job files have it; without a unit it is GiB."""
    for unit, factor in (("MiB", 1 << 20), ("GiB", 1 << 30)):
        if str(text).endswith(unit):
            return int(float(str(text)[:-3]) * factor)
    return int(float(text) * (1 << 30))
