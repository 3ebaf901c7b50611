# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`nunet ensemble`: files of others become job files; job files are checked, drawn, compared and planned."""

import json
import os
import xml.etree.ElementTree as xml

import pytest

from node import SOURCE, Node
from test_jobs import nothing_left, shell

DATA = SOURCE / "tests" / "data" / "import"
TWO = """version: "V1"
allocations:
  db:
    executor: process
    type: service
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: [sleep, "60"], environment: {PASSWORD: hunter2, MODE: a}}
  web:
    executor: process
    type: task
    depends_on: [db]
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["echo", "hi <&> \\"there\\""]}
  far:
    executor: process
    type: task
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["true"]}
nodes:
  one: {allocations: [db, web], ports: [{public: 8080, private: 80, allocation: web}]}
  two: {allocations: [far], redundancy: 1}
edge_constraints: [{edges: [one, two], rtt: 50}]
"""


@pytest.fixture
def home(tmp_path):
    return Node(tmp_path / "node")


def test_import_tells_by_its_status(home):
    good = home.write_job("good.yaml", "services: {a: {image: a:1, cpus: 1, mem_limit: 64m}}\n")
    near = home.write_job("near.yaml", "services: {a: {image: a:1}}\n")
    lost = home.write_job("lost.yaml", "services: {a: {image: a:1, tty: true}}\n")
    bad = home.write_job("bad.yaml", "services: {a: {build: .}}\n")
    assert [home.cli("ensemble", "import", path, check=False).status for path in (good, near, lost, bad)] == [0, 2, 3, 1]


def test_import_to_a_file_that_nobody_else_reads(home):
    out = home.root / "out.yaml"
    answer = home.cli("ensemble", "import", DATA / "kubernetes" / "web.yaml", "-o", out, check=False)
    assert answer.status == 3 and answer.out == ""
    assert "hunter2" in out.read_text() and "hunter2" not in answer.err
    assert os.stat(out).st_mode & 0o777 == 0o600
    assert home.cli("ensemble", "validate", out).out == f"{out}: valid\n"
    again = home.cli("ensemble", "import", DATA / "kubernetes" / "web.yaml", "-o", out, check=False)
    assert again.status == 1 and "--force" in again.err


def test_import_reports_as_json(home):
    answer = home.cli("ensemble", "import", "--json", DATA / "nomad" / "batch.hcl.json", check=False)
    assert answer.status == 3
    report = answer.json
    assert report["format"] == "nomad" and report["impossible"] > 0
    assert {entry["fate"] for entry in report["entries"]} == {"translated", "approximated", "impossible"}
    assert all(entry["line"] > 0 and entry["path"] for entry in report["entries"])
    assert report["ensemble"].startswith("version: V1\n")


def test_import_from_standard_input_and_report_to_a_file(home):
    text = (DATA / "compose" / "batch.yaml").read_text()
    report = home.root / "report.txt"
    answer = home.cli("ensemble", "import", "-", "--report", report, stdin=text, check=False)
    assert answer.status == 2 and answer.out.startswith("version: V1\n")
    assert answer.err.startswith("18 translated"), answer.err
    assert "-:" in report.read_text() and "translated: services.sum.image" in report.read_text()


def test_import_of_several_manifests(home):
    config = home.write_job("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {K: value}\n")
    pod = home.write_job("p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: "
                                   "[{name: c, image: a, envFrom: [{configMapRef: {name: c}}]}]}\n")
    assert "K: value" in home.cli("ensemble", "import", pod, config, check=False).out


def test_native_hcl_is_refused_with_a_way_out(home):
    answer = home.cli("ensemble", "import", DATA / "nomad" / "native.nomad", check=False)
    assert answer.status == 1 and "nomad job run -output" in answer.err


def test_graph(home):
    path = home.write_job("two.yaml", TWO)
    text = home.cli("ensemble", "graph", path).out
    assert "db (service, process)" in text and "web (task, process) after db" in text
    assert "port 8080 → web:80" in text and "one ── two: ≤ 50 ms" in text and "two + 1 standby" in text
    dot = home.cli("ensemble", "graph", "--format", "dot", path).out
    assert '"db" -> "web";' in dot and 'label="≤ 50 ms"' in dot and dot.startswith("digraph")
    svg = xml.fromstring(home.cli("ensemble", "graph", "--format", "svg", path).out)
    boxes = [item for item in svg.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(boxes) == 5
    assert home.cli("ensemble", "graph", "--format", "gif", path, check=False).status == 1


def test_graph_escapes_what_it_draws(home):
    hostile = TWO.replace("executor: process", "executor: docker").replace("type: process, cmd", "type: docker, image: a, cmd")
    path = home.write_job("two.yaml", hostile.replace("image: a", 'image: "a/b"'))
    xml.fromstring(home.cli("ensemble", "graph", "--format", "svg", path).out)


def test_diff(home):
    before = home.write_job("before.yaml", TWO)
    after = home.write_job("after.yaml", TWO.replace("PASSWORD: hunter2", "PASSWORD: other").replace("32MiB", "64MiB", 1)
                           .replace("[db, web]", "[db]").replace("[far]", "[far, new]").replace("web:\n", "new:\n")
                           .replace("ports: [{public: 8080, private: 80, allocation: web}]", "failure_recovery: restart")
                           .replace("depends_on: [db]", "dns_name: new").replace("rtt: 50", "rtt: 20"))
    same = home.cli("ensemble", "diff", "--exit-code", before, before)
    assert same.status == 0 and same.out == "They mean the same.\n"
    answer = home.cli("ensemble", "diff", "--exit-code", before, after, check=False)
    assert answer.status == 2
    lines = answer.out.splitlines()
    assert "- allocation web, from node one" in lines and "+ allocation new, on node two" in lines
    assert "~ allocation db: resources.ram.size: 33554432 → 67108864" in lines
    assert "~ allocation db: execution.params.environment.PASSWORD" in lines
    assert "~ edge one–two: rtt, bw: 50 ms, 0 bit/s → 20 ms, 0 bit/s" in lines
    assert any(line.startswith("~ node one: ports") for line in lines)
    assert "hunter2" not in answer.out and "other" not in answer.out
    moved = home.write_job("moved.yaml", TWO.replace("[far]", "[]").replace("[db, web]", "[db, web, far]")
                           .replace("  two: {allocations: [], redundancy: 1}\n", "")
                           .replace("edge_constraints: [{edges: [one, two], rtt: 50}]\n", ""))
    kinds = [(item["kind"], item["subject"], item["name"]) for item in
             home.cli("ensemble", "diff", "--json", before, moved).json]
    assert kinds == [("remove", "node", "two"), ("move", "allocation", "far"), ("remove", "edge", "one–two")]


def test_plan_starts_nothing(node):
    path = node.write_job("job.yaml", shell("echo planned"))
    plan = node.cli("ensemble", "plan", "--json", path).json
    assert plan["possible"] is True and plan["error"] == ""
    (one,) = plan["nodes"]
    assert one["name"] == "here" and one["peer"] == node.peer and one["allocations"] == ["main"]
    assert [offer["peer"] for offer in one["offers"]] == [node.peer]
    text = node.cli("ensemble", "plan", path).out
    assert "here" in text and node.peer in text
    assert node.cli("get", "deployments").json["deployments"] == []
    assert node.cli("get", "allocations").json["allocations"] in (None, [])
    nothing_left(node)
    # It can be deployed afterwards.
    node.wait_status(node.deploy(path), "Completed")


def test_plan_that_is_not_possible(node):
    path = node.write_job("large.yaml", shell("true", cores=4000))
    answer = node.cli("ensemble", "plan", path, check=False)
    assert answer.status == 2 and "no machine offered to run node “here”" in answer.err, answer
    # And why: the one machine there is has too few cores.
    (page,) = node.cli("ensemble", "plan", "--json", path, check=False).json["why"]["nodes"]
    assert page["node"] == "here" and [reason["count"] for reason in page["reasons"]] == [1], page
    assert "Node here" in answer.out and page["reasons"][0]["text"] in answer.out, answer
    assert node.cli("get", "deployments").json["deployments"] == []


def test_many_plans_at_a_time(node):
    path = node.write_job("job.yaml", shell("true"))
    for _ in range(20):
        assert node.cli("ensemble", "plan", "--json", path).json["possible"] is True
    nothing_left(node)


def test_diff_with_a_deployment(node):
    path = node.write_job("job.yaml", shell("sleep 600", kind="service"))
    ensemble = node.deploy(path)
    node.wait_status(ensemble, "Running")
    assert node.cli("ensemble", "diff", "--deployment", ensemble, path).out == "They mean the same.\n"
    changed = node.write_job("new.yaml", shell("sleep 600", kind="service", ram="128MiB"))
    line = "~ allocation main: resources.ram.size: 67108864 → 134217728\n"
    assert node.cli("ensemble", "diff", "--deployment", ensemble, changed).out == line
    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble)["OK"] is True
    node.wait_status(ensemble, "Completed")
    # Also of what is over.
    assert node.cli("ensemble", "diff", "--deployment", ensemble, changed).out == line
    unknown = node.cli("ensemble", "diff", "--deployment", "0" * 64, path, check=False)
    assert unknown.status == 1 and "not found" in unknown.err
    assert json.dumps(node.actor("/dms/node/deployment/ensemble", "-i", ensemble))
