# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that take a deployment over when the one that orchestrates it is gone."""

import contextlib
import json
import time

import pytest

from node import Node, wind_down
from test_crash import processes_with
from test_jobs import nothing_left
from test_libp2p_nodes import connect, quick
from test_supervision import events, job, marker
from test_world import DEPLOY, allow

LEASE = 5


@pytest.fixture
def trio(tmp_path):
    """One that deploys, one that stands by, one that runs the job and nothing else."""
    members = [Node(tmp_path / name, config=quick()) for name in ("alice", "bob", "carol")]
    members[1].configure(job={"allow_standby": True})
    with contextlib.ExitStack() as stack:
        for member in members:
            stack.callback(wind_down, member)
            member.set_up()
        alice, bob, carol = members
        for member in (bob, carol):
            allow(member, alice, *DEPLOY)
            allow(alice, member, *DEPLOY)
        for member in members:
            member.start()
        carol.onboard()
        join_up(*members)
        yield members


def join_up(*members):
    for i, member in enumerate(members):
        for other in members[i + 1:]:
            connect(member, other)


def write(alice, bob, carol, script, kind="service", **more):
    more.setdefault("supervision", {})["takeover"] = f"{LEASE}s"
    text = job(script, kind=kind, node={"peer": carol.peer}, standby_orchestrators=[bob.peer], **more)
    return alice.write_job("job.yaml", text)


def leads(node, ensemble):
    reply = node.actor("/dms/node/deployment/status", "-i", ensemble, check=False)
    return reply.get("status") in ("Running", "Completed") and "orchestrated_by" not in reply


def await_lead(node, ensemble, timeout=60):
    node.wait_for(lambda: leads(node, ensemble), timeout, "it did not take over")


def test_standby_takes_over_and_keeps_it(trio):
    """The job runs on untouched; who deployed it comes back, is told, and does not interfere; the standby ends it."""
    alice, bob, carol = trio
    mark = marker()
    ensemble = alice.deploy(write(alice, bob, carol, f": {mark}; while :; do sleep 1; done"))
    alice.wait_status(ensemble, "Running")
    before = processes_with(mark)
    assert len(before) == 1
    alice.kill()
    began = time.monotonic()
    await_lead(bob, ensemble)
    assert time.monotonic() - began > LEASE / 2
    assert bob.status(ensemble)["allocation_info"][f"{ensemble}_here.main"]["status"] == "running"
    assert processes_with(mark) == before
    carol.wait_for(lambda: events(carol, "orchestrator_changed"), 20, "the machine was not told")

    alice.start()
    join_up(alice, bob, carol)
    alice.wait_for(lambda: alice.status(ensemble).get("orchestrated_by") == bob.peer, 30, "it does not know who leads")
    refused = alice.actor("/dms/node/deployment/shutdown", "-i", ensemble, check=False)
    assert not refused["OK"] and bob.peer in refused["Error"]
    time.sleep(2 * LEASE)
    assert leads(bob, ensemble) and processes_with(mark) == before

    assert bob.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]
    bob.wait_status(ensemble, "Completed")
    alice.wait_for(lambda: alice.status(ensemble)["status"] == "Completed", 60, "it does not know the end")
    assert not processes_with(mark)
    for member in trio:
        nothing_left(member)


def test_what_ends_meanwhile_is_told_to_the_new_one(trio):
    """A task that ends while nobody leads is complete, not started again."""
    alice, bob, carol = trio
    mark = marker()
    ensemble = alice.deploy(write(alice, bob, carol, f"echo {mark} $$; sleep 4; echo done", kind="task"))
    alice.wait_status(ensemble, "Running")
    alice.kill()
    bob.wait_for(lambda: leads(bob, ensemble), 60, "it did not take over")
    bob.wait_status(ensemble, "Completed", timeout=60)
    lines = bob.logs_of(ensemble, "here.main")[0].splitlines()
    assert len(lines) == 2 and lines[0].startswith(mark) and lines[1] == "done"
    alice.start()
    join_up(alice, bob, carol)
    alice.wait_for(lambda: alice.status(ensemble)["status"] == "Completed", 60, "it does not know the end")
    time.sleep(LEASE)
    assert bob.logs_of(ensemble, "here.main")[0].splitlines() == lines


def test_goes_back_and_forth(trio):
    """Whoever leads is killed, again and again: the job is started once, and each time exactly one leads."""
    alice, bob, carol = trio
    mark = marker()
    ensemble = alice.deploy(write(alice, bob, carol, f": {mark}; while :; do sleep 1; done"))
    alice.wait_status(ensemble, "Running")
    before = processes_with(mark)
    leader, other = alice, bob
    for _ in range(3):
        leader.kill()
        await_lead(other, ensemble)
        leader.start()
        join_up(alice, bob, carol)
        leader.wait_for(lambda leader=leader, other=other: leader.status(ensemble).get("orchestrated_by") == other.peer,
                        30, "it does not follow")
        leader, other = other, leader
    assert processes_with(mark) == before
    assert leader.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]
    assert not processes_with(mark)


def test_a_restart_is_no_takeover(trio):
    """The one that deployed it is back within the lease, and goes on."""
    alice, bob, carol = trio
    ensemble = alice.deploy(write(alice, bob, carol, "while :; do sleep 1; done"))
    alice.wait_status(ensemble, "Running")
    alice.kill()
    alice.start()
    join_up(alice, bob, carol)
    await_lead(alice, ensemble)
    time.sleep(2 * LEASE)
    assert leads(alice, ensemble) and not leads(bob, ensemble)
    assert alice.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]


def test_unwilling_standby(trio):
    """Nothing is deployed that a standby does not agree to, and the reason is told."""
    alice, bob, carol = trio
    bob.stop()
    bob.configure(job={"allow_standby": False})
    bob.start()
    join_up(alice, bob, carol)
    ensemble = alice.deploy(write(alice, bob, carol, "sleep 600"))
    status = alice.wait_status(ensemble, "Failed", timeout=60)
    assert bob.peer in status["error"] and "job.allow_standby" in status["error"], status
    nothing_left(carol)
    itself = json.loads((alice.root / "job.yaml").read_text())
    itself["standby_orchestrators"] = [alice.peer]
    reply = alice.actor("/dms/node/deployment/new", "-t", "60s", "-f", alice.write_job("self.yaml", json.dumps(itself)),
                        check=False)
    assert reply["Status"] == "ERROR" and "name others" in reply["Error"]
