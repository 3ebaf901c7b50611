# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Container jobs through the whole pipeline, on Docker and on Podman, both started by the test."""

import json
import os
import random
import sys
import tempfile
import time

import pytest

from node import SOURCE, Node, wind_down
from test_jobs import nothing_left

sys.path.insert(0, str(SOURCE / "tests" / "fixtures"))

import engines  # noqa: E402

# The image that data/examples/hello-docker.yaml names.
IMAGE = "localhost/dms-hello:latest"
# Containers take longer than sandboxed processes: fewer points here than there, unless asked for more.
POINTS = int(os.environ.get("DMS_CRASH_POINTS", "12"))


@pytest.fixture(scope="module", params=["docker", "podman"])
def engine(request):
    start = engines.dockerd if request.param == "docker" else engines.podman_service
    # Podman wants short paths, and the test runner's are long.
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
        node.start().onboard()
        yield node
    finally:
        wind_down(node)


def containers(engine):
    status, body = engines.api(engine.socket, "GET", "/containers/json?all=1")
    assert status == 200
    return json.loads(body)


def container_job(script, *, kind="task", cores=0.5, ram="64MiB", extra="", top=""):
    return f"""version: "V1"
{top}
allocations:
  main:
    executor: docker
    type: {kind}
    resources: {{cpu: {{cores: {cores}}}, ram: {{size: {ram}}}, disk: {{size: 64MiB}}}}
    execution:
      type: docker
      image: "{IMAGE}"
      cmd: ["sh", "-c", {script!r}]
{extra}
nodes:
  here:
    allocations: [main]
"""


def test_hello(node, engine):
    ensemble = node.deploy(SOURCE / "data" / "examples" / "hello-docker.yaml")
    node.wait_status(ensemble, "Completed")
    (key,) = node.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]["allocations"]
    assert "Hello" in node.logs_of(ensemble, key)[0]
    nothing_left(node)
    node.wait_for(lambda: not containers(engine), 20, "a container is left")


def test_exit_code_and_streams(node):
    ensemble = node.deploy(node.write_job("j.yaml", container_job("echo out; echo err >&2; exit 4")))
    status = node.wait_status(ensemble, "Failed")
    assert "4" in status["error"]
    assert node.logs_of(ensemble, "here.main") == ("out\n", "err\n")
    nothing_left(node)


def test_scripts_run_before_the_job(node):
    text = container_job("cat /steps", top='scripts:\n  one: "echo one >> /steps"\n  two: "echo two >> /steps"\n',
                         extra="    provision: [two, one]\n")
    ensemble = node.deploy(node.write_job("j.yaml", text))
    node.wait_status(ensemble, "Completed")
    assert node.logs_of(ensemble, "here.main")[0].endswith("two\none\n")


def test_memory_limit(node):
    ensemble = node.deploy(node.write_job("j.yaml", container_job("x=a; while :; do x=$x$x; done", ram="32MiB")))
    status = node.wait_status(ensemble, "Failed")
    assert "memory" in status["error"] and "32" in status["error"], status
    nothing_left(node)


def test_pids_limit(node):
    script = "i=0; while [ $i -lt 3000 ]; do sleep 30 & i=$((i+1)); done; echo $i; kill $(jobs -p)"
    ensemble = node.deploy(node.write_job("j.yaml", container_job(script, ram="128MiB")))
    status = node.wait_status(ensemble, "Failed", "Completed", timeout=90)
    out, err = node.logs_of(ensemble, "here.main")
    assert status["status"] == "Failed" or "fork" in err, (status, out, err)
    nothing_left(node)


def test_cpu_limit(node):
    """A busy loop for two seconds on a fifth of a core gets about a fifth of the time."""
    script = "end=$(($(date +%s)+3)); while [ $(date +%s) -lt $end ]; do :; done; cat /proc/self/stat; times"
    ensemble = node.deploy(node.write_job("j.yaml", container_job(script, cores=0.2)))
    node.wait_status(ensemble, "Completed", timeout=60)
    lines = node.logs_of(ensemble, "here.main")[0].splitlines()
    used = sum(int(part.split("m")[0]) * 60 + float(part.split("m")[1].rstrip("s"))
               for line in lines[-2:] for part in line.split())
    assert used < 3 * 0.2 * 2.5, lines


def test_container_outlives_the_daemon(node, engine):
    script = "i=0; while [ $i -lt 25 ]; do echo line $i; i=$((i+1)); sleep 0.2; done; exit 6"
    ensemble = node.deploy(node.write_job("j.yaml", container_job(script)))
    node.wait_status(ensemble, "Running")
    (before,) = [item["Id"] for item in containers(engine)]
    node.kill()
    time.sleep(0.5)
    node.start()
    (after,) = [item["Id"] for item in containers(engine)]
    assert after == before
    status = node.wait_status(ensemble, "Failed")
    assert "6" in status["error"]
    assert node.logs_of(ensemble, "here.main")[0] == "".join(f"line {i}\n" for i in range(25))
    nothing_left(node)
    node.wait_for(lambda: not containers(engine), 20, "a container is left")


def test_health_check_and_service(node):
    check = """    healthcheck: {type: command, exec: ["echo", "PONG"], response: {type: string, value: PONG}, interval: 1s}
"""
    ensemble = node.deploy(node.write_job("j.yaml", container_job("sleep 600", kind="service", extra=check)))
    node.wait_status(ensemble, "Running")
    info = node.actor("/dms/node/deployment/info", "-i", ensemble, "--usage", "-t", "60s")
    assert info["status"] == "Running" and not info.get("error")
    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble)["OK"] is True
    node.wait_status(ensemble, "Completed")
    nothing_left(node)


def test_service_that_dies_is_noticed(node):
    ensemble = node.deploy(node.write_job("j.yaml", container_job("sleep 1; exit 9", kind="service")))
    node.wait_status(ensemble, "Running", "Failed")
    status = node.wait_status(ensemble, "Failed")
    assert "9" in status["error"]
    nothing_left(node)


def test_missing_image(node):
    text = container_job("true").replace(IMAGE, "localhost/no-such-image:1")
    ensemble = node.deploy(node.write_job("j.yaml", text))
    status = node.wait_status(ensemble, "Failed", timeout=120)
    assert "no-such-image" in status["error"]
    nothing_left(node)


def test_killed_at_random_points(node, engine):
    """The daemon dies at random moments of container deployments: each ends as it should, nothing is left."""
    seed = int(os.environ.get("DMS_CRASH_SEED", time.time_ns() & 0xFFFFFFFF))
    chance = random.Random(seed)
    ensembles = []
    print("DMS_CRASH_SEED =", seed)
    for point in range(POINTS):
        ensembles.append(node.deploy(node.write_job(f"{point}.yaml", container_job(f"echo {point}; sleep 0.3"))))
        time.sleep(chance.uniform(0, 1.5))
        node.kill()
        node.start()

    for point, ensemble in enumerate(ensembles):
        node.wait_status(ensemble, "Completed", timeout=90)
        assert node.logs_of(ensemble, "here.main")[0] == f"{point}\n"
    nothing_left(node)
    node.wait_for(lambda: not containers(engine), 30, "a container is left")


def test_container_that_comes_late_is_removed(node, engine):
    """An engine may finish the order of a killed daemon only after the next one has looked for leftovers."""
    ensemble = node.deploy(node.write_job("j.yaml", container_job("sleep 300", kind="service")))
    node.wait_status(ensemble, "Running")
    (running,) = containers(engine)
    late = {name: value.replace(ensemble, "0" * len(ensemble)) for name, value in running["Labels"].items()}
    assert late != running["Labels"]
    (handle,) = [value for value in late.values() if value.startswith("docker:")]
    limits = [{"Name": name, "Soft": 1024, "Hard": 1024} for name in ("nofile", "nproc")]
    status, body = engines.api(engine.socket, "POST", f"/containers/create?name={handle.split(':')[1]}",
                               {"Image": IMAGE, "Cmd": ["true"], "Labels": late,
                                "HostConfig": {"Ulimits": limits}})
    assert status == 201, body
    node.wait_for(lambda: len(containers(engine)) == 1, 30, "the late container is left")
    # What is somebody's stays.
    assert containers(engine)[0]["Id"] == running["Id"]
    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble)["OK"] is True
    node.wait_status(ensemble, "Completed")
    nothing_left(node)
