# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a topology: which hosts there are, where, and what is between them. docs/testbed.md describes the format."""

import difflib
import ipaddress
import re
from pathlib import Path

import yaml

TOPOLOGIES = Path(__file__).resolve().parent / "topologies"
MAX_REGIONS = 32
MAX_HOSTS = 200
MAX_DELAY_MS = 60_000
MAX_RATE_MBIT = 1_000_000
MAX_SKEW_S = 10 * 365 * 86400
MAX_TEXT = 200
MAX_BYTES = 1 << 20
NAME = re.compile(r"^[a-z][a-z0-9-]{0,31}$")
NAT_KINDS = ("full-cone", "cone", "symmetric")
ROLES = ("bootstrap",)
# What the bed itself needs in the name spaces.
TAKEN = ("all", "internet", "lo", "wan0", "lan0")


class TopologyError(Exception):
    """A topology that cannot be used: says where, what, and what to do."""


class Mapping(dict):
    """A mapping that remembers the lines of its members."""

    lines = {}


class Loader(yaml.SafeLoader):
    """YAML without what surprises: no member twice, and no objects."""

    def construct_mapping(self, node, deep=False):
        result = Mapping()
        result.lines = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, (str, int, float)):
                raise TopologyError(f"line {line}: a name of a member must be text")
            key = str(key)
            if key in result:
                raise TopologyError(f"line {line}: “{key}” is there twice, first on line {result.lines[key]}: "
                                    "remove one of them")
            result[key] = self.construct_object(value_node, deep=True)
            result.lines[key] = line
        return result


def _construct_map(loader, node):
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)


class Place:
    """A member of the file, for messages: its path and line."""

    def __init__(self, path="", line=None):
        self.path = path
        self.line = line

    def fail(self, message):
        where = f"{self.path}: " if self.path else ""
        line = f"line {self.line}: " if self.line else ""
        raise TopologyError(f"{line}{where}{message}")

    def member(self, mapping, key):
        lines = getattr(mapping, "lines", {})
        return Place(f"{self.path}.{key}" if self.path else str(key), lines.get(key, self.line))

    def item(self, index):
        return Place(f"{self.path}[{index}]", self.line)


def _hint(word, known):
    close = difflib.get_close_matches(str(word), list(known), 1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _mapping(value, place, known=None):
    if value is None:
        value = Mapping()
    if not isinstance(value, dict):
        place.fail("must be a mapping (NAME: VALUE, one a line)")
    for key in value:
        if known is not None and key not in known:
            place.member(value, key).fail(f"there is no such member.{_hint(key, known)} Known: {', '.join(known)}")
    return value


def _number(mapping, key, place, default, least, most):
    value = mapping.get(key, default)
    if value is default:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        place.member(mapping, key).fail(f"must be a number from {least:g} to {most:g}, not {value!r}")
    return value


def _truth(mapping, key, place, default):
    value = mapping.get(key, default)
    if not isinstance(value, bool):
        place.member(mapping, key).fail(f"must be true or false, not {value!r}")
    return value


def _text(mapping, key, place, default=""):
    value = mapping.get(key, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        place.member(mapping, key).fail(f"must be a text of at most {MAX_TEXT} characters, not {value!r}")
    return value


def _name(mapping, key, place, known, what):
    value = mapping.get(key)
    if not isinstance(value, str) or value not in known:
        place.member(mapping, key).fail(
            f"there is no {what} “{value}”.{_hint(value, known)} There are: {', '.join(known) or 'none'}")
    return value


def _check_name(mapping, name, place):
    if not NAME.match(name) or name in TAKEN:
        place.member(mapping, name).fail(f"“{name}” cannot be a name: take at most 32 small letters, digits and “-”, a "
                                         f"letter first, and none of {', '.join(TAKEN)}")


LINE_MEMBERS = ("delay_ms", "loss", "rate_mbit")


def read_line(mapping, place):
    """One line between two places, in one direction: delay, loss and rate; a rate of 0 is without bound."""
    return {"delay_ms": _number(mapping, "delay_ms", place, 0, 0, MAX_DELAY_MS),
            "loss": _number(mapping, "loss", place, 0, 0, 1),
            "rate_mbit": _number(mapping, "rate_mbit", place, 0, 0, MAX_RATE_MBIT)}


ACCESS_MEMBERS = ("delay_ms", "loss", "up_mbit", "down_mbit")


def read_access(mapping, key, place):
    place = place.member(mapping, key)
    access = _mapping(mapping.get(key), place, ACCESS_MEMBERS)
    return {"delay_ms": _number(access, "delay_ms", place, 0, 0, MAX_DELAY_MS),
            "loss": _number(access, "loss", place, 0, 0, 1),
            "up_mbit": _number(access, "up_mbit", place, 0, 0, MAX_RATE_MBIT),
            "down_mbit": _number(access, "down_mbit", place, 0, 0, MAX_RATE_MBIT)}


def _read_regions(document, top):
    place = top.member(document, "regions")
    regions = _mapping(document.get("regions"), place)
    if not 1 <= len(regions) <= MAX_REGIONS:
        place.fail(f"name from 1 to {MAX_REGIONS} regions, such as `regions: {{eu: {{delay_ms: 2}}}}`")
    result = {}
    for name in regions:
        _check_name(regions, name, place)
        here = place.member(regions, name)
        result[name] = read_line(_mapping(regions[name], here, LINE_MEMBERS), here)
    return result


def _read_links(document, top, regions):
    """Every pair of regions, both directions, has its line; what no link names is what `default` says."""
    place = top.member(document, "links")
    items = document.get("links") or []
    if not isinstance(items, list):
        place.fail("must be a list, such as `- {between: [eu, us], delay_ms: 40}`")
    result = {(a, b): read_line({}, place) for a in regions for b in regions if a != b}
    seen = set()
    for index, item in enumerate(items):
        here = place.item(index)
        item = _mapping(item, here, ("between", "one_way", *LINE_MEMBERS))
        here.line = min(getattr(item, "lines", {}).values(), default=here.line)
        pair = item.get("between")
        if not isinstance(pair, list) or len(pair) != 2 or pair[0] == pair[1]:
            here.member(item, "between").fail("must be two regions, such as [eu, us]")
        for name in pair:
            _name({"between": name}, "between", here, regions, "region")
        line = read_line(item, here)
        ways = [tuple(pair)] + ([] if _truth(item, "one_way", here, False) else [tuple(reversed(pair))])
        for way in ways:
            if way in seen:
                here.fail(f"{way[0]} to {way[1]} is described twice: remove one")
            seen.add(way)
            result[way] = line
    return result


def _read_nats(document, top, regions):
    place = top.member(document, "nats")
    nats = _mapping(document.get("nats"), place)
    result = {}
    for name in nats:
        _check_name(nats, name, place)
        here = place.member(nats, name)
        nat = _mapping(nats[name], here, ("kind", "region", "behind", "access", "udp_timeout_s"))
        kind = nat.get("kind")
        if kind not in NAT_KINDS:
            here.member(nat, "kind").fail(f"must be one of {', '.join(NAT_KINDS)}, not {kind!r}")
        if ("region" in nat) == ("behind" in nat):
            here.fail("say either the region it is in, or the NAT of the provider it is behind (`behind: NAME`)")
        if "behind" in nat and "access" in nat:
            here.member(nat, "access").fail("what is behind another NAT has the line of that one: remove it here")
        result[name] = {"kind": kind,
                        "region": _name(nat, "region", here, regions, "region") if "region" in nat else None,
                        "behind": nat.get("behind"), "access": read_access(nat, "access", here),
                        "udp_timeout_s": _number(nat, "udp_timeout_s", here, 0, 0, 86400)}
    for name, nat in result.items():
        here = place.member(nats, name)
        if nat["behind"] is not None:
            outer = _name(nats[name], "behind", here, nats, "NAT")
            if result[outer]["behind"] is not None:
                here.member(nats[name], "behind").fail(f"“{outer}” is behind another one already: two layers at most")
            nat["region"] = result[outer]["region"]
    return result


def _read_onboard(host, place):
    value = host.get("onboard", False)
    here = place.member(host, "onboard")
    if isinstance(value, bool):
        return {} if value else None
    value = _mapping(value, here, ("cpu", "ram", "disk"))
    result = {}
    for key in value:
        if isinstance(value[key], bool) or not isinstance(value[key], (str, int, float)):
            here.member(value, key).fail("must be a number, or a size such as 2GiB")
        result[key] = value[key]
    return result


def _read_config(host, place):
    here = place.member(host, "config")
    config = _mapping(host.get("config"), here)
    for section in config:
        _mapping(config[section], here.member(config, section))
    return {section: dict(members or {}) for section, members in config.items()}


def _read_address(host, place):
    if "address" not in host:
        return None
    here = place.member(host, "address")
    try:
        address = ipaddress.IPv4Address(host["address"])
    except ValueError:
        here.fail(f"must be an IPv4 address such as 45.0.0.1, not {host['address']!r}")
    if host.get("nat") is not None:
        here.fail("a host behind a NAT has none of its own: remove it, or the NAT")
    if not address.is_global:
        here.fail(f"{address} is no public address, which nodes would not tell each other of: take another")
    return str(address)


HOST_MEMBERS = ("region", "nat", "datacentre", "address", "access", "roles", "daemon", "onboard", "location", "config",
                "env", "skew_s")
LOCATION_MEMBERS = ("city", "country", "continent")


def _read_host(hosts, name, place, regions, nats):
    here = place.member(hosts, name)
    host = _mapping(hosts[name], here, HOST_MEMBERS)
    nat = _name(host, "nat", here, nats, "NAT") if host.get("nat") is not None else None
    if nat is None and "region" not in host:
        here.fail(f"say in which region it is (`region: NAME`; there are: {', '.join(regions)}), or behind which NAT")
    region = _name(host, "region", here, regions, "region") if "region" in host else nats[nat]["region"]
    if nat is not None and region != nats[nat]["region"]:
        here.member(host, "region").fail(f"the NAT “{nat}” is in {nats[nat]['region']}: leave the region out")
    for key in ("access", "datacentre"):
        if nat is not None and key in host:
            here.member(host, key).fail(f"it has the line and the place of the NAT “{nat}”: remove it here")
    roles = host.get("roles", [])
    if not isinstance(roles, list) or any(role not in ROLES for role in roles):
        here.member(host, "roles").fail(f"must be a list of {', '.join(ROLES)}, not {roles!r}")
    if "bootstrap" in roles and nat is not None:
        here.member(host, "roles").fail("nobody reaches a host behind a NAT to begin with: give this role to another")
    location = _mapping(host.get("location"), here.member(host, "location"), LOCATION_MEMBERS)
    env = _mapping(host.get("env"), here.member(host, "env"))
    return {"region": region, "nat": nat, "datacentre": _text(host, "datacentre", here) or None,
            "address": _read_address(host, here), "access": read_access(host, "access", here), "roles": list(roles),
            "daemon": _truth(host, "daemon", here, True), "onboard": _read_onboard(host, here),
            "location": {key: _text(location, key, here.member(host, "location")) for key in location},
            "config": _read_config(host, here), "env": {key: str(value) for key, value in env.items()},
            "skew_s": _number(host, "skew_s", here, 0, -MAX_SKEW_S, MAX_SKEW_S)}


ORGANISATION_MEMBERS = ("name", "host", "rights")


DEFAULT_ORGANISATION = {"name": "org", "host": None, "rights": ["/dms/deployment", "/broadcast", "/public"]}


def _read_organisation(document, top, hosts):
    if document.get("organisation") is None:
        return None
    place = top.member(document, "organisation")
    organisation = _mapping(document["organisation"], place, ORGANISATION_MEMBERS)
    if "host" in organisation:
        _name(organisation, "host", place, hosts, "host")
    rights = organisation.get("rights", DEFAULT_ORGANISATION["rights"])
    if not isinstance(rights, list) or not rights or not all(isinstance(right, str) and right.startswith("/")
                                                             for right in rights):
        place.member(organisation, "rights").fail("must be a list of capabilities such as /dms/deployment")
    return {"name": _text(organisation, "name", place, DEFAULT_ORGANISATION["name"]), "host": organisation.get("host"), "rights": rights}


MEMBERS = ("description", "seed", "ipv6", "capture", "regions", "links", "nats", "hosts", "organisation")


def check(document):
    """The topology with every member filled in, or TopologyError."""
    top = Place()
    document = _mapping(document, top, MEMBERS)
    regions = _read_regions(document, top)
    links = _read_links(document, top, regions)
    nats = _read_nats(document, top, regions)
    place = top.member(document, "hosts")
    hosts = _mapping(document.get("hosts"), place)
    if not 1 <= len(hosts) <= MAX_HOSTS:
        place.fail(f"name from 1 to {MAX_HOSTS} hosts, such as `hosts: {{alice: {{region: {next(iter(regions))}}}}}`")
    for name in hosts:
        _check_name(hosts, name, place)
        if name in nats or name in regions:
            place.member(hosts, name).fail(f"“{name}” is a region or NAT already: take another name")
    for name in nats:
        if name in regions:
            top.member(document, "nats").member(nats, name).fail(f"“{name}” is a region already: take another name")
    return {"description": _text(document, "description", top),
            "seed": _number(document, "seed", top, 1, 0, 1 << 63),
            "ipv6": _truth(document, "ipv6", top, False), "capture": _truth(document, "capture", top, False),
            "regions": regions, "links": [[a, b, line] for (a, b), line in links.items()], "nats": nats,
            "hosts": {name: _read_host(hosts, name, place, regions, nats) for name in hosts},
            "organisation": _read_organisation(document, top, hosts)}


def find(name):
    """The file of a topology: a path, or the name of one of those that come along."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") and path.exists():
        return path
    shipped = TOPOLOGIES / f"{path.name.removesuffix('.yaml')}.yaml"
    if "/" not in str(name) and shipped.exists():
        return shipped
    known = sorted(file.stem for file in TOPOLOGIES.glob("*.yaml"))
    raise TopologyError(f"there is no topology “{name}”.{_hint(path.stem, known)} Give the path of a .yaml file, or one "
                        f"of: {', '.join(known)}")


def load(name):
    path = find(name)
    try:
        text = path.read_bytes()
        if len(text) > MAX_BYTES:
            raise TopologyError(f"the file is larger than {MAX_BYTES} bytes")
        return check(yaml.load(text.decode(), Loader))
    except TopologyError as error:
        raise TopologyError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise TopologyError(f"{path}: {line}this is no YAML: {getattr(error, 'problem', None) or error}") from None
