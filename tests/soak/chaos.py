# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Deployments of all kinds while everything goes wrong, and then the auditor.

What is deployed and what goes wrong, when and for how long, is decided before it begins, from the seed. Daemons and
jobs are killed, daemons are stopped for a while, hosts are parted, links get slow and lossy, a disk gets full, clocks
jump. In the end every deployment has to be as its policy says, and the auditor (tests/testbed/auditor.py) may not find
anything that nobody answers for.
"""

import contextlib
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

from auditor import Auditor, Expected, find_jobs, find_processes  # noqa: E402
from node import BUILD, PATIENCE  # noqa: E402
from testbed import Testbed  # noqa: E402

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
GAVE_UP = "failed to create deployment"
JOB = """version: "V1"
allocations:
{allocations}nodes:
{nodes}"""
ALLOCATION = """  {name}:
    executor: process
    type: {kind}
    resources: {{cpu: {{cores: {cores}}}, ram: {{size: 32MiB}}, disk: {{size: 4MiB}}}}
    execution: {{type: process, cmd: [/bin/sh, -c, "{script}"]}}
    volume: [{{type: local, name: starts, src: starts, mount_destination: /starts}}]
"""
# (weight, kind of allocation, nodes, script, how it ends)
KINDS = {
    "task": (6, "task", 1, "sleep {seconds}", "Completed"),
    "failing task": (3, "task", 1, "sleep {seconds}; exit 3", "Failed"),
    "two tasks": (4, "task", 2, "sleep {seconds}", "Completed"),
    "service": (5, "service", 1, "sleep 100000", "Running"),
    "two services": (3, "service", 2, "sleep 100000", "Running"),
    "cancelled": (5, "service", 2, "sleep 100000", "Completed"),
    "too large": (1, "task", 1, "true", "Failed"),
}


@dataclass
class Deployment:
    number: int
    kind: str
    orchestrator: str
    at: float
    seconds: float
    id: str = ""
    killed: bool = False
    state: str = ""
    error: str = ""
    markers: list = field(default_factory=list)

    def write(self, nonce):
        _, kind, nodes, script, _ = KINDS[self.kind]
        names = [f"part{index}" for index in range(nodes)]
        # In a line of the file and in the command line of the process: who it is.
        self.markers = [f"chaos-{nonce}-{self.number}-{name}" for name in names]
        text = "".join(ALLOCATION.format(name=name, kind=kind, cores=1000 if self.kind == "too large" else 0.3,
                                         script=f"echo {marker} >> /starts/starts; "
                                                f"{script.format(seconds=round(self.seconds))}")
                       for name, marker in zip(names, self.markers))
        return JOB.format(allocations=text, nodes="".join(f"  {name}n: {{allocations: [{name}]}}\n" for name in names))


@dataclass
class Fault:
    number: int
    kind: str
    at: float
    seconds: float
    pick: float
    other: float


def make_plan(seed, seconds, n_deployments, n_faults):
    chance = random.Random(seed)
    names = [name for name, kind in KINDS.items() for _ in range(kind[0])]
    deployments = [Deployment(number, names[number % len(names)] if number >= len(names) else "",
                              chance.choice(ORCHESTRATORS), chance.uniform(0, seconds * 0.85), chance.uniform(2, 12))
                   for number in range(n_deployments)]
    chosen = list(KINDS) + chance.choices(list(KINDS), [kind[0] for kind in KINDS.values()], k=n_deployments)
    chosen = chosen[:n_deployments] if n_deployments >= len(KINDS) else chance.sample(list(KINDS)[:-1], n_deployments)
    chance.shuffle(chosen)
    for deployment, kind in zip(deployments, chosen):
        deployment.kind = kind
    kinds = ["kill daemon", "kill job", "stop daemon", "partition", "slow link", "full disk", "clock jump"]
    kinds = (kinds * (n_faults // len(kinds) + 1))[:n_faults]
    chance.shuffle(kinds)
    step = seconds / n_faults
    faults = [Fault(number, kind, step * (number + 0.5), chance.uniform(0.3, 0.9) * min(step, 12), chance.random(),
                    chance.random()) for number, kind in enumerate(kinds)]
    return sorted(deployments, key=lambda item: item.at), faults


class Chaos:
    def __init__(self, bed, deployments, faults, nonce, say):
        self.bed = bed
        self.deployments = deployments
        self.faults = faults
        self.nonce = nonce
        self.say = say
        self.began = time.monotonic()
        self.done = []
        self.failures = []
        self.dead = set()
        self.lock = threading.Lock()

    def node(self, name):
        return self.bed.host(name).node

    def wait_until(self, at):
        time.sleep(max(0, self.began + at - time.monotonic()))

    # --- what is deployed ---

    def deploy(self, deployment):
        node = self.node(deployment.orchestrator)
        job = node.write_job(f"job{deployment.number}.yaml", deployment.write(self.nonce))
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

    def shut_down(self, deployment):
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                self.node(deployment.orchestrator).cli("-c", "user", "actor", "cmd", "/dms/node/deployment/shutdown", "-i",
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

    def kill_daemon(self, fault):
        name = self.choose(fault, self.bed.hosts)
        node = self.node(name)
        self.dead.add(name)
        node.kill()
        yield f"killed the daemon of {name}"
        node.start(wait=False)
        node.wait_ready(60)
        self.dead.discard(name)
        yield None

    def stop_daemon(self, fault):
        name = self.choose(fault, self.bed.hosts)
        process = self.node(name).process
        process.send_signal(signal.SIGSTOP)
        yield f"stopped the daemon of {name}"
        process.send_signal(signal.SIGCONT)
        yield None

    def kill_job(self, fault):
        jobs = {job.allocation: job for state, job in find_jobs().items() if self.bed.run_dir in state.parents}
        allocation = self.choose(fault, jobs)
        if allocation is None:
            yield "found no job to kill"
            return
        owner = next((item for item in self.deployments if item.id and allocation.startswith(item.id)), None)
        victims = [jobs[allocation].pid]
        if fault.other < 0.7 and owner is not None:
            victims = [pid for marker in owner.markers if marker.split("-")[-1] in allocation
                       for pid in find_processes(marker)] or victims
        if owner is not None:
            owner.killed = True
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        yield f"killed the {'shim' if victims == [jobs[allocation].pid] else 'job'} of {allocation[:8]}…{allocation[64:]}"

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
        time.sleep(fault.seconds)
        for _ in steps:
            pass

    def disturb_all(self):
        for fault in self.faults:
            self.wait_until(fault.at)
            for name in self.bed.hosts:
                if name not in self.dead and self.node(name).process.poll() is not None:
                    self.failures.append(f"{name}: the daemon ended by itself, with {self.node(name).process.poll()}")
                    self.node(name).start()
            self.disturb(fault)

    # --- what comes of it ---

    def is_right(self, deployment):
        wanted = KINDS[deployment.kind][4]
        if deployment.state == wanted:
            return True
        # Without a policy that starts it anew a job that was killed has failed; and who found no machines says so.
        if deployment.state == "Failed" and (deployment.killed or deployment.error.startswith(GAVE_UP)):
            return True
        return False

    def judge(self):
        pending = [item for item in self.deployments if item.id]
        deadline = time.monotonic() + (BUDGET + 60) * PATIENCE
        while pending and time.monotonic() < deadline:
            pending = [item for item in pending
                       if self.look(item) not in FINAL and not (KINDS[item.kind][4] == item.state == "Running")]
            time.sleep(0.5)
        for item in self.deployments:
            if item.id and not self.is_right(item):
                self.failures.append(f"deployment {item.number} ({item.kind}, {item.id}) is {item.state or 'unknown'} "
                                     f"instead of {KINDS[item.kind][4]}: {item.error}")

    def expect(self):
        return {item.id: Expected(item.orchestrator, (item.state,), tuple(item.markers)
                                  if KINDS[item.kind][1] == "task" else ()) for item in self.deployments if item.id}

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
    gave_up = sum(item.state == "Failed" and item.error.startswith(GAVE_UP) and KINDS[item.kind][4] != "Failed"
                  for item in chaos.deployments)
    lines = ["# Chaos", "",
             f"{'FAILED' if chaos.failures else 'Passed'}: {len(chaos.done)} faults during {len(chaos.deployments)} "
             f"deployments in {seconds:.0f} s, seed {seed}. {gave_up} deployments gave up while faults lasted, "
             f"{sum(item.killed for item in chaos.deployments)} had a job killed.", ""]
    lines += [f"- {failure}" for failure in chaos.failures] + ([""] if chaos.failures else [])
    lines += ["| deployment | kind | by | at | ended | error |", "|---|---|---|---|---|---|"]
    lines += [f"| {item.number} `{item.id[:8]}` | {item.kind}{', job killed' if item.killed else ''} | {item.orchestrator} | "
              f"{item.at:.1f} s | {item.state} | {item.error[:120]} |" for item in chaos.deployments]
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
            chaos = Chaos(bed, deployments, faults, f"{seed:08x}", say)
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
