# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes: who there is, whom they are connected to, what they lend, how they stop and start."""

import json
import os
import re
import signal
import subprocess

from behave import given, step, then, when

from deployment import events_of
from node import PATIENCE, memory_bytes
from stage import GIB, RIGHTS, wait


@given("these nodes")
def given_nodes(context):
    context.stage.cast([row.as_dict() for row in context.table])


@given('they are members of the organisation "{organisation:Words}"')
def given_members(context, organisation):
    context.stage.enrol(sorted(context.stage.running()), organisation)


@given('they are members of the organisation "{organisation:Words}", and spread what is revoked')
def given_spreading_members(context, organisation):
    context.stage.enrol(sorted(context.stage.running()), organisation, (*RIGHTS, "/dms/cap/revoke/broadcast"))


@given("{name:Name} and {other:Name} have never met, and are alone")
def given_strangers(context, name, other):
    nodes = [context.stage.node(one) for one in (name, other)]
    for node in context.stage.running().values():
        node.stop()
    for node in nodes:
        for path in node.data_dir.glob("peers*"):
            path.unlink()
        node.start()
    for node in nodes:
        assert node.actor("/dms/node/peers/list")["Peers"] == []


@step("{name:Name} is connected to {other:Name}")
def given_connected(context, name, other):
    if context.stage.peer(other) not in context.stage.node(name).actor("/dms/node/peers/list")["Peers"]:
        context.stage.connect(name, other)


@when("{name:Name} connects to {other:Name} at his address")
def when_connects(context, name, other):
    context.stage.connect(name, other)


@when("{name:Name}'s daemon stops")
def when_stops(context, name):
    context.stage.node(name).stop()


@when("{name:Name}'s daemon is killed")
def when_killed(context, name):
    context.stage.node(name).kill()


@when("{name:Name}'s daemon starts")
def when_starts(context, name):
    context.stage.node(name).start()
    context.stage.introduce(sorted(context.stage.running()))


@when("{name:Name}'s daemon is told to end by SIGTERM")
def when_told_to_end(context, name):
    node = context.stage.node(name)
    context.ending = node
    context.ports = [node.port] + [int(port) for address in context.stage.addresses(name)
                                   for port in re.findall(r"/tcp/(\d+)", address)]
    node.process.send_signal(signal.SIGTERM)


@then("it ends with status {status:d} within {seconds:d} s")
def then_ends(context, status, seconds):
    assert context.ending.process.wait(seconds * PATIENCE) == status
    context.ending.forget()


@then("nothing listens on {name:Name}'s ports any more")
def then_no_ports(context, name):
    node = context.stage.node(name)
    listening = subprocess.run([*node.prefix, "cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True,
                               check=True).stdout
    assert context.ports
    for port in context.ports:
        assert not re.search(rf":{port:04X} [0-9A-F:]+ 0A ", listening), f"{port} is still open:\n{listening}"


# What they lend.

def share(cores, memory, disk):
    return {"cores": cores, "memory": memory, "disk": disk}


@step("{name:Name} lends {cores:d} cores, {memory:d} GB of memory and {disk:d} GB of disk")
def lends(context, name, cores, memory, disk):
    if cores > (os.cpu_count() or 1) or not memory_bytes() // 10 <= memory * GIB <= memory_bytes() * 9 // 10:
        context.scenario.skip(f"this machine cannot lend {cores} cores and {memory} GB: a tenth to nine tenths of "
                              "its memory, and no more cores than it has")
        return
    context.stage.onboard(name, cores, f"{memory}GiB", f"{disk}GiB")


@step("{name:Name} lends {cores:d} core, a fifth of the memory and {disk:d} GB of disk")
def lends_fifth(context, name, cores, disk):
    context.stage.onboard(name, cores, f"{memory_bytes() // 5 // (1 << 20)}MiB", f"{disk}GiB")


@then("{name:Name} is onboarded with {cores:d} cores, {memory:d} GB of memory and {disk:d} GB of disk")
def then_onboarded(context, name, cores, memory, disk):
    assert context.stage.is_onboarded(context.stage.node(name))
    assert context.stage.numbers(name, "onboarded") == (cores, memory * GIB, disk * GIB)


@when("{name:Name} offboards")
def when_offboards(context, name):
    context.stage.offboard(name)


@then("{name:Name} is not onboarded and lends nothing")
def then_not_onboarded(context, name):
    node = context.stage.node(name)
    assert node.actor("/dms/node/onboarding/status")["onboarded"] is False
    for which in ("onboarded", "free"):
        reply = node.actor(f"/dms/node/resources/{which}")
        assert reply["OK"] is False or reply["Resources"]["cpu"]["cores"] == 0, reply
        assert reply["Resources"]["ram"]["size"] == reply["Resources"]["disk"]["size"] == 0, reply


@then("{name:Name} is idle")
def then_idle(context, name):
    context.stage.expect_idle(name)


@then("{name:Name} is idle within {seconds:d} s")
def then_idle_within(context, name, seconds):
    wait(lambda: context.stage.allocations(name) == [], seconds,
         lambda: f"{name} still has {context.stage.allocations(name)}")
    context.stage.expect_idle(name)


@then("{name:Name} holds {cores:d} cores, {memory:d} GB of memory and {disk:d} GB of disk and has "
      "{c:d}, {m:d} and {d:d} left")
def then_holds(context, name, cores, memory, disk, c, m, d):
    held, free = (cores, memory * GIB, disk * GIB), (c, m * GIB, d * GIB)
    wait(lambda: context.stage.numbers(name, "allocated") == held and context.stage.numbers(name, "free") == free, 20,
         lambda: f"{name}: allocated {context.stage.numbers(name, 'allocated')}, "
                 f"free {context.stage.numbers(name, 'free')}")


# What they are.

@then("{name:Name}'s hardware is what the kernel says of the machine")
def then_hardware(context, name):
    reply = context.stage.node(name).actor("/dms/node/hardware/spec")
    resources = reply["Resources"]
    volume = os.statvfs(context.stage.node(name).data_dir)
    assert reply["OK"] is True and resources["cpu"]["cores"] == os.cpu_count(), resources
    assert resources["ram"]["size"] == memory_bytes(), (resources, memory_bytes())
    assert resources["disk"]["size"] == volume.f_blocks * volume.f_frsize, resources
    assert resources["cpu"]["architecture"], resources


@then("{name:Name}'s hardware usage is more than nothing and less than all")
def then_usage(context, name):
    node = context.stage.node(name)
    used, total = (node.actor(f"/dms/node/hardware/{which}")["Resources"] for which in ("usage", "spec"))
    for part in ("ram", "disk"):
        assert 0 < used[part]["size"] < total[part]["size"], (used, total)
    assert 0 <= used["cpu"]["cores"] <= total["cpu"]["cores"], (used, total)


@then("{name:Name}'s connected peers are {others:Names}")
def then_connected(context, name, others):
    wanted = sorted(context.stage.peer(other) for other in others)
    node = context.stage.node(name)
    wait(lambda: sorted(node.actor("/dms/node/peers/list")["Peers"]) == wanted, 60,
         lambda: f"{name} is connected to {node.actor('/dms/node/peers/list')}, not to {others}: {wanted}")


@then("{name:Name}'s network knows {others:Names} by their DIDs")
def then_network_knows(context, name, others):
    node = context.stage.node(name)
    wanted = {context.stage.peer(other): context.stage.node(other).dms_did for other in others}

    def known():
        return {item["id"]: item.get("did") for item in node.network("peers", "--json").json["peers"]}

    wait(lambda: known() == wanted, 30, lambda: f"known are {known()}, not {wanted}")


@then("{name:Name} finds {others:Names} in her routing table")
def then_dht(context, name, others):
    node = context.stage.node(name)
    wanted = {context.stage.peer(other) for other in others}
    wait(lambda: wanted <= {item["Id"] for item in node.actor("/dms/node/peers/dht")["Peers"]}, 60,
         lambda: f"{wanted} are not in {node.actor('/dms/node/peers/dht')}")


@then("{other:Name} answers {name:Name}'s ping in at least {ms:d} ms")
def then_ping(context, other, name, ms):
    reply = context.stage.node(name).actor("/dms/node/peers/ping", "-H", context.stage.peer(other))
    assert reply["Error"] == "" and reply["RTT"] >= ms, reply


@then("{other:Name} does not answer {name:Name}'s ping")
def then_no_ping(context, other, name):
    reply = context.stage.node(name).actor("/dms/node/peers/ping", "-H", context.stage.peer(other))
    assert reply["Error"] and reply["RTT"] == 0, reply


@when("{name:Name} broadcasts hello")
def when_broadcasts_hello(context, name):
    """Asks again until nobody is missing: those that just met need a moment until they pass messages on."""
    node = context.stage.node(name)
    others = [other for other in context.stage.running() if other != name.lower()]

    def answered():
        result = node.cli("-c", node.name, "actor", "cmd", "/broadcast/hello", "-t", "3s", check=False)
        context.reply = result.out
        return all(context.stage.node(other).dms_did in result.out for other in others)

    wait(answered, 30, lambda: f"not all of {others} answered: {context.reply}")


@then("{others:Names} answer with their DIDs")
def then_answer_with_dids(context, others):
    for other in others:
        assert context.stage.node(other).dms_did in context.reply, context.reply


@then("{name:Name}'s status tells {possessive:w} DID, and that {pronoun:w} is {state}")
def then_status(context, name, possessive, pronoun, state):
    node = context.stage.node(name)
    reply = node.actor("/dms/node/status")
    (peer, status), = reply.items()
    assert peer == context.stage.peer(name) and status["did"] == node.dms_did, status
    assert status["onboarded"] is (state == "onboarded"), status
    assert status["network"]["p2p"]["id"] == peer and status["resources"]["total"]["cpu"]["cores"] > 0, status
    assert status["errors"] == [], status["errors"]


@then("{name:Name} sees {other:Name}'s version, as his program tells it")
def then_version(context, name, other):
    node = context.stage.node(name)
    lines = context.stage.node(other).cli("version").out.splitlines()
    version = next(line.partition(":")[2].strip() for line in lines if line.lower().startswith("version"))

    def agent():
        peers = node.network("peers", "--json").json["peers"]
        return next((item.get("agent", "") for item in peers if item["id"] == context.stage.peer(other)), "")

    assert version
    wait(lambda: version in agent(), 20, lambda: f"{version} is not in {agent()}")


# What they log.

@then('{name:Name}\'s console has the event "{event:Words}" with a level and named values')
def then_console(context, name, event):
    lines = [line for line in context.stage.node(name).daemon_log().splitlines() if event in line]
    assert lines, f"no {event}"
    assert re.search(r"\bINFO\b", lines[-1]) and re.search(r"\b\w+=\S", lines[-1]), lines[-1]


@then('{name:Name}\'s log file has the event "{event:Words}" as one JSON object a line')
def then_log_file(context, name, event):
    path = context.stage.node(name).work_dir / "logs" / "nunet-dms-logs.jsonl"
    objects = [json.loads(line) for line in path.read_text().splitlines()]
    found = [item for item in objects if item["msg"] == event]
    assert found and found[-1]["level"] == "INFO" and re.match(r"\d{4}-\d\d-\d\dT", found[-1]["timestamp"]), found


@then("the last line of {name:Name}'s log file is whole")
def then_log_whole(context, name):
    text = (context.stage.node(name).work_dir / "logs" / "nunet-dms-logs.jsonl").read_text()
    assert text.endswith("\n")
    last = json.loads(text.splitlines()[-1])
    assert "stop" in last["msg"] or "end" in last["msg"], last


@when("{name:Name} sets the log level to {level:w}")
def when_level(context, name, level):
    node = context.stage.node(name)
    reply = node.actor("/dms/node/logger/config", "--level", level)
    assert reply == {"OK": True}, reply
    context.logged = len(events_of(node))


@then("nothing is added to {name:Name}'s log file")
def then_nothing_logged(context, name):
    assert len(events_of(context.stage.node(name))) == context.logged, events_of(context.stage.node(name))[-3:]


@then("something is added to {name:Name}'s log file")
def then_something_logged(context, name):
    node = context.stage.node(name)
    wait(lambda: len(events_of(node)) > context.logged, 10, "nothing is logged")


@then("setting the endpoint of her log is refused to {name:Name}")
def then_endpoint_refused(context, name):
    reply = context.stage.node(name).actor("/dms/node/logger/config", "--url", "http://127.0.0.1:9/")
    assert reply["OK"] is False and "observability.logging" in reply["error"], reply


@given("{name:Name} runs only what a contract covers")
def given_contracts_required(context, name):
    node = context.stage.node(name)
    node.stop()
    node.configure(job={"require_contracts_for_deployment": True})
    node.start()
    context.stage.introduce(sorted(context.stage.running()))
