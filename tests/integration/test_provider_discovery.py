# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Who runs a job that names no machine: found by provider records alone, by the topic alone, and among false records."""

import contextlib
import sys
import time
from pathlib import Path

import pytest

from node import PATIENCE, Node, wind_down
from test_libp2p_nodes import PLUGIN, connect, hears, peers, quick
from test_world import DEPLOY, allow

sys.path.insert(0, str(Path(__file__).parents[1] / "interop"))
from peer import OURS, PeerError, our_peer  # noqa: E402

pytestmark = pytest.mark.skipif(not PLUGIN.exists() or not OURS.exists(), reason="built without the transport libp2p")

LISTEN = ["/ip4/127.0.0.1/tcp/0"]
KEY = "nunet-offer-1/executor/process"
JOB = """version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["/bin/echo", "hello from somewhere"]}
nodes:
  there:
    allocations: [main]
"""


@contextlib.contextmanager
def ended(*things):
    """Ends what was added, whatever happens."""
    try:
        yield things
    finally:
        for thing in things:
            if isinstance(thing, Node):
                wind_down(thing)
            elif thing.process.poll() is None:
                thing.stop()


def table(tmp_path, name="table"):
    """A host that keeps records of others and passes on no gossip."""
    return our_peer(tmp_path, name).start(listen=LISTEN, dht=True)


def wait_in_table(peer, host):
    """Whoever tells something tells those that its table of the network has."""
    deadline = time.monotonic() + 20 * PATIENCE
    while host.id not in peer.ask("dht_peers")["peers"]:
        assert time.monotonic() < deadline, f"{peer.name} does not take {host.name} into its table"
        time.sleep(0.05)


def node(tmp_path, name, **p2p):
    return Node(tmp_path / name, config=quick(**p2p)).set_up()


def lonely(host):
    """Knows one host that keeps records, keeps none itself, and meets nobody but those it has a reason to."""
    return {"dht_mode": "client", "rendezvous": "", "bootstrap_peers": [host.addresses[0]]}


def wait_advertised(provider):
    provider.wait_for(lambda: "offer_told" in provider.daemon_log(), 30, "nothing was advertised")


def ways(asker):
    """How the machines heard of it whose offers were taken: the values of `way` in the log."""
    return {line.split("way=", 1)[1].split()[0].strip('",') for line in asker.daemon_log().splitlines()
            if "bid_received" in line and "way=" in line}


def run_job(asker, timeout=30):
    began = time.monotonic()
    ensemble = asker.deploy(asker.write_job("somewhere.yaml", JOB))
    asker.wait_status(ensemble, "Completed", timeout=timeout)
    assert asker.logs_of(ensemble, "there.main")[0] == "hello from somewhere\n"
    manifest = asker.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]
    return manifest["nodes"]["there"]["peer"], time.monotonic() - began


def test_by_provider_records_alone(tmp_path):
    """The two never heard of each other, and nobody between them passes on what is published."""
    host = table(tmp_path)
    a, b = (node(tmp_path, name, **lonely(host)) for name in "ab")
    with ended(a, b, host):
        allow(b, a, *DEPLOY)
        a.start(), b.start()
        b.onboard()
        wait_advertised(b)
        a.wait_for(lambda: peers(a) == [host.id], 20, "it does not meet the host it knows")
        (found,) = host.ask("dht_query", name=KEY)["found"]
        assert found["peer"] == b.peer and "data" not in found
        chosen, _ = run_job(a)
        assert chosen == b.peer
        assert ways(a) == {"record"}
        # What was told is taken back where it can be, and it is not told again.
        b.actor("/dms/node/onboarding/offboard")
        b.wait_for(lambda: "offer_withdrawn" in b.daemon_log(), 10, "nothing was withdrawn")


def test_by_gossip_alone(tmp_path):
    a, b = (node(tmp_path, name, advertise=False, dht_mode="off", rendezvous="") for name in "ab")
    with ended(a, b):
        allow(b, a, *DEPLOY)
        a.start(), b.start()
        b.onboard()
        connect(a, b)
        a.wait_for(lambda: hears(a, b), 30, "nobody hears what is published")
        chosen, _ = run_job(a)
        assert chosen == b.peer
        assert ways(a) == {"gossip"}
        assert "offer_told" not in b.daemon_log()


def test_among_false_records(tmp_path):
    """Some that stand under the name are gone, some are no nodes, one does what it said."""
    host = table(tmp_path)
    others = [table(tmp_path, f"other{i}") for i in range(8)]
    a, b = (node(tmp_path, name, **lonely(host)) for name in "ab")
    with ended(a, b, host, *others):
        for other in others:
            other.ask("dial", addresses=host.addresses)
        for other in others:
            wait_in_table(other, host)
            other.ask("dht_advertise", name=KEY, data="come here")
        for other in others[:4]:
            other.vanish()
        allow(b, a, *DEPLOY)
        a.start(), b.start()
        b.onboard()
        wait_advertised(b)
        chosen, seconds = run_job(a)
        assert chosen == b.peer
        assert "record" in ways(a)
        assert seconds < 20 * PATIENCE


def test_tells_nothing_when_told_not_to(tmp_path):
    host = table(tmp_path)
    b = node(tmp_path, "b", advertise=False, **lonely(host))
    with ended(b, host):
        b.start()
        b.onboard()
        time.sleep(5 * PATIENCE)
        assert "offer_told" not in b.daemon_log()
        # It knows of no provider itself, and there is nobody else it could ask.
        with pytest.raises(PeerError, match="no peer"):
            host.ask("dht_query", name=KEY)
