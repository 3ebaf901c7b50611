# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The acceptance features can be read, say what is pending and why, and every step of the others exists."""

import subprocess
import sys
from pathlib import Path

import pytest
from behave.parser import parse_file

ACCEPTANCE = Path(__file__).resolve().parents[1] / "acceptance"
FEATURES = sorted((ACCEPTANCE / "features").glob("*.feature"))
KNOWN = {"pending", "quick", "engine", "fresh"}


def scenarios():
    return [(path, scenario) for path in FEATURES for scenario in parse_file(str(path)).walk_scenarios()]


def test_tags():
    for path, scenario in scenarios():
        tags = {str(tag) for tag in scenario.effective_tags}
        needs = {tag for tag in tags if tag.startswith("needs:")}
        beds = {tag for tag in tags if tag.startswith("bed:")}
        where = f"{path.name}:{scenario.line} {scenario.name}"
        assert tags - needs - beds <= KNOWN, f"{where}: unknown tags {tags - needs - beds - KNOWN}"
        assert bool(needs) == ("pending" in tags), f"{where}: what is pending needs something, and nothing else does"
        assert not {"pending", "quick"} <= tags, f"{where}: what is pending is not quick"
        assert scenario.steps, f"{where}: says nothing"


def test_names_are_told_apart():
    sys.path.insert(0, str(ACCEPTANCE))
    from report import describe

    names = [(path.name, scenario.name) for path, scenario in scenarios()]
    assert len(names) == len(set(names)) and len(names) > 100
    assert describe(scenarios()[0][1])


def test_every_step_exists():
    """behave itself looks for them, without running any."""
    result = subprocess.run([sys.executable, "-m", "behave", "--dry-run", "--no-snippets", "--tags=~@pending",
                             "--format=null", *map(str, FEATURES)], capture_output=True, text=True, timeout=120,
                            check=False)
    assert result.returncode == 0 and "0 scenarios passed" in result.stdout, result.stdout + result.stderr
    assert ", 0 undefined" in result.stdout or "undefined" not in result.stdout, result.stdout


@pytest.mark.parametrize("words, status", [(["--list"], 0), (["--list", "nat"], 0), (["--list", "nowhere"], 2)])
def test_list(words, status):
    result = subprocess.run([sys.executable, str(ACCEPTANCE / "acceptance.py"), *words], capture_output=True, text=True,
                            timeout=60, check=False)
    assert result.returncode == status, result
    assert ("Two nodes behind different NATs" in result.stdout) == (status == 0)
    assert status == 0 or "there are: allocation_types" in result.stderr
