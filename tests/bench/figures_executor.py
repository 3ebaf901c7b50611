# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Launching jobs: the process executor against bubblewrap, containers against podman, throughput against Slurm."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import time

import slurm
from field_client import FieldClient, Identity
from figures_daemon import Unmeasurable
from node import BUILD, Node
from report import Figure, median, milliseconds

JOBS = 200


def process_launch(directory):
    program = BUILD / "tests" / "bench" / "bench-process-launch"
    if not program.exists() or not shutil.which("bwrap"):
        raise Unmeasurable("needs bubblewrap and the built bench-process-launch")
    output = subprocess.run([str(program), str(directory)], capture_output=True, text=True, timeout=300, check=True,
                            env={**os.environ, "DMS_EXEC_SHIM": str(BUILD / "core/exec-shim/dms-exec-shim"),
                                 "DMS_PLUGIN_PATH": str(BUILD / "plugins")}).stdout
    runs = json.loads(output)["runs"]
    bare = milliseconds(lambda: subprocess.run(["bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent",
                                                "true"], check=True), 50)
    return [Figure("executor.process.launch", median(runs), "ms", f"bare bwrap: {median(bare):.1f} ms",
                   3 * median(bare), runs=runs)]


def docker_launch(directory):
    try:
        import engines
    except ImportError as error:
        raise Unmeasurable(str(error)) from error
    if not shutil.which("podman"):
        raise Unmeasurable("podman is not installed")
    return engines_launch(engines, directory)


def engines_launch(engines, directory):
    job = """version: "V1"
allocations:
  main:
    executor: docker
    type: service
    resources: {cpu: {cores: 0.2}, ram: {size: 64MiB}, disk: {size: 64MiB}}
    execution: {type: docker, image: "%s", cmd: ["sleep", "60"]}
nodes:
  here: {allocations: [main]}
"""
    with engines.podman_service(directory / "podman") as engine:
        image = "localhost/bench:latest"
        engines.import_busybox(engine.socket, image)
        node = Node(directory / "node", env={"DMS_DOCKER_SOCKET": engine.socket}).set_up().start()
        node.onboard()
        client = owner(node)
        path = node.write_job("job.yaml", job % image)
        runs, rival = [], []
        for _ in range(8):
            begin = time.perf_counter()
            ensemble = node.deploy(path)
            while client.invoke("/dms/node/deployment/status", {"id": ensemble})["status"] != "Running":
                time.sleep(0.002)
            runs.append((time.perf_counter() - begin) * 1000)
            node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
            rival += milliseconds(lambda: podman_run(engine, image), 1)
        node.stop()
    return [Figure("executor.docker.launch", median(runs), "ms", f"podman run: {median(rival):.0f} ms",
                   1.3 * median(rival), runs=runs)]


def podman_run(engine, image):
    """`podman run` of the same engine's storage and runtime, with the flags this kind of machine may need."""
    root = os.path.dirname(engine.socket)
    subprocess.run(["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--root", f"{root}/storage",
                    "--runroot", f"{root}/run", "--tmpdir", f"{root}/tmp", "--storage-driver", "vfs", "run", "--rm",
                    "--network", "none", "--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1024:1024", image,
                    "true"], check=True, capture_output=True,
                   env={**os.environ, "CONTAINERS_CONF": f"{root}/containers.conf", "HOME": root, "TMPDIR": root})


def owner(node):
    identity = Identity()
    node.cli("cap", "anchor", "-c", node.name, "--root", identity.did)
    return FieldClient(node.url, identity)


ENSEMBLE = {"v1": {
    "allocations": {"main": {
        "executor": "process", "type": "task", "dns_name": "main",
        "resources": {"cpu": {"cores": 0.01}, "ram": {"size": 16 << 20}, "disk": {"size": 16 << 20}},
        "execution": {"type": "process", "params": {"cmd": ["true"]}}}},
    "nodes": {"here": {"allocations": ["main"]}},
}}


def throughput(directory):
    node = Node(directory / "node", config={"observability": {"logging": {"level": "WARN"}}}).set_up().start()
    node.onboard()
    client = owner(node)

    def submit(_):
        reply = client.invoke("/dms/node/deployment/new", {"Ensemble": ENSEMBLE}, timeout=120)
        assert reply["Status"] == "OK", reply

    def done():
        query = {"status": [7], "limit": 1}
        return client.invoke("/dms/node/deployment/list", query)["total"]

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(JOBS)))
    while done() < JOBS:
        if time.perf_counter() - begin > 300:
            raise AssertionError(f"only {done()} of {JOBS} jobs completed")
        time.sleep(0.02)
    rate = JOBS / (time.perf_counter() - begin)
    node.stop()

    rival = slurm.throughput(directory / "slurm", JOBS)
    if rival is None:
        return [Figure("executor.throughput", rate, "jobs/s", "twice Slurm's best seen on two cores (40 jobs/s); "
                       "Slurm is not installed", 80, more_is_better=True, runs=[rate])]
    return [Figure("executor.throughput", rate, "jobs/s", f"Slurm beside it: {rival:.1f} jobs/s", 2 * rival,
                   more_is_better=True, runs=[rate])]


MEASURES = [
    (("executor.process.launch",), process_launch),
    (("executor.docker.launch",), docker_launch),
    (("executor.throughput",), throughput),
]
