# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Actor messages, measured by a program that links the engine."""

import json
import os
import subprocess

from figures_daemon import Unmeasurable
from node import BUILD
from report import Figure


def run(*command):
    program = BUILD / "tests" / "bench" / command[0]
    if not program.exists():
        raise Unmeasurable(f"{program} is not built")
    output = subprocess.run([str(program), *command[1:]], capture_output=True, text=True, timeout=600, check=True,
                            env={**os.environ, "DMS_PLUGIN_PATH": str(BUILD / "plugins")}).stdout
    return [Figure(**json.loads(line)) for line in output.splitlines() if line.startswith("{")]


def one_core(directory):
    return run("bench-actor", "one-core")


def scaling(name, cores, core):
    """What is left on all cores of the share of libsodium's rate on one; its own rate need not double either."""
    return Figure(name, cores.share / core.share, "times", f"{core.share:.2f} of libsodium's rate on one core "
                  f"({core.name}); {cores.share:.2f} of it on all cores", 0.9, more_is_better=True)


def all_cores(directory):
    figures = run("bench-actor", "all-cores")
    named = {figure.name: figure for figure in figures}
    for name, cores, core in (("actor.scaling", "actor.cores", "actor.warm_no_reply"),
                              ("actor.scaling_signed", "actor.cores_signed", "actor.warm_signed")):
        figures.append(scaling(name, named[cores], run("bench-actor", "one-core", core)[0]))
    return figures


def flood(directory):
    return run("bench-flood")


MEASURES = [
    (("actor.warm", "actor.warm_signed", "actor.warm_no_reply", "actor.field", "actor.field_signed", "actor.cold",
      "actor.codec", "actor.memory", "actor.memory_in_flight"), one_core),
    (("actor.cores", "actor.cores_signed", "actor.cores_field", "actor.scaling", "actor.scaling_signed"), all_cores),
    (("actor.quiet_p50", "actor.quiet_p99", "actor.flood_p50", "actor.flood_p99", "actor.flood_open_p50",
      "actor.flood_open_p99"), flood),
]
