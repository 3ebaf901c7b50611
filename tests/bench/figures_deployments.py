# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Many deployments: a thousand that run at one orchestrator, and short jobs spread over ten nodes."""

import concurrent.futures
import contextlib
import os
import time

from figures_daemon import Unmeasurable
from figures_executor import ENSEMBLE, owner
from node import BUILD, Node, wind_down
from report import Figure

RUNNING = 1000
# Ours, there is no rival that does the same: what a process that does nothing takes, and a twentieth of a core.
LIMIT_KIB, LIMIT_CORE = 128, 0.05
OBSERVED_S = 60

# As many as lend what a thousand services ask for, a hundredth of a core each, on two cores.
HOSTS = 6
PROVIDERS = 10
JOBS = 200
MIB = 1 << 20
QUIET = {"observability": {"logging": {"level": "WARN"}}}
RIGHTS = ("/dms/deployment", "/broadcast", "/public")

IDLE = {"v1": {
    "allocations": {"main": {
        "executor": "null", "type": "service", "dns_name": "main",
        "resources": {"cpu": {"cores": 0.01}, "ram": {"size": MIB}, "disk": {"size": MIB}},
        "execution": {"type": "null", "params": {"duration_ms": -1}}}},
    "nodes": {"here": {"allocations": ["main"]}},
}}


def rss_kib(node):
    with open(f"/proc/{node.process.pid}/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def cpu_s(node):
    with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as line:
        fields = line.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def submit(client, ensemble, number):
    def one(_):
        reply = client.invoke("/dms/node/deployment/new", {"Ensemble": ensemble}, timeout=300)
        assert reply["Status"] == "OK", reply

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(number)))


def count(client, status):
    return client.invoke("/dms/node/deployment/list", {"status": [status], "limit": 1}, timeout=60)["total"]


def wait_count(client, status, number, seconds):
    deadline = time.monotonic() + seconds
    while count(client, status) < number:
        if time.monotonic() > deadline:
            raise AssertionError(f"only {count(client, status)} of {number} deployments are {status}")
        time.sleep(0.2)


def trust(host, guest):
    """What the field's manuals tell both owners to do: the host grants, the guest keeps the grant."""
    words = [word for right in RIGHTS for word in ("--cap", right)]
    grant = host.cli("cap", "grant", "-c", "dms", *words, "--topic", "/nunet", "--duration", "1h", guest.dms_did).out
    guest.cli("cap", "anchor", "-c", "dms", "--provide", grant)


def address(node):
    return next(text for text in node.network("addresses", "--json").json["addresses"] if "/tcp/" in text)


@contextlib.contextmanager
def network(directory, n_providers, cpu):
    """One node that asks, and some that lend and let it."""
    with contextlib.ExitStack() as stack:
        asker, *providers = [Node(directory / name, config=QUIET).set_up()
                             for name in ["asker", *(f"provider{i}" for i in range(n_providers))]]
        for node in (asker, *providers):
            stack.callback(wind_down, node)
            node.start()
        for node in providers:
            node.onboard(cpu=cpu)
            trust(node, asker)
            reply = asker.actor("/dms/node/peers/connect", "-a", address(node))
            assert reply["Status"] == "CONNECTED", reply
        yield asker


def running(directory):
    if not (BUILD / "plugins" / "dummy").exists():
        raise Unmeasurable("built without the plugin dummy")
    with network(directory, HOSTS, os.cpu_count()) as asker:
        client = owner(asker)
        submit(client, IDLE, 1)
        wait_count(client, "Running", 1, 60)
        before = rss_kib(asker)
        began = time.perf_counter()
        submit(client, IDLE, RUNNING)
        wait_count(client, "Running", RUNNING + 1, 900)
        took = time.perf_counter() - began
        each = (rss_kib(asker) - before) / RUNNING
        used = cpu_s(asker)
        time.sleep(OBSERVED_S)
        share = (cpu_s(asker) - used) / OBSERVED_S
        asker.kill()
    note = f"{RUNNING} deployments of one service each on {HOSTS} nodes; all of them ran after {took:.0f} s"
    return [Figure("orchestrate.running_1000_memory", each, "KiB", "for each deployment at its orchestrator", LIMIT_KIB,
                   runs=[each], note=note),
            Figure("orchestrate.running_1000_cpu", share, "cores", "all of them at their orchestrator, over a minute",
                   LIMIT_CORE, runs=[share])]


def short_jobs(directory):
    with network(directory, PROVIDERS, 1) as asker:
        client = owner(asker)
        submit(client, ENSEMBLE, PROVIDERS)
        wait_count(client, "Completed", PROVIDERS, 120)
        began = time.perf_counter()
        submit(client, ENSEMBLE, JOBS)
        wait_count(client, "Completed", PROVIDERS + JOBS, 300)
        rate = JOBS / (time.perf_counter() - began)
    return [Figure("orchestrate.short_jobs_10", rate, "jobs/s", f"over {PROVIDERS} nodes that share {os.cpu_count()} cores; "
                   "Slurm does about 40 a second on one of two cores", 40, more_is_better=True, runs=[rate])]


MEASURES = [
    (("orchestrate.running_1000_memory", "orchestrate.running_1000_cpu"), running),
    (("orchestrate.short_jobs_10",), short_jobs),
]
