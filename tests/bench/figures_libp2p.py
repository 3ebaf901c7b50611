# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The libp2p transport: two processes of ours, against plain GnuTLS and against js-libp2p in the same run."""

import contextlib
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

from distance import FAR, Distance, is_possible
from figures_daemon import Unmeasurable
from node import BUILD
from peer import JS, OURS, Peer, install_js, js_peer, our_peer
from report import Figure, median

RUNS = 5
SIZE = 1 << 29
SECONDS = 0.06
CROWD = 100
STREAMS = 1000
SECURITIES = {"tls": ["tls"], "noise": ["noise"], "quic": ["tls"]}
LISTEN = {"tls": "/ip4/127.0.0.1/tcp/0", "noise": "/ip4/127.0.0.1/tcp/0", "quic": "/ip4/127.0.0.1/udp/0/quic-v1"}
# What GnuTLS negotiates for the transport, and the cipher that libp2p's Noise has.
CIPHERS = {"tls": "AES-128-GCM", "noise": "CHACHA20-POLY1305"}
LIMITS = {"peer.streams": 8192, "peer.streams-inbound": 4096, "peer.streams-outbound": 4096}


def need_peers(js=True):
    if not OURS.exists():
        raise Unmeasurable(f"{OURS} is not built")
    if js and not shutil.which("npm"):
        raise Unmeasurable("npm, which brings js-libp2p, is not installed")


@contextlib.contextmanager
def pair(maker, kind, directory, prefix=(), **options):
    """Two peers, the first of which can dial the second."""
    peers = [maker(directory, f"{kind}-{name}-{time.monotonic_ns()}") for name in ("dialler", "listener")]
    try:
        for peer, listen in zip(peers, ([], [LISTEN[kind]])):
            if prefix:
                subprocess.run([*prefix, str(peer.process.pid)], check=True, capture_output=True)
            arguments = {"limits": LIMITS, **options} if maker is our_peer else {}
            peer.start(security=SECURITIES[kind], listen=listen, **arguments)
        yield peers
    finally:
        for peer in peers:
            peer.stop()


def cpu_seconds(*peers):
    """What they have spent so far, all threads: what others do on this machine meanwhile is not in it."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for peer in peers:
        words = Path(f"/proc/{peer.process.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(words[11]) + int(words[12])
    return total / ticks


def carry(maker, kind, directory, size):
    """MB a second of one stream, and MB for a second of a core, both ends together."""
    with pair(maker, kind, directory) as (dialler, listener):
        dialler.ask("dial", addresses=listener.addresses)
        dialler.ask("upload", peer=listener.id, size=size // 16, hash=False, timeout=120)
        spent = cpu_seconds(dialler, listener)
        answer = dialler.ask("upload", peer=listener.id, size=size, hash=False, timeout=120)
        assert answer["equal"]
        return size / answer["us"], size / 1e6 / max(0.01, cpu_seconds(dialler, listener) - spent)


def carry_plainly(kind, size):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run([str(BUILD / "tests" / "bench" / "bench-tls"),
                             f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+{CIPHERS[kind]}", str(size)],
                            check=True, capture_output=True, text=True, timeout=120).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(output.split()[0]) / 1e6, size / 1e6 / max(0.01, spent)


def stream_figures(kind, ours, js, plain):
    """By the clock as the target has it, and by what it costs, which a busy machine does not change."""
    figures = []
    for suffix, index, unit in (("", 0, "MB/s"), ("_cpu", 1, "MB/core·s")):
        runs = [run[index] for run in ours]
        rival = median([run[index] for run in js])
        if plain:
            bare = median([run[index] for run in plain])
            figures.append(Figure(f"libp2p.stream.{kind}{suffix}", median(runs), unit, f"a plain GnuTLS connection with "
                                  f"{CIPHERS[kind]} beside it: {bare:.0f} {unit}", 0.8 * bare, more_is_better=True,
                                  runs=runs))
        figures.append(Figure(f"libp2p.stream.{kind}_js{suffix}" if plain else f"libp2p.stream.{kind}{suffix}",
                              median(runs), unit, f"js-libp2p beside it: {rival:.0f} {unit}", 3 * rival,
                              more_is_better=True, runs=runs))
    return figures


def streams(directory):
    need_peers()
    ours, js, plain = ({kind: [] for kind in LISTEN} for _ in range(3))
    for _ in range(RUNS):
        for kind in LISTEN:
            ours[kind].append(carry(our_peer, kind, directory, SIZE))
            js[kind].append(carry(js_peer, kind, directory, SIZE // 8))
            if kind in CIPHERS:
                plain[kind].append(carry_plainly(kind, SIZE))
    return [figure for kind in LISTEN for figure in stream_figures(kind, ours[kind], js[kind], plain[kind])]


def dial(maker, kind, directory, count, **options):
    """Handshakes for a second of a core, both ends together, and the same by the clock with both on one core."""
    core = min(os.sched_getaffinity(0))
    with pair(maker, kind, directory, ("taskset", "-a", "-cp", str(core)), **options) as (dialler, listener):
        words = {"address": listener.addresses[0], "addresses": listener.addresses}
        dialler.ask("dials", **words, count=max(1, count // 5), timeout=120)
        before = [cpu_seconds(peer) for peer in (dialler, listener)]
        answer = dialler.ask("dials", **words, count=count, timeout=120)
        spent = [cpu_seconds(peer) - was for peer, was in zip((dialler, listener), before)]
        return count / max(0.01, sum(spent)), count / answer["us"] * 1e6, count / max(0.01, spent[1])


def handshakes(directory):
    need_peers()
    figures = []
    for kind in LISTEN:
        runs, strangers, rival = [], [], []
        for _ in range(3):
            runs.append(dial(our_peer, kind, directory, 500))
            strangers.append(dial(our_peer, kind, directory, 500, forgetful=True))
            rival.append(dial(js_peer, kind, directory, 50))
        name = "libp2p.handshakes" if kind == "tls" else f"libp2p.handshakes.{kind}"
        for suffix, ours, who in (("", runs, "the same two again and again"),
                                  ("_strangers", strangers, "what the certificate of a peer never met costs included")):
            if suffix and kind == "noise":
                continue
            values = [run[0] for run in ours]
            figures.append(Figure(name + suffix, median(values), "/core·s", f"the target of 500/s; js-libp2p beside it: "
                                  f"{median([run[0] for run in rival]):.0f}/core·s", 500, more_is_better=True, runs=values,
                                  note=f"{kind}, {who}: dialled one after the other, both ends on one core, muxer included; "
                                  f"each is hung up at once; by the clock {median([run[1] for run in ours]):.0f}/s, js-libp2p "
                                  f"{median([run[1] for run in rival]):.0f}/s; a core of the listener alone does "
                                  f"{median([run[2] for run in ours]):.0f}/s"))
    return figures


def first_byte(distance, command, kind, directory, is_ours):
    """Milliseconds to one byte and back: of a peer never met, and of one that is known."""
    listen = LISTEN[kind].replace("127.0.0.1", FAR)
    far = Peer(distance.command(1, command), directory, f"far-{time.monotonic_ns()}")
    near = Peer(distance.command(0, command), directory, f"near-{time.monotonic_ns()}")
    try:
        far.start(security=SECURITIES[kind], listen=[listen])
        near.start(security=SECURITIES[kind])
        first = near.ask("first_byte", addresses=far.addresses)["us"] / 1000
        again = []
        for _ in range(RUNS if is_ours else 1):
            near.identity_of(far)
            near.ask("disconnect", peer=far.id)
            near.event("closed", peer=far.id)
            again.append(near.ask("first_byte", addresses=far.addresses)["us"] / 1000)
        return first, median(again)
    finally:
        near.stop()
        far.stop()


def connect(directory):
    need_peers()
    if not is_possible():
        raise Unmeasurable("needs root, TUN/TAP and network namespaces")
    js_command = [install_js(), "--no-warnings", JS / "js-peer.mjs"]
    figures = []
    with Distance(SECONDS) as distance:
        trip = distance.round_trip() * 1000
        for kind, trips in (("tls", 3), ("noise", 3), ("quic", 2)):
            runs = [first_byte(distance, [OURS], kind, directory, True) for _ in range(3)]
            rival = first_byte(distance, js_command, kind, directory, False)
            name = {"tls": "libp2p.connect", "quic": "libp2p.connect.quic"}.get(kind, f"libp2p.connect.{kind}")
            stranger, known = ([run[i] for run in runs] for i in (0, 1))
            note = f"{kind}: from the first packet to one byte that came back; the way and back takes {trip:.1f} ms"
            figures.append(Figure(name, median(known), "ms", f"{trips} round trips; js-libp2p beside it: "
                                  f"{rival[1]:.0f} ms", 1.1 * trips * trip, runs=known,
                                  note=note + "; of a peer that was identified before"))
            figures.append(Figure(f"{name}_stranger", median(stranger), "ms", f"{trips} round trips; js-libp2p beside "
                                  f"it: {rival[0]:.0f} ms", 1.1 * trips * trip, runs=stranger,
                                  note=note + "; of a peer never met"))
    return figures


def rss(peer):
    for line in Path(f"/proc/{peer.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def weigh(maker, directory):
    """KiB of a listener for each idle connection, and for each open stream."""
    crowd = our_peer(directory, f"crowd-{time.monotonic_ns()}").start(limits=LIMITS)
    listener = maker(directory, f"weighed-{time.monotonic_ns()}")
    try:
        listener.start(security=["tls"], listen=[LISTEN["tls"]], **({"limits": LIMITS} if maker is our_peer else {}))
        for count in (CROWD // 5, CROWD):
            alone = rss(listener)
            answer = crowd.ask("crowd", addresses=listener.addresses, security=["tls"], count=count, timeout=60)
            assert answer["connected"] == count, answer
            time.sleep(1)
        crowded = rss(listener)
        crowd.ask("dial", addresses=listener.addresses)
        crowd.ask("hold", peer=listener.id, count=STREAMS // 5, timeout=60)
        time.sleep(1)
        before = rss(listener)
        crowd.ask("hold", peer=listener.id, count=STREAMS, timeout=60)
        time.sleep(1)
        return (crowded - alone) / CROWD, (rss(listener) - before) / STREAMS
    finally:
        crowd.stop()
        listener.stop()


def memory(directory):
    need_peers()
    ours, js = weigh(our_peer, directory), weigh(js_peer, directory)
    note = "growth of the listener's resident memory"
    return [Figure("libp2p.memory.connection", ours[0], "KiB", f"js-libp2p with the same peers: {js[0]:.0f} KiB", js[0],
                   runs=[ours[0]], note=f"{note} for {CROWD} idle TLS connections, identified"),
            Figure("libp2p.memory.stream", ours[1], "KiB", f"js-libp2p with the same peer: {js[1]:.1f} KiB", js[1],
                   runs=[ours[1]], note=f"{note} for {STREAMS} open streams of one connection")]


MEASURES = [
    (("libp2p.stream.tls", "libp2p.stream.noise", "libp2p.stream.quic"), streams),
    (("libp2p.handshakes", "libp2p.handshakes_strangers", "libp2p.handshakes.noise", "libp2p.handshakes.quic",
      "libp2p.handshakes.quic_strangers"), handshakes),
    (("libp2p.connect", "libp2p.connect.noise", "libp2p.connect.quic"), connect),
    (("libp2p.memory.connection", "libp2p.memory.stream"), memory),
]
