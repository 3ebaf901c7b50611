# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The internet of a bed keeps what its topology promises: measured with sockets inside the hosts, without daemons."""

import contextlib
import socket
import struct
import subprocess
import time

import pytest

from control import BedError
from node import PATIENCE
from stun import LONG, SHORT, probe, receive, udp

PORT = 7000
# A machine that is busy with something else: nothing may come early, and the best of some not much later.
MORE = 3 * PATIENCE


# asm-generic/socket.h; Python has no name for it.
SO_TIMESTAMPNS = 35


def stamped(made):
    """When the next packet came, by the kernel's clock: this process may get to it much later. None if none comes."""
    with contextlib.suppress(TimeoutError):
        _, ((_, _, stamp), *_), _, _ = made.recvmsg(2048, 256)
        return sum(part * unit for part, unit in zip(struct.unpack("qq", stamp), (1, 1e-9)))
    return None


def one_way_ms(source, target, count=20, port=PORT):
    """How long the quickest of some packets is under way."""
    taken = []
    with udp(source) as ours, udp(target, port) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        for _ in range(count):
            began = time.time()
            ours.sendto(b"now", (target.address, port))
            ended = stamped(theirs)
            assert ended is not None, f"nothing comes from {source.name} to {target.name}"
            taken.append((ended - began) * 1000)
    return min(taken)


def reaches(source, target, port=PORT, timeout=LONG):
    with udp(source) as ours, udp(target, port, timeout) as theirs:
        for _ in range(2):
            ours.sendto(b"hello", (target.address, port))
        return receive(theirs) is not None


def is_cut(source, target):
    return not reaches(source, target, timeout=SHORT)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from testbed import Testbed

    folder = tmp_path_factory.mktemp("network")
    (folder / "t.yaml").write_text("""
regions: {eu: {delay_ms: 2}, us: {}, asia: {}}
links:
  - {between: [eu, us], delay_ms: 40}
  - {between: [eu, asia], delay_ms: 30, one_way: true}
ipv6: true
nats:
  home: {kind: cone, region: eu, access: {delay_ms: 10}}
  crowd: {kind: symmetric, region: us}
  open: {kind: full-cone, region: us}
  isp: {kind: cone, region: asia}
  inner: {kind: cone, behind: isp}
hosts:
  a: {region: eu}
  b: {region: eu}
  c: {region: us}
  d: {region: asia}
  e: {nat: home}
  f: {nat: home}
  g: {nat: crowd}
  h: {nat: open}
  i: {nat: inner}
""")
    with Testbed.up(folder / "t.yaml", folder / "bed", start=False) as bed:
        yield bed


@pytest.fixture(autouse=True)
def whole(request):
    """Every test begins without a partition, and with the same links."""
    yield
    if "world" in request.fixturenames:
        bed = request.getfixturevalue("world")
        bed.heal()
        bed.link("eu", "us", delay_ms=40, loss=0, rate_mbit=0)


@pytest.mark.parametrize("source, target, expected", [
    ("a", "b", 2), ("a", "c", 40), ("c", "a", 40), ("a", "d", 30), ("d", "a", 0), ("e", "c", 50)])
def test_distance(world, source, target, expected):
    assert expected <= one_way_ms(world.host(source), world.host(target)) < expected + MORE


def test_ping_and_names(world):
    result = world.host("a").run(["ping", "-q", "-c", "5", "-i", "0.05", "c"])
    assert result.returncode == 0 and " 0% packet loss" in result.stdout, result
    least = float(result.stdout.split("=")[-1].split("/")[0])
    assert 80 <= least < 80 + 2 * MORE
    six = world.host("a").run(["ping", "-6", "-c", "1", world.host("c").address6])
    assert six.returncode == 0, six


def test_distance_changes_while_it_is_up(world):
    a, c = world.host("a"), world.host("c")
    world.link("eu", "us", delay_ms=10)
    assert 10 <= one_way_ms(a, c) < 10 + MORE and 10 <= one_way_ms(c, a) < 10 + MORE
    world.link("us", "eu", delay_ms=60, one_way=True)
    assert 10 <= one_way_ms(a, c) < 10 + MORE and 60 <= one_way_ms(c, a) < 60 + MORE
    with pytest.raises(BedError, match="no region “mars”"):
        world.link("eu", "mars", delay_ms=1)


def test_loss(world):
    a, c = world.host("a"), world.host("c")
    world.link("eu", "us", delay_ms=0, loss=0.1)
    before = world.status()["sites"]["c"]["received"]
    with udp(a) as ours:
        for _ in range(40):
            for _ in range(100):
                ours.sendto(b"x" * 64, (c.address, PORT))
            time.sleep(0.002)
    time.sleep(0.1)
    count = world.status()["sites"]["c"]["received"] - before
    # 4,000 packets, of which 3,600 ± 19 come: five times that is allowed.
    assert abs(count - 3600) < 5 * 19, count


def test_rate(world):
    a, c = world.host("a"), world.host("c")
    world.link("eu", "us", delay_ms=0, rate_mbit=8)
    came = []
    with udp(a) as ours, udp(c, PORT, SHORT) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        # 1,000 bytes with their headers, a millisecond each. What finds a tenth of a second waiting is lost.
        for _ in range(400):
            ours.sendto(b"x" * 972, (c.address, PORT))
        while (stamp := stamped(theirs)) is not None:
            came.append(stamp)
    assert 100 <= len(came) < 300
    assert 0.9 < (len(came) - 1) / (came[-1] - came[0]) / 1000 < 1.1
    link = next(link for link in world.status()["links"] if (link["from"], link["to"]) == ("eu", "us"))
    assert link["overflowed"] >= 400 - len(came)


def test_line_of_a_home(world):
    e, c = world.host("e"), world.host("c")
    e.access(delay_ms=25)
    assert 65 <= one_way_ms(e, c) < 65 + MORE
    e.access(delay_ms=10)


def test_partition_of_regions_and_heal(world):
    a, b, c, d, e = (world.host(name) for name in "abcde")
    world.partition([["eu"], ["us", "d"]])
    assert is_cut(a, c) and is_cut(c, a) and is_cut(e, c) and is_cut(a, d)
    assert reaches(a, b) and reaches(c, d) and reaches(e, a)
    world.heal()
    assert reaches(a, c) and reaches(e, c) and reaches(a, d)


def test_partition_within_a_home(world):
    a, b, c, e, f = (world.host(name) for name in "abcef")
    assert reaches(e, f) and reaches(f, e)
    world.partition([["e", "c"], ["f", "a"]])
    assert is_cut(e, f) and is_cut(f, e) and is_cut(e, a) and is_cut(f, c)
    assert reaches(e, c) and reaches(f, a) and reaches(e, b) and reaches(b, a)
    world.heal()
    assert reaches(e, f) and reaches(e, a) and reaches(f, c)


def test_what_is_under_way_is_cut_too(world):
    a, c = world.host("a"), world.host("c")
    world.link("eu", "us", delay_ms=300)
    with udp(a) as ours, udp(c, PORT, 0.8) as theirs:
        ours.sendto(b"early", (c.address, PORT))
        world.partition([["a"], ["c"]])
        assert receive(theirs) is None


@pytest.mark.parametrize("client, independent, open_to_all", [
    ("e", True, False), ("g", False, False), ("h", True, True), ("i", True, False), ("a", True, True)])
def test_kinds_of_nat(world, client, independent, open_to_all):
    client = world.host(client)
    servers, stranger = [world.host("b"), world.host("c")], world.host("d")
    behaviour = probe(client, servers, stranger)
    assert {address for address, _ in behaviour.seen} == {client.public_address}
    assert behaviour.is_mapping_independent == independent
    assert behaviour.answers_come_in and behaviour.strangers_come_in == open_to_all


def test_new_connections_into_a_home_are_dropped(world):
    d, home = world.host("d"), world.nat("home")
    with d.socket() as connection:
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.connect((home.address, 9000))


def test_forged_addresses_do_not_pass(world):
    a, c = world.host("a"), world.host("c")
    a.run(["ip", "addr", "add", "8.8.8.8/32", "dev", "wan0"])
    before = world.status()["sites"]["a"]["forged"]
    with udp(c, PORT, SHORT) as theirs, a.socket(kind=socket.SOCK_DGRAM) as ours:
        ours.bind(("8.8.8.8", 0))
        ours.sendto(b"forged", (c.address, PORT))
        assert receive(theirs) is None
    assert world.status()["sites"]["a"]["forged"] > before


def test_tcp_over_distance_and_loss(world):
    a, c = world.host("a"), world.host("c")
    world.link("eu", "us", delay_ms=5, loss=0.01)
    sent = bytes(range(256)) * 4096
    with c.socket() as server, a.socket() as client:
        server.bind(("0.0.0.0", PORT))
        server.listen()
        client.connect((c.address, PORT))
        peer, _ = server.accept()
        with peer:
            client.setblocking(False)
            peer.settimeout(10)
            view, received = memoryview(sent), bytearray()
            while len(received) < len(sent):
                try:
                    view = view[client.send(view[:65536]):] if view else view
                except BlockingIOError:
                    received += peer.recv(65536)
                else:
                    received += peer.recv(65536) if not view else b""
    assert received == sent


def test_programs_run_inside(world):
    e = world.host("e")
    result = e.run(["sh", "-c", "pwd; hostname -I 2>/dev/null || ip -4 -o addr; echo oops >&2; exit 3"], cwd=world.run_dir)
    assert result.returncode == 3 and result.stdout.startswith(f"{world.run_dir}\n") and e.address in result.stdout
    assert result.stderr == "oops\n"
    assert e.run(["sh", "-c", "kill -9 $$"]).returncode == -9
    with e.popen(["sleep", "60"]) as sleeping:
        sleeping.terminate()
        assert sleeping.wait(5) == -15
    with pytest.raises(subprocess.TimeoutExpired):
        e.run(["sleep", "61"], timeout=0.3)
    # It ends because its parent did, which is a moment after that.
    deadline = time.monotonic() + 10 * PATIENCE
    while "sleep 61" in e.run(["ps", "ax"]).stdout:
        assert time.monotonic() < deadline, "a program outlives the call that gave it up"


def test_clock(world):
    a, b = world.host("a"), world.host("b")
    a.skew(+7200)
    b.skew(-0.25)
    try:
        ahead = int(a.run(["date", "+%s"]).stdout) - time.time()
        assert 7190 < ahead < 7201
        ours = a.run(["/usr/bin/python3", "-c", "import time; print(time.time(), time.monotonic())"]).stdout.split()
        assert abs(float(ours[0]) - time.time() - 7200) < 10 and abs(float(ours[1]) - time.monotonic()) < 10
        with a.popen(["sh", "-c", "read x; date +%s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asked:
            # A clock that is changed while the program runs.
            a.skew(0)
            assert abs(int(asked.communicate("\n")[0]) - time.time()) < 10
        behind = b.run(["/usr/bin/python3", "-c", "import time; print(time.time())"]).stdout
        assert float(behind) < time.time() - 0.25
    finally:
        a.skew(0)
        b.skew(0)
