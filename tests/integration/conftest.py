# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a fresh node, and one shared by the tests of a module."""

import contextlib

import pytest

from node import Node


def wind_down(node):
    """Ends the daemon and whatever jobs its executors still hold."""
    with contextlib.suppress(AssertionError):
        if node.process is not None and node.process.poll() is None:
            for item in node.actor("/dms/node/deployment/list")["deployments"]:
                if item["status"] not in ("Completed", "Failed"):
                    node.actor("/dms/node/deployment/shutdown", "-i", item["orchestrator_id"])
    node.stop()


@pytest.fixture
def fresh(tmp_path):
    """A node with identities, not started."""
    node = Node(tmp_path / "node").set_up()
    yield node
    wind_down(node)


@pytest.fixture
def node(fresh):
    """A node of its own, running and onboarded."""
    fresh.start()
    fresh.onboard()
    return fresh


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A running, onboarded node for tests that leave it as they found it."""
    node = Node(tmp_path_factory.mktemp("shared") / "node").set_up()
    try:
        node.start().onboard()
        yield node
    finally:
        wind_down(node)
