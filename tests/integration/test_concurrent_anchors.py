# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The command line and the daemon change one capability file at the same time, and nothing gets lost."""

import json
import subprocess
import threading

from field_client import FieldClient, Identity, token_list
from key_file import write_key_file
from node import NUNET, PASSPHRASE, PATIENCE, Node

CHANGES = 40


def anchor_by_message(node, owner, failures):
    client = FieldClient(node.url, owner)
    for _ in range(CHANGES):
        token = Identity().grant(Identity().did, ["/public"])
        reply = client.invoke("/dms/cap/require/anchor", {"Token": token_list(token)}, timeout=20.0)
        if reply != {"OK": True, "Error": ""}:
            failures.append(reply)


def test_daemon_and_command_line(tmp_path):
    node = Node(tmp_path / "node").set_up()
    owner = write_key_file(node.user_dir / "key" / "owner.json", "owner", PASSPHRASE)
    node.cli("cap", "anchor", "-c", "dms", "--root", owner.did)
    node.start()
    try:
        failures = []
        messages = threading.Thread(target=anchor_by_message, args=(node, owner, failures))
        messages.start()
        roots = [Identity().did for _ in range(CHANGES)]
        for did in roots:
            node.cli("cap", "anchor", "-c", "dms", "--root", did)
        messages.join()
        assert failures == []
        content = json.loads((node.user_dir / "cap" / "dms.cap").read_text())
        assert len(content["require"]["tok"]) == CHANGES
        assert {root["uri"] for root in content["roots"]} == {node.user_did, owner.did, *roots}

        # The daemon holds what the file does, also what was anchored last.
        listed = node.wait_for(lambda: len(node.actor("/dms/cap/list")["Roots"]) == CHANGES + 2, 10)
        assert listed
    finally:
        node.stop()


def test_two_command_lines(tmp_path):
    node = Node(tmp_path / "node").set_up()
    dids = [[Identity().did for _ in range(CHANGES)] for _ in range(2)]
    script = 'for did in "$@"; do "$NUNET" --config "$CONFIG" cap anchor -c dms --root "$did" || exit 1; done'
    env = {**node.env, "NUNET": str(NUNET), "CONFIG": str(node.config_file)}
    writers = [subprocess.Popen(["sh", "-c", script, "sh", *mine], env=env, stdout=subprocess.DEVNULL)
               for mine in dids]
    assert [writer.wait(timeout=60 * PATIENCE) for writer in writers] == [0, 0]
    content = json.loads((node.user_dir / "cap" / "dms.cap").read_text())
    assert {root["uri"] for root in content["roots"]} == {node.user_did, *dids[0], *dids[1]}
