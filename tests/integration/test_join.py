# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Joining an organisation in one step, and what members, and others, can do to each other after it."""

import json
import time

import pytest

from field_client import FieldClient, now, token_list
from key_file import write_key_file
from node import PASSPHRASE, PATIENCE, Node
from test_world import hello_on
from world import World

RIGHTS = ["--cap", "/dms/deployment", "--cap", "/broadcast,/public", "--topic", "/nunet"]
NAMED = ("/dms/deployment", "/broadcast", "/public")
# Dynamic behaviours, and what only some machines have, vary; these every node has.
SOME_BEHAVIOURS = {"/dms/cap/require/anchor", "/dms/cap/list", "/dms/node/onboarding/offboard", "/dms/node/status",
                   "/dms/node/deployment/new", "/dms/node/peers/self", "/dms/deployment/commit", "/public/hello",
                   "/dms/node/logger/config", "/dms/cap/revoke/broadcast"}


def named(path):
    return any(path == right or path.startswith(right + "/") for right in NAMED)


class Lab:
    """An organisation (a key and no daemon) and nodes that may join it."""

    def __init__(self, root):
        self.world = World(root / "world")
        self.home = Node(root / "organisation", name="org")
        self.key = write_key_file(self.home.user_dir / "key" / "org.json", "org", PASSPHRASE)
        self.home.cli("cap", "new", "org")
        self.keys = {}

    def machine(self, name):
        """A machine with nothing but a key: making one costs a second of scrypt each time it is opened."""
        node = self.world.add(name)
        node.owner = "dms"
        self.keys[name] = write_key_file(node.user_dir / "key" / "dms.json", "dms", PASSPHRASE)
        node.dms_did = self.keys[name].did
        return node

    def outsider(self, name):
        node = self.machine(name)
        node.cli("cap", "new", "dms")
        return node.start()

    def invite(self, *words, duration="720h", **kwargs):
        return self.home.cli("cap", "invite", "-c", "org", "--duration", duration, *words, **kwargs).out.strip()

    def member(self, name, invitation=None):
        node = self.machine(name)
        join(node, invitation or self.invite(*RIGHTS))
        return node.start()

    def client(self, node, **kwargs):
        """Somebody who has the node's key and all that it may present, and uses both as he likes."""
        provide = json.loads((node.user_dir / "cap" / "dms.cap").read_text())["provide"].get("tok") or []
        client = FieldClient(node.url, self.keys[node.label], provide=provide, **kwargs)
        client.host = client.handle()["addr"]["host"]
        return client


def join(node, invitation, *words, **kwargs):
    path = node.root / "invitation"
    path.write_text(invitation + "\n")
    return node.cli("cap", "join", path, "--yes", *words, **kwargs)


def anchors(node, context="dms"):
    return json.loads((node.user_dir / "cap" / f"{context}.cap").read_text())


def deploy_and_wait(node, other, text="hello from afar"):
    ensemble = node.deploy(node.write_job("there.yaml", hello_on(other.peer, text)))
    node.wait_status(ensemble, "Completed")
    assert node.logs_of(ensemble, "there.main")[0] == text + "\n"


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    with lab.world:
        yield lab


# One command each.

def test_two_fresh_nodes_deploy_on_each_other(lab):
    """Not even a key is there before `cap join`; afterwards each runs a job on the other."""
    invitation = lab.invite(*RIGHTS)
    nodes = []
    for name in "ab":
        node = lab.world.add(name)
        node.owner = "dms"
        assert "has joined until" in join(node, invitation).out
        nodes.append(node.start())
    a, b = nodes
    for node in nodes:
        node.onboard()
    deploy_and_wait(a, b, "from a to b")
    deploy_and_wait(b, a, "from b to a")


def test_addressed_invitation_for_several(lab):
    a, b, c = (lab.machine(name) for name in "abc")
    invitation = lab.invite(*RIGHTS, "--for", a.dms_did, "--for", b.dms_did, duration="87600h")
    for node in (a, b):
        join(node, invitation)
        node.start()
    refused = join(c, invitation, check=False)
    assert refused.status == 1 and "for somebody else" in refused.err
    assert not (c.user_dir / "cap" / "dms.cap").exists()
    b.onboard()
    deploy_and_wait(a, b)


def test_members_by_different_invitations_meet(lab):
    a = lab.machine("a")
    join(a, lab.invite(*RIGHTS, "--for", a.dms_did))
    a.start()
    b = lab.member("b")
    for node in (a, b):
        node.onboard()
    deploy_and_wait(a, b)
    deploy_and_wait(b, a)


def test_running_daemon_takes_it_up(lab):
    a, b = (lab.outsider(name) for name in "ab")
    b.onboard()
    invitation = lab.invite(*RIGHTS)
    for node in (a, b):
        join(node, invitation)
    a.wait_for(lambda: lab.world.log_text().count("capabilities_reloaded") >= 2, 10, "not reloaded")
    deploy_and_wait(a, b)


# What joining changes, and what not.

def test_exactly_what_was_shown(lab):
    node = lab.machine("a")
    invitation = lab.invite("--get", "/public", "--give", "/dms/deployment", "--topic", "/nunet", "--name", "Our lab")
    shown = join(node, invitation, "--dry-run").out
    assert lab.key.did in shown and "“Our lab”" in shown
    get, allow = shown.split("You allow")
    assert "/public" in get and "/dms/deployment" not in get
    assert "/dms/deployment" in allow and "/public" not in allow
    assert not (node.user_dir / "cap" / "dms.cap").exists()

    join(node, invitation)
    held = anchors(node)
    assert not held["roots"]
    (grant,), (got,) = held["require"]["tok"], held["provide"]["tok"]
    assert (grant["dms"]["iss"]["uri"], grant["dms"]["sub"]["uri"]) == (node.dms_did, lab.key.did)
    assert (grant["dms"]["cap"], grant["dms"]["topic"]) == (["/dms/deployment"], ["/nunet"])
    assert (got["dms"]["cap"], got["dms"]["topic"]) == (["/public"], ["/nunet"])
    assert got["dms"]["sub"]["uri"] == node.dms_did and got["dms"]["chain"]["dms"]["iss"]["uri"] == lab.key.did
    assert grant["dms"]["exp"] == got["dms"]["exp"]
    assert "chain" not in grant["dms"]


def test_twice_changes_nothing(lab):
    node = lab.machine("a")
    invitation = lab.invite(*RIGHTS)
    join(node, invitation)
    path = node.user_dir / "cap" / "dms.cap"
    before = path.read_bytes(), path.stat().st_mtime_ns
    again = join(node, invitation)
    assert "already" in again.out
    assert before == (path.read_bytes(), path.stat().st_mtime_ns)


def test_asks_before_it_joins(lab):
    node = lab.machine("a")
    path = node.root / "invitation"
    path.write_text(lab.invite(*RIGHTS))
    declined = node.cli("cap", "join", path, stdin="n\n", check=False)
    assert declined.status == 1 and "cancelled" in declined.err
    nobody = node.cli("cap", "join", "-", stdin=path.read_text(), check=False)
    assert nobody.status == 1 and "--yes" in nobody.err
    assert not (node.user_dir / "cap" / "dms.cap").exists()
    wrapped = "\n".join(path.read_text()[at:at + 60] for at in range(0, len(path.read_text()), 60))
    assert node.cli("cap", "join", "-", "--yes", stdin=wrapped).status == 0


def test_wide_rights_need_more_than_yes(lab):
    for rights in ("/", "/dms", "/dms/cap", "/dms/cap/require/anchor", "/dms/node/deployment"):
        node = lab.machine("a" + rights.replace("/", "-"))
        made = lab.home.cli("cap", "invite", "-c", "org", "--give", rights, "--duration", "1h")
        assert "WARNING" in made.err
        refused = join(node, made.out.strip(), check=False)
        assert refused.status == 1 and "WARNING" in refused.err and "--allow-wide" in refused.err
        assert not (node.user_dir / "cap" / "dms.cap").exists()
        join(node, made.out.strip(), "--allow-wide")
        assert not anchors(node)["roots"]


def test_refuses_bad_texts(lab):
    node = lab.machine("a")
    good = lab.invite(*RIGHTS)
    prefix, body = good.rsplit(":", 1)
    middle = len(body) // 2
    other = "A" if body[middle] != "A" else "B"
    texts = [prefix + ":" + body[:middle] + other + body[middle + 1:], good[:-4], "dms-invitation:v9:" + body,
             "nothing of the kind", "", prefix + ":" + body * 200]
    for text in texts:
        refused = join(node, text, check=False)
        assert refused.status == 1 and refused.err.startswith("Error: "), refused
        assert len(refused.err.splitlines()) == 1
    assert not (node.user_dir / "cap").exists()

    short = lab.invite(*RIGHTS, "--accept-within", "1s")
    time.sleep(1.1)
    refused = join(node, short, check=False)
    assert refused.status == 1 and "could be accepted until" in refused.err
    own = lab.home.cli("cap", "join", "-c", "org", good, "--yes", check=False)
    assert own.status == 1 and "is the organisation" in own.err


def test_refuses_bad_invitations(lab):
    def refused(*words):
        result = lab.home.cli("cap", "invite", "-c", "org", *words, check=False)
        assert result.status == 1 and result.out == "", result
        return result.err

    assert "30 days" in refused(*RIGHTS, "--duration", "721h30m", "--cap", "/x", "--duration", "800h")
    assert "required" in refused(*RIGHTS)
    assert "cap get give" in refused("--duration", "1h")
    assert "path" in refused("--cap", "deployment", "--duration", "1h")
    assert "did" in refused(*RIGHTS, "--duration", "1h", "--for", "somebody").lower()
    assert "64 characters" in refused(*RIGHTS, "--duration", "1h", "--name", "x" * 65)


def test_open_invitation_is_called_a_secret(lab):
    made = lab.home.cli("cap", "invite", "-c", "org", "--duration", "1h", *RIGHTS)
    assert "ANYBODY" in made.err
    file = lab.home.root / "for-a-friend"
    made = lab.home.cli("cap", "invite", "-c", "org", "--duration", "1h", *RIGHTS, "--output", file)
    assert made.out == "" and file.stat().st_mode & 0o777 == 0o600
    assert join(lab.machine("a"), file.read_text().strip()).status == 0
    again = lab.home.cli("cap", "invite", "-c", "org", "--duration", "1h", *RIGHTS, "--output", file, check=False)
    assert again.status == 1 and "exists" in again.err
    named_one = lab.home.cli("cap", "invite", "-c", "org", "--duration", "1h", *RIGHTS, "--for", lab.keys["a"].did)
    assert "ANYBODY" not in named_one.err


def test_code_for_the_terminal(lab):
    drawn = lab.invite(*RIGHTS, "--qr")
    lines = drawn.split("\n")
    assert len(set(map(len, lines))) == 1 and set(drawn) <= set("█▀▄ \n")
    many = [word for _ in range(9) for word in ("--for", lab.machine(f"m{_}").dms_did)]
    too_large = lab.home.cli("cap", "invite", "-c", "org", "--duration", "1h", *RIGHTS, *many, "--qr", check=False)
    assert too_large.status == 1 and too_large.out == "" and "QR code" in too_large.err


# Nothing but what it names.

class Prober:
    """Sends messages to a node, and reads from its own counters what became of them."""

    def __init__(self, lab, target):
        self.target = target
        self.owner = lab.client(target)
        self.handle = self.owner.handle()

    def refusals(self):
        (status,) = self.owner.invoke("/dms/node/status").values()
        return {reason: count for reason, count in status["refusals"].items() if isinstance(count, int)}

    def is_refused(self, client, behaviour, payload=None, topic=None, **kwargs):
        """Whether this message is refused for want of a right; no other reason counts as an answer."""
        before = self.refusals()
        envelope = client.envelope(behaviour, payload or {}, target=kwargs.pop("target", self.handle),
                                   host=client.host, topic=topic, timeout=20, **kwargs)
        status, body = client.post("broadcast" if topic else "send", envelope) if not topic else \
            client.post("send", envelope)
        assert status == 200, body
        # What comes later has been looked at later: when the probe after it is answered, it is decided.
        deadline = time.monotonic() + 0.15 * PATIENCE
        while True:
            after = self.refusals()
            changed = {reason for reason in after if after[reason] != before.get(reason, 0)}
            assert changed <= {"not-authorized"}, f"{behaviour}: refused for {changed}"
            if changed or time.monotonic() > deadline:
                return bool(changed)
            time.sleep(0.02)


def test_every_behaviour_is_tried(lab):
    """Members can use what the invitation names, and nothing else; outsiders nothing at all."""
    invitation = lab.invite(*RIGHTS)
    a, b = (lab.member(name, invitation) for name in "ab")
    outsider = lab.outsider("c")
    b.onboard()
    # While a job of another member runs, so that its behaviours are there too.
    service = hello_on(b.peer).replace("task", "service").replace('["/bin/echo", "hello from afar"]',
                                                                 '["/bin/sleep", "600"]')
    ensemble = a.deploy(a.write_job("service.yaml", service))
    a.wait_status(ensemble, "Running")
    third = lab.member("d", invitation)

    tried = 0
    for target, senders in ((b, (third, outsider)), (a, (third, b, outsider)), (outsider, (a,))):
        prober = Prober(lab, target)
        paths = target.behaviours()
        assert SOME_BEHAVIOURS <= set(paths), SOME_BEHAVIOURS - set(paths)
        if target is not outsider:
            assert any(ensemble in path for path in paths)
        for sender in senders:
            client = lab.client(sender)
            member = sender is not outsider and target is not outsider
            for path in paths:
                if path == "/broadcast/hello" or path.startswith("/broadcast/") or path.endswith("/broadcast"):
                    continue
                allowed = member and named(path)
                assert prober.is_refused(client, path) is not allowed, (sender.label, target.label, path)
                tried += 1
    assert tried > 200

    # Nothing of it did anything.
    assert a.status(ensemble)["status"] == "Running"
    assert b.actor("/dms/node/onboarding/status")["onboarded"] is True
    a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    a.wait_status(ensemble, "Completed")
