# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Adds up the single test cases of meson's log and of JUnit files, and ends in `N passed, N failed`."""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TAP_LINE = re.compile(r"^(not )?ok\b[^#]*(#\s*(skip|todo)\b)?", re.IGNORECASE)


class Counts:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.pending = []
        self.failures = []

    def add_meson(self, path):
        for line in path.read_text().splitlines():
            self.add_program(json.loads(line))

    def add_program(self, test):
        """One test program: its TAP cases, and one failure more if it ended badly without saying which failed."""
        before = len(self.failures)
        cases = 0
        for line in (test.get("stdout") or "").splitlines():
            match = TAP_LINE.match(line)
            if not match:
                continue
            cases += 1
            if match[3]:
                self.skipped += 1
            elif match[1]:
                self.failures.append(f"{test['name']}: {line}")
            else:
                self.passed += 1
        if test["result"] == "SKIP" and cases == 0:
            self.skipped += 1
        elif test["result"] in ("OK", "EXPECTEDFAIL", "SKIP"):
            self.passed += cases == 0
        elif len(self.failures) == before:
            self.failures.append(f"{test['name']}: {test['result']}, exit status {test.get('returncode')}")

    def add_junit(self, path):
        cases = list(ElementTree.parse(path).iter("testcase"))
        for case in cases:
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                self.failures.append(f"{case.get('classname')}: {case.get('name')}")
            elif any(child.tag == "skipped" and child.get("type") == "pending" for child in case):
                self.pending.append(f"{case.get('classname')}: {case.get('name')}")
            elif "skipped" in kinds:
                self.skipped += 1
            else:
                self.passed += 1
        if not cases:
            self.failures.append(f"{path.stem}: no test ran")

    def add(self, path):
        try:
            if path.suffix == ".json":
                self.add_meson(path)
            else:
                self.add_junit(path)
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
            self.failures.append(f"{path.stem}: no results: {error}")

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        pending = f", {len(self.pending)} pending" if self.pending else ""
        return f"{self.passed} passed, {len(self.failures)} failed{skipped}{pending}"


def main(paths):
    counts = Counts()
    for path in paths:
        counts.add(Path(path))
    if counts.pending:
        print("\nPending, until the product can do it:")
        for name in counts.pending:
            print(f"  {name}")
    if counts.failures:
        print("\nFailed:")
        for failure in counts.failures:
            print(f"  {failure}")
    print(counts.line())
    return 1 if counts.failures or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
