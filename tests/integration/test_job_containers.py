# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs in containers, on Docker and on Podman, that deploy children and hand on files."""

import json
import sys
import tempfile
import textwrap

import pytest

from node import BUILD, SOURCE, Node, wind_down
from test_jobs import nothing_left
from test_workflows import details

sys.path.insert(0, str(SOURCE / "tests" / "fixtures"))

import engines  # noqa: E402

IMAGE = "localhost/dms-jobs:latest"

# What the image has to bring of itself elsewhere: the program under test, and the libraries it was built with.
PROGRAM = f"""      - {{type: local, src: {BUILD}, mount_destination: /opt/dms, read_only: true}}
      - {{type: local, src: /usr/lib, mount_destination: /lib, read_only: true}}
      - {{type: local, src: /usr/lib, mount_destination: /usr/lib, read_only: true}}
      - {{type: local, src: /usr/lib64, mount_destination: /lib64, read_only: true}}
"""

PARENT = """version: "V1"
allocations:
  main:
    executor: docker
    type: task
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 128MiB}}, disk: {{size: 64MiB}}}}
    children:
      max_deployments: 5
      resources: {{cpu: {{cores: 0.5}}, ram: {{size: 256MiB}}, disk: {{size: 256MiB}}}}
      lifetime: 10m
    volumes:
{program}      - {{type: local, src: {shared}, mount_destination: /shared}}
    execution:
      type: docker
      image: {image}
      user: "1234"
      environment: {{LC_ALL: C.UTF-8}}
      cmd: [/bin/sh, -c, {script}]
nodes:
  here: {{allocations: [main]}}
"""

HEAD = r"""
nunet=/opt/dms/core/cli/nunet
child () {
    $nunet job deploy "$1" - <<END
version: "V1"
allocations:
  main:
    executor: docker
    type: task
    resources: {cpu: {cores: 0.1}, ram: {size: 32MiB}, disk: {size: 16MiB}}
    execution: {type: docker, image: "%s", cmd: [/bin/sh, -c, "$2"]}
nodes:
  there: {allocations: [main]}
END
}
""" % IMAGE


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
    node = Node(tmp_path / "node", config={"job": {"allow_children": True}},
                env={"DMS_DOCKER_SOCKET": str(engine.socket)}).set_up()
    try:
        node.start().onboard()
        yield node
    finally:
        wind_down(node)


def deploy(node, script):
    shared = node.root / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    whole = (HEAD + textwrap.dedent(script)).replace("${", "$${")
    return node.deploy(node.write_job("parent.yaml", PARENT.format(
        program=PROGRAM, shared=shared, image=IMAGE, script=json.dumps(whole))))


def test_deploys_and_gathers(node):
    """A container, as a user without rights, finds the socket and deploys other containers through it."""
    ensemble = deploy(node, r"""
        echo "$DMS_JOB_SOCKET $(id -u)"
        touch /dms/x 2>/dev/null && echo "writes into the socket's folder"
        for i in 1 2 3; do child c$i "echo $((i * i))" >/dev/null; done
        $nunet job wait >/dev/null; echo $?
        for i in 1 2 3; do $nunet job output c$i there.main; done
    """)
    node.wait_status(ensemble, "Completed", timeout=180)
    assert node.logs_of(ensemble, "here.main") == ("/dms/job.sock 1234\n0\n1\n4\n9\n", "")
    nothing_left(node)


def test_survives_the_death_of_its_daemon(node):
    shared = node.root / "shared"
    ensemble = deploy(node, r"""
        child first "echo first" >/dev/null
        touch /shared/begun
        until test -e /shared/go; do sleep 0.1; done
        child second "echo second" >/dev/null 2>/shared/patient
        $nunet job wait >/dev/null
        $nunet job output first there.main; $nunet job output second there.main
    """)
    node.wait_for((shared / "begun").exists, 90, "the job does not start")
    node.kill()
    (shared / "go").touch()
    node.wait_for(lambda: "asking again" in ((shared / "patient").read_text() if (shared / "patient").exists() else ""),
                  60, "the job does not say that it waits")
    node.start()
    node.wait_status(ensemble, "Completed", timeout=180)
    assert node.logs_of(ensemble, "here.main")[0] == "first\nsecond\n"
    nothing_left(node)


def test_hands_on_files(node):
    """Files of a container go to the next one; a link of one leads to nothing of the machine."""
    secret = node.root / "secret"
    secret.write_text("of the machine")
    task = """  {name}:
    executor: docker
    type: task
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 32MiB}}, disk: {{size: 32MiB}}}}
    workflow: {flow}
    execution: {{type: docker, image: "{image}", working_directory: /work, cmd: [/bin/sh, -c, {script}]}}
"""
    tasks = [
        ("make", "{outputs: {list: {file: out/list}, last: {file: log, take: last_line}}}",
         "mkdir out; seq 3 > out/list; seq 5 > log"),
        ("each", "{for_each: make.list, outputs: {o: {file: o}}}", "echo $DMS_ITEM$DMS_ITEM > o"),
        ("gather", "{inputs: {ALL: each.o, LAST: make.last}}", 'echo "$ALL $LAST"'),
        ("link", "{may_fail: true, outputs: {o: {file: o}}}", f"ln -s {secret} o"),
        ("folder", "{may_fail: true, outputs: {o: {file: o}}}", "mkdir o; echo x > o/x"),
    ]
    text = "".join(task.format(name=name, flow=flow, image=IMAGE, script=json.dumps(script))
                   for name, flow, script in tasks)
    names = ", ".join(name for name, _, _ in tasks)
    ensemble = node.deploy(node.write_job("flow.yaml", f'version: "V1"\nallocations:\n{text}nodes:\n  here: {{allocations: [{names}]}}\n'))
    node.wait_status(ensemble, "Completed", timeout=180)
    assert node.logs_of(ensemble, "here.gather")[0] == '["11","22","33"] 5\n'
    seen = details(node, ensemble)
    for name in ("link", "folder"):
        assert seen[name]["workflow"]["state"] == "failed", seen[name]
        assert "did not hand on" in seen[name]["workflow"]["reason"], seen[name]
    assert "of the machine" not in json.dumps(seen)
    nothing_left(node)
