# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Private swarms on the test bed: who has no key learns and reaches nothing, who has it is reached by relays, too."""

import base64
import os
import shutil
import subprocess
import time

import pytest

from node import BUILD, PATIENCE
from test_nat import addresses, circuits, connections, deploys, dial, is_relayed, wait_for
from testbed import Testbed

pytestmark = pytest.mark.skipif(not (BUILD / "plugins/transport-libp2p/libtransport-libp2p.so").exists(),
                                reason="built without the transport libp2p")

QUICK = "probe_delay_ms: 1000, relay_delay_ms: 1000"
SWARM = f"""
description: A private swarm with a relay, two homes in it, and others who have no key or another one.
regions:
  eu: {{delay_ms: 2}}
nats:
  home1: {{kind: symmetric, region: eu}}
  home2: {{kind: symmetric, region: eu}}
  flat: {{kind: cone, region: eu}}
organisation: {{name: org}}
hosts:
  hub1: {{region: eu, roles: [bootstrap], config: {{p2p: {{{QUICK}}}}}}}
  hub2: {{region: eu, roles: [bootstrap], config: {{p2p: {{{QUICK}}}}}}}
  ann: {{nat: home1, config: {{p2p: {{{QUICK}, mdns: true}}}}}}
  ben: {{nat: home2, onboard: true, config: {{p2p: {{{QUICK}}}}}}}
  stranger: {{region: eu, config: {{p2p: {{{QUICK}, mdns: true}}}}}}
  guest: {{nat: home1, config: {{p2p: {{{QUICK}, mdns: true}}}}}}
  other1: {{region: eu, config: {{p2p: {{bootstrap_peers: []}}}}}}
  other2: {{region: eu, onboard: true, config: {{p2p: {{bootstrap_peers: []}}}}}}
"""
INSIDE = ("hub1", "hub2", "ann", "ben")
OTHER = ("other1", "other2")
OUTSIDE = ("stranger", "guest", *OTHER)
TOPICS = ("/nunet/deployment", "/nunet/hello", "/nunet/status", "/nunet/revocation", "/nunet/kad", "/meshsub",
          "multistream")


def share_key(bed, names):
    first = bed.host(names[0]).node
    first.cli("network", "swarm", "new")
    for name in names[1:]:
        bed.host(name).node.cli("network", "swarm", "join", first.user_dir / "swarm.key")


@pytest.fixture(scope="module")
def swarm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swarm")
    (folder / "swarm.yaml").write_text(SWARM)
    with Testbed.up(folder / "swarm.yaml", folder / "bed", start=False, capture=True) as bed:
        share_key(bed, INSIDE)
        share_key(bed, OTHER)
        bed.start_daemons()
        wait_for(lambda: all(bed.host(name).node.peer in bed.host("hub1").node.actor("/dms/node/peers/list")["Peers"]
                             for name in INSIDE if name != "hub1"), 30, "those with the key do not meet")
        yield bed


def test_relays_work_inside(swarm):
    """Two homes whose NATs let nobody in reach each other by relays that have the key, and run jobs for each other."""
    ann, ben = swarm.host("ann"), swarm.host("ben")
    wait_for(lambda: circuits(ann) and circuits(ben), 90, lambda: f"no relay: {addresses(ann)} {addresses(ben)}")
    assert all("/quic-v1" not in text for text in addresses(ann)["addresses"])
    dial(ann, ben.node.peer)
    assert is_relayed(ann, ben), connections(ann, ben)
    deploys(ann, ben, "within-a-private-swarm")


def test_outsiders_reach_nobody(swarm):
    everybody = os.environ.get("DMS_NAT_TESTS") == "all"
    for outsider in OUTSIDE if everybody else ("stranger", "other1"):
        for insider in INSIDE if everybody else ("hub1", "ann"):
            host, target = swarm.host(outsider), swarm.host(insider)
            where = f"/ip4/{target.address}/tcp/9000/p2p/{target.node.peer}"
            result = host.node.network("dial", where, "-t", "2s", check=False, timeout=30)
            assert result.status == 1, (outsider, insider, result)
            result = host.node.network("dial", target.node.peer, "-t", "2s", check=False, timeout=30)
            assert result.status == 1, (outsider, insider, result)
    for insider in INSIDE:
        assert not connections(swarm.host(insider), swarm.host("stranger"))


def test_outsiders_learn_nothing(swarm):
    """Not by a hash table that is full of them, not by local discovery, not by gossip; not even that they are there."""
    stranger, guest = swarm.host("stranger").node, swarm.host("guest").node
    # Local discovery and discovery by name run meanwhile.
    time.sleep(3 * PATIENCE)
    for insider in INSIDE:
        insider = swarm.host(insider).node
        for outsider in (stranger, guest, *(swarm.host(name).node for name in OTHER)):
            known = outsider.network("peers", "--json").json["peers"]
            assert insider.peer not in [peer["id"] for peer in known]
            assert insider.peer not in outsider.actor("/dms/node/peers/dht").get("Peers", [])
            assert outsider.peer not in insider.actor("/dms/node/peers/list")["Peers"]
            assert insider.dms_did not in outsider.daemon_log()


def test_a_job_is_not_heard_of(swarm):
    """A request to everybody stays inside."""
    from test_world import hello_on

    ann = swarm.host("ann").node
    job = hello_on("nobody", "inside").replace("    peer: nobody\n", "")
    ensemble = ann.deploy(ann.write_job("inside.yaml", job))
    ann.wait_status(ensemble, "Completed")
    for outsider in OUTSIDE:
        assert ensemble not in swarm.host(outsider).node.daemon_log(), outsider


def test_several_networks_on_one_machine(swarm, tmp_path):
    """The second network works beside the first, and a machine may have a node in each."""
    one, two = swarm.host("other1"), swarm.host("other2")
    dial(one, f"/ip4/{two.address}/tcp/9000/p2p/{two.node.peer}")
    deploys(one, two, "in-the-other-swarm")
    # A second daemon on the machine of the first, in the other network.
    from node import Node, wind_down

    class Second(Node):
        def healthy(self):
            return self.process.poll() is None and self.network("addresses", check=False).status == 0

    config = {"p2p": {"listen_address": ["/ip4/0.0.0.0/tcp/9100"]}, "rest": {"port": 9998}}
    second = Second(tmp_path / "second", config=config)
    second.prefix = one.prefix
    second.port = 9998
    try:
        second.set_up()
        second.cli("network", "swarm", "join", swarm.host("hub1").node.user_dir / "swarm.key")
        second.start()
        hub = swarm.host("hub1")
        second.network("dial", f"/ip4/{hub.address}/tcp/9000/p2p/{hub.node.peer}")
        assert hub.node.peer in second.actor("/dms/node/peers/list")["Peers"]
        assert two.node.peer not in second.actor("/dms/node/peers/list")["Peers"]
        assert hub.node.peer not in one.node.actor("/dms/node/peers/list")["Peers"]
        result = second.network("dial", f"/ip4/{two.address}/tcp/9000/p2p/{two.node.peer}", "-t", "3s", check=False)
        assert result.status == 1, result
    finally:
        wind_down(second)


def secrets(node):
    """What must not be read on the wire: names of nodes and of what they talk about."""
    peer = node.peer
    yield peer.encode()
    yield node.dms_did.encode()
    # As bytes: the key that both are made of.
    yield node.identity.public
    yield base64.b64encode(node.identity.public).rstrip(b"=")


def packets(folder, host):
    """What a host sent over its wire; what it said to itself is left out."""
    name = host.name
    found = sorted((folder / "captures").glob(f"{name}.pcap*"))
    assert found, list((folder / "captures").iterdir())
    sent = f"src host {host.address} and not dst net 127.0.0.0/8 and not dst host {host.address}"
    return b"".join(subprocess.run(["tcpdump", "-r", str(path), "-w", "-", sent], check=True,
                                   capture_output=True).stdout for path in found)


def test_packets_tell_nothing(swarm):
    """Runs last: what all of the above sent over the wires of the private swarm."""
    time.sleep(2 * PATIENCE)
    folder = swarm.collect()
    words = [topic.encode() for topic in TOPICS]
    for name in INSIDE:
        words += secrets(swarm.host(name).node)
    seen = 0
    for name in INSIDE:
        data = packets(folder, swarm.host(name))
        seen += len(data)
        for word in words:
            assert word not in data, (name, word)
    assert seen > 100000, "the captures are empty"
    # That such words would be found: strangers say in the clear what they are about to speak.
    assert b"multistream" in packets(folder, swarm.host("stranger"))
    shutil.rmtree(folder, ignore_errors=True)
