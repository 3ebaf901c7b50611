# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Daemons on two machines of one network that find each other by Multicast DNS, told nothing of each other."""

import time

import pytest

from node import PATIENCE
from test_libp2p_nodes import PLUGIN, NodeOnMachine, machines, nodes, peers  # pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")


@pytest.fixture
def pair(tmp_path, machines):  # pylint: disable=redefined-outer-name
    with nodes(tmp_path, "a", "b", node_class=NodeOnMachine, machines=machines) as made:
        yield made


def meet(a, b):
    a.start(), b.start()
    a.wait_for(lambda: peers(a) == [b.peer] and peers(b) == [a.peer], 20, "they do not find each other")


def test_find_each_other(pair):
    a, b = pair
    for node in pair:
        node.configure(p2p={"mdns": True})
    meet(a, b)

    def connections():
        return a.network("connections", "--json").json["connections"]

    # By an address of the network that joins them. Both may have dialled; one connection is kept.
    a.wait_for(lambda: len(connections()) == 1, 20, "they do not settle on one connection")
    (connection,) = connections()
    assert b.machine.ip in connection["remote"], connection


def test_find_each_other_in_a_private_network(pair):
    a, b = pair
    for node in pair:
        node.configure(p2p={"mdns": True})
    a.cli("network", "swarm", "new")
    b.cli("network", "swarm", "join", a.user_dir / "swarm.key")
    meet(a, b)


@pytest.mark.parametrize("setting", ["off", "one", "other-network"])
def test_nobody_is_found_who_does_not_want_it(pair, setting):
    a, b = pair
    if setting != "off":
        a.configure(p2p={"mdns": True})
    if setting == "other-network":
        b.configure(p2p={"mdns": True})
        b.cli("network", "swarm", "new")
    a.start(), b.start()
    time.sleep(4 * PATIENCE)
    assert peers(a) == [] and peers(b) == []
    known = [peer["id"] for peer in a.network("peers", "--json").json["peers"]]
    assert b.peer not in known
