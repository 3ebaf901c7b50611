# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of jobs, machines and ensembles that fail."""

import json
import signal
import subprocess

from behave import given, step, then, when

from deployment import running_jobs
from jobs import GATE, Job, add_row, add_volume
from stage import wait

# What counts the starts of a job is a line in a file of the machine's volume; this file lets it be well.
COUNT = f"echo started >> /{GATE}/$NAME.starts"


def script_of(name, runs):
    """Runs what it is told, after it has said that it was started."""
    counted = COUNT.replace("$NAME", name)
    return f"{counted}; {runs.replace('$STARTS', f'$(wc -l < /{GATE}/{name}.starts)')}"


@given("machines can be cut off")
def given_bed(context):
    if not context.stage.bed.can_part:
        context.scenario.skip("needs the test bed: nothing can be cut off on loopback")


@given("a supervised job with these allocations")
def given_supervised_job(context):
    """As others, with what is done about failures; a machine that dies is noticed in 5 s, so that tests are short."""
    context.job = Job(context.executor)
    for row in context.table:
        values = row.as_dict()
        values["runs"] = script_of(values["name"], values["runs"])
        allocation = add_row(context.stage, context.job, values)
        add_volume(allocation, GATE)
        if values.get("single"):
            allocation.more["single"] = True
        node = context.job.nodes[values["node"]]
        if values.get("repair"):
            node["failure_recovery"] = values["repair"]
        if values.get("standbys"):
            node["redundancy"] = int(values["standbys"])
    context.job.top["supervision"] = {"detect_within": "5s", "lease": "10s", "max_restarts": 3, "restart_period": "5m"}


@given("nothing is repaired more than {n:d} time")
def given_budget(context, n):
    context.job.top["supervision"]["max_restarts"] = n


@given("what cannot be repaired leads to a {strategy:w}")
def given_escalation(context, strategy):
    context.job.top["escalation_strategy"] = strategy


@given('a supervisor of "{names:Words}" with the strategy {strategy:w}')
def given_supervisor(context, names, strategy):
    context.job.top["supervisor"] = {"strategy": strategy, "allocations": names.split(", ")}


@given('"{name:w}" is started after "{other:w}"')
def given_dependency(context, name, other):
    context.job.allocations[name].more["depends_on"] = [other]


# Starts.

def starts_of(context, name):
    name = name.split(".")[-1]
    files = [path / f"{name}.starts" for path in context.stage.gates()]
    return sum(len(path.read_text().splitlines()) for path in files if path.exists())


@step('"{name:Words}" was started {n:d} time')
@step('"{name:Words}" was started {n:d} times')
def started_times(context, name, n):
    wait(lambda: starts_of(context, name) >= n, 60, lambda: f"{name} was started {starts_of(context, name)} times")
    assert starts_of(context, name) == n, f"{name} was started {starts_of(context, name)} times"


@step('"{one:Words}" was started {n:d} times and "{two:Words}" {m:d} time')
@step('"{one:Words}" was started {n:d} times and "{two:Words}" {m:d} times')
def both_started_times(context, one, n, two, m):
    started_times(context, one, n)
    started_times(context, two, m)


@step('"{key:Words}" really runs')
def allocation_runs(context, key):
    def information():
        return context.deployment.status().get("allocation_info", {}).get(f"{context.deployment.id}_{key}", {})

    wait(lambda: information().get("status") == "running", 60, lambda: f"{key} is {information()}")
    provider = context.deployment.hosts()[key.split(".")[0]]
    wait(lambda: jobs_of(context, provider, key), 20, f"{key} does not really run on {provider}")


def jobs_of(context, provider, key):
    return [path for path in running_jobs(context.stage.node(provider)) if f"{context.deployment.id}_{key}" in str(path)]


@step('the node "{node:Words}" waits as a standby on another machine than "{primary:w}"')
def waits_as_standby(context, node, primary):
    manifest = context.deployment.manifest()
    entry = manifest["nodes"][node]
    assert (entry["redundancy_role"], entry["status"], entry["primary_node"]) == ("standby", "standby", primary), entry
    assert manifest["nodes"][primary]["standby_nodes"] == [node], manifest["nodes"][primary]
    hosts = context.deployment.hosts()
    assert hosts[node] != hosts[primary], hosts
    for key in entry["allocations"]:
        assert manifest["allocations"][key]["status"] == "standby" and manifest["allocations"][key]["is_standby"]
        assert not jobs_of(context, hosts[node], key), f"{key} runs already"


# Machines that die.

def die(context, name):
    """The daemon, and all that it has started: a machine that loses its power."""
    node = context.stage.node(name)
    if node.process.poll() is None:
        node.kill()
    for path in running_jobs(node):
        status = json.loads((path / "status.json").read_text())
        # The shim first: without power it does not get to say that its job was killed. On the test bed these are
        # numbers of the host's own name space.
        subprocess.run([*node.prefix, "kill", "-KILL", str(status["shim_pid"]), str(status["init_pid"])],
                       capture_output=True, check=False)
    wait(lambda: not running_jobs(node), 20, f"jobs of {name} live on")


@when('the machine of "{node:Words}" dies')
def machine_dies(context, node):
    context.dead = context.deployment.hosts()[node]
    die(context, context.dead)


@when('the daemon of the machine of "{node:Words}" is stopped by SIGSTOP')
def machine_freezes(context, node):
    context.dead = context.deployment.hosts()[node]
    process = context.stage.node(context.dead).process
    process.send_signal(signal.SIGSTOP)
    context.held.callback(process.send_signal, signal.SIGCONT)


@when("it goes on")
def machine_thaws(context):
    context.stage.node(context.dead).process.send_signal(signal.SIGCONT)


@when("that machine returns")
def machine_returns(context):
    context.stage.node(context.dead).start()
    context.stage.introduce(sorted(context.stage.running()))


@then('its node "{node:Words}" runs on another machine')
def runs_elsewhere(context, node):
    def host():
        manifest = context.deployment.manifest()
        peer = manifest["nodes"][node].get("peer")
        return peer if peer and peer != context.stage.peer(context.dead) else None

    wait(host, 60, lambda: f"{node} is still on {context.dead}")
    for key in context.deployment.manifest()["nodes"][node]["allocations"]:
        wait(lambda key=key: context.deployment.manifest()["allocations"][key]["status"] == "running", 60,
             lambda key=key: f"{key} does not run: {context.deployment.status()}")
        provider = context.deployment.hosts()[node]
        assert provider != context.dead
        wait(lambda key=key, provider=provider: jobs_of(context, provider, key), 20, f"{key} does not really run")


@then("that machine gives back what it had of it")
def gives_back(context):
    wait(lambda: not jobs_of(context, context.dead, ""), 60, f"{context.dead} still runs something of it")
    wait(lambda: not context.deployment.held_by(context.dead), 60, f"{context.dead} still holds something of it")


@when('the machine of "{node:Words}" is cut off')
def machine_cut_off(context, node):
    context.dead = context.deployment.hosts()[node]
    others = [name for name in context.stage.running() if name != context.dead.lower()]
    context.stage.bed.partition([[context.dead.lower()], others])
    context.held.callback(context.stage.bed.heal)


@when("it is reached again")
def reached_again(context):
    context.stage.bed.heal()


@then('"{name:w}" never ran on two machines at once')
def never_twice(context, name):
    """Each run writes down, ten times a second, that it is there."""
    runs = []
    for path in context.stage.gates():
        file = path / f"{name}.ticks"
        if file.exists():
            ticks = [int(line) for line in file.read_text().split()]
            runs.append((min(ticks), max(ticks)))
    runs.sort()
    assert len(runs) == 2, f"{name} ran on {len(runs)} machines"
    assert runs[0][1] < runs[1][0], f"{name} ran on two machines for {(runs[0][1] - runs[1][0]) / 1e9} s"
