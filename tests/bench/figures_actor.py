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


def all_cores(directory):
    return run("bench-actor", "all-cores")


def flood(directory):
    return run("bench-flood")


MEASURES = [
    (("actor.warm", "actor.warm_signed", "actor.warm_no_reply", "actor.field", "actor.field_signed", "actor.cold",
      "actor.codec", "actor.memory", "actor.memory_in_flight"), one_core),
    (("actor.cores", "actor.cores_signed", "actor.cores_field"), all_cores),
    (("actor.quiet_p50", "actor.quiet_p99", "actor.flood_p50", "actor.flood_p99", "actor.flood_open_p50",
      "actor.flood_open_p99"), flood),
]
