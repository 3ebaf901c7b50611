# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a job in Python has to talk to its node by: lines of JSON on a socket, and the patience to ask again."""

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
