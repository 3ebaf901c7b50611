# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A daemon and a node of js-libp2p on two machines of one network that find each other by Multicast DNS."""

import subprocess

import pytest

from peer import JS, Peer, install_js
from test_libp2p_nodes import NodeOnMachine, machines, nodes, peers  # pylint: disable=unused-import


@pytest.fixture
def js(machines, tmp_path):  # pylint: disable=redefined-outer-name
    # It sends by the default route.
    subprocess.run(["ip", "-n", machines["b"].name, "route", "add", "default", "via", machines["a"].ip], check=True)
    peer = Peer([*machines["b"].prefix, install_js(), "--no-warnings", JS / "js-peer.mjs"], tmp_path, "js")
    peer.start(listen=[f"/ip4/{machines['b'].ip}/tcp/0"], discover=True)
    yield peer
    peer.stop()


def test_each_finds_the_other(tmp_path, machines, js):  # pylint: disable=redefined-outer-name
    with nodes(tmp_path, "a", node_class=NodeOnMachine, machines=machines) as (a,):
        a.configure(p2p={"mdns": True})
        a.start()
        heard = js.event("discovered", timeout=20, peer=a.peer)
        assert any(machines["a"].ip in text for text in heard["addresses"]), heard
        # The daemon connects to whom it finds.
        a.wait_for(lambda: peers(a) == [js.id], 20, "js-libp2p is not found")
        assert a.peer in [connection["peer"] for connection in js.ask("connections")["connections"]]
