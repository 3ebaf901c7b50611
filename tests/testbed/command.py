# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`./dev testbed`: a bed from the command line."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from testbed import BedError, Testbed, TopologyError, find_obstacle, topologies
from node import BUILD, NUNET

DESCRIPTION = """\
Real daemons in network name spaces: hosts, NATs, and an internet with distance, loss and rate. Needs root.

TOPOLOGY is the path of a YAML file or one of those that come along; docs/testbed.md describes the format.
"""


def run_dir(arguments):
    return Path(arguments.dir) if arguments.dir else BUILD / "testbed" / Path(arguments.topology).stem


def attach(arguments):
    return Testbed.attach(run_dir(arguments))


def do_up(arguments):
    folder = run_dir(arguments)
    topologies.find(arguments.topology)
    began = time.monotonic()
    if Testbed(folder, {}, {}).is_up():
        raise BedError(f"this bed is up already: end it with `./dev testbed down {arguments.topology}`")
    bed = Testbed.up(arguments.topology, folder, start=not arguments.no_daemons, capture=arguments.capture or None)
    running = sum(host.node.process is not None for host in bed.hosts.values())
    bed.detach()
    print(f"{len(bed.hosts)} hosts, {running} daemons, up after {time.monotonic() - began:.1f} s: {folder}")
    for name, seconds in bed.times.items():
        print(f"  {seconds:6.2f} s  {name}")
    return 0


def do_down(arguments):
    folder = run_dir(arguments)
    bed = Testbed(folder, {}, {})
    if not bed.is_up() and not folder.exists():
        raise BedError(f"no bed is up in {folder}")
    bed.down()
    if not arguments.keep:
        bed.clear()
        if not any(folder.iterdir()):
            folder.rmdir()
    print("Down." if not folder.exists() else f"Down. What was collected is in {folder}")
    return 0


def do_status(arguments):
    bed = attach(arguments)
    status = bed.status()
    if arguments.json:
        print(json.dumps({"hosts": {name: {"address": host.address, "public_address": host.public_address,
                                           "nat": host.nat, "peer": host.node.peer, "root": str(host.node.root),
                                           "running": host.node.process is not None, "skew_s": host.skew_s}
                                    for name, host in bed.hosts.items()}, **status}, indent=4))
        return 0
    print(f"{'HOST':14} {'ADDRESS':16} {'BEHIND':12} {'REGION':8} {'DAEMON':8} {'CLOCK':>8}  PEER")
    for name, host in bed.hosts.items():
        running = "running" if host.node.process is not None else "-"
        print(f"{name:14} {host.address:16} {host.nat or '-':12} {host.region:8} {running:8} {host.skew_s:+8g}  "
              f"{host.node.peer}")
    print(f"\n{'FROM':8} {'TO':8} {'DELAY':>10} {'LOSS':>8} {'RATE':>12} {'LOST':>8} {'OVERFLOW':>9}")
    for link in status["links"]:
        rate = f"{link['rate_mbit']:g} Mbit/s" if link["rate_mbit"] else "-"
        print(f"{link['from']:8} {link['to']:8} {link['delay_ms']:7g} ms {link['loss'] * 100:7g}% {rate:>12} "
              f"{link['lost']:8} {link['overflowed']:9}")
    if status["partition"]:
        print("\nPartition: " + " | ".join(", ".join(members) for members in status["partition"]))
    return 0


def do_exec(arguments):
    place = attach(arguments).place(arguments.host)
    words = [word for index, word in enumerate(arguments.words) if index > 0 or word != "--"]
    env = getattr(place, "env")
    words = words or [os.environ.get("SHELL", "/bin/sh")]
    if words[0] == "nunet" and hasattr(place, "node"):
        env = {**place.node.env, "PATH": os.environ.get("PATH", "")}
        words[:1] = [str(NUNET), "--config", str(place.node.config_file)]
    sys.stdout.flush()
    os.execvpe(place.prefix[0], [*place.prefix, *words], env)


def do_partition(arguments):
    attach(arguments).partition([words.split(",") for words in arguments.sets])
    return 0


def do_heal(arguments):
    attach(arguments).heal()
    return 0


def do_link(arguments):
    changes = {key: getattr(arguments, key) for key in ("delay_ms", "loss", "rate_mbit")
               if getattr(arguments, key) is not None}
    if not changes:
        raise BedError("say what to change: --delay-ms, --loss or --rate-mbit")
    attach(arguments).link(arguments.region, arguments.other, one_way=arguments.one_way, **changes)
    return 0


def do_skew(arguments):
    attach(arguments).host(arguments.host).skew(arguments.seconds)
    return 0


def do_collect(arguments):
    print(attach(arguments).collect())
    return 0


def do_list(_):
    for path in sorted(topologies.TOPOLOGIES.glob("*.yaml")):
        print(f"{path.stem:24} {topologies.load(path)['description']}")
    return 0


def make_parser():
    parser = argparse.ArgumentParser(prog="./dev testbed", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def add(name, handler, text, topology=True):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(handler=handler)
        if topology:
            verb.add_argument("topology", metavar="TOPOLOGY")
            verb.add_argument("--dir", help="the folder of the run; by default build/testbed/TOPOLOGY")
        return verb

    add("list", do_list, "the topologies that come along", topology=False)
    verb = add("up", do_up, "make the network, and start the daemons")
    verb.add_argument("--no-daemons", action="store_true", help="the network and identities alone")
    verb.add_argument("--capture", action="store_true", help="write packets of every host, the last 16 MB of each")
    verb = add("down", do_down, "end all of it, and remove everything but what was collected")
    verb.add_argument("--keep", action="store_true", help="leave the folder of the run as it is")
    verb = add("status", do_status, "hosts, links, partition")
    verb.add_argument("--json", action="store_true", help="the same and more, for programs")
    verb = add("exec", do_exec, "run a program, or a shell, in a host or NAT; `nunet` takes the configuration of the host")
    verb.add_argument("host")
    verb.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verb = add("partition", do_partition, "cut sets of hosts or regions from each other: alice,bob carol")
    verb.add_argument("sets", nargs="+", metavar="NAME,NAME…")
    add("heal", do_heal, "undo the partition")
    verb = add("link", do_link, "change the way between two regions, or within one")
    verb.add_argument("region")
    verb.add_argument("other")
    verb.add_argument("--delay-ms", type=float, help="one way, in milliseconds")
    verb.add_argument("--loss", type=float, help="part of the packets that is lost, from 0 to 1")
    verb.add_argument("--rate-mbit", type=float, help="megabits a second, each way; 0: without bound")
    verb.add_argument("--one-way", action="store_true", help="only from the first to the second")
    verb = add("skew", do_skew, "put the clock of a host forward, or back, by seconds: skew TOPOLOGY alice -120")
    verb.add_argument("host")
    verb.add_argument("seconds", type=float)
    add("collect", do_collect, "put logs, captures and the state of every node into one folder, and print its path")
    return parser


def main(words):
    arguments = make_parser().parse_args(words)
    try:
        if os.geteuid() != 0 and arguments.handler is not do_list:
            raise BedError(find_obstacle())
        return arguments.handler(arguments)
    except (BedError, TopologyError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
