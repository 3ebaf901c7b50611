# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""How a bed is spoken to: one request a connection on a unix socket, a line of JSON each way, sockets beside it."""

import contextlib
import json
import os
import socket

SOCKET = "control.sock"
MAX_MESSAGE = 4 << 20
CHUNK = 65536


class BedError(Exception):
    """The bed refuses, or is not there; the text says why and what to do."""


@contextlib.contextmanager
def short_path(directory):
    """The socket's path by way of a descriptor: that of a socket may have 108 bytes at most."""
    fd = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET}"
    finally:
        os.close(fd)


def listen(directory):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_path(directory) as path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        before = os.umask(0o077)
        try:
            server.bind(path)
        finally:
            os.umask(before)
    server.listen(64)
    server.setblocking(False)
    return server


def ask(directory, /, timeout=30, **request):
    """One request; answers the reply, with a `socket` in it where one was asked for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            with short_path(directory) as path:
                connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            data, fds, _, _ = socket.recv_fds(connection, CHUNK, 1)
            while data and not data.endswith(b"\n") and len(data) < MAX_MESSAGE:
                more = connection.recv(CHUNK)
                if not more:
                    break
                data += more
        except FileNotFoundError:
            raise BedError(f"no bed is up in {directory}: start it with `./dev testbed up`") from None
        except TimeoutError:
            raise BedError(f"the bed in {directory} does not answer") from None
        except OSError as error:
            raise BedError(f"no bed is up in {directory} ({error.strerror}): start it with `./dev testbed up`") from None
    if not data.endswith(b"\n"):
        for fd in fds:
            os.close(fd)
        raise BedError(f"the bed in {directory} ended")
    reply = json.loads(data)
    if "error" in reply:
        raise BedError(reply["error"])
    if fds:
        reply["socket"] = socket.socket(fileno=fds[0])
    return reply
