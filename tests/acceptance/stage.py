# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of a scenario, brought into the state that it begins with, and what all of them have in common."""

import contextlib
import json
import time

from bed import open_bed
from jobs import GATE
from key_file import write_key_file
from node import BUILD, PASSPHRASE, PATIENCE, Node, memory_bytes

GIB = 1 << 30
SHIM = BUILD / "core" / "exec-shim" / "dms-exec-shim"
RIGHTS = ("/dms/deployment", "/broadcast", "/public")
TOPIC = "/nunet"
FINAL = ("Completed", "Failed")
LOCATION_KEYS = ("host_continent", "host_country", "host_city")
# What all nodes of the features have in common: they greet each other at once, and no one meets the world.
CONFIG = {"p2p": {"listen_address": ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"], "bootstrap_peers": [],
                  "hello_delay_ms": 100},
          # Web servers are let out of their sandboxes.
          "job": {"allow_host_network": True}}


def wait(condition, timeout=20, message="it did not come to pass"):
    """Waits until the condition answers something true, and answers that."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, message() if callable(message) else message
        time.sleep(0.1)


def capability_flags(rights, topics=(TOPIC,)):
    return [word for right in rights for word in ("--cap", right)] + [
        word for topic in topics for word in ("--topic", topic)]


def tokens_of(text):
    """The token list that a command printed, as one line."""
    return next(line for line in text.splitlines() if line.startswith("{"))


def standard_share():
    """What a provider lends unless the scenario says otherwise: at least a tenth of the memory, as it must."""
    memory = max(4 * GIB, memory_bytes() // 10 + (64 << 20))
    return {"cores": 1, "memory": f"{min(memory, memory_bytes() // 2) // (1 << 20)}MiB", "disk": "4GiB"}


class Organisation:
    """A key that members trust; there is no daemon."""

    def __init__(self, directory, name="org"):
        self.home = Node(directory, name=name)
        self.name = name
        write_key_file(self.home.user_dir / "key" / f"{name}.json", name, PASSPHRASE)
        self.home.cli("cap", "new", name)
        self.did = self.home.cli("key", "did", name).out.strip()
        # What was granted to each member, to be revoked one day.
        self.granted = {}

    def cli(self, *words, **kwargs):
        return self.home.cli("cap", words[0], "-c", self.name, *words[1:], **kwargs)


class Stage:
    def __init__(self, directory, engine_socket=None):
        self.directory = directory
        self.engine_socket = engine_socket
        self.bed = None
        self.stack = contextlib.ExitStack()
        self.organisations = {}
        self.shares = {}
        self.deployments = []

    # The bed.

    def open(self, topology):
        self.topology = topology
        self.directory.mkdir(parents=True, exist_ok=True)
        # In front of what starts sandboxes: as long as this file is there, starting takes its time.
        self.held_launch = self.directory / "launches-wait"
        shim = self.directory / "shim"
        shim.write_text(f'#!/bin/sh\nwhile [ -e "{self.held_launch}" ]; do sleep 0.1; done\nexec "{SHIM}" "$@"\n')
        shim.chmod(0o755)
        self.bed = self.stack.enter_context(open_bed(topology, self.directory, lambda name: CONFIG))
        for host in self.bed.hosts.values():
            host.node.extra_env["DMS_EXEC_SHIM"] = str(shim)
        return self

    def close(self):
        self.stack.close()
        self.bed = None

    def node(self, name):
        return self.bed.host(name.lower()).node

    def name_of(self, peer):
        """Whose machine a peer ID is."""
        for name, host in self.bed.hosts.items():
            # Whoever has gone down since is remembered.
            if (self.is_up(host.node) or hasattr(host.node, "known_peer")) and self.peer(name) == peer:
                return name.capitalize()
        raise AssertionError(f"{peer} is nobody of the scenario")

    def peer(self, name):
        # It is that of the key, and that stays.
        node = self.node(name)
        if not hasattr(node, "known_peer"):
            node.known_peer = node.peer
        return node.known_peer

    @staticmethod
    def is_up(node):
        return node.process is not None and node.process.poll() is None

    def running(self):
        return {name: host.node for name, host in self.bed.hosts.items() if self.is_up(host.node)}

    # The cast of a scenario.

    def cast(self, rows):
        """Starts, stops, onboards and connects nodes until they are as the rows say."""
        wanted = {row["name"].lower(): row for row in rows}
        for name, host in self.bed.hosts.items():
            if name not in wanted and self.is_up(host.node):
                host.node.stop()
        for name, row in wanted.items():
            self.settle_location(name, row.get("location", ""))
            self.settle_offer(name, json.loads(row.get("says") or "{}"))
            if not self.is_up(self.node(name)):
                self.node(name).start()
        for name, row in wanted.items():
            self.settle_role(name, row["role"])
        self.introduce([name for name, row in wanted.items() if row["role"] != "stranger"])

    def settle_location(self, name, text):
        node = self.node(name)
        values = dict(zip(LOCATION_KEYS, text.split("/") + [""] * 3)) if text else dict.fromkeys(LOCATION_KEYS, "")
        now = json.loads(node.config_file.read_text()).get("general", {})
        if all(now.get(key, "") == value for key, value in values.items()):
            return
        if self.is_up(node):
            node.stop()
        node.configure(general=values)

    def settle_offer(self, name, offer):
        """What the owner says of the machine in its bids."""
        node = self.node(name)
        if json.loads(node.config_file.read_text()).get("job", {}).get("offer", {}) == offer:
            return
        if self.is_up(node):
            node.stop()
        node.configure(job={"offer": offer})

    def settle_role(self, name, role):
        node = self.node(name)
        if role == "provider":
            self.onboard(name, **standard_share())
        elif self.is_onboarded(node):
            self.offboard(name)

    @staticmethod
    def is_onboarded(node):
        return node.actor("/dms/node/onboarding/status")["onboarded"]

    def onboard(self, name, cores, memory, disk):
        share = (float(cores), str(memory), str(disk))
        node = self.node(name)
        if self.shares.get(name.lower()) == share and self.is_onboarded(node):
            return
        node.onboard(cpu=cores, ram=memory, disk=disk)
        self.shares[name.lower()] = share

    def offboard(self, name):
        reply = self.node(name).actor("/dms/node/onboarding/offboard")
        assert reply["success"], reply
        self.shares.pop(name.lower(), None)

    def addresses(self, name):
        """Where others reach the node, by TCP."""
        every = self.node(name).network("addresses", "--json").json["addresses"]
        usable = [text for text in every if "/tcp/" in text and "/p2p-circuit" not in text]
        own = [text for text in usable if f"/{self.bed.host(name.lower()).address}/" in text]
        return own or usable

    def introduce(self, names):
        """All meet all, as nodes of one network do."""
        for number, name in enumerate(names):
            known = set(self.node(name).actor("/dms/node/peers/list")["Peers"])
            for other in names[number + 1:]:
                if self.peer(other) not in known:
                    self.connect(name, other)

    def connect(self, name, other):
        address = self.addresses(other)[0]
        reply = self.node(name).actor("/dms/node/peers/connect", "-a", address)
        assert reply == {"Status": "CONNECTED", "Error": ""}, f"{name} → {other} at {address}: {reply}"

    # Who trusts whom.

    def organisation(self, name="nunet"):
        if name not in self.organisations:
            self.organisations[name] = Organisation(self.directory / f"organisation-{name}")
        return self.organisations[name]

    def enrol(self, names, organisation="nunet", rights=RIGHTS):
        """The field's way into an organisation: the node requires what it grants, and presents what it was granted."""
        org = self.organisation(organisation)
        for name in names:
            node = self.node(name)
            if name.lower() in org.granted:
                continue
            asked = node.cli("cap", "grant", "-c", node.name, *capability_flags(rights), "--duration", "2h", org.did)
            node.cli("cap", "anchor", "-c", node.name, "--require", tokens_of(asked.out))
            given = tokens_of(org.cli("grant", *capability_flags(rights), "--duration", "2h", node.dms_did).out)
            node.cli("cap", "anchor", "-c", node.name, "--provide", given)
            org.granted[name.lower()] = given

    # Between two scenarios.

    def reset(self):
        """Ends every deployment, forgets the history, and looks that providers have everything back."""
        self.open_gate()
        self.held_launch.unlink(missing_ok=True)
        for node in self.running().values():
            self.end_deployments(node)
        for name, node in self.running().items():
            if self.is_onboarded(node):
                self.expect_idle(name)
        self.close_gate()
        self.deployments.clear()

    @staticmethod
    def end_deployments(node):
        items = node.actor("/dms/node/deployment/list")["deployments"]
        for item in items:
            if item["status"] not in FINAL:
                node.actor("/dms/node/deployment/shutdown", "-i", item["orchestrator_id"], "-t", "60s")
        for item in items:
            if item["status"] not in FINAL:
                node.wait_for(lambda item=item: node.status(item["orchestrator_id"])["status"] in FINAL, 60,
                              "a deployment does not end")
        if items:
            assert node.actor("/dms/node/deployment/prune", "--all")["ok"] is True

    # Jobs that wait.

    def gates(self):
        return [path for host in self.bed.hosts.values() for path in host.node.data_dir.rglob(GATE) if path.is_dir()]

    def open_gate(self):
        for gate in self.gates():
            (gate / "open").touch()

    def close_gate(self):
        """The next scenario's gate is closed, and has nothing of this one in it."""
        for gate in self.gates():
            for path in gate.iterdir():
                path.unlink()

    # What every provider must hold.

    def numbers(self, name, which):
        resources = self.node(name).resources(which)
        return resources["cpu"]["cores"], resources["ram"]["size"], resources["disk"]["size"]

    def allocations(self, name):
        return self.node(name).actor("/dms/node/allocations/list")["allocations"]

    def expect_idle(self, name):
        """Free is onboarded, nothing is allocated, nothing is listed."""
        def state():
            return (self.numbers(name, "free"), self.numbers(name, "allocated"), self.allocations(name))

        onboarded = self.numbers(name, "onboarded")
        wait(lambda: state() == (onboarded, (0, 0, 0), []), 20,
             lambda: f"{name} lends {onboarded}; free, allocated, allocations: {state()}")
