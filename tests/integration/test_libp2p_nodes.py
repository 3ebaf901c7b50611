# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Two real daemons that meet over libp2p: on loopback, and on two machines made of network name spaces."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

import pytest

from node import BUILD, PATIENCE, Node, free_port, wind_down
from test_world import DEPLOY, allow, hello_on

PLUGIN = BUILD / "plugins" / "transport-libp2p" / "libtransport-libp2p.so"
STRANGER = "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3"

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")


def quick(**p2p):
    return {"p2p": {"hello_delay_ms": 100, **p2p}}


def addresses(node):
    return node.network("addresses", "--json").json["addresses"]


def address(node, kind="/tcp/"):
    """Where the node can be reached by TCP or QUIC, and which node it is."""
    return next(text for text in addresses(node) if kind in text)


def peers(node):
    return node.actor("/dms/node/peers/list")["Peers"]


def connect(node, other, kind="/tcp/"):
    reply = node.actor("/dms/node/peers/connect", "-a", address(other, kind))
    assert reply == {"Status": "CONNECTED", "Error": ""}, reply
    # Who is dialled has the connection a moment after who dials.
    peer = node.peer
    other.wait_for(lambda: peer in peers(other), 10, "it is connected, and the other does not know")


def hears(asker, *others):
    """Whether what the asker publishes comes to the others, and they may answer it."""
    reply = asker.cli("-c", "dms", "actor", "cmd", "/broadcast/hello", "-t", "2s", check=False)
    return all(other.dms_did in reply.out for other in others)


@contextlib.contextmanager
def nodes(directory, *names, node_class=Node, **kwargs):
    made = []
    try:
        for name in names:
            made.append(node_class(directory / name, config=quick(), **kwargs))
            made[-1].set_up()
        yield made
    finally:
        for node in made:
            wind_down(node)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The first may ask the second to run jobs, and both may greet each other."""
    with nodes(tmp_path_factory.mktemp("libp2p"), "a", "b") as (a, b):
        allow(b, a, *DEPLOY)
        allow(a, b, "/public")
        a.start(), b.start()
        b.onboard()
        connect(a, b)
        yield a, b


def test_listens_where_it_was_told(pair):
    a, _ = pair
    reply = a.network("addresses", "--json").json
    assert reply["transport"] == "libp2p" and reply["peer"] == a.peer
    assert all(text.startswith("/ip4/127.0.0.1/") and text.endswith("/p2p/" + a.peer) for text in reply["addresses"])
    assert not any("/tcp/0/" in text or "/udp/0/" in text for text in reply["addresses"])
    mine = a.actor("/dms/node/peers/self")
    assert mine["id"] == a.peer
    assert [text + "/p2p/" + a.peer for text in mine["listen_addr"].split(", ")] == reply["addresses"]
    ready = next(line for line in a.daemon_log().splitlines() if "daemon_ready" in line)
    assert mine["listen_addr"].split(", ")[0] in ready and "libp2p" in ready


def test_peers_ping_and_connections(pair):
    a, b = pair
    assert peers(a) == [b.peer] and peers(b) == [a.peer]
    ping = a.actor("/dms/node/peers/ping", "-H", b.peer)
    assert ping["Error"] == "" and ping["RTT"] >= 1
    reply = a.network("ping", "-n", 3, "--interval", "10ms", b.peer, "--json").json
    assert reply["answered"] == 3 and 0 < reply["least_us"] < 1_000_000
    (out,) = a.network("connections", b.peer, "--json").json["connections"]
    (back,) = b.network("connections", a.peer, "--json").json["connections"]
    assert not out["inbound"] and back["inbound"]
    assert out["remote"] == address(b).split("/p2p/")[0]
    assert out["security"] and out["muxer"] and out["security"] == back["security"]
    assert out["bytes_in"] > 0 and out["bytes_out"] > 0
    assert "actor/root/messages/0.0.1" in out["protocols"] and "/ipfs/ping/1.0.0" in out["protocols"]
    limits = a.network("limits", "--json").json["limits"]
    assert any(limit["scope"] == "system" and "connections" in limit["resource"] and limit["used"] >= 1
               for limit in limits), limits


def test_nodes_greet_each_other(pair):
    a, b = pair

    def mutual():
        return [node.actor("/dms/node/peers/score")["Score"].get(other.peer, {}).get("AppSpecificScore")
                for node, other in ((a, b), (b, a))] == [5, 5]

    a.wait_for(mutual, 10, "no mutual hello")
    (peer,) = a.network("peers", "--json").json["peers"]
    assert peer["did"] == b.dms_did and peer["id"] == b.peer
    hello = a.cli("-c", "dms", "actor", "cmd", "/public/hello", "-d", b.peer).json
    assert hello == {"DID": {"uri": b.dms_did}}


def test_deploys_by_peer_id(pair):
    a, b = pair
    ensemble = a.deploy(a.write_job("there.yaml", hello_on(b.peer)))
    a.wait_status(ensemble, "Completed")
    assert a.logs_of(ensemble, "there.main")[0] == "hello from afar\n"
    manifest = a.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]
    assert manifest["nodes"]["there"]["peer"] == b.peer
    assert not b.cli("get", "deployments").json["deployments"]


def test_dial_tells_each_step(tmp_path, pair):
    _, b = pair
    with nodes(tmp_path, "c") as (c,):
        c.start()
        reply = c.network("dial", address(b), "--json").json
        assert reply["peer"] == b.peer
        steps = [step["step"] for step in reply["steps"]]
        assert [step for step in steps if step in ("connect", "secure", "mux", "identify")] == [
            "connect", "secure", "mux", "identify"], reply
        assert all(step["duration_us"] >= 0 and "error" not in step for step in reply["steps"])
        out = c.network("dial", address(b)).out
        assert f"Connected to {b.peer} in" in out


def test_dial_refuses_another_peer(tmp_path, pair):
    a, b = pair
    with nodes(tmp_path, "c") as (c,):
        c.start()
        wrong = address(b).replace(b.peer, a.peer)
        result = c.network("dial", wrong, check=False)
        assert result.status == 1 and result.err.startswith("Error: cannot connect to "), result
        assert "secure" in result.out and "failed" in result.out, result
        assert peers(c) == []
        reply = c.actor("/dms/node/peers/connect", "-a", wrong)
        assert reply["Status"] == "" and reply["Error"]
        assert peers(c) == []
        # The peer that is really there is not to blame.
        connect(c, b)
        assert peers(c) == [b.peer]


def test_dial_nobody(pair):
    a, _ = pair
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        closed = f"/ip4/127.0.0.1/tcp/{holder.getsockname()[1]}/p2p/{STRANGER}"
        result = a.network("dial", closed, check=False)
    assert result.status == 1 and "connect" in result.out and "failed" in result.out, result
    nowhere = a.network("dial", STRANGER, check=False)
    assert nowhere.status == 1 and STRANGER in nowhere.err, nowhere


def test_dial_gives_up_in_time(pair):
    """Somebody takes the connection and says nothing: the answer comes before the question expires."""
    a, _ = pair
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        result = a.network("dial", f"/ip4/127.0.0.1/tcp/{silent.getsockname()[1]}/p2p/{STRANGER}", "-t", "3s",
                           check=False)
    assert result.status == 1 and "408" not in result.err, result
    assert time.monotonic() - began < 10 * PATIENCE


def test_no_routing_table_is_no_empty_one(pair):
    a, _ = pair
    reply = a.actor("/dms/node/peers/dht")
    assert reply["Peers"] or "routing table" in reply["Error"], reply


def test_port_in_use(tmp_path):
    with nodes(tmp_path, "a") as (a,), socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        a.configure(p2p={"listen_address": [f"/ip4/127.0.0.1/tcp/{port}"]})
        result = a.cli("run", "-c", "dms", check=False)
    assert result.status == 1 and str(port) in result.err and "p2p.listen_address" in result.err, result


def test_comes_back_after_a_restart(tmp_path):
    port = free_port()
    with nodes(tmp_path, "a", "b") as (a, b):
        b.configure(p2p={"listen_address": [f"/ip4/127.0.0.1/tcp/{port}"]})
        b.start()
        known = address(b)
        b_peer = b.peer
        a.configure(p2p={"bootstrap_peers": [known]})
        a.start()
        a.wait_for(lambda: peers(a) == [b_peer], 20, "the first did not meet the second")
        # The one that listens goes and comes back.
        b.kill()
        a.wait_for(lambda: peers(a) == [], 60, "the second is gone, but still listed")
        b.start()
        assert address(b) == known
        a.wait_for(lambda: peers(a) == [b_peer], 90, "the first did not find the second again")
        # The one that dials goes and comes back.
        a.stop()
        b.wait_for(lambda: peers(b) == [], 60, "the first is gone, but still listed")
        a.start()
        a.wait_for(lambda: peers(a) == [b_peer], 20, "the first did not meet the second again")
        assert a.actor("/dms/node/peers/ping", "-H", b_peer)["RTT"] >= 1


def test_comes_back_after_a_crash(tmp_path):
    """A QUIC connection does not notice that the other side died; who comes back over another is believed instead."""
    ports = [free_port() for _ in range(2)]
    with nodes(tmp_path, "a", "b") as (a, b):
        a.configure(p2p={"listen_address": [f"/ip4/127.0.0.1/tcp/{ports[0]}", f"/ip4/127.0.0.1/udp/{ports[1]}/quic-v1"]})
        allow(a, b, *DEPLOY)
        allow(b, a, *DEPLOY)
        a.start(), b.start()
        connect(a, b, "/quic-v1")
        a.wait_for(lambda: hears(a, b) and hears(b, a), 30, "they do not hear each other")
        a.kill()
        a.start()
        connect(a, b, "/tcp/")
        a.wait_for(lambda: hears(a, b) and hears(b, a), 25, "they do not hear each other after the crash")
        # The connection that died is gone before its time is over.
        found = b.network("connections", a.peer, "--json").json["connections"]
        assert all("/tcp/" in connection["remote"] for connection in found), found


def test_peer_id_is_that_of_the_key(tmp_path, pair):
    """Whoever takes over a node's address without its key is not taken for it."""
    a, _ = pair
    port = free_port()
    with nodes(tmp_path, "b", "c") as (b, c):
        for node in (b, c):
            node.configure(p2p={"listen_address": [f"/ip4/127.0.0.1/tcp/{port}"]})
        b.start()
        connect(a, b)
        known, b_peer = address(b), b.peer
        b.stop()
        c.start()
        result = a.network("dial", known, check=False)
        assert result.status == 1, result
        assert b_peer not in peers(a) and c.peer not in peers(a)


# Two machines.

class Machine:
    """A network name space, one end of a cable, an address."""

    def __init__(self, name, ip):
        self.name = name
        self.ip = ip

    @property
    def prefix(self):
        return ["ip", "netns", "exec", self.name]


class NodeOnMachine(Node):
    def __init__(self, root, machines, **kwargs):
        super().__init__(root, **kwargs)
        self.machine = machines[self.root.name]
        self.prefix = self.machine.prefix
        # As people run it: the usual ports on all addresses. But they meet only when a test says so: looking for
        # others in the hash table, they would find each other again at any time.
        self.configure(p2p={"listen_address": ["/ip4/0.0.0.0/tcp/9000", "/ip4/0.0.0.0/udp/9000/quic-v1"],
                            "dht_mode": "off"})

    def healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.daemon_log()[-3000:]}")
        return self.network("addresses", check=False).status == 0


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def machines():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network name spaces are made by root, with ip(8)")
    tag = f"dms{os.getpid() % 100000}"
    made = {"a": Machine(f"{tag}a", "10.213.7.1"), "b": Machine(f"{tag}b", "10.213.7.2")}
    with contextlib.ExitStack() as stack:
        for machine in made.values():
            try:
                ip("netns", "add", machine.name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no network name spaces here: {error.stderr.decode().strip()}")
            stack.callback(ip, "netns", "del", machine.name)
        # One command makes both ends where they belong, so that none of it is ever among the host's devices.
        ip("link", "add", "eth0", "netns", made["a"].name, "type", "veth", "peer", "name", "eth0", "netns",
           made["b"].name)
        for machine in made.values():
            ip("-n", machine.name, "addr", "add", machine.ip + "/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", machine.name, "link", "set", device, "up")
        yield made


@pytest.fixture(scope="module")
def apart(tmp_path_factory, machines):
    with nodes(tmp_path_factory.mktemp("apart"), "a", "b", node_class=NodeOnMachine, machines=machines) as (a, b):
        allow(b, a, *DEPLOY)
        allow(a, b, "/public")
        a.start(), b.start()
        b.onboard()
        yield a, b


def on_cable(node, kind):
    """The node's address on the cable; a wildcard stands for all interfaces."""
    return address(node, f"/ip4/{node.machine.ip}/{kind}/9000")


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_reach_each_other(apart, kind):
    a, b = apart
    for peer in peers(a):
        a.stop(), a.start()
        assert peer not in peers(a)
    reply = a.network("dial", on_cable(b, kind), "--json").json
    assert reply["peer"] == b.peer
    (connection,) = a.network("connections", "--json").json["connections"]
    assert connection["remote"].startswith(f"/ip4/10.213.7.2/{kind}/9000")
    assert peers(a) == [b.peer]
    b.wait_for(lambda: peers(b) == [a.peer], 10, "the second does not know of the connection")


def test_deploys_on_the_other_machine(apart):
    a, b = apart
    assert a.network("dial", on_cable(b, "tcp"), "--json").json["peer"] == b.peer
    ensemble = a.deploy(a.write_job("there.yaml", hello_on(b.peer, "hello from another machine")))
    a.wait_status(ensemble, "Completed")
    assert a.logs_of(ensemble, "there.main")[0] == "hello from another machine\n"


def test_knows_the_way_after_a_restart(apart):
    """The peer ID alone is enough for a node that was there once."""
    a, b = apart
    assert a.network("dial", on_cable(b, "tcp"), "--json").json["peer"] == b.peer
    b_peer = b.peer
    a.stop()
    b.wait_for(lambda: peers(b) == [], 60, "the first is gone, but still listed")
    a.start()
    reply = a.network("dial", b_peer, "--json").json
    assert reply["peer"] == b_peer and peers(a) == [b_peer]


def test_cable_is_pulled(apart, machines):
    a, b = apart
    assert a.network("dial", on_cable(b, "tcp"), "--json").json["peer"] == b.peer
    target = on_cable(b, "tcp")
    b_peer = b.peer
    ip("-n", machines["b"].name, "link", "set", "eth0", "down")
    try:
        reply = a.actor("/dms/node/peers/ping", "-H", b_peer)
        assert reply["RTT"] == 0 and reply["Error"]
        result = a.network("ping", "-n", 1, b_peer, "-t", "5s", check=False)
        assert result.status == 1, result
    finally:
        ip("-n", machines["b"].name, "link", "set", "eth0", "up")
    a.wait_for(lambda: a.network("dial", target, check=False).status == 0, 90, "the way back is not found")
    assert a.network("ping", "-n", 1, b_peer).status == 0
