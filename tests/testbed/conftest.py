# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from testbed import Testbed, find_obstacle  # noqa: E402

WITHOUT_ROOT = ("test_relay.py", "test_topology.py")


def pytest_collection_modifyitems(items):
    """A bed needs root and some programs; topologies are read without."""
    obstacle = find_obstacle()
    for item in items:
        if obstacle and item.path.parent == Path(__file__).parent and item.path.name not in WITHOUT_ROOT:
            item.add_marker(pytest.mark.skip(reason=obstacle))


@pytest.fixture
def make_bed(tmp_path):
    """Beds from the text of a topology, down at the end of the test."""
    beds = []

    def make(text, name="bed", **kwargs):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        beds.append(Testbed.up(path, tmp_path / name, **kwargs))
        return beds[-1]

    yield make
    for bed in beds:
        bed.down(grace=0)
