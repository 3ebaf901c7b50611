#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Has spin search the model of standby orchestrators (succession.pml), and mutants of it that it has to find wrong.

Usage: check_succession.py [--large] [--minutes MINUTES]

The right model has more states than can be kept; it is searched with a bit for each, for as long as there is time.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import spin_search

MODEL = Path(__file__).resolve().with_name("succession.pml")
TWO = "ACTS|role"
STALE = "safe"
USUAL = {"TIME": 4, "TERMS": 2, "WRITES": 1, "CRASHES": 1}
MUTANTS = [
    ("SELF_ALWAYS", USUAL, TWO),
    ("NO_BIND", USUAL, TWO),
    ("HOLD_LONG", {**USUAL, "TIME": 5, "WRITES": 0, "CRASHES": 0}, TWO),
    ("FORGET", USUAL, TWO),
    ("FORGET_HEARD", USUAL, TWO),
    ("ACCEPT_OLD", USUAL, TWO),
    ("NO_STATE", USUAL, STALE),
]
GOOD = [("one restart, one write", USUAL)]
LARGE = [
    ("two restarts", {**USUAL, "CRASHES": 2}),
    ("three terms", {**USUAL, "TERMS": 3, "TIME": 6}),
    ("longer leases", {**USUAL, "LEASE": 3, "TIME": 6}),
]


def check(name, bounds, mutant, minutes):
    began = time.monotonic()
    try:
        states, wrong = spin_search.search(MODEL, bounds, mutant, minutes * 60 + 120, minutes=minutes)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return None, f"{name}: {error}"
    return wrong, f"{name}: {states} states in {time.monotonic() - began:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--large", action="store_true", help="larger bounds too")
    parser.add_argument("--minutes", type=int, default=1, help="at most so long for one search")
    arguments = parser.parse_args()
    if shutil.which("spin") is None:
        print("there is no `spin`: apt-get install spin", file=sys.stderr)
        return 77
    failed = 0
    for mutant, bounds, expected in MUTANTS:
        wrong, text = check(f"mutant {mutant}", bounds, mutant, arguments.minutes)
        good = wrong is not None and any(word in wrong for word in expected.split("|"))
        failed += not good
        print(("ok      " if good else "FAILED  ") + text, flush=True)
    for name, bounds in GOOD + (LARGE if arguments.large else []):
        wrong, text = check(name, bounds, None, arguments.minutes)
        good = wrong is None and " states in " in text
        failed += not good
        print(("ok      " if good else "FAILED  ") + text + (f", WRONG: {wrong}" if wrong else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
