# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The distributed hash table of both: three of ours and two of js-libp2p, all of which know one of ours at first."""

import time

import pytest

from peer import PATIENCE, PeerError, js_peer, our_peer

LISTEN = ["/ip4/127.0.0.1/tcp/0"]
MAKES = (our_peer, our_peer, our_peer, js_peer, js_peer)


def wait_for(what, holds, timeout=20):
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        said = what()
        if holds(said):
            return said
        assert time.monotonic() < deadline, f"still {said}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dht")
    peers = [make(directory, f"{make.__name__}-{i}") for i, make in enumerate(MAKES)]
    try:
        for peer in peers:
            peer.start(listen=LISTEN, dht=True)
        for peer in peers[1:]:
            peer.ask("dial", addresses=peers[0].addresses)
        for peer in peers[1:]:
            wait_for(lambda peer=peer: peer.ask("dht_peers")["peers"], lambda known: peers[0].id in known)
        wait_for(lambda: peers[0].ask("dht_peers")["peers"], lambda known: len(known) == 4)
        yield peers
    finally:
        for peer in peers:
            peer.stop()


def test_peers_find_one_another(table):
    """Each is found by each, through the one that all know."""
    for asker in table[1:]:
        for wanted in table[1:]:
            if asker is wanted:
                continue
            listening = wanted.addresses[0].split("/p2p/")[0]

            def find(asker=asker, wanted=wanted):
                return [text.split("/p2p/")[0] for text in asker.ask("dht_find_peer", peer=wanted.id)["addresses"]]

            # One that has just been met is known by where it comes from, until it has said where it listens.
            wait_for(find, lambda found, listening=listening: listening in found)


def test_the_closest_are_the_same_for_both(table):
    everybody = {peer.id for peer in table}
    for asker in (table[1], table[3]):
        found = set(asker.ask("dht_closest", name="something", timeout=60)["peers"])
        assert found <= everybody and len(found) >= 3


@pytest.mark.parametrize("teller", [1, 3], ids=["ours-tells", "js-tells"])
def test_values_and_providers(table, teller):
    """What one advertises, in the form of the nodes in the field, each of the others finds and believes."""
    name = f"thing-of-{teller}"
    table[teller].ask("dht_advertise", name=name, data="4 GPUs", timeout=60)
    for asker in table:
        if asker is table[teller]:
            continue
        found = asker.ask("dht_query", name=name, timeout=60)["found"]
        assert [(said["peer"], said.get("data")) for said in found] == [(table[teller].id, "4 GPUs")], asker.name


def test_both_advertise_one_name(table):
    for teller in (table[2], table[4]):
        teller.ask("dht_advertise", name="common", data=f"of {teller.id}", timeout=60)
    for asker in (table[1], table[3]):
        found = asker.ask("dht_query", name="common", timeout=60)["found"]
        assert {said["peer"]: said.get("data") for said in found} == {
            table[2].id: f"of {table[2].id}", table[4].id: f"of {table[4].id}"}


def test_what_nobody_provides(table):
    for asker in (table[1], table[3]):
        try:
            assert asker.ask("dht_query", name="nothing", timeout=60)["found"] == []
        except PeerError as error:
            assert asker is table[3], error


def join(directory, table, number):
    """One more, of either make in turn, that knows one of those that stay."""
    make = (our_peer, js_peer)[number % 2]
    peer = make(directory, f"more-{make.__name__}-{number}").start(listen=LISTEN, dht=True)
    known = table[number % len(table)]
    peer.ask("dial", addresses=known.addresses)
    wait_for(lambda: peer.ask("dht_peers")["peers"], lambda peers: known.id in peers)
    return peer


def test_peers_go_and_come(table, tmp_path):
    """Values and providers that are told while peers of both makes are cut off and others come are found by all."""
    told = {}
    others = []
    number = 0
    try:
        for number in range(6):
            others.append(join(tmp_path, table, number))
        for turn in range(3):
            # Two are gone before anybody notices, one of each make, and the next two come while it is told.
            for peer in (others.pop(0), others.pop(0)):
                peer.vanish()
            teller = table[(1, 3, 2)[turn]]
            told[f"churn-{turn}"] = teller.id
            asked = teller.begin("dht_advertise", name=f"churn-{turn}", data=f"turn {turn}")
            for _ in range(2):
                number += 1
                others.append(join(tmp_path, table, number))
            teller.finish(asked, timeout=90)
            # The last that came, one of each make, and one of each that stays.
            for asker in (*others[-2:], *(peer for peer in (table[2], table[4]) if peer is not teller)):
                for earlier, whose in told.items():
                    found = asker.ask("dht_query", name=earlier, timeout=90)["found"]
                    assert [(said["peer"], said.get("data")) for said in found] == [
                        (whose, earlier.replace("churn-", "turn "))], (asker.name, earlier)
    finally:
        for peer in others:
            peer.stop()
