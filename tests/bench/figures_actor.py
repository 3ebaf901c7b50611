# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Actor messages, measured by a program that links the engine."""

import json
import os
import subprocess

from figures_daemon import Unmeasurable
from node import BUILD
from report import Figure


def messages(directory):
    program = BUILD / "tests" / "bench" / "bench-actor"
    if not program.exists():
        raise Unmeasurable(f"{program} is not built")
    output = subprocess.run([str(program)], capture_output=True, text=True, timeout=300, check=True,
                            env={**os.environ, "DMS_PLUGIN_PATH": str(BUILD / "plugins")}).stdout
    return [Figure(**json.loads(line)) for line in output.splitlines() if line.startswith("{")]


MEASURES = [(("actor.cold", "actor.codec", "actor.round_trip"), messages)]
