# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the libFuzzer builds of the fuzz targets. What they learn is kept in build/soak/fuzz/TARGET/corpus and used
again by the next run; what they find is in build/soak/fuzz/TARGET/findings."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from node import BUILD, SOURCE

FUZZ_BUILD = Path(os.environ.get("DMS_FUZZ_BUILD", SOURCE / "build-fuzz"))
FUZZ = SOURCE / "tests" / "fuzz"
# How many targets run at once.
JOBS = int(os.environ.get("DMS_FUZZ_JOBS", str(max(1, (os.cpu_count() or 2) // 2))))
PROGRESS_SECONDS = 30
MAX_FINDINGS = 5
# Memory, where the system has some: a node writes its database all the time.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
MAX_SIZE = 4096
# Files of a corpus in the tree.
MAX_KEPT = 120
DICTIONARIES = {"token": "message", "envelope": "message", "capability-file": "message", "invitation": "message",
                "rest-body": "message"}
# They live in a process with a whole node, which keeps what it must; leaks show at its end.
STATEFUL = {"deployment-record", "job-socket", "payload", "rest-body"}
STATUS = re.compile(r"^#(\d+)\s.*\bcov: (\d+) ft: (\d+) corp: (\d+)/(\S+)")
COUNTERS = re.compile(r"\((\d+) inline 8-bit counters\)")
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")

printing = threading.Lock()


def say(*words):
    with printing:
        print(*words, flush=True)


def list_targets():
    return sorted(path.name[len("fuzz-"):-len("-engine")] for path in (FUZZ_BUILD / "tests" / "fuzz").glob("fuzz-*-engine"))


class Target:
    """One target and what came of its runs."""

    def __init__(self, name):
        self.name = name
        self.engine = FUZZ_BUILD / "tests" / "fuzz" / f"fuzz-{name}-engine"
        self.seeds = FUZZ / "corpus" / name
        self.directory = BUILD / "soak" / "fuzz" / name
        self.corpus = self.directory / "corpus"
        self.findings = self.directory / "findings"
        self.executions = 0
        self.seconds = 0.0
        self.edges = self.features = self.counters = 0
        self.found = []
        self.problem = ""

    def environment(self, scratch):
        env = {key: value for key, value in os.environ.items() if not key.startswith("DMS_")}
        env.update({
            "DMS_BUILD_ROOT": str(FUZZ_BUILD),
            "DMS_SOURCE_ROOT": str(SOURCE),
            "G_DEBUG": "fatal-criticals",
            "HOME": "/invalid",
            "TMPDIR": scratch,
            "LD_LIBRARY_PATH": str(FUZZ_BUILD / "interfaces"),
            "ASAN_OPTIONS": "detect_stack_use_after_return=0:allocator_may_return_null=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
            "LSAN_OPTIONS": f"suppressions={SOURCE / 'tests/lsan.supp'}:print_suppressions=0",
        })
        return env

    def command(self, seconds):
        dictionary = FUZZ / "dictionaries" / (DICTIONARIES.get(self.name, self.name) + ".dict")
        words = [str(self.engine), f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=30",
                 "-rss_limit_mb=3072", f"-max_len={MAX_SIZE}", f"-artifact_prefix={self.findings}/",
                 f"-detect_leaks={0 if self.name in STATEFUL else 1}"]
        if dictionary.exists():
            words.append(f"-dict={dictionary}")
        return words + [str(self.corpus), str(self.seeds)]

    def read(self, process, log):
        """Follows what the engine prints, and tells of it now and then."""
        told = time.monotonic()
        executed = 0
        for line in process.stderr:
            log.write(line)
            for match in COUNTERS.finditer(line):
                self.counters = int(match[1])
            match = STATUS.match(line)
            if match:
                executed = int(match[1])
                self.edges, self.features = int(match[2]), int(match[3])
                if time.monotonic() - told >= PROGRESS_SECONDS:
                    told = time.monotonic()
                    say(f"  {self.name}: {self.executions + executed} executions, {self.edges} edges, "
                        f"{self.features} features, {match[4]} inputs of {match[5]}")
            match = EXECUTED.search(line)
            if match:
                executed = int(match[1])
        self.executions += executed

    def run_once(self, seconds):
        before = set(self.findings.iterdir())
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="dms-soak-", dir=SCRATCH) as scratch:
            with open(self.directory / "log.txt", "a", encoding="utf-8") as log:
                process = subprocess.Popen(self.command(seconds), env=self.environment(scratch), cwd=scratch,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                           errors="replace")
                self.read(process, log)
                status = process.wait()
        self.seconds += time.monotonic() - begin
        found = [path for path in self.findings.iterdir() if path not in before]
        self.found += found
        # A slow input is told of, but it is no failure.
        if status != 0 and not found:
            self.problem = f"ended with status {status}: see {self.directory / 'log.txt'}"
        return status == 0

    def run(self, seconds):
        for directory in (self.corpus, self.findings):
            directory.mkdir(parents=True, exist_ok=True)
        say(f"fuzzing {self.name} for {seconds} s")
        (self.directory / "log.txt").unlink(missing_ok=True)
        while not self.problem and len(self.found) < MAX_FINDINGS and self.seconds < seconds:
            if self.run_once(max(1, int(seconds - self.seconds))):
                break
        say(f"  {self.name}: done, {self.executions} executions, {len(self.found)} findings {self.problem}")
        return self

    def keep(self):
        """Adds to the corpus in the tree what covers more than it does: few and small files."""
        with tempfile.TemporaryDirectory(prefix="dms-soak-", dir=SCRATCH) as scratch:
            merged = Path(scratch) / "merged"
            shutil.copytree(self.seeds, merged)
            known = {path.name for path in merged.iterdir()}
            subprocess.run([str(self.engine), "-set_cover_merge=1", f"-max_len={MAX_SIZE}", "-timeout=30",
                            "-detect_leaks=0", str(merged), str(self.corpus)], env=self.environment(scratch),
                           cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            new = [path for path in merged.iterdir() if path.name not in known and path.stat().st_size <= MAX_SIZE]
            new.sort(key=lambda path: (path.stat().st_size, path.name))
            for path in new[:max(0, MAX_KEPT - len(known))]:
                shutil.copy(path, self.seeds / path.name[:12])
            say(f"{self.name}: {len(new)} inputs cover more; the corpus has {len(list(self.seeds.iterdir()))} files now")

    def row(self):
        files = [path.stat().st_size for path in self.corpus.iterdir()]
        rate = self.executions / self.seconds if self.seconds else 0
        return (f"| {self.name} | {self.executions} | {self.seconds:.0f} | {rate:.0f} | {self.edges} of {self.counters} "
                f"| {self.features} | {len(files)} files, {sum(files) // 1024} KiB | {len(self.found)} |")


def choose(wanted):
    known = list_targets()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"no such target: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [Target(name) for name in wanted or known]


def keep(wanted):
    for target in choose(wanted):
        if target.corpus.exists():
            target.keep()


def soak(seconds, wanted):
    targets = choose(wanted)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda target: target.run(seconds), targets))
    lines = ["# Fuzzing", "", f"libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer, {JOBS} targets at a time.",
             "Edges are of the whole program that the target is linked with.", "",
             "| target | executions | seconds | a second | edges | features | corpus | findings |",
             "|---|---|---|---|---|---|---|---|", *[target.row() for target in targets]]
    failed = [target for target in targets if target.found or target.problem]
    for target in failed:
        lines += ["", f"## {target.name}", ""]
        lines += [target.problem] if target.problem else []
        lines += [f"    DMS_BUILD_ROOT={FUZZ_BUILD} {target.engine} {path}" for path in target.found]
    print("\n".join(lines[5:]))
    return lines, 1 if failed else 0
