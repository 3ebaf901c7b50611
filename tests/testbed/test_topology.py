# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Topologies: those that come along are good, and what is wrong with another is said where it is."""

import pytest

import network
import topology
from control import BedError
from partition import find_cuts

GOOD = """
regions: {eu: {delay_ms: 1}, us: {}}
links: [{between: [eu, us], delay_ms: 40, loss: 0.1}]
nats:
  isp: {kind: symmetric, region: eu}
  home: {kind: cone, behind: isp}
  flat: {kind: cone, region: eu}
hosts:
  a: {region: eu}
  b: {region: us, datacentre: dc}
  c: {region: us, datacentre: dc}
  d: {nat: home}
  e: {nat: flat}
  f: {nat: flat}
"""


def read(tmp_path, text):
    path = tmp_path / "t.yaml"
    path.write_text(text)
    return topology.load(path)


@pytest.mark.parametrize("path", sorted(topology.TOPOLOGIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped(path):
    read_by_name = topology.load(path.stem)
    assert read_by_name == topology.load(path) and read_by_name["description"]
    assert network.plan(read_by_name)["hosts"].keys() == read_by_name["hosts"].keys()


def test_plan(tmp_path):
    layout = network.plan(read(tmp_path, GOOD))
    hosts, nats = layout["hosts"], layout["nats"]
    assert [site["name"] for site in layout["sites"]] == ["a", "b", "c", "isp", "flat"]
    assert hosts["a"]["address"] == hosts["a"]["public_address"] == "45.1.0.10"
    # One data centre is one network, another region is another one.
    assert hosts["b"]["address"] == "46.1.0.10" and hosts["c"]["address"] == "46.1.0.11"
    assert hosts["d"]["address"].startswith(nats["home"]["lan"] + ".") and hosts["d"]["public_address"] == nats["isp"]["address"]
    assert nats["home"]["address"].startswith("100.64.") and hosts["d"]["site"] == "isp"
    assert len({place["address"] for place in (*hosts.values(), *nats.values())}) == len(hosts) + len(nats)


def test_links_count_both_ways_unless_told_otherwise(tmp_path):
    links = {(a, b): line for a, b, line in read(tmp_path, GOOD)["links"]}
    assert links["eu", "us"] == links["us", "eu"] == {"delay_ms": 40, "loss": 0.1, "rate_mbit": 0}
    links = {(a, b): line for a, b, line in read(tmp_path, GOOD.replace("loss: 0.1", "one_way: true"))["links"]}
    assert links["eu", "us"]["delay_ms"] == 40 and links["us", "eu"]["delay_ms"] == 0


@pytest.mark.parametrize("old, new, expected", [
    ("a: {region: eu}", "a: {region: eur}", "line 9: hosts.a.region: there is no region “eur”. Did you mean “eu”? There are: eu, us"),
    ("a: {region: eu}", "a: {}", "line 9: hosts.a: say in which region it is"),
    ("a: {region: eu}", "a: {region: eu, nta: home}", "hosts.a.nta: there is no such member. Did you mean “nat”? Known: region, nat"),
    ("a: {region: eu}", "a: {region: eu, region: us}", "line 9: “region” is there twice"),
    ("a: {region: eu}", "a: {region: eu, daemon: 1}", "hosts.a.daemon: must be true or false, not 1"),
    ("a: {region: eu}", "a: {region: eu, skew_s: soon}", "hosts.a.skew_s: must be a number from"),
    ("a: {region: eu}", "a: {region: eu, address: 10.0.0.1}", "hosts.a.address: 10.0.0.1 is no public address"),
    ("a: {region: eu}", "a: {region: eu, roles: [king]}", "hosts.a.roles: must be a list of bootstrap"),
    ("a: {region: eu}", "a: {region: eu, config: {p2p: 3}}", "hosts.a.config.p2p: must be a mapping"),
    ("a: {region: eu}", "a: {region: eu, access: {up_mbit: -1}}", "hosts.a.access.up_mbit: must be a number from 0"),
    ("a: {region: eu}", "A_1: {region: eu}", "hosts.A_1: “A_1” cannot be a name"),
    ("a: {region: eu}", "eu: {region: eu}", "hosts.eu: “eu” is a region or NAT already"),
    ("d: {nat: home}", "d: {nat: hme}", "hosts.d.nat: there is no NAT “hme”. Did you mean “home”?"),
    ("d: {nat: home}", "d: {nat: home, region: us}", "hosts.d.region: the NAT “home” is in eu"),
    ("d: {nat: home}", "d: {nat: home, roles: [bootstrap]}", "hosts.d.roles: nobody reaches a host behind a NAT"),
    ("behind: isp", "behind: home", "behind another"),
    ("kind: cone, behind", "kind: conical, behind", "nats.home.kind: must be one of full-cone, cone, symmetric, not 'conical'"),
    ("kind: cone, behind: isp", "kind: cone", "nats.home: say either the region it is in"),
    ("between: [eu, us]", "between: [eu, mars]", "links[0].between: there is no region “mars”"),
    ("between: [eu, us]", "between: [eu]", "links[0].between: must be two regions"),
    ("delay_ms: 40", "delay_ms: fast", "links[0].delay_ms: must be a number from 0 to 60000, not 'fast'"),
    ("loss: 0.1", "loss: 10", "links[0].loss: must be a number from 0 to 1, not 10"),
    ("regions: {", "regions: [", "line 2: this is no YAML"),
    ("regions: {eu: {delay_ms: 1}, us: {}}", "regions: {}", "regions: name from 1 to 32 regions"),
    ("hosts:", "host:", "host: there is no such member. Did you mean “hosts”?"),
])
def test_bad(tmp_path, old, new, expected):
    assert old in GOOD
    with pytest.raises(topology.TopologyError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert expected in str(caught.value) and str(caught.value).startswith(str(tmp_path / "t.yaml"))


def test_unknown_name():
    with pytest.raises(topology.TopologyError, match="there is no topology “two-host”. Did you mean “two-hosts”"):
        topology.load("two-host")


@pytest.fixture
def world(tmp_path):
    described = read(tmp_path, GOOD)
    return described, network.plan(described)


def test_partition_of_regions(world):
    cuts = find_cuts(*world, [["eu"], ["us"]])
    # a, isp and flat from b and c.
    assert cuts.sites == {(0, 1), (0, 2), (1, 3), (1, 4), (2, 3), (2, 4)} and not cuts.addresses and not cuts.ports


def test_partition_within_a_home(world):
    cuts = find_cuts(*world, [["e"], ["f", "a"]])
    assert not cuts.sites and cuts.ports == {"flat": {("lan1", "lan2")}}
    assert cuts.addresses == {"flat": {(world[1]["hosts"]["e"]["address"], "45.1.0.10")}}


def test_partition_behind_a_provider(tmp_path):
    described = read(tmp_path, GOOD + "  g: {nat: isp}\n  h: {nat: home}\n")
    layout = network.plan(described)
    hosts = layout["hosts"]
    # All of the home: at the provider's bridge. One of it: at the home's own router.
    assert find_cuts(described, layout, [["d", "h"], ["g"]]).ports == {"isp": {("lan1", "lan2")}}
    cuts = find_cuts(described, layout, [["d"], ["g"]])
    assert not cuts.ports and cuts.addresses == {"home": {(hosts["d"]["address"], hosts["g"]["address"])}}
    # From outside: g is the provider's customer without a router of its own.
    cuts = find_cuts(described, layout, [["d"], ["a"]])
    assert not cuts.sites and cuts.addresses == {"home": {(hosts["d"]["address"], hosts["a"]["address"])}}
    with pytest.raises(BedError, match="cannot be told apart"):
        find_cuts(described, layout, [["d", "e"], ["h", "f"]])


def test_who_is_in_no_set_is_cut_from_nobody(world):
    assert find_cuts(*world, [["a"], ["b"]]).sites == {(0, 1)}
    assert find_cuts(*world, []).sites == set()


@pytest.mark.parametrize("sets, message", [
    ([["a"], ["mars"]], "no host or region “mars”"), ([["eu"], ["a"]], "a is in two of the sets"), ([[], ["a"]], "empty"),
])
def test_bad_partition(world, sets, message):
    with pytest.raises(BedError, match=message):
        find_cuts(*world, sets)
