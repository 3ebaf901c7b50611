# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Deployments: making them, looking at them, ending them."""

import concurrent.futures
import re
import subprocess

from behave import step, then, when

from deployment import ON_THE_WAY, Deployment, events_of
from jobs import Job, add_row
from node import SOURCE
from stage import FINAL, wait

HERE = SOURCE / "tests" / "acceptance" / "jobs"
EXAMPLES = SOURCE / "data" / "examples"


def deploy(context, owner, label=None):
    stage = context.stage
    path = stage.node(owner).write_job(f"job{len(stage.deployments)}.json", context.job.text())
    context.deployment = Deployment(stage, owner, path)
    if label:
        context.labels[label] = context.deployment


def deploy_short(context, owner, kind, script, label=None, peer=None):
    context.job = Job(context.executor)
    row = {"node": "here", "name": "main", "type": kind, "runs": script, "peer": peer}
    add_row(context.stage, context.job, row)
    deploy(context, owner, label)


@when("{owner:Name} deploys it")
def when_deploys(context, owner):
    deploy(context, owner)


@when('{owner:Name} deploys the example "{name:Words}"')
def when_deploys_example(context, owner, name):
    path = HERE / name if (HERE / name).exists() else EXAMPLES / name
    context.deployment = Deployment(context.stage, owner, path)


@when('{owner:Name} deploys a {kind:w} that runs "{script:Words}"')
def when_deploys_short(context, owner, kind, script):
    deploy_short(context, owner, kind, script)


@when('{owner:Name} deploys a {kind:w} that runs "{script:Words}" on {peer:Name}')
def when_deploys_short_on(context, owner, kind, script, peer):
    deploy_short(context, owner, kind, script, peer=peer)


@when('{owner:Name} deploys a {kind:w} that runs "{script:Words}" as "{label:w}"')
def when_deploys_as(context, owner, kind, script, label):
    deploy_short(context, owner, kind, script, label)


@then('deploying it is refused to {owner:Name}: "{text:Words}"')
def then_deploying_refused(context, owner, text):
    node = context.stage.node(owner)
    reply = node.actor("/dms/node/deployment/new", "-t", "60s", "-f", node.write_job("no.json", context.job.text()))
    assert reply["Status"] == "ERROR" and text in reply["Error"], reply


# States.

@step("the deployment becomes {status:w}")
def becomes(context, status):
    context.seen = context.deployment.expect(status)


@step("the deployment becomes {status:w} within {seconds:d} s")
def becomes_within(context, status, seconds):
    context.seen = context.deployment.expect(status, timeout=seconds)


@step("the deployment becomes one of {one:w}, {two:w}")
def becomes_one_of(context, one, two):
    context.seen = context.deployment.expect(one, two)


@then("the deployment is still {status:w}")
def then_still(context, status):
    assert context.deployment.status()["status"] == status, context.deployment.status()


@then("the deployment does not run")
def then_does_not_run(context):
    """It was refused; that it is held by nobody is what counts. Then it is given up."""
    status = context.deployment.status()
    assert status["status"] in (*ON_THE_WAY[:3], "Failed"), status
    for provider in context.deployment.providers():
        assert context.deployment.held_by(provider) == [], f"{provider} holds it"
        assert context.deployment.executions(provider) == [], f"{provider} runs it"
    if status["status"] not in FINAL:
        reply = context.deployment.shut_down()
        assert reply["OK"] is True, reply
        context.deployment.expect("Completed", "Failed")


@then('its error says "{text:Words}"')
def then_error(context, text):
    assert text in context.seen["error"], context.seen


@when("{owner:Name} shuts it down")
def when_shuts_down(context, owner):
    reply = context.deployment.shut_down()
    # A machine that cannot be reached is named; what the rest of it becomes, the scenario says.
    away = [name for name, host in context.stage.bed.hosts.items()
            if context.stage.shares.get(name) and not context.stage.is_up(host.node)]
    assert reply["OK"] is True or away, reply


@when("{owner:Name} shuts it down, and the job may go on")
def when_shuts_down_and_goes_on(context, owner):
    """What held the job up lets it go on only when it has been given up already."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reply = pool.submit(context.deployment.shut_down)
        context.deployment.expect("ShuttingDown", "Completed")
        if context.release is not None:
            context.release()
    assert reply.result()["OK"] is True, reply.result()


@then('shutting it down is refused: "{text:Words}"')
def then_shutdown_refused(context, text):
    reply = context.deployment.shut_down()
    assert reply["OK"] is False and text in reply["Error"], reply


# Where it runs.

@step("it runs on {provider:Name}")
@step("it ran on {provider:Name}")
def runs_on(context, provider):
    hosts = context.deployment.hosts()
    assert hosts and set(hosts.values()) == {provider}, hosts
    assert provider_knows(context, provider), f"{provider} knows nothing of it"


@step("it runs on one of {providers:Names}")
def runs_on_one_of(context, providers):
    hosts = context.deployment.hosts()
    assert hosts and set(hosts.values()) <= set(providers), hosts


@step('its node "{node:w}" runs on {provider:Name}')
def node_runs_on(context, node, provider):
    hosts = context.deployment.hosts()
    assert hosts[node] == provider, hosts
    assert provider_knows(context, provider), f"{provider} knows nothing of it"


def provider_knows(context, provider):
    """What the machine itself says, and not only who asked it."""
    return any(context.deployment.id in str(event) and event["msg"] == "allocation_created"
               for event in events_of(context.stage.node(provider)))


@then("the providers hold exactly what it asked for")
def then_held(context):
    context.deployment.expect_held()


@then("nothing of it is left")
def then_gone(context):
    context.deployment.expect_gone()


@then("{provider:Name} refuses it: {reason:w}")
def then_refused(context, provider, reason):
    """The machine has looked at what was asked, and said no for this reason."""
    def refusals():
        return [event["msg"] for event in context.deployment.events(provider) if reason in str(event)]

    wait(refusals, 20, lambda: f"{provider} did not refuse for {reason}: "
                               f"{[event['msg'] for event in context.deployment.events(provider)]}")
    assert not context.deployment.held_by(provider)


@then('{owner:Name} is told why {provider:Name} does not run it: "{text:Words}"')
def then_told_why(context, owner, provider, text):
    """What the machine itself said to the one who asked, and the command line shows."""
    node = context.stage.node(owner)
    peer = context.stage.peer(provider)

    def told():
        answer = node.cli("-c", node.owner, "get", "why", context.deployment.id, "--json").json
        return [reason for page in answer["why"]["nodes"] for near in page["nearest"] if near["peer"] == peer
                for reason in near["reasons"] if text in reason]

    wait(told, 60, lambda: f"{owner} was not told that {provider} has {text}: "
                           f"{node.cli('-c', node.owner, 'get', 'why', context.deployment.id, '--json').out}")


# What it prints.

@then('its output contains "{text:Words}"')
def then_any_output(context, text):
    keys = list(context.deployment.manifest()["allocations"])
    outputs = [context.deployment.logs(key) for key in keys]
    assert any(text in output for output in outputs), outputs


@then('the output of "{key:Words}" is "{text:Words}"')
def then_output_is(context, key, text):
    output = context.deployment.logs(key)
    assert output == f"{text}\n", repr(output)


@then('the output of "{key:Words}" contains "{text:Words}"')
def then_output_contains(context, key, text):
    output = context.deployment.logs(key)
    assert text in output, repr(output)


@then('{owner:Name} can read "{text:Words}" in the {what:w} of "{key:Words}" while it runs')
def then_read(context, owner, text, what, key):
    stream = "stdout" if what == "output" else "stderr"
    wait(lambda: text in context.deployment.fetch_logs(key, stream), 20, f"no {text} in {what}")
    assert context.deployment.status()["status"] == "Running"


@then('"{key:Words}" prints more and more')
def then_prints(context, key):
    before = wait(lambda: context.deployment.fetch_logs(key), 20, "it prints nothing")
    wait(lambda: len(context.deployment.fetch_logs(key)) > len(before), 20, "it prints no more")


@then('"{key:Words}" used at most {seconds:f} s of processor time')
def then_processor_time(context, key, seconds):
    """What the shell's `times` says of itself and of its children, with half a second for starting."""
    lines = context.deployment.logs(key).splitlines()
    used = [int(minutes) * 60 + float(rest) for line in lines[-2:]
            for minutes, rest in re.findall(r"(\d+)m([\d.]+)s", line)]
    assert len(used) == 4 and 0.2 < sum(used) <= seconds, lines


# What is told of it.

@then('its status tells of "{key:Words}" that it is {status:w} with {cores:f} cores')
def then_status_tells(context, key, status, cores):
    information = context.deployment.information(key)
    assert information["status"] == status, information
    assert abs(information["resource_limit"]["cpu"]["cores"] - cores) < 0.01, information


@then('its status with usage tells how much memory "{key:Words}" takes')
def then_usage(context, key):
    deployment = context.deployment
    reply = deployment.node.actor("/dms/node/deployment/status", "-i", deployment.id, "-u", "-t", "60s")
    usage = reply["allocation_usage"][f"{deployment.id}_{key}"]
    numbers = [value for name, value in flat(usage) if "mem" in name.lower() and isinstance(value, (int, float))]
    assert numbers and max(numbers) > 0, usage


def flat(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}")
    else:
        yield name, value


@then("its manifest is complete")
def then_manifest(context):
    context.deployment.expect_complete(context.deployment.manifest())


@then("its manifest can still be read")
def then_manifest_kept(context):
    manifest = context.deployment.manifest()
    assert manifest["id"] == context.deployment.id and set(manifest["nodes"]) == set(context.deployment.job["nodes"])


@then('"{key:Words}" becomes {status:w}, for it ended with "{reason:Words}"')
def then_allocation_becomes(context, key, status, reason):
    def information():
        return context.deployment.information(key)

    wait(lambda: information()["status"] == status, 30, lambda: f"{key} is {information()}")
    assert reason in information()["error"], information()


@then('"{key:Words}" is still {status:w}')
def then_allocation_still(context, key, status):
    assert context.deployment.information(key)["status"] == status
    assert context.deployment.held_by(context.deployment.provider_of(key))


# History.

def listed(context, owner, *flags):
    items = context.stage.node(owner).actor("/dms/node/deployment/list", *flags)["deployments"]
    return {item["orchestrator_id"]: item["status"] for item in items}


@then("{owner:Name} lists the deployment as {status:w} or later")
def then_lists(context, owner, status):
    """What was begun and not promised by all is begun again; nothing is lost, and nothing fails for it."""
    now = listed(context, owner).get(context.deployment.id)
    consistent = {"Completed": ("Completed",), "Running": ("Running", "Completed")}
    assert now in consistent.get(status, (*ON_THE_WAY, "Running", "Completed")), now


def ids_of(context, labels):
    return {context.labels[label].id for label in labels.split(", ")}


@then('{owner:Name} lists only "{labels:Words}"')
def then_lists_only(context, owner, labels):
    assert set(listed(context, owner)) == ids_of(context, labels), listed(context, owner)


@then('{owner:Name} lists only "{labels:Words}" as {status:w}')
def then_lists_only_as(context, owner, labels, status):
    found = listed(context, owner, "--status", status)
    assert found == dict.fromkeys(ids_of(context, labels), status), found


@when("{owner:Name} prunes her deployments")
def when_prunes(context, owner):
    assert context.stage.node(owner).actor("/dms/node/deployment/prune", "--all") == {"ok": True}


# Services and volumes.

def ask(context, asker, name):
    """A request over the network, made on the asker's machine, to the machine that runs the service."""
    provider = context.deployment.provider_of(name)
    ports = context.deployment.manifest()["allocations"][context.deployment.key(name)]["ports"]
    (public,) = [int(port) for port in ports]
    url = f"http://{context.stage.bed.host(provider.lower()).address}:{public}/"
    script = ("import sys, urllib.request\n"
              "with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:\n"
              "    print(answer.status, answer.read().decode())\n")
    node = context.stage.node(asker)
    return subprocess.run([*node.prefix, "/usr/bin/python3", "-c", script, url], capture_output=True, text=True,
                          timeout=30, check=False)


@then('"{name:w}" answers {asker:Name} with status {status:d} and "{text:Words}"')
def then_answers(context, name, asker, status, text):
    def answer():
        return ask(context, asker, name)

    found = wait(lambda: (answered := answer()).returncode == 0 and answered, 20,
                 lambda: f"no answer: {answer()}")
    assert found.stdout.startswith(f"{status} ") and text in found.stdout, found
    context.asker = asker


@then('"{name:w}" answers {n:d} requests of {asker:Name}')
def then_answers_many(context, name, n, asker):
    then_answers(context, name, asker, 200, "It works")
    for _ in range(n - 1):
        found = ask(context, asker, name)
        assert found.returncode == 0 and found.stdout.startswith("200 "), found


@then('"{name:w}" answers nobody any more')
def then_answers_nobody(context, name):
    found = ask(context, context.asker, name)
    assert found.returncode != 0 and "refused" in found.stderr, found


@then('the volume "{volume:Words}" of {provider:Name} has the file "{name:w}" with "{text:Words}"')
def then_volume(context, volume, provider, name, text):
    found = [path for path in context.stage.node(provider).data_dir.rglob(name) if path.parent.name == volume]
    assert [path.read_text() for path in found] == [f"{text}\n"], found
