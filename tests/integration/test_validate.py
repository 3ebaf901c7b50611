# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`validate` shows everything that is wrong with a job file, and needs no node."""

import pytest

from node import SOURCE, Node

GOOD = SOURCE / "data" / "examples" / "hello.yaml"
BAD = """version: "V1"
allocations:
  one:
    executor: nothing
    type: task
    resources: {cpu: {cores: -1}, ram: {size: 1}, disk: {size: 1}}
    execution: {type: "a\x1b[2Jb"}
nodes:
  n: {allocations: [two]}
"""


@pytest.fixture
def home(tmp_path):
    return Node(tmp_path / "node")


def test_good(home):
    answer = home.cli("validate", GOOD)
    assert answer.out == f"{GOOD}: valid\n" and answer.err == ""
    assert home.cli("validate", "--json", GOOD).json == [{"file": str(GOOD), "valid": True, "errors": [],
                                                          "warnings": []}]


def test_all_errors_at_once(home):
    path = home.write_job("bad.yaml", BAD.replace("\x1b", "\\e"))
    answer = home.cli("validate", path, GOOD, check=False)
    assert answer.status == 1 and answer.err == "Error: 1 of 2 job files are not valid\n"
    lines = answer.out.splitlines()
    assert lines[-1] == f"{GOOD}: valid" and len(lines) >= 4, lines
    assert all(line.startswith(f"{path}:") for line in lines[:-1])
    assert any(line.startswith(f"{path}:6:") and "cores" in line for line in lines)
    assert "\x1b" not in answer.out

    listed = home.cli("validate", "--json", path, check=False)
    assert listed.status == 1 and listed.json[0]["valid"] is False
    assert len(listed.json[0]["errors"]) == len(lines) - 1


def test_missing(home):
    answer = home.cli("validate", "nowhere.yaml", check=False)
    assert answer.status == 1 and "nowhere.yaml" in answer.out
    assert home.cli("validate", check=False).err.startswith("Error: requires at least 1 arg(s)")
