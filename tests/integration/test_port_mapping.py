# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A daemon behind a router that speaks NAT-PMP: the other machine of the network."""

import subprocess
import sys

import pytest

from node import PATIENCE
from test_libp2p_nodes import PLUGIN, NodeOnMachine, addresses, machines, nodes  # pylint: disable=unused-import

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")

# RFC 6886, sections 3.2 and 3.3. It says what it was asked: protocol, inner port, seconds.
ROUTER = """
import socket, struct
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("10.213.7.2", 5351))
print("ready", flush=True)
while True:
    asked, sender = wire.recvfrom(100)
    if asked[1] == 0:
        wire.sendto(struct.pack("!BBHI4B", 0, 128, 0, 1, 198, 51, 100, 7), sender)
        continue
    kind, inner, seconds = asked[1], *struct.unpack("!H2xI", asked[4:12])
    print({1: "udp", 2: "tcp"}[kind], inner, seconds, flush=True)
    wire.sendto(struct.pack("!BBHIHHI", 0, 128 + kind, 0, 1, inner, 41000 + kind if seconds else 0, seconds), sender)
"""


@pytest.fixture
def router(machines, tmp_path):  # pylint: disable=redefined-outer-name
    subprocess.run(["ip", "-n", machines["a"].name, "route", "add", "default", "via", machines["b"].ip], check=True)
    log = tmp_path / "router.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([*machines["b"].prefix, sys.executable, "-c", ROUTER], stdout=out)
    yield log
    process.kill()
    process.wait()


def test_ports_are_passed_on_and_given_back(tmp_path, machines, router):  # pylint: disable=redefined-outer-name
    with nodes(tmp_path, "a", node_class=NodeOnMachine, machines=machines) as (a,):
        a.configure(p2p={"port_mapping": True})
        a.wait_for(lambda: "ready" in router.read_text(), 10, "no router")
        a.start()
        a.wait_for(lambda: any("198.51.100.7" in text for text in addresses(a)), 10 * PATIENCE, "nothing is passed on")
        outer = [text.split("/p2p/")[0] for text in addresses(a) if "198.51.100.7" in text]
        assert sorted(outer) == ["/ip4/198.51.100.7/tcp/41002", "/ip4/198.51.100.7/udp/41001/quic-v1"]
        # Who hears nothing for a quarter of a second asks again: how often it was asked depends on the machine.
        asked = router.read_text().splitlines()[1:]
        assert set(asked) == {"tcp 9000 7200", "udp 9000 7200"}
        a.stop()
    assert set(router.read_text().splitlines()[1 + len(asked):]) == {"tcp 9000 0", "udp 9000 0"}
