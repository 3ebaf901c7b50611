# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Real daemons on a bed, what is collected of them, and that nothing is left of a bed however it ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import remains
from control import BedError
from node import BUILD, PATIENCE
from test_world import hello_on
from testbed import SUPERVISOR, Testbed

HERE = Path(__file__).resolve().parent
COMMAND = [sys.executable, str(HERE / "command.py")]
SMALL = """
regions: {eu: {delay_ms: 1}}
nats: {home: {kind: cone, region: eu}}
organisation: {}
hosts:
  a: {region: eu, roles: [bootstrap]}
  b: {nat: home, onboard: true}
"""
EMPTY = """
regions: {eu: {}}
nats: {home: {kind: cone, region: eu}}
hosts: {a: {region: eu}, b: {nat: home}}
"""
JOB = """version: "V1"
allocations:
  main:
    executor: process
    type: %s
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["/bin/sh", "-c", "%s"]}
nodes:
  there:
    allocations: [main]
    peer: %s
"""
needs_libp2p = pytest.mark.skipif(not (BUILD / "plugins/transport-libp2p/libtransport-libp2p.so").exists(),
                                  reason="built without the transport libp2p")


def connected(host, other):
    return other.node.peer in host.node.actor("/dms/node/peers/list")["Peers"]


def wait_for(condition, seconds, message):
    deadline = time.monotonic() + seconds * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


@needs_libp2p
def test_daemons_meet_deploy_and_are_collected(make_bed):
    bed = make_bed(SMALL)
    a, b = bed.host("a"), bed.host("b")
    wait_for(lambda: connected(a, b) and connected(b, a), 15, "they did not meet by the bootstrap peer")
    # The job sees the right time, the daemon the other one.
    b.skew(3)
    ensemble = a.node.deploy(a.node.write_job("job.yaml", hello_on(b.node.peer, "hello from home")))
    a.node.wait_status(ensemble, "Completed")
    assert a.node.logs_of(ensemble, "there.main")[0] == "hello from home\n"
    b.skew(-2)
    assert b.node.actor("/dms/node/peers/self")["id"] == b.node.peer

    # What is only reached inside the host is reached from here as well.
    assert Path(f"/proc/{b.node.process.pid}/exe").resolve().name == "nunet"
    import urllib.request
    with urllib.request.urlopen(a.node.url + "/health", timeout=5) as answer:
        assert json.load(answer) == {"status": "ok"}

    folder = bed.collect()
    state = json.loads((folder / "a" / "state.json").read_text())
    assert state["peer"] == a.node.peer and state["daemon"] == "running"
    assert any(item["orchestrator_id"] == ensemble for item in state["deployments"]["deployments"]), state["deployments"]
    assert b.node.peer in json.dumps(state["peers"]) and "no_answer" not in json.dumps(state)
    assert "masquerade" in (folder / "home" / "rules.txt").read_text()
    assert "daemon_ready" in (folder / "b" / "daemon.log").read_text()
    described = json.loads((folder / "run.json").read_text())
    assert described["status"]["sites"]["home"]["sent"] > 0 and described["revision"]["commit"]

    b.node.kill()
    assert b.node.process is None
    b.node.start()
    wait_for(lambda: connected(a, b), 20, "b did not come back")
    # As the field has it: a daemon that was told to stop ends with 1.
    assert b.node.stop() == 1


@needs_libp2p
def test_clock_of_a_daemon_counts(make_bed):
    """Messages expire by the clock of who gets them."""
    bed = make_bed("regions: {eu: {}}\nhosts: {a: {region: eu}}")
    a = bed.host("a")
    assert a.node.actor("/dms/node/peers/self")["id"] == a.node.peer
    a.skew(7200)
    answer = a.node.actor("/dms/node/peers/self")
    assert answer["id"] == a.node.peer
    # The command line is right again, and its message two hours old for the daemon.
    late = a.node.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", "-t", "2s", check=False,
                      env={"DMS_TESTBED_CLOCK": "/dev/null"})
    assert late.status != 0, late
    wait_for(lambda: "expired" in a.node.daemon_log(), 5, "the daemon did not say that the message expired")


def test_captures(make_bed):
    bed = make_bed(EMPTY, start=False, capture=True)
    folder = bed.run_dir / "captures"
    wait_for(lambda: "listening" in (folder / "a.log").read_text(), 10, "tcpdump did not start")
    bed.host("b").run(["ping", "-c", "2", "-i", "0.2", "a"])
    wait_for(lambda: any(path.stat().st_size > 100 for path in folder.glob("a.pcap*")), 5, "nothing was captured")
    copied = bed.collect() / "captures"
    files = [str(path) for path in copied.glob("a.pcap*")]
    read = subprocess.run(["tcpdump", "-n", "-r", files[0]], capture_output=True, text=True, check=True)
    assert bed.nat("home").address in read.stdout and "ICMP echo request" in read.stdout


# However a bed ends, nothing is left.

CLIENT = """
import sys, time
sys.path.insert(0, {here!r})
from testbed import Testbed
bed = Testbed.up({topology!r}, {folder!r}, start=False)
print(bed.supervisor, flush=True)
time.sleep(1000)
"""


def end_by_down(bed, client):
    bed.down()


def end_by_killing_the_supervisor(bed, client):
    os.kill(bed.supervisor, signal.SIGKILL)


def end_by_killing_the_keeper(bed, client):
    os.kill(json.loads((bed.run_dir / "bed.json").read_text())["keeper"], signal.SIGKILL)


def end_by_killing_the_client(bed, client):
    client.kill()


def end_by_killing_client_and_supervisor(bed, client):
    client.kill()
    os.kill(bed.supervisor, signal.SIGKILL)


def end_by_killing_both_that_keep_it(bed, client):
    """Nobody is left who could remove the groups of jobs: the next `down` or `up` does."""
    for pid in json.loads((bed.run_dir / "bed.json").read_text()).values():
        os.kill(pid, signal.SIGKILL)
    client.kill()
    assert bed.wait_down(10)
    Testbed(bed.run_dir, {}, {}).down()


def end_by_killing_the_relay(bed, client):
    """Without its internet a bed is none: it ends by itself."""
    space = os.readlink(f"/proc/{bed.supervisor}/ns/pid")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(folder / "ns" / "pid") == space and os.readlink(folder / "exe").endswith("testbed-relay"):
                os.kill(int(folder.name), signal.SIGKILL)


def end_while_somebody_does_not_wait_for_his_program(bed, client):
    """What was started inside has to be reaped outside, by a process that is stopped."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if words[0].endswith(b"testbed-enter") and words[1] == str(bed.supervisor).encode():
                os.kill(int(folder.name), signal.SIGSTOP)
                # Until it stands still it may take note of the end of its program, and nobody has to do it for it.
                wait_for(lambda folder=folder: "\nState:\tT" in (folder / "status").read_text(), 5, "it does not stop")
    os.kill(bed.supervisor, signal.SIGKILL)


def end_by_terminating_the_keeper(bed, client):
    os.kill(json.loads((bed.run_dir / "bed.json").read_text())["keeper"], signal.SIGTERM)


@pytest.mark.parametrize("end", [
    end_by_down, end_by_killing_the_supervisor, end_by_killing_the_keeper, end_by_killing_the_client,
    end_by_killing_client_and_supervisor, end_by_killing_both_that_keep_it, end_by_terminating_the_keeper,
    end_by_killing_the_relay, end_while_somebody_does_not_wait_for_his_program], ids=lambda end: end.__name__)
def test_nothing_is_left(tmp_path, end):
    before = remains.machine()
    (tmp_path / "t.yaml").write_text(EMPTY)
    folder = tmp_path / "bed"
    script = CLIENT.format(here=str(HERE), topology=str(tmp_path / "t.yaml"), folder=str(folder))
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE) as client:
        try:
            assert client.stdout.readline().strip().isdigit()
            bed = Testbed.attach(folder)
            spaces = remains.spaces_of(bed)
            # Somebody who does not listen, and somebody who left their parents.
            stubborn = bed.host("a").popen(["sh", "-c", "trap '' TERM; (setsid sleep 1000 &) ; sleep 1000"])
            wait_for(lambda: bed.host("a").run(["ps", "ax"]).stdout.count("sleep 1000") >= 3, 5, "no sleepers")
            assert remains.find(folder, spaces, before, seconds=0, known=(client.pid,)), "it looks for nothing"
            end(bed, client)
            assert remains.find(folder, spaces, before, known=(client.pid,)) == []
            assert not bed.is_up()
            assert stubborn.wait(10) != 0
        finally:
            client.kill()
    # The folder can be used again at once.
    Testbed.up(tmp_path / "t.yaml", folder, start=False).down()
    assert remains.find(folder, set(), before) == []


def test_nothing_is_left_of_jobs(make_bed):
    """The groups of jobs are in no name space: the keeper removes them."""
    import supervisor

    before = remains.machine()
    bed = make_bed("regions: {eu: {}}\nhosts: {a: {region: eu, onboard: true, skew_s: 1000}}")
    a = bed.host("a")
    ensemble = a.node.deploy(a.node.write_job("clock.yaml", JOB % ("task", "date +%s", a.node.peer)))
    a.node.wait_status(ensemble, "Completed")
    # The skew of the daemon is not the job's.
    assert abs(int(a.node.logs_of(ensemble, "there.main")[0]) - time.time()) < 60
    ensemble = a.node.deploy(a.node.write_job("long.yaml", JOB % ("service", "exec sleep 1000", a.node.peer)))
    a.node.wait_status(ensemble, "Running")
    groups = [path for point, _ in supervisor.groups_of_machine()
              for path in (point / supervisor.group_name(bed.run_dir)).glob("dms-jobs/*")]
    assert any(path.is_dir() for path in groups), "the job has no group of the bed"
    spaces = remains.spaces_of(bed)
    os.kill(bed.supervisor, signal.SIGKILL)
    assert remains.find(bed.run_dir, spaces, before) == []


def test_command(tmp_path):
    """`./dev testbed`, from up to down, and killed in between."""
    before = remains.machine()
    path = tmp_path / "t.yaml"
    path.write_text(EMPTY)
    folder = tmp_path / "run"

    def testbed(verb, *words, status=0):
        result = subprocess.run([*COMMAND, verb, str(path), "--dir", str(folder), *words], capture_output=True, text=True,
                                check=False, timeout=60)
        assert result.returncode == status, result
        return result.stdout + result.stderr

    assert "no bed is up" in testbed("status", status=1)
    assert "2 hosts" in testbed("up", "--no-daemons")
    assert "is up already" in testbed("up", status=1)
    try:
        spaces = remains.spaces_of(Testbed.attach(folder))
        assert json.loads(testbed("status", "--json"))["hosts"]["b"]["nat"] == "home"
        assert "inet 45.1.0.10/32" in testbed("exec", "a", "--", "ip", "addr")
        assert "masquerade" in testbed("exec", "home", "nft", "list", "ruleset")
        testbed("partition", "a", "b")
        testbed("exec", "b", "--", "ping", "-c1", "-W1", "a", status=1)
        testbed("heal")
        assert " 0% packet loss" in testbed("exec", "b", "--", "ping", "-c1", "-W1", "a")
        testbed("link", "eu", "eu", "--delay-ms", "20", "--loss", "0.5")
        testbed("partition", "a", "b")
        out = testbed("status")
        assert all(text in out for text in ("45.1.0.10", "home", "20 ms", "50%", "Partition: a | b"))
        testbed("skew", "a", "-3600")
        assert abs(int(testbed("exec", "a", "--", "date", "+%s")) - time.time() + 3600) < 60
        assert "there is no host" in testbed("exec", "x", "--", "true", status=1)
        assert "there is no host or region “x”" in testbed("partition", "a", "x", status=1)
        assert Path(testbed("collect").strip(), "a", "state.json").exists()
    finally:
        out = testbed("down")
    assert "collected" in out and [entry.name for entry in folder.iterdir()] == ["collected"]
    assert remains.find(folder, spaces, before) == []

    with subprocess.Popen([*COMMAND, "up", str(path), "--dir", str(folder)], stdout=subprocess.PIPE) as client:
        wait_for(lambda: (folder / "bed.json").exists(), 20, "it does not come up")
        client.kill()
    assert remains.find(folder, set(), before) == []
    path.write_text("regions: {}\n")
    assert f"{path}: line 1: regions: name from 1 to" in testbed("up", status=1)


def test_bed_that_cannot_come_up(tmp_path, make_bed):
    before = remains.machine()
    with pytest.raises(BedError, match="two places have the address"):
        make_bed("regions: {eu: {}}\nhosts: {a: {region: eu, address: 45.1.0.10}, b: {region: eu, address: 45.1.0.10}}")
    with pytest.raises(AssertionError, match="a: the daemon ended"):
        make_bed("regions: {eu: {}}\nhosts: {a: {region: eu, config: {p2p: {listen_address: [nonsense]}}}}", name="second")
    assert remains.find(tmp_path / "second", set(), before) == []
    assert SUPERVISOR.exists()
