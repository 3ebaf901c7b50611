# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The auditor finds what was planted, and nothing where there is nothing."""

import contextlib
import json
import sqlite3
import time

import pytest

from auditor import Auditor, Expected, Ledger, find_jobs
from node import PATIENCE
from test_jobs import shell

TOPOLOGY = """
description: Two hosts that trust each other.
regions:
  eu: {delay_ms: 1}
hosts:
  alice: {region: eu, roles: [bootstrap]}
  bob: {region: eu, onboard: true}
organisation: {name: org}
"""


def change(node, sql, *values):
    path = next(path for path in node.data_dir.rglob("*") if path.is_file() and Ledger.is_database(path))
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        assert database.execute(sql, values).rowcount != 0


@pytest.fixture(name="bed")
def fixture_bed(make_bed):
    return make_bed(TOPOLOGY)


def deploy(bed, script, **kwargs):
    alice, bob = bed.host("alice").node, bed.host("bob").node
    return alice.deploy(alice.write_job("job.yaml", shell(script, nodes=f"    peer: {bob.peer}", **kwargs)))


def assert_found(findings, *parts):
    for part in parts:
        assert any(part in finding for finding in findings), (part, findings)


def test_nothing_is_found(bed):
    alice = bed.host("alice").node
    service, task = deploy(bed, "sleep 600", kind="service"), deploy(bed, "echo done")
    alice.wait_status(service, "Running")
    alice.wait_status(task, "Completed")
    expected = {service: Expected("alice", ("Running",)), task: Expected("alice", ("Completed",))}
    auditor = Auditor(bed)
    assert auditor.audit_until_clean(expected, 15 * PATIENCE) == []
    assert len([job for state, job in find_jobs().items() if bed.run_dir in state.parents]) == 1

    wrong = {service: Expected("alice", ("Completed",)), "0" * 64: Expected("alice", ("Completed",))}
    assert_found(auditor.audit(wrong), f"{service} is Running, and should be Completed", "there is no record of 000")
    alice.actor("/dms/node/deployment/shutdown", "-i", service)
    alice.wait_status(service, "Completed")
    expected[service] = Expected("alice", ("Completed",))
    assert auditor.audit_until_clean(expected, 15 * PATIENCE) == []


def test_planted(bed):
    bob = bed.host("bob").node
    auditor = Auditor(bed)
    assert auditor.audit_until_clean({}, 15 * PATIENCE) == []
    resources = json.dumps({"cpu": {"cores": 0.25}, "ram": {"size": 1 << 20}, "disk": {"size": 1 << 20}})
    bob.stop()
    far = int((time.time() + 1e6) * 1e6)
    change(bob, "INSERT INTO reservations VALUES ('e_lease', 'committed', ?, 0, ?)", far, resources)
    change(bob, "INSERT INTO reservations VALUES ('e_old', 'committed', 1, 0, ?)", resources)
    change(bob, "INSERT INTO reservations VALUES ('e_held', 'allocated', 1, 0, ?)", resources)
    change(bob, "INSERT INTO ports VALUES (16400, 'e_port', 80, 0)")
    change(bob, "INSERT INTO documents VALUES ('deployments', 'stuck', 0, 0, '{\"status\": 2}')")
    change(bob, "INSERT INTO documents VALUES ('late_reverts', 'late', 0, 0, '{}')")
    (bob.work_dir / "jobs" / "nobodys").mkdir(parents=True)
    findings = auditor.audit()
    assert_found(findings, "a lease is left for e_lease", "e_old which is over", "held for e_held, of which there is no",
                 "port 16400 is held for e_port", "deployment stuck, which nobody asked about, is Committing",
                 "late has not been told", "a folder of nobodys", "bob: the daemon does not run")
    # The daemon itself puts most of it right when it starts: what it does not is what it was not made to.
    bob.start()
    left = auditor.audit_until_clean({}, 3 * PATIENCE)
    assert not any("lease" in finding or "e_held" in finding or "e_port" in finding for finding in left), left


def test_orphan(bed):
    """A job whose node has forgotten it, as no daemon would tell."""
    alice, bob = bed.host("alice").node, bed.host("bob").node
    ensemble = deploy(bed, "echo marker-orphan >> /starts/starts; sleep 600", kind="service",
                      extra="    volume: [{type: local, name: starts, src: starts, mount_destination: /starts}]")
    alice.wait_status(ensemble, "Running")
    expected = {ensemble: Expected("alice", ("Running",), single=("marker-orphan",))}
    auditor = Auditor(bed)
    assert auditor.audit_until_clean(expected, 15 * PATIENCE) == []
    change(bob, "DELETE FROM documents WHERE collection = 'allocations'")
    change(bob, "UPDATE reservations SET resources = json_set (resources, '$.cpu.cores', 0.25)")
    findings = auditor.audit(expected)
    assert_found(findings, "and nobody answers for it", f"a folder of {ensemble}_here.main", "of which there is no record",
                 f"{ensemble} runs, and no machine has its here.main", "it tells of allocations")

    (path,) = (bob.data_dir / "volumes").rglob("starts/starts")
    path.write_text("marker-orphan\n" * 2)
    assert_found(auditor.audit(expected), "marker-orphan was started 2 times in 1 attempts")


def test_free_is_counted(bed):
    bob = bed.host("bob").node
    resources = json.dumps({"cpu": {"cores": 0.25}, "ram": {"size": 1 << 20}, "disk": {"size": 1 << 20}})
    # The ledger counts a commit that has run out as free already; the auditor counts rows.
    change(bob, "INSERT INTO reservations VALUES ('e_old', 'committed', 1, 0, ?)", resources)
    assert_found(Auditor(bed).audit(), "cpu free is said to be")
