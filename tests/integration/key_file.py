# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Writes key files as the format's description has them, with a low cost so that tests start quickly."""

import hashlib
import json
import os
import subprocess

from field_client import Identity


def write_key_file(path, name, passphrase, identity=None, cost=1024):
    identity = identity or Identity()
    salt, iv = os.urandom(64), os.urandom(16)
    derived = hashlib.scrypt(passphrase.encode(), salt=salt, n=cost, r=8, p=1, dklen=64, maxmem=1 << 28)
    plain = bytes([0x08, 0x01, 0x12, 0x40]) + bytes(identity.key) + identity.public
    sealed = subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", derived[:32].hex(), "-iv", iv.hex()],
                            input=plain, capture_output=True, check=True).stdout
    document = {
        "id": name,
        "crypto": {
            "cipher": "aes-256-ctr",
            "ciphertext": sealed.hex(),
            "cipherparams": {"iv": iv.hex()},
            "kdf": "scrypt",
            "kdfparams": {"n": cost, "r": 8, "p": 1, "dklen": 64, "salt": salt.hex()},
            "mac": hashlib.sha3_256(derived[32:] + sealed).hexdigest(),
        },
        "version": 3,
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(document, indent=2) + "\n")
    path.chmod(0o600)
    return identity
