# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes behind NATs of all kinds: they find out what they are, are reached by relays, and punch through where it goes.

What takes long runs with `./dev soak nat` only.
"""

import os
import time

import pytest

from node import BUILD, PATIENCE
from test_world import hello_on
from testbed import Testbed

pytestmark = pytest.mark.skipif(not (BUILD / "plugins/transport-libp2p/libtransport-libp2p.so").exists(),
                                reason="built without the transport libp2p")

long = pytest.mark.skipif(os.environ.get("DMS_NAT_TESTS") != "all", reason="it takes long: ./dev soak nat")
# What a node does within its first two minutes it does here within seconds.
QUICK = "probe_delay_ms: 1000, relay_delay_ms: 1000"
STREET = f"""
description: One house with a NAT of each kind, and two hosts that everybody reaches.
regions:
  eu: {{delay_ms: 3}}
  us: {{delay_ms: 3}}
links:
  - {{between: [eu, us], delay_ms: 10}}
nats:
  cone1: {{kind: cone, region: eu}}
  cone2: {{kind: cone, region: us}}
  symmetric1: {{kind: symmetric, region: eu}}
  symmetric2: {{kind: symmetric, region: us}}
  full: {{kind: full-cone, region: us}}
organisation: {{name: org}}
hosts:
  relay1: {{region: eu, roles: [bootstrap], config: {{p2p: {{{QUICK}}}}}}}
  relay2: {{region: us, roles: [bootstrap], config: {{p2p: {{{QUICK}}}}}}}
  alice: {{nat: cone1, config: {{p2p: {{{QUICK}}}}}}}
  bob: {{nat: cone2, onboard: true, config: {{p2p: {{{QUICK}}}}}}}
  carol: {{nat: symmetric1, config: {{p2p: {{{QUICK}}}}}}}
  dave: {{nat: symmetric2, onboard: true, config: {{p2p: {{{QUICK}}}}}}}
  fred: {{nat: full, onboard: true, config: {{p2p: {{{QUICK}}}}}}}
  visitor: {{region: eu, config: {{p2p: {{bootstrap_peers: [], dht_mode: 'off', rendezvous: ''}}}}}}
  loner: {{nat: cone2, config: {{p2p: {{bootstrap_peers: [], reachability: private,
          listen_address: [/ip4/0.0.0.0/udp/9007/quic-v1]}}}}}}
"""
HIDDEN = ("alice", "bob", "carol", "dave")


def wait_for(condition, seconds, message):
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, message() if callable(message) else message
        time.sleep(0.2)


def addresses(host):
    return host.node.network("addresses", "--json").json


def circuits(host):
    return [text for text in addresses(host)["addresses"] if "/p2p-circuit" in text]


def connections(host, other):
    """Open ones, the one in use first."""
    return host.node.network("connections", other.node.peer, "--json").json["connections"]


def is_direct(host, other):
    found = connections(host, other)
    return bool(found) and not any(connection["limited"] for connection in found)


def is_relayed(host, other):
    found = connections(host, other)
    return bool(found) and all(connection["limited"] for connection in found)


def dial(host, target, *words, **kwargs):
    """Where a peer is told a moment after it knows itself."""
    found = []

    def answered():
        found[:] = [host.node.network("dial", target, *words, "-t", "40s", timeout=60, check=False, **kwargs)]
        return found[0].status == 0 or "no address is known" not in found[0].err

    wait_for(answered, 15, f"nobody tells where {target} is")
    assert found[0].status == 0, found[0]
    return found[0]


def deploys(host, other, text):
    ensemble = host.node.deploy(host.node.write_job(f"{text}.yaml", hello_on(other.node.peer, text)))
    host.node.wait_status(ensemble, "Completed")
    assert host.node.logs_of(ensemble, "there.main")[0] == text + "\n"


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    folder = tmp_path_factory.mktemp("street")
    (folder / "street.yaml").write_text(STREET)
    with Testbed.up(folder / "street.yaml", folder / "bed") as bed:
        settle(bed)
        yield bed


def settle(bed):
    wait_for(lambda: all(addresses(bed.host(name))["reachability"] == "public" for name in ("relay1", "relay2")), 40,
             "the relays do not know that they are reachable")
    wait_for(lambda: all(circuits(bed.host(name)) for name in HIDDEN), 90,
             lambda: f"not all found a relay: {[addresses(bed.host(name)) for name in HIDDEN]}")


def test_everybody_knows_what_they_are(street):
    for name in HIDDEN:
        assert addresses(street.host(name))["reachability"] == "private", name
        text = street.host(name).node.network("addresses").out
        assert "router" in text and "p2p-circuit" in text, text
        # Nobody is told of an address at which nobody can be reached.
        assert not any(address.startswith(f"/ip4/{street.host(name).public_address}/")
                       for address in addresses(street.host(name))["addresses"]), name
    # A full cone lets everybody through by UDP, and nobody by TCP: both is known, and the way in is told.
    fred = street.host("fred")
    wait_for(lambda: addresses(fred)["reachability"] == "public", 60, lambda: f"fred is {addresses(fred)}")
    told = [text for text in addresses(fred)["addresses"] if text.startswith(f"/ip4/{fred.public_address}/")]
    assert told and all("/udp/" in text for text in told), told
    assert "yes" in fred.node.network("addresses").out


def test_no_way_in_without_a_relay(street):
    """Somebody behind a NAT who knows nobody cannot be reached where the NAT is, nor where the machine is."""
    alice, loner = street.host("alice"), street.host("loner")
    for where in (loner.public_address, loner.address):
        result = alice.node.network("dial", f"/ip4/{where}/udp/9007/quic-v1/p2p/{loner.node.peer}", "-t", "3s",
                                    check=False)
        assert result.status == 1 and ("cannot connect" in result.err or "no answer" in result.err), result
    assert not connections(alice, loner)


def test_cone_to_cone(street):
    alice, bob = street.host("alice"), street.host("bob")
    reply = dial(alice, bob.node.peer, "--json").json
    assert reply["peer"] == bob.node.peer
    wait_for(lambda: is_direct(alice, bob) and is_direct(bob, alice), 20,
             lambda: f"no hole was punched: {connections(alice, bob)}")
    # Both ends dialled; they agree on which of the connections stays.
    wait_for(lambda: len(connections(alice, bob)) == len(connections(bob, alice)) == 1, 20,
             lambda: f"more than one connection stays: {connections(alice, bob)}")
    (connection,) = connections(alice, bob)
    assert connection["remote"].startswith(f"/ip4/{bob.public_address}/"), connection
    assert "relayed" not in alice.node.network("connections", bob.node.peer).out
    deploys(alice, bob, "through-two-cones")


def test_symmetric_to_symmetric(street):
    carol, dave = street.host("carol"), street.host("dave")
    dial(carol, dave.node.peer)
    assert is_relayed(carol, dave)
    assert "relayed" in carol.node.network("connections", dave.node.peer).out
    deploys(carol, dave, "over-a-relay")
    assert is_relayed(carol, dave) and is_relayed(dave, carol)


def test_dial_shows_the_way_over_a_relay(street):
    """Who is dialled over a relay by somebody whom everybody reaches dials back directly, whatever its NAT."""
    visitor, dave = street.host("visitor"), street.host("dave")
    assert not connections(visitor, dave)
    reply = dial(visitor, circuits(dave)[0], "--json").json
    steps = [step["step"] for step in reply["steps"]]
    assert [step for step in ("relay", "secure", "mux", "identify") if step not in steps] == [], reply
    wait_for(lambda: is_direct(visitor, dave), 20, lambda: f"{connections(visitor, dave)}")


def test_cone_to_symmetric(street):
    alice, dave = street.host("alice"), street.host("dave")
    dial(alice, dave.node.peer)
    deploys(alice, dave, "cone-to-symmetric")
    assert connections(alice, dave)


def test_full_cone(street):
    carol, fred = street.host("carol"), street.host("fred")
    dial(carol, fred.node.peer)
    wait_for(lambda: is_direct(carol, fred), 20, lambda: f"{connections(carol, fred)}")
    deploys(carol, fred, "to-a-full-cone")


def test_by_discovery(street):
    """Nobody is named: whoever can do it is found, behind whatever."""
    carol = street.host("carol")
    job = hello_on("nobody", "found").replace("    peer: nobody\n", "")
    ensemble = carol.node.deploy(carol.node.write_job("found.yaml", job))
    carol.node.wait_status(ensemble, "Completed")
    assert carol.node.logs_of(ensemble, "there.main")[0] == "found\n"


@long
def test_relay_is_lost(street):
    """Who was direct stays so; who was relayed is reached over the other relay."""
    alice, bob, carol, dave = (street.host(name) for name in ("alice", "bob", "carol", "dave"))
    dial(alice, bob.node.peer)
    wait_for(lambda: is_direct(alice, bob), 20, lambda: f"{connections(alice, bob)}")
    before = connections(alice, bob)[0]["opened_us"]
    dial(carol, dave.node.peer)
    wait_for(lambda: is_relayed(carol, dave), 10, lambda: f"{connections(carol, dave)}")
    used = connections(carol, dave)[0]["remote"]
    lost = next(name for name in ("relay1", "relay2") if street.host(name).node.peer in used)
    street.host(lost).node.kill()
    try:
        wait_for(lambda: carol.node.network("ping", "-n", 1, dave.node.peer, "-t", "10s", check=False).status == 0, 60,
                 "dave is not reached over the other relay")
        assert street.host(lost).node.peer not in connections(carol, dave)[0]["remote"]
        deploys(carol, dave, "over-the-other-relay")
        assert is_direct(alice, bob) and abs(connections(alice, bob)[0]["opened_us"] - before) < 1e6
        wait_for(lambda: not any(street.host(lost).node.peer in text for text in circuits(dave)), 60,
                 "dave still tells of a relay that is gone")
    finally:
        street.host(lost).node.start()


# TCP alone, two machines in one home, and relays that let little through.
ALLEY = """
description: Homes whose nodes speak TCP only, two nodes in one home, and a relay that ends what it relays early.
regions:
  eu: {delay_ms: 8}
nats:
  cone1: {kind: cone, region: eu}
  cone2: {kind: cone, region: eu}
  symmetric1: {kind: symmetric, region: eu}
  symmetric2: {kind: symmetric, region: eu}
organisation: {name: org}
hosts:
  relay1: {region: eu, roles: [bootstrap], config: {p2p: {QUICK, relay_circuit_s: 15, relay_circuit_kib: 512}}}
  relay2: {region: eu, roles: [bootstrap], config: {p2p: {QUICK, relay_circuit_s: 15, relay_circuit_kib: 512}}}
  tom: {nat: cone1, config: {p2p: {QUICK, listen_address: [/ip4/0.0.0.0/tcp/9000]}}}
  tim: {nat: cone2, onboard: true, config: {p2p: {QUICK, listen_address: [/ip4/0.0.0.0/tcp/9000]}}}
  ada: {nat: symmetric1, config: {p2p: {QUICK, mdns: true}}}
  abe: {nat: symmetric1, onboard: true, config: {p2p: {QUICK, mdns: true}}}
  dora: {nat: symmetric2, onboard: true, config: {p2p: {QUICK}}}
""".replace("QUICK", QUICK)
TALK = """version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["/bin/sh", "-c",
                "for i in $(seq 40); do seq 1000 1999; sleep 1; done; echo the-end"]}
nodes:
  there:
    allocations: [main]
    peer: %s
"""


@pytest.fixture(scope="module")
def alley(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alley")
    (folder / "alley.yaml").write_text(ALLEY)
    with Testbed.up(folder / "alley.yaml", folder / "bed") as bed:
        wait_for(lambda: all(circuits(bed.host(name)) for name in ("tom", "tim", "ada", "dora")), 120,
                 lambda: f"no relays: {[addresses(bed.host(name)) for name in ('tom', 'tim', 'ada', 'dora')]}")
        yield bed


@long
def test_tcp_punches_too(alley):
    """Both open at the same moment; what comes of it is one connection."""
    tom, tim = alley.host("tom"), alley.host("tim")
    dial(tom, tim.node.peer)
    wait_for(lambda: is_direct(tom, tim) and is_direct(tim, tom), 30,
             lambda: f"no hole was punched: {connections(tom, tim)}")
    assert f"/ip4/{tim.public_address}/tcp/" in connections(tom, tim)[0]["remote"]
    deploys(tom, tim, "through-two-cones-by-tcp")


@long
def test_same_home(alley):
    """Whom local discovery finds needs neither relay nor router."""
    ada, abe = alley.host("ada"), alley.host("abe")
    wait_for(lambda: is_direct(ada, abe), 30, lambda: f"{connections(ada, abe)}")
    assert connections(ada, abe)[0]["remote"].startswith("/ip4/192.168.")
    deploys(ada, abe, "next-door")


@long
def test_log_longer_than_a_circuit(alley):
    """The job runs for longer than a circuit lives; it ends well, and every byte of its log arrives."""
    ada, dora = alley.host("ada"), alley.host("dora")
    dial(ada, dora.node.peer)
    assert is_relayed(ada, dora)
    first = connections(ada, dora)[0]["opened_us"]
    ensemble = ada.node.deploy(ada.node.write_job("talk.yaml", TALK % dora.node.peer))
    ada.node.wait_status(ensemble, "Completed", timeout=150)
    out = ada.node.logs_of(ensemble, "there.main")[0]
    assert out.endswith("the-end\n") and len(out) == 40 * 5000 + len("the-end\n"), (len(out), out[-50:])
    deploys(ada, dora, "and-again")
    assert all(connection["opened_us"] > first + 1e6 for connection in connections(ada, dora)), connections(ada, dora)
