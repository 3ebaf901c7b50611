# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Where the acceptance features run: on the testbed, or, where that cannot be had, on plain loopback.

    with open_bed("acceptance.yaml", directory) as bed:
        bed.host("alice").node.start()
"""

import contextlib
import os
import sys
from pathlib import Path

from node import SOURCE, Node, wind_down

TESTBED = SOURCE / "tests" / "testbed"
# The actors of the scenarios. The organisation is a key without a machine.
HOSTS = ("alice", "bob", "charlie", "carol", "dave")


class LoopbackHost:
    """A node among others on this machine's loopback."""

    def __init__(self, name, directory, config):
        self.name = name
        self.address = "127.0.0.1"
        self.node = Node(directory, config=config).set_up()


class LoopbackBed:
    """What the testbed offers, as far as it goes without name spaces: nothing can be cut off or slowed down."""

    can_part = False

    def __init__(self, directory, config):
        self.hosts = {name: LoopbackHost(name, Path(directory) / name, config(name)) for name in HOSTS}

    def host(self, name):
        return self.hosts[name]

    def collect(self):
        """Everything lies in the directory of the run already."""

    def down(self):
        for host in self.hosts.values():
            with contextlib.suppress(AssertionError):
                wind_down(host.node)


def has_testbed():
    return (TESTBED / "testbed.py").exists() and os.geteuid() == 0 and not os.environ.get("DMS_ACCEPTANCE_LOOPBACK")


@contextlib.contextmanager
def open_bed(topology, directory, config=lambda name: {}):
    if has_testbed():
        if str(TESTBED) not in sys.path:
            sys.path.insert(0, str(TESTBED))
        from testbed import Testbed
        with Testbed.up(topology, directory) as bed:
            bed.can_part = True
            yield bed
        return
    bed = LoopbackBed(directory, config)
    try:
        yield bed
    finally:
        bed.down()
