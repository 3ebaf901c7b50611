# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`cap explain` says of a message what the daemon does with it, and why."""

import json
import os
import subprocess

import pytest

from field_client import FieldClient, Identity, Response, now, token_list
from node import NUNET

SECOND = 10**9


@pytest.fixture(scope="module")
def world(shared):
    shared.org, shared.member = Identity(), Identity()
    grant = shared.cli("cap", "grant", "-c", "dms", "--cap", "/public,/dms/node/peers", "--duration", "1h",
                       shared.org.did).out.strip()
    shared.cli("cap", "anchor", "-c", "dms", "--require", grant)
    shared.wait_for(lambda: len(shared.actor("/dms/cap/list")["Require"].get("tok", [])) == 1, 10)
    return shared


def explain(node, *words, **kwargs):
    return node.cli("cap", "explain", "-c", "dms", *words, "--json", **kwargs).json


def test_root(world):
    answer = explain(world, "--from", world.user_did, "--cap", "/dms/node/deployment/new")
    assert answer["allowed"] is True and answer["reason"] == "none"
    text = world.cli("cap", "explain", "-c", "dms", "--from", "user", "--cap", "/dms/node/deployment/new").out
    assert text.startswith("allowed: /dms/node/deployment/new of dms by user\n")
    assert "its first issuer, user, is a root" in text
    assert f"user  {world.user_did}" in text


def test_delegated_by_the_organisation(world):
    did = world.member.did
    tokens = json.dumps(token_list(world.org.grant(did, ["/public"])))
    path = world.root / "tokens.json"
    path.write_text(tokens)
    for given, stdin in ((tokens, ""), (f"@{path}", ""), ("-", tokens)):
        words = ("--from", did, "--tokens", given)
        assert explain(world, *words, "--cap", "/public/status", stdin=stdin)["allowed"] is True
        refused = explain(world, *words, "--cap", "/dms/node/peers/self", stdin=stdin)
        assert refused["allowed"] is False and refused["reason"] == "widened-capability"
    assert explain(world, "--from", did, "--cap", "/public/status")["reason"] == "not-anchored"


def test_the_advice_helps(world):
    words = ("--from", world.member.did, "--cap", "/dms/node/hardware/spec")
    text = world.cli("cap", "explain", "-c", "dms", *words).out
    assert text.startswith("refused: ") and "To allow it here" in text
    command = text[text.index("  nunet cap anchor"):text.index("\n\nWho is who")]
    bin_dir = world.root / "bin"
    bin_dir.mkdir()
    script = bin_dir / "nunet"
    script.write_text(f'#!/bin/sh\nexec "{NUNET}" --config "{world.config_file}" "$@"\n')
    script.chmod(0o700)
    subprocess.run(["sh", "-c", command], check=True, capture_output=True,
                   env={**world.env, "PATH": f"{bin_dir}:{os.environ['PATH']}"})
    assert explain(world, *words)["allowed"] is True


def test_hostile_capability(world):
    """The command that is proposed does not run what stands in a message, nor does a terminal obey it."""
    did = Identity().did
    text = world.cli("cap", "explain", "-c", "dms", "--from", did, "--cap", "/x$(id)'\x1b[2J`id`").out
    assert "\x1b" not in text
    command = text[text.index("  nunet cap anchor"):text.index("\n\nWho is who")].replace("nunet", "echo", 1)
    said = subprocess.run(["sh", "-c", command.replace("nunet", "echo")], capture_output=True, text=True, check=True)
    assert "uid=" not in said.stdout and "$(id)" in said.stdout


def cases(world):
    """Messages of every kind: who sends them, with what tokens."""
    org, member, stranger = world.org, world.member, Identity()
    good = org.grant(member.did, ["/public"])
    expired = org.grant(member.did, ["/public"], expiry=now() - SECOND)
    shallow = org.grant(member.did, ["/public"], depth=1)
    deep = member.grant(stranger.did, ["/public"], chain=shallow, expiry=now() + 600 * SECOND)
    forged = org.grant(member.did, ["/public"])
    forged["dms"]["cap"] = ["/"]
    return {
        "organisation": (org, [], None),
        "member": (member, [good], None),
        "without tokens": (member, [], "not-anchored"),
        "expired": (member, [expired], "expired"),
        "too deep": (stranger, [deep], "too-deep"),
        "forged": (member, [forged], "bad-signature"),
        "somebody else's": (stranger, [good], "broken-chain"),
    }


@pytest.mark.parametrize("case", ["organisation", "member", "without tokens", "expired", "too deep", "forged",
                                  "somebody else's"])
def test_agrees_with_the_daemon(world, case):
    identity, provide, fault = cases(world)[case]
    client = FieldClient(world.url, identity, provide)
    envelope = client.envelope("/public/status", {}, timeout=2.5)
    answer = explain(world, "--envelope", json.dumps(envelope))
    assert answer["signature"] is True and answer["expired"] is False
    assert answer["allowed"] is (fault is None), answer
    if fault is not None:
        assert answer["reason"] == fault
    status, _ = client.post("invoke", envelope)
    assert status == (200 if fault is None else 408)


def test_message_itself(world):
    client = FieldClient(world.url, world.org)
    envelope = client.envelope("/public/status", {}, expiry=now() - 5 * SECOND)
    path = world.root / "message.json"
    path.write_text(json.dumps(envelope))
    old = explain(world, "--envelope", f"@{path}")
    assert old["expired"] is True and old["allowed"] is True and old["time_ns"] == envelope["opt"]["exp"]
    assert "The message expired: " in world.cli("cap", "explain", "-c", "dms", "--envelope", f"@{path}").out

    envelope = client.envelope("/public/status", {})
    envelope["be"] = "/public/hello"
    assert explain(world, "--envelope", json.dumps(envelope))["signature"] is False
    text = world.cli("cap", "explain", "-c", "dms", "--envelope", json.dumps(envelope)).out
    assert text.startswith("The message is not signed by the actor it names")


def test_later(world):
    words = ("--from", world.org.did, "--cap", "/public/status")
    assert explain(world, *words)["allowed"] is True
    later = explain(world, *words, "--at", "2093-01-01T00:00:00Z")
    assert later["allowed"] is False and later["tokens"][0]["anchors"][0]["fault"] == "outlives-parent"


@pytest.mark.parametrize("words, message", [
    ((), "--from and --cap"),
    (("--from", "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"), "--from and --cap"),
    (("--from", "nobody", "--cap", "/x"), "--from is a DID or the name of a context"),
    (("--from", "user", "--cap", "/x", "--tokens", "{}"), "no token in it"),
    (("--from", "user", "--cap", "/x", "--tokens", "@/nowhere"), "/nowhere"),
    (("--from", "user", "--cap", "/x", "--tokens", "@/dev/zero"), "not a regular file"),
    (("--from", "user", "--cap", "/x", "--at", "tomorrow"), "tomorrow"),
    (("--envelope", "{"), "--envelope: "),
    (("--envelope", "{}", "--from", "user"), "[envelope from]"),
])
def test_refusals(world, words, message):
    refused = world.cli("cap", "explain", "-c", "dms", *words, check=False)
    assert refused.status == 1 and refused.out == "" and message in refused.err
    assert refused.err.startswith("Error: ") and refused.err.count("\n") == 1
