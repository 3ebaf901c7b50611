# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Two nodes that meet: one deploys on the other by rights that were granted by hand."""

import pytest

from world import World

DEPLOY = ["/dms/deployment", "/broadcast", "/public"]


@pytest.fixture
def world(tmp_path):
    with World(tmp_path / "world") as world:
        yield world


def flags(*capabilities):
    return [word for capability in capabilities for word in ("--cap", capability)]


def allow(host, guest, *capabilities):
    """What the field's manuals tell both owners to do: the host grants, the guest keeps the grant."""
    grant = host.cli("cap", "grant", "-c", "dms", *flags(*capabilities), "--topic", "/nunet", "--duration", "1h",
                     guest.dms_did).out
    guest.cli("cap", "anchor", "-c", "dms", "--provide", grant)


def hello_on(peer, text="hello from afar"):
    return f"""version: "V1"
allocations:
  main:
    executor: process
    type: task
    resources: {{cpu: {{cores: 0.2}}, ram: {{size: 32MiB}}, disk: {{size: 32MiB}}}}
    execution: {{type: process, cmd: ["/bin/echo", "{text}"]}}
nodes:
  there:
    allocations: [main]
    peer: {peer}
"""


def test_peers_see_each_other(world):
    a, b = (world.add(name).set_up().start() for name in "ab")
    assert a.peer != b.peer
    assert a.actor("/dms/node/peers/list")["Peers"] == [b.peer]
    assert a.actor("/dms/node/peers/ping", "-H", b.peer)["Error"] == ""
    b_peer = b.peer
    b.stop()
    a.wait_for(lambda: not a.actor("/dms/node/peers/list")["Peers"], 10, f"{b_peer} is still there")
    b.start()
    a.wait_for(lambda: a.actor("/dms/node/peers/list")["Peers"] == [b_peer], 10, f"{b_peer} did not come back")


def test_deploys_on_the_other_node(world):
    a, b = (world.add(name).set_up().start() for name in "ab")
    b.onboard()
    allow(b, a, *DEPLOY)

    ensemble = a.deploy(a.write_job("there.yaml", hello_on(b.peer)))
    a.wait_status(ensemble, "Completed")
    assert a.logs_of(ensemble, "there.main")[0] == "hello from afar\n"
    manifest = a.actor("/dms/node/deployment/manifest", "-i", ensemble)["manifest"]
    assert manifest["nodes"]["there"]["peer"] == b.peer
    assert b.cli("get", "deployments").json["deployments"] == []


def test_does_not_deploy_without_the_right(world):
    a, b = (world.add(name).set_up().start() for name in "ab")
    b.onboard()
    ensemble = a.deploy(a.write_job("there.yaml", hello_on(b.peer)))
    a.wait_for(lambda: "behavior=/dms/deployment/request" in world.log_text(), 20, "nothing was refused")
    assert a.status(ensemble)["status"] in ("Preparing", "Generating", "Committing", "Failed")
    assert not b.cli("get", "allocations").json["allocations"]
    a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
    a.wait_status(ensemble, "Completed", "Failed")
