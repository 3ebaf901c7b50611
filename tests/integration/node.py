# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""One real daemon in a scratch directory, driven by the real CLI."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from key_file import write_key_file

PASSPHRASE = "correct horse battery staple"
BUILD = Path(os.environ.get("DMS_BUILD_ROOT", Path(__file__).parents[2] / "build"))
SOURCE = Path(os.environ.get("DMS_SOURCE_ROOT", Path(__file__).parents[2]))
NUNET = BUILD / "core" / "cli" / "nunet"
# Sanitised builds are several times slower.
PATIENCE = float(os.environ.get("DMS_TEST_PATIENCE", "1"))


# Below what the kernel gives to who asks for any port, and below what jobs are given (general.port_available_range_from):
# else somebody might get a port between the moment it is found and the one its daemon takes it, or takes it again.
PORTS = range(10000, 16384)
# Names that say of a port that a test has it, until the process of the tests ends.
taken_ports = []


def free_port():
    """A port of the loopback that is free by TCP and UDP, and stays so for whoever asked."""
    for port in random.sample(PORTS, 1000):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            name = stack.enter_context(socket.socket(socket.AF_UNIX))
            name.bind(f"\0dms-test-port-{port}")
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                stack.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            taken_ports.append(name.dup())
            return port
    raise AssertionError("no port is free")


def memory_bytes():
    with open("/proc/meminfo", encoding="ascii") as info:
        return int(info.readline().split()[1]) * 1024


class Result:
    """What one CLI call printed and how it ended."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.status}\nstdout: {self.out}\nstderr: {self.err}"


class Node:
    def __init__(self, root, name="dms", config=None, env=None):
        self.root = Path(root)
        self.name = name
        self.port = free_port()
        self.config_file = self.root / "dms_config.json"
        self.user_dir = self.root / "user"
        self.work_dir = self.root / "work"
        self.data_dir = self.root / "data"
        self.process = None
        self.log = None
        self.extra_env = env or {}
        # What programs of this node are run by, such as `ip netns exec`.
        self.prefix = []
        # The context that asks the daemon; where nobody else owns the node, that of the node itself.
        self.owner = "user"
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "home").mkdir(exist_ok=True)
        settings = {
            "general": {"user_dir": str(self.user_dir), "work_dir": str(self.work_dir),
                        "data_dir": str(self.data_dir)},
            "rest": {"addr": "127.0.0.1", "port": self.port},
            "profiler": {"enabled": False},
            # Nobody's way, and nobody is met or greeted but by tests that want it.
            "p2p": {"listen_address": ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"],
                    "bootstrap_peers": [], "hello_delay_ms": 3600000},
            "observability": {"logging": {"level": "DEBUG"}},
        }
        for section, members in (config or {}).items():
            settings.setdefault(section, {}).update(members)
        self.write_config(settings)

    def write_config(self, settings):
        self.config_file.write_text(json.dumps(settings, indent=4))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith("DMS_")}
        env.update({
            "HOME": str(self.root / "home"),
            "DMS_PASSPHRASE": PASSPHRASE,
            "DMS_PLUGIN_PATH": str(BUILD / "plugins"),
            "DMS_MODULE_PATH": str(BUILD / "core" / "gnupg"),
            "DMS_EXEC_SHIM": str(BUILD / "core" / "exec-shim" / "dms-exec-shim"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        })
        for name in ("DMS_DOCKER_SOCKET",):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(self.extra_env)
        (self.root / "run").mkdir(mode=0o700, exist_ok=True)
        return env

    def cli(self, *words, timeout=60, check=True, stdin="", env=None):
        """Runs `nunet` with this node's configuration."""
        process = subprocess.run([*self.prefix, str(NUNET), "--config", str(self.config_file), *map(str, words)],
                                 env={**self.env, **(env or {})}, cwd=self.root, input=stdin, text=True,
                                 capture_output=True, timeout=timeout * PATIENCE)
        result = Result(process)
        if check:
            assert result.status == 0, f"nunet {' '.join(map(str, words))}: {result!r}"
        return result

    def count_reloads(self):
        return self.daemon_log().count("capabilities_reload") if self.process is not None else 0

    def actor(self, behaviour, *flags, **kwargs):
        """`actor cmd` as the node's owner; answers the reply's JSON."""
        return self.cli("-c", self.owner, "actor", "cmd", behaviour, *flags, **kwargs).json

    def set_up(self):
        """Makes the identities: the node's, and a user who owns it."""
        for name in (self.name, "user"):
            write_key_file(self.user_dir / "key" / f"{name}.json", name, PASSPHRASE)
            self.cli("cap", "new", name)
        self.dms_did = self.cli("key", "did", self.name).out.strip()
        self.user_did = self.cli("key", "did", "user").out.strip()
        self.cli("cap", "anchor", "-c", self.name, "--root", self.user_did)
        return self

    def start(self, wait=True):
        self.log = open(self.root / "daemon.log", "ab")
        self.process = subprocess.Popen([*self.prefix, str(NUNET), "--config", str(self.config_file), "run", "-c",
                                         self.name],
                                        env=self.env, cwd=self.root, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=60):
        """As long as it lives it may be opening its key, which is made to take a second of a processor of its own."""
        self.wait_for(self.healthy, timeout, "the daemon does not answer")

    def healthy(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.daemon_log()[-3000:]}")
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=2) as answer:
                return json.load(answer) == {"status": "ok"}
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def wait_for(self, condition, timeout=30, message="timed out"):
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"{message}\n{self.daemon_log()[-4000:]}")
            time.sleep(0.05)

    def daemon_log(self):
        path = self.root / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=20 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the daemon did not stop on SIGTERM\n{self.daemon_log()[-4000:]}") from None
        self.forget()
        return status

    def kill(self):
        """SIGKILL: what a crash looks like."""
        self.process.kill()
        self.process.wait()
        self.forget()

    def forget(self):
        self.process = None
        if self.log:
            self.log.close()
            self.log = None

    def configure(self, **sections):
        """Changes the configuration file; a running daemon does not notice."""
        settings = json.loads(self.config_file.read_text())
        for section, members in sections.items():
            settings.setdefault(section, {}).update(members)
        self.write_config(settings)

    # What people do with a node.

    @property
    def peer(self):
        """The node's peer ID, as `peer:` of a job file wants it."""
        return self.actor("/dms/node/peers/self")["id"]

    def network(self, *words, **kwargs):
        return self.cli("-c", self.owner, "network", *words, **kwargs)

    def onboard(self, cpu=1, ram=None, disk="2GiB"):
        ram = ram or f"{memory_bytes() // 5 // (1 << 20)}MiB"
        reply = self.actor("/dms/node/onboarding/onboard", "--cpu", cpu, "--ram", ram, "--disk", disk, "--no-gpu")
        assert reply["success"], reply
        return reply

    def write_job(self, name, text):
        path = self.root / name
        path.write_text(text)
        return path

    def deploy(self, job):
        reply = self.actor("/dms/node/deployment/new", "-t", "60s", "-f", job)
        assert reply["Status"] == "OK", reply
        return reply["EnsembleID"]

    def status(self, ensemble):
        return self.actor("/dms/node/deployment/status", "-i", ensemble)

    def wait_status(self, ensemble, *wanted, timeout=60):
        seen = {}

        def reached():
            seen.update(self.status(ensemble))
            if seen["status"] in wanted:
                return True
            if seen["status"] in ("Failed", "Completed"):
                raise AssertionError(f"wanted {wanted}, got {seen}\n{self.daemon_log()[-4000:]}")
            return False

        self.wait_for(reached, timeout, f"the deployment did not become {wanted}: {seen}")
        return seen

    def resources(self, which):
        return self.actor(f"/dms/node/resources/{which}").get("Resources")

    def logs_of(self, ensemble, allocation):
        directory = self.work_dir / "deployments" / ensemble / allocation
        return ((directory / "stdout.log").read_text(), (directory / "stderr.log").read_text())


def wind_down(node):
    """Ends the daemon and whatever jobs its executors still hold."""
    with contextlib.suppress(AssertionError):
        if node.process is not None and node.process.poll() is None:
            for item in node.actor("/dms/node/deployment/list")["deployments"]:
                if item["status"] not in ("Completed", "Failed"):
                    node.actor("/dms/node/deployment/shutdown", "-i", item["orchestrator_id"])
    node.stop()
