# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A minute of what ./dev soak chaos does for twenty."""

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
    assert len({fault.kind for fault in faults}) == 7 and len(faults) == chaos.FAULTS
    assert all(fault.at + fault.seconds < later.at + later.seconds for fault, later in zip(faults, faults[1:]))
