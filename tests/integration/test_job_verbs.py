# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""`nunet job`, as jobs use it: in their sandbox, against the real daemon, also while that is away."""

import json
import os
import textwrap

import pytest

from job_client import add_children
from node import BUILD, NUNET, SOURCE, Node, wind_down
from test_jobs import nothing_left

INSIDE = "/opt/dms"

PARENT = """version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 128MiB}}, disk: {{size: 32MiB}}}}
    children:
      max_deployments: {number}
      resources: {{cpu: {{cores: {cores}}}, ram: {{size: 512MiB}}, disk: {{size: 256MiB}}}}
      lifetime: 10m
    volumes:
      - {{type: local, src: {build}, mount_destination: {inside}, read_only: true}}
      - {{type: local, src: {shared}, mount_destination: /shared}}
    execution:
      type: process
      environment: {{PATH: "{inside}/core/cli:/usr/bin:/bin"}}
      cmd: [/bin/sh, -c, {script}]
nodes:
  here: {{allocations: [main]}}
"""

# child KEY SCRIPT [FLAG...]: deploys a script as a child; its cores are $CORES.
HEAD = r"""
child () {
    key=$1 script=$2
    shift 2
    nunet job deploy "$@" "$key" - <<END
version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {cpu: {cores: ${CORES:-0.1}}, ram: {size: 32MiB}, disk: {size: 16MiB}}
    execution: {type: process, cmd: [/bin/sh, -c, '$script']}
nodes:
  there: {allocations: [main]}
END
}
tell () { echo "$1 $?"; }
"""


def deploy(node, script, *, number=10, cores=0.2):
    shared = node.root / "shared"
    shared.mkdir(exist_ok=True)
    shared.chmod(0o777)
    # What looks like a placeholder is the shell's.
    whole = (HEAD + textwrap.dedent(script)).replace("${", "$${")
    text = PARENT.format(number=number, cores=cores, build=BUILD, inside=INSIDE, shared=shared, script=json.dumps(whole))
    return node.deploy(node.write_job("parent.yaml", text))


@pytest.fixture
def willing(tmp_path):
    node = Node(tmp_path / "node", config={"job": {"allow_children": True}}).set_up().start()
    node.onboard()
    yield node
    wind_down(node)


def test_deploys_waits_and_reads(willing):
    ensemble = deploy(willing, r"""
        child one "echo 1; echo e >&2"; tell deployed
        child one "echo never"; tell again
        child two "exit 3" >/shared/two
        nunet job wait one; tell waited
        nunet job output one there.main; tell read
        nunet job output --stderr one there.main; tell read
        nunet job wait >/shared/all; tell all
        nunet job status one; tell status
        nunet job status two 2>/shared/why; tell status
        nunet job output two there.main; tell output
        nunet job list --json >/shared/list.json
        nunet job manifest one >/shared/manifest.json; tell manifest
        child three "echo 3" --wait --json >/shared/three.json; tell three
    """)
    willing.wait_status(ensemble, "Completed", timeout=120)
    out, err = willing.logs_of(ensemble, "here.main")
    lines = out.splitlines()
    shared = willing.root / "shared"
    children = {item["key"]: item for item in json.loads((shared / "list.json").read_text())["children"]}
    one = children["one"]
    assert err == ""
    assert lines[:4] == [one["id"], "deployed 0", one["id"], "again 0"], lines
    assert lines[4].split() == ["KEY", "STATUS", "DEPLOYMENT", "ERROR"]
    assert lines[5].split()[:3] == ["one", "Completed", one["id"]]
    assert lines[6:] == ["waited 0", "1", "read 0", "e", "read 0", "all 2", "Completed", "status 0", "Failed", "status 0",
                         "output 2", "manifest 0", "three 0"], lines
    assert children["two"]["status"] == "Failed" and children["two"]["over"] and "3" in (shared / "why").read_text()
    assert "two" in (shared / "all").read_text()
    manifest = json.loads((shared / "manifest.json").read_text())
    assert manifest["nodes"] == {"there": {"peer": willing.peer, "allocations": ["there.main"]}}
    assert manifest["allocations"][f"{one['id']}_there.main"]["type"] == "task"
    assert json.loads((shared / "three.json").read_text())["children"][0]["status"] == "Completed"
    assert willing.actor("/dms/node/deployment/list")["total"] == 4
    nothing_left(willing)


def test_lists_a_thousand(willing):
    ensemble = deploy(willing, r"""
        child first true >/dev/null
        nunet job wait >/dev/null
        touch /shared/ready
        until test -e /shared/go; do sleep 0.2; done
        nunet job list >/shared/table; tell table
        nunet job list --json >/shared/list.json; tell json
        nunet job wait first KEY >/shared/wait; tell wait
    """.replace("KEY", "k0998".ljust(64, "x")), number=1000)
    shared = willing.root / "shared"
    willing.wait_for((shared / "ready").exists, 120)
    add_children(willing, 999, "it “failed”\n" * 40)
    (shared / "go").touch()
    willing.wait_status(ensemble, "Completed", timeout=120)
    assert willing.logs_of(ensemble, "here.main")[0].splitlines() == ["table 0", "json 0", "wait 0"]
    keys = [item["key"] for item in json.loads((shared / "list.json").read_text())["children"]]
    assert len(keys) == 1000 and keys[0] == "first" and keys[-1].startswith("k0998")
    assert len((shared / "table").read_text().splitlines()) == 1001


def test_stops_and_runs_out_of_time(willing):
    ensemble = deploy(willing, r"""
        child long "sleep 600" >/dev/null
        until test "$(nunet job status long)" = Running; do sleep 0.2; done
        nunet job wait --timeout 1s long >/dev/null; tell wait
        nunet job output long there.main 2>/shared/early; tell output
        nunet job output --wait --timeout 1s long there.main 2>/shared/late; tell output
        nunet job stop long; tell stop
        nunet job wait long >/dev/null; tell wait
    """)
    willing.wait_status(ensemble, "Completed", timeout=120)
    assert willing.logs_of(ensemble, "here.main")[0].splitlines() == ["wait 3", "output 1", "output 1", "stop 0", "wait 0"]
    assert "--wait" in (willing.root / "shared" / "early").read_text()
    assert "not over" in (willing.root / "shared" / "late").read_text()
    nothing_left(willing)


def test_tells_what_is_wrong(willing):
    """Nothing that is refused for good is asked for again, and room that is there later is waited for."""
    ensemble = deploy(willing, r"""
        CORES=5 child big true; tell big
        child ../x true; tell key
        echo "version: [" | nunet job deploy yaml -; tell yaml
        head -c 300000 /dev/zero | tr "\0" x >/tmp/large
        nunet job deploy large /tmp/large; tell large
        nunet job deploy large - </tmp/large; tell large
        nunet job deploy none /nonexistent; tell none
        nunet job status nobody; tell nobody
        nunet job wait nobody; tell nobody
        nunet job stop nobody; tell nobody
        nunet job manifest nobody; tell nobody
        nunet job output nobody there.main; tell nobody
        CORES=0.2 child first "sleep 600" >/dev/null
        CORES=0.2 child second "echo second" --patience 0s; tell second
        nunet job stop first
        CORES=0.2 child second "echo second" >/dev/null 2>&1; tell second
        nunet job output --wait second there.main
        nunet job output second ../../x; tell path
        nunet job output second there.other; tell other
        nunet job output second main; tell other
        nunet job stats second; tell word
        nunet job output second; tell words
        DMS_JOB_SOCKET= nunet job list; tell nowhere
        nunet job list --socket /etc/passwd --patience 0s; tell file
        nunet job list --socket "$(head -c 300 /tmp/large)"; tell long
    """)
    willing.wait_status(ensemble, "Completed", timeout=120)
    out, err = willing.logs_of(ensemble, "here.main")
    assert out.split("\n") == ["big 1", "key 1", "yaml 1", "large 1", "large 1", "none 1"] + ["nobody 1"] * 5 + [
        "second 1", "second 0", "second", "path 1", "other 1", "other 1", "word 1", "words 1", "nowhere 1", "file 1", "long 1", ""]
    wanted = ["cores", "letters", "YAML", "262144 are expected", "more than", "/nonexistent", "no child", "no child “nobody”",
              "nobody", "no child", "no child", "ask again", "<node>.<allocation>", "no such allocation", "no such allocation",
              "unknown command", "accepts 2", "DMS_JOB_SOCKET", "/etc/passwd",
              "too long"]
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == len(wanted), err
    for word, line in zip(wanted, lines):
        assert word in line, (word, line)
    nothing_left(willing)


def test_waits_for_a_daemon_that_is_away(willing):
    """The daemon is killed; a job that asks meanwhile says so, waits, and is answered when it is back."""
    shared = willing.root / "shared"
    ensemble = deploy(willing, r"""
        touch /shared/begun
        until test -e /shared/go; do sleep 0.1; done
        nunet job list --patience 0s; tell impatient
        child late "echo late" >/dev/null 2>/shared/patient; tell deployed
        nunet job output --wait late there.main
    """)
    willing.wait_for((shared / "begun").exists, 60, "the job does not start")
    willing.kill()
    (shared / "go").touch()
    willing.wait_for(lambda: "asking again" in ((shared / "patient").read_text() if (shared / "patient").exists() else ""),
                     30, "the job does not say that it waits")
    willing.start()
    willing.wait_status(ensemble, "Completed", timeout=120)
    assert willing.logs_of(ensemble, "here.main")[0].splitlines() == ["impatient 1", "deployed 0", "late"]
    assert (shared / "patient").read_text().count("\n") == 1
    nothing_left(willing)


def test_example(willing):
    text = (SOURCE / "data" / "examples" / "recursive-shell.yaml").read_text()
    # The program under test instead of that of the machine.
    text = text.replace("    execution:\n      type: process\n      cmd:\n", f"""    volumes: [{{type: local, src: {BUILD}, mount_destination: {INSIDE}, read_only: true}}]
    execution:
      type: process
      environment: {{PATH: "{INSIDE}/core/cli:/usr/bin:/bin"}}
      cmd:
""", 1)
    ensemble = willing.deploy(willing.write_job("example.yaml", text))
    willing.wait_status(ensemble, "Completed", timeout=180)
    assert willing.logs_of(ensemble, "node1.main")[0].split() == [str(i * i) for i in range(10)]
    nothing_left(willing)


def test_outside_of_a_job(tmp_path):
    node = Node(tmp_path / "node")
    result = node.cli("job", "list", check=False, env={"DMS_JOB_SOCKET": ""})
    assert result.status == 1 and "nunet deploy" in result.err
    for verb in ("deploy", "list", "status", "wait", "output", "stop", "manifest"):
        text = node.cli("job", verb, "--help").out
        assert "Examples:" in text and "--patience" in text
    assert os.access(NUNET, os.X_OK)
