# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a NAT does, found out from both sides as STUN (RFC 5780) does it: with sockets inside the hosts of a bed."""

import contextlib
import socket
from dataclasses import dataclass

PROBE_PORT = 3478
# How long is waited for what has to come, and for what may not.
LONG, SHORT = 5.0, 0.5


@dataclass(frozen=True)
class Behaviour:
    # (address, port) under which the client is seen by each server.
    seen: tuple
    # One mapping whoever is sent to (RFC 4787, section 4.1).
    is_mapping_independent: bool
    # Whether an answer from whom was sent to comes in, and a packet from somebody who was not.
    answers_come_in: bool
    strangers_come_in: bool


def udp(host, port=0, timeout=LONG):
    made = host.socket(kind=socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    made.settimeout(timeout)
    return made


def receive(made):
    with contextlib.suppress(TimeoutError):
        return made.recvfrom(2048)
    return None


def probe(client, servers, stranger, wait=SHORT):
    """What the NAT of the client does, with two or more hosts that are asked and one that is not.

    `wait` is how long a packet may be under way.
    """
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(udp(client))
        theirs = [stack.enter_context(udp(server, PROBE_PORT)) for server in servers]
        other = stack.enter_context(udp(stranger, PROBE_PORT))
        seen = []
        for server, made in zip(servers, theirs):
            ours.sendto(b"who am I?", (server.address, PROBE_PORT))
            packet = receive(made)
            assert packet is not None, f"nothing came from {client.name} to {server.name}"
            seen.append(packet[1])
        theirs[0].sendto(b"you", seen[0])
        answered = receive(ours)
        ours.settimeout(wait)
        other.sendto(b"boo", seen[0])
        disturbed = receive(ours)
        return Behaviour(tuple(seen), len(set(seen)) == 1, answered is not None and answered[0] == b"you",
                         disturbed is not None and disturbed[0] == b"boo")
