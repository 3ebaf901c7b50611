# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Joining an organisation in one step, and what members, and others, can do to each other after it."""

import base64
import json
import threading
import time

import pytest

from field_client import FieldClient, Identity, Response, now, token_list
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

    for text in ("\x1b[2J", prefix + ":" + base64.urlsafe_b64encode(
            b'{"org":{"uri":"\\u001b[2J\\u202e"}}').decode().rstrip("=")):
        refused = node.cli("cap", "join", text, check=False)
        assert refused.status == 1 and "\\u{1b}[2J" in refused.err and "\x1b" not in refused.err, refused

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

    assert "30 days" in refused(*RIGHTS, "--duration", "800h")
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

ALLOCATION_BEHAVIOURS = ["start", "restart", "stats", "subnet/add-peer", "subnet/accept-peers", "subnet/remove-peers",
                         "subnet/map-port", "subnet/unmap-port", "subnet/dns/add-records", "subnet/dns/remove-records"]
TOPICS = {"/broadcast/hello": "/nunet/hello", "/broadcast/dms/status": "/nunet/status",
          "/dms/deployment/request": "/nunet/deployment", "/dms/cap/revoke/broadcast": "/nunet/revocation"}


# Needs no right: machines that bid for one ensemble need not trust each other. It says nothing to anybody else.
OPEN = {"/dms/deployment/constraint/echo", "/dms/deployment/succession/renew", "/dms/deployment/succession/vote",
        "/dms/deployment/succession/take-over"}


class Prober:
    """Sends messages to a node, and reads from its own counters what became of them."""

    def __init__(self, lab, target):
        # What nodes ask by themselves is refused as well, and must not be taken for an answer.
        lab.world.settle()
        self.owner = lab.client(target)
        self.handle = self.owner.handle()
        self.threads = []

    def refusals(self):
        (status,) = self.owner.invoke("/dms/node/status", timeout=20).values()
        return {reason: count for reason, count in status["refusals"].items() if isinstance(count, int)}

    def send(self, client, behaviour, target=None, **kwargs):
        envelope = client.envelope(behaviour, kwargs.pop("payload", {}), target=target or self.handle,
                                   host=client.host, **{"timeout": 20, **kwargs})
        status, body = client.post("send", envelope)
        assert status == 200, (behaviour, status, body)

    def broadcast(self, client, behaviour, topic, answers=None):
        """Publishes, and collects the answers on the side until the message's end."""
        actor, expiry = Identity(), now() + int(1.5 * PATIENCE * 10**9)
        tokens = [client.identity.token("broadcast", actor.did, [behaviour], topics=[topic], expiry=expiry,
                                        chain=chain) for chain in client.provide + [None]]
        envelope = client.envelope(behaviour, {}, target=self.handle, host=client.host, topic=topic, actor=actor,
                                   expiry=expiry, tokens=token_list(*tokens))
        thread = threading.Thread(target=lambda: (answers or []).append(client.post("broadcast", envelope)))
        thread.start()
        return thread

    def assert_refused(self, client, behaviour, **kwargs):
        """For want of a right; no other reason counts as an answer."""
        before = self.refusals()
        if "topic" in kwargs:
            self.threads.append(self.broadcast(client, behaviour, **kwargs))
        else:
            self.send(client, behaviour, **kwargs)
        deadline = time.monotonic() + 10 * PATIENCE
        while True:
            after = self.refusals()
            changed = {reason for reason in after if after[reason] != before.get(reason, 0)}
            assert changed <= {"not-authorized"}, f"{behaviour}: refused for {changed}"
            if changed:
                return
            assert time.monotonic() < deadline, f"{behaviour} is not refused"
            time.sleep(0.01)

    def assert_ignored(self, client, behaviour):
        """Neither an answer nor a refusal."""
        before = self.refusals()
        with pytest.raises(Response) as silence:
            client.invoke(behaviour, {"EnsembleID": "0" * 64, "Data": "x"}, target=self.handle, host=client.host, timeout=1)
        assert silence.value.status == 408 and self.refusals() == before, silence.value

    def assert_answered(self, client, behaviour):
        """What comes back may well say that the payload makes no sense: the right is not what is missing."""
        client.invoke(behaviour, {}, target=self.handle, host=client.host, timeout=10)

    def assert_taken(self, client, behaviour, topic):
        """A broadcast; the bid that one asks for is made to an orchestrator, and there is none."""
        before, answers = self.refusals(), [None]
        self.broadcast(client, behaviour, topic, answers).join()
        assert self.refusals() == before, behaviour
        if not behaviour.startswith("/broadcast/"):
            return
        status, body = answers[1]
        assert status == 200, body
        assert self.handle["id"] in [answer["from"]["id"] for answer in json.loads(body)], behaviour


class Busy:
    """Members a, b and d, where a has a service running on b, and c who is none."""

    def __init__(self, lab, *words):
        self.invitation = lab.invite(*(words or RIGHTS))
        self.a, self.b, self.d = (lab.member(name, self.invitation) for name in "abd")
        self.c = lab.outsider("c")
        self.b.onboard()
        job = hello_on(self.b.peer).replace("task", "service").replace("/bin/echo", "/bin/sleep")
        self.ensemble = self.a.deploy(self.a.write_job("service.yaml", job.replace("hello from afar", "600")))
        self.a.wait_status(self.ensemble, "Running")
        self.manifest = self.a.actor("/dms/node/deployment/manifest", "-i", self.ensemble)["manifest"]

    def assert_untouched(self):
        assert self.a.status(self.ensemble)["status"] == "Running"
        assert self.b.actor("/dms/node/onboarding/status")["onboarded"] is True
        assert len(self.b.actor("/dms/node/allocations/list")["allocations"]) == 1
        for node in (self.a, self.b, self.d):
            assert not anchors(node)["roots"] and len(anchors(node)["require"]["tok"]) == 1

    def end(self):
        assert self.a.actor("/dms/node/deployment/shutdown", "-i", self.ensemble)["OK"] is True
        self.a.wait_status(self.ensemble, "Completed")


def test_every_behaviour_is_tried(lab):
    """Members can use what the invitation names, and nothing else; outsiders nothing at all."""
    busy = Busy(lab)
    answered, refused = set(), set()
    for target, senders in ((busy.b, (busy.d, busy.c)), (busy.a, (busy.b, busy.c)), (busy.c, (busy.a,))):
        prober = Prober(lab, target)
        paths = target.behaviours()
        assert SOME_BEHAVIOURS <= set(paths), SOME_BEHAVIOURS - set(paths)
        # What b answers to the orchestrator of the running job is among them.
        assert target is not busy.b or any(busy.ensemble in path for path in paths)
        for sender in senders:
            client = lab.client(sender)
            member = sender is not busy.c and target is not busy.c
            for path in paths:
                topic = TOPICS.get(path)
                if path in OPEN:
                    prober.assert_ignored(client, path)
                    continue
                if topic and member and named(path):
                    prober.assert_taken(client, path, topic)
                elif topic:
                    prober.assert_refused(client, path, topic=topic)
                if path.startswith("/broadcast/"):
                    continue
                if member and named(path):
                    if path not in TOPICS:
                        prober.assert_answered(client, path)
                    answered.add(path)
                else:
                    prober.assert_refused(client, path)
                    refused.add(path)
        for thread in prober.threads:
            thread.join()
    assert {"/public/hello", "/dms/deployment/commit", "/dms/deployment/allocate"} <= answered
    assert len(refused) > 40
    busy.assert_untouched()
    busy.end()


def test_actors_of_a_job_are_not_the_members_business(lab):
    """The orchestrator and the allocation of one member's job answer to nobody else."""
    busy = Busy(lab)
    (allocation,) = busy.manifest["allocations"].values()
    on_provider, on_orchestrator = Prober(lab, busy.b), Prober(lab, busy.a)
    for sender in (busy.d, busy.c):
        client = lab.client(sender)
        for suffix in ALLOCATION_BEHAVIOURS:
            on_provider.assert_refused(client, f"/dms/allocation/{suffix}", target=allocation["handle"])
        on_provider.assert_refused(client, "/dms/actor/healthcheck/register", target=allocation["handle"])
        for suffix in ("task-termination", "allocation/liveness", "allocation/status", "deployment/state"):
            on_orchestrator.assert_refused(client, f"/dms/orchestrator/{busy.ensemble}/{suffix}",
                                           target=busy.manifest["orchestrator"],
                                           payload={"allocation_id": allocation["id"], "status": "failed"})
    busy.assert_untouched()

    # What a member may ask of any provider does nothing to a job that is another's: nor when it claims to be it.
    d = lab.client(busy.d)
    for name in (allocation["id"], "there.main", "main"):
        payload = {"EnsembleID": busy.ensemble, "AllocsByName": [name]}
        d.invoke("/dms/deployment/revert", payload, target=on_provider.handle, host=d.host)
        envelope = d.envelope("/dms/deployment/revert", payload, target=on_provider.handle, host=d.host)
        envelope["from"]["did"] = {"uri": busy.a.dms_did}
        d.post("send", envelope)
    busy.assert_untouched()
    busy.end()


def test_rights_are_not_stretched(lab):
    """With the token it was given and its own key, a member cannot make itself more, or let others in."""
    invitation = lab.invite("--cap", "/dms/deployment/request,/public/hello", "--topic", "/nunet/hello")
    a, b = (lab.member(name, invitation) for name in "ab")
    c = lab.outsider("c")
    prober = Prober(lab, b)
    client = lab.client(a)
    prober.assert_answered(client, "/public/hello")
    for path in ("/public/status", "/dms/deployment/commit", "/dms/node/peers/self"):
        prober.assert_refused(client, path)
    # A capability by which nothing but the sender's own signature stands.
    for right in ("/", "/dms", "/public"):
        actor = Identity()
        tokens = [lab.keys["a"].token("invoke", actor.did, [right], audience=b.dms_did, expiry=now() + 20 * 10**9,
                                      chain=chain) for chain in client.provide + [None]]
        prober.assert_refused(client, "/public/status", actor=actor, tokens=token_list(*tokens))
    # Passed on to somebody outside: one link too many.
    passed = [lab.keys["a"].grant(c.dms_did, ["/public/hello"], chain=token, expiry=token["dms"]["exp"])
              for token in client.provide]
    outsider = FieldClient(c.url, lab.keys["c"], provide=passed)
    outsider.host = outsider.handle()["addr"]["host"]
    prober.assert_refused(outsider, "/public/hello")


def test_one_direction(lab):
    """Who only allows, may not; who only gets, need not allow."""
    worker = lab.member("worker", lab.invite("--give", "/dms/deployment,/broadcast,/public", "--topic", "/nunet"))
    customer = lab.member("customer", lab.invite("--get", "/dms/deployment,/broadcast,/public", "--topic", "/nunet"))
    worker.onboard()
    deploy_and_wait(customer, worker)
    Prober(lab, worker).assert_answered(lab.client(customer), "/public/hello")
    Prober(lab, customer).assert_refused(lab.client(worker), "/public/hello")


# The end of it.

def revoke(lab, invitation):
    """The organisation's revocations of what an invitation gives, one a line."""
    file = lab.home.root / "to-revoke"
    file.write_text(invitation)
    return lab.home.cli("cap", "revoke", "-c", "org", file).out.split()


def test_revoked_invitation(lab):
    """All who joined by it are cut off where the revocation is known; others are not."""
    invitation, other = lab.invite(*RIGHTS), lab.invite(*RIGHTS)
    a, b = (lab.member(name, invitation) for name in "ab")
    d = lab.member("d", other)
    b.onboard()
    deploy_and_wait(a, b)
    prober = Prober(lab, b)
    for revocation in revoke(lab, invitation):
        b.cli("cap", "anchor", "-c", "dms", "--revoke", revocation)
    b.wait_for(lambda: "capabilities_reloaded" in lab.world.log_text(), 10, "not reloaded")
    for path in ("/dms/deployment/commit", "/public/hello"):
        prober.assert_refused(lab.client(a), path)
    ensemble = a.deploy(a.write_job("again.yaml", hello_on(b.peer)))
    a.wait_for(lambda: "behavior=/dms/deployment/request" in lab.world.log_text(), 20, "nothing was refused")
    assert a.status(ensemble)["status"] in ("Preparing", "Generating", "Committing", "Failed")
    assert not b.actor("/dms/node/allocations/list")["allocations"]
    prober.assert_answered(lab.client(d), "/public/hello")
    deploy_and_wait(d, b)

    refused = join(lab.machine("e"), invitation)
    assert refused.status == 0, "who does not know of the revocation cannot see it"
    late = b.cli("cap", "join", b.root / "invitation", "--yes", check=False)
    assert late.status == 1 and "took it back" in late.err


def test_revocation_is_told_to_members(lab):
    """One member anchors it and tells the others, who have allowed that and nothing more of the kind."""
    invitation = lab.invite("--cap", "/public,/dms/cap/revoke/broadcast", "--topic", "/nunet")
    gone, others = lab.machine("gone"), [lab.member(name, invitation) for name in "ab"]
    own = lab.invite("--cap", "/public", "--for", gone.dms_did)
    assert join(gone, own).status == 0
    gone.start()
    outsider = lab.outsider("c")
    probers = [Prober(lab, node) for node in others]
    for prober in probers:
        prober.assert_answered(lab.client(gone), "/public/hello")
    probers[1].assert_refused(lab.client(others[0]), "/dms/cap/revoke/anchor")
    (revocation,) = revoke(lab, own)

    # The outsider may know of it, but is not listened to.
    outsider.cli("cap", "anchor", "-c", "dms", "--revoke", revocation)
    outsider.cli("cap", "broadcast", "-c", "dms")
    time.sleep(0.5 * PATIENCE)
    probers[1].assert_answered(lab.client(gone), "/public/hello")

    others[0].cli("cap", "anchor", "-c", "dms", "--revoke", revocation)
    others[0].cli("cap", "broadcast", "-c", "dms")
    others[1].wait_for(lambda: anchors(others[1])["revoke"].get("tok"), 10, "not told")
    for prober in probers:
        prober.assert_refused(lab.client(gone), "/public/hello")


def test_leaving(lab):
    invitation = lab.invite(*RIGHTS)
    a, b = (lab.member(name, invitation) for name in "ab")
    probe_b, probe_a = Prober(lab, b), Prober(lab, a)
    stolen = anchors(b)["require"]["tok"]
    probe_b.assert_answered(lab.client(a), "/public/hello")
    left = b.cli("cap", "leave", lab.key.did)
    assert "dropped: 1, grants revoked: 1" in left.out
    assert not anchors(b)["require"].get("tok") and not anchors(b)["provide"].get("tok")
    b.wait_for(lambda: "capabilities_reloaded" in lab.world.log_text(), 10, "not reloaded")
    probe_b.assert_refused(lab.client(a), "/public/hello")
    probe_a.assert_refused(lab.client(b), "/public/hello")

    # Not even with a copy of the grant, passed on by the organisation itself.
    (grant,) = stolen
    thief = lab.client(a)
    thief.provide = [lab.key.grant(a.dms_did, ["/public"], chain=grant, expiry=grant["dms"]["exp"])]
    probe_b.assert_refused(thief, "/public/hello")
    again = b.cli("cap", "leave", lab.key.did, check=False)
    assert again.status == 1 and "nothing to leave" in again.err
    assert join(b, invitation).status == 0
