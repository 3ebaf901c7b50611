# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps a bed: the first process of a process name space, in a network and a mount name space of the bed's own.

When it ends, however it ends, the kernel ends every process of the bed, and with the last of them every name space, device
and rule is gone. A second process outside, the keeper, waits for that and removes what is in file systems: the control
socket and the groups of jobs (cgroups). If the keeper is killed, the supervisor notices, and does both.

    supervisor.py DIRECTORY

The directory has topology.json and layout.json. Standard input is the lifeline: unless `detach` was written to it, the bed
ends when it is closed, which is when the client is gone. One line on standard output says `{}` when the bed is up, or
`{"error": …}`.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import control
import network
from control import BedError
from partition import find_cuts
from relay import Relay, RelayError

CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
CONTROLLERS = {"memory", "cpu", "pids", "freezer", "cpuacct"}
PROGRAMS = Path(os.environ.get("DMS_BUILD_ROOT", Path(__file__).parents[2] / "build")) / "tests" / "testbed"
# How long programs may take to stop by themselves.
GRACE = 5 * float(os.environ.get("DMS_TEST_PATIENCE", "1"))
SWEEP = 5
# And how long those that started them from outside to take note.
RELEASE = 1
CAPTURE_MB, CAPTURE_FILES, CAPTURE_BYTES = 8, 2, 512
MAX_CHILDREN = 4096

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        raise BedError(f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind=None, flags=0):
    check(libc.mount(source.encode(), str(target).encode(), kind and kind.encode(), flags, None), f"mount on {target}")


def groups_of_machine():
    """Where cgroups are mounted that jobs are put in: (path, is it version 2)."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            before, _, after = line.partition(" - ")
            kind, _, options = after.split(" ", 2)
            if kind == "cgroup2" or (kind == "cgroup" and CONTROLLERS & set(options.strip().split(","))):
                yield Path(before.split()[4]), kind == "cgroup2"


def group_name(directory):
    return "dms-testbed-" + hashlib.sha256(os.path.realpath(directory).encode()).hexdigest()[:12]


def sweep(directory):
    """Removes what the kernel does not: groups of jobs, the socket, and the note who keeps the bed."""
    deadline = time.monotonic() + SWEEP
    for point, _ in list(groups_of_machine()):
        top = point / group_name(directory)
        # A group can be removed when its last process is gone, which may take the kernel a moment.
        while top.exists() and time.monotonic() < deadline:
            for path, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            if top.exists():
                time.sleep(0.02)
    for name in (control.SOCKET, "bed.json"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(directory, name))


class Supervisor:
    def __init__(self, directory, keeper):
        self.directory = Path(directory)
        self.topology = json.loads((self.directory / "topology.json").read_text())
        self.layout = json.loads((self.directory / "layout.json").read_text())
        self.links = {(a, b): line for a, b, line in self.topology["links"]}
        self.links.update({(name, name): line for name, line in self.topology["regions"].items()})
        self.access = {site["name"]: site["access"] for site in self.layout["sites"]}
        self.partition = []
        self.keeper = keeper
        self.children = {}
        self.ending = None
        self.began = time.time()

    # --- coming up ---

    def make_mounts(self):
        check(libc.unshare(CLONE_NEWNS | network.CLONE_NEWNET), "cannot make name spaces")
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        groups = list(groups_of_machine())
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("tmpfs", network.NETNS, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        for point, is_unified in groups:
            own = point / group_name(self.directory)
            # Controllers that the machine does not hand down are not there for jobs either, as everywhere.
            with contextlib.suppress(OSError):
                if is_unified:
                    (point / "cgroup.subtree_control").write_text("+cpu +memory +pids")
            with contextlib.suppress(OSError):
                own.mkdir(exist_ok=True)
                mount(str(own), point, None, MS_BIND)
        etc = self.directory / "etc"
        etc.mkdir(exist_ok=True)
        names = ["127.0.0.1 localhost", "::1 localhost"]
        names += [f"{place['address']} {name}" for name, place in {**self.layout["nats"], **self.layout["hosts"]}.items()]
        (etc / "hosts").write_text("".join(line + "\n" for line in names))
        # Nobody answers questions about other names, and at once.
        (etc / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        for name in ("hosts", "resolv.conf"):
            if Path("/etc", name).exists():
                mount(str(etc / name), f"/etc/{name}", None, MS_BIND)

    def come_up(self):
        self.make_mounts()
        fds = network.build(self.topology, self.layout)
        self.relay = Relay(str(PROGRAMS / "testbed-relay"), self.topology, self.layout, fds, sys.stderr)
        for fd in fds:
            os.close(fd)
        # Packets leave when they are due, also where everything else waits for a processor.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(self.relay.process.pid, os.SCHED_RR, os.sched_param(1))
        self.server = control.listen(self.directory)
        if self.topology["capture"]:
            for name in self.layout["hosts"]:
                self.capture(name)

    def capture(self, name):
        if shutil.which("tcpdump") is None:
            raise BedError("the topology asks for packet captures, and there is no tcpdump: apt-get install tcpdump")
        folder = self.directory / "captures"
        folder.mkdir(exist_ok=True)
        self.spawn(name, ["tcpdump", "-i", "any", "-n", "-U", "-Z", "root", "-s", str(CAPTURE_BYTES), "-C", str(CAPTURE_MB),
                          "-W", str(CAPTURE_FILES), "-w", str(folder / f"{name}.pcap")],
                   dict(os.environ), str(folder), str(folder / f"{name}.log"))

    # --- programs ---

    def spawn(self, host, words, env, directory, log):
        if len(self.children) >= MAX_CHILDREN:
            for pid in [pid for pid, child in self.children.items() if child["status"] is not None]:
                del self.children[pid]
        with network.Inside(host), open(log, "ab") as output:
            process = subprocess.Popen(words, env=env, cwd=directory, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        # Only this table asks how it ended; kept, so that the module does not ask either.
        self.children[process.pid] = {"host": host, "process": process, "words": words, "status": None}
        return process.pid

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.children:
                self.children[pid]["status"] = os.waitstatus_to_exitcode(status)
                self.children[pid]["process"].returncode = self.children[pid]["status"]
            if pid == self.relay.process.pid:
                print(f"the relay ended with {os.waitstatus_to_exitcode(status)}", file=sys.stderr, flush=True)
                self.end()

    def end(self, grace=None):
        if self.ending is None:
            self.ending = time.monotonic() + (GRACE if grace is None else grace)
            for pid, child in self.children.items():
                if child["status"] is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)

    def is_over(self):
        return self.ending is not None and (time.monotonic() >= self.ending or
                                            all(child["status"] is not None for child in self.children.values()))

    # --- requests ---

    def child(self, pid):
        if pid not in self.children:
            raise BedError(f"this bed has not started a process {pid}")
        return self.children[pid]

    def on_spawn(self, host, words, env, directory, log):
        return {"pid": self.spawn(host, words, env, directory, log)}

    def on_poll(self, pid):
        return {"status": self.child(pid)["status"]}

    def on_signal(self, pid, number):
        if self.child(pid)["status"] is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return {}

    def on_socket(self, host, family, kind):
        with network.Inside(host):
            made = socket.socket(family, kind)
        return {"socket": made}

    def on_partition(self, sets):
        cuts = find_cuts(self.topology, self.layout, sets)
        for nat in self.layout["nats"]:
            lines = ["flush set inet filter cut", "flush set bridge lan cut"]
            for a, b in cuts.addresses.get(nat, ()):
                lines.append(f"add element inet filter cut {{ {a} . {b}, {b} . {a} }}")
            for a, b in cuts.ports.get(nat, ()):
                lines.append(f'add element bridge lan cut {{ "{a}" . "{b}", "{b}" . "{a}" }}')
            if self.partition or len(lines) > 2:
                with network.Inside(nat):
                    network.run(["nft", "-f", "-"], "".join(line + "\n" for line in lines))
        self.relay.set_cuts(cuts.sites)
        self.partition = sets
        return {}

    def on_heal(self):
        return self.on_partition([])

    def on_link(self, between, one_way, **changes):
        for name in between:
            if name not in self.topology["regions"]:
                raise BedError(f"there is no region “{name}”; there are: {', '.join(self.topology['regions'])}")
        ways = {tuple(between)} | (set() if one_way else {tuple(reversed(between))})
        for way in ways:
            self.links[way] = {**self.links[way], **changes}
        self.relay.do([self.relay.link_line(a, b, self.links[a, b]) for a, b in ways])
        return {}

    def on_access(self, site, **changes):
        self.access[site] = {**self.access[site], **changes}
        self.relay.do(self.relay.access_lines(site, self.access[site]))
        return {}

    def on_status(self):
        stats = self.relay.stats()
        regions = self.relay.regions
        return {"seconds": time.time() - self.began, "partition": self.partition,
                "links": [{"from": a, "to": b, **line, **stats["links"][regions.index(a) * len(regions) + regions.index(b)]}
                          for (a, b), line in self.links.items()],
                "sites": {name: {**self.access[name], **stats["sites"][index]}
                          for name, index in self.relay.sites.items()},
                "programs": [{"pid": pid, "host": child["host"], "words": child["words"], "status": child["status"]}
                             for pid, child in self.children.items()]}

    def on_down(self, grace):
        self.end(grace)
        return {}

    def serve(self):
        with contextlib.suppress(OSError, ValueError):
            connection, _ = self.server.accept()
            with connection:
                connection.settimeout(5)
                data = b""
                while not data.endswith(b"\n") and len(data) < control.MAX_MESSAGE:
                    more = connection.recv(control.CHUNK)
                    if not more:
                        return
                    data += more
                request = json.loads(data)
                try:
                    reply = getattr(self, "on_" + request.pop("do"))(**request)
                except (BedError, RelayError, network.NetworkError, OSError) as error:
                    reply = {"error": str(error)}
                except (AttributeError, TypeError, KeyError) as error:
                    reply = {"error": f"no such request: {error}"}
                made = reply.pop("socket", None)
                fds = [made.fileno()] if made else []
                socket.send_fds(connection, [json.dumps(reply).encode() + b"\n"], fds)
                if made:
                    made.close()

    def run(self):
        """Until somebody says so, or whoever wanted the bed is gone."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.end())
        selector = selectors.DefaultSelector()
        for fd, name in ((reader, "signal"), (self.server, "request"), (self.keeper, "keeper"), (0, "lifeline")):
            selector.register(fd, selectors.EVENT_READ, name)
        self.reap()
        while not self.is_over():
            pause = None if self.ending is None else max(0, self.ending - time.monotonic())
            for key, _ in selector.select(pause):
                if key.data == "signal":
                    with contextlib.suppress(BlockingIOError):
                        os.read(reader, 4096)
                    self.reap()
                elif key.data == "request":
                    self.serve()
                elif key.data == "keeper":
                    selector.unregister(key.fd)
                    self.end(0)
                elif os.read(0, 4096).strip() == b"detach":
                    selector.unregister(0)
                else:
                    selector.unregister(0)
                    self.end(0)


def supervise(directory, keeper):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    supervisor = Supervisor(directory, keeper)
    try:
        supervisor.come_up()
        # The client reads it next, and the keeper may not have come to it.
        deadline = time.monotonic() + GRACE
        while not os.path.exists(os.path.join(directory, "bed.json")) and time.monotonic() < deadline:
            time.sleep(0.005)
    except (BedError, RelayError, network.NetworkError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    print("{}", flush=True)
    os.close(1)
    supervisor.run()
    # Without the keeper nobody else does it: all programs are ended first, as the kernel does it after this process.
    with contextlib.suppress(OSError):
        if not os.read(keeper, 1):
            kill_all()
            for point in {point for point, _ in groups_of_machine()}:
                # Below it is what the machine has there.
                libc.umount2(str(point).encode(), MNT_DETACH)
            sweep(directory)
    return 0


def kill_all():
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def release(pid):
    """Waits for the supervisor, which is ending; answers its status.

    The kernel lets it go when all that was inside is reaped. Who started programs inside, from outside, has to do that,
    and may be stopped, or be hanging: then they are ended too.
    """
    space = os.readlink("/proc/self/ns/pid_for_children")
    patience = time.monotonic() + RELEASE
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        if time.monotonic() > patience:
            for folder in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if os.readlink(folder / "ns" / "pid_for_children") == space and int(folder.name) != os.getpid():
                        os.kill(int(folder.name), signal.SIGKILL)
        time.sleep(0.01)


def main(directory):
    lock = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(json.dumps({"error": f"a bed is up in {directory} already: end it with `./dev testbed down`"}), flush=True)
        return 1
    sweep(directory)
    made = not os.path.exists(network.NETNS)
    os.makedirs(network.NETNS, exist_ok=True)
    check(libc.unshare(CLONE_NEWPID), "cannot make a process name space")
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    watch, alive = os.pipe2(os.O_CLOEXEC)
    # Both have the lock: the bed is down when neither is left.
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.close(watch)
        os._exit(supervise(directory, reader))
    os.close(alive)
    os.close(reader)
    for fd in (0, 1):
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    note = {"supervisor": pid, "keeper": os.getpid()}
    temporary = os.path.join(directory, "bed.json.new")
    Path(temporary).write_text(json.dumps(note))
    os.rename(temporary, os.path.join(directory, "bed.json"))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(pid, signal.SIGTERM))
    # What is open of a process is closed before the kernel waits for the rest of its name space.
    os.read(watch, 1)
    status = release(pid)
    sweep(directory)
    if made:
        with contextlib.suppress(OSError):
            os.rmdir(network.NETNS)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except BedError as failure:
        print(json.dumps({"error": str(failure)}), flush=True)
        sys.exit(1)
