# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Programs that are one libp2p node each, driven by JSON lines: ours (p2p-peer.c) and js-libp2p's (js-peer.mjs)."""

import contextlib
import fcntl
import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("DMS_BUILD_ROOT", HERE.parents[1] / "build"))
PATIENCE = float(os.environ.get("DMS_TEST_PATIENCE", "1"))
OURS = BUILD / "tests" / "interop" / "p2p-peer"
JS = BUILD / "interop"
PACKAGES = ("package.json", "package-lock.json", ".npmrc")


class PeerError(Exception):
    """What a peer answered instead of a result."""


def install_js():
    """js-libp2p and its Node.js, of the versions of the lock file, in the build directory: once."""
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PACKAGES)).hexdigest()
    JS.mkdir(parents=True, exist_ok=True)
    with open(JS / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = JS / "installed"
        if not done.exists() or done.read_text() != wanted:
            done.unlink(missing_ok=True)
            for name in PACKAGES:
                shutil.copy(HERE / name, JS / name)
            result = subprocess.run(["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"],
                                    cwd=JS, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
            assert result.returncode == 0, f"npm cannot install js-libp2p: {result.stderr[-2000:]}"
            done.write_text(wanted)
        # Modules are looked for where the program is.
        if not (JS / "js-peer.mjs").exists() or (JS / "js-peer.mjs").read_bytes() != (HERE / "js-peer.mjs").read_bytes():
            shutil.copy(HERE / "js-peer.mjs", JS / "js-peer.mjs.new")
            os.replace(JS / "js-peer.mjs.new", JS / "js-peer.mjs")
    return next(JS.glob("node_modules/node-linux-*/bin/node"))


class Peer:
    def __init__(self, command, directory, name="peer"):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = Path(directory) / f"{name}.log"
        self.events = queue.Queue()
        self.unread = []
        self.answers = {}
        self.arrived = threading.Condition()
        self.next_id = 0
        self.id = None
        self.addresses = []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                            text=True, env={"G_DEBUG": "fatal-criticals", **os.environ})
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "event" in said:
                self.events.put(said)
                continue
            with self.arrived:
                self.answers[said.pop("id")] = said
                self.arrived.notify_all()
        with self.arrived:
            self.answers[None] = True
            self.arrived.notify_all()

    def begin(self, what, **arguments):
        """Asks, and answers what finish() wants to know the answer by."""
        with self.arrived:
            self.next_id += 1
            number = self.next_id
        self.process.stdin.write(json.dumps({"id": number, "do": what, **arguments}) + "\n")
        self.process.stdin.flush()
        return number

    def finish(self, number, timeout=30):
        with self.arrived:
            self.arrived.wait_for(lambda: number in self.answers or None in self.answers, timeout * PATIENCE)
            answer = self.answers.pop(number, None)
        if answer is None:
            state = self.process.poll()
            why = "does not answer" if state is None else f"ended with {state}"
            raise AssertionError(f"{self.name} {why}:\n{self.tail()}")
        if "error" in answer:
            raise PeerError(f"{self.name}: {answer['error']} {answer.get('causes') or ''}")
        return answer

    def poll(self, number):
        """The answer, if it is there: None, the answer, or the error that it is."""
        with self.arrived:
            return self.answers.pop(number, None)

    def ask(self, what, timeout=30, **arguments):
        return self.finish(self.begin(what, **arguments), timeout)

    def event(self, kind, timeout=10, **members):
        """The next event of that kind with those members; others are kept for those who ask for them."""
        def fits(said):
            return said["event"] == kind and all(said.get(name) == value for name, value in members.items())

        for said in self.unread:
            if fits(said):
                self.unread.remove(said)
                return said
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            try:
                said = self.events.get(timeout=max(0.001, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name} tells of no {kind} {members}, but of {self.unread}\n{self.tail()}") from None
            if fits(said):
                return said
            self.unread.append(said)

    def start(self, **arguments):
        # Node.js reads all of js-libp2p before it answers: seconds of a processor.
        answer = self.ask("start", timeout=90, **arguments)
        self.id = answer["peer"]
        self.addresses = answer["addresses"]
        return self

    def wait_connected(self, other, timeout=10):
        deadline = time.monotonic() + timeout * PATIENCE
        while not any(connection["peer"] == other.id for connection in self.ask("connections")["connections"]):
            assert time.monotonic() < deadline, f"{self.name} has no connection to {other.name}"
            time.sleep(0.01)

    def identity_of(self, other, until=lambda said: True, timeout=10):
        """What identify said of another peer, once it said what `until` waits for."""
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            said = self.ask("identity", peer=other.id)["identity"]
            if said is not None and until(said):
                return said
            assert time.monotonic() < deadline, f"{self.name} knows of {other.name} only {said}"
            time.sleep(0.02)

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]

    def stall(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def vanish(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it in good order; fails when it does not end so."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            status = self.process.wait(timeout=15 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.vanish()
            raise AssertionError(f"{self.name} did not end\n{self.tail()}") from None
        assert status == 0, f"{self.name} ended with {status}\n{self.tail()}"


def js_peer(directory, name="js", prefix=()):
    return Peer([*prefix, install_js(), "--no-warnings", JS / "js-peer.mjs"], directory, name)


def our_peer(directory, name="ours", prefix=()):
    """`prefix` is what it is run by, such as `ip netns exec`."""
    return Peer([*prefix, OURS], directory, name)
