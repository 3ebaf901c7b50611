# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""A message is accepted once, also when the daemon is killed in between; what was refused is counted."""

import json

import pytest

from field_client import FieldClient
from test_compatibility import owner

SELF = "/dms/node/peers/self"


def refusals(node):
    return next(iter(owner(node).invoke("/dms/node/status").values()))["refusals"]


def test_replay_after_kill(fresh):
    fresh.start()
    client = owner(fresh)
    envelope = client.envelope(SELF, {}, timeout=120)
    assert client.post("invoke", envelope)[0] == 200
    fresh.kill()

    fresh.start()
    assert client.post("send", envelope)[0] == 200
    fresh.wait_for(lambda: refusals(fresh).get("replayed") == 1)
    # Not because everything is refused.
    assert client.post("invoke", client.envelope(SELF, {}, timeout=120))[0] == 200


def test_replay_after_stop(fresh):
    fresh.start()
    client = owner(fresh)
    envelope = client.envelope(SELF, {}, timeout=120)
    assert client.post("invoke", envelope)[0] == 200
    fresh.stop()

    fresh.start()
    client.post("send", envelope)
    fresh.wait_for(lambda: refusals(fresh).get("replayed") == 1)


def test_seen_is_private(fresh):
    fresh.start()
    owner(fresh).invoke(SELF)
    folder = fresh.data_dir / "seen"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.iterdir())
    assert files
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"did:key" not in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"DMSRPLY1" + b"x" * 1000])
def test_damaged_memory(fresh, content):
    """The node starts, and accepts what was made after the start."""
    folder = fresh.data_dir / "seen"
    folder.mkdir(parents=True)
    (folder / "1.seen").write_bytes(content)
    fresh.start()
    assert owner(fresh).invoke(SELF, timeout=60)


def test_no_memory_no_node(fresh):
    fresh.data_dir.mkdir(parents=True, exist_ok=True)
    (fresh.data_dir / "seen").write_text("in the way")
    fresh.start(wait=False)
    fresh.process.wait(timeout=60)
    assert fresh.process.returncode != 0
    assert str(fresh.data_dir / "seen") in fresh.daemon_log()
    fresh.forget()


def test_refusals_are_counted_and_logged(fresh):
    fresh.start()
    stranger = FieldClient(fresh.url)
    for _ in range(100):
        stranger.post("send", stranger.envelope(SELF, {}, timeout=30))
    fresh.wait_for(lambda: refusals(fresh).get("not-authorized") == 100)
    text = (fresh.work_dir / "logs" / "nunet-dms-logs.jsonl").read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if line.get("reason") == "not-authorized"]
    # The first are told one by one; the rest of the flood is a number.
    assert 1 <= len([line for line in lines if "count" not in line]) <= 60
    assert sum(refusals(fresh)["rules"].values()) >= 100
