# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""AutoNAT and DCUtR with js-libp2p: on machines with public addresses, since it dials no others for anybody."""

import time

import pytest

from machines import machines
from peer import PATIENCE, PeerError, js_peer, our_peer

MAKERS = {"ours": our_peer, "js": js_peer}


def until(what, holds, timeout=20):
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        said = what()
        if holds(said):
            return said
        assert time.monotonic() < deadline, f"still {said}"
        time.sleep(0.1)


@pytest.fixture
def town(tmp_path):
    """Three machines, and what makes peers on them that end with the test."""
    made = []
    with machines(3) as places:
        def make(maker, place, name, **arguments):
            made.append(MAKERS[maker](tmp_path, f"{name}-{maker}", place.prefix))
            return made[-1].start(listen=[f"/ip4/{place.ip}/tcp/4001", *arguments.pop("also", [])], **arguments)

        make.places = places
        try:
            yield make
        finally:
            for peer in made:
                peer.stop()


def asker_and_server(town, version, protocol):
    js = town("js", town.places[0], "server", autonat=version, announce=[f"/ip4/{town.places[0].ip}/tcp/4001"])
    ours = town("ours", town.places[1], "asker", nat=True)
    ours.ask("dial", addresses=js.addresses)
    ours.identity_of(js, until=lambda said: protocol in said["protocols"])
    return ours, js


def test_js_is_asked(town):
    """js-libp2p dials back; what it cannot reach it says so of."""
    ours, js = asker_and_server(town, 2, "/libp2p/autonat/2/dial-request")
    assert ours.ask("autonat", peer=js.id)["reachability"] == "public"
    closed = [f"/ip4/{town.places[1].ip}/tcp/4999"]
    assert ours.ask("autonat", peer=js.id, addresses=closed, timeout=60)["reachability"] == "private"
    # Another machine costs something, which is paid; nobody of that name is there.
    elsewhere = [f"/ip4/{town.places[2].ip}/tcp/4001"]
    assert ours.ask("autonat", peer=js.id, addresses=elsewhere, timeout=60)["reachability"] == "private"


def test_js_is_asked_in_version_1(town):
    """Its version 1 takes the connection it was asked over for the dial, and hangs it up: that is no answer to us.

    Whether the stream's end comes before the connection's is a race inside it."""
    ours, js = asker_and_server(town, 1, "/libp2p/autonat/1.0.0")
    with pytest.raises(PeerError, match="has ended|ended the stream and sent no message"):
        ours.ask("autonat", peer=js.id)
    ours.ask("dial", addresses=js.addresses)
    assert ours.ask("echo", peer=js.id, size=1000)["equal"]


@pytest.mark.parametrize("version", [1, 2])
def test_js_asks(town, version):
    """js-libp2p believes in its public address once one of ours has connected to it there."""
    ours = town("ours", town.places[0], "server", nat=True)
    js = town("js", town.places[1], "asker", autonat=version)
    wanted = f"/ip4/{town.places[1].ip}/tcp/4001"
    assert js.ask("verified")["unverified"] == [wanted]
    js.ask("dial", addresses=ours.addresses)
    until(lambda: js.ask("verified")["addresses"], lambda said: said == [wanted])


def is_direct(peer, other):
    """By a direct connection, and no relayed one."""
    remotes = [connection["remote"] for connection in peer.ask("connections")["connections"]
               if connection["peer"] == other.id]
    return bool(remotes) and not any("/p2p-circuit" in remote for remote in remotes)


@pytest.mark.parametrize("relay_make", MAKERS)
@pytest.mark.parametrize("hidden_make,visitor_make", [("ours", "js"), ("js", "ours")])
def test_direct_out_of_relayed(town, hidden_make, visitor_make, relay_make):
    """Both behind filters that let in only whom they sent something to: a relay brings them together, and they punch."""
    relay = town(relay_make, town.places[0], "relay", relay=True, serve_relay=True,
                 **({"announce": [f"/ip4/{town.places[0].ip}/tcp/4001"]} if relay_make == "js" else {}))
    for place in town.places[1:]:
        place.hide()

    def behind(maker, place, name, **extra):
        # Its public address is not confirmed by anybody, and it is told to announce it all the same.
        nat = {"punch": True, "announce": [f"/ip4/{place.ip}/tcp/4001"]} if maker == "js" else {"nat": True}
        return town(maker, place, name, relay=True, **nat, **extra)

    circuit = f"{relay.addresses[0]}/p2p-circuit"
    visitor = behind(visitor_make, town.places[2], "visitor")
    hidden = behind(hidden_make, town.places[1], "hidden", **({"also": [circuit]} if hidden_make == "js" else {}))
    if hidden_make == "ours":
        hidden.ask("dial", addresses=relay.addresses)
        hidden.ask("reserve", peer=relay.id)

    def visit():
        try:
            return visitor.ask("dial", addresses=[f"{circuit}/p2p/{hidden.id}"])["remote"]
        except PeerError as error:
            return str(error)

    until(visit, lambda said: said.startswith("/") and "/p2p-circuit" in said)
    until(lambda: is_direct(visitor, hidden) and is_direct(hidden, visitor), lambda said: said, timeout=40)
    assert visitor.ask("echo", peer=hidden.id, size=200000)["equal"]
    assert hidden.ask("echo", peer=visitor.id, size=200000)["equal"]
