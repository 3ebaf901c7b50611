# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Homes behind NATs; these scenarios need the testbed."""

import json

from behave import given, then, when

from stage import wait

PORTS = ("tcp/9000", "udp/9000/quic-v1")


def addresses(node):
    return node.network("addresses", "--json").json


def connections(context, name, other):
    found = context.stage.node(name).network("connections", context.stage.peer(other), "--json", check=False)
    return found.json["connections"] if found.status == 0 else []


@given("all nodes of the bed are up and members of one organisation")
def given_all_up(context):
    """Membership comes with the topology."""
    bed = context.stage.bed
    bed.start_daemons()
    assert bed.topology["organisation"] and len(bed.joined) >= len(bed.hosts) - 1, bed.joined


@given("{name:Name} takes no part in any network")
def given_alone(context, name):
    """He listens, and talks to nobody: no relay can know of him."""
    node = context.stage.node(name)
    node.stop()
    for path in node.data_dir.glob("peers*"):
        path.unlink()
    context.bootstrap = json.loads(node.config_file.read_text())["p2p"]["bootstrap_peers"]
    node.configure(p2p={"bootstrap_peers": []})
    node.start()
    assert node.actor("/dms/node/peers/list")["Peers"] == []


@when("{name:Name} joins the network again")
def when_joins_network(context, name):
    node = context.stage.node(name)
    node.stop()
    node.configure(p2p={"bootstrap_peers": context.bootstrap})
    node.start()


@then("dialling {name:Name} at the addresses of his home fails for {other:Name}")
def then_dial_fails(context, name, other):
    """Neither where his machine is, which is nowhere for others, nor at his router, which lets nobody in."""
    host = context.stage.bed.host(name.lower())
    for ip in (host.address, host.public_address):
        for port in PORTS:
            target = f"/ip4/{ip}/{port}/p2p/{context.stage.peer(name)}"
            result = context.stage.node(other).network("dial", target, "-t", "12s", check=False)
            assert result.status == 1, result
    assert not connections(context, other, name)


@then("{name:Name} knows that he is behind a NAT, and tells of a relay")
def then_private(context, name):
    node = context.stage.node(name)
    wait(lambda: any("/p2p-circuit" in text for text in addresses(node)["addresses"]), 120,
         lambda: f"{name}: {addresses(node)}")
    public = context.stage.bed.host(name.lower()).public_address
    assert not any(text.startswith(f"/ip4/{public}/") for text in addresses(node)["addresses"]), addresses(node)


@when("{name:Name} dials {other:Name} by his peer ID alone")
def when_dials(context, name, other):
    node = context.stage.node(name)

    def dialled():
        context.answer = node.network("dial", context.stage.peer(other), "-t", "30s", check=False, timeout=60)
        return context.answer.status == 0

    # Where he can be reached has to get around first.
    wait(dialled, 90, lambda: f"{context.answer}")


@then("{name:Name} is connected to {other:Name} {way:Way}")
def then_connected(context, name, other, way):
    def kinds():
        return [[connection["limited"] for connection in connections(context, one, two)]
                for one, two in ((name, other), (other, name))]

    if way == "directly":
        wait(lambda: all(found and not any(found) for found in kinds()), 40, lambda: f"limited: {kinds()}")
    else:
        wait(lambda: all(found and all(found) for found in kinds()), 20, lambda: f"limited: {kinds()}")
