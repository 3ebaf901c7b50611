# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""How soon a machine that died is noticed, how often one that lives is taken for dead when the network loses packets, and
how long a standby takes: real daemons on the test bed, where 1 % of all packets is lost on every way."""

import datetime
import json
import random
import sys
import time
from pathlib import Path

from figures_daemon import Unmeasurable
from report import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "acceptance"))

from bed import find_obstacle  # noqa: E402
from deployment import Deployment  # noqa: E402
from stage import Stage, wait  # noqa: E402

PROVIDERS = ("Bob", "Charlie", "Carol")
DEADLINE_S = 15
WATCHED_S = 90
LOSS = 0.01


def job(nodes, **top):
    resources = {"cpu": {"cores": 0.1}, "ram": {"size": "32MiB"}, "disk": {"size": "32MiB"}}
    allocations = {name: {"executor": "process", "type": "service", "resources": resources,
                          "execution": {"type": "process", "cmd": ["/bin/sleep", "1000"]}} for name in nodes}
    return {"version": "V1", "allocations": allocations,
            "nodes": {name: {"allocations": [name], **more} for name, more in nodes.items()}, **top}


def open_stage(directory):
    if find_obstacle() is not None:
        raise Unmeasurable(f"the test bed cannot be had: {find_obstacle()}")
    stage = Stage(directory / "bed").open("acceptance")
    stage.cast([{"name": "Alice", "role": "orchestrator"}] + [{"name": name, "role": "provider"} for name in PROVIDERS])
    stage.enrol(["alice", *(name.lower() for name in PROVIDERS)])
    stage.bed.link("eu", "eu", loss=LOSS)
    return stage


def deploy(stage, document):
    path = stage.node("alice").write_job(f"job{len(stage.deployments)}.json", json.dumps(document))
    deployment = Deployment(stage, "Alice", path)
    deployment.expect("Running", timeout=90)
    return deployment


def seconds_of(event):
    return datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()


def events(deployment, message):
    return [event for event in deployment.events("Alice") if event["msg"] == message]


def false_alarms(stage):
    """Everybody lives; whoever is said to be lost is a mistake. Asked once a second, for detection within 5 s."""
    deployment = deploy(stage, job({f"n{i}": {"peer": stage.peer(name)} for i, name in enumerate(PROVIDERS)},
                                   supervision={"detect_within": "5s"}))
    time.sleep(WATCHED_S)
    questions = WATCHED_S * len(PROVIDERS)
    mistakes = len(events(deployment, "node_lost"))
    deployment.shut_down()
    # None at all says no more than that there is less than one in so many.
    return Figure("orchestrate.false_failures", (mistakes + 1) / (questions + 1), "of questions",
                  "1 % of heartbeats at 1 % loss", 0.01, runs=[mistakes / questions],
                  note=f"{mistakes} mistakes in {questions} heartbeats of three machines; one more is counted than was seen")


def detection(stage):
    """From SIGKILL to the moment at which the orchestrator says so, at a random moment between two heartbeats."""
    deployments = {name: deploy(stage, job({"n": {"peer": stage.peer(name)}})) for name in PROVIDERS}
    time.sleep(20)
    taken = []
    for name, deployment in deployments.items():
        time.sleep(random.random() * 3)
        killed = time.time()
        stage.node(name).kill()
        wait(lambda deployment=deployment: events(deployment, "node_lost"), 60, f"{name} is not missed")
        taken.append(seconds_of(events(deployment, "node_lost")[0]) - killed)
        stage.node(name).start()
        stage.introduce(sorted(stage.running()))
    for deployment in deployments.values():
        deployment.shut_down()
    return Figure("orchestrate.detect_failure", max(taken), "s", "the deadline unless the ensemble says otherwise",
                  DEADLINE_S, runs=taken, note="the slowest of three; asked every 3 s, 1 % loss")


def takeover(stage):
    """From the moment at which a machine is taken for dead until its standby runs."""
    deployment = deploy(stage, job({"n": {"redundancy": 1}}, supervision={"detect_within": "5s"}))
    name = deployment.hosts()["n"]
    stage.node(name).kill()
    wait(lambda: events(deployment, "node_repaired"), 60, "no standby takes over")
    taken = seconds_of(events(deployment, "node_repaired")[0]) - seconds_of(events(deployment, "node_lost")[0])
    stage.node(name).start()
    stage.introduce(sorted(stage.running()))
    deployment.shut_down()
    return Figure("orchestrate.standby_takeover", taken * 1000, "ms", "a second", 1000, runs=[taken * 1000])


def supervision(directory):
    stage = open_stage(directory)
    try:
        return [false_alarms(stage), detection(stage), takeover(stage)]
    finally:
        stage.close()


MEASURES = [(("orchestrate.false_failures", "orchestrate.detect_failure", "orchestrate.standby_takeover"), supervision)]
