# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The auditor finds what was planted, and nothing where there is nothing."""

import contextlib
import json
import sqlite3
import subprocess
import time
from types import SimpleNamespace

import pytest

from auditor import Auditor, Expected, Ledger, count_running, find_commands, find_jobs
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


@pytest.fixture(name="machines")
def fixture_machines(tmp_path):
    """Two machines that are folders: enough for rules about what jobs write."""
    nodes = {}
    for name in ("one", "two"):
        (tmp_path / name / "data" / "volumes" / "did" / "starts").mkdir(parents=True)
        (tmp_path / name / "work" / "logs").mkdir(parents=True)
        (tmp_path / name / "work" / "logs" / "nunet-dms-logs.jsonl").write_text("")
        nodes[name] = SimpleNamespace(data_dir=tmp_path / name / "data", work_dir=tmp_path / name / "work", root=tmp_path / name)
    auditor = Auditor(SimpleNamespace(hosts={name: SimpleNamespace(node=node) for name, node in nodes.items()}))
    auditor.write = lambda name, file, *lines: (nodes[name].data_dir / "volumes" / "did" / "starts" / file).write_text(
        "".join(f"{line}\n" for line in lines))
    return auditor


def test_runs_of_a_workflow_are_begun_once(machines):
    expected = {"e": Expected("one", ("Completed",), once=("m-work",))}
    machines.write("one", "starts", "m-work.0.1 5", "m-work.1.1 6", "m-other.0.1 7", "m-other.0.1 8")
    machines.write("two", "starts", "m-work.1.2 9", "torn")
    assert not list(machines.audit_starts(expected, []))
    machines.write("two", "starts", "m-work.1.1 9")
    assert list(machines.audit_starts(expected, [])) == ["e: the run m-work.1.1 was begun 2 times"]


def test_never_twice(machines):
    expected = {"e": Expected("one", ("Running",), never_twice=("m",))}
    machines.write("one", "ticks", *(f"m 100 {at}" for at in range(100, 200, 10)), "m 100", "torn 1 x")
    machines.write("two", "ticks", *(f"m 191 {at}" for at in range(191, 300, 10)), "other 1 150")
    assert not list(machines.audit_twice(expected))
    machines.write("two", "ticks", *(f"m 150 {at}" for at in range(150, 300, 10)))
    assert_found(list(machines.audit_twice(expected)), "m ran twice")


def test_results(machines):
    expected = {"e": Expected("one", ("Completed",), results={"m": "30"})}
    assert list(machines.audit_results(expected)) == ["e: m found nothing, and should 30"]
    machines.write("two", "results", "m 30", "m 30", "n 5")
    assert not list(machines.audit_results(expected))
    machines.write("one", "results", "m 31")
    assert_found(list(machines.audit_results(expected)), "m found 30 and 31, and should 30")


def ballot(term, leader, ended_us=0, **more):
    return {"term": term, "leader": leader, "ended_us": ended_us, "roll": {}, **more}


def audit_rolls(machines, status, ballots, leading=(), obeyed=()):
    """Ballots of two members; who says that it leads; whom the machines' allocations obey, one each."""
    machines.leads = lambda name, deployment: name in leading
    for name, node in machines.nodes.items():
        node.peer = f"12D3{name}"
    ledgers = {name: SimpleNamespace(documents={"successions": {"e": ballots[name]}, "deployments": {"e": {"status": status}}},
                                     allocations={}) for name in machines.nodes}
    for name, peer in zip(ledgers, obeyed):
        ledgers[name].allocations["e_n.main"] = {"status": "running", "orchestrator": {"addr": {"host": peer}}}
    return list(machines.audit_rolls(ledgers, {"e": Expected("one", ("Running",), standbys=("two",))}))


def test_rolls_of_what_runs(machines):
    both = {"one": ballot(2, "12D3two"), "two": ballot(2, "12D3two")}
    assert not audit_rolls(machines, 4, both, ["two"], ["12D3two"])
    assert_found(audit_rolls(machines, 4, both, ["one", "two"]), "one and two says that it leads")
    assert_found(audit_rolls(machines, 4, both, ["one"]), "one says that it leads, and 12D3two is followed")
    assert_found(audit_rolls(machines, 4, both), "nobody says that it leads")
    assert_found(audit_rolls(machines, 4, both, ["two"], ["12D3one"]), "one: e_n.main obeys another than 12D3two")
    assert_found(audit_rolls(machines, 4, {**both, "one": ballot(1, "12D3one")}, ["two"]), "follow 12D3one in 1 and 12D3two in 2")
    assert_found(audit_rolls(machines, 4, {**both, "one": ballot(2, "12D3two", 5)}, ["two"]), "one: e is over for it, and runs")


def test_rolls_of_what_is_over(machines):
    both = {"one": ballot(2, "12D3two", 5), "two": ballot(2, "12D3two", 5)}
    assert not audit_rolls(machines, 7, both)
    assert_found(audit_rolls(machines, 7, {**both, "one": ballot(2, "12D3two")}), "one: it follows an orchestrator of e")
    assert_found(audit_rolls(machines, 7, {**both, "two": ballot(2, "12D3two", 5, state="s", key="k")}),
                 "two: of e, which is over, it keeps state and key")


def test_deeds_and_terms(machines):
    expected = {"e": Expected("one", ("Running",), standbys=("two",)), "other": Expected("one", ("Running",))}

    def log(name, *events):
        lines = [json.dumps({"timestamp": f"t{at}", **event}) for at, event in enumerate(events)]
        (machines.nodes[name].work_dir / "logs" / "nunet-dms-logs.jsonl").write_text("\n".join([*lines, "torn {"]))

    def role(name, term="2"):
        return {"msg": "succession_role", "orchestratorID": "e", "role": name, "term": term}

    start, deed = {"msg": "plugin x is loaded from y"}, {"msg": "node_moved", "orchestratorID": "e"}
    # Who founded it leads at first, and after a start only when it says so.
    log("one", start, deed, role("halted"), role("leading", "1"), deed, start, {**deed, "orchestratorID": "other"})
    log("two", start, role("leading"), deed, role("following", "3"))
    assert not list(machines.audit_terms(expected))
    log("one", start, deed, start, deed)
    assert_found(list(machines.audit_terms(expected)), "one: node_moved of e at t3, and it did not lead")
    log("one", start, deed, role("halted"), deed)
    assert_found(list(machines.audit_terms(expected)), "one: node_moved of e at t3")
    log("one", start, role("leading"))
    log("two", start, deed, role("leading"))
    findings = list(machines.audit_terms(expected))
    assert_found(findings, "two: node_moved of e at t1", "e: one and two led in the term 2")


def test_what_runs(machines):
    def audit(expected, *running):
        return list(machines.audit_runs({"e": expected}, {"e"}, [(f"sh -c {marker}; true", space) for marker, space in running]))

    updated = Expected("one", ("Running",), runs=(("m-keeps", "m-old"), ("m-keeps", "m-new")))
    assert not audit(updated, ("m-keeps", 1), ("m-old", 2))
    assert not audit(updated, ("m-keeps", 1), ("m-keeps", 1), ("m-new", 2))
    assert_found(audit(updated, ("m-keeps", 1), ("m-old", 2), ("m-new", 3)), "m-keeps m-new m-old runs, and should")
    assert_found(audit(updated, ("m-keeps", 1)), "m-keeps runs, and should")
    assert_found(audit(updated, ("m-keeps", 1), ("m-keeps", 2), ("m-new", 3)), "m-keeps runs in 2 places")
    # Another marker that begins with the same letters is another one.
    assert_found(audit(updated, ("m-keeps-2", 1), ("m-old", 2)), "m-old runs, and should")
    updated.absent = ("m-keeps",)
    assert not audit(updated, ("m-new", 3))
    # Nothing is asked of what does not run.
    assert not list(machines.audit_runs({"e": updated}, set(), []))

    again = Expected("one", ("Running",), after={"m": 100})
    machines.write("one", "starts", "m 90", "m 99")
    assert_found(audit(again), "m was not started again")
    machines.write("two", "starts", "m 101")
    assert not audit(again)


def test_command_lines_are_found():
    """As they are on this machine, each with its name space."""
    marker = f"marker-{time.time_ns()}"
    with subprocess.Popen(["sh", "-c", f": {marker}; read line; exit 0"], stdin=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 10
            while count_running(marker, find_commands()) != 1:
                assert time.monotonic() < deadline
            assert count_running(marker[:-1], find_commands()) == 0
        finally:
            process.stdin.close()
