# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What behave does around the features: a bed for all of them, a clean stage for each scenario, and a report."""

import contextlib
import os
import sys
import tempfile
import traceback
from pathlib import Path

import parse
from behave import register_type

HERE = Path(__file__).resolve().parent
for place in (HERE, HERE.parent / "integration", HERE.parent / "fixtures"):
    sys.path.insert(0, str(place))

import engines  # noqa: E402
from bed import find_obstacle  # noqa: E402
from jobs import IMAGE, Job  # noqa: E402
from report import Report  # noqa: E402
from stage import Stage  # noqa: E402

# Images as the job files of the field name them, made here of busybox: nothing comes from a registry.
IMAGES = {IMAGE: (), "hello-world": ('CMD ["/bin/echo", "Hello from Docker!"]',)}
# The bed of scenarios that do not ask for another one by a tag @bed:NAME.
EVERYDAY = "acceptance"


@parse.with_pattern(r"(?-i:[A-Z][a-z]+)")
def parse_name(text):
    return text


@parse.with_pattern(r"(?-i:[A-Z][a-z]+(?:(?:, | and )[A-Z][a-z]+)*)")
def parse_names(text):
    return text.replace(" and ", ", ").split(", ")


@parse.with_pattern(r"[^\"]*")
def parse_words(text):
    return text


@parse.with_pattern(r"directly|through a relay")
def parse_way(text):
    return text


register_type(Name=parse_name, Names=parse_names, Words=parse_words, Way=parse_way)


class House:
    """What outlives a feature: the bed, and the engine. (What hooks set in behave's context ends with its layer.)"""

    def __init__(self, scratch):
        self.scratch = scratch
        self.stage = None
        self.n_stages = 0
        self.engine = None
        self.engine_missing = ""
        self.stack = contextlib.ExitStack()

    def open_stage(self, topology):
        if self.stage is not None and self.stage.topology != topology:
            self.close_stage()
        if self.stage is None:
            self.n_stages += 1
            self.stage = Stage(self.scratch / f"bed{self.n_stages}", self.engine).open(topology)
        return self.stage

    def close_stage(self):
        if self.stage is not None:
            stage, self.stage = self.stage, None
            stage.close()

    def start_engine(self):
        """One engine for all nodes; where none can be had, its scenarios are skipped and say why."""
        if self.engine is not None or self.engine_missing:
            return
        # It must be there before the daemons are.
        self.close_stage()
        try:
            start = engines.ENGINES[os.environ.get("DMS_ACCEPTANCE_ENGINE", "podman")]
            directory = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="dms-"))
            running = self.stack.enter_context(start(directory))
            for image, changes in IMAGES.items():
                engines.import_busybox(running.socket, image, changes)
            self.engine = running.socket
            os.environ["DMS_DOCKER_SOCKET"] = running.socket
        except engines.EngineMissing as missing:
            self.engine_missing = str(missing)

    def close(self):
        try:
            self.close_stage()
        finally:
            self.stack.close()


def before_all(context):
    data = context.config.userdata
    context.report = Report(data.get("junit"))
    context.house = House(Path(data.get("directory") or tempfile.mkdtemp(prefix="dms-acceptance-")))


def is_wanted(context, scenario):
    return scenario.should_run(context.config) and "pending" not in scenario.effective_tags


def topology_of(scenario):
    tags = [str(tag).removeprefix("bed:") for tag in scenario.effective_tags if str(tag).startswith("bed:")]
    return tags[0] if tags else EVERYDAY


def before_feature(context, feature):
    context.report.begin_feature(feature)
    wanted = [scenario for scenario in feature.walk_scenarios() if is_wanted(context, scenario)]
    if any("engine" in scenario.effective_tags for scenario in wanted):
        context.house.start_engine()


def skip(scenario, reason):
    # behave would say it among what the report says.
    scenario.skip()
    scenario.skip_reason = reason


def before_scenario(context, scenario):
    context.report.begin_scenario()
    topology = topology_of(scenario)
    if "pending" in scenario.effective_tags:
        skip(scenario, "pending")
        return
    if "engine" in scenario.effective_tags and context.house.engine is None:
        skip(scenario, context.house.engine_missing)
        return
    if topology != EVERYDAY and find_obstacle() is not None:
        skip(scenario, find_obstacle())
        return
    if "fresh" in scenario.effective_tags:
        context.house.close_stage()
    context.stage = context.house.open_stage(topology)
    context.executor = "process"
    context.job = Job()
    context.release = None
    context.deployment = None
    context.labels = {}
    # How much each daemon had logged before it was asked something.
    context.before = {}
    context.held = contextlib.ExitStack()


def clear(context, scenario):
    """Leaves the stage as the next scenario wants it; what went wrong with that, as a text."""
    if "fresh" in scenario.effective_tags:
        context.held.close()
        context.house.close_stage()
        return None
    try:
        context.held.close()
        context.stage.reset()
    except Exception:
        trouble = traceback.format_exc()
        # Nothing is known of it any more: the next scenario gets another.
        with contextlib.suppress(Exception):
            context.house.close_stage()
        return trouble
    return None


def after_scenario(context, scenario):
    trouble = None
    if not scenario.should_skip and context.house.stage is not None:
        if scenario.status.name == "failed":
            context.stage.bed.collect()
        trouble = clear(context, scenario)
    context.report.end_scenario(scenario, trouble)
    if trouble is not None:
        raise AssertionError("the stage could not be cleared:\n" + trouble)


def after_all(context):
    try:
        context.house.close()
    finally:
        context.report.close(context.house.scratch)
