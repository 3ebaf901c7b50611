# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Figures and the two reports made of them."""

import json
import statistics
import time
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One measured figure.

    value and against are in `unit`; ratio says how value stands to what is in `reach`: at or above 1 is reached.
    """

    name: str
    value: float
    unit: str
    against: str
    limit: float
    more_is_better: bool = False
    runs: list = field(default_factory=list)
    note: str = ""
    # What the rival reaches by itself, in `unit`, where that is told.
    reference: float = 0

    @property
    def share(self):
        return self.value / self.reference

    @property
    def ratio(self):
        return self.value / self.limit if self.more_is_better else self.limit / self.value

    def to_json(self):
        return {"name": self.name, "value": self.value, "unit": self.unit, "against": self.against,
                "ratio": self.ratio, "runs": self.runs, "reached": self.ratio >= 1, "note": self.note}


def milliseconds(function, runs):
    """Times `function` and answers the milliseconds of each run."""
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def median(runs):
    return statistics.median(runs)


def write(directory, figures, skipped):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "report.json").write_text(json.dumps({"figures": [figure.to_json() for figure in figures],
                                                       "skipped": skipped}, indent=2) + "\n")
    lines = ["# Benchmarks", "", "Each figure is measured beside what it is compared with, in one run. A ratio of 1 or more "
             "means that the target is reached.", "", "| figure | value | target | ratio | against |", "|---|---|---|---|---|"]
    for figure in figures:
        sign = "≥" if figure.more_is_better else "≤"
        lines.append(f"| `{figure.name}` | {figure.value:.3g} {figure.unit} | {sign} {figure.limit:.3g} {figure.unit} "
                     f"| {figure.ratio:.2f} | {figure.against} |")
    notes = [f"* `{figure.name}`: {figure.note}" for figure in figures if figure.note]
    if notes:
        lines += ["", "## Remarks", ""] + notes
    if skipped:
        lines += ["", "## Not measured", ""] + [f"* `{name}`: {why}" for name, why in skipped.items()]
    (directory / "report.md").write_text("\n".join(lines) + "\n")
