# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a fresh node, and one shared by the tests of a module."""

import pytest

from node import Node, wind_down


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
