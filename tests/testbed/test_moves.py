# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A node of an ensemble is moved as often as its machines are lost, also back to where it was."""

import json
import time

import pytest

from node import PATIENCE
from test_single import TOPOLOGY, allocation, processes, ticks


@pytest.fixture(name="bed")
def fixture_bed(make_bed):
    return make_bed(TOPOLOGY)


def test_moved_back(bed):
    alice = bed.host("alice").node
    job = {"version": "V1", "allocations": {"roams": allocation("roams")},
           "nodes": {"one": {"allocations": ["roams"], "failure_recovery": "redeploy"}},
           "supervision": {"detect_within": "5s", "max_restarts": 10}}
    ensemble = alice.deploy(alice.write_job("roams.yaml", json.dumps(job)))
    alice.wait_status(ensemble, "Running")

    def host():
        peer = alice.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]["nodes"]["one"].get("peer")
        return next((name for name in ("bob", "carol") if bed.host(name).node.peer == peer), None)

    places = [host()]
    for _ in range(3):
        before = places[-1]
        bed.host(before).node.kill()
        alice.wait_for(lambda before=before: host() not in (None, before), 60, f"it stays on {before}")
        places.append(host())
        alice.wait_status(ensemble, "Running")
        bed.host(before).node.start()
        # What went on there alone is ended when it is back.
        alice.wait_for(lambda: len(processes("roams")) == 1, 60, "it runs twice")
    assert len(set(places)) == 2, places
    assert alice.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]


def lost_nodes(node):
    lines = (node.work_dir / "logs" / "nunet-dms-logs.jsonl").read_text(errors="replace").splitlines()
    return [event["node"] for event in map(json.loads, lines) if event["msg"] == "node_lost"]


def test_an_update_moves_the_watch_as_well(bed):
    """Of a node that an update gave to another machine that one is watched, and has its leases renewed; not the old one."""
    alice, bob, carol = (bed.host(name).node for name in ("alice", "bob", "carol"))
    job = {"version": "V1", "allocations": {"goes": allocation("goes", single=True), "stays": allocation("stays")},
           "nodes": {"one": {"allocations": ["goes"], "peer": bob.peer}, "two": {"allocations": ["stays"], "peer": alice.peer}},
           "supervision": {"detect_within": "5s", "lease": "10s"}}
    alice.onboard()
    ensemble = alice.deploy(alice.write_job("goes.yaml", json.dumps(job)))
    alice.wait_status(ensemble, "Running")
    job["nodes"]["one"]["peer"] = carol.peer
    path = alice.write_job("moved.yaml", json.dumps(job))
    answer = alice.actor("/dms/node/deployment/update", "-i", ensemble, "-f", path, "-t", "125s", timeout=150)
    assert answer == {"OK": True, "Error": ""}
    alice.wait_for(lambda: ticks(bed.host("carol"), "goes"), 20, "it does not run there")
    running = processes("goes")
    bob.kill()
    time.sleep(15 * PATIENCE)
    assert processes("goes") == running and lost_nodes(alice) == []
    carol.kill()
    alice.wait_for(lambda: lost_nodes(alice) == ["one"], 20, "nobody notices")
    carol.start()
    assert alice.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]
