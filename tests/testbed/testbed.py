# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Real daemons in network name spaces: hosts, NATs, and an internet with distance, loss, rate and partitions.

    with Testbed.up("three-regions", directory) as bed:
        alice = bed.host("alice")
        alice.node.actor("/dms/node/peers/list")
        bed.partition([["eu"], ["us", "asia"]])

docs/testbed.md has the whole of it.
"""

import concurrent.futures
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "integration")]

import control  # noqa: E402
import network  # noqa: E402
import topology as topologies  # noqa: E402
from bed_node import CLOCK, P2P_PORT, BedNode, RemoteProcess  # noqa: E402
from control import BedError  # noqa: E402
from key_file import write_key_file  # noqa: E402
from node import BUILD, NUNET, PASSPHRASE, PATIENCE, Node  # noqa: E402
from supervisor import sweep  # noqa: E402
from topology import TopologyError  # noqa: E402,F401

HERE = Path(__file__).resolve().parent
ENTER = BUILD / "tests" / "testbed" / "testbed-enter"
RELAY = BUILD / "tests" / "testbed" / "testbed-relay"
SUPERVISOR = HERE / "supervisor.py"
AT_ONCE = 8
# What a bed makes in the folder of its run, beside what is collected.
FOLDERS = ("hosts", "organisation", "captures", "etc")
FILES = ("topology.json", "layout.json", "bed.json", "lock", "supervisor.log", "invitation", control.SOCKET)
# Longer than the supervisor lets programs take.
DOWN = 15 * PATIENCE
HELLO_DELAY_MS = 500


@functools.lru_cache
def find_obstacle():
    """Why no bed can be made here, in words; None if one can."""
    if os.geteuid() != 0:
        return "a test bed makes network name spaces, which only root may: run it by sudo"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun, out of which the internet of a test bed is made"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program) is None:
            return f"there is no `{program}`: apt-get install {package}"
    for path in (NUNET, RELAY, ENTER, CLOCK):
        if not path.exists():
            return f"{path} is not built: ./dev build"
    # Containers may be root, and not be allowed to.
    tried = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "--net", "ip", "link", "set", "lo", "up"],
                           capture_output=True, text=True, check=False)
    return f"network name spaces cannot be made here: {tried.stderr.strip()}" if tried.returncode else None


class Place:
    """Somewhere in the bed where programs can be run: a host or a NAT."""

    def __init__(self, bed, name, layout):
        self.bed = bed
        self.name = name
        self.address = layout["address"]
        self.public_address = layout["public_address"]
        self.site = layout["site"]

    @property
    def prefix(self):
        """In front of a command line it makes it run here."""
        return [str(ENTER), str(self.bed.supervisor), self.name]

    @property
    def env(self):
        return dict(os.environ)

    def run(self, words, timeout=60, **kwargs):
        """A program, to its end; answers subprocess.CompletedProcess with its output as text."""
        kwargs = {"capture_output": True, "text": True, "env": self.env, "check": False, **kwargs}
        return subprocess.run([*self.prefix, *map(str, words)], timeout=timeout, **kwargs)

    def popen(self, words, **kwargs):
        """A program that goes on; it ends with this process at the latest."""
        return subprocess.Popen([*self.prefix, *map(str, words)], **{"env": self.env, **kwargs})

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket of this process that is in the network of this place."""
        return self.bed.ask("socket", host=self.name, family=int(family), kind=int(kind))["socket"]

    def access(self, **changes):
        """Changes its line to the internet: delay_ms, loss, up_mbit, down_mbit. Those behind one NAT share it."""
        self.bed.change_access(self.site, changes)


class Nat(Place):
    def __init__(self, bed, name, layout):
        super().__init__(bed, name, layout)
        self.kind = layout["kind"]


class Host(Place):
    def __init__(self, bed, name, layout, attached):
        super().__init__(bed, name, layout)
        self.settings = bed.topology["hosts"][name]
        self.region = self.settings["region"]
        self.nat = layout["nat"]
        self.address6 = layout["address6"]
        self.node = BedNode(self, bed.run_dir / "hosts" / name, self.make_config(), attached)
        if not attached and self.settings["skew_s"]:
            self.skew(self.settings["skew_s"])

    def make_config(self):
        listen = [f"/ip4/0.0.0.0/tcp/{P2P_PORT}", f"/ip4/0.0.0.0/udp/{P2P_PORT}/quic-v1"]
        if self.address6:
            listen += [f"/ip6/::/tcp/{P2P_PORT}", f"/ip6/::/udp/{P2P_PORT}/quic-v1"]
        config = {"rest": {"port": 9999},
                  "p2p": {"listen_address": listen, "bootstrap_peers": [], "hello_delay_ms": HELLO_DELAY_MS},
                  "general": {f"host_{key}": value for key, value in self.settings["location"].items()}}
        for section, members in self.settings["config"].items():
            config.setdefault(section, {}).update(members)
        return config

    def clock_env(self, clock_file):
        env = {"LD_PRELOAD": str(CLOCK), "DMS_TESTBED_CLOCK": str(clock_file)}
        if "ASAN_OPTIONS" in os.environ:
            env["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        return env

    @property
    def env(self):
        """Programs that are run here see the clock of this host, unless they are linked statically."""
        return {**os.environ, **self.clock_env(self.node.clock_file)}

    def skew(self, seconds):
        """From now on the clock of daemon and command line is so many seconds ahead (behind, if negative)."""
        with open(self.node.clock_file, "r+b") as file:
            file.write(struct.pack("=q", round(seconds * 1e9)))

    @property
    def skew_s(self):
        return struct.unpack("=q", self.node.clock_file.read_bytes())[0] / 1e9


class Testbed:
    """Made by up() or attach()."""

    __test__ = False

    def __init__(self, run_dir, topology, layout):
        self.run_dir = Path(run_dir).resolve()
        self.topology = topology
        self.layout = layout
        self.supervisor = 0
        self.keeper = None
        self.hosts = {}
        self.nats = {}
        self.organisation = None
        self.joined = set()
        self.times = {}

    # --- up and down ---

    @classmethod
    def up(cls, topology, run_dir, start=True, capture=None):
        """Brings up the hosts of a topology, and their daemons if they are to be started; the bed ends with this process."""
        obstacle = find_obstacle()
        if obstacle:
            raise BedError(obstacle)
        description = topologies.load(topology)
        if capture is not None:
            description["capture"] = capture
        run_dir = Path(run_dir)
        run_dir.mkdir(parents=True, exist_ok=True)
        bed = cls(run_dir, description, network.plan(description))
        if bed.is_up():
            raise BedError(f"a bed is up in {run_dir} already: end it with `./dev testbed down`")
        bed.clear()
        try:
            bed.come_up(start)
        except BaseException:
            bed.down(grace=0)
            raise
        return bed

    def come_up(self, start):
        began = time.monotonic()
        for name, value in (("topology.json", self.topology), ("layout.json", self.layout)):
            (self.run_dir / name).write_text(json.dumps(value, indent=4))
        with open(self.run_dir / "supervisor.log", "ab") as log:
            self.keeper = subprocess.Popen([sys.executable, "-S", str(SUPERVISOR), str(self.run_dir)],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                           start_new_session=True)
        # Meanwhile: it needs no network.
        self.make_places(attached=False)
        self.in_parallel(lambda host: host.node.set_up(), self.hosts.values())
        self.meet()
        self.times["identities"] = time.monotonic() - began
        line = self.keeper.stdout.readline()
        answer = json.loads(line or "{}")
        if "error" in answer or not line:
            tail = (self.run_dir / "supervisor.log").read_text(errors="replace")[-2000:]
            raise BedError(answer.get("error") or f"the supervisor ended:\n{tail}")
        self.supervisor = json.loads((self.run_dir / "bed.json").read_text())["supervisor"]
        for host in self.hosts.values():
            host.node.prefix = host.prefix
        self.times["network"] = time.monotonic() - began
        if self.topology["organisation"]:
            self.trust_all()
        self.times["organisation"] = time.monotonic() - began
        if start:
            self.start_daemons()
        self.times["daemons"] = time.monotonic() - began

    def make_places(self, attached):
        self.nats = {name: Nat(self, name, layout) for name, layout in self.layout["nats"].items()}
        self.hosts = {name: Host(self, name, layout, attached) for name, layout in self.layout["hosts"].items()}

    def meet(self):
        """Everybody is told of the bootstrap peers, unless the topology says otherwise."""
        known = {name: host.node.multiaddrs for name, host in self.hosts.items() if "bootstrap" in host.settings["roles"]}
        for name, host in self.hosts.items():
            if "bootstrap_peers" not in host.settings["config"].get("p2p", {}):
                host.node.configure(p2p={"bootstrap_peers": [address for other, addresses in known.items()
                                                             if other != name for address in addresses]})

    def start_daemons(self):
        hosts = [host for host in self.hosts.values() if host.settings["daemon"]]
        for host in hosts:
            host.node.start(wait=False)
        self.in_parallel(lambda host: host.node.wait_ready(60), hosts)
        self.in_parallel(lambda host: host.node.onboard(**host.settings["onboard"]),
                         [host for host in hosts if host.settings["onboard"] is not None])

    @staticmethod
    def in_parallel(task, items):
        items = list(items)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(items, pool.map(task, items)))

    @classmethod
    def attach(cls, run_dir):
        """A bed that is up already, started by another process."""
        run_dir = Path(run_dir)
        try:
            files = [json.loads((run_dir / name).read_text()) for name in ("topology.json", "layout.json", "bed.json")]
        except FileNotFoundError:
            raise BedError(f"no bed is up in {run_dir}: start it with `./dev testbed up`") from None
        bed = cls(run_dir, files[0], files[1])
        bed.supervisor = files[2]["supervisor"]
        bed.make_places(attached=True)
        for program in bed.status()["programs"]:
            if program["status"] is None and program["words"][0] == str(NUNET):
                bed.hosts[program["host"]].node.process = RemoteProcess(bed, program["pid"])
        return bed

    def detach(self):
        """The bed stays up when this process ends; somebody else calls down()."""
        self.keeper.stdin.write(b"detach\n")
        self.keeper.stdin.close()
        self.keeper.stdout.close()
        # It is nobody's child any more.
        self.keeper.returncode = 0
        self.keeper = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                self.collect()
        finally:
            self.down()

    def is_up(self):
        """Whether anybody holds the lock of the folder."""
        try:
            fd = os.open(self.run_dir / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        finally:
            os.close(fd)

    def down(self, grace=None):
        """Ends everything of the bed; the logs stay in the folder of the run."""
        for host in self.hosts.values():
            host.node.forget()
        with contextlib.suppress(BedError):
            self.ask("down", grace=grace)
        if not self.wait_down(DOWN):
            # It does not listen: then the kernel does it.
            with contextlib.suppress(OSError, ValueError):
                note = json.loads((self.run_dir / "bed.json").read_text())
                os.kill(note["supervisor"], signal.SIGKILL)
            if not self.wait_down(DOWN):
                raise BedError(f"the bed in {self.run_dir} does not end: look at supervisor.log there")
        # Where both that would do it were killed.
        if self.run_dir.exists():
            sweep(self.run_dir)
        if self.keeper is not None:
            self.keeper.stdin.close()
            self.keeper.wait()
            self.keeper.stdout.close()
            self.keeper = None

    def clear(self):
        """Removes what an earlier bed left in its folder, but what was collected for people."""
        if not (self.run_dir / "lock").exists():
            return
        for path in self.run_dir.iterdir():
            if path.is_dir() and path.name in FOLDERS:
                shutil.rmtree(path)
            elif path.name in FILES:
                path.unlink()

    def wait_down(self, seconds):
        deadline = time.monotonic() + seconds
        while self.is_up():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    # --- while it is up ---

    def ask(self, verb, **request):
        return control.ask(self.run_dir, do=verb, **request)

    def host(self, name):
        if name not in self.hosts:
            raise BedError(f"there is no host “{name}”; there are: {', '.join(self.hosts)}")
        return self.hosts[name]

    def nat(self, name):
        if name not in self.nats:
            raise BedError(f"there is no NAT “{name}”; there are: {', '.join(self.nats) or 'none'}")
        return self.nats[name]

    def place(self, name):
        return self.nats[name] if name in self.nats else self.host(name)

    def status(self):
        return self.ask("status")

    def partition(self, sets):
        """Nothing gets from a host of one set to one of another; sets are lists of hosts or regions.

        A host that is in none of them still reaches everybody. Another partition replaces this one.
        """
        self.ask("partition", sets=[sorted(members) for members in sets])

    def heal(self):
        self.ask("heal")

    def link(self, a, b, one_way=False, **changes):
        """Changes delay_ms (one way), loss and rate_mbit from one region to another and back, or within one."""
        known = topologies.read_line(changes, topologies.Place(f"link {a} {b}"))
        unknown = set(changes) - set(known)
        if unknown:
            raise BedError(f"a link has no {', '.join(sorted(unknown))}; it has {', '.join(known)}")
        self.ask("link", between=[a, b], one_way=one_way, **changes)

    def change_access(self, site, changes):
        known = topologies.read_access({"access": changes}, "access", topologies.Place(site))
        self.ask("access", site=site, **{key: known[key] for key in changes})

    def trust_all(self):
        """Everybody joins one organisation, whose members may do to each other what the topology says."""
        settings = self.topology["organisation"] or topologies.DEFAULT_ORGANISATION
        if self.organisation is None:
            self.organisation = self.make_organisation(settings)
        words = [word for right in settings["rights"] for word in ("--cap", right)]
        invitation = self.organisation.cli("cap", "invite", "-c", self.organisation.owner, "--duration", "720h", *words,
                                           "--topic", "/nunet").out
        (self.run_dir / "invitation").write_text(invitation)
        members = [host for host in self.hosts.values() if host.node is not self.organisation
                   and host.name not in self.joined]
        self.in_parallel(lambda host: host.node.cli("cap", "join", self.run_dir / "invitation", "--yes"), members)
        self.joined.update(host.name for host in members)

    def make_organisation(self, settings):
        """Either one of the hosts, or a key that nobody's daemon has."""
        if settings["host"]:
            return self.hosts[settings["host"]].node
        node = Node(self.run_dir / "organisation", name=settings["name"])
        node.owner = settings["name"]
        write_key_file(node.user_dir / "key" / f"{node.owner}.json", node.owner, PASSPHRASE)
        node.cli("cap", "new", node.owner)
        return node

    def collect(self, folder=None):
        """What logs and nodes have to say now, in one folder, whose path is the answer."""
        from collect import collect

        return collect(self, folder)
