# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The test aid that keeps opened keys: off by default, and never without the passphrase."""

import os
import resource
import time

import pytest

from key_file import write_key_file
from node import PASSPHRASE, Node

ON = {"DMS_E2E_CACHE_KEYS": "1"}


@pytest.fixture
def home(tmp_path):
    node = Node(tmp_path / "node")
    node.identity = write_key_file(node.user_dir / "key" / "user.json", "user", PASSPHRASE, cost=1 << 15)
    node.cache = node.root / "run" / "dms-key-cache"
    return node


def did(home, **env):
    return home.cli("key", "did", "user", env=env).out.strip()


def processor_time(home, **env):
    """How much of it one call takes: unlike the time it takes, whatever else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert did(home, **env) == home.identity.did
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def entries(home):
    return sorted(home.cache.iterdir())


def test_off_by_default(home):
    assert did(home) == home.identity.did
    assert did(home, DMS_E2E_CACHE_KEYS="0") == home.identity.did
    assert not home.cache.exists()


def test_kept_sealed(home):
    assert did(home, **ON) == home.identity.did
    entry, = entries(home)
    assert entry.stat().st_mode & 0o777 == 0o600 and home.cache.stat().st_mode & 0o777 == 0o700
    assert bytes(home.identity.key) not in entry.read_bytes() and home.identity.public not in entry.read_bytes()
    # It is what answers now: it is not written again, and it saves the derivation.
    before = entry.stat().st_mtime_ns
    kept = processor_time(home, **ON)
    assert entries(home) == [entry] and entry.stat().st_mtime_ns == before
    assert kept < processor_time(home)


def test_passphrase_is_still_needed(home):
    did(home, **ON)
    refused = home.cli("key", "did", "user", env={**ON, "DMS_PASSPHRASE": "wrong"}, check=False)
    assert refused.status == 1 and home.identity.did not in refused.out


def test_another_key_of_the_same_name(home):
    did(home, **ON)
    other = write_key_file(home.user_dir / "key" / "user.json", "user", PASSPHRASE)
    assert did(home, **ON) == other.did != home.identity.did


@pytest.mark.parametrize("change", [
    lambda entry: entry.write_bytes(b""),
    lambda entry: entry.write_bytes(entry.read_bytes()[:-1]),
    lambda entry: entry.write_bytes(entry.read_bytes() + b"x"),
    lambda entry: entry.write_bytes(entry.read_bytes()[:-1] + bytes([entry.read_bytes()[-1] ^ 1])),
    lambda entry: entry.write_bytes((int(time.time()) - 601).to_bytes(8, "little") + entry.read_bytes()[8:]),
    lambda entry: entry.write_bytes((int(time.time()) + 601).to_bytes(8, "little") + entry.read_bytes()[8:]),
])
def test_damaged_or_old(home, change):
    did(home, **ON)
    entry, = entries(home)
    change(entry)
    changed = entry.read_bytes()
    assert did(home, **ON) == home.identity.did
    assert entry.read_bytes() != changed, "what does not open is made again"


def test_only_in_a_private_directory(home, tmp_path):
    run = home.root / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    run.chmod(0o755)
    assert did(home, **ON) == home.identity.did and not home.cache.exists()
    run.chmod(0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    os.symlink(elsewhere, home.cache)
    assert did(home, **ON) == home.identity.did and list(elsewhere.iterdir()) == []
