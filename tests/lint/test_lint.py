# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""The tree keeps the rules, and each rule bites: its samples in bad/ are found out, those in good/ are not."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import lint  # noqa: E402


@pytest.mark.parametrize("rule", sorted(lint.RULES))
def test_the_tree_keeps(rule):
    findings = [finding for finding in tree_findings() if finding[2] == rule]
    assert not findings, "\n".join(f"{name}:{number}: {message}" for name, number, _, message in findings)


def tree_findings(cache=[]):  # noqa: B006 - the tree is read once for all rules
    if not cache:
        cache.append(lint.check_tree(lint.TOP))
    return cache[0]


def sample(path):
    """A sample as if the folder it is in were the tree."""
    return lint.Source(path[0], str(path[1]))


def samples(folder):
    top = HERE / folder
    return [(top, path.relative_to(top)) for path in sorted(top.rglob("*")) if path.is_file()]


BAD = [(rule.name, *one) for rule in sorted((HERE / "bad").iterdir()) for one in samples(f"bad/{rule.name}")]


@pytest.mark.parametrize("rule, top, name", BAD, ids=[f"{rule}-{name}" for rule, _, name in BAD])
def test_a_bad_sample_is_found(rule, top, name):
    assert list(lint.RULES[rule](sample((top, name))))


def test_a_path_of_one_machine_is_found(tmp_path):
    """Its sample is put together here: written out, it would be such a path in the tree."""
    (tmp_path / "thing.md").write_text("# Thing\n\nSee /wor" "k/main for it.\n")
    assert list(lint.check_machine_paths(sample((tmp_path, "thing.md"))))


@pytest.mark.parametrize("path", samples("good"), ids=lambda path: str(path[1]))
def test_a_good_sample_is_not(path):
    assert not [finding for check in lint.RULES.values() for finding in check(sample(path))]


def test_every_rule_has_a_bad_sample():
    assert {rule for rule, _, _ in BAD} | {"machine-paths"} == set(lint.RULES)


def test_every_folder_of_the_engine_has_its_arrows():
    folders = {f"core/{path.name}" for path in (lint.TOP / "core").iterdir() if path.is_dir()}
    assert folders <= set(lint.ARROWS)


def test_an_arrow_never_points_back():
    """The folders of core, and of each plugin, in the order of arrows.txt: each may include only those above it."""
    above = {}
    for folder, targets in lint.ARROWS.items():
        house, _, name = folder.rpartition("/")
        assert targets <= above.get(house, set()) | {"interfaces"}, folder
        above.setdefault(house, set()).add(name)


def test_every_text_can_be_translated():
    listed = set((lint.TOP / "po" / "POTFILES").read_text().split())
    marked = {name for name in lint.list_files(lint.TOP) if name.startswith(("core/cli/", "core/daemon/"))
              and name.endswith(".c") and lint.MARK.search(lint.Source(lint.TOP, name).code)}
    assert marked == listed
