#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Has spin search the model of the commit protocol (commit.pml), and mutants of it that it has to find wrong.

Usage: check_commit.py [--large] [--minutes MINUTES]

Without options it takes well under a minute. A model that is right has to have been searched to its end; a mutant has
to break a property that is named beside it, so that a model in which nothing happens does not pass.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).resolve().with_name("commit.pml")
MEMORY_MIB = 1500
DEPTH = 2000000
# On a busy machine; a search has its own limit.
COMPILE_SECONDS = 900
SMALL = {"MACHINES": 2, "NODES": 1, "ATTEMPTS": 2, "LOSSES": 0, "REPEATS": 0, "CRASHES": 0, "REBOOTS": 0, "RIVALS": 0}

# What may go wrong beside reordering, time-outs at any moment, leases that end and a cancel, which always may.
GOOD = [
    ("losses", {"LOSSES": 1}),
    ("crash of the orchestrator", {"CRASHES": 1}),
    ("restart of a machine", {"REBOOTS": 1}),
    ("a rival for the machines", {"MACHINES": 1, "ATTEMPTS": 2, "RIVALS": 1, "REPEATS": 1}),
    ("two nodes", {"NODES": 2, "MACHINES": 2, "ATTEMPTS": 1}),
    ("everything, one machine", {"MACHINES": 1, "ATTEMPTS": 1, "LOSSES": 1, "REPEATS": 1, "CRASHES": 1, "REBOOTS": 1,
                                 "RIVALS": 1}),
]
LARGE = [
    ("repeats", {"REPEATS": 1}),
    ("losses, repeats", {"LOSSES": 1, "REPEATS": 1}),
    ("losses, crash", {"LOSSES": 1, "CRASHES": 1}),
    ("repeats, restart", {"REPEATS": 1, "REBOOTS": 1}),
    ("repeats, crash", {"REPEATS": 1, "CRASHES": 1}),
    ("two crashes", {"CRASHES": 2}),
    ("three attempts", {"ATTEMPTS": 3, "LOSSES": 1}),
    ("three machines", {"MACHINES": 3, "LOSSES": 1}),
    ("two nodes, two attempts", {"NODES": 2}),
    ("two nodes, crash", {"NODES": 2, "ATTEMPTS": 1, "CRASHES": 1, "LOSSES": 1}),
]

# Searched for runs without an end, which nothing that goes wrong only so many times may have.
ENDLESS = [
    ("ends, losses", {"ATTEMPTS": 1, "LOSSES": 1, "REPEATS": 1}),
    ("ends, crash", {"MACHINES": 1, "ATTEMPTS": 2, "CRASHES": 1, "LOSSES": 1}),
]

LEAK = r"state\[k\]==0"
MUTANTS = [
    # The field's: expired commits are cleared away once.
    ("SWEEP_ONCE", {"ATTEMPTS": 1, "REPEATS": 1}, LEAK),
    # The field's: only machines that answered with handles are reverted.
    ("REVERT_ANSWERED", {"ATTEMPTS": 1}, LEAK),
    ("NO_LATE_REVERTS", {"ATTEMPTS": 1, "LOSSES": 1}, LEAK),
    # Messages without the number of their attempt.
    ("REVERT_ANY", {}, r"state\[k\]==3"),
    ("OFFER_ANY", {"REPEATS": 1}, LEAK),
    # A restart went on with what was being taken back.
    ("REVERT_UNSAVED", {"CRASHES": 1}, r"state\[k\]==3"),
    # The candidate is stored after it was told.
    ("SAVE_LATE", {"ATTEMPTS": 1, "CRASHES": 1}, LEAK),
    # A late revert is said for ever, though it was answered.
    ("LATE_FOREVER", {"ATTEMPTS": 1, "LOSSES": 1}, r"non-progress cycle"),
    ("ALLOCATE_EXPIRED", {"MACHINES": 1, "ATTEMPTS": 1, "RIVALS": 1, "REBOOTS": 0, "REPEATS": 1}, r"holders<=1"),
]
ENDLESS_MUTANTS = ("LATE_FOREVER",)
LARGE_MUTANTS = [
    # A late revert was forgotten as soon as anything of the ensemble was on the machine.
    ("SUPERSEDE_BY_MACHINE", {"NODES": 2, "MACHINES": 2, "LOSSES": 1}, LEAK),
]


def run(words, folder, timeout):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


def search(bounds, mutant=None, timeout=600, endless=False):
    """What spin says: the number of states, and the assertion that failed, or that a run is endless, if any."""
    with tempfile.TemporaryDirectory(prefix="dms-spin-") as folder:
        defines = [f"-D{name}={value}" for name, value in {**SMALL, **bounds}.items()] + ([f"-D{mutant}"] if mutant else [])
        shutil.copy(MODEL, folder)
        made = run(["spin", "-a", *defines, MODEL.name], folder, 60)
        if made.returncode != 0 or not (Path(folder) / "pan.c").exists():
            raise RuntimeError(f"spin does not understand {MODEL.name}:\n{made.stdout}{made.stderr}")
        made = run([os.environ.get("CC", "gcc").split()[-1], "-O0" if mutant else "-O1", "-w", "-DNP" if endless else "-DSAFETY", "-DCOLLAPSE",
                    f"-DMEMLIM={MEMORY_MIB}", "-o", "pan", "pan.c"], folder, COMPILE_SECONDS)
        if made.returncode != 0:
            raise RuntimeError(f"the checker does not compile:\n{made.stderr}")
        out = run(["./pan", f"-m{DEPTH}", "-n", *(["-l"] if endless else [])], folder, timeout).stdout
    wrong = re.search(r"pan:\d+: (.*)", out)
    states = re.search(r"(\d+) states, stored", out.replace("+", ""))
    # A search that ran out of memory says how many states it has seen, too.
    incomplete = "max search depth too small" in out or (wrong is None and "Search not completed" in out)
    if incomplete or not states:
        raise RuntimeError(f"the search was not finished:\n{out}")
    return int(states.group(1)), wrong.group(1) if wrong else None


def check_endless(case, timeout):
    return check_good(case, timeout, endless=True)


def check_good(case, timeout, endless=False):
    name, bounds = case
    began = time.monotonic()
    try:
        states, wrong = search(bounds, timeout=timeout, endless=endless)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return False, f"{name}: {error}"
    seconds = time.monotonic() - began
    return wrong is None, f"{name}: {states} states in {seconds:.1f} s" + (f", WRONG: {wrong}" if wrong else "")


def check_mutant(case, timeout):
    mutant, bounds, expected = case
    began = time.monotonic()
    try:
        states, wrong = search(bounds, mutant, timeout, endless=mutant in ENDLESS_MUTANTS)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return False, f"mutant {mutant}: {error}"
    good = wrong is not None and re.search(expected, wrong) is not None
    return good, (f"mutant {mutant}: " + (f"found after {states} states: {wrong}" if wrong else "NOT FOUND") +
                  f" ({time.monotonic() - began:.1f} s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--large", action="store_true", help="larger bounds too: minutes, and gigabytes of memory")
    parser.add_argument("--minutes", type=float, default=10, help="at most so long for one search")
    arguments = parser.parse_args()
    if shutil.which("spin") is None:
        print("there is no `spin`: apt-get install spin", file=sys.stderr)
        return 77
    jobs = [(check_mutant, case) for case in MUTANTS] + [(check_good, case) for case in GOOD]
    jobs += [(check_endless, case) for case in ENDLESS]
    if arguments.large:
        jobs += [(check_mutant, case) for case in LARGE_MUTANTS] + [(check_good, case) for case in LARGE]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in concurrent.futures.as_completed(pool.submit(check, case, arguments.minutes * 60) for check, case in jobs):
            good, text = done.result()
            failed += not good
            print(("ok      " if good else "FAILED  ") + text, flush=True)
    print(f"{len(jobs) - failed} of {len(jobs)} as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
