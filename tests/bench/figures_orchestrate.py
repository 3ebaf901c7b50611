# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Placement: what it takes to choose machines for ensembles of 10, 100 and 1,000 nodes among ten times as many bids, with edge
constraints, and how that grows; alone, without actors and network. A table and a plot go to build/bench/placement."""

import json
import math
import subprocess
import sys
from pathlib import Path

from figures_daemon import Unmeasurable
from node import BUILD
from report import Figure, median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sim"))

import plot  # noqa: E402

PROGRAM = BUILD / "tests" / "bench" / "bench-placement"
SIZES = (100, 1000, 10000)
RUNS = 5
KINDS = {"groups": "groups of ten nodes", "ring": "one ring of all nodes, with edges across",
         "tangle": "two edges of chance for each node", "rivals": "groups, and each machine bids for two nodes"}


def place(kind, bids, seed):
    output = subprocess.run([PROGRAM, kind, str(bids), str(seed)], check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def measure_all():
    """The median run of each size of each kind; the same ensembles each time."""
    found = {}
    for kind in KINDS:
        for bids in SIZES:
            runs = [place(kind, bids, seed=1) for _ in range(RUNS)]
            found[kind, bids] = {**runs[0], "first_ms": median([run["first_ms"] for run in runs]),
                                 "all_ms": median([run["all_ms"] for run in runs]),
                                 "runs": [run["first_ms"] for run in runs]}
    return found


def write_growth(found):
    directory = BUILD / "bench" / "placement"
    directory.mkdir(parents=True, exist_ok=True)
    lines = ["# Growth of placement", "", "Ten bids for each node of the ensemble. “First” is the time for an answer from what is "
             "known without measuring, of a processor; “all” the sum until every edge of the answer has been measured, in so many rounds. The "
             "gap is between the cost and what is proven to be the least.", "",
             "| edges | bids | nodes | first, ms | all, ms | rounds | measured | gap | steps |", "|---|---|---|---|---|---|---|---|---|"]
    for (kind, bids), run in found.items():
        gap = (run["cost"] - run["bound"]) / max(run["cost"], 1e-9)
        lines.append(f"| {KINDS[kind]} | {bids} | {run['nodes']} | {run['first_ms']:.2f} | {run['all_ms']:.2f} | {run['rounds']} "
                     f"| {run['measured']} | {gap:.2%} | {run['work']} |")
    (directory / "growth.md").write_text("\n".join(lines) + "\n")
    series = [(kind, [(bids, found[kind, bids]["first_ms"]) for bids in SIZES]) for kind in KINDS]
    (directory / "growth.svg").write_text(plot.lines("Placement: time to the first answer", "bids", "ms", series,
                                                     x_log=True, y_log=True, marks=True))


def growth(directory):
    if not PROGRAM.exists():
        raise Unmeasurable(f"{PROGRAM} is not built")
    found = measure_all()
    write_growth(found)
    figures = []
    for kind, words in KINDS.items():
        run = found[kind, SIZES[-1]]
        assert run["possible"], kind
        gap = (run["cost"] - run["bound"]) / run["cost"]
        name = "placement.growth" if kind == "groups" else f"placement.growth_{kind}"
        figures.append(Figure(name, run["first_ms"], "ms", f"1 s of CPU for 1,000 nodes and 10,000 bids: {words}", 1000, False,
                              run["runs"], f"within {gap:.2%} of the least cost that is possible; with {run['measured']} "
                              f"edges measured in {run['rounds']} rounds {run['all_ms']:.0f} ms in all"))
    for kind in ("groups", "ring"):
        slope = math.log10(found[kind, 10000]["work"] / found[kind, 1000]["work"])
        figures.append(Figure(f"placement.growth_exponent_{kind}", slope, "", "1.2, where 1 is linear: steps from 1,000 to 10,000 "
                              "bids", 1.2, False, [slope], ", ".join(f"{found[kind, bids]['first_ms']:.2f} ms at {bids}"
                                                                     for bids in SIZES)))
    return figures


# The second name lets `./dev bench orchestrate` find it.
MEASURES = [
    (("placement.growth", "orchestrate.placement"), growth),
]
