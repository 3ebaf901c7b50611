# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Where the acceptance features run: on the testbed, or, where that cannot be had, on plain loopback.

    with open_bed("acceptance.yaml", directory) as bed:
        bed.host("alice").node.start()
"""

import contextlib
import fcntl
import json
import os
import signal
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
            # Jobs outlive their daemon, and what nobody wants any more must not outlive the scenario.
            for path in (host.node.work_dir / "jobs").rglob("status.json"):
                self.end_job(path)

    @staticmethod
    def end_job(path):
        with contextlib.suppress(OSError, ValueError, KeyError), open(path.parent / "lock", "rb") as lock:
            status = json.loads(path.read_text())
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                os.kill(status["shim_pid"], signal.SIGKILL)


def find_obstacle():
    """Why the testbed cannot be had, in words; None if it can."""
    if os.environ.get("DMS_ACCEPTANCE_LOOPBACK"):
        return "loopback was asked for"
    if not (TESTBED / "testbed.py").exists():
        return f"there is no {TESTBED / 'testbed.py'}"
    if str(TESTBED) not in sys.path:
        sys.path.insert(0, str(TESTBED))
    import testbed
    return testbed.find_obstacle()


@contextlib.contextmanager
def open_bed(topology, directory, config=lambda name: {}):
    if find_obstacle() is None:
        from testbed import Testbed
        with Testbed.up(topology, directory, start=False) as bed:
            bed.can_part = True
            yield bed
        return
    bed = LoopbackBed(directory, config)
    try:
        yield bed
    finally:
        bed.down()
