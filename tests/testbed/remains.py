# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Looks for what a bed has left behind on the machine."""

import contextlib
import os
import re
import subprocess
import time
from pathlib import Path

import control
import supervisor

SPACES = ("net", "mnt", "pid")
DEVICE = re.compile(r"^(site\d+|[lw]an\d+)$")
TABLES = ("table bridge lan",)


def _links(folder):
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield os.readlink(os.path.join(folder, name))


class Spaces(set):
    """Name spaces as /proc names them. They are held open: else the kernel gives their numbers to the next ones made on
    this machine, and who is in those would be taken for somebody left behind."""

    def __init__(self, paths):
        self.held = [os.open(path, os.O_RDONLY | os.O_CLOEXEC) for path in paths]
        super().__init__(os.readlink(f"/proc/self/fd/{fd}") for fd in self.held)

    def __del__(self):
        for fd in self.held:
            os.close(fd)


def spaces_of(bed):
    """The bed's name spaces: what nobody but the caller may be in later."""
    spaces = Spaces([f"/proc/{bed.supervisor}/ns/{kind}" for kind in SPACES] +
                    list(Path(f"/proc/{bed.supervisor}/root/run/netns").iterdir()))
    assert len(spaces) == len(SPACES) + len(bed.hosts) + len(bed.nats)
    return spaces


def users_of(spaces):
    """Processes in one of the name spaces, or with a hold on it by a descriptor or a mount."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        held = set(_links(folder / "ns")) | set(_links(folder / "fd"))
        with contextlib.suppress(OSError):
            held |= {line.split()[3] for line in (folder / "mountinfo").read_text().splitlines() if " nsfs " in line}
        if held & spaces:
            with contextlib.suppress(OSError):
                found.append((folder.name, (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
    return found


def machine():
    """What of this machine a bed might touch. Other programs may make name spaces, devices and rules at the same time."""
    rules = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    return {"rules": [line for line in rules.splitlines() if line in TABLES],
            "devices": sorted(name for name in os.listdir("/sys/class/net") if DEVICE.match(name)),
            "hosts": Path("/etc/hosts").read_bytes(), "name servers": Path("/etc/resolv.conf").read_bytes(),
            "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "testbed" in line]}


def find(run_dir, spaces, before, seconds=10, known=()):
    """What is left of the bed, in words; it may take the kernel a moment to do away with it. `known` are processes."""
    deadline = time.monotonic() + seconds
    while True:
        # On a machine that is busy a look takes seconds: only one that began after all that time says what is left.
        is_last = time.monotonic() > deadline
        left = [f"process {pid} is in a name space of the bed: {words}" for pid, words in users_of(spaces)]
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes()
                if str(run_dir).encode() in words and int(folder.name) not in (os.getpid(), *known):
                    left.append(f"process {folder.name} runs: {words!r}")
        for point, _ in supervisor.groups_of_machine():
            if (point / supervisor.group_name(run_dir)).exists():
                left.append(f"the group {point / supervisor.group_name(run_dir)} is there")
        left += [f"{path} is there" for path in map(Path(run_dir).joinpath, (control.SOCKET, "bed.json")) if path.exists()]
        left += [f"{name} of the machine changed: {value}" for name, value in machine().items() if value != before[name]]
        if not left or is_last:
            return left
        time.sleep(0.05)
