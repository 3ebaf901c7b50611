#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the tree. Prints `file:line: rule: what is wrong`, one a line; exit status 1 if there is any.

Usage: lint.py [DIRECTORY]     the tree to check, by default the one this file is in
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
CODE = ("interfaces", "core", "plugins")
MAX_LINES = 1000
MAX_COLUMNS = 110
MAX_NESTING = 5
SPDX = ("SPDX-FileCopyrightText: The DMS authors", "SPDX-License-Identifier: Apache-2.0")
NEEDS_SPDX = {".c", ".h", ".in", ".py", ".sh", ".sql", ".yaml", ".yml", ".build"}
NEEDS_SPDX_NAMES = {"meson.build", "meson_options.txt", "dev", "run", "debian-packages.txt"}
TEXT = NEEDS_SPDX | {".md", ".txt", ".json", ".xml", ".plugin", ".toml", ".svg", ".po", ".pot"}

# What tests feed to a parser: its lines are counted, so nothing is put in front of them.
TEST_INPUT = re.compile(r"^tests/.*/(good|bad|data|corpus)/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
# Split, so that this file is not its own first finding.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.-])/(wor" r"k|far" r"m)/|bash_" r"jobs")
GOTO = re.compile(r"\bgoto\s+\w+\s*;")
DEFINE_TYPE = re.compile(r"^\s*G_DEFINE_(?:FINAL_|ABSTRACT_)?(?:TYPE|INTERFACE|BOXED_TYPE)\w*\s*\(\s*(\w+)", re.M)
DECLARE_TYPE = re.compile(r"^\s*G_DECLARE_(?:FINAL_TYPE|DERIVABLE_TYPE|INTERFACE)\s*\(\s*(\w+)", re.M)
MARKED = re.compile(r"\.(summary|description)\s*=(?!\s*(?:N_ \(|NULL|$))")
MARK = re.compile(r"(?<!\w)(?:_|N_|C_|ngettext) \(")
GUARD = re.compile(r"^\s*#\s*pragma\s+once\b", re.M)
# A comment that documents a function, and what is between it and the next parenthesis.
DOCUMENTED = re.compile(r"^/\*\*\n \* (dms_\w+):(?:(?!\*/).)*?\*/\n(?!G_DEFINE)([^(;]*)\(", re.S | re.M)
FUNCTION_MACRO = re.compile(r"^\s*#\s*define\s+([A-Za-z_]\w*)\(")


class Source:
    """One file of the tree."""

    def __init__(self, top, name):
        self.name = name
        self.path = top / name
        self.text = self.path.read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.splitlines()
        self.is_c = self.path.suffix in (".c", ".h")
        self.code = strip_comments(self.text) if self.is_c else self.text

    @property
    def is_engine(self):
        return self.name.split("/")[0] in CODE


def strip_comments(text):
    """C without its comments and the insides of its strings, keeping the lines where they are."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        token = match[0]
        if token[0] == '"':
            return '""'
        if token[0] == "'":
            return "' '"
        return "\n" * token.count("\n") or " "

    return pattern.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def camel(name):
    """The type a file is named after: dms-cli-call gives DmsCliCall."""
    return "".join(part.capitalize() for part in re.split(r"[-_]", name))


def read_arrows():
    arrows = {}
    for line in (HERE / "arrows.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            folder, targets = line.split(":")
            arrows[folder] = set(targets.split())
    return arrows


ARROWS = read_arrows()


def folder_of(name):
    parts = name.split("/")
    return f"core/{parts[1]}" if parts[0] == "core" and len(parts) > 2 else parts[0]


def list_parts(plugin):
    """The folders of a plugin that is a library in its own right, if it has any arrows."""
    prefix = f"{plugin}/"
    return {name.removeprefix(prefix): targets for name, targets in ARROWS.items() if name.startswith(prefix)}


def check_arrows_within_plugin(source):
    parts = source.name.split("/")
    arrows = list_parts("/".join(parts[:2]))
    if len(parts) < 4 or not arrows:
        return
    if parts[2] not in arrows:
        yield 1, f"the folder {'/'.join(parts[:3])} is not in tests/lint/arrows.txt"
        return
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        first = match[2].split("/")[0] if match else None
        if first in arrows and first != parts[2] and first not in arrows[parts[2]]:
            yield number, f"{'/'.join(parts[:3])} must not include {first} (tests/lint/arrows.txt)"


def check_arrows(source):
    if not source.is_c or not source.is_engine:
        return
    folder = folder_of(source.name)
    if folder == "plugins":
        yield from check_arrows_within_plugin(source)
    if folder not in ARROWS:
        yield 1, f"the folder {folder} is not in tests/lint/arrows.txt"
        return
    known = {name.split("/")[1] for name in ARROWS if name.startswith("core/")}
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[2]
        first = target.removeprefix("../").split("/")[0]
        if folder in ("interfaces", "plugins", "core/exec-shim"):
            own = folder == "plugins" and (source.path.parents[len(source.name.split("/")) - 3] / target).is_file()
            if "core/" in target or (first in known and "/" in target and folder == "plugins" and not own):
                yield number, f"{folder} must not include core ({target})"
            continue
        if match[1] == "<":
            continue
        if "../" in target or target.startswith("core/"):
            yield number, f"name the folder below core: “{target}”"
        elif "/" in target and first in known and first != folder.split("/")[1] and first not in ARROWS[folder]:
            yield number, f"{folder} must not include {first} (tests/lint/arrows.txt)"


def check_length(source):
    if source.path.suffix in (".c", ".h", ".py", ".sh") or source.name == "dev":
        if len(source.lines) > MAX_LINES:
            yield MAX_LINES + 1, f"{len(source.lines)} lines, of at most {MAX_LINES}: split it by type"


def check_columns(source):
    if not source.is_c:
        return
    for number, line in enumerate(source.lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns, of at most {MAX_COLUMNS}"
        if "\t" in line:
            yield number, "a tab: indent with blanks"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"


def check_goto(source):
    if source.is_c:
        for match in GOTO.finditer(source.code):
            yield line_of(source.code, match.start()), "no goto: use g_autoptr, or a function of its own"


def check_spdx(source):
    if TEST_INPUT.match(source.name):
        return
    if source.path.suffix in NEEDS_SPDX or source.path.name in NEEDS_SPDX_NAMES:
        head = "\n".join(source.lines[:6])
        for line in SPDX:
            if line not in head:
                yield 1, f"the head lacks “{line}”"


def check_one_type(source):
    if not source.is_c or not source.is_engine:
        return
    pattern = DECLARE_TYPE if source.path.suffix == ".h" else DEFINE_TYPE
    names = [(line_of(source.code, match.start()), match[1]) for match in pattern.finditer(source.code)]
    for number, name in names[1:]:
        # A builder may live with what it builds.
        if name != names[0][1] + "Builder":
            yield number, f"a second type in one file: {name} belongs in a file of its own"
    for number, name in names[:1]:
        stem = source.path.stem.removesuffix("-private")
        if camel(stem).lower() != name.lower():
            yield number, f"{name} belongs in a file named after it, not in {source.path.name}"


def check_unfinished(source):
    for number, line in enumerate(source.lines, 1):
        if UNFINISHED.search(line):
            yield number, "unfinished by its own words"


def check_machine_paths(source):
    for number, line in enumerate(source.lines, 1):
        if MACHINE_PATHS.search(line):
            yield number, "a path of one machine"


def check_translation(source):
    if not source.is_c or not source.name.startswith("core/cli/"):
        return
    for number, line in enumerate(source.code.splitlines(), 1):
        if MARKED.search(line):
            yield number, "what people read is marked with N_ ()"


def check_docs(source):
    """What stands between a comment and its function, such as another function put there later, takes it over."""
    if not source.is_c:
        return
    for match in DOCUMENTED.finditer(source.text):
        if match[1] not in match[2].split():
            yield line_of(source.text, match.start()), f"the comment on {match[1]} does not stand above it"


def check_guard(source):
    if source.path.suffix == ".h" and source.is_engine and not GUARD.search(source.text):
        yield 1, "the header lacks #pragma once"


def check_macros(source):
    if not source.is_c or not source.is_engine:
        return
    for number, line in enumerate(source.code.splitlines(), 1):
        match = FUNCTION_MACRO.match(line)
        if match:
            yield number, f"a macro with arguments, {match[1]}: write a function"


def check_nesting(source):
    """Blocks inside a function: its body is the first level. Tables and enums do not count."""
    if source.path.suffix != ".c" or not source.is_engine:
        return
    stack = []
    code = re.sub(r"^[ \t]*#.*$", "", source.code, flags=re.M)
    previous = ""
    for match in re.finditer(r"[{}]|[^\s{}]+", code):
        token = match[0]
        if token == "{":
            stack.append(not previous.endswith(("=", ",", "{", "(", "]")) and (bool(stack) or previous.endswith(")")))
            depth = sum(stack)
            if stack[-1] and depth > MAX_NESTING:
                yield line_of(code, match.start()), f"nested {depth - 1} deep: make it a function"
        elif token == "}" and stack:
            stack.pop()
        previous = token


RULES = {
    "arrows": check_arrows,
    "length": check_length,
    "columns": check_columns,
    "goto": check_goto,
    "spdx": check_spdx,
    "one-type": check_one_type,
    "unfinished": check_unfinished,
    "machine-paths": check_machine_paths,
    "translation": check_translation,
    "docs": check_docs,
    "guard": check_guard,
    "macros": check_macros,
    "nesting": check_nesting,
}


def list_files(top):
    """What git knows or would add; for a directory outside of git's view, everything in it."""
    listing = subprocess.run(["git", "-C", str(top), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                             text=True, check=False)
    names = listing.stdout.splitlines() if listing.returncode == 0 else []
    if not names:
        names = [str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()]
    return sorted(name for name in names if not name.startswith(("tests/lint/bad/", "tests/lint/good/")))


def is_text(path):
    return path.is_file() and (path.suffix in TEXT or path.name in NEEDS_SPDX_NAMES)


def check_tree(top):
    findings = []
    for name in list_files(top):
        if not is_text(top / name):
            continue
        source = Source(top, name)
        for rule, check in RULES.items():
            findings += [(name, number, rule, message) for number, message in check(source)]
    return findings


def main(arguments):
    findings = check_tree(Path(arguments[0]).resolve() if arguments else TOP)
    for name, number, rule, message in findings:
        print(f"{name}:{number}: {rule}: {message}")
    print(f"{len(findings)} findings" if findings else "The rules are kept.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
