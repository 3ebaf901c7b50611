# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A network that is cut in two has one orchestrator, on the side of the majority."""

import json

import pytest

from test_single import allocation, processes, starts, ticks

TOPOLOGY = """
description: One who deploys, one who stands by, one who lends, and one by whom all meet.
regions:
  eu: {delay_ms: 1}
hosts:
  org: {region: eu, roles: [bootstrap]}
  alice: {region: eu, config: {job: {allow_standby: true}}}
  bob: {region: eu, config: {job: {allow_standby: true}}}
  carol: {region: eu, onboard: true}
organisation: {name: org}
"""
TAKEOVER = 6
# What is single ends when nobody leads for so long.
LEASE = 60


@pytest.fixture(name="bed")
def fixture_bed(make_bed):
    return make_bed(TOPOLOGY)


def leads(node, ensemble):
    reply = node.actor("/dms/node/deployment/status", "-i", ensemble, check=False)
    return reply.get("status") == "Running" and "orchestrated_by" not in reply


def shut_down(node, ensemble):
    return node.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s", check=False)


def test_a_cut_network_has_one_orchestrator(bed):
    """Cut off, the one that leads lets go before the other takes over; each time the cut is healed, it follows."""
    names = ("alice", "bob")
    nodes = {name: bed.host(name).node for name in (*names, "carol")}
    text = json.dumps({
        "version": "V1", "allocations": {"main": allocation("main", single=True)},
        "nodes": {"one": {"allocations": ["main"], "peer": nodes["carol"].peer}},
        "standby_orchestrators": [nodes["bob"].peer],
        "supervision": {"takeover": f"{TAKEOVER}s", "detect_within": "30s", "lease": f"{LEASE}s"}})
    ensemble = nodes["alice"].deploy(nodes["alice"].write_job("job.yaml", text))
    nodes["alice"].wait_status(ensemble, "Running")
    before = processes("main")
    assert len(before) == 1
    for old, new in (names, reversed(names)):
        bed.partition([[old], [new, "carol", "org"]])
        seen = []

        def taken_over(old=old, new=new, seen=seen):
            # Who let go first is asked first.
            seen.append((leads(nodes[old], ensemble), leads(nodes[new], ensemble)))
            return seen[-1][1]

        nodes[new].wait_for(taken_over, 10 * TAKEOVER, f"{new} does not take over")
        assert (True, True) not in seen, seen
        assert not leads(nodes[old], ensemble)
        refused = shut_down(nodes[old], ensemble)
        assert not refused["OK"] and "cannot reach enough" in refused["Error"], refused
        bed.heal()
        nodes[old].wait_for(lambda old=old, new=new: nodes[old].status(ensemble).get("orchestrated_by") == nodes[new].peer,
                            60, f"{old} does not follow")
        assert processes("main") == before and starts(bed.host("carol"), "main") == 1
    # Longer than the lease since the beginning, so that those who followed each other have renewed it.
    n_before = len(ticks(bed.host("carol"), "main"))
    nodes["carol"].wait_for(lambda: len(ticks(bed.host("carol"), "main")) > n_before + 5, 30, "the job stands still")
    assert shut_down(nodes["alice"], ensemble)["OK"]
    nodes["carol"].wait_for(lambda: not processes("main"), 20, "the job runs on")
    nodes["bob"].wait_for(lambda: nodes["bob"].status(ensemble)["status"] == "Completed", 60, "the end is not known")
