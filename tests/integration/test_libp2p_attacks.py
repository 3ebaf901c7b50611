# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Attacks on the libp2p transport of a running daemon, from outside: sockets that say what no peer would say.

Through each of them the daemon answers others, holds no more memory than its limits let it, and is as it was when it is
over. What a single part of the transport refuses is tested with that part.
"""

import contextlib
import os
import select
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from node import PATIENCE, Node, free_port  # noqa: E402
from peer import OURS, PeerError, our_peer  # noqa: E402

# Only in a build with the transport.
pytestmark = pytest.mark.skipif(not OURS.exists(), reason="built without the libp2p transport")

# What the daemon may hold more during an attack: its limits are far above, what it spends must be far below.
ALLOWED_KIB = 24 * 1024 * PATIENCE
# A peer may take so long to negotiate and to shake hands, and the daemon so long to notice.
HANDSHAKE = 25 * PATIENCE
FLOOD = 1000
HEADER = b"\x13/multistream/1.0.0\n"
PING = "/ipfs/ping/1.0.0"


class Target:
    def __init__(self, directory):
        self.port = free_port()
        self.addresses = [f"/ip4/127.0.0.1/tcp/{self.port}", f"/ip4/127.0.0.1/udp/{self.port}/quic-v1"]
        self.node = Node(directory / "node", config={"p2p": {"listen_address": self.addresses}}).set_up().start()
        self.peer_id = self.node.peer
        self.before = self.resident()
        self.descriptors = self.count_descriptors()

    def resident(self):
        for line in Path(f"/proc/{self.node.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.node.process.pid}/fd"))

    def dial(self, peer, kind):
        return peer.ask("dial", addresses=[f"{self.addresses[kind == 'quic']}/p2p/{self.peer_id}"])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=5 * PATIENCE)

    def check(self):
        """It lives, answers at once, and holds no more than it may."""
        begin = time.monotonic()
        assert self.node.healthy()
        assert time.monotonic() - begin < 2 * PATIENCE
        grown = self.resident() - self.before
        assert grown < ALLOWED_KIB, f"the daemon holds {grown} KiB more"

    def wait_over(self, timeout=HANDSHAKE):
        """Nothing of the attack is left."""
        deadline = time.monotonic() + timeout
        while self.count_descriptors() > self.descriptors:
            assert time.monotonic() < deadline, f"{self.count_descriptors()} descriptors, {self.descriptors} at first"
            time.sleep(0.1)
        self.check()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    target = Target(tmp_path_factory.mktemp("target"))
    yield target
    target.node.stop()


@pytest.fixture(scope="module")
def friend(target, tmp_path_factory):
    """Somebody who is connected already: nothing that is done to the daemon is to be noticed by it."""
    friend = our_peer(tmp_path_factory.mktemp("friend"), "friend").start()
    target.dial(friend, "tcp")
    target.descriptors = target.count_descriptors()
    yield friend
    friend.stop()


@pytest.fixture
def attacker(target, tmp_path):
    """A peer of ours with all the limits taken off."""
    free = {f"{scope}.{resource}": 100000 for scope in ("system", "transient", "peer", "protocol")
            for resource in ("streams", "streams-inbound", "streams-outbound")}
    attacker = our_peer(tmp_path, "attacker").start(limits=free)
    yield attacker
    attacker.stop()


def is_over(peer):
    """Whether the other side has ended the connection."""
    with contextlib.suppress(ConnectionError):
        peer.setblocking(False)
        try:
            while chunk := peer.recv(65536):
                assert chunk
        except BlockingIOError:
            return False
    return True


def wait_all_over(peers, timeout=HANDSHAKE):
    deadline = time.monotonic() + timeout
    left = list(peers)
    while left:
        left = [peer for peer in left if not is_over(peer)]
        assert time.monotonic() < deadline, f"{len(left)} of {len(peers)} connections are still open"
        time.sleep(0.05)


def talk(target, data):
    """Sends bytes; answers all that comes back until the daemon ends the connection."""
    got = b""
    with target.connect() as peer:
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(data), 4096):
                peer.sendall(data[at:at + 4096])
        peer.settimeout(HANDSHAKE)
        with contextlib.suppress(ConnectionError):
            while chunk := peer.recv(65536):
                got += chunk
    return got


def test_connections_that_say_nothing(target, friend):
    """Most of a flood is turned away at once, the rest when the handshake takes too long."""
    peers = []
    try:
        for _ in range(FLOOD):
            with contextlib.suppress(OSError):
                peers.append(target.connect())
        target.check()
        # At once is long before a handshake is given up.
        deadline = time.monotonic() + 5 * PATIENCE
        held = peers
        while len(held := [peer for peer in held if not is_over(peer)]) > 256:
            assert time.monotonic() < deadline, f"{len(held)} of {len(peers)} connections that nobody knows are held"
            time.sleep(0.05)
        assert friend.ask("ping", peer=target.peer_id)
        wait_all_over(peers)
    finally:
        for peer in peers:
            peer.close()
    target.wait_over()
    assert friend.ask("ping", peer=target.peer_id)


def test_connections_that_come_and_go(target, friend):
    """Ended by a reset right away, two thousand times."""
    for _ in range(2 * FLOOD):
        with contextlib.suppress(OSError):
            peer = target.connect()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            peer.close()
    target.wait_over()
    assert friend.ask("ping", peer=target.peer_id)


def test_slow_handshakes(target, friend):
    """A byte every half second keeps nobody's place."""
    peers = [target.connect() for _ in range(32)]
    data = HEADER + b"\x0b/tls/1.0.0\n" + bytes(1000)
    begin = time.monotonic()
    sent = 0
    left = peers
    while left and time.monotonic() - begin < HANDSHAKE:
        for peer in left:
            peer.setblocking(True)
            with contextlib.suppress(ConnectionError):
                peer.sendall(data[sent:sent + 1])
        sent += 1
        time.sleep(0.5)
        left = [peer for peer in left if not is_over(peer)]
    for peer in peers:
        peer.close()
    assert not left, f"{len(left)} slow connections are still open after {HANDSHAKE} s"
    assert friend.ask("ping", peer=target.peer_id)
    target.wait_over()


@pytest.mark.parametrize("data", [
    b"\0" * 100000,
    HEADER + b"\0" * 100000,
    HEADER + b"\x01\n" * 50000,
    b"\xff" * 10,
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f" + b"x" * 100000,
    HEADER + b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
    HEADER + b"\x80\x80\x40" + b"x" * 100000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    HEADER + b"\x0b/tls/1.0.0\n" + b"\x16\x03\x01\xff\xff" + bytes(100000),
    HEADER + b"\x07/noise\n" + b"\xff\xff" + bytes(100000),
    HEADER + b"\x07/noise\n" + b"\0\0" * 50000,
    os.urandom(200000),
], ids=["zero-length", "zero-length-lines", "empty-lines", "endless-varint", "huge-length", "long-form-zero",
        "line-of-1-mib", "http", "tls-at-once", "huge-tls-record", "noise-of-zeros", "empty-noise", "random"])
def test_bytes_that_no_peer_sends(target, friend, data):
    """The connection ends, soon, and with no more said than a few lines."""
    begin = time.monotonic()
    got = talk(target, data)
    assert time.monotonic() - begin < HANDSHAKE
    assert len(got) < 1024
    target.check()


def test_proposals_without_end(target, friend):
    """Each `na` costs the attacker more than the daemon, and there is an end of them."""
    line = b"/" + b"x" * 100 + b"\n"
    got = talk(target, HEADER + (bytes([len(line)]) + line) * 20000)
    assert got.count(b"\x03na\n") <= 1024
    target.wait_over()


def test_streams_without_end(target, friend, attacker):
    """One peer opens streams as long as it may, and longer; the others' still open."""
    target.dial(attacker, "tcp")
    with contextlib.suppress(PeerError):
        attacker.ask("hold", peer=target.peer_id, protocol=PING, count=3000, timeout=30)
    target.check()
    assert friend.ask("ping", peer=target.peer_id)
    attacker.ask("disconnect", peer=target.peer_id)
    target.wait_over()


def test_streams_without_end_over_quic(target, friend, attacker):
    target.dial(attacker, "quic")
    number = attacker.begin("hold", peer=target.peer_id, protocol=PING, count=3000)
    time.sleep(2 * PATIENCE)
    target.check()
    assert friend.ask("ping", peer=target.peer_id)
    attacker.ask("disconnect", peer=target.peer_id)
    with contextlib.suppress(PeerError):
        attacker.finish(number, 30)
    target.wait_over()


def frame(size, body):
    return [(size.to_bytes(8, "little") + body).hex()]


@pytest.mark.parametrize("pieces", [
    frame((1 << 20) - 7, bytes(1000)),
    frame(1 << 20, b"{" * (1 << 20)),
    frame((1 << 64) - 1, bytes(1000)),
    frame(0, b""),
    frame(10, b"{}"),
    frame(2, b"{}" * 1000),
    [b"\x02\0\0\0".hex()],
    [b"{}".hex()] * 100,
    frame(4, b"\xff\xfe\xfd\xfc"),
    frame(100000, b"[" * 100000),
], ids=["one-too-many", "over-1-mib", "huge", "empty", "cut", "more-than-said", "half-a-length", "no-length", "no-utf-8",
        "deep"])
@pytest.mark.parametrize("kind", ["tcp", "quic"])
def test_messages_that_are_none(target, friend, attacker, kind, pieces):
    """They are thrown away, and the peer that sends them may still ping."""
    target.dial(attacker, kind)
    answer = attacker.ask("raw", peer=target.peer_id, protocol="actor/root/messages/0.0.1", pieces=pieces)
    assert answer["received"] == 0
    assert attacker.ask("ping", peer=target.peer_id)
    target.check()


def test_a_message_that_never_ends(target, friend, attacker):
    """A length in single bytes, and nothing behind it: the stream waits, and costs next to nothing."""
    target.dial(attacker, "tcp")
    pending = [attacker.begin("raw", peer=target.peer_id, protocol="actor/root/messages/0.0.1", end=False,
                              pieces=[f"{byte:02x}" for byte in (1 << 19).to_bytes(8, "little")] + ["7b"] * 10)
               for _ in range(100)]
    time.sleep(1)
    target.check()
    assert friend.ask("ping", peer=target.peer_id)
    attacker.ask("disconnect", peer=target.peer_id)
    for number in pending:
        attacker.finish(number)
    target.wait_over()


def test_datagrams_that_no_peer_sends(target, friend):
    """Noise, and first packets of QUIC from everywhere that say nothing: little is answered and nothing kept."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", target.port))
        sent = received = 0
        for number in range(20000):
            # A long header, version 1, two connection IDs, no token, and a payload that is none.
            initial = (b"\xc3\0\0\0\1\x08" + os.urandom(8) + b"\x08" + os.urandom(8) + b"\0\x44\xb0" + bytes(1176))
            data = (os.urandom(100), initial, initial[:50], b"\xc3\xba\xba\xba\xba" + initial[5:])[number % 4]
            with contextlib.suppress(OSError):
                sent += sender.send(data)
            while select.select([sender], [], [], 0)[0]:
                with contextlib.suppress(OSError):
                    received += len(sender.recv(65536))
        time.sleep(0.5)
        while select.select([sender], [], [], 0)[0]:
            with contextlib.suppress(OSError):
                received += len(sender.recv(65536))
    assert received < 3 * sent
    target.check()
    assert friend.ask("ping", peer=target.peer_id)


def test_a_peer_comes_after_all_that(target, friend, attacker):
    for kind in ("tcp", "quic"):
        target.dial(attacker, kind)
        assert attacker.ask("ping", peer=target.peer_id)
        attacker.ask("disconnect", peer=target.peer_id)
        attacker.event("closed")
    target.wait_over()
