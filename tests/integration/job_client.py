# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a job in Python has to talk to its node by: lines of JSON on a socket, and the patience to ask again."""

import contextlib
import hashlib
import json
import sqlite3

ASK = r"""
import json, os, socket, sys, time

def ask(**request):
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(90)
                link.connect(os.environ["DMS_JOB_SOCKET"])
                link.sendall(json.dumps(request).encode() + b"\n")
                answer = json.loads(link.makefile().readline())
        except (OSError, ValueError):
            time.sleep(0.3)
            continue
        if not answer["ok"] and answer.get("again"):
            time.sleep(0.5)
            continue
        return answer
"""


def add_children(node, number, error):
    """As if the job, which has one child, had deployed so many more that all failed; its daemon is away meanwhile."""
    node.stop()
    with contextlib.closing(sqlite3.connect(node.data_dir / "dms.db")) as db, db:
        insert = "INSERT INTO documents (collection, id, created_us, updated_us, body) VALUES (?, ?, 1, 1, ?)"
        [(first, text)] = db.execute("SELECT id, body FROM documents WHERE collection = 'children'")
        child = json.loads(text)
        [(text,)] = db.execute("SELECT body FROM documents WHERE collection = 'deployments' AND id = ?", [first])
        record = json.loads(text)
        for i in range(number):
            key = f"k{i:04}".ljust(64, "x")
            own = hashlib.sha256(f"child/{child['allocation']}/{key}".encode()).hexdigest()
            db.execute(insert, ["children", own, json.dumps(child | {"key": key})])
            db.execute(insert, ["deployments", own, json.dumps(record | {"orchestrator_id": own, "error": error})])
    node.start()
