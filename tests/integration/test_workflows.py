# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Workflows with real daemons: what is passed on, what is tried again, and what a crash does not repeat."""

import concurrent.futures
import contextlib
import json
import time

import pytest

from node import SOURCE, Node, wind_down
from test_jobs import nothing_left
from test_libp2p_nodes import PLUGIN, connect, quick
from test_supervision import events
from test_world import DEPLOY, allow

TASK = """  {name}:
    executor: process
    type: task
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 32MiB}}, disk: {{size: 32MiB}}}}
    workflow: {flow}
    volumes: [{{type: local, src: {shared}, mount_destination: /shared}}]
    execution:
      type: process
      cmd: [/bin/sh, -c, {script}]
"""


class Flow:
    """A workflow file whose tasks note in a shared folder what they do."""

    def __init__(self, node):
        self.node = node
        self.shared = node.root / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o777)
        self.tasks = []
        self.names = []

    def add(self, name, script, flow="{}"):
        note = 'echo "$DMS_TASK.$DMS_INDEX.$DMS_ATTEMPT" >> /shared/started; '
        self.tasks.append(TASK.format(name=name, flow=flow, shared=self.shared, script=json.dumps(note + script)))
        self.names.append(name)
        return self

    def write(self, nodes=None):
        nodes = nodes or "  here: {allocations: [%s]}\n" % ", ".join(self.names)
        return self.node.write_job("flow.yaml", 'version: "V1"\nallocations:\n' + "".join(self.tasks) + "nodes:\n" + nodes)

    def deploy(self):
        return self.node.deploy(self.write())

    def started(self):
        path = self.shared / "started"
        return path.read_text().split() if path.exists() else []


def details(node, ensemble):
    info = node.actor("/dms/node/deployment/info", "-i", ensemble)["allocations"]
    return {name.split(".", 1)[1]: item for name, item in info.items()}


def test_example(node):
    ensemble = node.deploy(SOURCE / "data" / "examples" / "workflow.yaml")
    node.wait_status(ensemble, "Completed", timeout=120)
    assert node.logs_of(ensemble, "node1.gather")[0] == 'found ["3","5","4","5"]\n'
    assert node.logs_of(ensemble, "node1.complain")[0] == ""
    counted = sum(node.logs_of(ensemble, f"node1.count{slot}")[0].count("counting") for slot in ("", "-2"))
    assert counted == 4
    seen = details(node, ensemble)
    assert seen["complain"]["workflow"]["state"] == "skipped"
    assert seen["count"]["workflow"]["runs"] == {"succeeded": 4}
    nothing_left(node)


def test_retries_conditions_and_outputs(node):
    flow = Flow(node)
    flow.add("flaky", 'test $DMS_ATTEMPT -ge 3 || exit 75; echo "value=a b $(date +%s)"; echo done',
             '{retries: {max: 4, delay: 200ms, on: 75}, outputs: {v: {prefix: "value="}, all: stdout}}')
    flow.add("user", 'echo "got $V"; test "$${#ALL}" -gt 10', "{inputs: {V: flaky.v, ALL: flaky.all}}")
    flow.add("breaks", "exit 3", "{may_fail: true}")
    flow.add("rescue", "true", "{after: [{task: breaks, exit: [3]}]}")
    flow.add("never", "true", "{after: [breaks]}")
    ensemble = flow.deploy()
    node.wait_status(ensemble, "Completed", timeout=120)
    assert node.logs_of(ensemble, "here.user")[0].startswith("got a b 1")
    assert sorted(flow.started()) == ["breaks..1", "flaky..1", "flaky..2", "flaky..3", "rescue..1", "user..1"]
    assert details(node, ensemble)["never"]["workflow"]["reason"] == "task “breaks” failed"
    nothing_left(node)


def test_time_out_and_failure_are_named(node):
    flow = Flow(node)
    flow.add("slow", "sleep 100", "{timeout: 1s}")
    flow.add("after", "true", "{after: [slow]}")
    ensemble = flow.deploy()
    status = node.wait_status(ensemble, "Failed", timeout=90)
    assert status["error"] == "here.slow: it ran longer than its time-out of 1 s"
    assert flow.started() == ["slow..1"]
    nothing_left(node)


def test_crash_of_the_orchestrator_repeats_nothing(node):
    """The daemon is killed again and again while a workflow runs: every run is begun once."""
    flow = Flow(node)
    flow.add("list", 'seq 8', "{outputs: {n: stdout}, single: true}")
    flow.add("work", 'sleep 0.7; echo "r=$((DMS_ITEM * DMS_ITEM))"',
             '{for_each: list.n, slots: 2, single: true, outputs: {r: {prefix: "r="}}}')
    flow.add("sum", 'echo "$R" | tr -d "[]\\"" | tr , + > /shared/sum', "{inputs: {R: work.r}, single: true}")
    ensemble = flow.deploy()
    for _ in range(5):
        time.sleep(1.2)
        node.kill()
        node.start()
    node.wait_status(ensemble, "Completed", timeout=180)
    assert (flow.shared / "sum").read_text().strip() == "1+4+9+16+25+36+49+64"
    assert sorted(flow.started()) == sorted(["list..1", "sum..1", *(f"work.{i}.1" for i in range(8))])
    nothing_left(node)


def test_shutdown_in_the_middle(node):
    flow = Flow(node)
    flow.add("first", "sleep 300")
    flow.add("second", "true", "{after: [first]}")
    ensemble = flow.deploy()
    node.wait_status(ensemble, "Running")
    node.wait_for(flow.started, 30, "the first task did not start")
    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble)["OK"] is True
    node.wait_status(ensemble, "Completed")
    assert flow.started() == ["first..1"]
    nothing_left(node)


@contextlib.contextmanager
def two_machines(tmp_path):
    """Connected, both execute, and each lets the other deploy; folders of the second are the first one's, too."""
    members = alice, bob = tuple(Node(tmp_path / name, config=quick()).set_up() for name in ("alice", "bob"))
    with contextlib.ExitStack() as stack:
        for member in members:
            stack.callback(wind_down, member)
        allow(bob, alice, *DEPLOY)
        allow(alice, bob, *DEPLOY)
        for member in members:
            member.start()
            member.onboard()
        connect(alice, bob)
        # A folder of the host is mounted for its owner only.
        bob.cli("cap", "anchor", "-c", bob.name, "--root", alice.dms_did)
        yield members


@pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")
def test_fan_out_over_two_machines(tmp_path):
    """Both execute; the orchestrator and then the other machine are killed in between, and nothing is repeated."""
    with two_machines(tmp_path) as (alice, bob):
        flow = Flow(alice)
        flow.add("work", 'sleep 1; echo "$DMS_ITEM"', "{for_each: [a, b, c, d, e, f], outputs: {o: stdout}}")
        flow.add("sum", 'echo "$O" > /shared/sum', "{inputs: {O: work.o}}")
        nodes = (f"  one: {{allocations: [work, sum], peer: {alice.peer}}}\n"
                 f"  two: {{allocations: [work], peer: {bob.peer}}}\n")
        ensemble = alice.deploy(flow.write(nodes))
        alice.wait_for(lambda: len(flow.started()) >= 2, 60, "nothing was started")
        alice.kill()
        alice.start()
        connect(alice, bob)
        alice.wait_for(lambda: len(flow.started()) >= 4, 60, "it does not go on")
        bob.kill()
        bob.start()
        connect(alice, bob)
        alice.wait_status(ensemble, "Completed", timeout=180)
        assert json.loads((flow.shared / "sum").read_text()) == ["a", "b", "c", "d", "e", "f"]
        assert sorted(flow.started()) == sorted(["sum..1", *(f"work.{i}.1" for i in range(6))])
        parts = [alice.logs_of(ensemble, f"{where}.work")[0].split() for where in ("one", "two")]
        assert all(parts) and sorted(sum(parts, [])) == list("abcdef")
        nothing_left(alice)
        nothing_left(bob)


@pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")
def test_machine_that_is_away_at_the_end(tmp_path):
    """A step that is not begun any more was placed on a machine that is dead: it is told when it is back, and holds nothing;
    also when the orchestrator was killed before that."""
    with two_machines(tmp_path) as (alice, bob):
        flow = Flow(alice)
        flow.add("first", "until test -e /shared/go; do sleep 0.1; done; exit 1")
        flow.add("second", "echo never", "{after: [first]}")
        ensemble = alice.deploy(flow.write(f"  one: {{allocations: [first], peer: {alice.peer}}}\n"
                                           f"  two: {{allocations: [second], peer: {bob.peer}}}\n"))
        alice.wait_for(lambda: flow.started() == ["first..1"], 60, "nothing was started")
        assert bob.resources("allocated")["cpu"]["cores"]
        bob.kill()
        (flow.shared / "go").touch()
        alice.wait_for(lambda: events(alice, "workflow_slot_not_released"), 60, "it was told")
        alice.kill()
        alice.start()
        bob.start()
        connect(alice, bob)
        alice.wait_status(ensemble, "Failed", timeout=60)
        bob.wait_for(lambda: not bob.resources("allocated")["cpu"]["cores"], 40, "the machine was not told")
        nothing_left(bob)
        nothing_left(alice)
        assert flow.started() == ["first..1"]


@pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")
@pytest.mark.parametrize("policy", ["restart", "stay_down"])
def test_skipped_on_a_machine_that_is_dead(tmp_path, policy):
    """What was skipped needs nothing of its machine: the deployment ends without that, which is told when it is back."""
    with two_machines(tmp_path) as (alice, bob):
        flow = Flow(alice)
        flow.add("first", "until test -e /shared/go; do sleep 0.1; done; exit 1")
        flow.add("second", "echo never", "{after: [first]}")
        ensemble = alice.deploy(flow.write(f"  one: {{allocations: [first], peer: {alice.peer}}}\n"
                                           f"  two: {{allocations: [second], peer: {bob.peer}, failure_recovery: {policy}}}\n"))
        alice.wait_for(lambda: flow.started() == ["first..1"], 60, "nothing was started")
        alice.wait_status(ensemble, "Running")
        bob.kill()
        alice.wait_for(lambda: events(alice, "node_lost"), 60, "it is not noticed")
        (flow.shared / "go").touch()
        alice.wait_status(ensemble, "Failed", timeout=20)
        bob.start()
        connect(alice, bob)
        bob.wait_for(lambda: not bob.resources("allocated")["cpu"]["cores"], 60, "the machine was not told")
        nothing_left(bob)
        nothing_left(alice)
        assert flow.started() == ["first..1"]


def update(node, ensemble, flow, seconds=150):
    """Answers why not, or nothing."""
    reply = node.actor("/dms/node/deployment/update", "-t", f"{seconds}s", "-i", ensemble, "-f", flow.write(), check=False,
                       timeout=seconds + 10)
    return None if reply["OK"] else reply["Error"]


def again(flow, *names):
    """The same file, with those of its tasks; more are added to it."""
    other = Flow.__new__(Flow)
    other.node, other.shared = flow.node, flow.shared
    other.names = list(names)
    other.tasks = [flow.tasks[flow.names.index(name)] for name in names]
    return other


WAIT = "until test -e /shared/go; do sleep 0.1; done; "


def begin_to_update(node):
    """One step has ended, one runs until it may end, one waits for it, and one runs for ever."""
    flow = Flow(node)
    flow.add("ended", "echo found", "{outputs: {what: stdout}}")
    flow.add("runs", WAIT + "echo ran", "{outputs: {what: stdout}}")
    flow.add("waits", "echo old", "{after: [runs]}")
    flow.add("endless", "sleep 600", "{after: [ended], may_fail: true}")
    ensemble = flow.deploy()
    node.wait_status(ensemble, "Running")
    node.wait_for(lambda: {"ended..1", "runs..1", "endless..1"} <= set(flow.started()), 60, "the steps do not start")
    node.wait_for(lambda: details(node, ensemble)["ended"]["workflow"]["state"] == "succeeded", 30, "the step does not end")
    return flow, ensemble


def test_update_while_it_runs(node):
    """Steps that have not begun change, come and go; what has ended is not repeated, what runs is not disturbed."""
    flow, ensemble = begin_to_update(node)
    new = again(flow, "ended", "runs")
    new.add("waits", 'echo "new $WHAT $RAN"', "{inputs: {WHAT: ended.what, RAN: runs.what}}")
    new.add("added", 'echo "after all"', "{after: [waits, ended]}")
    assert update(node, ensemble, new) is None
    assert node.status(ensemble)["status"] == "Running"
    (flow.shared / "go").touch()
    node.wait_status(ensemble, "Completed", timeout=120)
    assert node.logs_of(ensemble, "here.waits")[0] == "new found ran\n"
    assert node.logs_of(ensemble, "here.added")[0] == "after all\n"
    assert sorted(flow.started()) == ["added..1", "ended..1", "endless..1", "runs..1", "waits..1"]
    nothing_left(node)


def test_update_that_is_refused(node):
    """What has begun cannot become something else; the path says what."""
    flow, ensemble = begin_to_update(node)
    changed = again(flow, "ended", "waits", "endless").add("runs", "echo other", "{outputs: {what: stdout}}")
    assert "allocations.runs: this step of the workflow runs" in update(node, ensemble, changed)
    changed = again(flow, "runs", "waits", "endless").add("ended", "echo found", "{may_fail: true, outputs: {what: stdout}}")
    assert "allocations.ended: this step of the workflow has ended" in update(node, ensemble, changed)
    other = again(flow, *flow.names)
    text = other.write(nodes="  here: {allocations: [ended, waits, endless]}\n  there: {allocations: [runs]}\n").read_text()
    other.write = lambda: node.write_job("moved.yaml", text)
    assert "nodes.here.allocations: step “runs” runs, and stays on its node" in update(node, ensemble, other)
    outside = again(flow, "ended", "runs", "endless").add("waits", "echo old")
    outside.tasks[-1] = outside.tasks[-1].replace("    workflow: {}\n", "")
    assert "allocations.waits.workflow: " in update(node, ensemble, outside)
    assert node.status(ensemble)["status"] == "Running"
    # Nothing of that has changed anything.
    new = again(flow, "ended", "runs", "waits")
    assert update(node, ensemble, new) is None
    (flow.shared / "go").touch()
    node.wait_status(ensemble, "Completed", timeout=120)
    assert node.logs_of(ensemble, "here.waits")[0] == "old\n"
    assert sorted(flow.started()) == ["ended..1", "endless..1", "runs..1", "waits..1"]
    nothing_left(node)


def test_update_that_fails_or_is_cut_off(node):
    """An update whose new part does not start is undone; so is one during which the daemon dies. Nothing is done
    twice, also of what it removed."""
    flow, ensemble = begin_to_update(node)
    broken = again(flow, "runs", "waits").add("broken", "true")
    broken.tasks[-1] = broken.tasks[-1].replace("    workflow: {}\n", "").replace("cmd: [", "rootfs: /nonexistent\n      cmd: [")
    assert "the update failed, and what ran before runs again" in update(node, ensemble, broken)
    node.wait_status(ensemble, "Running")
    huge = again(flow, "runs", "waits").add("huge", "true", "{after: [runs]}")
    huge.tasks[-1] = huge.tasks[-1].replace("{cores: 0.1}", "{cores: 1000}")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pending = pool.submit(update, node, ensemble, huge)
        node.wait_for(lambda: node.status(ensemble)["status"] == "Updating", 30, "the update does not begin")
        node.kill()
        assert pending.exception() is not None
    node.start()
    node.wait_status(ensemble, "Running", timeout=60)
    seen = details(node, ensemble)
    assert seen["ended"]["workflow"]["state"] == "succeeded", seen["ended"]
    assert seen["endless"]["workflow"]["reason"] == "an update removed it", seen["endless"]
    assert update(node, ensemble, again(flow, "ended", "runs", "waits")) is None
    (flow.shared / "go").touch()
    node.wait_status(ensemble, "Completed", timeout=120)
    assert sorted(flow.started()) == ["ended..1", "endless..1", "runs..1", "waits..1"]
    nothing_left(node)


def test_outputs_from_files(node):
    """Files of one task go to others, in whole or in part, and are the list of a fan-out."""
    flow = Flow(node)
    flow.add("make", 'mkdir out; seq 3 > out/list; echo "x=1" > report; echo "x=two words" >> report; '
             'head -c 3000000 /dev/zero | tr "\\0" a > big; printf "\\nlast\\n" >> big',
             '{outputs: {list: {file: out/list}, x: {file: report, prefix: "x="}, end: {file: big, take: last_line}}}')
    flow.add("each", 'echo "$DMS_ITEM" > mine', "{for_each: make.list, outputs: {mine: {file: mine}}}")
    flow.add("gather", 'echo "$X/$END/$ALL"', "{inputs: {X: make.x, END: make.end, ALL: each.mine}}")
    ensemble = flow.deploy()
    node.wait_status(ensemble, "Completed", timeout=120)
    assert node.logs_of(ensemble, "here.gather")[0] == 'two words/last/["1","2","3"]\n'
    nothing_left(node)


def test_files_that_are_not_handed_on(node):
    """What is missing, no text, too large or leads elsewhere fails the run that left it, and says why."""
    flow = Flow(node)
    cases = {
        "missing": ("true", "there is no file"),
        "link": ("ln -s /etc/passwd f", "links are not followed"),
        "above": ("ln -s .. g; ln -s g/status.json f", "links are not followed"),
        "folder": ("mkdir f", "no regular file"),
        "binary": ('printf "a\\0b" > f', "no text"),
        "escape": ('printf "\\033[2J" > f', "no text"),
        "large": ("head -c 40000 /dev/zero | tr '\\0' b > f", "larger than the 32768 bytes"),
    }
    for name, (script, _) in cases.items():
        flow.add(name, script, "{may_fail: true, outputs: {o: {file: f}}}")
    many = ", ".join(f"o{i}: {{file: f{i}}}" for i in range(5))
    flow.add("many", "for i in 0 1 2 3 4; do head -c 30000 /dev/zero | tr '\\0' c > f$i; done",
             "{may_fail: true, outputs: {%s}}" % many)
    flow.add("after", 'echo "[$O]"', "{after: [{task: link, exit: any}], inputs: {O: link.o}}")
    flow.add("early", "exit 3", "{may_fail: true, outputs: {o: {file: f}}}")
    ensemble = flow.deploy()
    node.wait_status(ensemble, "Completed", timeout=120)
    seen = details(node, ensemble)
    for name, (_, word) in {**cases, "many": ("", "more than 131072 bytes together"), "early": ("", "exited with code 3")}.items():
        assert seen[name]["workflow"]["state"] == "failed", (name, seen[name])
        assert word in seen[name]["workflow"]["reason"], (name, seen[name]["workflow"])
    assert node.logs_of(ensemble, "here.after")[0] == "[]\n"
    nothing_left(node)
