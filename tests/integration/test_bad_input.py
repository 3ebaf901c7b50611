# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a person sees when something is wrong: what, where, and what to do."""

import os
import socket
import subprocess

import pytest

from node import NUNET, Node, memory_bytes
from test_jobs import shell

GOOD = shell("true")
RAM = f"{memory_bytes() // 5 // (1 << 20)}MiB"


def deploy_error(node, text):
    path = node.write_job("job.yaml", text)
    result = node.cli("-c", "user", "actor", "cmd", "/dms/node/deployment/new", "-t", "60s", "-f", path, check=False)
    if result.status == 0:
        assert result.json["Status"] == "ERROR", result
        return result.json["Error"]
    assert result.status == 1 and result.err.startswith("Error: "), result
    return result.err


@pytest.mark.parametrize("old, new, parts", [
    ("type: task", "typo: task", ["job.yaml:", "allocations.main.typo", "unknown key"]),
    ("size: 64MiB", "size: 64Parsecs", ["job.yaml:", "allocations.main.resources", "Parsecs"]),
    ("cores: 0.5", "cores: many", ["job.yaml:", "allocations.main.resources.cpu.cores", "many"]),
    ("type: task", "type: sometimes", ["job.yaml:", "allocations.main.type", "task", "service"]),
    ("type: task", "type: task\n    depends_on: [main]", ["job.yaml:", "depends_on"]),
    ("type: task", "type: task\n    depends_on: [nobody]", ["job.yaml:", "depends_on", "nobody"]),
    ("type: task", "type: task\n    provision: [missing]", ["job.yaml:", "provision", "missing"]),
    ("nodes:", "nodes:\n  there: {allocations: [main]}", ["job.yaml:", "main", "there"]),
    ("allocations: [main]", "allocations: [other]", ["job.yaml:", "nodes.here.allocations", "other"]),
    ('version: "V1"', 'version: "V9"', ["job.yaml:", "version", "V1"]),
    ("nodes:", "  main: {}\nnodes:", ["job.yaml:", "main"]),
    ("cmd:", "cmd: [", ["job.yaml:"]),
])
def test_job_file_errors(shared, old, new, parts):
    assert old in GOOD
    text = deploy_error(shared, GOOD.replace(old, new, 1))
    for part in parts:
        assert part in text, text


def test_cycle_in_depends_on(shared):
    text = """version: "V1"
allocations:
""" + "".join(f"""  {name}:
    executor: process
    type: task
    depends_on: [{other}]
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 32MiB}}, disk: {{size: 32MiB}}}}
    execution: {{type: process, cmd: ["true"]}}
""" for name, other in (("a", "b"), ("b", "a"))) + "nodes:\n  here: {allocations: [a, b]}\n"
    message = deploy_error(shared, text)
    assert "cyclic dependencies detected in allocations" in message and "job.yaml:" in message


def test_missing_job_file(shared):
    result = shared.cli("-c", "user", "deploy", "-f", "nowhere.yaml", check=False)
    assert result.status == 1 and "nowhere.yaml" in result.err


def test_missing_executor_says_what_to_do(shared):
    text = GOOD.replace("executor: process", "executor: docker").replace(
        "type: process\n", 'type: docker\n      image: "busybox"\n')
    reply = shared.deploy(shared.write_job("docker.yaml", text))
    probe = shared.cli("plugin", "info", "executor-docker", check=False)
    assert "docker" in (probe.out + probe.err).lower()
    shared.actor("/dms/node/deployment/shutdown", "-i", reply)


def test_deployment_needs_time(shared):
    path = shared.write_job("job.yaml", GOOD)
    reply = shared.actor("/dms/node/deployment/new", "-t", "30s", "-f", path)
    assert reply["Status"] == "ERROR" and "requested deployment time too short" in reply["Error"]


def test_unknown_deployment(shared):
    for behaviour in ("status", "manifest", "info", "shutdown"):
        reply = shared.actor(f"/dms/node/deployment/{behaviour}", "-i", "0" * 64)
        assert "not found" in (reply.get("error") or reply.get("Error")), reply


@pytest.mark.parametrize("flags, part", [
    (["--cpu", "100000", "--ram", RAM, "--disk", "2GiB"], "cores"),
    (["--cpu", "0.1", "--ram", RAM, "--disk", "2GiB"], "cores"),
    (["--cpu", "1", "--ram", "1MiB", "--disk", "2GiB"], "RAM"),
    (["--cpu", "1", "--ram", "100000GiB", "--disk", "2GiB"], "RAM"),
    (["--cpu", "1", "--ram", RAM, "--disk", "1000000GiB"], "disk"),
])
def test_onboarding_out_of_range(fresh, flags, part):
    fresh.start()
    reply = fresh.actor("/dms/node/onboarding/onboard", *flags, "--no-gpu")
    assert reply["success"] is False
    assert part in reply["error"], reply


def test_wrong_passphrase(fresh):
    result = fresh.cli("key", "did", "dms", env={"DMS_PASSPHRASE": "wrong"}, check=False)
    assert result.status == 1 and "decryption failed" in result.err
    result = fresh.cli("run", env={"DMS_PASSPHRASE": "wrong"}, check=False)
    assert result.status == 1 and "decryption failed" in result.err


def test_damaged_key_file(fresh):
    path = fresh.user_dir / "key" / "dms.json"
    path.write_text(path.read_text()[:100])
    result = fresh.cli("run", check=False)
    assert result.status == 1 and str(path) in result.err


def test_damaged_capability_file(fresh):
    path = fresh.user_dir / "cap" / "dms.cap"
    path.write_text('{"did":')
    result = fresh.cli("run", check=False)
    assert result.status == 1 and str(path) in result.err + result.out


def test_damaged_database(fresh):
    fresh.start()
    fresh.onboard()
    fresh.stop()
    path = fresh.data_dir / "dms.db"
    for extra in fresh.data_dir.glob("dms.db-*"):
        extra.unlink()
    data = bytearray(path.read_bytes())
    data[0:4096] = os.urandom(4096)
    path.write_bytes(data)
    result = fresh.cli("run", check=False)
    assert result.status == 1 and str(path) in result.err and "damaged" in result.err
    assert path.read_bytes() == data


def test_missing_identities(tmp_path):
    node = Node(tmp_path / "bare")
    result = node.cli("run", check=False)
    assert result.status == 1 and "cap new dms" in result.err


def test_port_taken(fresh):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", fresh.port))
        holder.listen()
        result = fresh.cli("run", check=False)
    assert result.status == 1 and str(fresh.port) in result.err


def test_two_daemons_on_one_directory(fresh, tmp_path):
    fresh.start()
    result = fresh.cli("--rest-port", "0", "run", check=False)
    assert result.status == 1 and str(fresh.data_dir) in result.err


def test_unknown_configuration_key(fresh):
    fresh.config_file.write_text('{"rest": {"porte": 1}}')
    result = fresh.cli("run", check=False)
    assert result.status == 1 and "rest.porte" in result.err


def test_daemon_not_running(fresh):
    result = fresh.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", check=False)
    assert result.status == 1 and result.err.startswith("Error: cannot reach the daemon")
    assert "nunet run" in result.err


def test_exit_status_after_signal(fresh):
    fresh.start()
    assert fresh.stop() == 1


def test_disk_full(tmp_path):
    """The data directory lies on a file system that is full."""
    room = tmp_path / "small"
    room.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(room)], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    node = None
    try:
        node = Node(tmp_path / "node", config={"general": {
            "user_dir": str(tmp_path / "node" / "user"), "work_dir": str(tmp_path / "node" / "work"),
            "data_dir": str(room)}}).set_up().start()
        node.onboard(disk="200MiB")
        with open(room / "filler", "wb") as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
                    filler.flush()
            except OSError:
                pass
        reply = node.actor("/dms/node/deployment/new", "-t", "60s", "-f",
                           node.write_job("job.yaml", GOOD + "\n# " + "x" * 200000))
        assert reply["Status"] == "ERROR" and "full" in reply["Error"], reply
        (room / "filler").unlink()
        ensemble = node.deploy(node.write_job("job.yaml", GOOD))
        node.wait_status(ensemble, "Completed")
    finally:
        if node is not None:
            node.stop()
        subprocess.run(["umount", str(room)], check=True)


@pytest.mark.parametrize("words, message", [
    (["nonsense"], 'unknown command "nonsense" for "nunet"'),
    (["version", "--nope"], "unknown flag: --nope"),
    (["version", "-x"], "unknown shorthand flag: 'x' in -x"),
    (["key", "did"], "accepts 1 arg(s), received 0"),
    (["actor", "cmd", "/dms/node/deployment/status"], 'required flag(s) "id" not set'),
])
def test_command_line_errors(tmp_path, words, message):
    process = subprocess.run([str(NUNET), *words], capture_output=True, text=True, cwd=tmp_path, timeout=30,
                             env={"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})
    assert process.returncode == 1
    assert process.stderr == f"Error: {message}\n"
