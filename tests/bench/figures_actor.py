# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Actor messages, measured by a program that links the engine."""

import json
import os
import subprocess

from figures_daemon import Unmeasurable
from node import BUILD
from report import Figure


def run(name):
    program = BUILD / "tests" / "bench" / name
    if not program.exists():
        raise Unmeasurable(f"{program} is not built")
    output = subprocess.run([str(program)], capture_output=True, text=True, timeout=300, check=True,
                            env={**os.environ, "DMS_PLUGIN_PATH": str(BUILD / "plugins")}).stdout
    return [Figure(**json.loads(line)) for line in output.splitlines() if line.startswith("{")]


def messages(directory):
    return run("bench-actor")


def flood(directory):
    return run("bench-flood")


MEASURES = [(("actor.cold", "actor.codec", "actor.round_trip"), messages),
            (("actor.quiet_p50", "actor.quiet_p99", "actor.flood_p50", "actor.flood_p99", "actor.flood_open_p50",
              "actor.flood_open_p99"), flood)]
