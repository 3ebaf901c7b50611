# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Edge constraints between real nodes on loopback, where every way is short: what they keep, and what nothing can."""

import json

import pytest

from node import Node, wind_down
from test_libp2p_nodes import PLUGIN, connect, quick
from test_world import DEPLOY, allow

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")


def job(**edge):
    allocation = {"executor": "process", "type": "task", "execution": {"type": "process", "cmd": ["/bin/echo", "hello"]},
                  "resources": {"cpu": {"cores": 0.2}, "ram": {"size": "32MiB"}, "disk": {"size": "32MiB"}}}
    return json.dumps({"version": "V1", "allocations": {"first": allocation, "second": allocation},
                       "nodes": {"one": {"allocations": ["first"]}, "two": {"allocations": ["second"]}},
                       "edge_constraints": [{"edges": ["one", "two"], **edge}]})


@pytest.fixture
def world(tmp_path):
    """One that asks, and two that lend; the two know each other, and need not trust each other."""
    nodes = []
    try:
        for name in ("asker", "first", "second"):
            nodes.append(Node(tmp_path / name, config=quick()).set_up().start())
        asker, *lenders = nodes
        for lender in lenders:
            lender.onboard()
            connect(asker, lender)
            allow(lender, asker, *DEPLOY)
        connect(*lenders)
        yield asker, lenders
    finally:
        for node in nodes:
            wind_down(node)


def test_edges(world):
    asker, lenders = world
    kept = asker.deploy(asker.write_job("kept.json", job(rtt=2000, bw=100000)))
    asker.wait_status(kept, "Completed", timeout=90)
    manifest = asker.actor("/dms/node/deployment/manifest", "-i", kept)["manifest"]
    assert {node["peer"] for node in manifest["nodes"].values()} == {lender.peer for lender in lenders}

    never = asker.deploy(asker.write_job("never.json", job(bw=10**15)))
    asker.wait_status(never, "Failed", timeout=90)
    error = asker.status(never)["error"]
    assert "nodes “one” and “two” need at least 1e+09 Mbit/s, but the most that was measured between two machines" in error, error
