# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""One line a scenario while it runs; at the end what is pending, by name, and the same as a JUnit file."""

import sys
import time
import xml.etree.ElementTree as ElementTree

NEEDS = "needs:"


def describe(scenario):
    """The scenario's name without what behave puts behind that of an outline's row."""
    name, _, row = scenario.name.partition(" -- @")
    words = row.partition(" ")[2].strip()
    return f"{name} ({words})" if words else name


def needs_of(scenario):
    return ", ".join(sorted(str(tag)[len(NEEDS):] for tag in scenario.effective_tags if tag.startswith(NEEDS)))


class Report:
    def __init__(self, junit=None, out=sys.__stdout__):
        self.junit = junit
        self.out = out
        self.suite = ElementTree.Element("testsuite", name="acceptance")
        self.pending = []
        self.feature = None
        self.began = 0
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def say(self, text):
        print(text, file=self.out, flush=True)

    def begin_feature(self, feature):
        self.feature = feature.name
        self.announced = False

    def begin_scenario(self):
        self.began = time.monotonic()

    def end_scenario(self, scenario, trouble=None):
        seconds = time.monotonic() - self.began
        name = describe(scenario)
        case = ElementTree.SubElement(self.suite, "testcase", classname=f"acceptance: {self.feature}", name=name,
                                      time=f"{seconds:.3f}")
        if "pending" in scenario.effective_tags:
            self.pending.append((self.feature, name, needs_of(scenario)))
            ElementTree.SubElement(case, "skipped", type="pending", message=f"needs {needs_of(scenario)}")
            return
        status = "failed" if trouble is not None else scenario.status.name
        if status not in self.counts:
            status = "failed"
        self.counts[status] += 1
        if not self.announced:
            self.say(f"\n{self.feature}")
            self.announced = True
        self.say(f"  {status:7} {seconds:6.1f} s  {name}")
        if status == "skipped":
            ElementTree.SubElement(case, "skipped", message=scenario.skip_reason or "")
            self.say(f"          {scenario.skip_reason}")
        elif status == "failed":
            text = self.explain(scenario, trouble)
            ElementTree.SubElement(case, "failure", message=text[:300]).text = text
            self.say("".join(f"          {line}\n" for line in text.splitlines()))

    @staticmethod
    def explain(scenario, trouble):
        lines = []
        for step in scenario.all_steps:
            lines.append(f"{step.status.name:9} {step.keyword} {step.name}")
            if step.status.name in ("failed", "undefined"):
                lines.append(step.error_message or "there is no such step")
        if trouble is not None:
            lines.append(trouble)
        return "\n".join(lines)

    def close(self, directory):
        if self.pending:
            self.say("\nPending:")
            for feature, name, needs in self.pending:
                self.say(f"  {feature}: {name} (needs {needs})")
        if self.junit:
            ElementTree.ElementTree(self.suite).write(self.junit, encoding="utf-8", xml_declaration=True)
        if self.counts["failed"]:
            self.say(f"\nLogs and state of the nodes are in {directory}")
        skipped = f", {self.counts['skipped']} skipped" if self.counts["skipped"] else ""
        pending = f", {len(self.pending)} pending" if self.pending else ""
        self.say(f"\n{self.counts['passed']} passed, {self.counts['failed']} failed{skipped}{pending}")
