# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Circuit relay v2: our host and js-libp2p's reach each other over a relay of either make."""

import time

import pytest

from peer import PATIENCE, js_peer, our_peer

MAKERS = {"ours": our_peer, "js": js_peer}
TCP = "/ip4/127.0.0.1/tcp/0"


@pytest.fixture
def peers(tmp_path):
    """Makes peers that end with the test."""
    made = []

    def make(make_name, name, **arguments):
        made.append(MAKERS[make_name](tmp_path, f"{name}-{make_name}"))
        return made[-1].start(relay=True, **arguments)

    yield make
    for peer in made:
        peer.stop()


def reserve(make, peers, relay):
    """A peer with a place there, and the addresses it has by that."""
    if make == "ours":
        hidden = peers(make, "hidden", listen=[])
        hidden.ask("dial", addresses=relay.addresses)
        return hidden, [f"{text}/p2p/{hidden.id}" for text in hidden.ask("reserve", peer=relay.id)["addresses"]]
    hidden = peers(make, "hidden", listen=[f"{relay.addresses[0]}/p2p-circuit"])
    deadline = time.monotonic() + 20 * PATIENCE
    while True:
        addresses = [text for text in hidden.ask("addresses")["addresses"] if "/p2p-circuit" in text]
        if addresses:
            return hidden, addresses
        assert time.monotonic() < deadline, f"{hidden.name} gets no place at {relay.name}\n{hidden.tail()}\n{relay.tail()}"
        time.sleep(0.05)


@pytest.mark.parametrize("relay_make", MAKERS)
@pytest.mark.parametrize("hidden_make", MAKERS)
@pytest.mark.parametrize("visitor_make", MAKERS)
def test_over_a_relay(visitor_make, hidden_make, relay_make, peers):
    if {visitor_make, hidden_make, relay_make} == {"js"}:
        pytest.skip("nothing of ours takes part")
    relay = peers(relay_make, "relay", listen=[TCP], serve_relay=True)
    hidden, addresses = reserve(hidden_make, peers, relay)
    visitor = peers(visitor_make, "visitor", listen=[])
    described = visitor.ask("dial", addresses=addresses)
    assert described["peer"] == hidden.id
    assert "/p2p-circuit" in described["remote"]
    hidden.wait_connected(visitor)
    assert visitor.ask("echo", peer=hidden.id, size=20000)["equal"]
    assert hidden.ask("echo", peer=visitor.id, size=20000)["equal"]
