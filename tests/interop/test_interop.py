# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Our libp2p host and js-libp2p's, over every security and transport that both speak, each dialling the other.

DMS_INTEROP_MIB says how much goes each way in the test of large transfers; ./dev soak interop takes 512.
"""

import json
import os

import pytest

from field_client import Identity
from peer import PATIENCE, PeerError, js_peer, our_peer

MIB = int(os.environ.get("DMS_INTEROP_MIB", "32"))
KINDS = {
    "tls": (["tls"], "/ip4/127.0.0.1/tcp/0"),
    "noise": (["noise"], "/ip4/127.0.0.1/tcp/0"),
    "quic": (["tls"], "/ip4/127.0.0.1/udp/0/quic-v1"),
}
SECURITY = {"tls": "/tls/1.0.0", "noise": "/noise", "quic": "quic-v1"}
MUXER = {"tls": "/yamux/1.0.0", "noise": "/yamux/1.0.0", "quic": "quic-v1"}
# More than a stranger gets: a thousand streams at the same time.
LIMITS = {"peer.streams": 4096, "peer.streams-inbound": 2048, "peer.streams-outbound": 2048}
STREAMS = 1000
OURS, JS = "ours", "js"
ID, PUSH, PING = "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"


class Pair:
    """Two peers of different makes, one of which has dialled the other."""

    def __init__(self, kind, dialler, directory, listen=None):
        security, usual = KINDS[kind]
        self.kind = kind
        self.ours = our_peer(directory)
        self.js = js_peer(directory)
        makes = {OURS: self.ours, JS: self.js}
        self.dialler = makes[dialler]
        self.listener = makes[JS if dialler == OURS else OURS]
        self.ours.start(security=security, limits=LIMITS, listen=[listen or usual] if dialler == JS else [])
        self.js.start(security=security, listen=[listen or usual] if dialler == OURS else [])
        self.connect()

    def connect(self):
        """Until both know of it: the dialler is ready first."""
        self.dialler.ask("dial", addresses=self.listener.addresses)
        self.listener.wait_connected(self.dialler)

    def both_ways(self):
        return ((self.ours, self.js), (self.js, self.ours))

    def stop(self):
        for peer in (self.ours, self.js):
            peer.stop()


@pytest.fixture(scope="module", params=[(kind, dialler) for kind in KINDS for dialler in (OURS, JS)],
                ids=lambda param: f"{param[0]}-{param[1]}-dials")
def pair(request, tmp_path_factory):
    pair = Pair(*request.param, tmp_path_factory.mktemp("pair"))
    yield pair
    pair.stop()


@pytest.mark.parametrize("dialler", [OURS, JS])
@pytest.mark.parametrize("kind", ["tls", "noise"])
def test_a_private_network(tmp_path, kind, dialler):
    """Both ways through XSalsa20, and nobody without the key."""
    security, listen = KINDS[kind]
    key, other = os.urandom(32).hex(), os.urandom(32).hex()
    makes = {OURS: our_peer(tmp_path), JS: js_peer(tmp_path)}
    outsiders = [our_peer(tmp_path, "outsider"), js_peer(tmp_path, "js-outsider")]
    first, second = makes[dialler], makes[JS if dialler == OURS else OURS]
    try:
        first.start(security=security, psk=key)
        second.start(security=security, psk=key, listen=[listen])
        assert first.ask("dial", addresses=second.addresses)
        second.wait_connected(first)
        for asker, answerer in ((first, second), (second, first)):
            assert asker.ask("ping", peer=answerer.id)
            assert asker.ask("echo", peer=answerer.id, size=3000000)["equal"]
        for outsider, wrong in zip(outsiders, (other, None)):
            outsider.start(security=security, **({"psk": wrong} if wrong else {}))
            with pytest.raises(PeerError):
                outsider.ask("dial", addresses=second.addresses, timeout=60)
            assert outsider.id not in [peer["peer"] for peer in second.ask("connections")["connections"]]
        assert first.ask("ping", peer=second.id)
    finally:
        for peer in (*makes.values(), *outsiders):
            peer.stop()


@pytest.fixture
def alone(tmp_path):
    """Makes peers that end with the test."""
    peers = []

    def make(maker, name, **arguments):
        peers.append(maker(tmp_path, name))
        return peers[-1].start(**arguments)

    yield make
    for peer in peers:
        peer.stop()


def test_the_connection_is_what_was_asked_for(pair):
    ours = pair.ours.ask("connections")["connections"]
    assert len(ours) == 1
    assert ours[0]["peer"] == pair.js.id
    assert ours[0]["inbound"] == (pair.dialler is pair.js)
    assert ours[0]["security"] == SECURITY[pair.kind]
    assert ours[0]["muxer"] == MUXER[pair.kind]
    js = pair.js.ask("connections")["connections"]
    assert [connection["peer"] for connection in js] == [pair.ours.id]


def test_ping(pair):
    for asker, other in pair.both_ways():
        for _ in range(5):
            assert 0 <= asker.ask("ping", peer=other.id)["us"] < 5e6 * PATIENCE


def test_identify(pair):
    ours = pair.js.identity_of(pair.ours)
    assert ours["agent"] == "dms-interop/1"
    assert {ID, PUSH, PING, "/dms-interop/echo/1"} <= set(ours["protocols"])
    assert ours["is_signed"]
    js = pair.ours.identity_of(pair.js)
    assert js["agent"].startswith("js-libp2p/")
    assert {ID, PUSH, PING, "/dms-interop/echo/1"} <= set(js["protocols"])
    # Where the listener listens is what it has said of itself.
    heard = ours if pair.listener is pair.ours else js
    listening = pair.listener.addresses[0].split("/p2p/")[0]
    assert listening in heard["addresses"]


def test_a_new_protocol_is_pushed(pair):
    for teller, hearer in pair.both_ways():
        hearer.identity_of(teller)
        protocol = f"/dms-interop/new-of-{teller.name}/1"
        teller.ask("handle", protocol=protocol)
        hearer.identity_of(teller, lambda said, protocol=protocol: protocol in said["protocols"])
        assert hearer.ask("echo", peer=teller.id, size=10, protocol=protocol)["equal"]


def test_a_protocol_that_nobody_speaks_is_refused(pair):
    for asker, other in pair.both_ways():
        with pytest.raises(PeerError):
            asker.ask("echo", peer=other.id, size=10, protocol="/dms-interop/nobody/1")
        assert asker.ask("ping", peer=other.id)


@pytest.mark.parametrize("size", [1, 65535, 262144, 3000000])
def test_echo(pair, size):
    for asker, other in pair.both_ways():
        assert asker.ask("echo", peer=other.id, size=size)["equal"]


def test_half_close(pair):
    """The listener of the stream ends its half first, and hears all that comes afterwards."""
    for asker, other in pair.both_ways():
        answer = asker.ask("greet", peer=other.id, size=1000000)
        assert answer["greeting"] == "greetings"
        heard = other.event("received")
        assert heard["size"] == 1000000 and heard["sha256"] == answer["sha256"]


def test_reset(pair):
    for asker, other in pair.both_ways():
        asker.ask("reset", peer=other.id, size=1000)
        ended = other.event("ended")
        answer = asker.ask("be_reset", peer=other.id)
        # js-libp2p shows its user the reset of a QUIC stream as an end (it drops quinn's error of the read).
        if not (pair.kind == "quic" and other is pair.js):
            assert ended["how"] == "reset" and ended["size"] <= 1000
        if not (pair.kind == "quic" and asker is pair.js):
            assert answer["how"] == "reset"
        assert asker.ask("ping", peer=other.id)


def test_a_thousand_streams_at_once(pair):
    for asker, other in pair.both_ways():
        assert asker.ask("many", peer=other.id, count=STREAMS, size=100, timeout=60)["equal"] == STREAMS


def test_large_transfers(pair):
    timeout = 30 + MIB
    for asker, other in pair.both_ways():
        up = asker.ask("upload", peer=other.id, size=MIB << 20, timeout=timeout)
        assert up["equal"]
        down = asker.ask("download", peer=other.id, size=MIB << 20, timeout=timeout)
        assert down["equal"]
        print(f"{asker.name} to {other.name}: {MIB} MiB at {(MIB << 20) / up['us']:.0f} MB/s, back at "
              f"{(MIB << 20) / down['us']:.0f} MB/s; SHA-256 {up['sha256'][:16]}…, {down['sha256'][:16]}…")


def test_a_message_to_an_inbox(pair):
    """As the nodes in the field send them: one stream a message, a length in little endian, JSON."""
    for asker, other in pair.both_ways():
        other.ask("inbox", name="root")
        body = json.dumps({"from": asker.id, "text": "ä" * 1000})
        asker.ask("message", peer=other.id, inbox="root", body=body)
        heard = other.event("message", inbox="root", peer=asker.id)
        assert heard["whole"] and heard["body"] == body


def test_the_end_of_the_connection_is_told(pair):
    """Last of a pair: connects again afterwards."""
    pair.ours.ask("disconnect", peer=pair.js.id)
    pair.js.event("closed", peer=pair.ours.id)
    pair.ours.event("closed", peer=pair.js.id)
    pair.connect()
    pair.js.ask("disconnect", peer=pair.ours.id)
    pair.ours.event("closed", peer=pair.js.id)
    pair.js.event("closed", peer=pair.ours.id)
    pair.connect()
    assert pair.ours.ask("ping", peer=pair.js.id)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dialler", [OURS, JS])
def test_another_peer_than_asked_for_is_refused(kind, dialler, alone):
    security, address = KINDS[kind]
    makers = {OURS: our_peer, JS: js_peer}
    asker = alone(makers[dialler], "asker", security=security)
    other = alone(makers[JS if dialler == OURS else OURS], "other", security=security, listen=[address])
    wrong = other.addresses[0].replace(other.id, Identity().peer_id)
    with pytest.raises(PeerError):
        asker.ask("dial", addresses=[wrong])
    assert asker.ask("connections")["connections"] == []
    assert asker.ask("dial", addresses=other.addresses)["peer"] == other.id


@pytest.mark.parametrize("kind", KINDS)
def test_ipv6(kind, tmp_path):
    listen = KINDS[kind][1].replace("/ip4/127.0.0.1", "/ip6/::1")
    for dialler in (OURS, JS):
        pair = Pair(kind, dialler, tmp_path, listen)
        try:
            for asker, other in pair.both_ways():
                assert asker.ask("echo", peer=other.id, size=100000)["equal"]
        finally:
            pair.stop()


def test_both_securities_are_negotiated(alone):
    """Hosts that speak both agree on TLS; with one that speaks Noise alone, on Noise."""
    ours = alone(our_peer, "ours", listen=["/ip4/127.0.0.1/tcp/0"])
    both = alone(js_peer, "both", security=["noise", "tls"], listen=["/ip4/127.0.0.1/tcp/0"])
    noise = alone(js_peer, "noise", security=["noise"], listen=["/ip4/127.0.0.1/tcp/0"])
    assert ours.ask("dial", addresses=both.addresses)["security"] == "/tls/1.0.0"
    assert ours.ask("dial", addresses=noise.addresses)["security"] == "/noise"
