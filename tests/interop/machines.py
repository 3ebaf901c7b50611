# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Machines with public addresses on one cable: network name spaces, whose traffic leaves them nowhere."""

import contextlib
import os
import shutil
import subprocess

import pytest

# No test network of RFC 5737: those are private to js-libp2p.
NETWORK = "45.67.89"
# As a NAT that filters by address: from there comes in only what was sent to before, from wherever there.
FILTER = """
table inet home {
  set asked { type ipv4_addr; flags dynamic, timeout; timeout 60s; }
  chain outwards { type filter hook output priority 0; policy accept; update @asked { ip daddr }; }
  chain inwards { type filter hook input priority 0; policy drop;
    iif lo accept
    ip saddr @asked accept
  }
}
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Machine:
    def __init__(self, name, number):
        self.name = name
        self.ip = f"{NETWORK}.{number}"

    @property
    def prefix(self):
        return ["ip", "netns", "exec", self.name]

    def hide(self):
        """Nobody reaches it whom it has not sent something to before."""
        subprocess.run([*self.prefix, "nft", "-f", "-"], input=FILTER, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def machines(count):
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("nft") is None:
        pytest.skip("network name spaces are made by root, with ip(8) and nft(8)")
    tag = f"dmsi{os.getpid() % 100000}"
    with contextlib.ExitStack() as stack:
        def space(name):
            try:
                ip("netns", "add", name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no network name spaces here: {error.stderr.strip()}")
            stack.callback(ip, "netns", "del", name)

        space(f"{tag}h")
        ip("-n", f"{tag}h", "link", "add", "hub", "type", "bridge")
        ip("-n", f"{tag}h", "link", "set", "hub", "up")
        made = [Machine(f"{tag}{number}", number) for number in range(1, count + 1)]
        for number, machine in enumerate(made):
            space(machine.name)
            # One command makes both ends where they belong, so that none of it is ever among the host's devices.
            ip("link", "add", "eth0", "netns", machine.name, "type", "veth", "peer", "name", f"port{number}", "netns",
               f"{tag}h")
            ip("-n", f"{tag}h", "link", "set", f"port{number}", "master", "hub", "up")
            ip("-n", machine.name, "addr", "add", machine.ip + "/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", machine.name, "link", "set", device, "up")
        yield made
