# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Identities that are OpenPGP keys, in a GnuPG home of the test's own."""

import base64
import json
import os
import pty
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from field_client import FieldClient, Identity, Response, wire
from key_file import write_key_file
from node import NUNET, PATIENCE, PASSPHRASE, Node, wind_down

PERSON = "ada@example.org"
GPG = f"gpg:{PERSON}"
CAPS = ("--cap", "/dms/deployment", "--cap", "/dms/node", "--cap", "/public", "--cap", "/broadcast",
        "--topic", "/nunet")

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")

JOB = """
version: V1
allocations:
  main:
    executor: process
    type: task
    resources: {cpu: {cores: 0.1}, ram: {size: 64MiB}, disk: {size: 64MiB}}
    execution:
      type: process
      cmd: [/bin/sh, -c, 'echo hello from %s']
nodes:
  here:
    allocations: [main]
"""


PINENTRY = """#!/bin/sh
# Answers as a person would whose answer lies in a file; without the file, she closes the window.
echo OK
while read -r word rest; do
  case $word in
    OPTION) echo "$rest" >> "{home}/options"; echo OK ;;
    GETPIN)
      echo asked >> "{home}/asked"
      if [ -f "{home}/answer" ]; then
        printf 'D %s\\nOK\\n' "$(cat "{home}/answer")"
      else
        echo 'ERR 83886179 Operation cancelled'
      fi ;;
    BYE) echo OK; exit ;;
    *) echo OK ;;
  esac
done
"""


class Gnupg:
    """A throw-away home with a key of a person, which has no passphrase unless one is given."""

    def __init__(self, passphrase=""):
        # Sockets of the agent are in it, and their paths have to be short.
        self.home = tempfile.mkdtemp(prefix="dms-gpg-")
        self.directory = Path(self.home)
        self.passphrase = passphrase
        pinentry = self.directory / "pinentry"
        pinentry.write_text(PINENTRY.format(home=self.home))
        pinentry.chmod(0o700)
        (self.directory / "gpg-agent.conf").write_text(f"pinentry-program {pinentry}\nmax-cache-ttl 0\n"
                                                       "default-cache-ttl 0\n")
        self.env = {**os.environ, "GNUPGHOME": self.home, "LC_ALL": "C.UTF-8"}
        self.run("gpg", "--quick-generate-key", f"Ada <{PERSON}>", "ed25519", "sign,cert", "never")
        self.fingerprint = self.fingerprints(PERSON)[0]
        self.run("gpg", "--quick-add-key", self.fingerprint, "cv25519", "encr", "never")

    def run(self, *words):
        program, *rest = words
        flags = ("--batch", "--quiet", "--passphrase", self.passphrase, "--pinentry-mode", "loopback")
        flags = flags if program == "gpg" else ()
        return subprocess.run([program, *flags, *rest], env=self.env, check=True, capture_output=True,
                              timeout=60 * PATIENCE).stdout

    def fingerprints(self, name):
        listed = self.run("gpg", "--with-colons", "--list-keys", name).decode()
        return [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]

    def close(self):
        self.run("gpgconf", "--kill", "all")
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="module")
def gnupg():
    gnupg = Gnupg()
    yield gnupg
    gnupg.close()


def node_of(gnupg, path):
    """A node with its own directories whose owner also has the OpenPGP key."""
    return Node(path, env={"GNUPGHOME": gnupg.home})


@pytest.fixture
def home(gnupg, tmp_path):
    """The person's identity and a user's; nothing runs."""
    home = node_of(gnupg, tmp_path / "home")
    home.set_up()
    home.cli("cap", "new", GPG)
    home.person = home.cli("key", "did", GPG).out.strip()
    return home


def changed(token_list, change):
    """The token list with another signature in its first token."""
    tokens = json.loads(token_list)
    token = tokens["tok"][0]["dms"]
    signature = bytearray(base64.b64decode(token["sig"]))
    token["sig"] = base64.b64encode(bytes(change(signature))).decode()
    return json.dumps(tokens, separators=(",", ":"))


def test_names(home, gnupg):
    """Whatever names the key, it is one identity with one file."""
    file = home.user_dir / "cap" / f"gpg-{gnupg.fingerprint}.cap"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["did"]["uri"] == home.person
    assert home.person.startswith("did:key:z6Mk")
    for name in (gnupg.fingerprint, gnupg.fingerprint.lower(), gnupg.fingerprint[-16:], "0x" + gnupg.fingerprint):
        assert home.cli("key", "did", f"gpg:{name}").out.strip() == home.person
        home.cli("cap", "list", "-c", f"gpg:{name}")
    assert len(list((home.user_dir / "cap").glob("gpg*.cap"))) == 1
    assert not list((home.user_dir / "key").glob("gpg*"))
    # To look at the file takes no GnuPG.
    home.cli("cap", "list", "-c", f"gpg:{gnupg.fingerprint}", env={"GNUPGHOME": "/invalid"})
    for name, message in (("", "fingerprint"), ("Ada", "fingerprint"), ("eve@example.org", "no usable secret key"),
                          ("--version", "fingerprint"), ("../../x@y", "no usable secret key")):
        refused = home.cli("cap", "new", f"gpg:{name}", check=False)
        assert refused.status == 1 and message in refused.err, refused


def test_what_is_signed_is_shown(home):
    granted = home.cli("cap", "grant", "-c", GPG, *CAPS, "--depth", "2", "--audience", home.dms_did,
                       "--expiry", "2096-01-01T00:00:00Z", home.user_did)
    for text in (home.user_did, home.dms_did, "/dms/deployment, /dms/node", "/nunet", "2096-01-01 00:00:00 UTC",
                 "delegation", "at most 2 times", f"Ada <{PERSON}>"):
        assert text in granted.err, granted
    revoked = home.cli("cap", "revoke", "-c", GPG, granted.out.strip())
    assert "revocation" in revoked.err and json.loads(revoked.out)["dms"]["act"] == "revoke"


def test_two_nodes_obey(home, gnupg, tmp_path):
    """A person's key is the root; a context with a key file works for them, on two nodes, until it is revoked."""
    granted = home.cli("cap", "grant", "-c", GPG, *CAPS, "--duration", "1h", home.user_did).out.strip()
    assert len(base64.b64decode(json.loads(granted)["tok"][0]["dms"]["sig"])) > 64
    home.cli("cap", "anchor", "-c", "user", "--provide", granted)
    delegated = home.cli("cap", "grant", "-c", GPG, *CAPS, "--duration", "1h", "--depth", "3",
                         home.person).out.strip()
    nodes = []
    try:
        # One trusts the person as a root, the other within a grant that the person signed for it.
        for name, how in (("first", "--root"), ("second", "--require")):
            node = node_of(gnupg, tmp_path / name)
            # A key that opens at once: this is not about keys in files.
            write_key_file(node.user_dir / "key" / "dms.json", "dms", PASSPHRASE)
            node.cli("cap", "new", "dms")
            node.cli("cap", "anchor", "-c", "dms", how, home.person if how == "--root" else delegated)
            shutil.copytree(home.user_dir / "cap", node.user_dir / "cap", dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("dms.cap*"))
            shutil.copy(home.user_dir / "key" / "user.json", node.user_dir / "key" / "user.json")
            nodes.append(node)
            # The daemon has no GnuPG at all: the DID is all it needs.
            node.extra_env = {"GNUPGHOME": "/invalid"}
            node.start()
            node.onboard()
            ensemble = node.deploy(node.write_job("job.yaml", JOB % name))
            node.wait_status(ensemble, "Completed")
            assert node.actor("/dms/node/peers/self")["id"]

        stranger = nodes[1]
        write_key_file(stranger.user_dir / "key" / "eve.json", "eve", PASSPHRASE)
        stranger.cli("cap", "new", "eve")
        assert stranger.cli("actor", "cmd", "-c", "eve", "/dms/node/peers/self", "-t", "2s", check=False).status == 1

        revocation = home.cli("cap", "revoke", "-c", GPG, granted).out.strip()
        for node in nodes:
            node.cli("cap", "anchor", "-c", "dms", "--revoke", revocation)
            node.wait_for(lambda node=node: node.cli("-c", "user", "actor", "cmd", "/dms/node/peers/self", "-t", "2s",
                                                     check=False).status == 1, 30, "the revocation is not heeded")
    finally:
        # Nobody is left who might ask them for their jobs.
        for node in nodes:
            node.stop()


def test_the_key_asks_by_itself(gnupg, home):
    """`actor cmd -c gpg:…`: the message is the actor's own, its rights are the person's."""
    home.cli("cap", "anchor", "-c", "dms", "--root", home.person)
    home.start()
    try:
        reply = home.cli("actor", "cmd", "-c", GPG, "/dms/node/peers/self", "-t", "20s")
        assert reply.json["id"] and "is asked to sign" in reply.err and home.dms_did in reply.err
        assert home.cli("actor", "cmd", "-c", f"gpg:{gnupg.fingerprint}", "/dms/node/status", "-t", "20s").json
    finally:
        home.stop()
    refused = home.cli("run", "-c", GPG, check=False)
    assert refused.status == 1 and "key file of its own" in refused.err


@pytest.mark.parametrize("change", [
    lambda s: s[-64:], lambda s: s[:-1], lambda s: s + b"x", lambda s: s + s, lambda s: s[:-1] + bytes([s[-1] ^ 1]),
    lambda s: s[:3] + bytes([s[3] ^ 1]) + s[4:], lambda s: b"\x88" + s[1:], lambda s: b"", lambda s: bytes(600),
], ids=["raw", "short", "long", "twice", "bit", "type", "old-header", "none", "zeros"])
def test_forged_signatures(home, change):
    granted = home.cli("cap", "grant", "-c", GPG, "--cap", "/dms", "--duration", "1h", home.user_did).out.strip()
    forged = changed(granted, change)
    before = (home.user_dir / "cap" / "dms.cap").read_text()
    refused = home.cli("cap", "anchor", "-c", "dms", "--require", forged, check=False)
    assert refused.status == 1 and "not signed by its issuer" in refused.err, refused
    assert (home.user_dir / "cap" / "dms.cap").read_text() == before
    home.cli("cap", "anchor", "-c", "dms", "--require", granted)


def test_the_person_is_asked(tmp_path):
    """A passphrase goes from the window to the agent, and a closed window is a no."""
    gnupg = Gnupg(passphrase="open sesame")
    try:
        home = node_of(gnupg, tmp_path / "home")
        home.cli("key", "new", "user")
        subject = home.cli("key", "did", "user").out.strip()
        # Neither to make a context nor to look at it takes the secret half.
        home.cli("cap", "new", GPG)
        home.cli("cap", "list", "-c", GPG)
        asked = gnupg.directory / "asked"
        assert not asked.exists()
        grant = ("cap", "grant", "-c", GPG, "--cap", "/dms", "--duration", "1h", subject)
        refused = home.cli(*grant, check=False)
        assert refused.status == 1 and refused.out == "" and "ancel" in refused.err, refused
        assert "is asked to sign" in refused.err and asked.read_text() == "asked\n"
        (gnupg.directory / "answer").write_text("wrong")
        refused = home.cli(*grant, check=False)
        assert refused.status == 1 and refused.out == "" and "passphrase" in refused.err, refused
        (gnupg.directory / "answer").write_text("open sesame")
        granted = home.cli(*grant)
        assert json.loads(granted.out)["tok"] and "sesame" not in granted.err

        # The window is on the terminal, also when the token goes into a variable.
        leader, terminal = pty.openpty()
        try:
            caught = subprocess.run([str(NUNET), "--config", str(home.config_file), *grant], stdout=subprocess.PIPE,
                                    env={key: value for key, value in home.env.items() if key != "GPG_TTY"},
                                    stdin=terminal, stderr=terminal,
                                    timeout=60 * PATIENCE, check=True).stdout
            assert json.loads(caught)["tok"]
            assert f"ttyname={os.ttyname(terminal)}" in (gnupg.directory / "options").read_text().splitlines()
        finally:
            os.close(leader)
            os.close(terminal)
    finally:
        gnupg.close()


def test_invitation(home, gnupg, tmp_path):
    """An organisation whose key is in GnuPG invites; the joiner needs no GnuPG."""
    invited = home.cli("cap", "invite", "-c", GPG, "--cap", "/dms/deployment", "--duration", "24h")
    assert "an invitation for whoever has it" in invited.err and "/dms/deployment" in invited.err
    joiner = Node(tmp_path / "joiner", env={"GNUPGHOME": "/invalid"})
    joiner.cli("cap", "join", "-c", "dms", invited.out.strip(), "--yes", "--allow-wide")
    cap = json.loads((joiner.user_dir / "cap" / "dms.cap").read_text())
    assert len(base64.b64decode(cap["provide"]["tok"][0]["dms"]["chain"]["dms"]["sig"])) > 64
    assert cap["require"]["tok"][0]["dms"]["sub"]["uri"] == home.person

    # The signature is over all of it.
    prefix, body = invited.out.strip().rsplit(":", 1)
    text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    changed_text = text.replace(b'"ask":{"cap":["/dms/deployment"]', b'"ask":{"cap":["/dms/deploymens"]')
    assert changed_text != text
    forged = prefix + ":" + base64.urlsafe_b64encode(changed_text).decode().rstrip("=")
    refused = joiner.cli("cap", "join", "-", "--yes", stdin=forged, check=False)
    assert refused.status == 1 and "was changed on the way" in refused.err


def test_gpg_agrees(home, gnupg, tmp_path):
    """What a token carries is a signature that GnuPG itself calls good, over the bytes of the specification."""
    granted = home.cli("cap", "grant", "-c", GPG, *CAPS, "--duration", "1h", home.user_did).json["tok"][0]["dms"]
    packet = base64.b64decode(granted.pop("sig"))
    (tmp_path / "data").write_bytes(b"dms:token:" + wire(granted))
    (tmp_path / "sig").write_bytes(packet)
    gnupg.run("gpg", "--verify", str(tmp_path / "sig"), str(tmp_path / "data"))
    (tmp_path / "data").write_bytes(b"dms:token:" + wire({**granted, "cap": ["/"]}))
    with pytest.raises(subprocess.CalledProcessError):
        gnupg.run("gpg", "--verify", str(tmp_path / "sig"), str(tmp_path / "data"))


def test_a_node_refuses_forged_links(home):
    """Messages of a client that shares no code with the node, with good and bad links of the person's key."""
    user = Identity()
    granted = home.cli("cap", "grant", "-c", GPG, "--cap", "/dms/node/peers", "--duration", "1h", user.did).out.strip()
    home.cli("cap", "anchor", "-c", "dms", "--root", home.person)
    home.start()
    try:
        assert FieldClient(home.url, user, json.loads(granted)["tok"]).invoke("/dms/node/peers/self")["id"]
        widened = json.loads(granted)
        widened["tok"][0]["dms"]["cap"] = ["/dms/node"]
        forged = [widened] + [json.loads(changed(granted, change)) for change in (
            lambda s: s[-64:], lambda s: s + b"x", lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda s: b"\x88" + s[1:])]
        # The same link, signed by the user's own key instead of the person's.
        own = user.grant(user.did, ["/dms/node/peers"], issuer=home.person)
        for tokens in (*forged, {"tok": [own]}):
            with pytest.raises(Response):
                FieldClient(home.url, user, tokens["tok"]).invoke("/dms/node/peers/self", timeout=1.0)
        assert FieldClient(home.url, user, json.loads(granted)["tok"]).invoke("/dms/node/peers/self")["id"]
    finally:
        home.stop()


def test_other_keys_are_refused(gnupg, home):
    gnupg.run("gpg", "--quick-generate-key", "Rob <rob@example.org>", "rsa2048", "sign,cert", "never")
    refused = home.cli("cap", "new", "gpg:rob@example.org", check=False)
    assert refused.status == 1 and "only Ed25519" in refused.err
    for words in (("key", "create-prism", "x", "--prism-url", "http://x", "--key-type", "ed25519", "--timeout", "1m",
                   "--wait-confirmation", "--submission-timeout", "1m"),
                  ("key", "import-prism", "x", "did:prism:0", "00"), ("key", "ledger-alias", "set", "a", "1"),
                  ("cap", "new", "ledger"), ("cap", "list", "-c", "eternl:0")):
        refused = home.cli(*words, check=False)
        assert refused.status == 1 and "not supported" in refused.err and "gpg:" in refused.err
    for words in (("key", "export", GPG, "-y"), ("key", "rotate", GPG, "-y")):
        refused = home.cli(*words, check=False)
        assert refused.status == 1 and "no key file" in refused.err


def test_backup_and_restore(gnupg, home, tmp_path):
    file = tmp_path / "backup.gpg"
    home.cli("cap", "anchor", "-c", "user", "--root", home.person)
    home.cli("key", "backup", "dms", "user", GPG, "--to", PERSON, "-o", file)
    content = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    for secret in (b"ciphertext", b"did:key", b"dms-backup"):
        assert secret not in content

    other = node_of(gnupg, tmp_path / "other")
    declined = other.cli("key", "restore", file, check=False, stdin="n\n")
    assert declined.status == 1 and f"trusts {home.person} without limit" in declined.err
    assert not other.user_dir.exists() or not list(other.user_dir.rglob("*.json"))
    restored = other.cli("key", "restore", file, stdin="y\n").out
    assert restored == (f"dms\t{home.dms_did}\nuser\t{home.user_did}\n"
                        f"gpg-{gnupg.fingerprint}\t{home.person}\n")
    assert other.cli("key", "did", "dms").out.strip() == home.dms_did
    for folder, name in (("key", "dms.json"), ("key", "user.json"), ("cap", "user.cap")):
        path = other.user_dir / folder / name
        assert path.read_bytes() == (home.user_dir / folder / name).read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert other.cli("cap", "list", "-c", GPG).out == home.cli("cap", "list", "-c", GPG).out
    asked = other.cli("key", "restore", file, check=False, stdin="n\n")
    assert asked.status == 1 and "OVERWRITTEN" in asked.err

    file.write_bytes(content[:-40] + bytes(40))
    assert other.cli("key", "restore", file, "-y", check=False).status == 1
    assert home.cli("key", "backup", "nobody", "--to", PERSON, "-o", file, check=False).status == 1
    assert home.cli("key", "backup", "dms", "--to", "eve@example.org", "-o", file, "-f", check=False).status == 1


@pytest.mark.parametrize("content", [
    "", "{}", "[]", '{"dms-backup":2,"contexts":[{"name":"a","cap":""}]}', '{"dms-backup":1,"contexts":[]}',
    '{"dms-backup":1,"contexts":[{"name":"../a","cap":"e30="}]}',
    '{"dms-backup":1,"contexts":[{"name":"a"}]}', '{"dms-backup":1,"contexts":[{"name":"a","key":"e30="}]}',
    '{"dms-backup":1,"contexts":[{"name":"a","cap":"e30="}]}',
    '{"dms-backup":1,"contexts":[{"name":"ledger","cap":"eyJkaWQiOnsidXJpIjoiZGlkOngifX0="}]}',
    '{"dms-backup":1,"contexts":' + "[" * 5000,
])
def test_restore_refuses_what_is_no_backup(gnupg, home, tmp_path, content):
    """Anybody can encrypt anything to a public key."""
    plain = tmp_path / "plain"
    plain.write_text(content)
    gnupg.run("gpg", "--trust-model", "always", "-r", PERSON, "-o", str(tmp_path / "backup"), "--encrypt", str(plain))
    before = sorted(str(path) for path in home.user_dir.rglob("*"))
    refused = home.cli("key", "restore", tmp_path / "backup", "-y", check=False)
    assert refused.status == 1 and refused.err.startswith("Error: "), refused
    assert sorted(str(path) for path in home.user_dir.rglob("*")) == before


def test_restore_is_bounded(gnupg, home, tmp_path):
    """A gigabyte of zeros is a megabyte on the way."""
    plain = tmp_path / "zeros"
    with plain.open("wb") as zeros:
        zeros.truncate(100 << 20)
    gnupg.run("gpg", "--trust-model", "always", "-z", "9", "-r", PERSON, "-o", str(tmp_path / "bomb"), "--encrypt",
              str(plain))
    assert (tmp_path / "bomb").stat().st_size < 1 << 20
    refused = home.cli("key", "restore", tmp_path / "bomb", "-y", check=False)
    assert refused.status == 1 and "more than" in refused.err, refused


def test_export(home, tmp_path):
    file = tmp_path / "key.hex"
    declined = home.cli("key", "export", "user", check=False, stdin="n\n")
    assert declined.status == 1 and declined.out == ""
    exported = home.cli("key", "export", "user", stdin="y\n").out
    assert exported.startswith("08011240") and len(exported) == 2 * 68 + 1
    assert home.cli("key", "export", "user", "-y", "-o", file).out.strip() == home.user_did
    assert file.read_text() == exported and file.stat().st_mode & 0o777 == 0o600
    assert home.cli("key", "import", "copy", exported.strip()).out.strip() == home.user_did

    leader, terminal = pty.openpty()
    try:
        shown = subprocess.run([str(NUNET), "--config", str(home.config_file), "key", "export", "user", "-y"],
                               env=home.env, stdout=terminal, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                               timeout=60 * PATIENCE, check=False)
        assert shown.returncode == 1 and b"--force" in shown.stderr
    finally:
        os.close(leader)
        os.close(terminal)


def test_rotate(home, tmp_path):
    """A key is replaced; its rights and promises hold on."""
    home.cli("cap", "remove", "-c", "dms", "--root", home.user_did)
    granted = home.cli("cap", "grant", "-c", "dms", "--cap", "/dms", "--cap", "/public", "--duration", "1h",
                       home.user_did).out.strip()
    home.cli("cap", "anchor", "-c", "user", "--provide", granted)
    home.start()
    try:
        assert home.actor("/dms/node/peers/self")["id"]
        rotated = home.cli("key", "rotate", "user", "-y")
        new_did = rotated.out.strip()
        assert new_did != home.user_did and home.cli("key", "did", "user").out.strip() == new_did
        assert "2 rights are handed over" in rotated.err and home.user_did in rotated.err
        assert home.actor("/dms/node/peers/self")["id"]
        old = [path.stem for path in (home.user_dir / "key").glob("user.old-*.json")]
        assert len(old) == 1
        assert home.cli("key", "did", old[0]).out.strip() == home.user_did
        assert home.cli("actor", "cmd", "-c", old[0], "/dms/node/peers/self").json["id"]

        # Stolen: nothing is handed over.
        home.cli("key", "rotate", "user", "-y", "--overlap", "0s")
        assert home.cli("actor", "cmd", "-c", "user", "/dms/node/peers/self", "-t", "2s", check=False).status == 1
        assert json.loads((home.user_dir / "cap" / "user.cap").read_text())["provide"] in ({}, {"tok": []},
                                                                                           {"tok": None})
    finally:
        home.stop()
    assert home.cli("key", "rotate", "user", check=False, stdin="n\n").status == 1
    assert PASSPHRASE not in rotated.err


def test_rotated_node_keeps_its_promises(home):
    """The node's own key: what it granted by itself, and who is its root, stay."""
    granted = home.cli("cap", "grant", "-c", "dms", "--cap", "/dms", "--duration", "1h", home.user_did).out.strip()
    home.cli("cap", "anchor", "-c", "dms", "--require", granted)
    home.cli("cap", "anchor", "-c", "user", "--provide", granted)
    home.cli("cap", "remove", "-c", "dms", "--root", home.user_did)
    rotated = home.cli("key", "rotate", "dms", "-y")
    require = json.loads((home.user_dir / "cap" / "dms.cap").read_text())["require"]["tok"]
    assert [token["dms"]["iss"]["uri"] for token in require] == [rotated.out.strip()] * 2
    home.start()
    try:
        # The token that the user holds is of the old key; the overlap makes the node take it.
        assert home.actor("/dms/node/peers/self")["id"]
    finally:
        home.stop()


def test_joins_an_organisation(home, tmp_path):
    """A person whose key is in GnuPG joins as well."""
    organisation = Node(tmp_path / "organisation", name="org").set_up()
    made = organisation.cli("cap", "invite", "-c", "org", "--cap", "/public", "--duration", "24h", "--for", home.person)
    assert home.person in home.cli("cap", "join", "-c", GPG, "-", "--yes", stdin=made.out).out
    again = home.cli("cap", "join", "-c", GPG, "-", "--yes", stdin=made.out)
    assert "already" in again.out
    assert "grants revoked: 1" in home.cli("cap", "leave", "-c", GPG, organisation.dms_did).out
