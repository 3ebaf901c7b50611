# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""What a simulation has measured, for people (Markdown, SVG) and for programs (JSON)."""

import json

import plot

# What each step's curve shows: title, axes.
CURVES = {
    "gossip": ("Messages delivered", "time since they were published (ms)", "share of peers"),
    "join": ("Newcomers that belong", "time since the first came (s)", "share of newcomers"),
    "partition": ("Reach of a message while the network is cut, and after", "time since the cut (s)", "share of peers"),
    "lookup": ("Hops of lookups", "hops", "share of lookups"),
}
# What is plotted over the size of the network.
GROWTH = [
    ("hops", "Hops of a lookup", "hops", [("mean", "lookup.hops.mean"), ("at most", "lookup.hops.max"),
                                           ("log2 n", "lookup.log2_n")], False),
    ("delivery", "Time until a message is delivered", "ms", [("half", "gossip.delay_ms.p50"),
                                                              ("99 %", "gossip.delay_ms.p99")], False),
    ("duplicates", "Duplicates of a message, for each peer", "duplicates", [("mean", "gossip.duplicates")], False),
    ("cpu", "CPU of this machine, for each peer and simulated second", "ms",
     [("ms of CPU", "cpu_ms_per_peer_and_virtual_s")], False),
    ("memory", "Memory of the simulator, for each peer", "KiB", [("KiB", "kib_per_peer")], False),
    ("requests", "Requests of a lookup", "requests", [("mean", "lookup.requests.mean")], False),
]


def number(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or float(value).is_integer() and abs(value) < 1e12:
        return f"{int(value):,}".replace(",", " ")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", " ")


def name_steps(result):
    """Steps by name; a second one of a name is gossip_2."""
    named = {}
    for step in result["steps"]:
        name, i = step["step"], 2
        while name in named:
            name, i = f"{step['step']}_{i}", i + 1
        named[name] = step
    return named


def get_figure(result, path):
    """A figure by its path: lookup.hops.mean; None when it was not measured."""
    value = {**result, **name_steps(result)}
    for word in path.split("."):
        if not isinstance(value, dict) or word not in value:
            return None
        value = value[word]
    return value if isinstance(value, (int, float)) else None


def judge(targets, result):
    """[(target, value, reached)]: reached is None when nothing was measured."""
    judged = []
    for target in targets:
        value = get_figure(result, target["figure"])
        reached = None if value is None else (
            target.get("least", float("-inf")) <= value <= target.get("most", float("inf")))
        judged.append((target, value, reached))
    return judged


def flatten(prefix, value):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from flatten(f"{prefix}.{name}" if prefix else name, item)
    elif isinstance(value, (int, float)):
        yield prefix, value


def crop(points):
    """Up to a little after where it does not rise any more."""
    top = max(y for _, y in points)
    first = next(i for i, (_, y) in enumerate(points) if y >= top)
    return points[:max(first + 3, 10)]


def write_plots(folder, runs):
    """(file, title) of each plot."""
    plots = []
    for name, step in name_steps(runs[-1]).items():
        kind = step["step"]
        if kind not in CURVES or not step.get("curve"):
            continue
        title, x_label, y_label = CURVES[kind]
        title = f"{title} ({runs[-1]['peers']} peers)" if len(runs) == 1 else title
        if kind == "lookup":
            drawn = plot.bars(title, x_label, y_label, [(int(x), y) for x, y in step["curve"]])
        else:
            series = [(f"{run['peers']} peers", name_steps(run)[name]["curve"]) for run in runs
                      if name_steps(run).get(name, {}).get("curve")]
            if kind == "partition":
                series = [("published by others", step["curve"]), ("published in the region", step["curve_cut_off"])]
            if kind == "gossip":
                series = [(label, crop(points)) for label, points in series]
            drawn = plot.lines(title, x_label, y_label, series, y_limits=(0, 1))
        (folder / f"{name}.svg").write_text(drawn)
        plots.append((f"{name}.svg", title))
    if len(runs) > 1:
        for name, title, unit, figures, y_log in GROWTH:
            series = [(label, [(run["peers"], get_figure(run, path)) for run in runs if get_figure(run, path) is not None])
                      for label, path in figures]
            if any(points for _, points in series):
                drawn = plot.lines(title, "peers", unit, series, x_log=True, y_log=y_log, marks=True)
                (folder / f"growth-{name}.svg").write_text(drawn)
                plots.append((f"growth-{name}.svg", title))
    return plots


def list_run(run):
    lines = []
    for name, step in name_steps(run).items():
        lines += ["", f"### {name.replace('_', ' ')}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {path} | {number(value)} |" for path, value in flatten("", {
            key: value for key, value in step.items() if key not in ("curve", "curve_cut_off", "step")})]
    lines += ["", "### What went over the network", "", "| kind | messages | MB |", "|---|---|---|"]
    lines += [f"| {kind.replace('_', ' ')} | {number(count['messages'])} | {count['bytes'] / 1e6:.1f} |"
              for kind, count in run["traffic"].items() if count["messages"]]
    lines += ["", f"{number(run['dials'])} dials, {number(run['failed_dials'])} of them in vain; "
              f"{number(run['lost_packets'])} packets lost. {number(run['virtual_s'])} s of simulated time took "
              f"{number(run['cpu_s'])} s of CPU and at most {number(run['peak_mib'])} MiB: "
              f"{number(run['cpu_ms_per_peer_and_virtual_s'])} ms of CPU for each peer and simulated second, "
              f"{number(run['kib_per_peer'])} KiB for each peer. Digest of all deliveries: `{run['digest']}`."]
    return lines


def write(folder, name, scenario, runs):
    """Writes report.md, report.json and the plots; answers the judged targets."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    plots = write_plots(folder, runs)
    judged = [(run, *item) for run in runs for item in judge(scenario.get("targets", []), run)]
    lines = [f"# {scenario['title']}", "", scenario.get("about", "").strip(), "",
             f"Scenario `{name}`: {', '.join(str(run['peers']) for run in runs)} peers"
             f"{' of which ' + str(runs[-1]['sybils']) + ' lie' if runs[-1]['sybils'] else ''}, level "
             f"{scenario['level']}, seed {scenario['seed']}.", ""]
    if judged:
        lines += ["| peers | figure | value | target | reached | why |", "|---|---|---|---|---|---|"]
        for run, target, value, reached in judged:
            limits = [f"≥ {number(target['least'])}"] if "least" in target else []
            limits += [f"≤ {number(target['most'])}"] if "most" in target else []
            lines.append(f"| {run['peers']} | `{target['figure']}` | {'not measured' if value is None else number(value)} "
                         f"| {', '.join(limits)} | {'yes' if reached else 'no'} | {target.get('why', '')} |")
        lines.append("")
    for file, title in plots:
        lines += [f"![{title}]({file})", ""]
    for run in runs:
        lines += [f"## {run['peers']} peers", *list_run(run), ""]
    (folder / "report.md").write_text("\n".join(lines).rstrip() + "\n")
    (folder / "report.json").write_text(json.dumps({
        "scenario": name, "title": scenario["title"], "level": scenario["level"], "seed": scenario["seed"],
        "targets": [{"peers": run["peers"], **target, "value": value, "reached": reached}
                    for run, target, value, reached in judged],
        "runs": runs}, indent=1) + "\n")
    return judged
