# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`nunet network`, the behaviours behind it, and nodes that greet each other, on the transport in memory."""

import pytest

from test_world import allow
from world import World

QUICK = {"p2p": {"hello_delay_ms": 50}}
STRANGER = "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("network") / "world") as world:
        yield world


@pytest.fixture(scope="module")
def pair(world):
    """Two nodes; the first may say hello to the second, the second not to the first."""
    a, b = (world.add(name, config={section: dict(keys) for section, keys in QUICK.items()}).set_up() for name in "ab")
    allow(b, a, "/public")
    return a.start(), b.start()


def rows(text):
    """The titles of a table, and the lines below them."""
    title, *lines = text.splitlines()
    return title, lines


def test_addresses(pair):
    a, _ = pair
    reply = a.network("addresses", "--json").json
    assert reply["peer"] == a.peer and reply["transport"] == "memory"
    (address,) = reply["addresses"]
    assert address.startswith("/memory/") and address.endswith("/p2p/" + a.peer)
    out = a.network("addresses").out
    assert a.peer in out and address in out and "Peer ID" in out


def test_nodes_greet_each_other(pair):
    a, b = pair

    def known():
        (peer,) = a.network("peers", "--json").json["peers"]
        return peer if "did" in peer else None

    peer = a.wait_for(known, 10, "nobody was greeted")
    assert peer["did"] == b.dms_did and peer["id"] == b.peer and peer["connected"]
    # Only one of them may: it is a node, but no mutual hello.
    assert peer["score"] == 1
    (back,) = b.network("peers", "--json").json["peers"]
    assert "did" not in back and back["score"] == 1
    title, (line,) = rows(a.network("peers").out)
    assert title.split("  ")[0] == "PEER" and "ROUND TRIP" in title
    assert line.startswith(b.peer) and line.endswith(b.dms_did) and "1.0" in line


def test_mutual_hello(world):
    c, d = (world.add(name, config={section: dict(keys) for section, keys in QUICK.items()}).set_up() for name in "cd")
    allow(c, d, "/public")
    allow(d, c, "/public")
    c.start(), d.start()

    def mutual():
        score = c.actor("/dms/node/peers/score")["Score"].get(d.peer)
        return score if score and score["AppSpecificScore"] == 5 else None

    score = c.wait_for(mutual, 10, "no mutual hello")
    assert score["Score"] == 5 and score["Topics"] == {}
    assert score["IPColocationFactor"] == 0 and score["BehaviourPenalty"] == 0
    d.stop(), c.stop()


def test_connections(pair):
    a, b = pair
    (connection,) = a.network("connections", "--json").json["connections"]
    assert connection["peer"] == b.peer and "protocols" not in connection
    assert connection["remote"].startswith("/memory/") and connection["bytes_out"] > 0
    assert connection["rtt_us"] == -1
    (one,) = a.network("connections", b.peer, "--json").json["connections"]
    assert one["protocols"] == ["actor/root/messages/0.0.1"]
    assert a.network("connections", a.peer, "--json").json == {"connections": [], "total": 0}
    title, (line,) = rows(a.network("connections").out)
    assert "REMOTE ADDRESS" in title and line.startswith(b.peer)
    out = a.network("connections", b.peer).out
    assert "actor/root/messages/0.0.1" in out and "dms/memory" in out


def test_limits(pair):
    a, _ = pair
    limits = a.network("limits", "--json").json["limits"]
    assert {limit["resource"] for limit in limits} == {"messages", "memory"}
    assert all(0 <= limit["used"] <= limit["limit"] for limit in limits)
    title, lines = rows(a.network("limits").out)
    assert title.split()[:2] == ["SCOPE", "RESOURCE"] and len(lines) == 2
    assert "64.0 MiB" in lines[1]


def test_dial(pair):
    a, b = pair
    (address,) = b.network("addresses", "--json").json["addresses"]
    for target in (address, b.peer, f"/p2p/{b.peer}"):
        reply = a.network("dial", target, "--json").json
        assert reply["peer"] == b.peer and "error" not in reply
        assert [step["step"] for step in reply["steps"]] == ["connect"]
    out = a.network("dial", address).out
    assert out.startswith("STEP") and f"Connected to {b.peer} in" in out


@pytest.mark.parametrize("target, reason", [
    ("/memory/nowhere", "nobody answers"), (STRANGER, "nobody answers"), ("here", "peer ID"),
    ("/ip4/1.2.3", "multiaddr"), ("", "give a multiaddr or a peer ID"),
])
def test_dial_fails(pair, target, reason):
    a, _ = pair
    result = a.network("dial", target, check=False)
    assert result.status == 1 and result.err.startswith("Error: cannot connect to"), result
    assert reason in result.err, result
    again = a.network("dial", target, "--json", check=False)
    assert again.status == 1 and again.json["error"]


def test_dial_wrong_peer(pair):
    a, b = pair
    (address,) = b.network("addresses", "--json").json["addresses"]
    result = a.network("dial", address.replace(b.peer, STRANGER), check=False)
    assert result.status == 1 and "failed: nobody answers" in result.out, result


def test_ping(pair):
    a, b = pair
    result = a.network("ping", "-n", 3, "--interval", "10ms", b.peer)
    lines = result.out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("1: answer after ") and lines[3].startswith("3 sent, 3 answered")
    reply = a.network("ping", "--count", 2, "--interval", "0s", b.peer, "--json").json
    assert reply["sent"] == reply["answered"] == 2 and len(reply["pings"]) == 2
    assert 0 < reply["least_us"] <= reply["mean_us"] <= reply["most_us"]
    nobody = a.network("ping", "-n", 1, STRANGER, check=False)
    assert nobody.status == 1 and STRANGER in nobody.err
    for words in (("-n", 0, b.peer), (), (b.peer, b.peer)):
        assert a.network("ping", *words, check=False).status == 1


def test_peers_behaviours(pair):
    """What clients of the field rely on."""
    a, b = pair
    assert a.actor("/dms/node/peers/list") == {"Peers": [b.peer]}
    mine = a.actor("/dms/node/peers/self")
    assert set(mine) == {"id", "listen_addr"} and mine["listen_addr"].startswith("/memory/")
    ping = a.actor("/dms/node/peers/ping", "-H", b.peer)
    assert ping["Error"] == "" and ping["RTT"] >= 1
    assert a.actor("/dms/node/peers/ping", "-H", STRANGER)["RTT"] == 0
    assert a.actor("/dms/node/peers/ping", "-H", "x")["Error"]
    (address,) = b.network("addresses", "--json").json["addresses"]
    assert a.actor("/dms/node/peers/connect", "-a", address) == {"Status": "CONNECTED", "Error": ""}
    refused = a.actor("/dms/node/peers/connect", "-a", "/memory/nowhere")
    assert refused["Status"] == "" and "nobody answers" in refused["Error"]
    assert a.actor("/dms/node/peers/dht")["Peers"][0]["Id"] == b.peer


def test_another_node(world, pair):
    """What a node tells its owner it tells others only when it was granted."""
    a, b = pair
    e = world.add("e").set_up().start()
    e.owner = "dms"
    refused = e.network("limits", "--dest", b.peer, "-t", "1s", check=False)
    assert refused.status == 1 and "408" in refused.err
    allow(b, e, "/dms/node/network")
    reply = e.network("addresses", "--dest", b.peer, "--json").json
    assert reply["peer"] == b.peer
    assert e.network("ping", "-n", 1, a.peer, "--dest", b.peer).status == 0
    refused = e.cli("-c", "dms", "actor", "cmd", "/dms/node/peers/self", "-d", b.peer, "-t", "1s", check=False)
    assert refused.status == 1
    e.stop()
