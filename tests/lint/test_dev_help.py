# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`./dev COMMAND --help` tells what the command takes, and does nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
# What each of them offers by name, one of many.
OFFERS = {"build": "DMS_BUILD_DIR", "demo": "DMS_DEMO_KEEP", "test": "--valgrind", "acceptance": "task_deployment",
          "lint": "rules", "bench": "daemon.rss_mb", "sim": "gossip", "testbed": "partition", "soak": "messages",
          "shell": "COMMAND", "clean": "Removes"}


def dev(build, *words):
    # Nothing is there to be built in, nor a test bed to be seen.
    return subprocess.run([TOP / "dev", *words], env={**os.environ, "DMS_BUILD_DIR": str(build)}, capture_output=True,
                          text=True, timeout=60)


def run_script(name, *words):
    return subprocess.run([sys.executable, TOP / "tests" / name, *words], capture_output=True, text=True, timeout=60)


def test_every_command_is_looked_at():
    usage = re.findall(r"^  ([a-z]+)(?= )", subprocess.run([TOP / "dev", "help"], capture_output=True, text=True,
                                                           check=True).stdout, re.M)
    # `run` has the options of `nunet run`, and hands --help to it.
    assert set(usage) - {"run"} == set(OFFERS)


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("command", OFFERS)
def test_help(tmp_path, command, flag):
    build = tmp_path / "build"
    answer = dev(build, command, flag)
    assert answer.returncode == 0, answer
    assert f"sage: ./dev {command}" in answer.stdout
    assert OFFERS[command] in answer.stdout
    assert not build.exists()


@pytest.mark.parametrize("words", [("soak", "messages", "--help"), ("bench", "daemon", "--help"),
                                   ("test", "--unit", "--help")])
def test_help_after_other_words(tmp_path, words):
    answer = dev(tmp_path / "build", *words)
    assert answer.returncode == 0 and f"sage: ./dev {words[0]}" in answer.stdout, answer
    assert not list(tmp_path.iterdir())


def test_bench_refuses_what_is_no_figure():
    answer = run_script("bench/bench.py", "daemon", "nosuch")
    assert answer.returncode == 2 and not answer.stdout
    assert "nosuch" in answer.stderr and "cli.call" in answer.stderr


@pytest.mark.parametrize("words", [("nosuch",), ("messages", "many")])
def test_soak_refuses_what_is_no_kind_and_no_number(words):
    answer = run_script("soak/soak.py", *words)
    assert answer.returncode == 2 and not answer.stdout
    assert "crashes" in answer.stderr
