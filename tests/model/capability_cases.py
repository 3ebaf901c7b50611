# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Random questions to a capability context: chains that hold, and the same with something broken."""

import base64
import collections
import dataclasses

from nacl.signing import SigningKey

import capability_model as model
from capability_model import Context, Message, Token

HOUR = 3600 * 10**9
ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519 = b"\xed\x01"
SECP256K1 = b"\xe7\x01"
CAPS = ["/", "/dms", "/dms/node", "/dms/node/peers", "/dms/nodes", "/dms/deployment", "/public", "/broadcast", "/dms/", "dms",
        "//", "/dms//node", "/dms/node/../cap", ""]
TOPICS = ["/nunet", "/nunet/hello", "/nunet/hell", "/nunet/hello/x", "/other", "/", ""]


def base58(data):
    number = int.from_bytes(data, "big")
    text = bytearray()
    while number:
        number, digit = divmod(number, 58)
        text.append(ALPHABET[digit])
    for byte in data:
        if byte:
            break
        text.append(ALPHABET[0])
    return bytes(reversed(text)).decode()


class Keyring:
    """Everybody who takes part. The DIDs of `odd` are of a kind that nobody here can check."""

    def __init__(self, rng, count):
        self.keys = {}
        self.order = []
        for _ in range(count):
            key = SigningKey(rng.randbytes(32))
            text = "did:key:z" + base58(ED25519 + bytes(key.verify_key))
            self.keys[text] = key
            self.order.append(text)
        self.odd = ["did:key:z" + base58(SECP256K1 + b"\x02" + rng.randbytes(32)) for _ in range(2)]
        self.signatures = {}

    def actor_id(self, text):
        public = bytes(self.keys[text].verify_key)
        return base64.b32encode(b"\x08\x01\x12\x20" + public).decode()

    def sign(self, token):
        """The real signature of a symbolic one."""
        if token.signer is None:
            return None
        key = (token.signer, token.signed, token.damage)
        if key not in self.signatures:
            self.signatures[key] = self.make(token)
        return self.signatures[key]

    def make(self, token):
        if token.signer in self.keys:
            raw = self.keys[token.signer].sign(token.signed).signature
        else:
            raw = bytes(64)
        if token.damage == "bit":
            raw = raw[:40] + bytes([raw[40] ^ 1]) + raw[41:]
        elif token.damage == "scalar":
            order = 2**252 + 27742317777372353535851937790883648493
            scalar = int.from_bytes(raw[32:], "little") + order
            raw = raw[:32] + scalar.to_bytes(32, "little")
        elif token.damage == "short":
            raw = raw[:63]
        elif token.damage == "long":
            raw = raw + b"\0"
        return base64.b64encode(raw).decode()


class Cases:
    def __init__(self, rng, now):
        self.rng = rng
        self.now = now
        self.ring = Keyring(rng, 12)
        model.set_signatures(self.ring.sign)
        (self.own, self.node_actor, self.org, self.org2, self.root, self.user, self.friend, self.helper, self.actor,
         self.other_actor, self.mallory, self.stranger) = self.ring.order
        self.everybody = self.ring.order + self.ring.odd + [""]
        self.recent = collections.deque(maxlen=50)
        self.expiries = [now + hours * HOUR for hours in (1, 2, 3, 4)]

    def nonce(self):
        return base64.b64encode(self.rng.randbytes(12)).decode()

    def seal(self, token, signer=None):
        """Signs what the token says now."""
        bare = dataclasses.replace(token, signer=None, signed=None, damage="")
        return dataclasses.replace(bare, signer=signer or token.iss, signed=bare.message())

    def link(self, act, iss, sub, aud, topic, cap, exp, depth, chain):
        return self.seal(Token(act, iss, sub, aud, tuple(topic), tuple(cap), self.nonce(), exp, depth, chain))

    def narrower(self, paths, pool):
        """Some of what these paths allow: a path itself, one below it, or by chance one that is not."""
        chosen = []
        for path in paths:
            below = [other for other in pool if model.implies(path, other)]
            if self.rng.random() < 0.7:
                chosen.append(self.rng.choice(below) if below and self.rng.random() < 0.6 else path)
        return chosen or list(paths[:1])

    def chain(self, first, last, cap, topic, action, aud, links):
        """A chain that holds, from `first` to an invocation for `last`."""
        rng = self.rng
        middle = [rng.choice([self.user, self.friend, self.helper, self.org2]) for _ in range(links - 1)]
        holders = [first, *middle, last]
        exp = sorted((rng.choice(self.expiries) for _ in range(links)), reverse=True)
        wide_cap = [cap] if rng.random() < 0.3 else [parent_of(cap), rng.choice(CAPS)]
        wide_topic = [topic] if topic is not None else []
        if rng.random() < 0.3 or topic is not None:
            wide_topic = [*wide_topic, rng.choice(TOPICS[:2])]
        token = None
        for i in range(links):
            is_leaf = i == links - 1
            room = links - 1 - i
            depth = rng.choice([0, 0, room, room + 1]) if room else rng.choice([0, 0, 0, 1])
            token = self.link(action if is_leaf else "delegate", holders[i], holders[i + 1],
                              aud if is_leaf else rng.choice(["", "", aud]), wide_topic, wide_cap, exp[i], depth, token)
            if token.chain is not None and token.chain.aud:
                token = self.seal(dataclasses.replace(token, aud=token.chain.aud))
            if rng.random() < 0.5:
                wide_cap = [cap] if is_leaf or room == 1 else sorted({cap, *self.narrower(wide_cap, CAPS)})
                if topic is not None:
                    wide_topic = [topic]
        return token

    def mutate(self, token):
        """Breaks something somewhere in the chain. Usually everything from there to the leaf is signed again."""
        rng = self.rng
        links = list(token.links())
        at = rng.randrange(len(links))
        link = self.change(links[at], links)
        resign = rng.random()
        if resign < 0.7:
            link = self.seal(link) if link.signer is not None and not link.damage and link.iss in self.ring.keys else link
        for child in reversed(links[:at]):
            link = dataclasses.replace(child, chain=link)
            if resign < 0.85:
                link = self.seal(link)
        return link

    def change(self, link, links):
        rng = self.rng
        replace = dataclasses.replace
        kind = rng.randrange(16)
        if kind == 0:
            return replace(link, iss=rng.choice(self.everybody))
        if kind == 1:
            return replace(link, sub=rng.choice(self.everybody))
        if kind == 2:
            return replace(link, aud=rng.choice(self.everybody))
        if kind == 3:
            return replace(link, topic=tuple(rng.choices(TOPICS, k=rng.randrange(3))))
        if kind == 4:
            return replace(link, cap=tuple(rng.choices(CAPS, k=rng.randrange(1, 3))))
        if kind == 5:
            return replace(link, cap=())
        if kind in (6, 7):
            return replace(link, exp=rng.choice([*self.expiries, self.now - HOUR, 0, 2**64 - 1]))
        if kind in (8, 9):
            return replace(link, depth=rng.choice([0, 1, 2, 3, 2**64 - 1]))
        if kind == 10:
            return replace(link, act=rng.choice(["delegate", "invoke", "broadcast", "revoke"]))
        if kind == 11:
            return replace(link, damage=rng.choice(["bit", "scalar", "short", "long"]))
        if kind == 12:
            bare = replace(link, signer=None, signed=None, damage="")
            return replace(bare, signer=rng.choice(self.ring.order), signed=bare.message())
        if kind == 13:
            return replace(link, signer=None, signed=None)
        if kind == 14:
            return replace(link, chain=rng.choice([None, *links]) if link.chain is not None else None)
        bare = replace(link, signer=None, signed=None, damage="")
        return replace(bare, signer=link.iss if link.iss in self.ring.keys else self.mallory,
                       signed=bare.message().replace(b"dms:token:", b"dms:msg:", 1))

    def revocation(self, token):
        rng = self.rng
        target = rng.choice(list(token.links()))
        result = Token("revoke", target.iss, target.sub, "", (), target.cap, target.nonce, target.exp, 0, None)
        kind = rng.randrange(8)
        if kind == 0:
            return self.seal(result, self.mallory)
        if kind == 1:
            return self.seal(dataclasses.replace(result, nonce=self.nonce()))
        if kind == 2:
            return self.seal(dataclasses.replace(result, sub=rng.choice(self.ring.order)))
        if kind == 3:
            return self.seal(dataclasses.replace(result, act="delegate"))
        if kind == 4:
            return self.seal(dataclasses.replace(result, exp=self.now - HOUR))
        return self.seal(result) if result.iss in self.ring.keys else result

    def next(self):
        """A context, a message and the capability it needs: new ones, or recent ones with something changed."""
        if self.recent and self.rng.random() < 0.3:
            return self.again()
        self.recent.append(self.fresh())
        return self.recent[-1]

    def again(self):
        """What was asked before with a change, which must not be decided by what is remembered of it."""
        rng = self.rng
        context, message, capability = rng.choice(self.recent)
        context = dataclasses.replace(context, roots=list(context.roots), require=list(context.require),
                                      revoke=list(context.revoke))
        tokens = list(message.tokens)
        at = rng.randrange(len(tokens))
        kind = rng.randrange(6)
        if kind == 0:
            tokens[at] = self.mutate(tokens[at])
        elif kind == 1:
            tokens[at] = dataclasses.replace(tokens[at], damage=rng.choice(["bit", "scalar", "short", "long"]))
        elif kind == 2:
            context.revoke.append(self.revocation(tokens[at]))
        elif kind == 3:
            context.roots.clear()
        elif kind == 4:
            context.require.clear()
        return context, dataclasses.replace(message, tokens=tokens), capability

    def fresh(self):
        rng = self.rng
        broadcast = rng.random() < 0.25
        cap = rng.choice(["/dms/node/peers/list", "/dms/deployment/bid", "/public/hello", "/dms/cap"])
        topic = rng.choice(["/nunet/hello", "/nunet/hello/x"]) if broadcast else None
        subject = rng.choice([self.actor, self.actor, self.user])
        audience = rng.choice([self.node_actor, self.own])
        context = Context(self.own)
        first = rng.choice([self.own, self.own, self.root, self.root, self.org, self.org, self.user, self.mallory])
        if rng.random() < (0.9 if first == self.root else 0.3):
            context.roots.append(self.root)
        links = rng.choice([1, 1, 2, 2, 3, 3, 4, 5])
        aud = "" if broadcast else rng.choice(["", audience])
        token = self.chain(first, subject, cap, topic, "broadcast" if broadcast else "invoke", aud, links)
        if first in (self.org, self.user) or rng.random() < 0.2:
            context.require.append(self.anchor(first, token, cap, topic, aud))
        if rng.random() < 0.6:
            for _ in range(rng.choice([1, 1, 2])):
                token = self.mutate(token)
        if rng.random() < 0.15:
            context.revoke.append(self.revocation(token))
        if context.require and rng.random() < 0.2:
            context.require[0] = self.mutate(context.require[0])
        if context.require and rng.random() < 0.1:
            context.revoke.append(self.revocation(context.require[0]))
        tokens = [token]
        if rng.random() < 0.3:
            tokens.insert(rng.randrange(2), self.distractor(subject, audience, cap))
        if rng.random() < 0.01:
            tokens = tokens * 12
        if rng.random() < 0.05:
            audience = rng.choice([self.stranger, subject])
        sender = rng.choice([self.user, subject, token.iss, self.mallory])
        return context, Message(sender or subject, subject, audience, topic, tokens), cap

    def anchor(self, first, token, cap, topic, aud):
        """A require anchor for a chain: usually wide enough, sometimes itself the end of a chain."""
        rng = self.rng
        depth = rng.choice([0, 0, 0, len(list(token.links())), 1, 4])
        topics = list(token.topic) if rng.random() < 0.7 else [rng.choice(TOPICS)]
        caps = list(token.cap) if rng.random() < 0.7 else [parent_of(cap)]
        exp = rng.choice([max(self.expiries), max(self.expiries), *self.expiries])
        issuer = rng.choice([self.own, self.root, self.org2])
        chain = None
        if rng.random() < 0.15:
            chain = self.link("delegate", self.root, issuer, "", topics, caps, max(self.expiries), rng.choice([0, 1]), None)
        return self.link("delegate", issuer, first, rng.choice(["", "", "", aud]), topics, caps, exp, depth, chain)

    def distractor(self, subject, audience, cap):
        """What senders attach besides: their own signature alone, or a delegation for the answer."""
        rng = self.rng
        if rng.random() < 0.5:
            return self.link("invoke", rng.choice([self.user, self.mallory]), subject, audience, [], [cap],
                             self.expiries[0], 0, None)
        return self.link("delegate", self.user, self.own, "", [], ["/private/root/1"], self.expiries[0], 1, None)


def parent_of(path):
    return path.rsplit("/", 1)[0] or "/"
