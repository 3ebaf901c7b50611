#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the acceptance features.

Usage: acceptance.py [--quick] [--list] [--junit FILE] [FEATURE…]

FEATURE is the name of a feature, such as `nat` or `task_deployment`, or `nat:LINE` for one scenario of it.
--quick runs a small set that takes about two minutes; --list says what there is, and runs nothing.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FEATURES = HERE / "features"


def list_features():
    return sorted(item.stem for item in FEATURES.glob("*.feature"))


def read_arguments(arguments):
    parser = argparse.ArgumentParser(prog="./dev acceptance", description="Runs the acceptance features.",
                                     epilog=f"The features: {', '.join(list_features())}.")
    parser.add_argument("features", nargs="*", metavar="FEATURE",
                        help="such as nat, or nat:LINE for one scenario of it; all without")
    parser.add_argument("--quick", action="store_true", help="a small set that takes about two minutes")
    parser.add_argument("--loopback", action="store_true", help="plain daemons on loopback, without the testbed")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--junit", metavar="FILE", help="write the results there, too")
    parser.add_argument("--keep", action="store_true", help="keep the logs and state of all nodes")
    return parser.parse_args(arguments)


def find_feature(parser_exit, text):
    name, _, line = text.partition(":")
    path = FEATURES / f"{Path(name).stem}.feature"
    if not path.exists():
        parser_exit(f"there is no feature “{name}”; there are: {', '.join(list_features())}")
    return f"{path}:{line}" if line else str(path)


def list_scenarios(paths):
    sys.path.insert(0, str(HERE))
    from behave.parser import parse_file
    from report import describe, needs_of
    for path in paths:
        feature = parse_file(path.partition(":")[0])
        print(f"{Path(feature.filename).stem}: {feature.name}")
        for scenario in feature.walk_scenarios():
            tags = scenario.effective_tags
            kind = f"pending: needs {needs_of(scenario)}" if "pending" in tags else "quick" if "quick" in tags else ""
            print(f"  {scenario.line:4}  {describe(scenario)}{f'  [{kind}]' if kind else ''}")


def main(arguments):
    options = read_arguments(arguments)

    def fail(text):
        print(f"acceptance: {text}", file=sys.stderr)
        sys.exit(2)

    paths = [find_feature(fail, text) for text in options.features]
    paths = paths or sorted(str(path) for path in FEATURES.glob("*.feature"))
    if options.list:
        list_scenarios(paths)
        return 0
    scratch = Path(tempfile.mkdtemp(prefix="dms-acceptance-"))
    command = [sys.executable, "-m", "behave", "--format", "null", "--no-summary", "--no-capture", "--no-logcapture",
               "-D", f"directory={scratch}"]
    if options.junit:
        command += ["-D", f"junit={Path(options.junit).resolve()}"]
    if options.quick:
        # The pending ones are named in either case.
        command += ["--tags", "@quick,@pending"]
    environment = dict(os.environ)
    if options.loopback:
        environment["DMS_ACCEPTANCE_LOOPBACK"] = "1"
    status = subprocess.run([*command, *paths], env=environment, check=False).returncode
    if options.keep or status != 0:
        print(f"Logs and state of all nodes are in {scratch}")
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
