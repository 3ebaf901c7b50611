# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""One host under watch, and twenty peers that join, leave, stall and vanish at random under load.

Whatever they do, the host's descriptors, connections and reservations return to what they were, its memory too, and
what it does with peers that nothing was done to never fails.
"""

import contextlib
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from peer import PATIENCE, PeerError, js_peer, our_peer  # noqa: E402

SECONDS = 1200
N_OURS, N_JS = 18, 2
LISTEN = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]
# Twenty peers of one address, and a thousand streams of each.
LIMITS = {"peer.streams": 4096, "peer.streams-inbound": 2048, "peer.streams-outbound": 2048}
# Peers that vanish over UDP are noticed by the idle time-out of QUIC alone.
SETTLE = 90
ALLOWED_KIB = 4096
PAUSE = 0.05
MOST_WORK = 3
SAMPLES = 20
# How often, of a hundred times that a peer which has joined is chosen.
LEAVE, VANISH, STALL = 3, 3, 2


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def count_descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


class Slot:
    """The place of one of the twenty: somebody, or nobody."""

    def __init__(self, soak, number):
        self.soak = soak
        self.number = number
        self.is_js = number >= N_OURS
        self.peer = None
        self.generation = 0
        self.stalled_until = None
        # Since when nothing was done to it that could make work fail.
        self.calm = False
        # (who was asked, the number of the question, what it was, whether it may fail)
        self.work = []

    def join(self):
        self.generation += 1
        name = f"peer-{self.number}-{self.generation}"
        self.peer = (js_peer if self.is_js else our_peer)(self.soak.directory, name)
        arguments = {} if self.is_js else {"limits": LIMITS}
        self.peer.start(security=[self.soak.random.choice(["tls", "noise"])], listen=[], **arguments)
        self.dial()

    def dial(self):
        self.peer.ask("dial", addresses=[self.soak.random.choice(self.soak.host.addresses)])
        self.calm = True
        self.soak.count("joins")

    def begin_work(self):
        rng = self.soak.random
        size = int(2 ** rng.uniform(0, 23))
        what, arguments = rng.choice([("echo", {"size": min(size, 1 << 20)}), ("upload", {"size": size}),
                                      ("download", {"size": size}), ("many", {"count": rng.randint(1, 100), "size": 100}),
                                      ("greet", {"size": min(size, 1 << 20)}), ("reset", {"size": 100}), ("ping", {})])
        asker, other = (self.peer, self.soak.host) if rng.random() < 0.7 else (self.soak.host, self.peer)
        with contextlib.suppress(OSError):
            self.work.append((asker, asker.begin(what, peer=other.id, **arguments), what, time.monotonic()))

    def collect(self):
        left = []
        for asker, number, what, since in self.work:
            answer = asker.poll(number)
            if answer is None:
                if self.calm and time.monotonic() - since > 60 * PATIENCE:
                    self.soak.complain(f"{what} of {asker.name} with {self.name()} has not ended after a minute")
                else:
                    left.append((asker, number, what, since))
            elif "error" in answer:
                self.soak.count("interrupted")
                if self.calm:
                    self.soak.complain(f"{what} of {asker.name} with {self.name()}: {answer['error']}")
            else:
                self.soak.count("done")
                if answer.get("equal", True) is False or (what == "many" and answer["equal"] < 1):
                    self.soak.complain(f"{what} of {asker.name} with {self.name()}: not what was sent")
        self.work = left

    def name(self):
        return self.peer.name if self.peer else f"peer-{self.number}"

    def forget(self):
        # What the host was asked to do with it ends by itself; what it says of that is of no interest.
        self.work = []
        self.peer = None
        self.calm = False
        self.stalled_until = None

    def leave(self):
        self.calm = False
        with contextlib.suppress(AssertionError):
            self.peer.stop()
        self.soak.count("leaves")
        self.forget()

    def vanish(self):
        self.peer.vanish()
        self.soak.count("vanished")
        self.forget()

    def stall(self):
        self.calm = False
        self.peer.stall()
        self.stalled_until = time.monotonic() + self.soak.random.uniform(1, 45)
        self.soak.count("stalls")

    def awake(self):
        """It may have lost its connection meanwhile, and what it was doing: from here on its work may fail."""
        self.stalled_until = None
        if self.soak.random.random() < 0.5:
            return self.vanish()
        self.peer.go_on()
        self.soak.count("went on")
        with contextlib.suppress(PeerError):
            self.peer.ask("dial", addresses=[self.soak.random.choice(self.soak.host.addresses)])
        return None

    def step(self):
        if self.peer is None:
            return self.join()
        if self.stalled_until is not None:
            return self.awake() if time.monotonic() >= self.stalled_until else None
        self.collect()
        dice = self.soak.random.uniform(0, 100)
        for share, action in ((LEAVE, self.leave), (VANISH, self.vanish), (STALL, self.stall)):
            if dice < share:
                return action()
            dice -= share
        if len(self.work) < MOST_WORK:
            self.begin_work()
        return None


class Soak:
    def __init__(self, directory, seed):
        self.directory = directory
        self.random = random.Random(seed)
        self.counts = {}
        self.complaints = []
        self.samples = []
        self.host = our_peer(directory, "host").start(listen=LISTEN, limits=LIMITS)
        self.slots = [Slot(self, number) for number in range(N_OURS + N_JS)]
        self.begin = time.monotonic()
        self.first = self.sample("start")

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def complain(self, text):
        self.complaints.append(f"after {time.monotonic() - self.begin:.0f} s: {text}")
        print("  " + self.complaints[-1], flush=True)

    def sample(self, when):
        pid = self.host.process.pid
        connections = len(self.host.ask("connections", timeout=60)["connections"])
        self.samples.append((when, time.monotonic() - self.begin, count_descriptors(pid), resident_kib(pid), connections))
        print(f"  {when}: {self.samples[-1][2]} descriptors, {self.samples[-1][3]} KiB, {connections} connections", flush=True)
        return self.samples[-1]

    def storm(self, seconds, name):
        until = time.monotonic() + seconds
        every = max(5, seconds / SAMPLES)
        next_sample = time.monotonic() + every
        while time.monotonic() < until:
            slot = self.random.choice(self.slots)
            try:
                slot.step()
            except Exception as error:
                self.complain(f"{slot.name()}: {type(error).__name__}: {error}")
                if slot.peer is not None:
                    slot.vanish()
            # What happens is told to nobody here.
            for peer in [self.host, *(slot.peer for slot in self.slots if slot.peer)]:
                peer.unread.clear()
                while not peer.events.empty():
                    peer.events.get_nowait()
            assert self.host.process.poll() is None, f"the host ended with {self.host.process.poll()}:\n{self.host.tail()}"
            if time.monotonic() >= next_sample:
                next_sample += every
                self.sample(name)
            time.sleep(PAUSE)

    def calm_down(self, name):
        """Everybody goes, and the host is as it was."""
        for slot in self.slots:
            if slot.peer is not None:
                if slot.stalled_until is not None:
                    slot.vanish()
                else:
                    slot.leave()
        deadline = time.monotonic() + SETTLE * PATIENCE
        while True:
            connections = self.host.ask("connections")["connections"]
            used = self.used()
            descriptors = count_descriptors(self.host.process.pid)
            if not connections and not used and descriptors <= self.first[2]:
                break
            if time.monotonic() > deadline:
                self.complain(f"{name}: {len(connections)} connections, {descriptors} descriptors and {used} are left")
                break
            time.sleep(0.5)
        return self.sample(name)

    def used(self):
        """What is still reserved when nobody is there."""
        rows = self.host.ask("limits")["limits"]
        return [f"{row['scope']} {row['resource']} {row['used']}" for row in rows if row["used"]]


def soak(seconds=SECONDS, seed=None):
    seed = seed if seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dms-soak-") as directory:
        run = Soak(directory, seed)
        try:
            run.storm(seconds / 2, "first half")
            middle = run.calm_down("after the first half")
            run.storm(seconds / 2, "second half")
            last = run.calm_down("after the second half")
            run.host.stop()
        finally:
            for peer in [run.host, *(slot.peer for slot in run.slots if slot.peer)]:
                if peer.process.poll() is None:
                    peer.vanish()
    grown = last[3] - middle[3]
    if grown > ALLOWED_KIB * PATIENCE:
        run.complain(f"the memory grew by {grown} KiB in the second half")
    passed = not run.complaints
    counts = ", ".join(f"{count} {what}" for what, count in sorted(run.counts.items()))
    peak = max(sample[3] for sample in run.samples)
    lines = ["# Peers that join, leave, stall and vanish", "",
             f"{'Passed' if passed else 'FAILED'}: {seconds} s with {N_OURS} peers of ours and {N_JS} of js-libp2p, seed "
             f"{seed}: {counts}. Descriptors {run.first[2]} at the start, {last[2]} at the end; memory {run.first[3]} KiB at "
             f"the start, {middle[3]} after the first half, {last[3]} at the end ({grown:+d}), {peak} at most.", "",
             *[f"* {complaint}" for complaint in run.complaints], "" if run.complaints else None,
             "| when | seconds | descriptors | resident | connections |", "|---|---|---|---|---|",
             *[f"| {when} | {at:.0f} | {fds} | {kib} KiB | {connections} |"
               for when, at, fds, kib, connections in run.samples]]
    lines = [line for line in lines if line is not None]
    print(lines[2])
    return lines, 0 if passed else 1
