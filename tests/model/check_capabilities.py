#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Asks the program and the model the same random questions and compares what they answer.

Usage: check_capabilities.py JUDGE [--count N] [--seed N]

JUDGE reads a question a line, a JSON object, and answers each with `allowed none` or `refused <reason>`. Exit status 1
and the question when an answer differs.
"""

import argparse
import base64
import collections
import json
import random
import secrets
import subprocess
import sys
import threading
import time

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from capability_cases import Cases
from capability_model import Judge, did, encode, is_signed

REAL_SAMPLE = 100


def token_list(tokens):
    return {"tok": [token.wire() for token in tokens]} if tokens else {}


def question(cases, context, message, capability):
    content = {"did": did(context.did), "roots": [did(root) for root in context.roots],
               "require": token_list(context.require), "provide": {}, "revoke": token_list(context.revoke)}
    return {"context": encode(content).decode(), "sender": message.sender, "subject": message.subject,
            "from": cases.ring.actor_id(message.subject), "to": cases.ring.actor_id(message.audience),
            "audience": message.audience, "topic": message.topic, "capability": capability,
            "tokens": encode(token_list(message.tokens)).decode()}


def check_for_real(cases, tokens):
    """That the model's idea of who signed what is what libsodium says."""
    for token in tokens:
        for link in token.links():
            key = cases.ring.keys.get(link.iss)
            signature = base64.b64decode(link.signature() or "")
            try:
                VerifyKey(bytes(key.verify_key)).verify(link.message(), signature)
                real = True
            except (AttributeError, ValueError, BadSignatureError):
                real = False
            if real != is_signed(link, cases.ring.keys):
                raise SystemExit("the model is wrong about a signature: %s" % encode(link.wire()).decode())


def make_questions(cases, count, output, asked):
    for number in range(count):
        context, message, capability = cases.next()
        expected = Judge(context, cases.ring.keys, cases.now).allows(message, capability)
        if number % REAL_SAMPLE == 0:
            check_for_real(cases, message.tokens + context.require + context.revoke)
        line = encode(question(cases, context, message, capability))
        asked.append((expected, line))
        output.write(line + b"\n")
        if number % 1000 == 999:
            cases.ring.signatures.clear()
    output.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("judge")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    print("seed %d, %d questions" % (options.seed, options.count), flush=True)

    start = time.monotonic()
    cases = Cases(random.Random(options.seed), time.time_ns())
    asked = collections.deque()
    reasons = collections.Counter()
    judge = subprocess.Popen([options.judge], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer = threading.Thread(target=make_questions, args=(cases, options.count, judge.stdin, asked), daemon=True)
    writer.start()
    for number in range(options.count):
        answer = judge.stdout.readline().decode().split()
        if len(answer) != 2:
            raise SystemExit("question %d: the judge ended: %s" % (number, asked and asked[0][1].decode()))
        expected, line = asked.popleft()
        if (answer[0] == "allowed") != expected:
            print(json.dumps(json.loads(line), indent=1))
            raise SystemExit("question %d: the program says “%s”, the model “%s”"
                             % (number, " ".join(answer), "allowed" if expected else "refused"))
        reasons[answer[1]] += 1
    judge.wait()
    for reason, times in reasons.most_common():
        print("%8d  %s" % (times, reason))
    print("%d of %d allowed; all agreed, in %.1f s" % (reasons["none"], options.count, time.monotonic() - start))
    if not reasons["none"] or reasons["none"] == options.count:
        raise SystemExit("the questions are too one-sided to show anything")


if __name__ == "__main__":
    sys.exit(main())
