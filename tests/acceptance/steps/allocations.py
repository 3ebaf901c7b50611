# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs: what they ask for and do."""

import sqlite3

from behave import given, step

from jobs import GATE, Job, add_row, add_volume
from stage import wait

NOWHERE = {"accept": [{"continent": "AN"}]}


@given("jobs run in a {executor:w}")
def given_executor(context, executor):
    context.executor = executor


@given("a job with these allocations")
def given_job(context):
    context.job = Job(context.executor)
    for row in context.table:
        add_row(context.stage, context.job, row.as_dict())


@given("a job that asks for {cores:d} cores, {memory:d} GB of memory and {disk:d} GB of disk")
def given_large_job(context, cores, memory, disk):
    context.job = Job(context.executor)
    add_row(context.stage, context.job, {"name": "main", "type": "service", "runs": "sleep 1000", "cores": cores,
                                   "memory": f"{memory}GiB", "disk": f"{disk}GiB"})


@given("a job that asks {peer:Name} for {cores:d} cores, {memory:d} GB of memory and {disk:d} GB of disk")
def given_large_job_for(context, peer, cores, memory, disk):
    given_large_job(context, cores, memory, disk)
    context.job.nodes["here"]["peer"] = context.stage.peer(peer)


@given("the job has the environment {key:w}={value:w}")
def given_environment(context, key, value):
    for allocation in context.job.allocations.values():
        allocation.more["execution"] = {"environment": {key: value}}


@given('a web server "{name:w}" on {where}')
def given_web_server(context, name, where):
    script = ('mkdir -p "$HOME/www" && echo "It works" > "$HOME/www/index.html" && echo "web server started" && '
              'exec busybox httpd -f -p "$DMS_PORT_80" -h "$HOME/www"')
    row = {"node": "front", "name": name, "type": "service", "runs": script}
    if where != "any peer":
        row["peer"] = where
    context.job = Job(context.executor)
    # A sandbox has no network of its own; what listens is told the port that others know.
    add_row(context.stage, context.job, row).more["execution"] = {"network": "host"}
    context.job.nodes["front"]["ports"] = [{"public": 0, "private": 80, "allocation": name}]


@given("a service that is well as long as it is told so, looked at every second")
def given_patient(context):
    context.job = Job(context.executor)
    allocation = add_row(context.stage, context.job, {
        "node": "here", "name": "main", "type": "service",
        "runs": f"echo started >> /{GATE}/starts; rm -f /{GATE}/ill; exec sleep 1000"})
    add_volume(allocation, GATE)
    script = f"[ ! -e /{GATE}/ill ] && [ ! -e /{GATE}/ill-for-good ] && echo well | tee -a /{GATE}/well"
    allocation.more["healthcheck"] = {"type": "command", "exec": ["/bin/sh", "-c", script],
                                      "response": {"type": "string", "value": "well"}, "interval": "1s"}


@given('the way between "{one:w}" and "{two:w}" takes at most {ms:d} ms')
def given_edge(context, one, two, ms):
    context.job.top["edge_constraints"] = [{"edges": [one, two], "rtt": ms}]


@given('the way between "{one:w}" and "{two:w}" carries at least {mbit:d} Mbit/s')
def given_wide_edge(context, one, two, mbit):
    context.job.top["edge_constraints"] = [{"edges": [one, two], "bw": mbit * 1000000}]


# Jobs that are held in a state until they are let go.

@given("the job waits to be let go")
def given_gate(context):
    context.job.wait_for_gate()
    context.release = context.stage.open_gate


@given("the job is made to stay {status:w}")
def given_stay(context, status):
    if status == "Running":
        if all(item.kind == "task" for item in context.job.allocations.values()):
            given_gate(context)
    elif status == "Provisioning":
        context.stage.held_launch.touch()
        context.release = context.stage.held_launch.unlink
    elif status == "Preparing":
        for node in context.job.nodes.values():
            node["location"] = NOWHERE
    elif status == "Committing":
        hold_ledgers(context)
    else:
        assert status == "Completed", f"no job can be made to stay {status}"


def hold_ledgers(context):
    """Whoever promises something has to write it down, and as long as somebody else writes, that takes time."""
    locks = []
    for node in context.stage.running().values():
        if context.stage.is_onboarded(node):
            (path,) = node.data_dir.rglob("*.db")
            lock = sqlite3.connect(path, isolation_level=None, timeout=20)
            lock.execute("BEGIN IMMEDIATE")
            locks.append(lock)
            context.held.callback(lock.close)

    def let_go():
        for lock in locks:
            lock.rollback()

    context.release = let_go


@step("the job may go on")
@step("the job is let go")
def let_go(context):
    if context.release is not None:
        context.release()


# Health.

def gate(context):
    provider = context.deployment.provider_of("main").lower()
    return next(path for path in context.stage.gates() if f"/{provider}/" in f"{path}/")


def lines_of(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def failed_checks(context):
    return [event for event in context.deployment.events(context.deployment.owner)
            if event["msg"] in ("health_check_failed", "allocation_restart")]


@step("it falls ill")
def falls_ill(context):
    (gate(context) / "ill-for-good" if "reported" in context.scenario.name else gate(context) / "ill").touch()


@step("it was started {n:d} time")
def was_started(context, n):
    assert lines_of(gate(context) / "starts") == n, (gate(context) / "starts").read_text()


@step("it is started again after {n:d} failed health checks")
def started_again(context, n):
    starts = gate(context) / "starts"
    wait(lambda: lines_of(starts) == 2, 40, "it was not started again")
    names = [event["msg"] for event in failed_checks(context)]
    assert names == ["health_check_failed"] * n + ["allocation_restart"], names
    well = lines_of(gate(context) / "well")
    wait(lambda: lines_of(gate(context) / "well") > well, 20, "it is not well again")


@step("it fails two health checks and recovers, {n:d} times")
def fails_and_recovers(context, n):
    place = gate(context)
    for turn in range(n):
        (place / "ill").touch()
        wait(lambda turn=turn: len(failed_checks(context)) >= 2 * turn + 2, 20, "the health checks do not fail")
        (place / "ill").unlink()
        well = lines_of(place / "well")
        wait(lambda well=well: lines_of(place / "well") > well, 20, "the health checks do not succeed again")
    names = [event["msg"] for event in failed_checks(context)]
    assert names == ["health_check_failed"] * 2 * n, names


@step("its status reports it {state:w}")
def reports(context, state):
    def health():
        return context.deployment.information("main").get("health") or {}

    wait(lambda: health().get("healthy") is (state == "well"), 60, lambda: f"its health is told as {health()}")
