# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Networks of a thousand nodes and more, in simulated time: the same seed gives the same figures on any machine; only CPU
and memory are this machine's. `sim` and `network` together are what ./dev sim shows of its scenarios."""

import sys
from pathlib import Path

from figures_daemon import Unmeasurable
from node import BUILD
from report import Figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sim"))

import scenario as scenarios  # noqa: E402
import sim  # noqa: E402
import sim_report  # noqa: E402


def simulate(name):
    """All runs of a scenario; its report goes to build/sim/<name>."""
    if not sim.PROGRAM.exists():
        raise Unmeasurable(f"{sim.PROGRAM} is not built")
    content = scenarios.load(scenarios.find(name))
    runs, _ = sim.run(name, content, BUILD / "sim" / name)
    return runs


def figure(name, run, path, unit, against, limit, more_is_better=False, note=""):
    value = sim_report.get_figure(run, path)
    if value is None:
        raise AssertionError(f"{path} was not measured")
    cost = f"{run['peers']} peers, {run['cpu_s']:.0f} s of CPU, {run['peak_mib']:.0f} MiB; digest {run['digest']}"
    return Figure(name, float(value), unit, against, limit, more_is_better, [float(value)], f"{note}{'; ' if note else ''}{cost}")


def thousand(directory):
    run = simulate("thousand")[-1]
    hops = sim_report.get_figure(run, "lookup.hops.mean")
    return [
        figure("sim.gossip_1000", run, "gossip.reached_3_heartbeats", "of peers", "99 % within 3 heartbeats", 0.99, True),
        figure("sim.gossip_1000_worst", run, "gossip.worst_reached_3_heartbeats", "of peers",
               "the same for the message that does worst", 0.99, True),
        figure("sim.gossip_1000_p99", run, "gossip.delay_ms.p99", "ms", "3 heartbeats", 3000),
        figure("sim.gossip_1000_duplicates", run, "gossip.duplicates", "a node", "8 duplicates a node", 8),
        figure("sim.lookup_1000", run, "lookup.max_hops_to_log2_n", "· log2 n", "1.3 · log2 n hops, the worst lookup", 1.3,
               note=f"{hops:.2f} hops on average"),
        figure("sim.lookup_1000_recall", run, "lookup.recall", "of the closest", "95 % of the 20 closest", 0.95, True),
        figure("sim.lookup_1000_p99", run, "lookup.took_ms.p99", "ms", "the longest a request may take (10 s)", 10000),
        figure("network.discovery_50", run, "discovery.bids_ms.p99", "ms", "the 5 s that the field waits for bids", 5000,
               note="50 eligible among 1,000 found by provider records, and all have answered"),
        figure("network.discovery_50_found", run, "discovery.found_share.mean", "of 50", "all of them", 1, True),
        figure("network.discovery_50_messages", run, "discovery.messages.p99", "messages", "one for each of 1,000", 1000)]


def deploy(directory):
    run = simulate("deploy")[-1]
    return [figure("sim.deploy_1000", run, "deploy.request_to_running_ms.max", "ms",
                   "1 s of virtual time; the field waits 5 s for bids", 1000),
            figure("sim.deploy_1000_cpu", run, "deploy.deployment_cpu_s.max", "s", "5 s of CPU", 5),
            figure("sim.deploy_1000_answers", run, "deploy.messages_to_the_asker.max", "messages",
                   "one from each of 1,000 nodes", 1000)]


def join(directory):
    run = simulate("join-storm")[-1]
    return [figure("network.join_500", run, "join.all_after_s", "s", "40 s after the first of 500 within 10 s", 40),
            figure("network.join_500_joined", run, "join.joined", "of 500", "all of them", 1, True)]


def sybils(directory):
    run = simulate("sybils")[-1]
    return [figure("network.sybils_10_gossip", run, "gossip.reached_3_heartbeats", "of peers", "99 % within 3 heartbeats",
                   0.99, True, "10 % Sybils of one /24"),
            figure("network.sybils_10_lookup", run, "lookup.recall", "of the closest", "95 % of the closest honest peers",
                   0.95, True)]


def churn(directory):
    run = simulate("churn")[-1]
    return [figure("network.churn_30_gossip", run, "gossip.reached_3_heartbeats", "of peers", "99 % within 3 heartbeats",
                   0.99, True, "30 % leave in an hour"),
            figure("network.churn_30_lookup", run, "lookup.succeeded", "of lookups", "all of them", 1, True)]


def growth(directory):
    figures = []
    for run in simulate("growth"):
        n = run["peers"]
        figures += [figure(f"network.growth_{n}_hops", run, "lookup.max_hops_to_log2_n", "· log2 n", "1.3 · log2 n", 1.3),
                    figure(f"network.growth_{n}_gossip", run, "gossip.reached_3_heartbeats", "of peers",
                           "99 % within 3 heartbeats", 0.99, True),
                    figure(f"network.growth_{n}_memory", run, "kib_per_peer", "KiB", "1 MiB a peer", 1024),
                    figure(f"network.growth_{n}_cpu", run, "cpu_ms_per_peer_and_virtual_s", "ms/s",
                           "a hundredth of a core a peer", 10)]
    return figures


MEASURES = [
    (("sim.gossip_1000", "sim.gossip_1000_worst", "sim.gossip_1000_p99", "sim.gossip_1000_duplicates", "sim.lookup_1000",
      "sim.lookup_1000_recall", "sim.lookup_1000_p99", "network.discovery_50", "network.discovery_50_found",
      "network.discovery_50_messages"), thousand),
    (("sim.deploy_1000", "sim.deploy_1000_cpu", "sim.deploy_1000_answers"), deploy),
    (("network.join_500", "network.join_500_joined"), join),
    (("network.sybils_10_gossip", "network.sybils_10_lookup"), sybils),
    (("network.churn_30_gossip", "network.churn_30_lookup"), churn),
    (("network.growth",), growth),
]
