# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Sends messages to one daemon and watches its memory."""

import tempfile
import time

from field_client import FieldClient, Identity
from node import PATIENCE, Node

# What the memory may grow by in the second half, when every cache is full.
ALLOWED_KIB = 512
# The limits are for senders in a hurry, which this one is.
CONFIG = {"observability": {"logging": {"level": "INFO"}},
          "limits": {"public_per_second": 0, "refused_per_second": 0}}
BEHAVIOURS = ("/dms/node/peers/self", "/public/hello", "/dms/node/onboarding/status", "/dms/node/resources/free",
              "/dms/node/deployment/list", "/dms/node/allocations/list")


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def send(client, stranger, number):
    """Every eighth message comes from somebody who may do nothing and hears nothing."""
    if number % 8 == 7:
        stranger.post("send", stranger.envelope(BEHAVIOURS[number % len(BEHAVIOURS)], {}))
    else:
        client.invoke(BEHAVIOURS[number % len(BEHAVIOURS)])


def exchange(node, owner, count):
    client, stranger = FieldClient(node.url, owner), FieldClient(node.url)
    samples = []
    begin = time.monotonic()
    for number in range(count):
        if number % max(1, count // 20) == 0:
            samples.append((number, resident_kib(node.process.pid)))
            print(f"  {number} messages, {samples[-1][1]} KiB", flush=True)
        send(client, stranger, number)
    samples.append((count, resident_kib(node.process.pid)))
    return samples, time.monotonic() - begin


def soak(count):
    with tempfile.TemporaryDirectory(prefix="dms-soak-") as scratch:
        owner = Identity()
        node = Node(scratch, config=CONFIG).set_up()
        node.cli("cap", "anchor", "-c", node.name, "--root", owner.did)
        try:
            node.start().onboard()
            samples, seconds = exchange(node, owner, count)
        finally:
            status = node.stop()
    warm = next(kib for number, kib in samples if number >= count // 2)
    grown = samples[-1][1] - warm
    passed = grown <= ALLOWED_KIB * PATIENCE and status >= 0
    lines = ["# Messages", "",
             f"{'Passed' if passed else 'FAILED'}: {count} messages in {seconds:.0f} s; {samples[0][1]} KiB at the "
             f"start, {warm} after half of them, {samples[-1][1]} at the end ({grown:+d} in the second half); the daemon "
             f"ended with status {status}.", "",
             "| messages | resident |", "|---|---|", *[f"| {number} | {kib} KiB |" for number, kib in samples]]
    print(lines[2])
    return lines, 0 if passed else 1
