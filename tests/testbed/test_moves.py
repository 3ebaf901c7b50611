# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A node of an ensemble is moved as often as its machines are lost, also back to where it was."""

import json

import pytest

from test_single import TOPOLOGY, allocation, processes


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
