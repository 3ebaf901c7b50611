#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Runs for a long time what the tests run for a short one, and writes build/soak/KIND.md.

Usage: ./dev soak KIND [ARGUMENTS]

  fuzz [SECONDS] [TARGET…]   libFuzzer on each target, 600 seconds unless said otherwise
  fuzz keep [TARGET…]        add to tests/fuzz/corpus what earlier runs learnt
  properties [COUNT]         random questions to the capabilities, against the model in Python: 1,000,000
  messages [COUNT]           messages to one daemon, and what its memory does meanwhile: 10,000
  crashes [COUNT]            SIGKILL at so many random moments of deployments: 200
  interop [MIB]              the tests with js-libp2p, with so much each way in the large transfers: 512
  libp2p [SECONDS [SEED]]    peers that join, leave, stall and vanish under load: 1,200
  nat                        nodes behind NATs of all kinds, on the test bed: every test there is
  testbed [SECONDS [SEED]]   12 daemons in 3 regions, cut off, killed and slowed at random: 1,200
  chaos [SECONDS [SEED [DEPLOYMENTS FAULTS]]]
                             30 deployments under 100 faults, half of the time, then an audit of all nodes: 1,200
  model                      the model of the commit protocol with larger bounds, for minutes, with spin
"""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import bed  # noqa: E402
import chaos  # noqa: E402
import fuzz  # noqa: E402
import libp2p  # noqa: E402
import messages  # noqa: E402
from node import BUILD, SOURCE  # noqa: E402


def take_number(words, usual):
    """The number that the words begin with, and the other words."""
    if words and words[0].isdigit():
        return int(words[0]), words[1:]
    return usual, words


def write(kind, lines):
    path = BUILD / "soak" / f"{kind}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    print("wrote", os.path.relpath(path))


def run_program(kind, title, command, env=None):
    """A program whose exit status says how it went, with what it printed in the report."""
    begin = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **(env or {})}, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    printed = []
    for line in process.stdout:
        print(line, end="", flush=True)
        printed.append(line.rstrip("\n"))
    status = process.wait()
    write(kind, [f"# {title}", "", f"{'Passed' if status == 0 else 'FAILED'} after {time.monotonic() - begin:.0f} s.",
                 "", "```", *printed[-40:], "```"])
    return status


def run_properties(words):
    count, _ = take_number(words, 1000000)
    return run_program("properties", f"{count} random questions about capabilities",
                       [sys.executable, str(SOURCE / "tests/model/check_capabilities.py"),
                        str(BUILD / "tests/model/capability-judge"), "--count", str(count)])


def run_crashes(words):
    count, _ = take_number(words, 200)
    return run_program("crashes", f"SIGKILL at {count} random moments",
                       [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider",
                        str(SOURCE / "tests/integration/test_crash.py")], {"DMS_CRASH_POINTS": str(count)})


def run_messages(words):
    count, _ = take_number(words, 10000)
    lines, status = messages.soak(count)
    write("messages", lines)
    return status


def run_interop(words):
    mib, _ = take_number(words, 512)
    return run_program("interop", f"Tests with js-libp2p, {mib} MiB each way",
                       [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider",
                        str(SOURCE / "tests/interop/test_interop.py")], {"DMS_INTEROP_MIB": str(mib)})


def run_libp2p(words):
    seconds, words = take_number(words, libp2p.SECONDS)
    seed, _ = take_number(words, None)
    lines, status = libp2p.soak(seconds, seed)
    write("libp2p", lines)
    return status


def run_nat(_):
    return run_program("nat", "Nodes behind NATs",
                       [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider",
                        str(SOURCE / "tests/testbed/test_nat.py"), str(SOURCE / "tests/testbed/test_private_swarm.py")],
                       {"DMS_NAT_TESTS": "all"})


def run_testbed(words):
    seconds, words = take_number(words, bed.SECONDS)
    seed, _ = take_number(words, None)
    lines, status = bed.soak(seconds, seed)
    write("testbed", lines)
    return status


def run_chaos(words):
    seconds, words = take_number(words, chaos.SECONDS)
    seed, words = take_number(words, None)
    n_deployments, words = take_number(words, chaos.DEPLOYMENTS)
    n_faults, _ = take_number(words, chaos.FAULTS)
    lines, status = chaos.soak(seconds, seed, n_deployments, n_faults)
    write("chaos", lines)
    return status


def run_model(_):
    statuses = [run_program(name, title, [sys.executable, "-u", str(SOURCE / "tests/model" / program), "--large",
                                          "--minutes", minutes])
                for name, title, program, minutes in (
                    ("model", "The commit protocol, searched by spin", "check_commit.py", "60"),
                    ("model-succession", "Standby orchestrators, searched by spin", "check_succession.py", "10"))]
    return max(statuses)


def run_fuzz(words):
    if words[:1] == ["keep"]:
        fuzz.keep(words[1:])
        return 0
    seconds, targets = take_number(words, 600)
    lines, status = fuzz.soak(seconds, targets)
    write("fuzz", lines)
    return status


KINDS = {"fuzz": run_fuzz, "properties": run_properties, "messages": run_messages, "crashes": run_crashes,
         "interop": run_interop, "libp2p": run_libp2p,
         "nat": run_nat, "testbed": run_testbed, "chaos": run_chaos, "model": run_model}


def main(words):
    usage = __doc__.split("\n\n", 1)[1].strip()
    if not words or words[0] == "help" or "--help" in words or "-h" in words:
        print(usage)
        return 0
    kind, *rest = words
    # All but the names of fuzz targets are numbers: what is none would else be passed over in silence.
    if kind not in KINDS or (kind != "fuzz" and not all(word.isdigit() for word in rest)):
        print(f"soak: this is not understood: {' '.join(words)}\n\n{usage}", file=sys.stderr)
        return 2
    return KINDS[kind](rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
