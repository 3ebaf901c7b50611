# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Every verb of `cap` and `actor` with each of its flags, as the field's command line has them."""

import base64
import json
import signal
import subprocess
import time

import pytest

from field_client import Identity, verify_envelope
from node import NUNET, PATIENCE

DID = "did:key:z6MkgLoU5NZo4ZatTsivfQPNtE8YX1BtYQhnLDStt5ZdaHW9"
HELP = "Usage:\n"


def test_msg_and_invoke(shared):
    line = shared.cli("actor", "msg", "-i", "/dms/node/peers/self", "{}", "-t", "20s").out
    assert line.count("\n") == 1
    message = json.loads(line)
    assert verify_envelope(message) and message["be"] == "/dms/node/peers/self"
    nonce = message["from"]["addr"]["inbox"].removeprefix("user-")
    assert message["opt"]["cont"] == f"/private/user/{nonce}" and "topic" not in message["opt"]
    assert 15 < message["opt"]["exp"] / 1e9 - time.time() < 21
    reply = shared.cli("actor", "invoke", line.strip()).json
    assert verify_envelope(reply) and json.loads(base64.b64decode(reply["msg"]))["id"]


def test_msg_and_send(shared):
    """No reply is asked for, and none is waited for."""
    line = shared.cli("actor", "msg", "/public/hello", '{ "a" : 1 }', "--expiry", "2096-01-01T00:00:00Z", check=False)
    assert line.status == 1 and "24 hours" in line.err
    line = shared.cli("actor", "msg", "/public/hello", '{ "a" : 1 }', "-d", shared.dms_did).out
    message = json.loads(line)
    assert "cont" not in message["opt"] and base64.b64decode(message["msg"]) == b'{"a":1}'
    sent = shared.cli("actor", "send", line.strip())
    assert sent.err == "" and json.loads(sent.out) is not False


def test_msg_and_broadcast(shared):
    line = shared.cli("actor", "msg", "-b", "/nunet/hello", "/broadcast/hello", "{}", "-t", "5s").out
    message = json.loads(line)
    assert message["opt"]["topic"] == "/nunet/hello" and message["to"] == {"id": {"pub": ""}, "did": {}, "addr": {}}
    assert message["opt"]["cont"].startswith("/public/user/")
    replies = shared.cli("actor", "broadcast", line.strip()).json
    assert len(replies) == 1 and all(verify_envelope(reply) for reply in replies)


def test_destinations(shared):
    """A DID, a peer ID and a handle say the same node; a stranger's node cannot be reached."""
    handle = json.loads(shared.cli("actor", "msg", "/x", "{}").out)["to"]
    peer = handle["addr"]["host"]
    for destination in (shared.dms_did, peer, json.dumps(handle)):
        assert shared.actor("/dms/node/peers/self", "--dest", destination)["id"] == peer
    stranger = shared.cli("actor", "cmd", "/dms/node/peers/self", "-t", "2s", "--dest", Identity().did, check=False)
    assert stranger.status == 1 and "Error: could not run behavior: failed to invoke behavior: " in stranger.err


@pytest.mark.parametrize("words", [
    ("-c", "dms", "actor", "cmd", "/dms/node/peers/self"),
    ("actor", "cmd", "-c", "dms", "/dms/node/peers/self"),
    ("actor", "cmd", "--context", "dms", "/dms/node/peers/self", "--timeout", "20s"),
    ("actor", "-c", "dms", "cmd", "/dms/node/peers/self"),
    ("actor", "cmd", "/dms/node/peers/self", "-cdms", "-t=20s"),
    ("actor", "cmd", "/dms/node/peers/self", "--context=dms", "--"),
    ("-c", "dms", "actor", "cmd", "--timeout", "20s", "/dms/node/peers/self"),
])
def test_places_of_flags(shared, words):
    assert shared.cli(*words).json["id"].startswith("12D3KooW")


@pytest.mark.parametrize("words", [
    (), ("cap",), ("actor",), ("actor", "cmd"), ("actor", "cmd", "/dms/nothing/like/this"), ("cap", "nothing"),
    ("help", "cap", "grant"), ("cap", "anchor", "--help"), ("actor", "msg", "-h"),
])
def test_help(shared, words):
    answer = shared.cli(*words)
    assert HELP in answer.out and answer.err == ""


def test_terms_of_a_grant(shared):
    token = shared.cli("cap", "grant", "-c", "dms", "--cap", "/a,/b", "--cap", "/c", "-t", "/x", "--topic", "/y",
                       "-a", shared.user_did, "-e", "2096-01-01T00:00:00Z", "-d", "3", DID).json["tok"][0]["dms"]
    assert token["cap"] == ["/a", "/b", "/c"] and token["topic"] == ["/x", "/y"]
    assert token["aud"] == {"uri": shared.user_did} and token["sub"] == {"uri": DID} and token["depth"] == 3
    assert token["exp"] == 3976214400 * 10**9 and "chain" not in token
    token = shared.cli("cap", "grant", "-c", "dms", "--cap", "/a", "--duration", "1h30m", DID).json["tok"][0]["dms"]
    assert 5300 < token["exp"] / 1e9 - time.time() <= 5400 and "depth" not in token and "topic" not in token


def test_terms_of_a_delegation(shared):
    granted = shared.cli("cap", "grant", "-c", "dms", "--cap", "/a", "--topic", "/t", "--duration", "2h",
                         shared.user_did).out.strip()
    shared.cli("cap", "anchor", "-c", "user", "--provide", granted)
    parent = json.loads(granted)["tok"][0]

    def delegate(*flags, **kwargs):
        return shared.cli("cap", "delegate", "-c", "user", "--cap", "/a/b", *flags, DID, **kwargs)

    inherited = delegate("--auto-expire", "--topic", "/t", "-d", "1").json["tok"]
    assert len(inherited) == 1 and inherited[0]["dms"]["chain"] == parent
    assert inherited[0]["dms"]["exp"] == parent["dms"]["exp"] and inherited[0]["dms"]["depth"] == 1
    assert inherited[0]["dms"]["topic"] == ["/t"]
    chained = {mode: ["chain" in token["dms"] for token in delegate("--duration", "1h", "--self-sign", mode).json["tok"]]
               for mode in ("no", "also", "only")}
    assert chained == {"no": [True], "also": [True, False], "only": [False]}
    longer = delegate("--duration", "3h", check=False)
    assert longer.status == 1 and "no provide anchor" in longer.err
    shared.cli("cap", "remove", "-c", "user", "--provide", json.dumps(parent))


@pytest.mark.parametrize("words, message", [
    (("cap", "grant", "--cap", "/x", "--duration", "1h", DID), 'required flag(s) "context" not set'),
    (("cap", "delegate", "--cap", "/x", "--duration", "1h", DID), 'required flag(s) "context" not set'),
    (("cap", "anchor", "--root", DID), 'required flag(s) "context" not set'),
    (("cap", "remove", "--root", DID), 'required flag(s) "context" not set'),
    (("cap", "revoke", "{}"), 'required flag(s) "context" not set'),
    (("cap", "broadcast"), 'required flag(s) "context" not set'),
    (("cap", "new"), "accepts 1 arg(s), received 0"),
    (("cap", "revoke", "-c", "dms"), "accepts 1 arg(s), received 0"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--duration", "1h", DID, DID), "accepts 1 arg(s), received 2"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--duration", "1h", "--expiry", "2096-01-01T00:00:00Z", DID),
     "if any flags in the group [expiry duration] are set none of the others can be; [duration expiry] were all set"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", DID),
     "at least one of the flags in the group [expiry duration] is required"),
    (("cap", "delegate", "-c", "user", "--cap", "/x", "--auto-expire", "--duration", "1h", DID),
     "if any flags in the group [expiry duration auto-expire] are set none of the others can be; "
     "[auto-expire duration] were all set"),
    (("cap", "delegate", "-c", "user", "--cap", "/x", "--self-sign", "maybe", "--duration", "1h", DID), "maybe"),
    (("cap", "grant", "-c", "dms", "--cap", "x", "--duration", "1h", DID), "“x” is no capability"),
    (("cap", "grant", "-c", "dms", "--duration", "1h", DID), "no capability is given"),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--duration", "5", DID),
     'invalid argument "5" for "--duration" flag: time: missing unit in duration "5"'),
    (("cap", "grant", "-c", "dms", "--cap", "/x", "--duration", "1h", "-d", "-1", DID),
     'invalid argument "-1" for "-d, --depth" flag: strconv.ParseUint: parsing "-1": invalid syntax'),
    (("cap", "anchor", "-c", "dms", "--root", DID, "--require", "{}"),
     "if any flags in the group [root require provide revoke] are set none of the others can be; "
     "[require root] were all set"),
    (("cap", "remove", "-c", "dms"), "at least one of the flags in the group [root require provide revoke] is required"),
    (("cap", "list", "-c", "dms", "-x"), "unknown shorthand flag: 'x' in -x"),
    (("cap", "list", "-c", "dms", "--nothing"), "unknown flag: --nothing"),
    (("cap", "list", "-c"), "flag needs an argument: 'c' in -c"),
    (("actor", "msg", "/x"), "accepts 2 arg(s), received 1"),
    (("actor", "send"), "accepts 1 arg(s), received 0"),
    (("actor", "msg", "/x", "{}", "-b", "/t", "-d", DID),
     "if any flags in the group [broadcast dest] are set none of the others can be; [broadcast dest] were all set"),
    (("actor", "msg", "/x", "{}", "-b", "/t", "-i"),
     "if any flags in the group [broadcast invoke] are set none of the others can be; [broadcast invoke] were all set"),
    (("actor", "msg", "/x", "{}", "-t", "1s", "-e", "2096-01-01T00:00:00Z"),
     "if any flags in the group [expiry timeout] are set none of the others can be; [expiry timeout] were all set"),
    (("actor", "cmd", "/dms/node/peers/ping"), 'required flag(s) "host" not set'),
    (("actor", "cmd", "/dms/cap/provide/anchor"), 'required flag(s) "token" not set'),
    (("actor", "cmd", "/dms/cap/require/anchor", "--token", "[]"), "--token: give one token as JSON"),
    (("nothing",), 'unknown command "nothing" for "nunet"'),
])
def test_refusals(shared, words, message):
    refused = shared.cli(*words, check=False)
    assert refused.status == 1 and refused.out == "", refused
    assert refused.err.startswith("Error: ") and message in refused.err and refused.err.count("\n") == 1, refused


def test_capabilities_at_run_time(shared):
    grant = shared.cli("cap", "grant", "-c", "dms", "--cap", "/public", "--duration", "1h", DID).out.strip()
    token = json.dumps(json.loads(grant)["tok"][0])
    assert shared.actor("/dms/cap/require/anchor", "--token", token) == {"OK": True, "Error": ""}
    listed = shared.cli("actor", "cmd", "/dms/cap/list", "-c", "user").json
    assert json.loads(token) in listed["Require"]["tok"]
    wrong = shared.actor("/dms/cap/provide/anchor", "--token", token)
    assert wrong["OK"] is False and "cannot anchor" in wrong["Error"]
    revocation = shared.cli("cap", "revoke", "-c", "dms", grant).out.strip()
    assert shared.actor("/dms/cap/revoke/anchor", "--token", revocation) == {"OK": True, "Error": ""}
    shared.cli("cap", "anchor", "-c", "user", "--revoke", revocation)
    told = shared.cli("cap", "broadcast", "-c", "user")
    assert told.out == "Successfully broadcast 1 revocation token(s) to all peers\n" and told.err == ""
    shared.cli("-c", "dms", "cap", "remove", "--require", token)
    shared.cli("-c", "dms", "cap", "remove", "--revoke", revocation)
    shared.cli("-c", "user", "cap", "remove", "--revoke", revocation)


def anchor(shared):
    """`cap anchor`, without what `cli` waits for after it."""
    return subprocess.run([str(NUNET), "--config", str(shared.config_file), "cap", "anchor", "-c", shared.name,
                           "--root", Identity().did],
                          env=shared.env, cwd=shared.root, capture_output=True, text=True, timeout=60 * PATIENCE)


def test_reloaded(shared):
    """When `cap anchor` ends the daemon believes what was anchored: nothing is waited for here."""
    for _ in range(5):
        reloads = shared.count_reloads()
        done = anchor(shared)
        assert done.returncode == 0 and done.stderr == ""
        assert shared.count_reloads() == reloads + 1


def test_reloaded_by_nobody(shared):
    """A daemon that is stopped keeps `cap anchor` waiting for a while, and no longer; it reads the file later."""
    reloads = shared.count_reloads()
    shared.process.send_signal(signal.SIGSTOP)
    try:
        done = anchor(shared)
    finally:
        shared.process.send_signal(signal.SIGCONT)
    assert done.returncode == 0 and "did not say in time" in done.stderr
    shared.wait_for(lambda: shared.count_reloads() == reloads + 1, 10, "the daemon did not read its capabilities")


def test_nobody_there(shared):
    away = shared.cli("--rest-port", "1", "actor", "cmd", "/dms/node/peers/self", check=False)
    assert away.status == 1 and away.out == "" and "cannot reach the daemon at http://127.0.0.1:1" in away.err
