# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`cap list`: for people on a terminal, for programs elsewhere."""

import json
import os
import pty
import subprocess

import pytest

from field_client import Identity, now, token_list
from node import NUNET, Node

DAY = 86400 * 10**9


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Contexts that hold a chain of three, something expired, something revoked and something hostile."""
    node = Node(tmp_path_factory.mktemp("list") / "node").set_up()
    node.org, node.alice, node.bob = Identity(), Identity(), Identity()
    first = node.org.grant(node.alice.did, ["/dms/deployment", "/public"], topics=["/nunet"],
                           expiry=now() + 30 * DAY, depth=4)
    passed = node.alice.grant(node.user_did, ["/dms/deployment"], topics=["/nunet"], expiry=now() + 10 * DAY,
                              chain=first, audience=node.dms_did)
    last = node.alice.grant(node.user_did, ["/public"], expiry=now() + 5 * DAY, chain=first, depth=1)
    hostile = node.bob.grant(node.user_did, ["/x\x1b[2J\u202ey"], expiry=now() + DAY)
    old = node.alice.grant(node.user_did, ["/public/status"], expiry=now() - 2 * DAY, chain=first)
    node.cli("cap", "anchor", "-c", "user", "--provide", json.dumps(token_list(passed, last, hostile)))
    path = node.user_dir / "cap" / "user.cap"
    content = json.loads(path.read_text())
    content["provide"]["tok"].append(old)
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False))

    granted = node.cli("cap", "grant", "-c", "dms", "--cap", "/dms/deployment", "--duration", "72h", "--depth", "2",
                       node.bob.did).out.strip()
    node.cli("cap", "anchor", "-c", "dms", "--require", granted)
    node.cli("cap", "anchor", "-c", "dms", "--revoke", node.cli("cap", "revoke", "-c", "dms", granted).out.strip())
    return node


def on_terminal(node, *words, **env):
    """What a person sees: the output of a command whose standard output is a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([str(NUNET), "--config", str(node.config_file), *words], stdout=follower,
                               env={**node.env, "TERM": "xterm", **env}, cwd=node.root)
    os.close(follower)
    text = b""
    while True:
        try:
            more = os.read(leader, 65536)
        except OSError:
            break
        if not more:
            break
        text += more
    os.close(leader)
    assert process.wait(timeout=30) == 0
    return text.decode().replace("\r\n", "\n")


def test_plain_is_the_fields_form(home):
    plain = home.cli("cap", "list", "-c", "user").out
    assert plain == home.cli("cap", "list", "-c", "user", "--plain").out
    lines = plain.splitlines()
    assert [line for line in lines if not line.startswith("\t")] == ["roots:", "require:", "provide:", "revoke:"]
    tokens = [json.loads(line[1:]) for line in lines if line.startswith("\t")]
    assert [token["dms"]["cap"] for token in tokens] == [["/dms/deployment"], ["/public"], ["/x\x1b[2J\u202ey"]]
    # On a terminal, too, when one asks for it.
    assert on_terminal(home, "cap", "list", "-c", "user", "--plain") == plain


def test_tree(home):
    tree = home.cli("cap", "list", "-c", "user", "--tree").out
    alice = f"{home.alice.did[8:16]}…{home.alice.did[-5:]}"
    org = f"{home.org.did[8:16]}…{home.org.did[-5:]}"
    assert f"  {org} → {alice}\n  │ /dms/deployment  /public\n  │ topics  /nunet\n  │ until " in tree
    assert "(in 29 days); may be passed on 3 more times\n" in tree
    assert f"  ├─ {alice} → user\n" in tree and f"  └─ {alice} → user\n" in tree
    assert "(in 9 days); only on dms; may be passed on 2 more times\n" in tree
    assert "(in 4 days); not to be passed on\n" in tree
    assert "EXPIRED\n" in tree and "(2 days ago)" in tree
    # Every short name is explained.
    for name, did in ((alice, home.alice.did), (org, home.org.did), ("user", home.user_did), ("dms", home.dms_did)):
        assert any(line.split() == [name, did] for line in tree.splitlines()), name
    # What a stranger wrote into a token moves no cursor.
    assert "\x1b" not in tree and "\u202e" not in tree and "/x\\u{1b}[2J\\u{202e}y" in tree


def test_tree_marks_what_was_revoked(home):
    tree = home.cli("cap", "list", "-c", "dms", "--tree").out
    bob = f"{home.bob.did[8:16]}…{home.bob.did[-5:]}"
    assert f"  dms → {bob}\n    /dms/deployment\n    REVOKED\n" in tree
    assert "Taken back (revoke)" in tree and "kept until" in tree
    assert "  user\n" in tree


def test_terminal(home):
    seen = on_terminal(home, "cap", "list", "-c", "user")
    assert "\x1b[1m" in seen and "\x1b[31mEXPIRED\x1b[0m" in seen
    tree = home.cli("cap", "list", "-c", "user", "--tree").out
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        bare = on_terminal(home, "cap", "list", "-c", "user", **env)
        assert "\x1b" not in bare and bare.split("until")[0] == tree.split("until")[0]


def test_json(home):
    listing = home.cli("cap", "list", "-c", "user", "--json").json
    assert listing["context"] == "user" and listing["did"] == home.user_did
    assert listing["roots"] == [] and listing["require"] == [] and listing["revoke"] == []
    chain, hostile = listing["provide"]
    assert chain["issuer"] == {"did": home.org.did} and chain["subject"] == {"did": home.alice.did}
    assert chain["anchored"] is False and "token" not in chain and chain["passes_on"] == 3
    passed, last, old = chain["passed_on"]
    assert passed["audience"] == {"did": home.dms_did, "context": "dms"}
    assert passed["subject"] == {"did": home.user_did, "context": "user"}
    assert [token["state"] for token in (passed, last, old, hostile)] == ["valid", "valid", "expired", "valid"]
    assert old["expires_in"] < 0 < last["expires_in"] <= 5 * 86400
    assert last["passes_on"] == 0 and hostile["passes_on"] is None
    # A token is handed on as it is.
    home.cli("cap", "remove", "-c", "user", "--provide", hostile["token"])
    home.cli("cap", "anchor", "-c", "user", "--provide", hostile["token"])

    node = home.cli("cap", "list", "-c", "dms", "--json").json
    assert node["roots"] == [{"did": home.user_did, "context": "user"}]
    assert [token["state"] for token in node["require"]] == ["revoked"]
    assert node["revoke"][0]["action"] == "revoke" and node["revoke"][0]["state"] == "valid"


def test_one_form_at_a_time(home):
    refused = home.cli("cap", "list", "-c", "user", "--json", "--tree", check=False)
    assert refused.status == 1 and refused.err == (
        "Error: if any flags in the group [json plain tree] are set none of the others can be; "
        "[json tree] were all set\n")
