# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A client that speaks only REST, made from the specification: granted, invoking, refused, revoked."""

import base64
import copy
import json
import os

import pytest

from field_client import FieldClient, Identity, Response, now, token_list, verify_envelope, wire
from node import PATIENCE

SHORT = 1.5


def refused(client, behaviour, payload=None, **kwargs):
    """A message the security layer drops: the caller only sees time pass."""
    kwargs.setdefault("timeout", SHORT)
    with pytest.raises(Response) as caught:
        client.invoke(behaviour, payload, **kwargs)
    assert caught.value.status == 408
    assert json.loads(caught.value.body) == {"error": "request timeout"}


def answers(client, behaviour):
    try:
        client.invoke(behaviour, timeout=SHORT)
    except Response:
        return False
    return True


def grant(node, did, *caps, extra=()):
    flags = [word for cap in caps for word in ("--cap", cap)]
    line = node.cli("cap", "grant", "-c", node.name, *flags, *extra, "--duration", "1h", did).out
    assert line.count("\n") == 1
    tokens = json.loads(line)
    assert line == wire(tokens).decode() + "\n", "the token list is not in the field's JSON"
    return tokens["tok"]


def test_health_and_handle(shared):
    client = FieldClient(shared.url)
    assert client.http("GET", "/health") == (200, '{"status":"ok"}')
    handle = client.handle()
    assert handle["did"]["uri"] == shared.dms_did
    assert handle["addr"]["inbox"] == "root"
    assert client.http("GET", "/nothing/here") == (404, "404 page not found")


def test_stranger_is_refused(shared):
    refused(FieldClient(shared.url), "/dms/node/peers/self")


def test_granted_by_the_node(shared):
    client = FieldClient(shared.url)
    client.provide = grant(shared, client.identity.did, "/dms/node/peers")
    reply = client.invoke("/dms/node/peers/self")
    assert reply["id"] == client.handle()["addr"]["host"]
    assert "listen_addr" in reply
    refused(client, "/dms/node/onboarding/status")
    refused(client, "/dms/node/peersself")


def test_root_may_do_everything(shared):
    user = Identity()
    shared.cli("cap", "anchor", "-c", shared.name, "--root", user.did)
    client = FieldClient(shared.url, user)
    assert client.invoke("/dms/node/onboarding/status") == {"onboarded": True}
    shared.cli("cap", "remove", "-c", shared.name, "--root", user.did)


def test_organisation_grants_through_require_anchor(shared):
    organisation, member = Identity(), Identity()
    tokens = grant(shared, organisation.did, "/public", "/dms/deployment")
    shared.cli("cap", "anchor", "-c", shared.name, "--require", wire(token_list(*tokens)).decode())
    client = FieldClient(shared.url, member, [organisation.grant(member.did, ["/public"])])
    assert client.invoke("/public/hello") == {"DID": {"uri": shared.dms_did}}
    refused(client, "/dms/node/peers/self")

    widened = FieldClient(shared.url, member, [organisation.grant(member.did, ["/"])])
    refused(widened, "/dms/node/peers/self")


def test_revoked(shared):
    client = FieldClient(shared.url)
    tokens = grant(shared, client.identity.did, "/dms/node/peers")
    client.provide = tokens
    client.invoke("/dms/node/peers/self")

    revocation = shared.cli("cap", "revoke", "-c", shared.name, wire(token_list(*tokens)).decode()).out
    token = revocation[revocation.index("{"):].strip().splitlines()[0]
    anchored = shared.cli("cap", "anchor", "-c", shared.name, "--revoke", token)
    assert "Successfully signaled DMS to reload capability contexts" in anchored.out
    shared.wait_for(lambda: not answers(client, "/dms/node/peers/self"), 10, "the revocation is not heeded")
    refused(client, "/dms/node/peers/self")


def test_revocation_by_a_stranger_changes_nothing(shared):
    client = FieldClient(shared.url)
    client.provide = grant(shared, client.identity.did, "/dms/node/peers")
    forged = Identity().revoke(client.provide[0])
    shared.cli("cap", "anchor", "-c", shared.name, "--revoke", wire(forged).decode(), check=False)
    client.invoke("/dms/node/peers/self")


def test_expired_message(shared):
    client = owner(shared)
    status, body = client.post("invoke", client.envelope("/dms/node/peers/self", {}, expiry=now() - 10**9))
    assert status in (400, 408), body


def test_replayed_message(shared):
    client = owner(shared)
    # Long enough to be answered on a machine that is busy; so long the second one is waited for.
    envelope = client.envelope("/dms/node/peers/self", {}, timeout=5 * PATIENCE)
    assert client.post("invoke", envelope)[0] == 200
    assert client.post("invoke", envelope)[0] == 408


@pytest.mark.parametrize("change", ["signature", "behaviour", "nonce", "payload", "sender"])
def test_tampered_message(shared, change):
    client = owner(shared)
    envelope = copy.deepcopy(client.envelope("/dms/node/peers/self", {}, timeout=SHORT))
    if change == "signature":
        raw = bytearray(base64.b64decode(envelope["sig"]))
        raw[0] ^= 1
        envelope["sig"] = base64.b64encode(raw).decode()
    elif change == "behaviour":
        envelope["be"] = "/dms/node/onboarding/status"
    elif change == "nonce":
        envelope["nonce"] += 1
    elif change == "payload":
        envelope["msg"] = base64.b64encode(b'{"x":1}').decode()
    else:
        envelope["from"]["id"]["pub"] = Identity().id_pub
    assert client.post("invoke", envelope)[0] == 408


def test_wrong_audience(shared):
    client = owner(shared)
    actor = Identity()
    token = client.identity.token("invoke", actor.did, ["/dms/node/peers/self"], audience=Identity().did)
    refused(client, "/dms/node/peers/self", actor=actor, tokens=token_list(token))


def test_chain_too_deep(shared):
    """The first link allows one further delegation; two are made."""
    first, second, third = Identity(), Identity(), Identity()
    token = grant(shared, first.did, "/dms/node/peers", extra=("--depth", "1"))[0]
    chain = second_link = first.grant(second.did, ["/dms/node/peers"], chain=token)
    chain = second.grant(third.did, ["/dms/node/peers"], chain=second_link)
    refused(FieldClient(shared.url, third, [chain]), "/dms/node/peers/self")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"to":1}', b"\xff\xfe", b'{"to":{},"to":{}}',
                                  b"[" * 100000], ids=range(8))
def test_malformed_envelope(shared, body):
    for verb in ("send", "invoke", "broadcast"):
        status, answer = FieldClient(shared.url).post(verb, body)
        assert status == 400, answer
        assert "error" in json.loads(answer)


def test_too_large_envelope(shared):
    client = owner(shared)
    envelope = client.envelope("/dms/node/peers/self", {"x": "y" * (1 << 20)}, timeout=SHORT)
    try:
        status, answer = client.post("invoke", envelope)
    except (ConnectionError, OSError):
        status, answer = 413, "closed"
    assert status in (400, 413, 500), answer
    assert client.invoke("/dms/node/peers/self")["id"]


def test_broadcast_hello(shared):
    client = owner(shared)
    replies = client.broadcast("/broadcast/hello", "/nunet/hello")
    assert replies == [{"DID": {"uri": shared.dms_did}}]
    stranger = FieldClient(shared.url)
    status, body = stranger.post("broadcast", stranger.envelope("/broadcast/hello", {}, topic="/nunet/hello",
                                                                timeout=SHORT))
    assert (status, body.strip()) == (200, "null")
    status, body = client.post("broadcast", client.envelope("/broadcast/hello", {}))
    assert (status, json.loads(body)) == (400, {"error": "message is not a broadcast message"})


def test_reply_is_signed_by_the_node(shared):
    client = owner(shared)
    status, body = client.post("invoke", client.envelope("/dms/node/peers/self", {}))
    reply = json.loads(body)
    assert status == 200 and verify_envelope(reply)
    assert reply["from"] == client.handle()
    reply["msg"] = base64.b64encode(os.urandom(8)).decode()
    assert not verify_envelope(reply)


def owner(node):
    """A client with a root anchor, made once a node."""
    if not hasattr(node, "owner_identity"):
        node.owner_identity = Identity()
        node.cli("cap", "anchor", "-c", node.name, "--root", node.owner_identity.did)
    return FieldClient(node.url, node.owner_identity)
