# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The sum at the end of `./dev test` counts every case, and hides no failure."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import summary  # noqa: E402


def add_program(stdout, result="OK", returncode=0):
    counts = summary.Counts()
    counts.add_program({"name": "thing", "stdout": stdout, "result": result, "returncode": returncode})
    return counts.line()


@pytest.mark.parametrize("stdout, result, line", [
    ("1..3\nok 1 a\nok 2 b\nok 3 c\n", "OK", "3 passed, 0 failed"),
    ("1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP no engine\n", "FAIL", "1 passed, 1 failed, 1 skipped"),
    ("1..2\nok 1 a # SKIP\nok 2 b # skip\n", "SKIP", "0 passed, 0 failed, 2 skipped"),
    ("", "SKIP", "0 passed, 0 failed, 1 skipped"),
    ("", "OK", "1 passed, 0 failed"),
    # A crash after a passed case, a time-out before any, an exit status of its own after all passed.
    ("1..2\nok 1 a\n", "ERROR", "1 passed, 1 failed"),
    ("", "TIMEOUT", "0 passed, 1 failed"),
    ("1..1\nok 1 a\n", "FAIL", "1 passed, 1 failed"),
    ("# ok in a comment\nokay\n1..1\nok 1 - a\n", "OK", "1 passed, 0 failed"),
])
def test_a_program(stdout, result, line):
    assert add_program(stdout, result) == line


def test_files(tmp_path, capsys):
    unit = tmp_path / "unit.json"
    unit.write_text(json.dumps({"name": "a", "stdout": "ok 1 x\n", "result": "OK", "returncode": 0}) + "\n")
    suite = tmp_path / "lint.xml"
    suite.write_text('<testsuites><testsuite><testcase classname="m" name="good"/><testcase classname="m" name="bad">'
                     '<failure/></testcase><testcase classname="m" name="odd"><skipped/></testcase></testsuite>'
                     "</testsuites>")

    assert summary.main([unit]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
    assert summary.main([unit, suite]) == 1
    assert capsys.readouterr().out.endswith("\n  m: bad\n2 passed, 1 failed, 1 skipped\n")


def test_pending_is_named_and_not_passed(tmp_path, capsys):
    suite = tmp_path / "acceptance.xml"
    suite.write_text('<testsuite><testcase classname="f" name="good"/><testcase classname="f" name="one day">'
                     '<skipped type="pending" message="needs wings"/></testcase></testsuite>')
    assert summary.main([suite]) == 0
    out = capsys.readouterr().out
    assert out.endswith("\n1 passed, 0 failed, 1 pending\n") and "  f: one day\n" in out
    # Nothing but pending is no success.
    suite.write_text('<testsuite><testcase classname="f" name="one day"><skipped type="pending"/></testcase>'
                     "</testsuite>")
    assert summary.main([suite]) == 1


@pytest.mark.parametrize("name, text", [
    ("missing.xml", None), ("empty.xml", "<testsuites/>"), ("broken.xml", "<testsuites"), ("broken.json", "{"),
])
def test_no_results_are_a_failure(tmp_path, capsys, name, text):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    assert summary.main([path]) == 1
    assert capsys.readouterr().out.endswith("0 passed, 1 failed\n")


def test_nothing_at_all_is_no_success(tmp_path):
    path = tmp_path / "unit.json"
    path.write_text("")
    assert summary.main([path]) == 1
