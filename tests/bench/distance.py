# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces that are far from each other: what one sends, SYN and all, the other gets a while later.

A TAP device in each, and a thread for each direction between them that keeps every frame for half the round trip.
"""

import collections
import contextlib
import fcntl
import os
import select
import shutil
import struct
import subprocess
import sys
import threading
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME = 65536
NEAR, FAR = "10.211.0.1", "10.211.0.2"
ECHO = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listening", flush=True)
peer, _ = server.accept()
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while byte := peer.recv(1):
    peer.sendall(byte)
"""
ASK = """
import socket, statistics, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
taken = []
for _ in range(20):
    begin = time.perf_counter()
    peer.sendall(b"!")
    peer.recv(1)
    taken.append(time.perf_counter() - begin)
print(statistics.median(taken))
"""


def is_possible():
    return os.geteuid() == 0 and os.path.exists("/dev/net/tun") and shutil.which("ip") is not None


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Distance:
    def __init__(self, seconds, tag=None):
        self.one_way = seconds / 2
        tag = tag or f"{os.getpid()}"
        self.names = [f"dms-{tag}-a", f"dms-{tag}-b"]
        self.taps = []
        self.threads = []
        self.ended = False

    def __enter__(self):
        try:
            for name, address in zip(self.names, (NEAR, FAR)):
                self.open_side(name, address)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        for source, target in ((0, 1), (1, 0)):
            self.threads.append(threading.Thread(target=self.carry, args=(self.taps[source], self.taps[target]),
                                                 daemon=True))
            self.threads[-1].start()
        return self

    def open_side(self, name, address):
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self.taps.append(tap)
        device = f"dms{len(self.taps)}p{os.getpid() % 100000}"
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
        ip("netns", "add", name)
        ip("link", "set", device, "netns", name)
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{address}/24", "dev", device),
                      ("link", "set", device, "up")):
            ip("-n", name, *words)

    def carry(self, source, target):
        """Frames come out in the order in which they went in, each after the same time."""
        waiting = collections.deque()
        while not self.ended:
            pause = max(0, waiting[0][0] - time.monotonic()) if waiting else 0.2
            readable, _, _ = select.select([source], [], [], pause)
            if readable:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        frame = os.read(source, FRAME)
                        waiting.append((time.monotonic() + self.one_way, frame))
            while waiting and waiting[0][0] <= time.monotonic():
                with contextlib.suppress(BlockingIOError, OSError):
                    os.write(target, waiting.popleft()[1])

    def command(self, side, words):
        return ["ip", "netns", "exec", self.names[side], *map(str, words)]

    def round_trip(self):
        """Of one byte over an open TCP connection between two plain sockets, in seconds: the median of twenty."""
        port = 9001
        with subprocess.Popen(self.command(1, [sys.executable, "-c", ECHO, FAR, port]), stdout=subprocess.PIPE) as echo:
            echo.stdout.readline()
            output = subprocess.run(self.command(0, [sys.executable, "-c", ASK, FAR, port]), check=True,
                                    capture_output=True, text=True, timeout=60).stdout
        return float(output)

    def __exit__(self, *_):
        self.ended = True
        for thread in self.threads:
            thread.join()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        for tap in self.taps:
            os.close(tap)
