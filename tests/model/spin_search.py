# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Has spin search a model."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

MEMORY_MIB = 1500
DEPTH = 2000000
# With the machine busy; a compiler needs a minute for the larger ones.
COMPILE_SECONDS = 900
# 2^30 bits: 128 MiB.
HASH_BITS = 30


def run(words, folder, timeout):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


def search(model, bounds, mutant=None, timeout=600, endless=False, minutes=None):
    """What spin says: the number of states, and the assertion that failed, or that a run is endless, if any.

    A search with a limit of minutes keeps a bit a state: it may pass states by, and ends when they are over.
    """
    with tempfile.TemporaryDirectory(prefix="dms-spin-") as folder:
        defines = [f"-D{name}={value}" for name, value in bounds.items()] + ([f"-D{mutant}"] if mutant else [])
        shutil.copy(model, folder)
        made = run(["spin", "-a", *defines, model.name], folder, 60)
        if made.returncode != 0 or not (Path(folder) / "pan.c").exists():
            raise RuntimeError(f"spin does not understand {model.name}:\n{made.stdout}{made.stderr}")
        kind = ["-DBITSTATE"] if minutes else ["-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB}"]
        made = run([os.environ.get("CC", "gcc").split()[-1], "-O0" if mutant else "-O1", "-w",
                    "-DNP" if endless else "-DSAFETY", *kind, "-o", "pan", "pan.c"], folder, COMPILE_SECONDS)
        if made.returncode != 0:
            raise RuntimeError(f"the checker does not compile:\n{made.stderr}")
        limits = [f"-w{HASH_BITS}", f"-Q{minutes}"] if minutes else []
        out = run(["./pan", f"-m{DEPTH}", "-n", *limits, *(["-l"] if endless else [])], folder, timeout).stdout
    wrong = re.search(r"pan:\d+: (.*)", out)
    states = re.search(r"(\d+) states, stored", out.replace("+", ""))
    # A search that ran out of memory says how many states it has seen, too; one that may end before says the same.
    incomplete = "max search depth too small" in out or (
        wrong is None and not minutes and "Search not completed" in out)
    if incomplete or not states:
        raise RuntimeError(f"the search was not finished:\n{out}")
    return int(states.group(1)), wrong.group(1) if wrong else None
