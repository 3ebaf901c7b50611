# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Deployments that become others while they run."""

from pathlib import Path

from behave import step, then, when

from deployment import events_of
from jobs import Allocation
from stage import wait

SERVICE = "echo started; exec sleep 1000"


def executions_of(deployment, key):
    """The job of an allocation as it runs: its state directory is another one when it is started again."""
    name = f"{deployment.id}_{key}"
    return {str(path) for provider in deployment.providers() for path in deployment.processes(provider)
            if name in str(path)}


def update(context, owner):
    """Asks for it; what ran before is remembered."""
    deployment = context.deployment
    deployment.expect("Running")
    context.ran = {key: executions_of(deployment, key) for key in deployment.manifest()["allocations"]}
    node = context.stage.node(owner)
    path = node.write_job("update.json", context.job.text())
    context.updated = node.actor("/dms/node/deployment/update", "-i", deployment.id, "-f", path, "-t", "125s", timeout=150)


def expect_updated(context):
    assert context.updated == {"OK": True, "Error": ""}, context.updated
    assert context.deployment.status()["status"] == "Running", context.deployment.status()


def add(context, node, name):
    context.job.add(node, Allocation(name, "service", SERVICE))


def remove(context, node, name):
    del context.job.allocations[name]
    context.job.nodes[node]["allocations"].remove(name)


@when('{owner:Name} adds the node "{node:w}" with "{name:w}" to it')
def adds_node(context, owner, node, name):
    add(context, node, name)
    update(context, owner)
    expect_updated(context)


@when('{owner:Name} removes the node "{node:w}" from it')
def removes_node(context, owner, node):
    for name in context.job.nodes.pop(node)["allocations"]:
        del context.job.allocations[name]
    update(context, owner)
    expect_updated(context)


@step('{owner:Name} adds the allocation "{name:w}" to the node "{node:w}"')
def adds_allocation(context, owner, name, node):
    add(context, node, name)
    update(context, owner)
    expect_updated(context)


@when('{owner:Name} removes the allocation "{name:w}" from the node "{node:w}"')
def removes_allocation(context, owner, name, node):
    remove(context, node, name)
    update(context, owner)
    expect_updated(context)


@when('{owner:Name} lets "{name:w}" run "{script:Words}"')
def changes_allocation(context, owner, name, script):
    context.job.allocations[name].script = script
    update(context, owner)
    expect_updated(context)


@when('{owner:Name} moves the node "{node:w}" to {peer:Name}')
def moves_node(context, owner, node, peer):
    context.job.nodes[node]["peer"] = context.stage.peer(peer)
    update(context, owner)
    expect_updated(context)


@when('{owner:Name} updates it with the allocation "{name:w}", which cannot start, and another "{other:w}"')
def updates_badly(context, owner, name, other):
    context.job.allocations[other].script = "exec sleep 2000"
    context.job.add("here", Allocation(name, "service", "", execution={"cmd": ["/there/is/no/such/program"]}))
    update(context, owner)


@then('the update is undone, and "{text:Words}" is why')
def update_undone(context, text):
    assert context.updated["OK"] is False, context.updated
    assert "what ran before runs again" in context.updated["Error"] and text in context.updated["Error"], context.updated
    assert context.deployment.status()["status"] == "Running", context.deployment.status()


@then('the update is refused: "{text:Words}"')
def update_refused(context, text):
    assert context.updated["OK"] is False and text in context.updated["Error"], context.updated


@when("{owner:Name} asks for another port of it")
def asks_for_port(context, owner):
    context.job.nodes["here"]["ports"] = [{"public": 0, "private": 80, "allocation": "main"}]
    update(context, owner)


@then('"{key:Words}" runs')
def key_runs(context, key):
    assert context.deployment.manifest()["allocations"][key]["status"] == "running", context.deployment.manifest()
    wait(lambda: len(executions_of(context.deployment, key)) == 1, 10, lambda: f"{key} has no job")


@then('"{key:Words}" was started again')
def key_started_again(context, key):
    key_runs(context, key)
    assert executions_of(context.deployment, key) != context.ran[key], f"{key} runs as it did"


@then('"{key:Words}" was never touched')
def key_untouched(context, key):
    key_runs(context, key)
    assert executions_of(context.deployment, key) == context.ran[key], f"{key} was started again"


@then('"{key:Words}" is gone')
def key_gone(context, key):
    deployment = context.deployment
    assert key not in deployment.manifest()["allocations"], deployment.manifest()
    wait(lambda: executions_of(deployment, key) == set(), 10, lambda: f"{key} still runs")
    held = [item for provider in deployment.providers() for item in deployment.held_by(provider)
            if item["id"] == f"{deployment.id}_{key}"]
    assert held == [], held


@then('what "{key:Words}" wrote before is still to be read')
def earlier_log_is_kept(context, key):
    deployment = context.deployment
    reply = deployment.node.actor("/dms/node/deployment/logs", "-i", deployment.id, "-a", f"{key}.before-1")
    assert reply["Error"] == "", reply
    assert (Path(reply["LogsWrittenTo"]) / "stdout.log").read_text() == "started\n", reply


@then("the log of {owner:Name} says that it was updated")
def log_says(context, owner):
    events = [event["msg"] for event in events_of(context.stage.node(owner))
              if event.get("orchestratorID") == context.deployment.id]
    assert "deployment_changed" in events, events
