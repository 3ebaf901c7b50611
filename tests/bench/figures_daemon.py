# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Start, size and command-line calls of the daemon."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from key_file import write_key_file
from node import BUILD, PASSPHRASE, Node, free_port
from peer import OURS, our_peer
from report import Figure, median, milliseconds


PEERS = 50
# Plugins of the build tree that are never installed.
ONLY_BUILT = {"dummy", "template"}


class Unmeasurable(Exception):
    """This machine lacks what the figure needs."""


def rss_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def start(directory):
    node = Node(directory / "node").set_up()
    runs = []
    for _ in range(15):
        begin = time.perf_counter()
        node.start(wait=False)
        while True:
            try:
                with urllib.request.urlopen(node.url + "/health", timeout=1):
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.001)
        runs.append((time.perf_counter() - begin) * 1000)
        node.stop()
    return [Figure("daemon.start", median(runs), "ms", "the target of 100 ms", 100, runs=runs,
                   note="until /health answers; the key file's derivation is set to a cost of 1024")]


def boinc_rss(directory):
    """An idle boinc-client, the nearest daemon of this kind in Debian."""
    if not shutil.which("boinc"):
        return None
    process = subprocess.Popen(["boinc", "--dir", str(directory), "--no_gui_rpc", "--no_gpus"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(5)
        return rss_mb(process.pid) if process.poll() is None else None
    finally:
        process.terminate()
        process.wait()


def meet(node, directory):
    """Connects fifty peers to the daemon, where it has a transport for that; answers how many there are."""
    if not OURS.exists():
        return None, 0
    crowd = our_peer(directory, "crowd").start()
    # The crowd's own host is one of them.
    crowd.ask("dial", addresses=node.addresses)
    answer = crowd.ask("crowd", addresses=node.addresses, count=PEERS - 1, timeout=60)
    assert answer["connected"] == PEERS - 1, answer
    return crowd, PEERS


def installed_plugins(directory):
    """A folder with the plugins that an installed daemon finds."""
    folder = directory / "plugins"
    folder.mkdir()
    for plugin in (BUILD / "plugins").iterdir():
        if plugin.is_dir() and plugin.name not in ONLY_BUILT:
            (folder / plugin.name).symlink_to(plugin)
    return folder


def rss(directory):
    port = free_port()
    addresses = [f"/ip4/127.0.0.1/tcp/{port}", f"/ip4/127.0.0.1/udp/{port}/quic-v1"]
    node = Node(directory / "node", config={"p2p": {"listen_address": addresses}}).set_up()
    node.extra_env["DMS_PLUGIN_PATH"] = str(installed_plugins(directory))
    node.start().onboard()
    node.addresses = [f"{addresses[0]}/p2p/{node.peer}"]
    crowd, peers = meet(node, directory)
    try:
        time.sleep(10)
        connected = len(node.actor("/dms/node/peers/list")["Peers"])
        assert connected >= peers, f"{connected} of {peers} peers are connected"
        value = rss_mb(node.process.pid)
    finally:
        if crowd is not None:
            crowd.stop()
        node.stop()
    (directory / "boinc").mkdir()
    rival = boinc_rss(directory / "boinc")
    against = f"boinc-client idle beside it: {rival:.1f} MB" if rival else "the target (boinc-client is not installed)"
    return [Figure("daemon.rss_mb", value, "MB", against, 16, runs=[value],
                   note=f"idle and onboarded, with {peers} peers connected by libp2p over TCP and TLS")]


def cli_call(directory):
    node = Node(directory / "node").set_up()
    # The least cost a key file may have: the derivation is not what is measured.
    caller = write_key_file(node.user_dir / "key" / "caller.json", "caller", PASSPHRASE, cost=2)
    node.cli("cap", "new", "caller")
    node.cli("cap", "anchor", "-c", "dms", "--root", caller.did)
    node.start()

    def once():
        node.cli("-c", "caller", "actor", "cmd", "/dms/node/peers/self")

    once()
    call = milliseconds(once, 30)
    node.stop()
    return [Figure("cli.call", median(call), "ms", "the target of 15 ms", 15, runs=call,
                   note="the key file's derivation is set to its least cost, which takes no time")]


MEASURES = [
    (("daemon.start",), start),
    (("daemon.rss_mb",), rss),
    (("cli.call",), cli_call),
]
