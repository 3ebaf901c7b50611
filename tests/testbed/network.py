# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Makes the network of a bed: what each place is called and addressed by (plan), and the name spaces of it (build).

Every host without a NAT, and every NAT that is not behind another, is a site: a name space whose TUN device `wan0` leads
to testbed-relay, which is the internet. What is behind a NAT is in a local network of veth pairs on a bridge.
"""

import ctypes
import fcntl
import os
import struct
import subprocess

from control import BedError

NETNS = "/run/netns"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
# Regions have networks /8 of their own, from 45.0.0.0 on, and sites /16: public ones, which the hash table tells apart.
FIRST_NETWORK = 45
FIRST_HOST = 10
MAX_SITES = 250
TCP_MEMORY = "4096 262144 33554432"

_libc = ctypes.CDLL(None, use_errno=True)


class NetworkError(BedError):
    """The name spaces cannot be made; the text says why."""


def plan(topology):
    """Who has which address, and which sites there are; a function of the topology alone."""
    regions = list(topology["regions"])
    sites, hosts, nats, networks = [], {}, {}, {}

    def add_site(name, region, access, group=None, address=None):
        group = group or name
        network = networks.setdefault((region, group), {"number": sum(r == region for r, _ in networks) + 1, "used": 0})
        place = (FIRST_NETWORK + regions.index(region), network["number"], FIRST_HOST + network["used"])
        network["used"] += 1
        if network["number"] > MAX_SITES or place[2] > MAX_SITES:
            raise NetworkError(f"more than {MAX_SITES} places in the region {region}")
        site = {"name": name, "region": region, "access": access, "address": address or f"{place[0]}.{place[1]}.0.{place[2]}",
                "address6": f"2a{place[0]:02x}:{place[1]:x}::{place[2]:x}" if topology["ipv6"] and name in topology["hosts"] else None}
        sites.append(site)
        return site

    for name, host in topology["hosts"].items():
        if host["nat"] is None:
            site = add_site(name, host["region"], host["access"], host["datacentre"], host["address"])
            hosts[name] = {"site": name, "nat": None, "address": site["address"], "public_address": site["address"],
                           "address6": site["address6"]}
    outer = [name for name, nat in topology["nats"].items() if nat["behind"] is None]
    inner = [name for name in topology["nats"] if name not in outer]
    for number, name in enumerate(outer + inner, 1):
        nat = topology["nats"][name]
        carries = any(other["behind"] == name for other in topology["nats"].values())
        # What providers use between themselves and homes (RFC 6598), and what homes use (RFC 1918).
        nats[name] = {"kind": nat["kind"], "lan": f"100.64.{number}" if carries else f"192.168.{number}", "inside": 0,
                      "ports": {}, "behind": nat["behind"], "udp_timeout_s": nat["udp_timeout_s"]}
        if nat["behind"] is None:
            site = add_site(name, nat["region"], nat["access"])
            nats[name].update(site=name, address=site["address"], public_address=site["address"])
        else:
            above = nats[nat["behind"]]
            nats[name].update(site=above["site"], address=_next_inside(above, name), public_address=above["public_address"])
    for name, host in topology["hosts"].items():
        if host["nat"] is not None:
            nat = nats[host["nat"]]
            hosts[name] = {"site": nat["site"], "nat": host["nat"], "address": _next_inside(nat, name), "address6": None,
                           "public_address": nat["public_address"]}
    addresses = [site["address"] for site in sites]
    for address in addresses:
        if addresses.count(address) > 1:
            raise NetworkError(f"two places have the address {address}: give another in the topology")
    return {"sites": sites, "hosts": hosts, "nats": nats}


def _next_inside(nat, name):
    if nat["inside"] >= MAX_SITES - FIRST_HOST:
        raise NetworkError(f"more than {MAX_SITES - FIRST_HOST} places behind one NAT")
    address = f"{nat['lan']}.{FIRST_HOST + nat['inside']}"
    nat["ports"][name] = f"lan{nat['inside'] + 1}"
    nat["inside"] += 1
    return address


def enter(name):
    """Puts this thread into the network of a host."""
    fd = os.open(f"{NETNS}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter_fd(fd)
    finally:
        os.close(fd)


def enter_fd(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Inside:
    """A context that is inside the network of a host; for a process with one thread."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.before = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            enter(self.name)
        except BaseException:
            os.close(self.before)
            raise

    def __exit__(self, *_):
        enter_fd(self.before)
        os.close(self.before)


def run(words, text=None):
    process = subprocess.run(words, input=text, text=True, capture_output=True, check=False)
    if process.returncode != 0:
        raise NetworkError(f"{' '.join(words)}: {process.stderr.strip()[:1000]}")
    return process.stdout


def batch(lines, name=None):
    """Many commands of `ip` in one process: in a host, or in the name space of the supervisor."""
    run(["ip", *(["-n", name] if name else []), "-batch", "-"], "".join(line + "\n" for line in lines))


def open_tun(device):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def write_setting(path, value):
    with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as file:
        file.write(str(value))


def settle(name, forwards, ipv6, udp_timeout_s=0):
    """What a new name space is set to differently."""
    with Inside(name):
        write_setting("ipv4/ip_forward", int(forwards))
        for setting in ("ipv4/tcp_rmem", "ipv4/tcp_wmem"):
            write_setting(setting, TCP_MEMORY)
        if os.path.exists("/proc/sys/net/ipv6"):
            write_setting("ipv6/conf/all/disable_ipv6", int(not ipv6))
            write_setting("ipv6/conf/default/disable_ipv6", int(not ipv6))
        if udp_timeout_s:
            for setting in ("udp_timeout", "udp_timeout_stream"):
                write_setting(f"netfilter/nf_conntrack_{setting}", udp_timeout_s)


def nat_rules(kind):
    """cone: one mapping whoever is sent to, and only they answer; full-cone: anybody does; symmetric: one for each."""
    full = kind == "full-cone"
    lines = ["table ip nat {"]
    if full:
        lines += [" map open { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; size 65535; timeout 5m; }",
                  " chain pre { type nat hook prerouting priority dstnat; policy accept;",
                  '  iifname "wan0" meta l4proto udp dnat ip to udp dport map @open', " }"]
    lines += [" chain post { type nat hook postrouting priority srcnat; policy accept;"]
    if full:
        lines += ['  oifname "wan0" meta l4proto udp update @open { udp sport : ip saddr . udp sport }']
    lines += [f'  oifname "wan0" masquerade{" random,fully-random" if kind == "symmetric" else ""}', " }", "}"]
    # A router answers and passes on what belongs to a connection from inside. Without the first a packet that comes
    # too early makes an entry of its own, and the port of the mapping is taken.
    lines += ["table inet filter {",
              " set cut { type ipv4_addr . ipv4_addr; }",
              " chain input { type filter hook input priority filter; policy accept;",
              '  iifname "wan0" ct state established,related accept', '  iifname "wan0" meta l4proto icmp accept',
              '  iifname "wan0" drop', " }",
              " chain forward { type filter hook forward priority filter; policy accept;",
              "  ip saddr . ip daddr @cut drop",
              '  iifname "wan0" ct state established,related accept', '  iifname "wan0" ct status dnat accept',
              '  iifname "wan0" drop', " }", "}",
              "table bridge lan {",
              " set cut { type ifname . ifname; }",
              " chain forward { type filter hook forward priority filter; policy accept;",
              "  iifname . oifname @cut drop", " }", "}"]
    return "".join(line + "\n" for line in lines)


def build(topology, layout):
    """Makes all of it in the name spaces of this process; answers the descriptors of the sites' devices, in their order."""
    hosts, nats = layout["hosts"], layout["nats"]
    batch(["link set lo up", *(f"netns add {name}" for name in (*hosts, *nats))])
    for name in hosts:
        settle(name, False, topology["ipv6"])
    for name, nat in nats.items():
        settle(name, True, False, nat["udp_timeout_s"])
    fds = [open_tun(f"site{index}") for index in range(len(layout["sites"]))]
    moves = [f"link set site{index} netns {site['name']} name wan0" for index, site in enumerate(layout["sites"])]
    for name, nat in nats.items():
        moves += [f"link add name {port} netns {name} type veth peer name {'wan0' if inside in nats else 'eth0'} "
                  f"netns {inside}" for inside, port in nat["ports"].items()]
    batch(moves)
    inside = {name: ["link set lo up"] for name in (*hosts, *nats)}
    for site in layout["sites"]:
        lines = inside[site["name"]]
        lines += [f"addr add {site['address']}/32 dev wan0"]
        if site["address6"]:
            lines += [f"addr add {site['address6']}/128 dev wan0 nodad"]
        lines += ["link set wan0 up", "route add default dev wan0"]
        if site["address6"]:
            lines += ["route add ::/0 dev wan0"]
    for name, nat in nats.items():
        inside[name] += ["link add lan0 type bridge forward_delay 0", f"addr add {nat['lan']}.1/24 dev lan0"]
        inside[name] += [f"link set {port} master lan0 up" for port in nat["ports"].values()]
        inside[name] += ["link set lan0 up"]
        for other in nat["ports"]:
            device = "wan0" if other in nats else "eth0"
            address = (nats.get(other) or hosts[other])["address"]
            inside[other] += [f"addr add {address}/24 dev {device}", f"link set {device} up",
                              f"route add default via {nat['lan']}.1"]
    for name, lines in inside.items():
        batch(lines, name)
    for name, nat in nats.items():
        with Inside(name):
            run(["nft", "-f", "-"], nat_rules(nat["kind"]))
    return fds
