# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator: the same seed gives the same run, networks heal, whole nodes deploy, and bad scenarios say why."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SIM = Path(__file__).resolve().parents[1] / "sim"
sys.path.insert(0, str(SIM))

import scenario as scenarios  # noqa: E402
import sim_report  # noqa: E402
from node import BUILD  # noqa: E402

pytestmark = pytest.mark.skipif(not (BUILD / "tests" / "sim" / "dms-sim").exists(),
                                reason="the simulator needs the transport libp2p")


def start(tmp_path, name, *arguments):
    """One run in a process of its own, beside others."""
    folder = tmp_path / "-".join((name, *arguments)).replace("/", "_")
    process = subprocess.Popen([sys.executable, SIM / "sim.py", name, "--out", folder, *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "DMS_BUILD_ROOT": str(BUILD)})
    return process, folder


def finish(process, folder):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return json.loads((folder / "report.json").read_text())


def write(tmp_path, text):
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    return path


def test_same_seed_same_run(tmp_path):
    runs = [start(tmp_path, "small", "--nodes", "30", *seed) for seed in (["--trace", str(tmp_path / "trace")], [],
                                                                         ["--seed", "2"])]
    first, second, other = (finish(*run)["runs"][0] for run in runs)
    assert first["digest"] == second["digest"]
    assert first["traffic"] == second["traffic"]
    assert first["events"] == second["events"]
    assert other["digest"] != first["digest"]
    # The trace has every delivery: as many as were counted, in the order of time.
    lines = (tmp_path / "trace").read_text().splitlines()
    assert len(lines) == sum(kind["messages"] for kind in first["traffic"].values())
    times = [int(line.split()[0]) for line in lines]
    assert times == sorted(times)
    # Packets were lost, and messages came through all the same; nothing crossed the cut while it was there.
    steps = sim_report.name_steps(first)
    assert first["lost_packets"] > 0
    assert steps["gossip"]["reached"] >= 0.99
    assert steps["partition"]["most_reached_while_cut"] < 1
    assert steps["partition"]["healed"]


def test_whole_nodes_are_deterministic_and_deploy(tmp_path):
    runs = [start(tmp_path, "small-nodes", "--nodes", "16", *seed) for seed in (["--log", str(tmp_path / "log")], [],
                                                                               ["--seed", "2"])]
    first, second, other = (finish(*run)["runs"][0] for run in runs)
    assert first["digest"] == second["digest"]
    assert other["digest"] != first["digest"]
    deploy = sim_report.name_steps(first)["deploy"]
    assert deploy["succeeded"] == 1
    assert 0 < deploy["request_to_running_ms"]["max"] < 5000
    # It is the code of the nodes that did it.
    log = (tmp_path / "log").read_text()
    assert log.count("MESSAGE=allocation_run_started") == 4
    assert "MESSAGE=peer_greeted" in log


def test_report_and_plots(tmp_path):
    process, folder = start(tmp_path, "small", "--nodes", "20")
    report = finish(process, folder)
    assert all(target["reached"] for target in report["targets"])
    text = (folder / "report.md").read_text()
    assert "| 20 | `gossip.reached` |" in text
    assert "](gossip.svg)" in text
    for name in ("gossip", "partition", "lookup"):
        drawn = (folder / f"{name}.svg").read_text()
        assert drawn.startswith("<svg ") and drawn.rstrip().endswith("</svg>")
        assert "peers" in drawn


def test_missed_target_is_told(tmp_path):
    path = write(tmp_path, "title: t\nnodes: 5\nsteps: [{step: settle, for_s: 1}]\n"
                 "targets: [{figure: settle.mesh.mean, least: 100}]\n")
    process, _ = start(tmp_path, str(path))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "MISSED" in out


GOOD = "title: t\nnodes: 5\nsteps: [{step: settle}]\n"


@pytest.mark.parametrize("text, why", [
    ("title: t\nnodes: 5\n", "“steps” is missing"),
    ("nodes: [\n", "line 2"),
    (GOOD + "nodez: 3\n", "did you mean “nodes”?"),
    (GOOD + "nodes: 3\n", "line 4: “nodes” is there twice"),
    (GOOD.replace("5", "1"), "nodes: must be between 2 and"),
    (GOOD.replace("5", "yes"), "nodes: must be a number, not true"),
    (GOOD.replace("5", "5.5"), "nodes: must be a whole number, not 5.5"),
    (GOOD.replace("settle", "setle"), "steps[0].step: there is no step “setle”; did you mean “settle”?"),
    (GOOD.replace("{step: settle}", "{step: settle, four_s: 1}"), "steps[0]: there is no “four_s” here"),
    (GOOD.replace("settle", "deploy"), "“deploy” needs whole nodes: level: nodes"),
    (GOOD + "level: nodes\n" + "network: {regions: [{name: a, latency_ms: {b: 3}}]}\n", "there is no region “b”"),
    (GOOD + "network: {regions: [{name: a, latency_ms: {}}]}\n", "how far it is from “a” to “a”"),
    (GOOD + "network: {loss: 2}\n", "network.loss: must be between 0 and 0.5"),
    (GOOD + "targets: [{figure: x}]\n", "targets[0]: says neither “least” nor “most”"),
    ("- 1\n", "must be a map, not a list"),
    ("title: !!python/object/apply:os.system [x]\n", "could not determine a constructor"),
])
def test_bad_scenarios_say_why(tmp_path, text, why):
    with pytest.raises(scenarios.ScenarioError) as error:
        scenarios.load(write(tmp_path, text))
    assert why in str(error.value)
    assert str(tmp_path / "scenario.yaml") in str(error.value)


def test_all_scenarios_are_good():
    names = [path.stem for path in scenarios.list_all()]
    assert {"gossip", "lookup", "discovery", "join-storm", "sybils", "churn", "growth", "deploy"} <= set(names)
    for path in scenarios.list_all():
        scenarios.load(path)


def test_list_and_unknown_name(tmp_path):
    out = subprocess.run([sys.executable, SIM / "sim.py"], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "join-storm" in out and "docs/simulator.md" in out
    process, _ = start(tmp_path, "gosip")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "did you mean “gossip”?" in err


def test_ended_it_leaves_nothing_behind(tmp_path):
    path = write(tmp_path, "title: t\nlevel: nodes\nnodes: 4\nsteps: [{step: settle, for_s: 80000}]\n")
    process, _ = start(tmp_path, str(path))
    children = []
    while not children:
        assert process.poll() is None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        children = [child for child in children if Path(f"/proc/{child}/comm").read_text() == "dms-sim\n"]
    child = Path("/proc", children[0])
    home = ""
    # A process that has only just begun shows nothing of itself.
    while "dms-sim-" not in home:
        assert process.poll() is None
        words = (child / "environ").read_text().split("\0")
        home = next((word[5:] for word in words if word.startswith("HOME=")), "")
    while not any(Path(home).iterdir()):
        assert process.poll() is None
    for _ in range(3):
        process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert not child.exists()
    assert not Path(home).exists()
