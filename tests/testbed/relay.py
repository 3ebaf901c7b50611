# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Drives testbed-relay, whose commands are described at the top of testbed-relay.c."""

import fcntl
import json
import select
import subprocess

F_SETPIPE_SZ = 1031
PIPE_SIZE = 1 << 20
# What fits into the pipe at once takes effect at once.
MAX_AT_ONCE = PIPE_SIZE - 65536


class RelayError(Exception):
    """The relay ended, or does not take a command."""


def lane(delay_ms, loss, rate_mbit):
    return f"{round(delay_ms * 1000)} {round(loss * 1_000_000)} {round(rate_mbit * 1000)}"


class Relay:
    def __init__(self, program, topology, layout, fds, log):
        self.regions = list(topology["regions"])
        self.layout = layout
        self.sites = {site["name"]: index for index, site in enumerate(layout["sites"])}
        self.cuts = set()
        self.process = subprocess.Popen([program, str(topology["seed"]), str(len(self.regions))],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=0, pass_fds=fds)
        for pipe in (self.process.stdin, self.process.stdout):
            fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_SIZE)
        self.rest = b""
        lines = [f"link {index} {index} {lane(**line)}" for index, line in enumerate(topology["regions"].values())]
        lines += [self.link_line(a, b, line) for a, b, line in topology["links"]]
        for index, (site, fd) in enumerate(zip(layout["sites"], fds)):
            lines += [f"site {index} {fd} {self.regions.index(site['region'])}", f"address {index} {site['address']}"]
            lines += [f"address {index} {site['address6']}"] if site["address6"] else []
            lines += self.access_lines(site["name"], site["access"])
        self.do(lines)

    def link_line(self, a, b, line):
        return f"link {self.regions.index(a)} {self.regions.index(b)} {lane(**line)}"

    def access_lines(self, site, access):
        index = self.sites[site]
        return [f"line {index} {way} {lane(access['delay_ms'], access['loss'], access[f'{way}_mbit'])}"
                for way in ("up", "down")]

    def ask(self, lines):
        """Answers the lines that answer these, together."""
        data = "".join(line + "\n" for line in lines).encode()
        if len(data) > MAX_AT_ONCE:
            raise RelayError(f"{len(lines)} changes are too many at once")
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            raise RelayError("the relay ended: see supervisor.log") from None
        answers = []
        while len(answers) < len(lines):
            if not select.select([self.process.stdout], [], [], 10)[0]:
                raise RelayError("the relay does not answer")
            more = self.process.stdout.read(65536)
            if not more:
                raise RelayError("the relay ended: see supervisor.log")
            *whole, self.rest = (self.rest + more).split(b"\n")
            answers += whole
        return answers

    def do(self, lines):
        for answer in self.ask(lines):
            if answer != b"ok":
                raise RelayError(answer.decode())

    def stats(self):
        return json.loads(self.ask(["stats"])[0])

    def set_cuts(self, pairs):
        """Between exactly these pairs of sites nothing goes either way."""
        ways = {way for a, b in pairs for way in ((a, b), (b, a))}
        self.do([f"cut {a} {b} {int((a, b) in ways)}" for a, b in sorted(ways ^ self.cuts)])
        self.cuts = ways
