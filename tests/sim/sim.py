#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a scenario in the simulator and writes build/sim/<name>/report.md, report.json and plots."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import scenario as scenarios  # noqa: E402
import sim_report  # noqa: E402

BUILD = Path(os.environ.get("DMS_BUILD_ROOT", HERE.parents[1] / "build"))
PROGRAM = BUILD / "tests" / "sim" / "dms-sim"


class SimulationError(Exception):
    """Why there is no result."""


def scratch_parent():
    """Memory, where there is some: thousands of nodes have a folder each."""
    shm = Path("/dev/shm")
    return str(shm) if shm.is_dir() and os.access(shm, os.W_OK) else None


def simulate(scenario, trace=None, log=None, tell=None):
    """The result of one run. tell: told of the progress."""
    if not PROGRAM.exists():
        raise SimulationError(f"{PROGRAM} is not built: it needs the transport libp2p (-Dtransport_libp2p=true)")
    command = [str(PROGRAM)]
    command += ["--trace", str(trace)] if trace else []
    command += ["--log", str(log)] if log else []
    content = {key: value for key, value in scenario.items() if key not in ("title", "about", "targets", "sizes")}
    with tempfile.TemporaryDirectory(prefix="dms-sim-", dir=scratch_parent(), ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "DMS_BUILD_ROOT": str(BUILD), "HOME": folder, "G_DEBUG": "fatal-criticals"}
        return follow(command, json.dumps({**content, "folder": folder}), environment, tell)


def follow(command, text, environment, tell):
    """What the program answers at last; it does not outlive this."""
    process = None
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=environment)
        process.stdin.write(text)
        process.stdin.close()
        for line in process.stdout:
            answer = json.loads(line)
            if "result" in answer:
                return answer["result"]
            if "error" in answer:
                raise SimulationError(answer["error"])
            if tell:
                tell(answer)
        raise SimulationError(f"the simulator ended without a result: {process.stderr.read().strip()[-2000:]}")
    finally:
        if process is not None:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()


class Progress:
    """A line that is written over, or now and then a line of its own where there is no terminal."""

    def __init__(self):
        self.is_terminal = sys.stderr.isatty()
        self.last = time.monotonic()

    def tell(self, answer):
        line = (f"  {answer['progress']}: {answer['peers']} peers, {answer['virtual_s']:.0f} s simulated, "
                f"{answer['events'] / 1e6:.1f} million events, {answer['cpu_s']:.0f} s of CPU")
        if self.is_terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.last > 15:
            self.last = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def end(self):
        if self.is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def run(name, content, folder, tell=None, trace=None, log=None):
    """All runs of a scenario, one for each size, and the report; answers runs and judged targets."""
    runs = []
    for size in content.get("sizes", [content["nodes"]]):
        runs.append(simulate({**content, "nodes": size}, trace, log, tell))
    return runs, sim_report.write(folder, name, content, runs)


def make_parser():
    parser = argparse.ArgumentParser(prog="./dev sim", add_help=False,
                                     description="Simulate a network of many nodes in one process, in simulated time: "
                                                 "the same seed gives the same run.")
    parser.add_argument("scenario", help="the path of a YAML file, or the name of a scenario")
    parser.add_argument("--seed", type=int, help="another seed than the scenario's")
    parser.add_argument("--nodes", type=int, help="another number of nodes; also in place of several sizes")
    parser.add_argument("--out", type=Path, help="where the report goes (build/sim/<name>)")
    parser.add_argument("--trace", type=Path, help="write every delivery: microseconds, from, to, kind, bytes")
    parser.add_argument("--log", type=Path, help="write what the nodes log")
    return parser


def explain():
    print(make_parser().format_help())
    print("The scenarios of tests/sim/scenarios:\n")
    for path in scenarios.list_all():
        try:
            content = scenarios.load(path)
        except scenarios.ScenarioError as error:
            print(f"  {path.stem:14} (broken: {error})")
            continue
        size = "–".join(str(n) for n in (content["sizes"][0], content["sizes"][-1])) if "sizes" in content else content["nodes"]
        kind = "whole nodes" if content["level"] == "nodes" else "peers"
        print(f"  {path.stem:14} {content['title']} ({size} {kind})")
    print("\nThe report is build/sim/<name>/report.md, with report.json and plots beside it. docs/simulator.md says what is\n"
          "real, what is simulated, and how to write a scenario.")


def load(options):
    content = scenarios.load(scenarios.find(options.scenario))
    if options.seed is not None:
        content["seed"] = options.seed
    if options.nodes is not None:
        if not 2 <= options.nodes <= scenarios.MAX_NODES:
            raise scenarios.ScenarioError(f"--nodes must be between 2 and {scenarios.MAX_NODES}")
        content["nodes"] = options.nodes
        content.pop("sizes", None)
    return content


def main(arguments):
    if not arguments or arguments == ["help"] or "--help" in arguments or "-h" in arguments:
        explain()
        return 0
    options = make_parser().parse_args(arguments)
    progress = Progress()
    try:
        content = load(options)
        name = Path(options.scenario).stem
        folder = options.out or BUILD / "sim" / name
        print(f"{content['title']}: {', '.join(str(n) for n in content.get('sizes', [content['nodes']]))} "
              f"{'whole nodes' if content['level'] == 'nodes' else 'peers'}, seed {content['seed']}", flush=True)
        runs, judged = run(name, content, folder, progress.tell, options.trace, options.log)
    except (scenarios.ScenarioError, SimulationError, OSError) as error:
        progress.end()
        print(f"sim: {error}", file=sys.stderr)
        return 1
    progress.end()
    for result, target, value, reached in judged:
        limit = f"at least {sim_report.number(target['least'])}" if "least" in target else f"at most {sim_report.number(target['most'])}"
        print(f"  {'reached' if reached else 'MISSED ':7}  {result['peers']:>6} peers  {target['figure']} = "
              f"{'not measured' if value is None else sim_report.number(value)} ({limit})")
    spent = sum(result["cpu_s"] for result in runs)
    print(f"{sum(result['virtual_s'] for result in runs):.0f} s simulated in {spent:.0f} s of CPU; "
          f"digest {runs[-1]['digest']}; report: {os.path.relpath(folder / 'report.md')}")
    return 0 if all(reached for *_, reached in judged) else 3


def end(*_):
    """Once: a second signal must not end the clearing up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
