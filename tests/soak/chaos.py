# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Deployments of all kinds while everything goes wrong, and then the auditor.

What is deployed and what goes wrong, when and for how long, is decided before it begins, from the seed. Daemons and
jobs are killed, daemons are stopped for a while, hosts are parted, links get slow and lossy, a disk gets full, clocks
jump. In the end every deployment has to be as its policy says, and the auditor (tests/testbed/auditor.py) may not find
anything that nobody answers for.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "testbed"))

from auditor import Auditor, Expected, Ledger, find_jobs, find_processes  # noqa: E402
from node import BUILD, PATIENCE  # noqa: E402
from testbed import Testbed  # noqa: E402

sys.path.insert(0, str(HERE))

from chaos_kinds import GAVE_UP, KINDS, is_right, text_of  # noqa: E402

SECONDS = 1200
FAULTS, DEPLOYMENTS = 100, 30
TOPOLOGY = HERE.parent / "testbed" / "topologies" / "chaos.yaml"
ORCHESTRATORS = ("anna", "bert")
PROVIDERS = ("carl", "dora", "emil", "fred")
LINKS = {("eu", "us"): 30, ("eu", "asia"): 50, ("us", "asia"): 60}
SMALL_DISK, DISK_MIB = "fred", 768
# How long a deployment may try; faults end long before.
BUDGET = 300
# What is over is over after so long: messages in flight end, those that were away are told (late reverts).
SETTLE = 240
ANSWER = 15

FINAL = ("Completed", "Failed")
# For how long a host is away when it is more than a hiccup: others have noticed by then.
OUTAGE = (12, 30)
# As nothing else is cut off meanwhile, only as long as another needs to take over.
CUT_OFF = (8, 14)


@dataclass
class Deployment:
    number: int
    kind: str
    orchestrator: str
    at: float
    seconds: float
    nonce: str = ""
    # Peer IDs of those that may take it over.
    standbys: tuple = ()
    id: str = ""
    state: str = ""
    error: str = ""
    # In a line of a file and in the command line of a process: who it is.
    markers: list = field(default_factory=list)
    # Markers of which exactly these have to run, one of several sets where it is not known which; nothing for all.
    versions: tuple = ()
    # (marker, text) that the last of it wrote.
    result: tuple = ()
    # (marker, time in ns, whether it was the shim)
    kills: list = field(default_factory=list)
    updated: str = ""

    def marker(self, name):
        return f"chaos-{self.nonce}-{self.number}-{name}"

    def orchestrators(self):
        """Who may lead it, first who deploys it."""
        others = ORCHESTRATORS if KINDS[self.kind].inherited else ()
        return [self.orchestrator, *(name for name in others if name != self.orchestrator)]

    def write(self):
        return text_of(KINDS[self.kind].make(self))

    def marker_of(self, allocation):
        """Of an allocation by its ID, or of one that it has deployed itself."""
        if f"kid{self.number}." in allocation:
            return self.marker("main")
        return next((marker for marker in self.markers if allocation.endswith(f".{marker.rsplit('-', 1)[1]}")), None)


@dataclass
class Fault:
    number: int
    kind: str
    at: float
    seconds: float
    pick: float
    other: float


# How the record of a fault begins that had nobody to meet.
FOUND_NONE = "found no"
# Of a deployment that others may take over: who leads it, and the machine that votes on who does.
FAULTS_OF_ROLLS = ("kill leader", "cut off leader", "kill witness", "cut off witness")
KINDS_OF_FAULTS = ("kill daemon", "kill job", "stop daemon", "partition", "slow link", "full disk", "clock jump",
                   "outage", "power cut", *FAULTS_OF_ROLLS)
# They last longer than others take to notice, and the next faults come meanwhile.
LONG_FAULTS = ("outage", "power cut", "kill leader", "kill witness")


def make_plan(seed, seconds, n_deployments, n_faults):
    chance = random.Random(seed)
    chosen = list(KINDS) + chance.choices(list(KINDS), [kind.weight for kind in KINDS.values()], k=n_deployments)
    if n_deployments < len(KINDS):
        # In a short run nobody waits until something that cannot be has used up its time.
        chosen = chance.sample([kind for kind in KINDS if kind != "too large"], n_deployments)
    chosen = chosen[:n_deployments]
    chance.shuffle(chosen)
    deployments = [Deployment(number, kind, chance.choice(ORCHESTRATORS), chance.uniform(0, seconds * 0.85),
                              chance.uniform(2, 12), f"{seed:08x}") for number, kind in enumerate(chosen)]
    kinds = (list(KINDS_OF_FAULTS) * (n_faults // len(KINDS_OF_FAULTS) + 1))[:n_faults]
    chance.shuffle(kinds)
    step = seconds / n_faults
    faults = []
    for number, kind in enumerate(kinds):
        if kind.startswith("cut off"):
            length = chance.uniform(*CUT_OFF)
        else:
            length = chance.uniform(*OUTAGE) if kind in LONG_FAULTS else chance.uniform(0.3, 0.9) * min(step, 12)
        length = min(length, seconds / 2)
        faults.append(Fault(number, kind, step * (number + 0.5), length, chance.random(), chance.random()))
    return sorted(deployments, key=lambda item: item.at), faults


class Chaos:
    def __init__(self, bed, deployments, faults, say):
        self.bed = bed
        self.deployments = deployments
        self.faults = faults
        self.say = say
        self.began = time.monotonic()
        self.done = []
        self.failures = []
        # Who is not to be touched: its daemon is away, or held still, on purpose.
        self.dead = set()
        self.lock = threading.Lock()
        self.outages = []

    def node(self, name):
        return self.bed.host(name).node

    def wait_until(self, at):
        time.sleep(max(0, self.began + at - time.monotonic()))

    # --- what is deployed ---

    def deploy(self, deployment):
        node = self.node(deployment.orchestrator)
        deployment.standbys = tuple(self.node(name).peer for name in deployment.orchestrators()[1:])
        job = node.write_job(f"job{deployment.number}.yaml", deployment.write())
        deadline = time.monotonic() + BUDGET
        while not deployment.id:
            # A daemon that is away cannot be asked; one that has taken it, and whose answer is lost, is found below.
            with contextlib.suppress(Exception):
                reply = node.cli("-c", "user", "actor", "cmd", "/dms/node/deployment/new", "-t", f"{BUDGET}s", "-f", job,
                                 timeout=ANSWER / PATIENCE, check=False)
                deployment.id = reply.json.get("EnsembleID", "")
            if not deployment.id:
                time.sleep(0.5)
            if time.monotonic() > deadline:
                raise RuntimeError(f"deployment {deployment.number} is not taken")
        if deployment.kind == "cancelled":
            time.sleep(deployment.seconds / 3)
            self.shut_down(deployment)
        elif KINDS[deployment.kind].change is not None:
            self.update(deployment)

    def update(self, deployment):
        """Once it runs; and again where nobody could be asked, or the answer was lost before anything was begun."""
        deadline = time.monotonic() + BUDGET * PATIENCE
        while self.look(deployment) != "Running":
            if deployment.state in FINAL or time.monotonic() > deadline:
                return
            time.sleep(0.5)
        time.sleep(deployment.seconds / 3)
        before = tuple(deployment.markers)
        text = text_of(KINDS[deployment.kind].change(deployment))
        new = next(version for version in deployment.versions if version != before)
        node = self.node(deployment.orchestrator)
        job = node.write_job(f"job{deployment.number}-new.yaml", text)
        answer = None
        with contextlib.suppress(Exception):
            answer = node.cli("-c", "user", "actor", "cmd", "/dms/node/deployment/update", "-i", deployment.id, "-f", job,
                              "-t", "125s", timeout=150 / PATIENCE, check=False).json
        if answer is None or "OK" not in answer:
            deployment.updated = "nobody answered"
        elif answer["OK"]:
            deployment.updated, deployment.versions = "updated", (new,)
        else:
            deployment.updated, deployment.versions = f"not updated: {answer['Error']}", (before,)

    def shut_down(self, deployment):
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline:
            # Only who leads does it.
            for name in deployment.orchestrators():
                with contextlib.suppress(Exception):
                    self.node(name).cli("-c", "user", "actor", "cmd", "/dms/node/deployment/shutdown", "-i",
                                        deployment.id, timeout=60, check=False)
            if self.look(deployment) in (*FINAL, "ShuttingDown"):
                return
            time.sleep(0.5)

    def look(self, deployment):
        with contextlib.suppress(Exception):
            answer = self.node(deployment.orchestrator).cli(
                "-c", "user", "actor", "cmd", "/dms/node/deployment/status", "-i", deployment.id,
                timeout=ANSWER, check=False).json
            deployment.state, deployment.error = answer["status"], answer["error"]
            return deployment.state
        return ""

    def deploy_all(self):
        threads = []
        for deployment in self.deployments:
            self.wait_until(deployment.at)
            thread = threading.Thread(target=self.try_deploy, args=(deployment,))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def try_deploy(self, deployment):
        try:
            self.deploy(deployment)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"deployment {deployment.number} ({deployment.kind}): {error}")

    # --- what goes wrong: each tells what it did, and is mended after its time ---

    def choose(self, fault, items):
        items = sorted(items)
        return items[int(fault.pick * len(items))] if items else None

    def choose_host(self, fault, names=None):
        """One that is to be left alone no more, until it is given back."""
        with self.lock:
            name = self.choose(fault, set(names or self.bed.hosts) - self.dead)
            if name is not None:
                self.dead.add(name)
            return name

    def give_back(self, name):
        with self.lock:
            self.dead.discard(name)

    def revive(self, name):
        """As a service manager does: again and again, for it refuses to start on a disk that is full."""
        node, deadline = self.node(name), time.monotonic() + 60 * PATIENCE
        while True:
            node.start(wait=False)
            try:
                node.wait_ready(20)
                break
            except AssertionError:
                if time.monotonic() > deadline or node.process.poll() is None:
                    raise
            time.sleep(1)
        self.give_back(name)

    def kill_daemon(self, fault):
        name = self.choose_host(fault)
        if name is None:
            yield "found no daemon to kill"
            return
        self.node(name).kill()
        yield f"killed the daemon of {name}"
        self.revive(name)
        yield None

    # Longer than it takes others to notice; meanwhile the next faults come.
    outage = kill_daemon

    def find_member(self, fault, witness):
        """The host that leads a deployment that others may take over, or its witness; nothing where there is none."""
        newest = {}
        for name in ORCHESTRATORS:
            with contextlib.suppress(Exception):
                for ensemble, ballot in Ledger(self.node(name).data_dir).documents.get("successions", {}).items():
                    if not ballot["ended_us"] and ballot["term"] >= newest.get(ensemble, ballot)["term"]:
                        newest[ensemble] = ballot
        hosts = {self.node(name).peer: name for name in self.bed.hosts}
        peers = {ballot["roll"].get("Witness", "") if witness else ballot["leader"] for ballot in newest.values()}
        return self.choose(fault, {hosts[peer] for peer in peers if peer in hosts})

    def kill_member(self, fault, what):
        name = self.find_member(fault, what == "witness")
        name = name and self.choose_host(fault, {name})
        if name is None:
            yield f"{FOUND_NONE} {what} to kill"
            return
        self.node(name).kill()
        yield f"killed the daemon of {name}, a {what}"
        self.revive(name)
        yield None

    def cut_off_member(self, fault, what):
        name = self.find_member(fault, what == "witness")
        if name is None:
            yield f"{FOUND_NONE} {what} to cut off"
            return
        self.bed.partition([[name], [other for other in self.bed.hosts if other != name]])
        yield f"cut off {name}, a {what}"
        self.bed.heal()
        yield None

    def kill_leader(self, fault):
        return self.kill_member(fault, "leader")

    def kill_witness(self, fault):
        return self.kill_member(fault, "witness")

    def cut_off_leader(self, fault):
        return self.cut_off_member(fault, "leader")

    def cut_off_witness(self, fault):
        return self.cut_off_member(fault, "witness")

    def power_cut(self, fault):
        name = self.choose_host(fault, PROVIDERS)
        if name is None:
            yield "found no machine to cut off"
            return
        node = self.node(name)
        node.kill()
        jobs = [job for state, job in find_jobs().items() if node.work_dir in state.parents]
        for job in jobs:
            self.note_kill(job.allocation, True)
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL)
        yield f"killed the daemon of {name}, and its {len(jobs)} jobs"
        self.revive(name)
        yield None

    def stop_daemon(self, fault):
        name = self.choose_host(fault)
        if name is None:
            yield "found no daemon to stop"
            return
        process = self.node(name).process
        process.send_signal(signal.SIGSTOP)
        yield f"stopped the daemon of {name}"
        process.send_signal(signal.SIGCONT)
        self.give_back(name)
        yield None

    def owner_of(self, allocation):
        """Also of what it has deployed itself."""
        return next((item for item in self.deployments
                     if item.id and (allocation.startswith(item.id) or f"_kid{item.number}." in allocation)), None)

    def note_kill(self, allocation, shim):
        owner = self.owner_of(allocation)
        if owner is not None:
            owner.kills.append((owner.marker_of(allocation), time.time_ns(), shim))

    def kill_job(self, fault):
        jobs = {job.allocation: job for state, job in find_jobs().items() if self.bed.run_dir in state.parents}
        allocation = self.choose(fault, jobs)
        if allocation is None:
            yield "found no job to kill"
            return
        owner = self.owner_of(allocation)
        marker = owner.marker_of(allocation) if owner is not None and "_kid" not in allocation else None
        victims = list(find_processes(marker)) if fault.other < 0.7 and marker is not None else []
        shim = not victims
        victims = victims or [jobs[allocation].pid]
        self.note_kill(allocation, shim)
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        yield f"killed the {'shim' if shim else 'job'} of {allocation[:8]}…{allocation[64:]}"

    def partition(self, fault):
        names = sorted(self.bed.hosts)
        random.Random(fault.pick).shuffle(names)
        cut = 1 + int(fault.other * 3)
        self.bed.partition([names[:cut], names[cut:]])
        yield f"cut off {' '.join(sorted(names[:cut]))}"
        self.bed.heal()
        yield None

    def slow_link(self, fault):
        ends = self.choose(fault, LINKS)
        self.bed.link(*ends, delay_ms=100 + 400 * fault.other, loss=0.08)
        yield f"slowed {'–'.join(ends)} to {100 + 400 * fault.other:.0f} ms, 8 % lost"
        self.bed.link(*ends, delay_ms=LINKS[ends], loss=0)
        yield None

    def full_disk(self, fault):
        path = self.node(SMALL_DISK).data_dir / "full"
        with contextlib.suppress(OSError), open(path, "wb") as file:
            block = bytes(1 << 20)
            while True:
                file.write(block)
        yield f"filled the disk of {SMALL_DISK}"
        path.unlink()
        yield None

    def clock_jump(self, fault):
        name = self.choose(fault, self.bed.hosts)
        jump = (1 if fault.other < 0.5 else -1) * (10 + 3600 * abs(fault.other - 0.5))
        self.bed.host(name).skew(jump)
        yield f"put the clock of {name} by {jump:+.0f} s"
        self.bed.host(name).skew(0)
        yield None

    def disturb(self, fault):
        steps = getattr(self, fault.kind.replace(" ", "_"))(fault)
        what = next(steps)
        at = time.monotonic() - self.began
        self.done.append((at, fault, what))
        self.say(f"{at:6.1f} s  {fault.number + 1}/{len(self.faults)}: {what}, for {fault.seconds:.1f} s")
        if what.startswith(FOUND_NONE):
            return
        if fault.kind in LONG_FAULTS:
            thread = threading.Thread(target=self.mend, args=(fault, steps))
            thread.start()
            self.outages.append(thread)
        else:
            self.mend(fault, steps)

    def mend(self, fault, steps):
        time.sleep(fault.seconds)
        try:
            for _ in steps:
                pass
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(f"{fault.kind}: not mended: {error}")

    def disturb_all(self):
        for fault in self.faults:
            self.wait_until(fault.at)
            for name in self.bed.hosts:
                with self.lock:
                    dead = name in self.dead
                process = self.node(name).process
                if not dead and process is not None and process.poll() is not None:
                    self.failures.append(f"{name}: the daemon ended by itself, with {process.poll()}")
                    self.node(name).start()
            self.disturb(fault)
        for thread in self.outages:
            thread.join()

    # --- what comes of it ---

    def end_strays(self):
        """A daemon that has taken a deployment and died before it answered was asked again: one of the two is enough."""
        known = {item.id for item in self.deployments}
        for name in ORCHESTRATORS:
            for stray, record in Ledger(self.node(name).data_dir).documents.get("deployments", {}).items():
                if stray in known or f"chaos-{self.deployments[0].nonce}-" not in json.dumps(record):
                    continue
                self.say(f"{name} took {stray[:8]} as well; it is shut down")
                # Of a kind that others may lead: all of them are asked.
                double = Deployment(-1, "inherited service", name, 0, 0, id=stray)
                self.shut_down(double)

    def judge(self):
        self.end_strays()
        pending = [item for item in self.deployments if item.id]
        deadline = time.monotonic() + (BUDGET + 60) * PATIENCE
        while pending and time.monotonic() < deadline:
            pending = [item for item in pending
                       if self.look(item) not in FINAL and not (KINDS[item.kind].wanted == item.state == "Running")]
            time.sleep(0.5)
        for item in self.deployments:
            if item.id and not is_right(item):
                self.failures.append(f"deployment {item.number} ({item.kind}, {item.id}) is {item.state or 'unknown'} "
                                     f"instead of {KINDS[item.kind].wanted}: {item.error}")

    def expect(self):
        return {item.id: self.expect_of(item) for item in self.deployments if item.id}

    def expect_of(self, item):
        kind, markers = KINDS[item.kind], tuple(item.markers)
        expected = Expected(item.orchestrator, (item.state,), standbys=tuple(item.orchestrators()[1:]))
        killed = {marker for marker, _, _ in item.kills}
        if "single" in kind.rules:
            expected.single = markers
        if "runs" in kind.rules:
            expected.runs = item.versions or (markers,)
            expected.absent = () if kind.heals else tuple(killed)
        if "once" in kind.rules:
            expected.once = markers
        if "never_twice" in kind.rules:
            expected.never_twice = markers
        if "result" in kind.rules and item.state != "Failed":
            expected.results = {item.result[0]: item.result[1]}
        if "after" in kind.rules:
            # Whoever is started after it, or everybody; a job that is lost with its shim is its node's business alone.
            for marker, at, shim in (kill for kill in item.kills if kill[0] in markers):
                later = markers[markers.index(marker):] if item.kind == "rest for one" else markers
                for other in later if not shim else (marker,):
                    expected.after[other] = max(at, expected.after.get(other, 0))
        return expected

    def audit(self, what):
        findings = Auditor(self.bed).audit_until_clean(self.expect(), SETTLE * PATIENCE)
        self.failures += [f"{what}: {finding}" for finding in findings]
        self.say(f"{time.monotonic() - self.began:6.1f} s  audit {what}: {len(findings) or 'no'} findings")

    def run(self):
        deployer = threading.Thread(target=self.deploy_all)
        deployer.start()
        self.disturb_all()
        deployer.join()
        self.say(f"{time.monotonic() - self.began:6.1f} s  all mended; waiting for the deployments")
        self.judge()
        self.audit("while services run")
        services = [item for item in self.deployments if item.state == "Running"]
        for item in services:
            self.shut_down(item)
        for item in services:
            deadline = time.monotonic() + 60 * PATIENCE
            while self.look(item) not in FINAL and time.monotonic() < deadline:
                time.sleep(0.2)
            if item.state not in FINAL:
                self.failures.append(f"deployment {item.number} does not shut down: {item.state}")
        self.audit("in the end")


@contextlib.contextmanager
def small_disk(folder):
    """A file system of its own for one node's data, made before the bed, which has it too."""
    path = folder / "bed" / "hosts" / SMALL_DISK / "data"
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0755", "dms-chaos", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)


def report(chaos, seconds, seed):
    gave_up = sum(item.state == "Failed" and item.error.startswith(GAVE_UP) and KINDS[item.kind].wanted != "Failed"
                  for item in chaos.deployments)
    lines = ["# Chaos", "",
             f"{'FAILED' if chaos.failures else 'Passed'}: {len(chaos.done)} faults during {len(chaos.deployments)} "
             f"deployments in {seconds:.0f} s, seed {seed}. {gave_up} deployments gave up while faults lasted, "
             f"{sum(bool(item.kills) for item in chaos.deployments)} had a job killed. "
             f"{sum(what.startswith(FOUND_NONE) for _, _, what in chaos.done)} of the faults found nobody.", ""]
    lines += [f"- {failure}" for failure in chaos.failures] + ([""] if chaos.failures else [])
    lines += ["| deployment | kind | by | at | ended | error |", "|---|---|---|---|---|---|"]
    lines += [f"| {item.number} `{item.id[:8]}` | {item.kind}{f', killed {len(item.kills)}' if item.kills else ''} | {item.orchestrator} | "
              f"{item.at:.1f} s | {item.state} | {(item.error or item.updated)[:120]} |" for item in chaos.deployments]
    lines += ["", "| fault | at | for |", "|---|---|---|"]
    lines += [f"| {what} | {at:.1f} s | {fault.seconds:.1f} s |" for at, fault, what in chaos.done]
    return lines


def soak(seconds=SECONDS, seed=None, n_deployments=DEPLOYMENTS, n_faults=FAULTS,
         say=lambda text: print(text, flush=True), kept=BUILD / "soak" / "chaos"):
    """The lines of the report, and an exit status. The faults take half of the time; what is left is for the end."""
    seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
    folder = Path(tempfile.mkdtemp(prefix="dms-chaos-"))
    began = time.monotonic()
    deployments, faults = make_plan(seed, seconds / 2, n_deployments, n_faults)
    try:
        with small_disk(folder), Testbed.up(TOPOLOGY, folder / "bed") as bed:
            bed.host(SMALL_DISK).node.onboard(cpu=2, disk="512MiB")
            say(f"seed {seed}; up after {time.monotonic() - began:.1f} s")
            chaos = Chaos(bed, deployments, faults, say)
            chaos.run()
            if chaos.failures:
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(bed.collect(), kept, dirs_exist_ok=True)
                for name, host in bed.hosts.items():
                    shutil.copytree(host.node.work_dir / "logs", kept / name / "all-logs", dirs_exist_ok=True)
                say(f"logs and state in {kept}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for failure in chaos.failures:
        say(f"  {failure}")
    return report(chaos, time.monotonic() - began, seed), 1 if chaos.failures else 0
