# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs that deploy ensembles themselves, through the socket in their allocation."""

import contextlib
import textwrap

import pytest

from job_client import ASK, add_children
from node import SOURCE, Node, wind_down
from test_jobs import nothing_left
from test_libp2p_nodes import PLUGIN, connect, quick
from test_world import DEPLOY, allow

ALLOW = {"job": {"allow_children": True}}

CLIENT = ASK + """
def child(script, cores=0.1, extra="", top="", node=""):
    return '''version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {cpu: {cores: %s}, ram: {size: 32MiB}, disk: {size: 16MiB}}
    execution: {type: process, cmd: [/bin/sh, -c, %s]}
%s
nodes:
  there: {allocations: [main]%s}
%s''' % (cores, json.dumps(script), extra, node, top)
"""


def parent(*, number=10, cores=0.2, lifetime="10m", more="", peer=""):
    return f"""version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {{cpu: {{cores: 0.1}}, ram: {{size: 64MiB}}, disk: {{size: 32MiB}}}}
    children:
      max_deployments: {number}
      resources: {{cpu: {{cores: {cores}}}, ram: {{size: 512MiB}}, disk: {{size: 256MiB}}}}
      lifetime: {lifetime}
{more}
    execution:
      type: process
      cmd: [/usr/bin/python3, -c, "${{file:job.py}}"]
nodes:
  here: {{allocations: [main]{peer}}}
"""


def deploy(node, script, **kwargs):
    (node.root / "job.py").write_text(CLIENT + textwrap.dedent(script))
    return node.deploy(node.write_job("parent.yaml", parent(**kwargs)))


@pytest.fixture
def willing(tmp_path):
    node = Node(tmp_path / "node", config=ALLOW).set_up().start()
    node.onboard()
    yield node
    wind_down(node)


def test_deploys_and_gathers(willing):
    ensemble = deploy(willing, """
        for i in range(6):
            assert ask(op="deploy", key=f"c{i}", ensemble=child(f"echo {i * i}"))["ok"]
            assert ask(op="deploy", key=f"c{i}", ensemble=child("echo twice"))["ok"]
        while not all(item["over"] for item in ask(op="list")["children"]):
            time.sleep(0.3)
        found = [ask(op="output", key=f"c{i}", allocation="there.main")["output"].strip() for i in range(6)]
        print(" ".join(found))
    """)
    willing.wait_status(ensemble, "Completed", timeout=180)
    assert willing.logs_of(ensemble, "here.main")[0] == "0 1 4 9 16 25\n"
    assert willing.actor("/dms/node/deployment/list")["total"] == 7
    nothing_left(willing)


def test_children_end_with_the_job_unless_detached(willing):
    ensemble = deploy(willing, """
        for key, detached in (("bound", False), ("free", True)):
            print(ask(op="deploy", key=key, ensemble=child("sleep 300"), detached=detached)["id"], flush=True)
        while any(item["status"] != "Running" for item in ask(op="list")["children"]):
            time.sleep(0.3)
    """, more="      may_detach: true\n")
    willing.wait_status(ensemble, "Completed", timeout=120)
    bound, free = willing.logs_of(ensemble, "here.main")[0].split()
    willing.wait_status(bound, "Completed", timeout=60)
    assert willing.status(free)["status"] == "Running"
    willing.actor("/dms/node/deployment/shutdown", "-i", free)
    willing.wait_status(free, "Completed")
    nothing_left(willing)


def test_a_thousand_children_are_listed(willing):
    """What does not fit into one answer comes behind it, and each says how much that is."""
    ensemble = deploy(willing, """
        assert ask(op="deploy", key="first", ensemble=child("true"))["ok"]
        while not ask(op="status", key="first")["over"]:
            time.sleep(0.3)
        print("ready", flush=True)
        while len(keys := [item["key"] for item in ask(op="list")["children"]]) < 2:
            time.sleep(0.3)
        left, answers, largest = 1, 0, 0
        found = []
        while left > 0:
            answer = ask(op="list", after=found[-1]["key"] if found else "")
            left, answers = answer["left"], answers + 1
            largest = max(largest, len(json.dumps(answer, ensure_ascii=False).encode()))
            found += answer["children"]
            assert answer["total"] == 1000 and len(found) + left == 1000, (answer["total"], len(found), left)
        keys = [item["key"] for item in found]
        assert keys == sorted(set(keys)) and largest <= 256 * 1024, largest
        assert found[1]["error"].endswith("… (100000 bytes in all)"), found[1]["error"][-100:]
        print(len(found), answers > 1, len(ask(op="status", key=keys[-1])["error"]))
    """, number=1000)
    willing.wait_for(lambda: any(item["status"] == "Completed" for item in
                                 willing.actor("/dms/node/deployment/list")["deployments"]))
    add_children(willing, 999, "x" * 100000)
    info = willing.actor("/dms/node/deployment/info", "-i", ensemble)
    assert 0 < len(info["children"]) < 1000 == len(info["children"]) + info["children_left_out"]
    willing.wait_status(ensemble, "Completed", timeout=180)
    assert willing.logs_of(ensemble, "here.main")[0] == "ready\n1000 True 100000\n"


def test_lifetime_is_kept(willing):
    ensemble = deploy(willing, """
        ask(op="deploy", key="long", ensemble=child("sleep 300"))
        while not ask(op="status", key="long")["over"]:
            time.sleep(0.5)
        print("ended")
    """, lifetime="3s")
    willing.wait_status(ensemble, "Completed", timeout=120)
    assert willing.logs_of(ensemble, "here.main")[0] == "ended\n"


def test_beyond_the_budget_and_the_rights(willing):
    """Every refusal names what was asked for, and nothing of it is deployed."""
    other = willing.deploy(willing.write_job("other.yaml", """version: "V1"
allocations:
  main:
    executor: process
    type: service
    resources: {cpu: {cores: 0.1}, ram: {size: 32MiB}, disk: {size: 16MiB}}
    execution: {type: process, cmd: [/bin/sleep, "600"]}
nodes:
  here: {allocations: [main]}
"""))
    willing.wait_status(other, "Running")
    secret = willing.root / "secret"
    secret.write_text("do not read this")
    ensemble = deploy(willing, f"""
        other = {other!r}
        nested = "    children: {{max_deployments: 1, lifetime: 1m, resources: {{cpu: {{cores: 0.1}}, ram: {{size: 32MiB}}, disk: {{size: 16MiB}}}}}}"
        health = "    healthcheck: {{type: http, endpoint: 'http://127.0.0.1:1/', response: {{type: string, value: x}}, interval: 1s}}"
        tries = [
            ("cores", child("true", cores=5)),
            ("volumes", child("true", extra="    volumes: [{{type: local, src: /etc, mount_destination: /etc2}}]")),
            ("deep", child("true", extra=nested)),
            ("type http", child("true", extra=health)),
            ("ports", child("true", node=", ports: [{{public: 0, private: 80, allocation: main}}]")),
            ("contracts", child("true", top="contracts: {{c: {{did: 'did:key:z6MksRynVUv4on63EtUYypweRBAFdBp9pzr1osmNRSQsYgQh'}}}}")),
            ("network", child("true").replace("type: process, cmd", "type: process, network: host, cmd")),
            ("rootfs", child("true").replace("type: process, cmd", "type: process, rootfs: /, cmd")),
            ("job file", 7),
            ("not valid YAML", "version: ["),
        ]
        for number, (word, text) in enumerate(tries):
            answer = ask(op="deploy", key=f"k{{number}}", ensemble=text)
            print(answer["ok"], word in answer["error"] or answer["error"])
        print(ask(op="deploy", key="../x", ensemble=child("true"))["ok"])
        for op in ("status", "stop", "output"):
            for key in (other, other[:64], "k0", "", None, 3, "x" * 5000):
                answer = ask(op=op, key=key, allocation="here.main", id=other)
                assert not answer["ok"], (op, key, answer)
        print(ask(op="manifest", id=other)["ok"], ask(op="deploy", key="d", ensemble=child("true"), detached=True)["ok"])
        ask(op="deploy", key="env", ensemble=child("echo '${{file:{secret}}}' '${{HOME}}'"))
        while not ask(op="status", key="env")["over"]:
            time.sleep(0.3)
        print(ask(op="output", key="env", allocation="there.main")["output"].strip())
        print(ask(op="output", key="env", allocation="../../" + other + "/here.main")["ok"])
        print(ask(op="deploy", key="two", ensemble=child("true"))["ok"], ask(op="deploy", key="three", ensemble=child("true"))["error"])
    """, number=2)
    willing.wait_status(ensemble, "Completed", timeout=180)
    lines = willing.logs_of(ensemble, "here.main")[0].splitlines()
    assert lines[:10] == ["False True"] * 10, lines
    assert lines[10:12] == ["False", "False False"], lines
    assert lines[12] == f"${{file:{secret}}} ${{HOME}}"
    assert lines[13:] == ["False", "True the budget is 2 deployments, of which 2 are used; this one needs 1"]
    assert willing.status(other)["status"] == "Running"
    assert willing.actor("/dms/node/deployment/list")["total"] == 4


# A child that deploys three of its own, or tries to.
MIDDLE = CLIENT + """
for i in range(3):
    print(ask(op="deploy", key=str(i), ensemble=child("sleep 300")).get("error"), flush=True)
time.sleep(300)
"""


def test_children_of_children_are_in_the_budget(willing):
    """A child deploys two of its own, out of what the job at the top may have; all end with it."""
    ensemble = deploy(willing, """
        def size(cores):
            return {"cpu": {"cores": cores}, "ram": {"size": "64MiB"}, "disk": {"size": "32MiB"}}

        def middle(number):
            main = {"executor": "process", "type": "task", "resources": size(0.1),
                    "children": {"max_deployments": number, "lifetime": "1m", "resources": size(0.2)},
                    "execution": {"type": "process", "cmd": ["/usr/bin/python3", "-c", MIDDLE]}}
            return {"version": "V1", "allocations": {"main": main}, "nodes": {"there": {"allocations": ["main"]}}}

        print(ask(op="deploy", key="greedy", ensemble=middle(5)).get("error"))
        print(ask(op="deploy", key="modest", ensemble=middle(2))["ok"])
        print(ask(op="deploy", key="more", ensemble=child("true")).get("error"), flush=True)
        time.sleep(10)
    """.replace("MIDDLE", repr(MIDDLE)), number=3, cores=0.5, more="      depth: 2\n")

    def states():
        return [item["status"] for item in willing.actor("/dms/node/deployment/list")["deployments"]]

    willing.wait_for(lambda: len(states()) == 4, 60, "no grandchildren came")
    willing.wait_status(ensemble, "Completed", timeout=120)
    lines = willing.logs_of(ensemble, "here.main")[0].splitlines()
    assert lines == ["the budget is 3 deployments, of which 0 are used; this one needs 6", "True",
                     "the budget is 3 deployments, of which 3 are used; this one needs 1"]
    willing.wait_for(lambda: set(states()) == {"Completed"}, 60, "the children did not end with the job")
    assert len(states()) == 4
    nothing_left(willing)


def test_flood_does_not_hurt_the_node(willing):
    ensemble = deploy(willing, """
        import threading
        def flood(kind):
            end = time.time() + 5
            while time.time() < end:
                try:
                    with socket.socket(socket.AF_UNIX) as link:
                        link.settimeout(5)
                        link.connect(os.environ["DMS_JOB_SOCKET"])
                        if kind == 0:
                            link.sendall(b"x" * 1000000)
                        elif kind == 1:
                            link.sendall(b'{"op":"list"}\\n' * 2000)
                            link.recv(100)
                        elif kind == 2:
                            link.sendall(b"\\xff\\x00[[[[[{\\n" * 100)
                        else:
                            time.sleep(1)
                except OSError:
                    pass
        threads = [threading.Thread(target=flood, args=(i % 4,)) for i in range(24)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        time.sleep(2)
        print(ask(op="list")["children"])
    """)
    willing.wait_status(ensemble, "Running")
    while willing.status(ensemble)["status"] == "Running":
        assert willing.actor("/dms/node/peers/self", timeout=20)["id"]
    assert willing.status(ensemble)["status"] == "Completed"
    assert willing.logs_of(ensemble, "here.main")[0] == "[]\n"
    nothing_left(willing)


def test_off_unless_the_owner_wants_it(node):
    (node.root / "job.py").write_text("")
    reply = node.actor("/dms/node/deployment/new", "-t", "60s", "-f", node.write_job("p.yaml", parent()), check=False)
    assert reply["Status"] == "ERROR" and "job.allow_children" in reply["Error"]


def test_survives_the_death_of_its_daemon(tmp_path):
    """A job fans 50 children out over three nodes and gathers them; its own node's daemon is killed three times."""
    alice, bob, carol = members = [Node(tmp_path / name, config={**quick(), **ALLOW}).set_up()
                                   for name in ("alice", "bob", "carol")]
    with contextlib.ExitStack() as stack:
        for member in members:
            stack.callback(wind_down, member)
        for member in (bob, carol):
            allow(member, alice, *DEPLOY)
            allow(alice, member, *DEPLOY)
        for member in members:
            member.start()
            member.onboard()
        connect(alice, bob)
        connect(alice, carol)
        ensemble = deploy(alice, """
            import concurrent.futures
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda i: ask(op="deploy", key=f"c{i}", ensemble=child(f"echo {i * i}")), range(50)))
            while not all(item["over"] for item in ask(op="list")["children"]):
                time.sleep(0.5)
            found = [ask(op="output", key=f"c{i}", allocation="there.main")["output"] for i in range(50)]
            print(sum(int(text) for text in found), len(ask(op="list")["children"]))
        """, number=50, cores=1.2, peer=f", peer: {bob.peer}")
        alice.wait_status(ensemble, "Running", timeout=120)

        def n_done():
            return sum(item["over"] for item in alice.actor("/dms/node/deployment/info", "-i", ensemble)["children"])

        for least in (3, 12, 25):
            alice.wait_for(lambda least=least: n_done() >= least, 200, "the children do not get on")
            bob.kill()
            bob.start()
            connect(alice, bob)
        alice.wait_status(ensemble, "Completed", timeout=400)
        assert alice.logs_of(ensemble, "here.main")[0] == f"{sum(i * i for i in range(50))} 50\n"
        peers = set()
        for item in alice.actor("/dms/node/deployment/list")["deployments"]:
            if item["orchestrator_id"] != ensemble:
                assert item["status"] == "Completed"
                manifest = alice.actor("/dms/node/deployment/manifest", "-i", item["orchestrator_id"])["manifest"]
                peers.add(manifest["nodes"]["there"]["peer"])
        assert len(peers) == 3
        for member in members:
            nothing_left(member)


def test_example(willing):
    ensemble = willing.deploy(SOURCE / "data" / "examples" / "recursive.yaml")
    willing.wait_status(ensemble, "Completed", timeout=180)
    assert willing.logs_of(ensemble, "node1.main")[0] == "0 1 4 9 16 25 36 49 64 81\n"
    nothing_left(willing)
