# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What fails is repaired as its ensemble says, and what the daemons know of it outlives them."""

import json
import os
import random
import time

from node import PATIENCE
from test_crash import processes_with
from test_jobs import nothing_left


def marker():
    return f"marker-{os.getpid()}-{random.randrange(1 << 40)}"


def job(script, kind="service", node=None, **more):
    """One allocation, here.main; what is ours of the ensemble is in `more`, what is the allocation's in more['of']."""
    of = more.pop("of", {})
    return json.dumps({
        "version": "V1",
        "allocations": {"main": {
            "executor": "process", "type": kind,
            "resources": {"cpu": {"cores": 0.5}, "ram": {"size": "64MiB"}, "disk": {"size": "64MiB"}},
            "execution": {"type": "process", "cmd": ["/bin/sh", "-c", script]}, **of}},
        "nodes": {"here": {"allocations": ["main"], **(node or {})}}, **more})


def events(node, message):
    path = node.work_dir / "logs" / "nunet-dms-logs.jsonl"
    lines = path.read_text(errors="replace").splitlines()
    return [event for event in map(json.loads, lines) if event["msg"] == message]


def information(node, ensemble):
    return node.status(ensemble)["allocation_info"][f"{ensemble}_here.main"]


def shut_down(node, ensemble):
    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble, "-t", "60s")["OK"]
    nothing_left(node)


def test_restarts_end_when_the_budget_is_used_up(node):
    """Each restart is counted and takes longer to come; then the reason of the last failure stays."""
    text = job("exit 7", of={"failure_recovery": "one_for_one"}, supervision={"max_restarts": 2, "restart_period": "5m"})
    ensemble = node.deploy(node.write_job("breaks.yaml", text))
    status = node.wait_status(ensemble, "Failed")
    assert "code 7" in status["error"], status
    restarts = events(node, "allocation_restart")
    assert len(restarts) == 2, restarts
    assert [event["action"] for event in events(node, "supervision_action")] == ["restart_allocation"] * 2 + ["give_up"]
    nothing_left(node)


def test_a_task_is_tried_again(node):
    """The second attempt does its work, and the deployment with it."""
    (node.root / "tries").mkdir()
    (node.root / "tries").chmod(0o777)
    text = job("echo try; mkdir /tries/$(ls /tries | wc -l); test -e /tries/1", kind="task",
               of={"failure_recovery": "one_for_one",
                   "volumes": [{"type": "local", "src": str(node.root / "tries"), "mount_destination": "/tries"}]},
               supervision={"max_restarts": 20, "restart_period": "5m"})
    ensemble = node.deploy(node.write_job("tries.yaml", text))
    node.wait_status(ensemble, "Completed")
    assert len(events(node, "allocation_restart")) == 1
    assert node.logs_of(ensemble, "here.main")[0].count("try\n") == 2
    nothing_left(node)


def test_what_is_known_outlives_the_daemon(node):
    """Restarts are counted on; what was given up stays down; the others run on without being started again."""
    mark = marker()
    text = json.loads(job(f": {mark}; sleep 600; true", supervision={"max_restarts": 1, "restart_period": "5m"}))
    text["allocations"]["breaks"] = json.loads(json.dumps(text["allocations"]["main"]))
    text["allocations"]["breaks"]["execution"]["cmd"][2] = "exit 3"
    text["allocations"]["breaks"]["failure_recovery"] = "one_for_one"
    for item in text["allocations"].values():
        item["resources"]["cpu"]["cores"] = 0.25
    text["nodes"]["here"]["allocations"].append("breaks")
    ensemble = node.deploy(node.write_job("two.yaml", json.dumps(text)))
    node.wait_status(ensemble, "Running")
    node.wait_for(lambda: events(node, "supervision_gave_up"), 30, "it is not given up")
    before = processes_with(mark)
    assert before

    node.kill()
    node.start()
    node.wait_status(ensemble, "Running")
    broken = node.status(ensemble)["allocation_info"][f"{ensemble}_here.breaks"]
    assert (broken["status"], broken["restarts"]) == ("failed", 1), broken
    time.sleep(2)
    assert len(events(node, "allocation_restart")) == 1
    assert processes_with(mark) == before
    shut_down(node, ensemble)


def test_a_restart_under_way_is_done_after_a_crash(node):
    """The daemon is killed while an allocation waits for its second restart."""
    text = job("exit 4", of={"failure_recovery": "one_for_one"},
               supervision={"max_restarts": 4, "restart_period": "5m"})
    ensemble = node.deploy(node.write_job("breaks.yaml", text))
    node.wait_for(lambda: len(events(node, "allocation_restart")) >= 2, 30, "it is not restarted")
    node.kill()
    node.start()
    node.wait_status(ensemble, "Failed", timeout=120)
    assert len(events(node, "allocation_restart")) >= 3
    nothing_left(node)


def read_lease(path):
    """Length in ms, and when it ends, in µs since the start of the machine."""
    words = path.read_text().split()
    assert len(words) == 7 and words[3:5] == words[5:7], words
    return int(words[2]), int(words[3])


def test_a_lease_is_kept_without_the_daemon(node):
    """What must not run without its orchestrator is renewed with its heartbeats, and ended by its shim when nobody does."""
    mark, other = marker(), marker()
    text = json.loads(job(f": {mark}; sleep 600; true", of={"single": True},
                          supervision={"lease": "10s", "detect_within": "5s"}))
    text["allocations"]["other"] = json.loads(job(f": {other}; sleep 600; true"))["allocations"]["main"]
    for item in text["allocations"].values():
        item["resources"]["cpu"]["cores"] = 0.25
    text["nodes"]["here"]["allocations"].append("other")
    ensemble = node.deploy(node.write_job("single.yaml", json.dumps(text)))
    node.wait_status(ensemble, "Running")
    lease = node.work_dir / "jobs" / f"{ensemble}_here.main" / "lease"
    assert not (node.work_dir / "jobs" / f"{ensemble}_here.other" / "lease").exists()
    length, end = read_lease(lease)
    assert 9000 <= length <= 10000
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
    assert 0 < end - now <= 10_000_000
    node.wait_for(lambda: read_lease(lease)[1] > end, 20, "the lease is not renewed")
    time.sleep(12 * PATIENCE)
    assert information(node, ensemble)["status"] == "running"
    before = processes_with(mark)
    assert before

    # Back within the lease: it is the same job.
    node.kill()
    node.start()
    time.sleep(12 * PATIENCE)
    assert processes_with(mark) == before

    node.kill()
    node.wait_for(lambda: not processes_with(mark), 15, "it runs on without a lease")
    assert processes_with(other)
    node.start()
    node.wait_for(lambda: information(node, ensemble)["status"] in ("terminated", "failed"), 30, "nobody knows how it ended")
    assert information(node, f"{ensemble}")["status"] != "completed"
    node.wait_status(ensemble, "Failed", "Running")
    assert processes_with(other)
    if node.status(ensemble)["status"] == "Running":
        shut_down(node, ensemble)
