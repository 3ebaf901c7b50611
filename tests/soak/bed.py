# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Twelve daemons in three regions, at home and in data centres, and what an internet does to them.

Round for round regions are cut off from each other, daemons die and come back, links get slow and lossy. Whenever all
that is over, every node has to reach every other one again within a bounded time, by a message that is answered. What
descriptors, connections and memory the daemons that never died use must not grow.
"""

import concurrent.futures
import contextlib
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "testbed"))

from libp2p import count_descriptors, resident_kib  # noqa: E402
from node import BUILD, PATIENCE  # noqa: E402
from testbed import Testbed  # noqa: E402

SECONDS = 1200
TOPOLOGY = HERE.parent / "testbed" / "topologies" / "three-regions.yaml"
REGIONS = ("eu", "us", "asia")
# What a node finds out within its first two minutes it finds out here within seconds, so that more happens.
QUICK = {"probe_delay_ms": 2000, "relay_delay_ms": 3000}
# One of each kind that never dies: their memory is compared.
WATCHED = ("fra1", "ams1", "sin2", "ben")
# All pairs are heard of again within so many seconds: a daemon behind a NAT has to find out that it is, by dials that
# time out, and to find a relay; and a peer that could not be reached is let alone for a while.
FOUND_AGAIN = 120
# One question, and how many at a time.
ANSWER = 10
AT_ONCE = 6
DISTURBED = (15, 40)
# Peers are few: what a daemon holds may not grow beyond this with the rounds.
MOST_CONNECTIONS = 3 * 11
MORE_DESCRIPTORS = 24
MORE_KIB = 8 * 1024


class Failure(Exception):
    """What is wrong, for people."""


def make_topology(folder):
    description = yaml.safe_load(TOPOLOGY.read_text())
    for host in description["hosts"].values():
        host.setdefault("config", {}).setdefault("p2p", {}).update(QUICK)
    path = folder / "soak.yaml"
    path.write_text(yaml.safe_dump(description))
    return path


class Soak:
    def __init__(self, bed, seed, say):
        self.bed = bed
        self.random = random.Random(seed)
        self.say = say
        self.hosts = list(bed.hosts)
        self.homes = {tuple(link["between"]): link for link in yaml.safe_load(TOPOLOGY.read_text())["links"]}
        self.rounds = []
        self.samples = []
        self.failures = []

    # --- what is asked ---

    def hello(self, pair):
        """Whether one node's message to another is answered."""
        one, other = (self.bed.host(name).node for name in pair)
        with contextlib.suppress(Exception):
            answer = one.cli("-c", "dms", "actor", "cmd", "/public/hello", "-t", f"{ANSWER}s", "-d", other.peer,
                             check=False, timeout=ANSWER + 20)
            return answer.status == 0 and other.dms_did in answer.out
        return False

    def reach_all(self, limit):
        """Seconds until every node had an answer of every other; the pairs that had none in time."""
        began = time.monotonic()
        missing = [(one, other) for one in self.hosts for other in self.hosts if one != other]
        self.random.shuffle(missing)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            while missing:
                answered = list(pool.map(self.hello, missing))
                missing = [pair for pair, good in zip(missing, answered) if not good]
                if missing and time.monotonic() - began > limit:
                    break
        return time.monotonic() - began, missing

    def knows(self, name):
        """How many nodes its routing table has."""
        with contextlib.suppress(Exception):
            return len(self.bed.host(name).node.actor("/dms/node/peers/dht", timeout=20)["Peers"])
        return 0

    def sample(self):
        taken = {}
        for name in WATCHED:
            node = self.bed.host(name).node
            pid = node.process.pid
            taken[name] = {
                "descriptors": count_descriptors(pid), "kib": resident_kib(pid),
                "connections": len(node.network("connections", "--json").json["connections"]),
            }
        self.samples.append(taken)

    # --- what is done to it ---

    def cut_regions(self):
        sets = [["eu"], ["us", "asia"]] if self.random.random() < 0.5 else [["us"], ["eu", "asia"]]
        if self.random.random() < 0.3:
            sets = [[region] for region in REGIONS]
        self.bed.partition(sets)
        return "cut " + " from ".join(" ".join(members) for members in sets)

    def cut_hosts(self):
        names = self.random.sample(self.hosts, self.random.randint(3, 6))
        self.bed.partition([names, [name for name in self.hosts if name not in names]])
        return f"cut off {' '.join(sorted(names))}"

    def slow_link(self):
        ends = self.random.choice(list(self.homes))
        delay, loss = self.random.choice([150, 250, 400]), self.random.choice([0.01, 0.03, 0.08])
        self.bed.link(*ends, delay_ms=delay, loss=loss)
        return f"{'–'.join(ends)} takes {delay} ms and loses {loss:.0%}"

    def kill(self, dead):
        mortal = [name for name in self.hosts if name not in WATCHED and name not in dead]
        names = self.random.sample(mortal, self.random.randint(1, 3))
        for name in names:
            self.bed.host(name).node.kill()
            dead.add(name)
        return f"killed {' '.join(sorted(names))}"

    def mend(self, dead):
        self.bed.heal()
        for ends, link in self.homes.items():
            self.bed.link(*ends, delay_ms=link["delay_ms"], loss=link["loss"])
        for name in dead:
            self.bed.host(name).node.start(wait=False)
        for name in dead:
            self.bed.host(name).node.wait_ready(60)

    def run_round(self, number):
        dead = set()
        done = []
        kinds = [self.cut_regions, self.cut_hosts, self.slow_link, lambda: self.kill(dead)]
        for kind in self.random.sample(kinds, self.random.randint(1, 3)):
            # One partition replaces another.
            if kind in (self.cut_regions, self.cut_hosts) and any(text.startswith("cut") for text in done):
                continue
            done.append(kind())
        what = "; ".join(done)
        pause = self.random.uniform(*DISTURBED)
        self.say(f"round {number}: {what}, for {pause:.0f} s")
        time.sleep(pause)
        self.mend(dead)
        seconds, missing = self.reach_all(FOUND_AGAIN * PATIENCE)
        knows = {name: self.knows(name) for name in self.hosts}
        self.rounds.append((number, what, pause, seconds, missing, min(knows.values())))
        self.say(f"  all reached again after {seconds:.1f} s" if not missing else f"  NOT reached: {describe(missing)}")
        if missing:
            self.failures.append(f"round {number}, {what}: {describe(missing)} after {seconds:.0f} s")
            folder = self.bed.collect()
            self.say(f"  collected in {folder}")
        if not all(knows.values()):
            self.failures.append(f"round {number}: empty routing tables: {[name for name in knows if not knows[name]]}")
        self.sample()

    # --- what comes of it ---

    def judge_growth(self):
        if len(self.samples) < 4:
            return
        third = max(len(self.samples) // 3, 1)
        for name in WATCHED:
            for what, more in (("descriptors", MORE_DESCRIPTORS), ("kib", MORE_KIB)):
                first = statistics.median(sample[name][what] for sample in self.samples[:third])
                last = statistics.median(sample[name][what] for sample in self.samples[-third:])
                if last > first + more:
                    self.failures.append(f"{name}: {what} grew from {first:.0f} to {last:.0f}")
            most = max(sample[name]["connections"] for sample in self.samples)
            if most > MOST_CONNECTIONS:
                self.failures.append(f"{name}: {most} connections with 11 peers")


def describe(pairs):
    texts = [f"{one}→{other}" for one, other in sorted(pairs)]
    return ", ".join(texts[:12]) + (f" and {len(texts) - 12} more" if len(texts) > 12 else "")


def report(soak, seconds, seed):
    lines = ["# Twelve daemons in three regions", "",
             f"{'FAILED' if soak.failures else 'Passed'}: {len(soak.rounds)} rounds in {seconds:.0f} s, seed {seed}.",
             ""]
    lines += [f"- {failure}" for failure in soak.failures] + ([""] if soak.failures else [])
    times = [row[3] for row in soak.rounds]
    if times:
        lines += [f"All pairs had answered after {statistics.median(times):.1f} s in the median, {max(times):.1f} s at "
                  "most.", ""]
    lines += ["| round | what was done | for | all reached after | smallest routing table |", "|---|---|---|---|---|"]
    for number, what, pause, taken, missing, least in soak.rounds:
        found = f"not: {describe(missing)}" if missing else f"{taken:.1f} s"
        lines.append(f"| {number} | {what} | {pause:.0f} s | {found} | {least} |")
    lines += ["", "| round | " + " | ".join(f"{name}: fds, connections, MiB" for name in WATCHED) + " |",
              "|---|" + "---|" * len(WATCHED)]
    lines += [f"| {number} | " + " | ".join(f"{taken[name]['descriptors']}, {taken[name]['connections']}, "
                                            f"{taken[name]['kib'] / 1024:.1f}" for name in WATCHED) + " |"
              for number, taken in enumerate(soak.samples)]
    return lines


def soak(seconds, seed=None, say=lambda text: print(text, flush=True)):
    seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="dms-soak-"))
    state = None
    kept = BUILD / "soak" / "testbed"
    try:
        with Testbed.up(make_topology(folder), folder / "bed") as bed:
            state = Soak(bed, seed, say)
            say(f"seed {seed}; up after {time.monotonic() - began:.1f} s")
            taken, missing = state.reach_all(FOUND_AGAIN * PATIENCE)
            say(f"all reached after {taken:.1f} s" if not missing else f"NOT reached: {describe(missing)}")
            if missing:
                state.failures.append(f"at first: {describe(missing)} after {taken:.0f} s")
            state.sample()
            number = 0
            while time.monotonic() - began < seconds:
                number += 1
                state.run_round(number)
            state.judge_growth()
            if state.failures:
                shutil.copytree(bed.collect(), kept, dirs_exist_ok=True)
                say(f"logs and state in {kept}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report(state, time.monotonic() - began, seed), 1 if state.failures else 0
