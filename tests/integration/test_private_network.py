# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Daemons in private networks: those with the key meet, all others hear noise."""

import contextlib
import re
import socket
import stat

import pytest

from node import PATIENCE, Node, wind_down
from test_libp2p_nodes import PLUGIN, address, addresses, connect, peers, quick

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="built without the transport libp2p")


@contextlib.contextmanager
def nodes(directory, *names):
    made = [Node(directory / name, config=quick()).set_up() for name in names]
    try:
        yield made
    finally:
        for node in made:
            wind_down(node)


def swarm(node, *words, **kwargs):
    return node.cli("network", "swarm", *words, **kwargs)


def key_file(node):
    return node.user_dir / "swarm.key"


def test_the_verbs(tmp_path):
    with nodes(tmp_path, "a", "b") as (a, b):
        missing = swarm(a, "show", check=False)
        assert missing.status == 1 and str(key_file(a)) in missing.err, missing
        made = swarm(a, "new")
        fingerprint = made.out.strip()
        assert re.fullmatch("[0-9a-f]{32}", fingerprint) and str(key_file(a)) in made.err
        assert stat.S_IMODE(key_file(a).stat().st_mode) == 0o600
        text = key_file(a).read_text()
        lines = text.split("\n")
        assert lines[:2] == ["/key/swarm/psk/1.0.0/", "/base16/"] and re.fullmatch("[0-9a-f]{64}", lines[2]), lines
        secret = lines[2]

        shown = swarm(a, "show")
        assert shown.out == f"{fingerprint}\t{key_file(a)}\n" and secret not in shown.out + shown.err
        assert swarm(a, "show", "--json").json == {"fingerprint": fingerprint, "path": str(key_file(a))}
        assert swarm(a, "show", "--key").out == text

        again = swarm(a, "new", check=False)
        assert again.status == 1 and "--force" in again.err and key_file(a).read_text() == text, again
        assert swarm(b, "join", stdin=text).out.strip() == fingerprint
        assert key_file(b).read_text() == text
        # The same once more, and from a file that others may read: the copy is private.
        copy = tmp_path / "copy.key"
        copy.write_text(text.replace("/base16/", "/base64/").replace(secret, "A" * 42 + "E="))
        copy.chmod(0o644)
        assert swarm(b, "join", "-", stdin=text).status == 0
        other = swarm(b, "join", copy, check=False)
        assert other.status == 1 and "--force" in other.err and key_file(b).read_text() == text
        swarm(b, "join", "--force", copy)
        assert stat.S_IMODE(key_file(b).stat().st_mode) == 0o600
        assert swarm(b, "show").out.split("\t")[0] != fingerprint
        assert swarm(a, "new", "--force").out.strip() != fingerprint
        for garbage in ("", "hello\n", text[:-5], text + "x"):
            bad = swarm(a, "join", "--force", stdin=garbage, check=False)
            assert bad.status == 1 and bad.err.startswith("Error: "), bad


def test_only_those_with_the_key_meet(tmp_path):
    with nodes(tmp_path, "a", "b", "stranger", "other") as (a, b, stranger, other):
        swarm(a, "new")
        swarm(b, "join", key_file(a))
        swarm(other, "new")
        for node in (a, b, stranger, other):
            node.start()
        # QUIC cannot be protected.
        assert addresses(a) and all("/tcp/" in text for text in addresses(a))
        assert any("/quic-v1" in text for text in addresses(stranger))
        fingerprint = swarm(a, "show").out.split("\t")[0]
        assert fingerprint in a.daemon_log()
        assert key_file(a).read_text().split("\n")[2] not in a.daemon_log()

        connect(b, a)
        assert peers(b) == [a.peer] and peers(a) == [b.peer]
        assert b.network("ping", "-n", 2, "--interval", "10ms", a.peer, "--json").json["answered"] == 2

        for outsider in (stranger, other):
            result = outsider.network("dial", address(a), "-t", "3s", check=False, timeout=30)
            assert result.status == 1, result
            assert peers(outsider) == []
        assert peers(a) == [b.peer]
        # Nor the other way round.
        result = a.network("dial", address(stranger), "-t", "3s", check=False, timeout=30)
        assert result.status == 1, result
        # Noise that looks like the beginning of a long line is waited for.
        assert "with the same key" in result.err or "no answer within" in result.err, result
        for outsider in (stranger, other):
            known = [peer["id"] for peer in outsider.network("peers", "--json").json["peers"]]
            assert a.peer not in known and b.peer not in known
            assert a.dms_did not in outsider.daemon_log()

        # What is at the port says nothing that anybody understands, before the connection ends.
        port = int(address(a).split("/tcp/")[1].split("/")[0])
        heard = b""
        with socket.create_connection(("127.0.0.1", port), timeout=20 * PATIENCE) as wire:
            wire.sendall(b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n" + bytes(5000))
            with contextlib.suppress(ConnectionError):
                while chunk := wire.recv(4096):
                    heard += chunk
        assert 24 <= len(heard) <= 24 + 20 and b"multistream" not in heard, heard
        # The network still works.
        assert b.network("ping", "-n", 1, a.peer, "--json").json["answered"] == 1
        # Whom it knows of one network it does not ask for in another.
        b.stop()
        assert (b.data_dir / f"peers-{fingerprint}.json").exists()
        assert not (b.data_dir / "peers.json").exists()


def test_no_key_is_the_open_network(tmp_path):
    with nodes(tmp_path, "a") as (a,):
        a.start()
        assert any("/quic-v1" in text for text in addresses(a))
        assert "private_network" not in a.daemon_log()


@pytest.mark.parametrize("damage", ["text", "empty", "short", "readable", "folder", "named"])
def test_does_not_start_in_the_open_with_a_bad_key(tmp_path, damage):
    with nodes(tmp_path, "a") as (a,):
        path = key_file(a)
        swarm(a, "new")
        if damage == "text":
            path.write_text("no key at all\n")
        elif damage == "empty":
            path.write_text("")
        elif damage == "short":
            path.write_text(path.read_text()[:-2])
        elif damage == "readable":
            path.chmod(0o644)
        elif damage == "folder":
            path.unlink()
            path.mkdir()
        else:
            path = tmp_path / "elsewhere.key"
            a.configure(p2p={"private_network_key": str(path)})
        result = a.cli("run", "-c", "dms", check=False)
    assert result.status == 1, result
    assert "private network" in result.err and str(path) in result.err, result
    assert "p2p.private_network_key" in result.err, result
    if damage == "readable":
        assert "chmod 600" in result.err
