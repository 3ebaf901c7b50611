# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Scenarios: YAML that says what is simulated. Read, checked, and made into what the program takes."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import yaml

SCENARIOS = Path(__file__).parent / "scenarios"
MAX_SIZE = 256 * 1024
MAX_NODES = 20000
MAX_NODES_WHOLE = 10000

# Where nothing is said: three continents, round trips as providers of cloud machines publish them, halved.
REGIONS = [
    {"name": "europe", "share": 0.4, "latency_ms": {"europe": 12, "america": 45, "asia": 85}},
    {"name": "america", "share": 0.35, "latency_ms": {"america": 20, "asia": 75}},
    {"name": "asia", "share": 0.25, "latency_ms": {"asia": 30}},
]


class ScenarioError(Exception):
    """What is wrong with a scenario, for who wrote it."""


@dataclass
class Number:
    least: float
    most: float
    whole: bool = False

    def check(self, value, where):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ScenarioError(f"{where}: must be a number, not {describe(value)}")
        if self.whole and not isinstance(value, int):
            raise ScenarioError(f"{where}: must be a whole number, not {value}")
        if not self.least <= value <= self.most:
            raise ScenarioError(f"{where}: must be between {self.least:g} and {self.most:g}, not {value:g}")


@dataclass
class Choice:
    words: tuple

    def check(self, value, where):
        if value not in self.words:
            raise ScenarioError(f"{where}: must be one of {', '.join(self.words)}, not {describe(value)}")


@dataclass
class Text:
    most: int = 4096

    def check(self, value, where):
        if not isinstance(value, str) or len(value) > self.most:
            raise ScenarioError(f"{where}: must be a text of at most {self.most} letters, not {describe(value)}")


@dataclass
class Flag:
    def check(self, value, where):
        if not isinstance(value, bool):
            raise ScenarioError(f"{where}: must be true or false, not {describe(value)}")


@dataclass
class Map:
    members: dict
    needed: tuple = ()

    def check(self, value, where):
        if not isinstance(value, dict):
            raise ScenarioError(f"{where}: must be a map, not {describe(value)}")
        for name, member in value.items():
            if name not in self.members:
                near = difflib.get_close_matches(str(name), list(self.members), 1)
                hint = f"did you mean “{near[0]}”?" if near else f"there is {', '.join(self.members)}"
                raise ScenarioError(f"{where}: there is no “{name}” here; {hint}")
            self.members[name].check(member, f"{where}.{name}" if where else str(name))
        for name in self.needed:
            if name not in value:
                raise ScenarioError(f"{where or 'the scenario'}: “{name}” is missing")


@dataclass
class Texts:
    """A map of texts."""

    def check(self, value, where):
        if not isinstance(value, dict) or not all(isinstance(item, str) for pair in value.items() for item in pair):
            raise ScenarioError(f"{where}: must be a map of texts")


@dataclass
class List:
    item: object
    most: int
    least: int = 1

    def check(self, value, where):
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise ScenarioError(f"{where}: must be a list of {self.least} to {self.most}, not {describe(value)}")
        for i, item in enumerate(value):
            self.item.check(item, f"{where}[{i}]")


def describe(value):
    if isinstance(value, (dict, list)):
        return f"a {'map' if isinstance(value, dict) else 'list'} of {len(value)}"
    return f"“{value}”" if isinstance(value, str) else str(value).lower()


COUNT = Number(1, 100000, whole=True)
SECONDS = Number(0, 24 * 3600)
MILLISECONDS = Number(0, 3600 * 1000)
SHARE = Number(0, 1)

STEPS = {
    "settle": {"for_s": SECONDS},
    "gossip": {"messages": COUNT, "every_ms": MILLISECONDS, "size": Number(16, 1024 * 1024, whole=True)},
    "lookup": {"lookups": COUNT, "peers": COUNT, "every_ms": MILLISECONDS},
    "discovery": {"eligible": COUNT, "searches": COUNT},
    "join": {"nodes": COUNT, "within_s": SECONDS, "for_s": SECONDS},
    "partition": {"region": Text(64), "for_s": SECONDS, "heal_s": SECONDS},
    "churn": {"per_hour": Number(0.001, 100), "away_s": SECONDS, "for_s": SECONDS},
    "deploy": {"deployments": COUNT, "eligible": COUNT, "machines": Number(1, 64, whole=True), "settle_s": SECONDS},
}


class Step:
    """One step: its name decides what else there is."""

    def check(self, value, where):
        if not isinstance(value, dict) or "step" not in value:
            raise ScenarioError(f"{where}: must be a map with “step”, one of {', '.join(STEPS)}")
        name = value["step"]
        if name not in STEPS:
            near = difflib.get_close_matches(str(name), list(STEPS), 1)
            hint = f"; did you mean “{near[0]}”?" if near else f"; there is {', '.join(STEPS)}"
            raise ScenarioError(f"{where}.step: there is no step {describe(name)}{hint}")
        Map({"step": Text(), **STEPS[name]}).check(value, where)


class Anything:
    """Checked elsewhere."""

    def check(self, value, where):
        pass


SCENARIO = Map({
    "title": Text(200),
    "about": Text(),
    "level": Choice(("network", "nodes")),
    "seed": Number(0, 2 ** 53, whole=True),
    "nodes": Number(2, MAX_NODES, whole=True),
    "sizes": List(Number(2, MAX_NODES, whole=True), 10, 2),
    "network": Map({
        "regions": List(Map({"name": Text(64), "share": Number(0, 1000), "latency_ms": Anything()},
                            needed=("name", "latency_ms")), 16),
        "jitter_ms": MILLISECONDS, "loss": Number(0, 0.5), "rate_mbit": Number(0.01, 100000),
        "handshake_trips": Number(1, 10),
        "connections": Map({"low": COUNT, "high": COUNT, "grace_s": SECONDS}),
    }),
    "start": Map({"how": Choice(("warm", "join")), "degree": COUNT, "bootstrap": COUNT, "over_s": SECONDS}),
    "sybils": Map({"share": Number(0.001, 2), "prefix": Text(15)}),
    "config": Texts(),
    "steps": List(Step(), 50),
    "targets": List(Map({"figure": Text(200), "least": Number(-1e12, 1e12), "most": Number(-1e12, 1e12),
                         "why": Text(400)}, needed=("figure",)), 50),
}, needed=("title", "nodes", "steps"))


def check_latencies(regions):
    """A full matrix of what the regions say of each other; what one says holds for the other as well."""
    names = [region["name"] for region in regions]
    if len(set(names)) != len(names):
        raise ScenarioError("network.regions: two regions have one name")
    pairs = {}
    for i, region in enumerate(regions):
        where = f"network.regions[{i}].latency_ms"
        if not isinstance(region["latency_ms"], dict):
            raise ScenarioError(f"{where}: must be a map of regions to milliseconds")
        for other, value in region["latency_ms"].items():
            if other not in names:
                raise ScenarioError(f"{where}: there is no region “{other}”; there is {', '.join(names)}")
            Number(0.01, 10000).check(value, f"{where}.{other}")
            pairs[region["name"], other] = value
    matrix = []
    for name in names:
        row = []
        for other in names:
            value = pairs.get((name, other), pairs.get((other, name)))
            if value is None:
                raise ScenarioError(f"network.regions: nobody says how far it is from “{name}” to “{other}” (latency_ms)")
            row.append(float(value))
        matrix.append(row)
    return matrix


class UniqueLoader(yaml.SafeLoader):
    """Without what silently loses half of a file."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise ScenarioError(f"line {key.start_mark.line + 1}: “{name}” is there twice")
            seen.add(name)
        return super().construct_mapping(node, deep)


def find(name):
    """A scenario by the path of its file or by its name."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml") and (SCENARIOS / f"{name}.yaml").is_file():
        return SCENARIOS / f"{name}.yaml"
    if not path.is_file():
        near = difflib.get_close_matches(path.stem, [item.stem for item in list_all()], 1)
        hint = f"; did you mean “{near[0]}”?" if near else "; ./dev sim alone lists those that are there"
        raise ScenarioError(f"there is no scenario “{name}”{hint}")
    return path


def list_all():
    return sorted(SCENARIOS.glob("*.yaml"))


def load(path):
    """The checked content of a file."""
    if path.stat().st_size > MAX_SIZE:
        raise ScenarioError(f"{path}: a scenario has at most {MAX_SIZE // 1024} KiB")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueLoader)
        SCENARIO.check(content, "")
        regions = content.get("network", {}).get("regions", REGIONS)
        matrix = check_latencies(regions)
        check_sense(content, regions)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ScenarioError(f"{path}: {place}{getattr(error, 'problem', None) or error}") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}: {error}") from None
    content["network"] = {**content.get("network", {}), "regions": [
        {"name": region["name"], "share": float(region.get("share", 1)), "latency_ms": row}
        for region, row in zip(regions, matrix)]}
    content.setdefault("level", "network")
    content.setdefault("seed", 1)
    return content


def check_sense(content, regions):
    """What single values do not show."""
    names = [region["name"] for region in regions]
    for i, step in enumerate(content["steps"]):
        if step["step"] == "partition" and step.get("region", names[0]) not in names:
            raise ScenarioError(f"steps[{i}].region: there is no region “{step['region']}”; there is {', '.join(names)}")
        if step["step"] == "deploy" and content.get("level") != "nodes":
            raise ScenarioError(f"steps[{i}]: “deploy” needs whole nodes: level: nodes")
        if step["step"] in ("gossip", "join", "partition", "discovery") and content.get("level") == "nodes":
            raise ScenarioError(f"steps[{i}]: “{step['step']}” measures the transport alone: level: network")
    if content.get("level") == "nodes" and content["nodes"] > MAX_NODES_WHOLE:
        raise ScenarioError(f"nodes: at most {MAX_NODES_WHOLE} whole nodes")
    for i, target in enumerate(content.get("targets", [])):
        if "least" not in target and "most" not in target:
            raise ScenarioError(f"targets[{i}]: says neither “least” nor “most”")
