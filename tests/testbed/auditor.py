# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Reads what every node of a bed has, and says what nobody answers for.

No summary of a daemon is believed: the database is read from its file, jobs are looked for among the processes of the
machine and in its groups (cgroups), folders on disk, and what the daemons say is compared with that.

    findings = Auditor(bed).audit(deployments)

`deployments` are what is expected: ID → Expected. A finding is a line for people; there are none when all is well.
"""

import contextlib
import fcntl
import json
import os
import re
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from supervisor import group_name, groups_of_machine

FINAL = ("failed", "completed", "terminated")
# deployment status in the database: Failed, Completed (orchestration.md 2)
OVER = (5, 7)
RUNNING = 4
STATUSES = ("Preparing", "Generating", "Committing", "Provisioning", "Running", "Failed", "ShuttingDown", "Completed",
            "Updating")
# What an orchestrator says it does to machines.
DEEDS = ("candidate_chosen", "node_moved", "node_repaired", "supervision_action", "deployment_changed")
REGISTRY = Path("/run/dms-exec")
RESOURCES = (("cpu", "cores"), ("ram", "size"), ("disk", "size"))


@dataclass
class Expected:
    """How a deployment of one of the nodes should have ended."""

    orchestrator: str
    # Names of states, one of which is right.
    states: tuple
    # Others that may take it over.
    standbys: tuple = ()
    # What follows names jobs by their markers: texts in their command lines, and first words of what they write.
    # Tasks that may be started once for each attempt.
    single: tuple = ()
    # While it runs: sets of which one runs, each job once and no other one of all these; and who may be down.
    runs: tuple = ()
    absent: tuple = ()
    # Tasks of a workflow, of which each attempt at each item is begun once at most.
    once: tuple = ()
    # Never at two places at the same time, by what they write all the time.
    never_twice: tuple = ()
    # What the last of it wrote.
    results: dict = field(default_factory=dict)
    # While it runs: when a job must have been started since, in ns.
    after: dict = field(default_factory=dict)


@dataclass
class Job:
    """A shim that runs, and so a job."""

    pid: int
    allocation: str
    execution: str


class Ledger:
    """What the database of one node says."""

    def __init__(self, data_dir):
        files = [path for path in Path(data_dir).rglob("*") if path.is_file() and self.is_database(path)]
        if len(files) != 1:
            raise ValueError(f"{data_dir} has {len(files)} databases")
        with contextlib.closing(sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True, timeout=10)) as database:
            self.damage = [row[0] for row in database.execute("PRAGMA quick_check") if row[0] != "ok"]
            self.reservations = list(database.execute("SELECT allocation_id, state, expires_us, resources FROM reservations"))
            self.ports = list(database.execute("SELECT port, allocation_id FROM ports"))
            self.onboarded = next((json.loads(row[0]) for row in database.execute("SELECT resources FROM onboarding")), None)
            self.documents = {}
            for collection, name, body in database.execute("SELECT collection, id, body FROM documents"):
                self.documents.setdefault(collection, {})[name] = json.loads(body)

    @staticmethod
    def is_database(path):
        with open(path, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"

    @property
    def allocations(self):
        return self.documents.get("allocations", {})


def find_jobs():
    """Every shim of this machine that holds the lock of a job, by folder of state."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "comm").read_text().strip() != "dms-exec-shim":
                continue
            lock = Path(os.readlink(folder / "fd" / "5"))
            if lock.name == "lock":
                found[lock.parent] = Job(int(folder.name), lock.parent.parent.name, lock.parent.name)
    return found


def find_processes(text):
    """Those with it in their command lines, as (process, first process of its own name space)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / "cmdline").read_bytes():
                found[int(folder.name)] = os.readlink(folder / "ns" / "pid")
    return found


def find_commands():
    """Every command line of this machine, with the first process of its name space."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append(((folder / "cmdline").read_bytes().decode(errors="replace"), os.readlink(folder / "ns" / "pid")))
    return found


def count_running(marker, commands):
    """In how many places it runs. A marker may be the beginning of another one."""
    word = re.compile(re.escape(marker) + r"(?![\w-])")
    return len({space for line, space in commands if word.search(line)})


def is_locked(path):
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def take(resources, part, member):
    return float((resources.get(part) or {}).get(member) or 0)


class Auditor:
    def __init__(self, bed):
        self.bed = bed
        self.nodes = {name: host.node for name, host in bed.hosts.items()}

    # --- one node ---

    def audit_reservations(self, name, ledger, now_us):
        for allocation, state, expires_us, _ in ledger.reservations:
            record = ledger.allocations.get(allocation)
            if state == "committed":
                late = " which is over, and was not cleared away" if expires_us < now_us else ""
                yield f"{name}: a lease is left for {allocation}{late}"
            elif record is None:
                yield f"{name}: resources are held for {allocation}, of which there is no record"
            elif record["status"] in FINAL:
                yield f"{name}: resources are held for {allocation}, which is {record['status']}"
        held = {row[0] for row in ledger.reservations}
        for allocation, record in ledger.allocations.items():
            if record["status"] not in FINAL and allocation not in held:
                yield f"{name}: {allocation} is {record['status']} and holds no resources"
        for port, allocation in ledger.ports:
            if allocation not in held:
                yield f"{name}: port {port} is held for {allocation}, which has no resources"

    def audit_jobs(self, name, ledger, jobs):
        root = self.nodes[name].work_dir / "jobs"
        wanted = {record["execution_id"]: allocation for allocation, record in ledger.allocations.items()
                  if record["status"] not in FINAL and record.get("execution_id")}
        mine = {state: job for state, job in jobs.items() if root in state.parents}
        for job in mine.values():
            if wanted.get(job.execution) != job.allocation:
                yield f"{name}: process {job.pid} runs {job.allocation} ({job.execution}), and nobody answers for it"
        running = {job.execution for job in mine.values()}
        for execution, allocation in wanted.items():
            if ledger.allocations[allocation]["status"] == "running" and execution not in running:
                yield f"{name}: {allocation} is said to run, and no process does"
        for folder in root.glob("*"):
            if folder.name not in ledger.allocations:
                yield f"{name}: there is a folder of {folder.name}, of which there is no record"
            for state in folder.glob("*/lock"):
                if state.parent not in mine and is_locked(state):
                    yield f"{name}: {state} is locked, and no shim is seen"
        for link in REGISTRY.glob("*"):
            with contextlib.suppress(OSError):
                target = Path(os.readlink(link))
                if root in target.parents and not target.exists():
                    yield f"{name}: {link} leads to {target}, which is gone"

    def audit_groups(self, jobs):
        """Groups of the bed are of no node; one of no job that runs is nobody's."""
        running = {job.execution for job in jobs.values()}
        for point, _ in groups_of_machine():
            for group in (point / group_name(self.bed.run_dir)).glob("dms-jobs/dms-*"):
                match = re.match(r"dms-([0-9a-f-]{36})", group.name)
                if match and match.group(1) not in running:
                    yield f"the group {group} is of no job that runs"

    def audit_answers(self, name, ledger):
        """What the daemon tells people against what is so."""
        node = self.nodes[name]
        if node.process is None or node.process.poll() is not None:
            yield f"{name}: the daemon does not run"
            return
        try:
            free, listed = node.resources("free"), node.actor("/dms/node/allocations/list")["allocations"] or []
        except (AssertionError, OSError, ValueError, KeyError) as error:
            yield f"{name}: the daemon does not answer: {str(error).splitlines()[0]}"
            return
        for part, member in RESOURCES:
            if ledger.onboarded is None:
                break
            held = sum(take(json.loads(row[3]), part, member) for row in ledger.reservations)
            right = take(ledger.onboarded, part, member) - held
            if abs(take(free or {}, part, member) - right) > 1e-6 * max(1, right):
                yield f"{name}: {part} free is said to be {take(free or {}, part, member):g}, and is {right:g}"
        live = {allocation for allocation, record in ledger.allocations.items() if record["status"] not in FINAL}
        told = {item["id"] for item in listed if item["status"] not in FINAL}
        if live != told:
            yield f"{name}: it tells of allocations {sorted(told)}, and has {sorted(live)}"

    def audit_deployments(self, name, ledger, expected):
        for deployment, record in ledger.documents.get("deployments", {}).items():
            state = record.get("status")
            text = STATUSES[state] if isinstance(state, int) and state < len(STATUSES) else str(state)
            wanted = expected.get(deployment)
            if wanted is None and state not in OVER:
                yield f"{name}: the deployment {deployment}, which nobody asked about, is {text}"
            elif wanted is not None and text not in wanted.states:
                yield f"{name}: {deployment} is {text}, and should be {' or '.join(wanted.states)}"
        for deployment, wanted in expected.items():
            if wanted.orchestrator == name and deployment not in ledger.documents.get("deployments", {}):
                yield f"{name}: there is no record of {deployment}"
        for late in ledger.documents.get("late_reverts", {}):
            yield f"{name}: {late} has not been told yet that it is not wanted any more"

    # --- between nodes ---

    def audit_owners(self, ledgers, expected):
        """Each allocation of a deployment that runs is at one machine, and those of others at none."""
        places = {}
        for name, ledger in ledgers.items():
            for allocation, record in ledger.allocations.items():
                if record["status"] not in FINAL:
                    places.setdefault(allocation, []).append(name)
        states = {deployment: record.get("status") for ledger in ledgers.values()
                  for deployment, record in ledger.documents.get("deployments", {}).items()}
        for allocation, names in places.items():
            deployment = allocation.split("_", 1)[0]
            if len(names) > 1:
                yield f"{allocation} is at {' and '.join(names)} at once"
            if states.get(deployment) != RUNNING:
                yield f"{names[0]}: {allocation} is left of a deployment that does not run"
        for deployment, state in states.items():
            if state != RUNNING or deployment not in expected:
                continue
            record = next(ledger.documents["deployments"][deployment] for ledger in ledgers.values()
                          if deployment in ledger.documents.get("deployments", {}))
            for key, item in record["deployment_data"]["Allocations"].items():
                if not item["ended"] and f"{deployment}_{key}" not in places:
                    yield f"{deployment} runs, and no machine has its {key}"

    # --- who leads, of those that may ---

    def read_log(self, name):
        log = self.nodes[name].work_dir / "logs" / "nunet-dms-logs.jsonl"
        log = log if log.exists() else self.nodes[name].root / "daemon.log"
        return log.read_text(errors="replace").splitlines()

    def leads(self, name, deployment):
        """By its own word."""
        with contextlib.suppress(AssertionError, OSError, ValueError):
            reply = self.nodes[name].actor("/dms/node/deployment/status", "-i", deployment, check=False)
            return reply.get("status") == "Running" and "orchestrated_by" not in reply
        return False

    def audit_rolls(self, ledgers, expected):
        """Of what is over only promises are kept; of what runs all members follow one, and so do the machines."""
        ballots, states = {}, {}
        for name, ledger in ledgers.items():
            for deployment, ballot in ledger.documents.get("successions", {}).items():
                ballots.setdefault(deployment, {})[name] = ballot
            for deployment, record in ledger.documents.get("deployments", {}).items():
                states.setdefault(deployment, {})[name] = record.get("status")
        for deployment, members in ballots.items():
            runs = RUNNING in states.get(deployment, {}).values()
            for name, ballot in members.items():
                left = [part for part in ("state", "key", "votes") if part in ballot]
                if not runs and not ballot["ended_us"]:
                    yield f"{name}: it follows an orchestrator of {deployment}, which does not run"
                elif runs and ballot["ended_us"]:
                    yield f"{name}: {deployment} is over for it, and runs"
                elif ballot["ended_us"] and left:
                    yield f"{name}: of {deployment}, which is over, it keeps {' and '.join(left)}"
            if len(set(states.get(deployment, {}).values())) > 1:
                yield f"{deployment} is different things at {' and '.join(sorted(states[deployment]))}"
            if runs:
                yield from self.audit_leader(deployment, members, ledgers)
        for deployment, wanted in expected.items():
            if wanted.standbys and wanted.states == ("Running",) and deployment not in ballots:
                yield f"{deployment}: nobody knows who leads it"

    def audit_leader(self, deployment, members, ledgers):
        followed = {(ballot["term"], ballot["leader"]) for ballot in members.values()}
        if len(followed) > 1:
            yield f"{deployment}: its members follow {' and '.join(f'{peer} in {term}' for term, peer in sorted(followed))}"
        leader = max(followed)[1]
        leading = [name for name in members if self.leads(name, deployment)]
        if [self.nodes[name].peer for name in leading] != [leader]:
            yield f"{deployment}: {' and '.join(leading) or 'nobody'} says that it leads, and {leader} is followed"
        for name, ledger in ledgers.items():
            for allocation, record in ledger.allocations.items():
                if (allocation.startswith(f"{deployment}_") and record["status"] not in FINAL
                        and leader not in json.dumps(record["orchestrator"])):
                    yield f"{name}: {allocation} obeys another than {leader}, who leads"

    def read_deeds(self, name, founded):
        """(deployment, event, whether it led by then) of its log. It has led what it has founded, until it says otherwise,
        and nothing any more when it was started again."""
        leading = {}
        for line in self.read_log(name):
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event.get("msg", "").startswith("plugin ") and leading:
                    leading = dict.fromkeys(leading, False)
                deployment = event.get("orchestratorID")
                if deployment is None:
                    continue
                if event["msg"] == "succession_role":
                    leading[deployment] = event["role"] == "leading"
                yield deployment, event, leading.setdefault(deployment, deployment in founded)

    def audit_terms(self, expected):
        """Nobody starts or moves anything while another may lead, and no two lead in one term."""
        leaders = {}
        for name in self.nodes:
            founded = {deployment for deployment, wanted in expected.items() if wanted.orchestrator == name}
            inherited = {deployment for deployment, wanted in expected.items() if wanted.standbys}
            for deployment, event, leads in self.read_deeds(name, founded):
                if deployment not in inherited:
                    continue
                if event["msg"] in DEEDS and not leads:
                    yield f"{name}: {event['msg']} of {deployment} at {event['timestamp']}, and it did not lead"
                if event["msg"] == "succession_role" and event["role"] == "leading":
                    leaders.setdefault((deployment, event["term"]), set()).add(name)
        for (deployment, term), names in leaders.items():
            if len(names) > 1:
                yield f"{deployment}: {' and '.join(sorted(names))} led in the term {term}"

    # --- what jobs wrote, and what runs ---

    def read_lines(self, name):
        """What jobs wrote into a file of the volume that they share on each machine, as words."""
        for node in self.nodes.values():
            for path in (node.data_dir / "volumes").rglob(f"starts/{name}"):
                yield from (line.split() for line in path.read_text(errors="replace").splitlines() if line.split())

    def audit_starts(self, expected, commands):
        """More starts of a task than attempts to deploy it, or of an attempt of a task of a workflow than one."""
        lines = {}
        for words in self.read_lines("starts"):
            lines[words[0]] = lines.get(words[0], 0) + 1
        for deployment, wanted in expected.items():
            retries = sum(deployment in line and "deployment_retry" in line
                          for name in (wanted.orchestrator, *wanted.standbys)
                          for line in self.read_log(name)) if wanted.single else 0
            for text in wanted.single:
                if lines.get(text, 0) > 1 + retries:
                    yield f"{deployment}: {text} was started {lines[text]} times in {1 + retries} attempts"
                if count_running(text, commands) > 1:
                    yield f"{deployment}: {text} runs twice at this moment"
            for text in wanted.once:
                for run in (line for line in lines if line.startswith(f"{text}.") and lines[line] > 1):
                    yield f"{deployment}: the run {run} was begun {lines[run]} times"

    def audit_runs(self, expected, running, commands):
        """What a deployment that runs should have, against the processes of the machine."""
        since = {}
        for words in self.read_lines("starts"):
            if len(words) > 1 and words[1].isdigit():
                since[words[0]] = max(since.get(words[0], 0), int(words[1]))
        for deployment, wanted in expected.items():
            if deployment not in running:
                continue
            everybody = sorted({marker for version in wanted.runs for marker in version})
            counts = {marker: count_running(marker, commands) for marker in everybody}
            for marker in (marker for marker in everybody if counts[marker] > 1):
                yield f"{deployment}: {marker} runs in {counts[marker]} places"
            here = {marker for marker in everybody if counts[marker]}
            if everybody and not any(here | set(wanted.absent) >= set(version) >= here for version in wanted.runs):
                yield (f"{deployment}: {' '.join(sorted(here)) or 'nothing'} runs, and should "
                       f"{' or '.join(' '.join(version) for version in wanted.runs)}")
            for marker, at in wanted.after.items():
                if since.get(marker, 0) < at:
                    yield f"{deployment}: {marker} was not started again {(time.time_ns() - at) / 1e9:.0f} s ago"

    def audit_twice(self, expected):
        """Each run tells that it is there, several times a second."""
        runs = {}
        for words in self.read_lines("ticks"):
            if len(words) == 3 and words[1].isdigit() and words[2].isdigit():
                known = runs.setdefault(words[0], {}).setdefault(words[1], [int(words[2]), int(words[2])])
                known[:] = min(known[0], int(words[2])), max(known[1], int(words[2]))
        for deployment, wanted in expected.items():
            for marker in wanted.never_twice:
                spans = sorted(runs.get(marker, {}).values())
                for before, after in zip(spans, spans[1:]):
                    if after[0] < before[1]:
                        yield f"{deployment}: {marker} ran twice for {(before[1] - after[0]) / 1e9:.1f} s"

    def audit_results(self, expected):
        lines = [words for words in self.read_lines("results") if len(words) > 1]
        for deployment, wanted in expected.items():
            for marker, text in wanted.results.items():
                found = {" ".join(words[1:]) for words in lines if words[0] == marker}
                if found - {text}:
                    yield f"{deployment}: {marker} found {' and '.join(sorted(found))}, and should {text}"
                elif not found and wanted.states == ("Completed",):
                    yield f"{deployment}: {marker} found nothing, and should {text}"

    def audit(self, expected=None):
        expected = expected or {}
        jobs = find_jobs()
        findings, ledgers = [], {}
        for name, node in self.nodes.items():
            try:
                ledgers[name] = ledger = Ledger(node.data_dir)
            except (OSError, ValueError, sqlite3.Error) as error:
                findings.append(f"{name}: the database cannot be read: {error}")
                continue
            findings += [f"{name}: the database is damaged: {text}" for text in ledger.damage]
            now_us = (time.time() + self.bed.hosts[name].skew_s) * 1e6
            findings += self.audit_reservations(name, ledger, now_us)
            findings += self.audit_jobs(name, ledger, jobs)
            findings += self.audit_answers(name, ledger)
            findings += self.audit_deployments(name, ledger, expected)
        findings += self.audit_groups(jobs)
        findings += self.audit_owners(ledgers, expected)
        findings += self.audit_rolls(ledgers, expected)
        findings += self.audit_terms(expected)
        commands = find_commands()
        running = {deployment for ledger in ledgers.values()
                   for deployment, record in ledger.documents.get("deployments", {}).items() if record.get("status") == RUNNING}
        findings += self.audit_starts(expected, commands)
        findings += self.audit_runs(expected, running, commands)
        findings += self.audit_twice(expected)
        findings += self.audit_results(expected)
        return findings

    def audit_until_clean(self, expected, seconds):
        """Again and again, since ending takes a moment; what is left after that time is wrong."""
        deadline = time.monotonic() + seconds
        while True:
            findings = self.audit(expected)
            if not findings or time.monotonic() > deadline:
                return findings
            time.sleep(0.5)
