# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs through the whole pipeline, with the process executor."""

import os
import time

import pytest

from node import SOURCE


def job(cmd, *, kind="task", name="main", cores=0.5, ram="64MiB", extra="", nodes="", top=""):
    lines = "".join(f"\n        - {part!r}" for part in cmd)
    return f"""version: "V1"
{top}
allocations:
  {name}:
    executor: process
    type: {kind}
    resources: {{cpu: {{cores: {cores}}}, ram: {{size: {ram}}}, disk: {{size: 64MiB}}}}
    execution:
      type: process
      cmd:{lines}
{extra}
nodes:
  here:
    allocations: [{name}]
{nodes}
"""


def shell(script, **kwargs):
    return job(["/bin/sh", "-c", script], **kwargs)


def nothing_left(node):
    """Resources are back, no allocation is listed, no process of a job lives."""
    def back():
        free, onboarded = node.resources("free"), node.resources("onboarded")
        return (free["cpu"]["cores"] == onboarded["cpu"]["cores"] and free["ram"] == onboarded["ram"]
                and free["disk"]["size"] == onboarded["disk"]["size"])

    node.wait_for(back, 20, "resources did not come back")
    node.wait_for(lambda: not node.resources("allocated")["cpu"]["cores"], 10, "something is still allocated")


def test_hello(node):
    ensemble = node.deploy(SOURCE / "data" / "examples" / "hello.yaml")
    node.wait_status(ensemble, "Completed")
    manifest = node.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]
    assert manifest["id"] == ensemble
    (key,) = manifest["allocations"]
    out, err = node.logs_of(ensemble, key)
    assert "Hello" in out
    listed = node.cli("get", "deployments").json["deployments"]
    assert [item["orchestrator_id"] for item in listed] == [ensemble]
    assert listed[0]["status"] == "Completed"
    nothing_left(node)


def test_streams_environment_and_exit_code(node):
    path = node.write_job("both.yaml", shell('echo "out $WORD"; echo err >&2; exit 3', extra="""
      environment: {WORD: "a b & <c>"}
"""))
    ensemble = node.deploy(path)
    status = node.wait_status(ensemble, "Failed")
    assert "3" in status["error"] and "here.main" in status["error"], status
    assert node.logs_of(ensemble, "here.main") == ("out a b & <c>\n", "err\n")
    nothing_left(node)


def test_resources_while_running(node):
    ensemble = node.deploy(node.write_job("s.yaml", shell("sleep 600", kind="service", cores=0.5)))
    node.wait_status(ensemble, "Running")
    allocated, free, onboarded = (node.resources(which) for which in ("allocated", "free", "onboarded"))
    assert allocated["cpu"]["cores"] == 0.5
    assert allocated["ram"]["size"] == 64 << 20
    assert free["cpu"]["cores"] + 0.5 == onboarded["cpu"]["cores"]
    assert free["ram"]["size"] + (64 << 20) == onboarded["ram"]["size"]
    items = node.cli("get", "allocations").json["allocations"]
    assert len(items) == 1 and items[0]["status"] == "running"

    refused = node.actor("/dms/node/onboarding/offboard")
    assert refused["success"] is False and refused["error"]

    assert node.actor("/dms/node/deployment/shutdown", "-i", ensemble)["OK"] is True
    node.wait_status(ensemble, "Completed")
    nothing_left(node)


def test_depends_on_starts_in_order(node):
    text = """version: "V1"
allocations:
  first:
    executor: process
    type: task
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["/bin/sh", "-c", "date +%s%N; sleep 1"]}
  second:
    executor: process
    type: task
    depends_on: [first]
    resources: {cpu: {cores: 0.2}, ram: {size: 32MiB}, disk: {size: 32MiB}}
    execution: {type: process, cmd: ["/bin/sh", "-c", "date +%s%N"]}
nodes:
  here: {allocations: [first, second]}
"""
    ensemble = node.deploy(node.write_job("deps.yaml", text))
    node.wait_status(ensemble, "Completed")
    first = int(node.logs_of(ensemble, "here.first")[0])
    second = int(node.logs_of(ensemble, "here.second")[0])
    assert first < second
    nothing_left(node)


def test_provision_scripts_run_in_order(node):
    text = shell('cat "$HOME/steps"', top="""scripts:
  one: "echo one >> $HOME/steps"
  two: "echo two >> $HOME/steps"
""", extra="    provision: [two, one]\n")
    ensemble = node.deploy(node.write_job("scripts.yaml", text))
    node.wait_status(ensemble, "Completed")
    assert node.logs_of(ensemble, "here.main")[0].endswith("two\none\n")


def test_failing_script_is_named(node):
    text = shell("echo never", top='scripts:\n  broken: "exit 7"\n', extra="    provision: [broken]\n")
    ensemble = node.deploy(node.write_job("broken.yaml", text))
    status = node.wait_status(ensemble, "Failed")
    assert "broken" in status["error"]
    assert "never" not in node.logs_of(ensemble, "here.main")[0]
    nothing_left(node)


def test_local_volume_keeps_data(node):
    directory = node.root / "shared-data"
    directory.mkdir()
    directory.chmod(0o777)
    volume = f"    volumes: [{{type: local, src: {directory}, mount_destination: /data}}]\n"
    ensemble = node.deploy(node.write_job("w.yaml", shell("echo kept > /data/file", extra=volume)))
    node.wait_status(ensemble, "Completed")
    assert (directory / "file").read_text() == "kept\n"
    ensemble = node.deploy(node.write_job("r.yaml", shell("cat /data/file", extra=volume)))
    node.wait_status(ensemble, "Completed")
    assert node.logs_of(ensemble, "here.main")[0] == "kept\n"


def test_missing_volume_directory_fails(node):
    volume = "    volumes: [{type: local, src: /no/such/dir, mount_destination: /data}]\n"
    ensemble = node.deploy(node.write_job("v.yaml", shell("true", extra=volume)))
    status = node.wait_status(ensemble, "Failed", timeout=90)
    assert "/no/such/dir" in status["error"]
    nothing_left(node)


def test_memory_limit_is_named(node):
    hungry = "x=a; while :; do x=$x$x; done"
    ensemble = node.deploy(node.write_job("oom.yaml", shell(hungry, ram="32MiB")))
    status = node.wait_status(ensemble, "Failed")
    assert "memory" in status["error"] and "32" in status["error"], status
    nothing_left(node)


def test_shutdown_before_running(node):
    """A deployment whose provisioning takes long is cancelled, and leaves nothing."""
    text = shell("echo never", top='scripts:\n  slow: "sleep 300"\n', extra="    provision: [slow]\n",
                 kind="service")
    ensemble = node.deploy(node.write_job("slow.yaml", text))
    reply = node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    assert reply["OK"] is True, reply
    node.wait_status(ensemble, "Completed", "Failed")
    nothing_left(node)


def test_too_much_is_never_placed(node):
    ensemble = node.deploy(node.write_job("big.yaml", shell("true", cores=64)))
    time.sleep(2)
    assert node.status(ensemble)["status"] in ("Preparing", "Generating", "Committing", "Failed")
    node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    node.wait_status(ensemble, "Completed", "Failed")
    nothing_left(node)


def test_command_health_check_and_information(node):
    check = """    healthcheck: {type: command, exec: ["/bin/echo", "PONG"],
                  response: {type: string, value: PONG}, interval: 1s}
"""
    ensemble = node.deploy(node.write_job("h.yaml", shell("sleep 600", kind="service", extra=check)))
    node.wait_status(ensemble, "Running")

    def healthy():
        info = node.status(ensemble).get("allocation_info") or {}
        return any(item.get("has_health_check") and item.get("health") for item in info.values())

    node.wait_for(healthy, 20, "no health is reported")
    info = node.actor("/dms/node/deployment/info", "-i", ensemble, "--usage", "--logs", "-t", "60s")
    assert info["status"] == "Running" and info["manifest"]["id"] == ensemble
    node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    node.wait_status(ensemble, "Completed")


def test_history_survives_restart_and_prune(node):
    done = node.deploy(node.write_job("ok.yaml", shell("echo ok")))
    node.wait_status(done, "Completed")
    alive = node.deploy(node.write_job("live.yaml", shell("sleep 600", kind="service")))
    node.wait_status(alive, "Running")
    node.stop()
    node.start()
    node.wait_status(alive, "Running")
    names = {item["orchestrator_id"]: item["status"] for item in node.cli("get", "deployments").json["deployments"]}
    assert names == {done: "Completed", alive: "Running"}
    assert node.actor("/dms/node/deployment/prune", "--all")["ok"] is True
    left = [item["orchestrator_id"] for item in node.cli("get", "deployments").json["deployments"]]
    assert left == [alive]
    node.actor("/dms/node/deployment/shutdown", "-i", alive)
    node.wait_status(alive, "Completed")
    nothing_left(node)


def test_list_filters_and_pages(node):
    ids = []
    for number in range(3):
        text = shell("true", top=f"metadata: {{number: '{number}'}}")
        ids.append(node.deploy(node.write_job(f"{number}.yaml", text)))
    for ensemble in ids:
        node.wait_status(ensemble, "Completed")
    page = node.actor("/dms/node/deployment/list", "--limit", "2", "--sort", "created_at")
    assert [item["orchestrator_id"] for item in page["deployments"]] == ids[:2]
    assert (page["total"], page["has_more"], page["next_offset"]) == (3, True, 2)
    page = node.actor("/dms/node/deployment/list", "--filter", "number=1")
    assert [item["orchestrator_id"] for item in page["deployments"]] == [ids[1]] and page["total"] == 1
    assert node.actor("/dms/node/deployment/list", "--status", "running")["total"] == 0
    assert node.actor("/dms/node/deployment/delete", "--id", ids[0])["ok"] is True
    assert node.actor("/dms/node/deployment/list")["total"] == 2


def test_jobs_see_nothing_of_the_host(node):
    script = "ls /root /home/*; cat /etc/shadow; ps ax 2>/dev/null | wc -l; touch /usr/x; kill -0 1000000; id -u"
    ensemble = node.deploy(node.write_job("iso.yaml", shell(script)))
    node.wait_status(ensemble, "Completed", "Failed")
    out, err = node.logs_of(ensemble, "here.main")
    assert "root:" not in out
    assert "ead-only" in err or "ermission denied" in err
    assert not os.path.exists("/usr/x")


@pytest.mark.parametrize("follow", [False, True])
def test_asynchronous_logs(node, follow):
    ensemble = node.deploy(node.write_job("logs.yaml", shell("i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done",
                                                             kind="service")))
    node.wait_status(ensemble, "Running")
    flags = ["--follow", "--follow-interval", "1"] if follow else []
    where = ["-i", ensemble, "-a", "here.main"]
    reply = node.actor("/dms/node/deployment/logs/async", *where, *flags)
    assert reply["Error"] == "" and reply["Follow"] is follow
    node.wait_for(lambda: node.actor("/dms/node/deployment/logs/async/status", *where)["BytesWritten"] > 0, 20)
    if follow:
        assert node.actor("/dms/node/deployment/logs/async/stop", *where)["Status"] == "stopped"
    assert node.logs_of(ensemble, "here.main")[0].startswith("0\n")
    node.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    node.wait_status(ensemble, "Completed")
