# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a capability context allows: a second reading of the specification's algorithm, which shares no code with core.

Tokens here are symbolic: instead of a signature one knows who signed which bytes. `check_capabilities.py` turns them into
real ones for the program and also checks a sample of the signatures for real.
"""

import json
from dataclasses import dataclass, field
from typing import Optional

MAX_LIST = 16384


@dataclass(frozen=True)
class Token:
    """One link. DIDs are texts, "" is the empty one."""

    act: str
    iss: str
    sub: str
    aud: str
    topic: tuple
    cap: tuple
    nonce: str
    exp: int
    depth: int
    chain: Optional["Token"]
    # Who signed, what was signed, and whether the bytes of the signature were damaged afterwards.
    signer: Optional[str] = None
    signed: Optional[bytes] = None
    damage: str = ""

    def inner(self, signature=None):
        """The members in the order and with the omissions of the wire."""
        members = {"act": self.act, "iss": did(self.iss), "sub": did(self.sub), "aud": did(self.aud)}
        if self.topic:
            members["topic"] = list(self.topic)
        members["cap"] = list(self.cap)
        members["nonce"] = self.nonce
        members["exp"] = self.exp
        if self.depth:
            members["depth"] = self.depth
        if self.chain is not None:
            members["chain"] = self.chain.wire()
        if signature:
            members["sig"] = signature
        return members

    def wire(self):
        return {"dms": self.inner(self.signature())}

    def signature(self):
        return SIGNATURES(self)

    def message(self):
        return b"dms:token:" + encode(self.inner())

    def links(self):
        """From the leaf to the first one, which has no chain."""
        link = self
        while link is not None:
            yield link
            link = link.chain


# Set by whoever makes real signatures: a function from a token to base64 text, or to None.
SIGNATURES = None


def set_signatures(function):
    global SIGNATURES
    SIGNATURES = function


def did(text):
    return {"uri": text} if text else {}


def encode(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass
class Context:
    did: str
    roots: list = field(default_factory=list)
    require: list = field(default_factory=list)
    revoke: list = field(default_factory=list)


@dataclass
class Message:
    """`sender` is the DID of the handle; `subject` and `audience` are those of the actors' own keys."""

    sender: str
    subject: str
    audience: str
    topic: Optional[str]
    tokens: list


def implies(granted, asked):
    if granted == "/":
        return True
    if not granted:
        return False
    return granted == asked or asked.split("/")[: len(granted.split("/"))] == granted.split("/")


def any_implies(granted, asked):
    return any(implies(one, asked) for one in granted)


def is_signed(token, keys):
    """`keys`: the DIDs whose signatures can be checked at all."""
    return (token.iss in keys and token.signer == token.iss and not token.damage
            and token.signed == token.message())


def expired(token, now):
    return any(link.exp < now for link in token.links())


class Judge:
    def __init__(self, context, keys, now):
        self.context = context
        self.keys = keys
        self.now = now
        self.revoked = {(r.iss, r.sub, r.nonce) for r in context.revoke
                        if r.act == "revoke" and not expired(r, now) and is_signed(r, keys)}

    def verify(self, token, depth=0):
        if expired(token, self.now):
            return False
        if token.act == "revoke":
            return is_signed(token, self.keys)
        if token.depth and depth > token.depth:
            return False
        if (token.iss, token.sub, token.nonce) in self.revoked:
            return False
        parent = token.chain
        if parent is not None:
            if parent.act != "delegate":
                return False
            if any(link.exp < token.exp for link in parent.links()):
                return False
            if not self.verify(parent, depth + 1):
                return False
            if not token.iss or token.iss != parent.sub:
                return False
            if parent.aud and parent.aud != token.aud:
                return False
            if not all(any_implies(parent.topic, topic) for topic in token.topic):
                return False
            if not all(any_implies(parent.cap, cap) for cap in token.cap):
                return False
        return is_signed(token, self.keys)

    def anchored_in(self, token, did_text):
        return bool(did_text) and list(token.links())[-1].iss == did_text

    def anchor_allows(self, anchor, token):
        if anchor.act != "delegate" or anchor.exp < token.exp:
            return False
        if not self.anchored_in(token, anchor.sub):
            return False
        if anchor.depth and len(list(token.links())) > anchor.depth:
            return False
        if anchor.aud and anchor.aud != token.aud:
            return False
        if not all(any_implies(anchor.cap, cap) for cap in token.cap):
            return False
        if not all(any_implies(anchor.topic, topic) for topic in token.topic):
            return False
        return self.verify(anchor)

    def allowed_by_require(self, token):
        return any(self.anchor_allows(anchor, token) for anchor in self.context.require)

    def consumes(self, token, sender):
        issuers = {link.iss for link in token.links()} - {""}
        interesting = {self.context.did, sender, *self.context.roots}
        if not issuers & interesting and not self.allowed_by_require(token):
            return False
        return self.verify(token)

    def is_enough(self, token, message, capability):
        action = "invoke" if message.topic is None else "broadcast"
        if token.act != action or token.sub != message.subject:
            return False
        if token.aud and (message.topic is not None or token.aud != message.audience):
            return False
        if not any_implies(token.cap, capability):
            return False
        if message.topic is not None and not any_implies(token.topic, message.topic):
            return False
        return (self.anchored_in(token, self.context.did)
                or any(self.anchored_in(token, root) for root in self.context.roots)
                or self.allowed_by_require(token))

    def allows(self, message, capability):
        if len(encode({"tok": [token.wire() for token in message.tokens]})) > MAX_LIST:
            return False
        if message.topic is None and message.subject == message.audience:
            return True
        return any(self.consumes(token, message.sender) and self.is_enough(token, message, capability)
                   for token in message.tokens)
