# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A running daemon and a node of js-libp2p that speaks as the nodes in the field do."""

import base64
import json

import pytest

from field_client import FieldClient, Identity, verify_envelope, wire
from node import Node, free_port
from peer import js_peer

KINDS = ("tls", "noise", "quic")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    port = free_port()
    addresses = [f"/ip4/127.0.0.1/tcp/{port}", f"/ip4/127.0.0.1/udp/{port}/quic-v1"]
    node = Node(tmp_path_factory.mktemp("daemon") / "node",
                config={"p2p": {"listen_address": addresses, "hello_delay_ms": 2000}}).set_up()
    # Even what is public asks for somebody whom the node trusts.
    node.trusted = {kind: Identity() for kind in KINDS}
    for identity in node.trusted.values():
        node.cli("cap", "anchor", "-c", node.name, "--root", identity.did)
    node.start()
    node.peer_id = FieldClient(node.url).handle()["addr"]["host"]
    node.addresses = {"tcp": f"{addresses[0]}/p2p/{node.peer_id}", "quic": f"{addresses[1]}/p2p/{node.peer_id}"}
    yield node
    node.stop()


class Stranger:
    """js-libp2p with an identity as DMS nodes have it: peer ID and DID of one key."""

    def __init__(self, daemon, kind, directory):
        self.identity = daemon.trusted[kind]
        self.client = FieldClient(daemon.url, self.identity)
        self.daemon = daemon
        self.kind = kind
        self.js = js_peer(directory, kind).start(seed=bytes(self.identity.key).hex(),
                                                 security=["tls"] if kind == "quic" else [kind])
        assert self.js.id == self.identity.peer_id
        self.js.ask("inbox", name="root")
        self.connection = self.js.ask("dial", addresses=[daemon.addresses["quic" if kind == "quic" else "tcp"]])

    def envelope(self, client=None, host=None):
        envelope = (client or self.client).envelope("/public/hello", {}, host=host or self.js.id)
        self.js.ask("inbox", name=envelope["from"]["addr"]["inbox"])
        return envelope

    def send(self, envelope):
        self.js.ask("message", peer=self.daemon.peer_id, inbox=envelope["to"]["addr"]["inbox"],
                    body=wire(envelope).decode())

    def hear(self, envelope, timeout=10):
        heard = self.js.event("message", timeout=timeout, inbox=envelope["from"]["addr"]["inbox"])
        assert heard["whole"] and heard["peer"] == self.daemon.peer_id
        return json.loads(heard["body"])


@pytest.fixture(scope="module", params=KINDS)
def stranger(request, daemon, tmp_path_factory):
    stranger = Stranger(daemon, request.param, tmp_path_factory.mktemp("stranger"))
    yield stranger
    stranger.js.stop()


def test_the_daemon_says_what_it_speaks(daemon, stranger):
    class Daemon:
        id, name = daemon.peer_id, "the daemon"

    said = stranger.js.identity_of(Daemon)
    assert {"actor/root/messages/0.0.1", "/ipfs/ping/1.0.0", "/ipfs/id/1.0.0"} <= set(said["protocols"])
    assert stranger.js.ask("ping", peer=daemon.peer_id)


def test_hello_is_answered_and_signed(daemon, stranger):
    envelope = stranger.envelope()
    assert envelope["to"]["addr"]["host"] == daemon.peer_id
    stranger.send(envelope)
    reply = stranger.hear(envelope)
    assert verify_envelope(reply)
    assert reply["be"] == envelope["opt"]["cont"]
    assert reply["from"]["did"]["uri"] == daemon.dms_did
    assert reply["to"]["addr"] == envelope["from"]["addr"]
    assert json.loads(base64.b64decode(reply["msg"])) == {"DID": {"uri": daemon.dms_did}}


def answers_nothing_else(stranger, envelope):
    """Another message is answered afterwards, and this one is not."""
    other = stranger.envelope()
    stranger.send(other)
    stranger.hear(other)
    with pytest.raises(AssertionError):
        stranger.hear(envelope, timeout=0.5)


def test_somebody_without_authority_is_not_answered(daemon, stranger):
    envelope = stranger.envelope(client=FieldClient(daemon.url))
    stranger.send(envelope)
    answers_nothing_else(stranger, envelope)


def test_a_forged_sender_is_not_answered(daemon, stranger, tmp_path):
    """`from.addr.host` is another peer than the one that brought the message, and one that would hear an answer."""
    victim = js_peer(tmp_path, "victim").start(security=["tls"])
    try:
        victim.ask("dial", addresses=[daemon.addresses["tcp"]])
        envelope = stranger.envelope(host=victim.id)
        inbox = envelope["from"]["addr"]["inbox"]
        victim.ask("inbox", name=inbox)
        stranger.send(envelope)
        answers_nothing_else(stranger, envelope)
        with pytest.raises(AssertionError):
            victim.event("message", timeout=0.5, inbox=inbox)
    finally:
        victim.stop()


def test_a_changed_message_is_not_answered(stranger):
    envelope = stranger.envelope()
    envelope["nonce"] += 1
    stranger.send(envelope)
    answers_nothing_else(stranger, envelope)


def test_the_same_message_is_answered_once(stranger):
    envelope = stranger.envelope()
    stranger.send(envelope)
    stranger.hear(envelope)
    stranger.send(envelope)
    answers_nothing_else(stranger, envelope)


def test_the_daemon_greets_a_peer_that_speaks_its_protocol(daemon, stranger):
    """A while after identify has shown the protocol, as the nodes in the field do."""
    behaviours = set()
    while "/public/hello" not in behaviours:
        heard = stranger.js.event("message", timeout=40, inbox="root", peer=daemon.peer_id)
        envelope = json.loads(heard["body"])
        assert heard["whole"] and verify_envelope(envelope)
        assert envelope["from"]["addr"]["host"] == daemon.peer_id
        assert envelope["to"]["addr"] == {"host": stranger.js.id, "inbox": "root"}
        assert envelope["to"]["did"]["uri"] == stranger.identity.did
        behaviours.add(envelope["be"])
