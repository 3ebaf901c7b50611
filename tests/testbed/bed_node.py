# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A node of a bed: its daemon and its command line run inside a host."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from control import BedError
from field_client import Identity
from key_file import write_key_file
from node import BUILD, NUNET, PASSPHRASE, Node

REST_PORT = 9999
P2P_PORT = 9000
CLOCK = BUILD / "tests" / "testbed" / "libtestbed-clock.so"
POLL = 0.02


class RemoteProcess:
    """What subprocess.Popen is, for a program that is a child of the bed's supervisor."""

    def __init__(self, bed, inner):
        self.bed = bed
        # Its number inside the bed.
        self.inner = inner
        self.returncode = None

    @property
    def pid(self):
        """Its number outside, where /proc of this machine has it."""
        space = os.readlink(f"/proc/{self.bed.supervisor}/ns/pid")
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(folder / "ns" / "pid") == space:
                    line = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("NSpid"))
                    if int(line.split()[-1]) == self.inner:
                        return int(folder.name)
        raise BedError(f"the process {self.inner} of the bed is gone")

    def poll(self):
        if self.returncode is None:
            try:
                self.returncode = self.bed.ask("poll", pid=self.inner)["status"]
            except BedError:
                if self.bed.is_up():
                    raise
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout=None):
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.inner), timeout)
            time.sleep(POLL)
        return self.returncode

    def send_signal(self, number):
        with contextlib.suppress(BedError):
            self.bed.ask("signal", pid=self.inner, number=int(number))

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Forward:
    """A port of this process's loopback that leads to one inside a host."""

    def __init__(self, host, port):
        self.host = host
        self.target = port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                ours, _ = self.server.accept()
            except OSError:
                return
            try:
                theirs = self.host.socket()
                theirs.connect(("127.0.0.1", self.target))
            except (BedError, OSError):
                ours.close()
                continue
            for source, target in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self.carry, args=(source, target), daemon=True).start()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self):
        # Closing alone does not wake who accepts.
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class BedNode(Node):
    def __init__(self, host, root, config, attached):
        self.host = host
        self.attached = attached
        self.forward = None
        super().__init__(root, config=config, env=None)
        self.port = REST_PORT
        self.identity, self.owner_identity = (self.make_identity(name) for name in (self.name, "user"))
        self.dms_did, self.user_did = self.identity.did, self.owner_identity.did
        self.clock_file = self.root / "clock"
        if not attached:
            self.clock_file.write_bytes(bytes(8))
        self.extra_env = {**host.clock_env(self.clock_file), **host.settings["env"]}
        # Until there is a bed, identities are made outside of it.
        self.prefix = host.prefix if host.bed.supervisor else []

    def make_identity(self, name):
        """The same topology gives the same peer IDs."""
        seed = f"{self.host.bed.topology['seed']} {self.host.name} {name}"
        return Identity(hashlib.sha256(seed.encode()).digest())

    def write_config(self, settings):
        if not self.attached:
            super().write_config(settings)

    @property
    def peer(self):
        return self.identity.peer_id

    @property
    def multiaddrs(self):
        """Where it listens, if it is to be reached at all."""
        return [f"/ip4/{self.host.address}/{way}/p2p/{self.peer}"
                for way in (f"udp/{P2P_PORT}/quic-v1", f"tcp/{P2P_PORT}")]

    @property
    def url(self):
        """For clients in this process; inside the host it is 127.0.0.1:9999."""
        if self.forward is None:
            self.forward = Forward(self.host, self.port)
        return f"http://127.0.0.1:{self.forward.port}"

    def set_up(self):
        for name, identity in ((self.name, self.identity), ("user", self.owner_identity)):
            write_key_file(self.user_dir / "key" / f"{name}.json", name, PASSPHRASE, identity)
            self.cli("cap", "new", name)
        self.cli("cap", "anchor", "-c", self.name, "--root", self.user_did)
        return self

    def start(self, wait=True):
        reply = self.host.bed.ask("spawn", host=self.host.name, env=self.env, directory=str(self.root),
                                  log=str(self.root / "daemon.log"),
                                  words=[str(NUNET), "--config", str(self.config_file), "run", "-c", self.name])
        self.process = RemoteProcess(self.host.bed, reply["pid"])
        if wait:
            self.wait_ready()
        return self

    def healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.host.name}: the daemon ended with {self.process.returncode}:\n"
                                 f"{self.daemon_log()[-3000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            with self.host.socket() as connection.sock:
                connection.sock.settimeout(2)
                connection.sock.connect(("127.0.0.1", self.port))
                connection.request("GET", "/health")
                return json.load(connection.getresponse()) == {"status": "ok"}
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def forget(self):
        super().forget()
        if self.forward is not None:
            self.forward.close()
            self.forward = None
