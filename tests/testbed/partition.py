# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What has to be cut so that sets of hosts do not reach each other: a function of the topology and the sets."""

import itertools

from control import BedError


class Cuts:
    """Between sites in the relay; in NATs between an inner and an outer address, or between two ports of a bridge."""

    def __init__(self):
        self.sites = set()
        self.addresses = {}
        self.ports = {}


def _label(topology, sets):
    labels = {}
    for index, members in enumerate(sets):
        if not isinstance(members, list) or not members:
            raise BedError("a partition is two or more sets of hosts or regions, none of them empty")
        for member in members:
            if member in topology["regions"]:
                names = [name for name, host in topology["hosts"].items() if host["region"] == member]
            elif member in topology["hosts"]:
                names = [member]
            else:
                raise BedError(f"there is no host or region “{member}”; hosts: {', '.join(topology['hosts'])}; regions: "
                               f"{', '.join(topology['regions'])}")
            for name in names:
                if labels.setdefault(name, index) != index:
                    raise BedError(f"{name} is in two of the sets: a partition must be clear about everybody")
    return labels


def find_cuts(topology, layout, sets):
    """Hosts that are in no set still reach everybody."""
    labels = _label(topology, sets)
    hosts, nats = layout["hosts"], layout["nats"]
    cuts = Cuts()

    def is_cut(a, b):
        return a in labels and b in labels and labels[a] != labels[b]

    def cut_at_nat(host, address):
        cuts.addresses.setdefault(hosts[host]["nat"], set()).add((hosts[host]["address"], address))

    def cut_by_host(ours, theirs, address):
        """Each of ours behind its own NAT, where it is all or nothing for it; false if it is not for one of them."""
        answers = {host: {is_cut(host, other) for other in theirs} for host in ours}
        if any(len(answer) > 1 for answer in answers.values()) or any(hosts[host]["nat"] is None for host in ours):
            return False
        for host, answer in answers.items():
            if True in answer:
                cut_at_nat(host, address)
        return True

    def cut_groups(ours, theirs, whole, our_address, their_address, what):
        answers = {is_cut(a, b) for a in ours for b in theirs}
        if answers == {True}:
            whole()
        elif answers == {True, False} and not cut_by_host(ours, theirs, their_address) and \
                not cut_by_host(theirs, ours, our_address):
            raise BedError(f"{what} cannot be told apart, since each shares one address: put all of one into one set")

    groups = {site["name"]: [name for name, host in hosts.items() if host["site"] == site["name"]]
              for site in layout["sites"]}
    numbers = {site["name"]: index for index, site in enumerate(layout["sites"])}
    addresses = {site["name"]: site["address"] for site in layout["sites"]}
    for a, b in itertools.combinations(groups, 2):
        cut_groups(groups[a], groups[b], lambda: cuts.sites.add((numbers[a], numbers[b])), addresses[a], addresses[b],
                   f"{', '.join(groups[a])} and {', '.join(groups[b])}")
    for name, nat in nats.items():
        units = {inside: [inside] if inside in hosts else [host for host in hosts if hosts[host]["nat"] == inside]
                 for inside in nat["ports"]}
        for a, b in itertools.combinations(units, 2):
            def cut_ports():
                cuts.ports.setdefault(name, set()).add((nat["ports"][a], nat["ports"][b]))

            cut_groups(units[a], units[b], cut_ports, (nats.get(a) or hosts[a])["address"],
                       (nats.get(b) or hosts[b])["address"], f"{', '.join(units[a])} and {', '.join(units[b])}")
    return cuts
