# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs of keys and capabilities, as scripts of the field use them."""

import json
import re
import subprocess
import sys
import time

import pytest

from node import Node

DID = re.compile(r"did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}\n")
GRANT = ("cap", "grant", "--context", "dms", "--cap", "/dms/deployment", "--cap", "/broadcast,/public",
         "--topic", "/nunet", "--expiry", "2096-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A node's identities; the daemon is not started."""
    return Node(tmp_path_factory.mktemp("identity") / "node").set_up()


def single(token_list):
    tokens = json.loads(token_list)["tok"]
    assert len(tokens) == 1
    return json.dumps(tokens[0], separators=(",", ":"))


def sections(home, context="dms"):
    """What `cap list` shows, by heading."""
    found = {}
    for line in home.cli("-c", context, "cap", "list").out.splitlines():
        if line.startswith("\t"):
            found[heading].append(line[1:])
        else:
            heading = line
            found[heading] = []
    assert list(found) == ["roots:", "require:", "provide:", "revoke:"]
    return found


def test_key_new_prints_the_did_alone(tmp_path):
    home = Node(tmp_path / "node")
    made = home.cli("key", "new", "dms")
    assert DID.fullmatch(made.out) and made.err == ""
    assert home.cli("key", "did", "dms").out == made.out
    path = home.user_dir / "key" / "dms.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    content = json.loads(path.read_text())
    assert content["crypto"]["kdfparams"]["n"] == 262144 and content["version"] == 3

    declined = home.cli("key", "new", "dms", stdin="n\n", check=False)
    assert declined.status == 1 and "operation cancelled by user" in declined.err
    assert home.cli("key", "did", "dms").out == made.out
    assert home.cli("key", "new", "dms", stdin="y\n").out != made.out


def test_key_import(tmp_path):
    home = Node(tmp_path / "node")
    seed = "6b81b3b40053ce6560e067016861c158032b4a4326b8a1c36ff4eb360b949918"
    public = "1c0fd65b63efc92b986aa9431d1cd3b2529ee413adc674b05acbcee6961167c2"
    did = "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9\n"
    assert home.cli("key", "import", "org", seed).out == did
    assert home.cli("key", "import", "whole", "08011240" + seed + public).out == did
    for bad in ("xx", seed[:-2], "08011240" + seed + seed, "08021240" + seed + public, seed + public):
        refused = home.cli("key", "import", "bad", bad, check=False)
        assert refused.status == 1 and refused.err.startswith("Error: ")
        assert seed not in refused.err
    assert not (home.user_dir / "key" / "bad.json").exists()


def test_cap_new(tmp_path):
    home = Node(tmp_path / "node")
    made = home.cli("cap", "new", "dms")
    assert made.out == ("A new identity will be created for 'dms' context...\n"
                        "Using did:key identity (no PRISM DID association found)\n")
    path = home.user_dir / "cap" / "dms.cap"
    assert path.stat().st_mode & 0o777 == 0o600
    declined = home.cli("cap", "new", "dms", stdin="n\n", check=False)
    assert declined.status == 1 and "WARNING" in declined.err and "operation cancelled by user" in declined.err
    again = home.cli("cap", "new", "-f", "dms")
    assert again.out.startswith(f"Using identity at {home.user_dir}/key/dms.json...\n")
    content = json.loads(path.read_text())
    assert content["did"]["uri"] == home.cli("key", "did", "dms").out.strip()
    assert path.read_text().count("\n") == 1


def test_grant_anchor_list_revoke_remove(home):
    granted = home.cli(*GRANT, home.user_did).out
    assert granted.count("\n") == 1
    token = json.loads(granted)["tok"][0]["dms"]
    assert token["act"] == "delegate" and token["aud"] == {} and token["topic"] == ["/nunet"]
    assert token["cap"] == ["/dms/deployment", "/broadcast", "/public"]
    assert token["exp"] == 3976214400 * 10**9

    anchored = home.cli("cap", "anchor", "-c", "dms", "--require", granted.strip())
    assert anchored.out == "Successfully signaled DMS to reload capability contexts\n"
    home.cli("cap", "anchor", "-c", "user", "--provide", granted.strip())
    assert sections(home)["require:"] == [single(granted)]
    assert sections(home, "user")["provide:"] == [single(granted)]
    assert home.user_did in sections(home)["roots:"]

    revoked = home.cli("cap", "revoke", "-c", "dms", granted.strip()).out
    assert json.loads(revoked)["dms"]["act"] == "revoke"
    home.cli("cap", "anchor", "-c", "dms", "--revoke", revoked.strip())
    assert sections(home)["revoke:"] == [revoked.strip()]
    stranger = home.cli("cap", "revoke", "-c", "user", granted.strip(), check=False)
    assert stranger.status == 1 and "only its issuer can" in stranger.err

    home.cli("-c", "user", "cap", "remove", "--provide", single(granted))
    assert sections(home, "user")["provide:"] == []
    home.cli("-c", "dms", "cap", "remove", "--require", single(granted))
    missing = home.cli("-c", "dms", "cap", "remove", "--require", single(granted), check=False)
    assert missing.status == 1 and "not anchored" in missing.err


def test_delegate(home):
    granted = home.cli(*GRANT, home.user_did).out.strip()
    home.cli("cap", "anchor", "-c", "user", "--provide", granted)
    passed = json.loads(home.cli("cap", "delegate", "-c", "user", "--cap", "/dms/deployment/request",
                                 "--auto-expire", home.dms_did).out)["tok"]
    assert passed[0]["dms"]["chain"] == json.loads(granted)["tok"][0]
    assert passed[0]["dms"]["exp"] == json.loads(granted)["tok"][0]["dms"]["exp"]
    wider = home.cli("cap", "delegate", "-c", "user", "--cap", "/dms", "--auto-expire", home.dms_did, check=False)
    assert wider.status == 1 and "no provide anchor" in wider.err
    both = home.cli("cap", "delegate", "-c", "user", "--cap", "/dms/deployment", "--duration", "1h",
                    "--self-sign", "also", home.dms_did).json["tok"]
    assert ["chain" in token["dms"] for token in both] == [True, False]


@pytest.mark.parametrize("words, message", [
    (("cap", "list"), 'required flag(s) "context" not set'),
    (("cap", "grant", "-c", "dms", "--duration", "1h"), "accepts 1 arg(s), received 0"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"),
     "[expiry duration]"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--expiry", "tomorrow",
      "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"), "tomorrow"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--expiry", "2001-01-01T00:00:00Z",
      "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"), "in the past"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--duration", "1h", "nobody"), "nobody"),
    (("cap", "anchor", "-c", "dms"), "[root require provide revoke]"),
    (("cap", "anchor", "-c", "dms", "--require", "{}"), "no token in it"),
    (("cap", "anchor", "-c", "dms", "--require", '{"tok":[{"dms":{"act":"delegate"'), "malformed"),
    (("cap", "anchor", "-c", "nobody", "--root", "did:key:x"), "nunet cap new nobody"),
    (("cap", "delegate", "-c", "user", "--cap", "/x", "--auto-expire", "--self-sign", "only",
      "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"), "--auto-expire"),
    (("key", "did", "nobody"), "nunet key new nobody"),
    (("key", "new", "../outside"), "cannot name a context"),
    (("key", "new", "ledger:0"), "wallet"),
])
def test_refusals(home, words, message):
    refused = home.cli(*words, check=False)
    assert refused.status == 1 and refused.out == ""
    assert refused.err.startswith("Error: ") and message in refused.err, refused


def test_forged_token_is_not_anchored(home):
    granted = json.loads(home.cli(*GRANT, home.user_did).out)
    granted["tok"][0]["dms"]["cap"] = ["/"]
    before = (home.user_dir / "cap" / "dms.cap").read_text()
    refused = home.cli("cap", "anchor", "-c", "dms", "--require", json.dumps(granted), check=False)
    assert refused.status == 1 and "not signed by its issuer" in refused.err
    assert (home.user_dir / "cap" / "dms.cap").read_text() == before


LISTENER = """
import signal, socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
if sys.argv[2] == "catches":
    signal.signal(signal.SIGUSR1, lambda *_: print("reload", flush=True))
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("kind", ["catches", "ignores"])
def test_anchor_signals_the_listener(home, kind):
    listener = subprocess.Popen([sys.executable, "-c", LISTENER, str(home.port), kind], stdout=subprocess.PIPE,
                                text=True)
    try:
        assert listener.stdout.readline() == "ready\n"
        anchored = home.cli("cap", "anchor", "-c", "dms", "--root", home.dms_did)
        assert anchored.out == "Successfully signaled DMS to reload capability contexts\n"
        if kind == "catches":
            assert listener.stdout.readline() == "reload\n"
        else:
            # Whatever listens there without a handler would die of the signal, so it gets none.
            time.sleep(0.2)
            assert listener.poll() is None
    finally:
        listener.kill()
        listener.wait()


def test_running_node_takes_new_anchors(home, tmp_path):
    node = Node(tmp_path / "node")
    node.set_up()
    node.cli("-c", "dms", "cap", "remove", "--root", node.user_did)
    node.start()
    try:
        refused = node.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", "-t", "2s", check=False)
        assert refused.status == 1
        node.cli("cap", "anchor", "-c", "dms", "--root", node.user_did)
        node.wait_for(lambda: node.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", "-t", "2s",
                                       check=False).status == 0, 20, "the new root is not taken")
        node.cli("cap", "remove", "-c", "dms", "--root", node.user_did)
        node.wait_for(lambda: node.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", "-t", "1s",
                                       check=False).status == 1, 20, "the root is still taken")
    finally:
        node.stop()
