# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What one short job costs its node, which throughput alone does not tell on a machine with other work: processor time,
processes, bytes written, and the time that passes when it has the node to itself. The limits are what they were found to be, and
a half more; nobody else's system tells such figures."""

import contextlib
import os
import time

from figures_executor import ENSEMBLE, owner
from node import BUILD, Node
from report import Figure, median

WARM_UP, JOBS, ALONE = 5, 100, 10
COMPLETED = 7
LIMIT_CPU_MS, LIMIT_KB, LIMIT_PROCESSES, LIMIT_ALONE_MS = 10, 300, 1.05, 150
SHIM = BUILD / "core" / "exec-shim" / "dms-exec-shim"


def cpu_ms(pid):
    """Of the daemon and of its own children, which jobs are not: these belong to their shims."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as line:
        fields = line.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) * 1000 / os.sysconf("SC_CLK_TCK")


def written_kb(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("wchar:")) / 1000


def counting_shim(directory):
    """The shim, and a line in a file for each time that it is run."""
    path, count = directory / "counting-shim", directory / "runs"
    count.write_text("")
    path.write_text(f"#!/bin/sh\necho \"${{1:-run}}\" >>{count}\nexec {SHIM} \"$@\"\n")
    path.chmod(0o755)
    return path, count


@contextlib.contextmanager
def running(directory, env=None):
    node = Node(directory / "node", config={"observability": {"logging": {"level": "WARN"}}}, env=env).set_up().start()
    try:
        node.onboard()
        yield node, owner(node)
    finally:
        node.stop()


def submit(client, number):
    for _ in range(number):
        reply = client.invoke("/dms/node/deployment/new", {"Ensemble": ENSEMBLE}, timeout=120)
        assert reply["Status"] == "OK", reply


def wait_done(client, number, pause):
    deadline = time.monotonic() + 120
    while client.invoke("/dms/node/deployment/list", {"status": [COMPLETED], "limit": 1})["total"] < number:
        assert time.monotonic() < deadline, f"{number} jobs are not done"
        time.sleep(pause)


def alone(client, done):
    taken = []
    for number in range(ALONE):
        begin = time.perf_counter()
        submit(client, 1)
        wait_done(client, done + number + 1, 0.005)
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def costs(directory):
    with running(directory) as (node, client):
        submit(client, WARM_UP)
        wait_done(client, WARM_UP, 0.1)
        pid = node.process.pid
        cpu, written = cpu_ms(pid), written_kb(pid)
        submit(client, JOBS)
        wait_done(client, WARM_UP + JOBS, 0.5)
        cpu, written = (cpu_ms(pid) - cpu) / JOBS, (written_kb(pid) - written) / JOBS
        taken = alone(client, WARM_UP + JOBS)
    return [Figure("executor.job.cpu", cpu, "ms", "of the daemon, which asks, lends and records", LIMIT_CPU_MS, runs=[cpu]),
            Figure("executor.job.written", written, "kB", "by the daemon: records, logs, journal", LIMIT_KB, runs=[written]),
            Figure("executor.job.alone", median(taken), "ms", "from the request to the record of its end, for a hundredth of a core",
                   LIMIT_ALONE_MS, runs=taken)]


def processes(directory):
    shim, count = counting_shim(directory)
    with running(directory, {"DMS_EXEC_SHIM": str(shim)}) as (_, client):
        submit(client, WARM_UP)
        wait_done(client, WARM_UP, 0.1)
        count.write_text("")
        submit(client, JOBS)
        wait_done(client, WARM_UP + JOBS, 0.5)
        time.sleep(1)
        each = len(count.read_text().split()) / JOBS
    return [Figure("executor.job.processes", each, "", "that the daemon starts for a job which leaves nothing behind: its supervisor",
                   LIMIT_PROCESSES, runs=[each])]


MEASURES = [
    (("executor.job.cpu", "executor.job.written", "executor.job.alone"), costs),
    (("executor.job.processes",), processes),
]
