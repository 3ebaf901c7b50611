# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Why a deployment finds no machine, as the machines themselves say it; and which it takes of several."""

import contextlib

import pytest

from node import PATIENCE, Node, memory_bytes, wind_down
from test_libp2p_nodes import PLUGIN, connect, hears, quick
from test_world import DEPLOY, allow

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")

MIB = 1 << 20


def job(ram="32MiB", extra="", executor="process"):
    return f"""version: "V1"
allocations:
  main:
    executor: {executor}
    type: task
    resources: {{cpu: {{cores: 0.2}}, ram: {{size: {ram}}}, disk: {{size: 32MiB}}}}
    execution: {{type: {executor}, cmd: ["/bin/echo", "hello"]}}
nodes:
  there:
    allocations: [main]
{extra}"""


@contextlib.contextmanager
def running(*made):
    try:
        for node in made:
            node.start()
        yield made
    finally:
        for node in made:
            wind_down(node)


def make(tmp_path, name, **sections):
    return Node(tmp_path / name, config={**quick(), **sections}).set_up()


def why(node, ensemble):
    return node.cli("-c", node.owner, "get", "why", ensemble, "--json").json


def reasons(answer):
    (page,) = answer["why"]["nodes"] or [{"reasons": []}]
    return {reason["code"]: reason["count"] for reason in page["reasons"]}


def heard(node, ensemble, expected):
    seen = {}

    def all_there():
        seen["why"] = why(node, ensemble)
        return bool(seen["why"]["why"]["nodes"]) and reasons(seen["why"]) == expected

    node.wait_for(all_there, 40 * PATIENCE, f"not {expected}")
    return seen["why"]


def test_three_reasons(tmp_path):
    """One lends too little memory, one is elsewhere, one does not know who asks and says so; the asker lends nothing."""
    a = make(tmp_path, "a")
    small = make(tmp_path, "small", general={"host_continent": "EU", "host_country": "DE"})
    far = make(tmp_path, "far", general={"host_continent": "NA", "host_country": "US"})
    closed = make(tmp_path, "closed", general={"host_continent": "EU"}, job={"refusals": "all"})
    wanted = memory_bytes() // 3 // MIB
    lent = memory_bytes() // 8 // MIB
    for node in (small, far):
        allow(node, a, *DEPLOY)
    # It answers, and that is all that it is asked for.
    with running(a, small, far, closed):
        small.onboard(ram=f"{lent}MiB")
        far.onboard()
        closed.onboard()
        for node in (small, far, closed):
            connect(a, node)
        a.wait_for(lambda: hears(a, small, far), 30, "not all hear what is published")
        text = job(ram=f"{wanted}MiB", extra="    location: {accept: [{continent: EU}]}\n")
        ensemble = a.deploy(a.write_job("job.yaml", text))
        answer = heard(a, ensemble, {"ram": 1, "location": 1, "not-granted": 1, "not-onboarded": 1})
        (page,) = answer["why"]["nodes"]
        (relax,) = page["relax"]
        assert relax["code"] == "ram" and relax["hosts"] == 1
        # So much is told, and not how much it is exactly.
        assert lent * MIB * 2 / 3 <= relax["to"] <= lent * MIB
        nearest = {example["peer"]: example["reasons"] for example in page["nearest"]}
        assert set(nearest) == {a.peer, small.peer, far.peer, closed.peer}
        assert nearest[closed.peer] == ["not granted"] and nearest[far.peer] == ["in another place"]
        assert nearest[small.peer][0].startswith("too little RAM: about ")
        shown = a.cli("-c", a.owner, "get", "why", ensemble).out
        assert "too little RAM" in shown and "relax RAM to" in shown and small.peer in shown, shown
        said = a.actor("/dms/node/deployment/why", "-i", ensemble)
        assert said["why"] == answer["why"]
        # The same once it has failed, in its error, and after the node was away.
        failed = a.wait_status(ensemble, "Failed", timeout=90 * PATIENCE)
        assert "Why: 4 asked:" in failed["error"] and "1 too little RAM" in failed["error"], failed
        a.stop()
        a.start()
        assert reasons(why(a, ensemble)) == reasons(answer)
        assert why(a, ensemble)["status"] == "Failed"


def test_says_nothing_of_itself(tmp_path):
    """By default who may not deploy here learns nothing, and where it is off, nobody does."""
    a, closed, silent = make(tmp_path, "a"), make(tmp_path, "closed"), make(tmp_path, "silent", job={"refusals": "off"})
    allow(silent, a, *DEPLOY)
    with running(a, closed, silent):
        for node in (closed, silent):
            connect(a, node)
        a.wait_for(lambda: hears(a, silent), 30, "it does not hear what is published")
        ensemble = a.deploy(a.write_job("job.yaml", job()))
        answer = heard(a, ensemble, {"not-onboarded": 1})
        assert "without an answer" in answer["text"], answer
        a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
        a.wait_status(ensemble, "Completed", "Failed")


def test_takes_what_is_preferred(tmp_path):
    """The cheaper of two, four times: by chance that would be one time in sixteen."""
    a = make(tmp_path, "a")
    dear = make(tmp_path, "dear", job={"offer": {"price": "2 NTX", "speed": 900}})
    cheap = make(tmp_path, "cheap", job={"offer": {"price": "0.5 NTX", "speed": 100}})
    for node in (dear, cheap):
        allow(node, a, *DEPLOY)
    with running(a, dear, cheap):
        for node in (dear, cheap):
            node.onboard()
            connect(a, node)
        a.wait_for(lambda: hears(a, dear, cheap), 30, "not both hear what is published")

        def page_of_choice(preference):
            """Of a job that had two offers: where one is late there is nothing to choose, which is no mistake."""
            ensemble = a.deploy(a.write_job("job.yaml", job(extra=f"    preferences: {{{preference}: 1}}\n")))
            a.wait_status(ensemble, "Completed")
            (page,) = why(a, ensemble)["why"]["nodes"]
            assert page["chosen"]["of"] == page["offers"], page
            return page if page["offers"] == 2 else None

        for preference, best in [("price", cheap), ("speed", dear)] * 2:
            page = a.wait_for(lambda preference=preference: page_of_choice(preference), 60, "never two offers in time")
            assert page["chosen"]["peer"] == best.peer, page
            assert page["chosen"]["cost"] == 0 and preference in page["chosen"]["terms"]


def test_unknown(tmp_path):
    a = make(tmp_path, "a")
    with running(a):
        result = a.cli("-c", a.owner, "get", "why", "0" * 64, check=False)
        assert result.status != 0 and "not found" in result.err
