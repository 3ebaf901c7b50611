# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Files of other orchestrators are imported, planned, deployed and run, on Docker and on Podman."""

import sys
import tempfile

import pytest

from node import SOURCE, Node, wind_down
from test_jobs import nothing_left

sys.path.insert(0, str(SOURCE / "tests" / "fixtures"))

import engines  # noqa: E402

DATA = SOURCE / "tests" / "data" / "import"
# The image that the samples name which can be run anywhere.
IMAGE = "localhost/dms-busybox:latest"


@pytest.fixture(scope="module", params=["docker", "podman"])
def engine(request):
    start = engines.dockerd if request.param == "docker" else engines.podman_service
    try:
        with tempfile.TemporaryDirectory(prefix="dms-") as scratch, start(scratch) as running:
            engines.import_busybox(running.socket, IMAGE)
            yield running
    except engines.EngineMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def node(engine, tmp_path):
    node = Node(tmp_path / "node", env={"DMS_DOCKER_SOCKET": str(engine.socket)}).set_up()
    try:
        node.start().onboard(disk="8GiB")
        yield node
    finally:
        wind_down(node)


def run_imported(node, source, expected_status, edit=lambda text: text):
    """Imports, plans and deploys; returns the ID once all of it has run."""
    path = node.root / "imported.yaml"
    answer = node.cli("ensemble", "import", source, "-o", path, check=False)
    assert answer.status == expected_status, answer
    path.write_text(edit(path.read_text()))
    plan = node.cli("ensemble", "plan", "--json", path).json
    assert plan["possible"] is True and all(item["peer"] == node.peer for item in plan["nodes"]), plan
    ensemble = node.deploy(path)
    node.wait_status(ensemble, "Completed", timeout=120)
    return ensemble


def test_compose(node):
    ensemble = run_imported(node, DATA / "compose" / "batch.yaml", 2)
    assert node.logs_of(ensemble, "main.generate")[0] == "generated\n"
    assert node.logs_of(ensemble, "main.sum")[0] == "Hello, the sum is 55\nImported from a Compose file.\n"
    nothing_left(node)


def test_kubernetes(node):
    ensemble = run_imported(node, DATA / "kubernetes" / "pod.yaml", 2)
    assert node.logs_of(ensemble, "hello.hello-prepare")[0] == "prepared\n"
    assert node.logs_of(ensemble, "hello.hello")[0] == "Hello from a ConfigMap\nHello from a ConfigMap"
    nothing_left(node)


def test_nomad(node):
    def without_the_gpu(text):
        """There is no GPU here: that group is left out, as a person would do."""
        head, rest = text.split("  gpu-infer:\n")
        return head + "nodes:\n  count:\n    allocations: [count]\n"

    ensemble = run_imported(node, DATA / "nomad" / "batch.hcl.json", 3, without_the_gpu)
    assert node.logs_of(ensemble, "count.count")[0] == "task hello of nightly: counting\nA note from a template\n"
    nothing_left(node)


def test_all_samples_can_be_planned(node, engine, request):
    """What this machine has not, such as a GPU or a place in Europe, is said; nothing is started for it."""
    if "podman" in request.node.name:
        pytest.skip("which engine it is makes no difference to a plan")
    samples = sorted(path for kind in ("compose", "kubernetes", "nomad") for path in (DATA / kind).rglob("*")
                     if path.suffix in (".yaml", ".json") and path.name not in ("gpu-base.yaml",))
    assert len(samples) == 10
    possible = set()
    for sample in samples:
        path = node.root / "planned.yaml"
        assert node.cli("ensemble", "import", sample, "-f", "-o", path, check=False).status in (2, 3)
        answer = node.cli("ensemble", "plan", "--json", path, check=False)
        plan = answer.json
        assert answer.status == (0 if plan["possible"] else 2) and plan["asked"].startswith("Asked: ")
        if plan["possible"]:
            possible.add(sample.name)
            assert all(item["peer"] == node.peer for item in plan["nodes"])
        else:
            assert "no machine offered to run node" in plan["error"]
    assert {"batch.yaml", "pod.yaml"} <= possible and "training.json" not in possible, possible
    assert node.cli("get", "deployments").json["deployments"] == []
    nothing_left(node)
