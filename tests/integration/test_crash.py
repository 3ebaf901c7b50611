# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed with SIGKILL and started again: nothing is lost, nothing is left behind."""

import fcntl
import os
import random
import time
from pathlib import Path

import pytest

from test_jobs import nothing_left, shell

# How many random moments of a deployment the daemon is killed at.
POINTS = int(os.environ.get("DMS_CRASH_POINTS", "50"))


def processes_with(marker):
    """Host process IDs whose environment or arguments hold the marker."""
    found = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            if marker.encode() in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def started(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]


def test_job_outlives_the_daemon(node):
    marker = f"marker-{os.getpid()}-{random.randrange(1 << 40)}"
    script = f": {marker}; i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.2; done; exit 5"
    ensemble = node.deploy(node.write_job("long.yaml", shell(script)))
    node.wait_status(ensemble, "Running")
    before = {pid: started(pid) for pid in processes_with(marker)}
    assert before

    node.kill()
    time.sleep(0.5)
    assert {pid: started(pid) for pid in processes_with(marker)} == before
    node.start()
    assert {pid: started(pid) for pid in processes_with(marker)} == before
    assert node.status(ensemble)["status"] == "Running"
    assert node.resources("allocated")["cpu"]["cores"] == 0.5

    status = node.wait_status(ensemble, "Failed")
    assert "5" in status["error"]
    assert node.logs_of(ensemble, "here.main")[0] == "".join(f"line {i}\n" for i in range(40))
    assert not processes_with(marker)
    nothing_left(node)


def test_killed_while_it_started_a_program(fresh):
    """What was forked and is not executed yet has the lock of the daemon, which the next one waits for."""
    fresh.start()
    fresh.kill()
    with open(fresh.data_dir / "lock", "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        fresh.start(wait=False)
        time.sleep(0.7)
        assert fresh.process.poll() is None, fresh.daemon_log()
        # A daemon that listens has taken it.
        assert not fresh.healthy()
    fresh.wait_ready()


def test_job_ends_while_the_daemon_is_away(node):
    ensemble = node.deploy(node.write_job("short.yaml", shell("echo before; sleep 1; echo after")))
    node.wait_status(ensemble, "Running", "Completed")
    node.kill()
    time.sleep(2)
    node.start()
    node.wait_status(ensemble, "Completed")
    assert node.logs_of(ensemble, "here.main")[0] == "before\nafter\n"
    nothing_left(node)


def test_killed_at_random_points(node):
    """Whatever the moment, the deployment ends in a known state and takes nothing with it."""
    marker = f"marker-{os.getpid()}-{random.randrange(1 << 40)}"
    seed = int(os.environ.get("DMS_CRASH_SEED", time.time_ns() & 0xFFFFFFFF))
    chance = random.Random(seed)
    ensembles = []
    print("DMS_CRASH_SEED =", seed)
    for point in range(POINTS):
        job = node.write_job(f"{point}.yaml", shell(f": {marker}; echo {point}; sleep 0.3"))
        ensembles.append(node.deploy(job))
        time.sleep(chance.uniform(0, 0.8))
        node.kill()
        node.start()

    for point, ensemble in enumerate(ensembles):
        node.wait_status(ensemble, "Completed", timeout=60)
        keys = node.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]["allocations"]
        assert node.logs_of(ensemble, next(iter(keys)))[0] == f"{point}\n"

    listed = node.actor("/dms/node/deployment/list", "--limit", "1000")
    assert {item["orchestrator_id"] for item in listed["deployments"]} == set(ensembles)
    assert not processes_with(marker)
    nothing_left(node)


@pytest.mark.parametrize("moment", [0.0, 0.2])
def test_service_survives_and_is_stopped_after(node, moment):
    marker = f"marker-{os.getpid()}-{random.randrange(1 << 40)}"
    job = node.write_job("service.yaml", shell(f": {marker}; sleep 600", kind="service"))
    ensemble = node.deploy(job)
    time.sleep(moment)
    node.kill()
    node.start()
    node.wait_status(ensemble, "Running")
    assert processes_with(marker)
    node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    node.wait_status(ensemble, "Completed")
    node.wait_for(lambda: not processes_with(marker), 15)
    nothing_left(node)
