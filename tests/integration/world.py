# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Several complete nodes that meet: one process (tests/world/dms-world.c), each with a CLI of its own."""

import contextlib
import subprocess
import time
from pathlib import Path

import pytest

from node import BUILD, PATIENCE, Node

DMS_WORLD = BUILD / "tests" / "world" / "dms-world"
TRANSPORT = BUILD / "plugins" / "transport-memory" / "libtransport-memory.so"


class WorldNode(Node):
    """A node whose daemon lives in a world's process."""

    def __init__(self, world, name, **kwargs):
        # Only inside the process: they meet there and nowhere else.
        kwargs.setdefault("config", {}).setdefault("plugins", {}).setdefault("disabled", ["transport-libp2p"])
        super().__init__(world.root / name, **kwargs)
        self.world = world
        self.label = name
        self.unfinished = set()

    def start(self, wait=True):
        if self.world.process is None:
            self.world.start()
        self.process = self.world.process
        self.world.changed = time.monotonic()
        self.world.tell("start", self)
        if wait:
            self.world.wait_line("ready", self)
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.world.tell("stop", self)
            self.world.wait_line("stopped", self)
        self.process = None

    def deploy(self, job):
        ensemble = super().deploy(job)
        self.unfinished.add(ensemble)
        return ensemble

    def wait_status(self, ensemble, *wanted, **kwargs):
        seen = super().wait_status(ensemble, *wanted, **kwargs)
        if seen["status"] in ("Completed", "Failed"):
            self.unfinished.discard(ensemble)
        return seen

    def wind_down(self):
        """Ends the jobs of a test that did not come so far."""
        for ensemble in list(self.unfinished):
            self.actor("/dms/node/deployment/shutdown", "-i", ensemble)
            self.wait_status(ensemble, "Completed", "Failed")

    def behaviours(self):
        """All that the node's root actor answers to, but the answers it waits for itself."""
        self.world.tell("behaviours", self)
        line = self.world.wait_line("behaviours", self)
        return sorted(path for path in line.split(": ", 1)[1].split() if not path.startswith("/private/"))

    def kill(self):
        raise NotImplementedError("a node of a world cannot be killed alone")

    def daemon_log(self):
        return self.world.log_text()


class World:
    """Use as a context: `with World(directory) as world: a = world.add("a").start()`."""

    def __init__(self, root, env=None):
        if not TRANSPORT.exists():
            pytest.skip("built without the transport in memory")
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.env = env or {}
        self.nodes = []
        self.process = None
        self.log = None
        self.answers = None
        self.changed = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    def settle(self):
        """Waits until the nodes have asked each other what they ask when they meet, five seconds after a start."""
        time.sleep(max(0, self.changed + 5 + 2 * PATIENCE - time.monotonic()))

    def add(self, name, **kwargs):
        """A node without identities: set_up() makes them, start() runs it."""
        node = WorldNode(self, name, **kwargs)
        self.nodes.append(node)
        return node

    def start(self):
        """Runs the process, with no node in it yet."""
        home = Node(self.root / "process", env=self.env)
        self.log = open(self.root / "world.log", "ab")
        self.answers = open(self.root / "answers", "wb")
        self.process = subprocess.Popen([str(DMS_WORLD)], env=home.env, cwd=home.root, stdin=subprocess.PIPE,
                                        stdout=self.answers, stderr=self.log)
        return self

    def tell(self, word, node):
        # An old answer to the same command must not be taken for the new one.
        self.seen = len(self.answer_lines())
        self.process.stdin.write(f"{word} {node.config_file}\n".encode())
        self.process.stdin.flush()

    def answer_lines(self):
        return (self.root / "answers").read_text(errors="replace").splitlines()

    def wait_line(self, word, node, timeout=60):
        wanted = f"{word} {node.config_file}"

        def answered():
            for line in self.answer_lines()[self.seen:]:
                assert not line.startswith(f"failed {node.config_file}"), line
                if line == wanted or line.startswith(wanted + ": "):
                    return line
            assert self.process.poll() is None, f"the world ended:\n{self.log_text()[-4000:]}"
            return False

        return node.wait_for(answered, timeout, f"no “{wanted}”")

    def log_text(self):
        path = self.root / "world.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        if self.process is None:
            return
        for node in self.nodes:
            with contextlib.suppress(AssertionError, KeyError):
                if node.process is not None and node.process.poll() is None:
                    node.wind_down()
        process, self.process = self.process, None
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=20 * PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the world did not stop on SIGTERM\n{self.log_text()[-4000:]}") from None
        finally:
            process.stdin.close()
            self.log.close()
            self.answers.close()
            for node in self.nodes:
                node.process = None
        # 1: something was answered by “failed”, which tests do on purpose as well.
        assert process.returncode in (0, 1), f"exit {process.returncode}\n{self.log_text()[-4000:]}"
