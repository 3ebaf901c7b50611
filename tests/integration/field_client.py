# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A client of the daemon that speaks only REST and builds its own envelopes and tokens.

Written from the wire specification and sharing no code with the daemon: what it and the daemon agree on is the
wire format itself.
"""

import base64
import json
import os
import time
import urllib.error
import urllib.request

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
PROTOBUF_ED25519 = bytes([0x08, 0x01, 0x12, 0x20])


def base58(data):
    number = int.from_bytes(data, "big")
    out = ""
    while number:
        number, digit = divmod(number, 58)
        out = ALPHABET[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def base58_decode(text):
    number = 0
    for char in text:
        number = number * 58 + ALPHABET.index(char)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b"\0" * (len(text) - len(text.lstrip("1"))) + data


def did_of(public):
    return "did:key:z" + base58(b"\xed\x01" + public)


def public_of_did(did):
    raw = base58_decode(did.removeprefix("did:key:z"))
    assert raw[:2] == b"\xed\x01"
    return raw[2:]


def id_pub(public):
    return base64.b32encode(PROTOBUF_ED25519 + public).decode()


def public_of_id(text):
    raw = base64.b32decode(text)
    assert raw[:4] == PROTOBUF_ED25519
    return raw[4:]


def peer_id(public):
    return base58(b"\0\x24" + PROTOBUF_ED25519 + public)


def wire(value):
    """The field's JSON: no spaces, order kept, the HTML characters and line separators escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text.encode()


def b64(data):
    return base64.b64encode(data).decode()


def did_json(did):
    return {"uri": did} if did else {}


class Identity:
    def __init__(self, seed=None):
        self.key = SigningKey(seed or os.urandom(32))
        self.public = bytes(self.key.verify_key)
        self.did = did_of(self.public)
        self.id_pub = id_pub(self.public)
        self.peer_id = peer_id(self.public)

    def sign(self, data):
        return self.key.sign(data).signature

    def token(self, action, subject, caps, *, audience="", topics=None, expiry=None, depth=0, chain=None,
              nonce=None, issuer=None):
        """A capability token issued by this identity, as the inner object under `dms`."""
        inner = {
            "act": action,
            "iss": did_json(issuer or self.did),
            "sub": did_json(subject),
            "aud": did_json(audience),
        }
        if topics:
            inner["topic"] = topics
        inner["cap"] = caps
        inner["nonce"] = b64(nonce or os.urandom(12))
        inner["exp"] = expiry or now() + 3600 * 10**9
        if depth:
            inner["depth"] = depth
        if chain:
            inner["chain"] = chain
        inner["sig"] = b64(self.sign(b"dms:token:" + wire(inner)))
        return {"dms": inner}

    def grant(self, subject, caps, **kwargs):
        return self.token("delegate", subject, caps, **kwargs)

    def revoke(self, token):
        parent = token["dms"]
        return self.token("revoke", parent["sub"]["uri"], parent["cap"], expiry=parent["exp"],
                          nonce=base64.b64decode(parent["nonce"]))


def now():
    return time.time_ns()


def token_list(*tokens):
    return {"tok": list(tokens)}


def verify_envelope(envelope):
    """Checks an envelope's signature against the key in `from.id`."""
    unsigned = {name: value for name, value in envelope.items() if name != "sig"}
    key = VerifyKey(public_of_id(envelope["from"]["id"]["pub"]))
    try:
        key.verify(b"dms:msg:" + wire(unsigned), base64.b64decode(envelope["sig"]))
    except BadSignatureError:
        return False
    return True


class Response(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class FieldClient:
    """One user of one daemon."""

    def __init__(self, url, identity=None, provide=()):
        self.url = url
        self.identity = identity or Identity()
        self.provide = list(provide)

    def http(self, method, path, body=None, timeout=40):
        data = body if isinstance(body, (bytes, type(None))) else wire(body)
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def handle(self):
        status, body = self.http("GET", "/api/v1/actor/handle")
        if status != 200:
            raise Response(status, body)
        return json.loads(body)

    def tokens_for(self, actor, target, capability, expiry, reply):
        """What `provide` attaches: invocations on each anchor, one self-signed, and the way back."""
        audience = did_of(public_of_id(target["id"]["pub"]))
        chains = self.provide + [None]
        tokens = [self.identity.token("invoke", actor.did, [capability], audience=audience, expiry=expiry,
                                      chain=chain) for chain in chains]
        tokens.append(self.identity.token("delegate", target["did"]["uri"], [reply], audience=actor.did,
                                          expiry=expiry, depth=1))
        return token_list(*tokens)

    def envelope(self, behaviour, payload, *, target=None, timeout=8.0, tokens=None, actor=None, topic=None,
                 expiry=None, nonce=None, host=None):
        actor = actor or Identity()
        target = target or self.handle()
        inbox_nonce = int.from_bytes(os.urandom(6), "big")
        reply = f"/private/user/{inbox_nonce}"
        expiry = expiry or now() + int(timeout * 10**9)
        if tokens is None:
            tokens = self.tokens_for(actor, target, behaviour, expiry, reply)
        # Where the answer goes: to the daemon that carries this, which is not always the target.
        host = host or target["addr"]["host"]
        envelope = {
            "to": target,
            "be": behaviour,
            "from": {"id": {"pub": actor.id_pub}, "did": did_json(self.identity.did),
                     "addr": {"host": host, "inbox": f"user-{inbox_nonce}"}},
            "nonce": nonce or int.from_bytes(os.urandom(8), "big"),
            "opt": {"exp": expiry, "cont": reply},
            "msg": b64(wire(payload)),
        }
        if topic:
            envelope["to"] = {"id": {"pub": ""}, "did": {}, "addr": {}}
            envelope["opt"]["topic"] = topic
        if tokens:
            envelope["cap"] = b64(wire(tokens))
        envelope["sig"] = b64(actor.sign(b"dms:msg:" + wire(envelope)))
        return envelope

    def post(self, verb, envelope, timeout=40):
        return self.http("POST", f"/api/v1/actor/{verb}", envelope, timeout)

    def invoke(self, behaviour, payload=None, **kwargs):
        """Invokes a behaviour; answers the decoded payload of a verified reply, or raises Response."""
        status, body = self.post("invoke", self.envelope(behaviour, payload or {}, **kwargs))
        if status != 200:
            raise Response(status, body)
        reply = json.loads(body)
        assert verify_envelope(reply), "the reply's signature does not verify"
        return json.loads(base64.b64decode(reply["msg"]))

    def broadcast(self, behaviour, topic, payload=None, timeout=4.0, tokens=None):
        actor = Identity()
        expiry = now() + int(timeout * 10**9)
        if tokens is None:
            chains = self.provide + [None]
            tokens = token_list(*[self.identity.token("broadcast", actor.did, [behaviour], topics=[topic],
                                                      expiry=expiry, chain=chain) for chain in chains])
        envelope = self.envelope(behaviour, payload or {}, tokens=tokens, actor=actor, topic=topic, expiry=expiry)
        status, body = self.post("broadcast", envelope)
        if status != 200:
            raise Response(status, body)
        return [json.loads(base64.b64decode(reply["msg"])) for reply in json.loads(body) or []]
