# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What must not run twice ends without its daemon, and is moved only when it has ended where it was."""

import json
import signal
import time

import pytest

from auditor import find_processes
from node import PATIENCE

TOPOLOGY = """
description: One who deploys and two who lend.
regions:
  eu: {delay_ms: 1}
hosts:
  alice: {region: eu, roles: [bootstrap]}
  bob: {region: eu, onboard: true}
  carol: {region: eu, onboard: true}
organisation: {name: org}
"""
LEASE = 12
# The orchestrator waits for the lease after its last question, for how long that is valid, and for clocks that differ.
MOVED_AFTER = LEASE + 10 + 5 + 30
TICKS = "echo start >> /gate/{name}.starts; while :; do date +%s%N >> /gate/{name}.ticks; sleep 0.1; done"


def allocation(name, **more):
    return {"executor": "process", "type": "service",
            "resources": {"cpu": {"cores": 0.2}, "ram": {"size": "64MiB"}, "disk": {"size": "16MiB"}},
            "execution": {"type": "process", "cmd": ["/bin/sh", "-c", TICKS.format(name=name)]},
            "volume": [{"type": "local", "name": "gate", "src": "gate", "mount_destination": "/gate"}], **more}


def job(name, node, **more):
    return json.dumps({"version": "V1", "allocations": {name: allocation(name, **more)},
                       "nodes": {"one": {"allocations": [name], **node}},
                       "supervision": {"detect_within": "5s", "lease": f"{LEASE}s", "restart_period": "5m"}})


def ticks(host, name):
    times = []
    for path in (host.node.data_dir / "volumes").rglob(f"{name}.ticks"):
        times += [int(line) for line in path.read_text().split()]
    return times


def starts(host, name):
    return sum(len(path.read_text().split()) for path in (host.node.data_dir / "volumes").rglob(f"{name}.starts"))


def processes(name):
    return set(find_processes(TICKS.format(name=name)).values())


@pytest.fixture(name="bed")
def fixture_bed(make_bed):
    return make_bed(TOPOLOGY)


def deploy(bed, name, node=None, **more):
    alice = bed.host("alice").node
    ensemble = alice.deploy(alice.write_job(f"{name}.yaml", job(name, node or {}, **more)))
    alice.wait_status(ensemble, "Running")
    alice.wait_for(lambda: ticks(bed.host("bob"), name) or ticks(bed.host("carol"), name), 20, f"{name} does not run")
    return ensemble


def shut_down(bed, *ensembles):
    alice = bed.host("alice").node
    for ensemble in ensembles:
        assert alice.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]


def test_a_daemon_that_is_back_in_time_keeps_its_job(bed):
    bob = bed.host("bob").node
    ensemble = deploy(bed, "kept", {"peer": bob.peer}, single=True)
    before = processes("kept")
    assert len(before) == 1
    bob.kill()
    time.sleep(LEASE / 4)
    bob.start()
    # Longer than a lease that nobody renews.
    time.sleep(LEASE * 1.5 * PATIENCE)
    assert processes("kept") == before and starts(bed.host("bob"), "kept") == 1
    shut_down(bed, ensemble)
    bob.wait_for(lambda: not processes("kept"), 20, "it is not ended")


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_without_its_daemon(bed, how):
    """The daemon alone dies, or stands still; its machine goes on. Only what is marked single is moved with care."""
    alice = bed.host("alice").node
    single = deploy(bed, "single", {"failure_recovery": "redeploy"}, single=True)
    old, new = (bed.host(name) for name in (("bob", "carol") if ticks(bed.host("bob"), "single") else ("carol", "bob")))
    plain = deploy(bed, "plain", {"peer": old.node.peer})
    before = processes("plain")

    process = old.node.process
    gone = time.monotonic()
    if how == "killed":
        old.node.kill()
    else:
        process.send_signal(signal.SIGSTOP)
    try:
        alice.wait_for(lambda: not processes("single"), LEASE + 10, "it runs on without its daemon")
        # Not before there is a reason.
        assert time.monotonic() - gone > LEASE / 2
        assert not ticks(new, "single")
        alice.wait_for(lambda: ticks(new, "single"), MOVED_AFTER, "it is not moved")
        assert processes("plain") == before, "what is not single was touched"
    finally:
        if how == "killed":
            old.node.start()
        else:
            process.send_signal(signal.SIGCONT)
    time.sleep(3)
    alice.wait_status(single, "Running")
    assert max(ticks(old, "single")) < min(ticks(new, "single"))
    assert (starts(old, "single"), starts(new, "single")) == (1, 1)
    assert processes("plain") == before
    shut_down(bed, single, plain)
    alice.wait_for(lambda: not processes("plain") and not processes("single"), 30, "something runs on")
