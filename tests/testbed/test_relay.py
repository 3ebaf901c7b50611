# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""testbed-relay alone, with pairs of sockets in place of devices: needs no root."""

import ipaddress
import os
import random
import socket
import struct
import subprocess
import time

import pytest

from relay import Relay, RelayError
from testbed import RELAY

pytestmark = pytest.mark.skipif(not RELAY.exists(), reason="testbed-relay is not built")
ADDRESSES = ("45.1.0.10", "46.1.0.10", "46.2.0.10")


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(source, target, number=0, hops=64):
    """IPv4 with four bytes in it."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 24, number & 0xFFFF, 0, hops, 17, 0, socket.inet_aton(source),
                         socket.inet_aton(target))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + struct.pack("!I", number)


class Net:
    def __init__(self, seed=1, **line):
        self.pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in ADDRESSES]
        line = {"delay_ms": 0, "loss": 0, "rate_mbit": 0, **line}
        none = {"delay_ms": 0, "loss": 0, "up_mbit": 0, "down_mbit": 0}
        topology = {"seed": seed, "regions": {"x": {**line, "delay_ms": 0, "loss": 0}, "y": line},
                    "links": [["x", "y", line], ["y", "x", line]]}
        layout = {"sites": [{"name": str(index), "region": "x" if index == 0 else "y", "address": address,
                             "address6": f"2a2d:{index + 1:x}::1", "access": none}
                            for index, address in enumerate(ADDRESSES)]}
        self.relay = Relay(str(RELAY), topology, layout, [theirs.fileno() for _, theirs in self.pairs], None)
        for ours, theirs in self.pairs:
            theirs.close()
            ours.settimeout(5)
        self.sides = [ours for ours, _ in self.pairs]

    def send(self, source, target, number=0, **kwargs):
        self.sides[source].send(packet(ADDRESSES[source], ADDRESSES[target], number, **kwargs))

    def settle(self):
        """Until it has read what was sent: it takes 32 packets after each command."""
        for _ in range(4):
            self.relay.stats()

    def received(self, side):
        """What is there when the relay has done all that it was given."""
        self.settle()
        numbers = []
        self.sides[side].setblocking(False)
        try:
            while True:
                numbers.append(struct.unpack("!I", self.sides[side].recv(9000)[20:24])[0])
        except BlockingIOError:
            self.sides[side].settimeout(5)
            return numbers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for side in self.sides:
            side.close()
        self.relay.process.stdin.close()
        assert self.relay.process.wait(10) == 0
        self.relay.process.stdout.close()


def test_a_router_counts_hops():
    with Net() as net:
        net.send(0, 1, 7)
        came = net.sides[1].recv(9000)
        assert came[8] == 63 and checksum(came[:20]) == 0 and came[20:] == b"\0\0\0\7"
        for hops in range(2, 256):
            net.send(0, 1, hops, hops=hops)
            came = net.sides[1].recv(9000)
            assert came[8] == hops - 1 and checksum(came[:20]) == 0
        net.send(0, 1, 8, hops=1)
        net.send(0, 1, 9)
        assert struct.unpack("!I", net.sides[1].recv(9000)[20:])[0] == 9
        assert net.relay.stats()["sites"][0]["expired"] == 1


def test_ip6():
    with Net() as net:
        header = struct.pack("!IHBB16s16s", 6 << 28, 4, 17, 64, ipaddress.IPv6Address("2a2d:1::1").packed,
                             ipaddress.IPv6Address("2a2d:3::1").packed)
        net.sides[0].send(header + b"data")
        came = net.sides[2].recv(9000)
        assert came[7] == 63 and came[40:] == b"data"


def test_who_sends_what_to_whom():
    with Net() as net:
        net.sides[0].send(packet("9.9.9.9", ADDRESSES[1], 1))
        net.sides[0].send(packet(ADDRESSES[1], ADDRESSES[2], 2))
        net.sides[0].send(packet(ADDRESSES[0], "8.8.8.8", 3))
        for junk in (b"x", b"\x45" + bytes(10), b"\x60" + bytes(20), os.urandom(1400)):
            net.sides[0].send(junk)
        net.send(0, 1, 4)
        assert struct.unpack("!I", net.sides[1].recv(9000)[20:])[0] == 4
        assert net.received(2) == []
        stats = net.relay.stats()["sites"]
        assert stats[0]["forged"] >= 2 and stats[0]["nowhere"] == 1 and stats[1]["received"] == 1


def lost(seed):
    with Net(seed=seed, loss=0.2) as net:
        came = []
        for number in range(2000):
            net.send(0, 1, number)
            if number % 50 == 49:
                came += net.received(1)
        time.sleep(0.05)
        came += net.received(1)
    assert came == sorted(came)
    return set(range(2000)) - set(came)


def test_the_same_seed_loses_the_same_packets():
    first = lost(1)
    assert first == lost(1) and first != lost(2)
    # 400 ± 18.
    assert abs(len(first) - 400) < 5 * 18


def test_nothing_overtakes_on_a_line_that_became_shorter():
    with Net(delay_ms=150) as net:
        net.send(0, 1, 1)
        net.settle()
        assert net.relay.stats()["waiting"] == 1
        net.relay.do([net.relay.link_line("x", "y", {"delay_ms": 0, "loss": 0, "rate_mbit": 0})])
        began = time.monotonic()
        net.send(0, 1, 2)
        assert [struct.unpack("!I", net.sides[1].recv(9000)[20:])[0] for _ in range(2)] == [1, 2]
        assert time.monotonic() - began > 0.05


def test_cuts():
    with Net() as net:
        net.relay.set_cuts({(0, 1)})
        net.send(0, 1), net.send(1, 0), net.send(0, 2, 5)
        assert struct.unpack("!I", net.sides[2].recv(9000)[20:])[0] == 5
        assert net.received(0) == [] and net.received(1) == []
        net.relay.set_cuts({(1, 2)})
        net.send(0, 1, 6)
        assert struct.unpack("!I", net.sides[1].recv(9000)[20:])[0] == 6


@pytest.mark.parametrize("line", [
    "", "site", "site 3 999 0", "site 9 0 0", "site 3 0 7", "address 0 nonsense", "address 7 1.2.3.4", "line 0 over 1 2 3",
    "line 0 up 1 2", "line 0 up 1 2000000 0", "link 0 9 1 1 1", "link 0 1 99999999 0 0", "link 0 1 -1 0 0", "cut 0 3 1",
    "cut 0 1 2", "nonsense", "stats please"])
def test_bad_commands(line):
    with Net() as net:
        with pytest.raises(RelayError):
            net.relay.do([line])
        net.send(0, 1, 3)
        assert struct.unpack("!I", net.sides[1].recv(9000)[20:])[0] == 3


def test_garbage_for_commands():
    """It answers or gives up; it does not crash."""
    noise = random.Random(1)
    for _ in range(20):
        data = bytes(noise.choice(b"site link cut 0123456789\n") for _ in range(noise.randrange(3000)))
        ended = subprocess.run([str(RELAY), "1", "2"], input=data, capture_output=True, check=False, timeout=20)
        assert ended.returncode == 0 and ended.stdout.count(b"\n") <= data.count(b"\n"), data
