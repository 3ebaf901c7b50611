# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Puts what logs and nodes of a bed have to say into one folder: to be looked at when the bed is gone."""

import json
import shutil
import subprocess
import time

from control import BedError
from node import NUNET, SOURCE

# A node that hangs must not keep the others' story from being told.
PATIENCE = 10
QUESTIONS = {
    "self": "/dms/node/peers/self",
    "peers": "/dms/node/network/peers",
    "connections": "/dms/node/network/connections",
    "addresses": "/dms/node/network/addresses",
    "limits": "/dms/node/network/limits",
    "status": "/dms/node/status",
    "deployments": "/dms/node/deployment/list",
    "resources": "/dms/node/resources/free",
}
NETWORK = {"addresses.txt": ["ip", "addr"], "routes.txt": ["ip", "route", "show", "table", "all"],
           "sockets.txt": ["ss", "-tuanp"]}


def _revision():
    revision = {"nunet": subprocess.run([str(NUNET), "version"], capture_output=True, text=True, check=False).stdout}
    git = ["git", "-C", str(SOURCE)]
    for name, words in (("commit", ["rev-parse", "HEAD"]), ("changed", ["status", "--porcelain"])):
        answer = subprocess.run([*git, *words], capture_output=True, text=True, check=False)
        revision[name] = answer.stdout.strip() if answer.returncode == 0 else "not a git tree"
    return revision


def _answer(node, behaviour):
    try:
        return node.actor(behaviour, "-t", "5s", timeout=PATIENCE)
    except (AssertionError, ValueError, OSError, subprocess.TimeoutExpired) as error:
        return {"no_answer": str(error)[:2000]}


def _copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copy2(source, target)


def _collect_place(place, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in NETWORK.items():
        try:
            (folder / name).write_text(place.run(words, timeout=PATIENCE).stdout)
        except (OSError, subprocess.TimeoutExpired) as error:
            (folder / name).write_text(f"{error}\n")


def _collect_host(host, folder):
    node = host.node
    _collect_place(host, folder)
    _copy(node.root / "daemon.log", folder)
    _copy(node.work_dir / "logs", folder / "logs")
    _copy(node.config_file, folder)
    state = {"address": host.address, "peer": node.peer, "did": node.dms_did, "skew_s": host.skew_s}
    running = node.process is not None and node.process.poll() is None
    state["daemon"] = "running" if running else "not running"
    if running:
        state.update({name: _answer(node, behaviour) for name, behaviour in QUESTIONS.items()})
    (folder / "state.json").write_text(json.dumps(state, indent=4))
    return state["daemon"]


def collect(bed, folder=None):
    folder = folder or bed.run_dir / "collected" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        status = bed.status()
    except BedError as error:
        status = {"no_answer": str(error)}
    (folder / "run.json").write_text(json.dumps({"topology": bed.topology, "layout": bed.layout, "status": status,
                                                 "revision": _revision(), "times": bed.times}, indent=4))
    _copy(bed.run_dir / "supervisor.log", folder)
    _copy(bed.run_dir / "captures", folder / "captures")
    bed.in_parallel(lambda host: _collect_host(host, folder / host.name), bed.hosts.values())
    for nat in bed.nats.values():
        _collect_place(nat, folder / nat.name)
        rules = nat.run(["nft", "list", "ruleset"], timeout=PATIENCE)
        (folder / nat.name / "rules.txt").write_text(rules.stdout)
    return folder
