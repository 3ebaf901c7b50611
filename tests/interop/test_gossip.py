# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A mesh of gossipsub nodes, five of ours and five of js-libp2p's: all hear all, once, and nothing that is forged."""

import time

import pytest

from peer import PATIENCE, js_peer, our_peer

TOPIC = "/nunet/deployment"
LISTEN = ["/ip4/127.0.0.1/tcp/0"]
N_EACH = 5
KINDS = (our_peer, js_peer)
# Who stays while the others, two of each make, go and come back: connected without them.
N_STAY = 6
N_MESSAGES = 240


def until(what, condition, timeout=30):
    deadline = time.monotonic() + timeout * PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def begin(directory, i, life=0):
    """The same peer in each of its lives."""
    peer = KINDS[i % 2](directory, f"peer{i}-{life}")
    peer.start(security=["noise"], listen=LISTEN, gossip=True, seed=f"{i + 1:064x}")
    peer.ask("subscribe", topic=TOPIC)
    return peer


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("mesh")


@pytest.fixture(scope="module")
def mesh(directory):
    """A ring with chords, so that messages take several hops and cross between the makes."""
    peers = [begin(directory, i) for i in range(2 * N_EACH)]
    for i, peer in enumerate(peers):
        for step in (1, 3):
            peer.ask("dial", addresses=peers[(i + step) % len(peers)].addresses)
    for peer in peers:
        until(f"{peer.name} has no mesh", lambda peer=peer: len(peer.ask("mesh", topic=TOPIC)["mesh"]) >= 3)
    yield peers
    for peer in peers:
        peer.stop()


def heard(peer, seconds):
    """All that is heard within so long."""
    deadline = time.monotonic() + seconds
    said = []
    while time.monotonic() < deadline:
        try:
            said.append(peer.event("gossip", timeout=0.2 / PATIENCE))
        except AssertionError:
            continue
    return said


def test_every_message_arrives_everywhere_once(mesh):
    sent = set()
    for number in range(4):
        for peer in mesh:
            text = f"{number} of {peer.name}"
            peer.ask("publish", topic=TOPIC, text=text)
            sent.add((peer.id, text))
    # Large enough for IDONTWANT.
    large = "x" * 20000
    mesh[0].ask("publish", topic=TOPIC, text=large)
    mesh[1].ask("publish", topic=TOPIC, text=large + "y")
    sent |= {(mesh[0].id, large), (mesh[1].id, large + "y")}
    for peer in mesh:
        said = []
        while len(said) < len(sent):
            said.append(peer.event("gossip", timeout=20))
        # Not one more.
        said += heard(peer, 0.5)
        assert sorted((one["from"], one["text"]) for one in said) == sorted(sent), peer.name
        assert {one["topic"] for one in said} == {TOPIC}


def test_peers_go_and_come_back(mesh, directory):
    """Nothing is lost to those that stay, nothing comes twice, and nothing that is forged comes at all."""
    sent = {peer.id: set() for peer in mesh}
    lives = 0
    for number in range(N_MESSAGES):
        publisher = mesh[number % N_STAY]
        publisher.ask("publish", topic=TOPIC, text=f"churn {number}")
        sent[publisher.id].add(f"churn {number}")
        # In turn: one is cut off in the middle of everything, and is back twelve messages later.
        leaver = N_STAY + number // 24 % (len(mesh) - N_STAY)
        if number % 24 == 6:
            if leaver % 2 == 1:
                for how in ("signature", "from"):
                    mesh[leaver].ask("forge", topic=TOPIC, text=f"forged {number}", how=how, **{"from": mesh[0].id})
            mesh[leaver].vanish()
        elif number % 24 == 18:
            lives += 1
            mesh[leaver] = begin(directory, leaver, lives)
            for other in (leaver % N_STAY, (leaver + 3) % N_STAY):
                mesh[leaver].ask("dial", addresses=mesh[other].addresses)
            mesh[leaver].ask("publish", topic=TOPIC, text=f"back {number}")
            sent[mesh[leaver].id].add(f"back {number}")
        time.sleep(0.05)
    assert lives == N_MESSAGES // 24
    expected = {(peer.id, text) for peer in mesh[:N_STAY] for text in sent[peer.id]}
    for peer in mesh[:N_STAY]:
        said = []
        while not expected <= {(one["from"], one["text"]) for one in said}:
            said.append(peer.event("gossip", timeout=20))
        said += heard(peer, 0.5)
        pairs = [(one["from"], one["text"]) for one in said]
        assert len(pairs) == len(set(pairs)), peer.name
        assert all(text in sent[whom] for whom, text in pairs), peer.name
    assert sum(peer.ask("mesh", topic=TOPIC)["forged"] for peer in mesh[:N_STAY:2]) > 0
    for peer in mesh[N_STAY:]:
        heard(peer, 0.2)


def test_nothing_forged_gets_through(mesh):
    forger = mesh[1]
    victim = mesh[0]
    before = victim.ask("mesh", topic=TOPIC)["forged"]
    for how in ("signature", "unsigned", "from"):
        forger.ask("forge", topic=TOPIC, text=f"forged {how}", how=how, **{"from": mesh[4].id})
    until("nobody noticed the forgery", lambda: victim.ask("mesh", topic=TOPIC)["forged"] >= before + 3)
    assert victim.ask("score", peer=forger.id)["score"] < -2500
    for peer in mesh:
        assert heard(peer, 0.3) == []
    # Whoever is forged is none the worse for it, and everybody else goes on.
    assert victim.ask("score", peer=mesh[4].id)["score"] >= 0
    mesh[4].ask("publish", topic=TOPIC, text="true")
    for peer in mesh[::2]:
        assert peer.event("gossip", timeout=20)["text"] == "true"


def test_what_ours_reject_is_not_passed_on(mesh):
    """Of a bad message nobody hears but those that its publisher sends it to itself and that take it."""
    publisher = mesh[3]
    publisher.ask("publish", topic=TOPIC, text="bad")
    for peer in mesh[::2]:
        assert heard(peer, 0.3) == []
    assert not mesh[0].ask("publish", topic=TOPIC, text="bad too")["accepted"]
