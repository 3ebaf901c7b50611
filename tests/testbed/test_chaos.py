# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A minute of what ./dev soak chaos does for twenty."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "soak"))

import chaos  # noqa: E402

SECONDS, SEED = 60, 1


def test_small_chaos(tmp_path):
    lines, status = chaos.soak(SECONDS, SEED, n_deployments=6, n_faults=8, kept=tmp_path / "chaos")
    assert status == 0, "\n".join(lines)
    assert sum(line.startswith("| ") and line.endswith(" s |") for line in lines) == 8


def test_plan():
    """The seed decides all of it; every kind of fault and of deployment is there."""
    plan, faults = chaos.make_plan(7, 600, chaos.DEPLOYMENTS, chaos.FAULTS)
    assert (plan, faults) == chaos.make_plan(7, 600, chaos.DEPLOYMENTS, chaos.FAULTS)
    assert plan != chaos.make_plan(8, 600, chaos.DEPLOYMENTS, chaos.FAULTS)[0]
    assert {item.kind for item in plan} == set(chaos.KINDS) and len(plan) == chaos.DEPLOYMENTS
    assert {fault.kind for fault in faults} == set(chaos.KINDS_OF_FAULTS) and len(faults) == chaos.FAULTS
    assert all(fault.at < later.at for fault, later in zip(faults, faults[1:]))


def test_kinds():
    """Each makes a job file that holds; what is said to run in the end is in it."""
    plan, _ = chaos.make_plan(7, 600, chaos.DEPLOYMENTS, chaos.FAULTS)
    for item in plan:
        item.standbys = ("12D3other",) if item.orchestrators()[1:] else ()
        job = json.loads(item.write())
        assert job.get("standby_orchestrators", []) == list(item.standbys), item.kind
        assert bool(item.standbys) == item.kind.startswith("inherited")
        placed = sorted(name for node in job["nodes"].values() for name in node["allocations"])
        assert placed == sorted(job["allocations"]), item.kind
        assert {item.marker(name) for name in placed} >= set(item.markers), item.kind
        if chaos.KINDS[item.kind].heals:
            assert all("failure_recovery" in part or "workflow" in part for part in job["allocations"].values()), item.kind
        for marker in item.markers:
            assert item.marker_of(f"e_node.{marker.rsplit('-', 1)[1]}") == marker
        change = chaos.KINDS[item.kind].change
        if change is not None:
            new = set(json.loads(chaos.text_of(change(item)))["allocations"])
            assert {item.marker(name) for name in new} == set(item.versions[1]) != set(item.versions[0])


def test_what_is_right():
    item = chaos.Deployment(1, "service", "anna", 0, 1, state="Running")
    assert chaos.is_right(item)
    item.state = "Failed"
    assert not chaos.is_right(item)
    item.kills = [("m", 1, False)]
    assert chaos.is_right(item)
    # What is started again has no excuse.
    item.kind = "one for one"
    assert not chaos.is_right(item)
    item.error = "failed to create deployment: no machine"
    assert chaos.is_right(item)
    item.state = "Updating"
    assert not chaos.is_right(item)
