# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What ./dev soak chaos deploys, and how each of it has to end.

Every job writes, when it starts, a line of its marker and the time into a volume of its machine, so that starts can be
counted without asking any daemon. The marker is in the command line, too, where the processes that run are found.
"""

import json
from dataclasses import dataclass, field

from job_client import ASK

GAVE_UP = "failed to create deployment"
# Faults are short: what is to be noticed has to be noticed soon, and repairs are many.
SUPERVISION = {"detect_within": "6s", "lease": "12s", "max_restarts": 60, "restart_period": "30m"}
# Not heard of for so long, whoever orchestrates is replaced.
TAKEOVER = "5s"
# The shell stays, and with it the marker in its command line.
FOREVER = "sleep 100000; exit 1"
# Who is to run is told apart from who ran before by the time of its start.
START = 'echo "{marker} $(date +%s%N)" >> /starts/starts; '
TICKS = ('run=$(date +%s%N); {until} do echo "{marker} $run $(date +%s%N)" >> /starts/ticks; sleep 0.4; done')

# What a job does that deploys others: it asks again until it is answered, as its daemon may be away.
PARENT = ASK + r'''
marker, number, seconds = sys.argv[1:4]
keys = ["one", "two", "three"]
for at, key in enumerate(keys):
    script = "sleep %s; echo %d  # %s-%s" % (seconds, 10 ** at, marker.replace("chaos-", "kid-"), key)
    job = {"version": "V1", "allocations": {"main": {
        "executor": "process", "type": "task",
        "resources": {"cpu": {"cores": 0.1}, "ram": {"size": "32MiB"}, "disk": {"size": "4MiB"}},
        "execution": {"type": "process", "cmd": ["/bin/sh", "-c", script]}}},
        "nodes": {"kid%s" % number: {"allocations": ["main"]}}}
    answer = ask(op="deploy", key=key, ensemble=job)
    if not answer["ok"]:
        sys.exit("not deployed: %s" % answer)
while True:
    children = ask(op="list")["children"]
    if len(children) == len(keys) and all(child["over"] for child in children):
        break
    time.sleep(0.5)
if any(child["status"] != "Completed" for child in children):
    sys.exit("a child failed: %s" % children)
found = sum(int(ask(op="output", key=key, allocation="kid%s.main" % number)["output"]) for key in keys)
while True:
    try:
        with open("/starts/results", "a") as file:
            file.write("%s %d\n" % (marker, found))
        break
    except OSError:
        time.sleep(0.5)
'''


@dataclass
class Kind:
    """How a deployment is made, and what is right for it."""

    weight: int
    wanted: str
    # (deployment) → the job as an object; fills in the deployment's markers.
    make: object
    # A job that was killed is started again, and so does not fail the deployment.
    heals: bool = False
    # How it may end otherwise, given the error: for those whose budget may be used up.
    may_fail: object = None
    # What has to hold in the end, for the auditor: names of members of Expected.
    rules: tuple = ()
    # Changed while it runs: (deployment) → another job.
    change: object = None
    # Whether others may take it over.
    inherited: bool = False


@dataclass
class Part:
    """One allocation, on a node of its own unless it shares one."""

    name: str
    script: str
    kind: str = "service"
    node: str = ""
    more: dict = field(default_factory=dict)


def allocation(part, marker, cores=0.1):
    return {"executor": "process", "type": part.kind,
            "resources": {"cpu": {"cores": cores}, "ram": {"size": "32MiB"}, "disk": {"size": "4MiB"}},
            "execution": {"type": "process", "cmd": ["/bin/sh", "-c", START.format(marker=marker) + part.script]},
            "volume": [{"type": "local", "name": "starts", "src": "starts", "mount_destination": "/starts"}], **part.more}


def write(deployment, parts, node=None, cores=0.1, **top):
    job = {"version": "V1", "allocations": {}, "nodes": {}, **top}
    for part in parts:
        job["allocations"][part.name] = allocation(part, deployment.marker(part.name), cores)
        entry = job["nodes"].setdefault(part.node or f"{part.name}n", {"allocations": [], **(node or {})})
        entry["allocations"].append(part.name)
    deployment.markers = [deployment.marker(part.name) for part in parts]
    return job


# --- without a policy ---

def simple(kind, nodes, script, cores=0.1):
    def make(deployment):
        text = script.format(seconds=round(deployment.seconds))
        return write(deployment, [Part(f"part{index}", text, kind) for index in range(nodes)], cores=cores)
    return make


# --- updates ---

def before(deployment):
    return write(deployment, [Part("keeps", FOREVER), Part("goes", FOREVER), Part("old", FOREVER, node="changes")])


def after(deployment):
    """One part stays, one is removed, one is made anew under another name, one is added."""
    first = list(deployment.markers)
    job = write(deployment, [Part("keeps", FOREVER), Part("new", FOREVER, node="changes"), Part("comes", FOREVER)])
    deployment.versions = (tuple(first), tuple(deployment.markers))
    deployment.markers = sorted({*first, *deployment.markers})
    return job


# --- workflows ---

def task(deployment, name, script, flow):
    marker = deployment.marker(name)
    start = f'echo "{marker}.$DMS_INDEX.$DMS_ATTEMPT $(date +%s%N)" >> /starts/starts; '
    made = allocation(Part(name, "", "task", more={"workflow": flow}), marker)
    made["execution"]["cmd"][2] = start + script
    return made


def workflow(single):
    # What failed is tried again; what may not run twice is not.
    tries = {"single": True} if single else {"retries": {"max": 20, "delay": "500ms", "max_delay": "5s"}}

    def make(deployment):
        seconds = max(1, round(deployment.seconds / 3))
        marker = deployment.marker("sum")
        tasks = {
            "list": task(deployment, "list", "sleep 1; seq 4", {"outputs": {"n": "stdout"}, **tries}),
            "work": task(deployment, "work", f'sleep {seconds}; echo "r=$((DMS_ITEM * DMS_ITEM))"',
                         {"for_each": "list.n", "slots": 2, "outputs": {"r": {"prefix": "r="}}, **tries}),
            "sum": task(deployment, "sum",
                        f'until echo "{marker} $(($(echo "$R" | tr -d "[]\\"" | tr , +)))" >> /starts/results; '
                        "do sleep 0.5; done",
                        {"inputs": {"R": "work.r"}, **tries}),
        }
        deployment.markers = [deployment.marker(name) for name in tasks]
        deployment.result = (marker, "30")
        return {"version": "V1", "allocations": tasks,
                "nodes": {"first": {"allocations": ["list", "work"]}, "second": {"allocations": ["sum"]}}}
    return make


# --- jobs that deploy ---

def recursive(deployment):
    marker = deployment.marker("main")
    budget = {"max_deployments": 3, "lifetime": "20m",
              "resources": {"cpu": {"cores": 0.5}, "ram": {"size": "256MiB"}, "disk": {"size": "64MiB"}}}
    job = write(deployment, [Part("main", "", "task", more={"children": budget})])
    job["allocations"]["main"]["execution"]["cmd"] = [
        "/usr/bin/python3", "-c", PARENT, marker, str(deployment.number), str(max(1, round(deployment.seconds / 2)))]
    job["allocations"]["main"]["resources"]["ram"]["size"] = "96MiB"
    deployment.result = (marker, "111")
    return job


# --- policies ---

def policy(strategy, names, one_node=False):
    def make(deployment):
        parts = [Part(name, FOREVER, node="all" if one_node else "", more={"failure_recovery": strategy})
                 for name in names]
        if one_node:
            for first, second in zip(parts, parts[1:]):
                second.more["depends_on"] = [first.name]
        # A job that is lost with its shim is the node's business.
        return write(deployment, parts, {"failure_recovery": "restart"}, supervision=SUPERVISION)
    return make


def redeployed(deployment):
    return write(deployment, [Part("part0", FOREVER, more={"failure_recovery": "one_for_one"}),
                              Part("part1", FOREVER, more={"failure_recovery": "one_for_one"})],
                 {"failure_recovery": "redeploy"}, supervision=SUPERVISION)


def with_standby(deployment):
    # The standby is for a machine that is lost; a job that fails on its machine is started again there.
    return write(deployment, [Part("part0", FOREVER, more={"failure_recovery": "one_for_one"})],
                 {"redundancy": 1, "failure_recovery": "redeploy"}, supervision=SUPERVISION)


def torn_down(deployment):
    return write(deployment, [Part("part0", "sleep 1; exit 5", more={"failure_recovery": "one_for_one"}),
                              Part("part1", FOREVER)],
                 escalation_strategy="teardown", supervision={**SUPERVISION, "max_restarts": 2})


def escalates(deployment):
    """It fails until some time is over; its allocation's budget is used up before, that of the whole is not."""
    script = f'test "$(date +%s)" -ge "$(($(head -n 1 /starts/began-{deployment.marker("part0")}) + 12))" || exit 9; {FOREVER}'
    began = f'set -C; date +%s 2>/dev/null > /starts/began-{deployment.marker("part0")}; '
    return write(deployment, [Part("part0", f"{began}sleep 1; {script}", more={"failure_recovery": "one_for_one"}),
                              Part("part1", FOREVER, more={"failure_recovery": "one_for_one"})],
                 {"failure_recovery": "restart"}, escalation_strategy="redeploy",
                 supervision={**SUPERVISION, "max_restarts": 3, "restart_period": "20s"})


def single(kind):
    def make(deployment):
        marker = deployment.marker("part0")
        until = "while :;" if kind == "service" else f"for i in $(seq {round(deployment.seconds * 2.5)});"
        part = Part("part0", TICKS.format(marker=marker, until=until), kind,
                    more={"single": True, "failure_recovery": "one_for_one"})
        return write(deployment, [part], {"failure_recovery": "redeploy"}, supervision=SUPERVISION)
    return make


def inherited(make):
    """The same, and whoever else deploys may take it over."""
    def made(deployment):
        job = make(deployment)
        return {**job, "standby_orchestrators": list(deployment.standbys),
                "supervision": {**job.get("supervision", {}), "takeover": TAKEOVER}}
    return made


def standby_is_away(deployment):
    """All standbys have to agree before anything is placed."""
    return deployment.error.startswith("standby orchestrator ")


def budget_is_used_up(deployment):
    return "code 9" in deployment.error


KINDS = {
    "task": Kind(3, "Completed", simple("task", 1, "sleep {seconds}; exit 0"), rules=("single",)),
    "failing task": Kind(1, "Failed", simple("task", 1, "sleep {seconds}; exit 3"), rules=("single",)),
    "two tasks": Kind(2, "Completed", simple("task", 2, "sleep {seconds}; exit 0"), rules=("single",)),
    "service": Kind(2, "Running", simple("service", 1, FOREVER), rules=("runs",)),
    "two services": Kind(2, "Running", simple("service", 2, FOREVER), rules=("runs",)),
    "cancelled": Kind(2, "Completed", simple("service", 2, FOREVER)),
    "too large": Kind(1, "Failed", simple("task", 1, "true", cores=1000), rules=("single",)),
    "updated": Kind(3, "Running", before, change=after, rules=("runs",)),
    "workflow": Kind(2, "Completed", workflow(False), heals=True, rules=("once", "result")),
    "single workflow": Kind(2, "Completed", workflow(True), rules=("once", "result")),
    "recursive": Kind(2, "Completed", recursive, rules=("result",)),
    "one for one": Kind(2, "Running", policy("one_for_one", ("part0", "part1")), heals=True, rules=("runs",)),
    "one for all": Kind(2, "Running", policy("one_for_all", ("part0", "part1")), heals=True, rules=("runs", "after")),
    "rest for one": Kind(2, "Running", policy("rest_for_one", ("part0", "part1", "part2"), True), heals=True,
                         rules=("runs", "after")),
    "redeployed": Kind(2, "Running", redeployed, heals=True, rules=("runs",)),
    "standby": Kind(2, "Running", with_standby, heals=True, rules=("runs",)),
    "torn down": Kind(1, "Failed", torn_down),
    "escalates": Kind(1, "Running", escalates, heals=True, may_fail=budget_is_used_up, rules=("runs",)),
    "single service": Kind(2, "Running", single("service"), heals=True, rules=("runs", "never_twice")),
    "single task": Kind(2, "Completed", single("task"), heals=True, rules=("never_twice",)),
    "inherited service": Kind(2, "Running", inherited(policy("one_for_one", ("part0", "part1"))), heals=True,
                              may_fail=standby_is_away, rules=("runs",), inherited=True),
    "inherited task": Kind(2, "Completed", inherited(simple("task", 2, "sleep {seconds}; exit 0")),
                           may_fail=standby_is_away, rules=("single",), inherited=True),
    "inherited workflow": Kind(2, "Completed", inherited(workflow(False)), heals=True, may_fail=standby_is_away,
                               rules=("once", "result"), inherited=True),
    "inherited single": Kind(2, "Running", inherited(single("service")), heals=True, may_fail=standby_is_away,
                             rules=("runs", "never_twice"), inherited=True),
}


def text_of(job):
    return json.dumps(job, indent=1)


def is_right(deployment):
    """Whether its state is one that its policy allows."""
    kind = KINDS[deployment.kind]
    if deployment.state == kind.wanted:
        return True
    if deployment.state != "Failed":
        return False
    # Who found no machines says so; without a policy that starts it anew a job that was killed has failed.
    return (deployment.error.startswith(GAVE_UP) or (deployment.kills and not kind.heals)
            or (kind.may_fail is not None and kind.may_fail(deployment)))
