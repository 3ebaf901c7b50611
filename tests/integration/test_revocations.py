# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A node that was away when something was revoked learns it from a peer when they meet."""

import json

import pytest

from world import World


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "world") as world:
        yield world


def first_json(text):
    return text[text.index("{"):].strip().splitlines()[0]


def revoked_on(node):
    return node.actor("/dms/cap/list")["Revoke"].get("tok", [])


def revoke_something(node):
    """A grant of this node to nobody in particular, taken back."""
    grant = node.cli("cap", "grant", "-c", "dms", "--cap", "/dms/deployment", "--duration", "1h", node.user_did).out
    revocation = first_json(node.cli("cap", "revoke", "-c", "dms", first_json(grant)).out)
    node.cli("cap", "anchor", "-c", "dms", "--revoke", revocation)
    node.wait_for(lambda: revoked_on(node), 10, "the revocation is not anchored")
    return json.loads(revocation)["dms"]["nonce"]


def allow_public(host, guest):
    grant = host.cli("cap", "grant", "-c", "dms", "--cap", "/public", "--duration", "1h", guest.dms_did).out
    guest.cli("cap", "anchor", "-c", "dms", "--provide", first_json(grant))


def test_learned_from_a_peer(world):
    a, b = (world.add(name).set_up() for name in "ab")
    allow_public(a, b)
    a.start()
    nonce = revoke_something(a)
    b.start()

    b.wait_for(lambda: [token["dms"]["nonce"] for token in revoked_on(b)] == [nonce], 60, "nothing was learned")
    # And it is kept.
    saved = b.user_dir / "cap" / "dms.cap"
    b.wait_for(lambda: nonce in saved.read_text(), 30, "what was learned is not in the file")


def test_not_told_to_those_without_the_right(world):
    a, b = (world.add(name).set_up() for name in "ab")
    a.start()
    revoke_something(a)
    b.start()
    a.wait_for(lambda: "/public/revocations" in world.log_text(), 60, "b did not ask")
    assert revoked_on(b) == []
