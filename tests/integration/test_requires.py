# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a job requires besides resources: who gets it, who does not, and why."""

import glob
import re
import time

import pytest

from node import PATIENCE
from test_libp2p_nodes import PLUGIN, connect
from test_why import heard, job, make, reasons, running, why
from test_world import DEPLOY, allow

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")

GOOD = {
    "price": "0.4 NTX",
    "speed": 900,
    "watts": 250,
    "time": "8h",
    "libraries": ["cuda=12.2", "mpi=4.1"],
    "kyc": ["company=12345"],
}


def required(*lines):
    return "    requires:\n" + "".join(f"      {line}\n" for line in lines)


def lend(tmp_path, a, name, **offer):
    node = make(tmp_path, name, job={"offer": offer})
    allow(node, a, *DEPLOY)
    return node


def nearest(answer):
    (page,) = answer["why"]["nodes"]
    return {example["peer"]: example["reasons"] for example in page["nearest"]}


def test_takes_who_meets_it(tmp_path):
    """Three times: one of three by chance would be one time in twenty-seven."""
    a = make(tmp_path, "a")
    good = lend(tmp_path, a, "good", **GOOD)
    dear = lend(tmp_path, a, "dear", **{**GOOD, "price": "0.6 NTX"})
    silent = lend(tmp_path, a, "silent")
    with running(a, good, dear, silent):
        for node in (good, dear, silent):
            node.onboard()
            connect(a, node)
        time.sleep(2 * PATIENCE)
        text = job(
            extra=required(
                "libraries: [cuda >= 12, mpi]",
                "price: {currency: NTX, currency_per_hour: 0.5, total_per_job: 2}",
                "time: 4h",
                "speed: 500",
                "power: 300",
                "kyc: [company]",
            )
        )
        for _ in range(3):
            ensemble = a.deploy(a.write_job("job.yaml", text))
            a.wait_status(ensemble, "Completed")
            (page,) = why(a, ensemble)["why"]["nodes"]
            assert page["chosen"]["peer"] == good.peer and page["chosen"]["of"] == 1, page
        # Whoever requires nothing may have any of them.
        ensemble = a.deploy(a.write_job("job.yaml", job()))
        a.wait_status(ensemble, "Completed")


def test_says_what_is_lacking(tmp_path):
    a = make(tmp_path, "a")
    newer = lend(tmp_path, a, "newer", **GOOD)
    older = lend(tmp_path, a, "older", **{**GOOD, "libraries": ["cuda=11.8.3"]})
    dear = lend(tmp_path, a, "dear", **{**GOOD, "libraries": ["cuda=13.1"], "price": "2 NTX"})
    with running(a, newer, older, dear):
        for node in (newer, older, dear):
            node.onboard()
            connect(a, node)
        time.sleep(2 * PATIENCE)
        text = job(extra=required("libraries: [cuda >= 13]", "price: 0.5 NTX"))
        ensemble = a.deploy(a.write_job("job.yaml", text))
        answer = heard(a, ensemble, {"library": 2, "price": 1, "not-onboarded": 1})
        said = nearest(answer)
        assert said[newer.peer] == ["library cuda 12.2 of >= 13"], said
        assert said[older.peer] == ["library cuda 11.8 of >= 13"], said
        assert said[dear.peer] == ["too dear: 2 NTX an hour of at most 0.5 NTX an hour"], said
        (page,) = answer["why"]["nodes"]
        relax = {(one["code"], one["text"]): one["hosts"] for one in page["relax"]}
        assert relax == {("library", "cuda >= 11.8"): 2, ("price", "2 NTX an hour"): 1}, relax
        shown = a.cli("-c", a.owner, "get", "why", ensemble).out
        assert "2 without a library" in shown and "relax library to cuda >= 11.8 for 2 hosts" in shown, shown
        a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
        a.wait_status(ensemble, "Completed", "Failed")
        # What is relaxed as it says does run.
        text = job(extra=required("libraries: [cuda >= 11.8]", "price: 0.5 NTX"))
        ensemble = a.deploy(a.write_job("job.yaml", text))
        a.wait_status(ensemble, "Completed")
        (page,) = why(a, ensemble)["why"]["nodes"]
        assert page["chosen"]["peer"] in (newer.peer, older.peer)


def installed():
    """The version of GLib that this system's pkg-config knows."""
    for path in glob.glob("/usr/lib/*-linux-*/pkgconfig/glib-2.0.pc"):
        with open(path, encoding="utf-8") as file:
            return re.search(r"^Version: *([0-9]+\.[0-9]+)", file.read(), re.MULTILINE).group(1)
    return None


@pytest.mark.skipif(installed() is None, reason="pkg-config knows no glib-2.0 here")
def test_finds_what_is_installed(tmp_path):
    """On the node's own machine, whose owner has said nothing about libraries."""
    a = make(tmp_path, "a")
    with running(a):
        a.onboard()
        text = job(extra=required(f"libraries: ['glib-2.0 >= {installed()}', libc >= 2]"))
        ensemble = a.deploy(a.write_job("job.yaml", text))
        a.wait_status(ensemble, "Completed")
        text = job(extra=required("libraries: ['glib-2.0 >= 99']"))
        ensemble = a.deploy(a.write_job("job.yaml", text))
        answer = heard(a, ensemble, {"library": 1})
        assert nearest(answer) == {a.peer: [f"library glib-2.0 {installed()} of >= 99"]}
        a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
        a.wait_status(ensemble, "Completed", "Failed")
        assert reasons(answer) == {"library": 1}


def test_is_asked_less_of_and_not_more(tmp_path):
    """An update of a node that runs."""
    a = make(tmp_path, "a", job={"offer": GOOD})
    service = job(extra=required("speed: 500")).replace("type: task", "type: service")
    service = service.replace('"/bin/echo", "hello"', '"/bin/sleep", "600"')
    with running(a):
        a.onboard()
        ensemble = a.deploy(a.write_job("job.yaml", service))
        a.wait_status(ensemble, "Running")

        def update(text):
            path = a.write_job("update.yaml", text)
            return a.actor("/dms/node/deployment/update", "-i", ensemble, "-f", path, "-t", "120s")

        more = update(service.replace("speed: 500", "speed: 800"))
        assert "may be asked less of, not more" in str(more), more
        less = update(service.replace("speed: 500", "speed: 400"))
        assert less["OK"] is True, less
        a.actor("/dms/node/deployment/shutdown", "-i", ensemble)
        a.wait_status(ensemble, "Completed", "Failed")


def test_prefers_what_is_near(tmp_path):
    """By kilometres: to who asks, which is in Berlin, and to a place in Portugal."""
    a = make(tmp_path, "a", general={"host_coordinates": "52.52,13.40"})
    hamburg = make(tmp_path, "hamburg", general={"host_coordinates": "53.55,9.99"})
    lisbon = make(tmp_path, "lisbon", general={"host_coordinates": "38.72,-9.14"})
    for node in (hamburg, lisbon):
        allow(node, a, *DEPLOY)
    with running(a, hamburg, lisbon):
        for node in (hamburg, lisbon):
            node.onboard()
            connect(a, node)
        time.sleep(2 * PATIENCE)
        n_chosen = 0
        for wish, best in [("within_km: 10", hamburg), ("from: '41.15,-8.61'", lisbon)] * 2:
            extra = f"    preferences: {{distance: {{weight: 1, {wish}}}}}\n"
            ensemble = a.deploy(a.write_job("job.yaml", job(extra=extra)))
            a.wait_status(ensemble, "Completed")
            (page,) = why(a, ensemble)["why"]["nodes"]
            # Where the other one was late, there was nothing to choose.
            assert page["chosen"]["of"] == page["offers"], page
            if page["offers"] == 2:
                n_chosen += 1
                assert page["chosen"]["peer"] == best.peer and page["chosen"]["cost"] == 0, page
        assert n_chosen >= 2
