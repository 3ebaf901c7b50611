#!/usr/bin/python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Measures the daemon against its targets and writes build/bench/report.md and report.json.

Usage: ./dev bench [FIGURE-PREFIX…]   such as: ./dev bench daemon executor.process
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))
sys.path.insert(0, str(HERE.parent / "fixtures"))
sys.path.insert(0, str(HERE.parent / "interop"))

import figures_actor  # noqa: E402
import figures_daemon  # noqa: E402
import figures_deployments  # noqa: E402
import figures_executor  # noqa: E402
import figures_jobs  # noqa: E402
import figures_libp2p  # noqa: E402
import figures_orchestrate  # noqa: E402
import figures_sim  # noqa: E402
import figures_supervision  # noqa: E402
import report  # noqa: E402
from node import BUILD  # noqa: E402

MODULES = (figures_actor, figures_daemon, figures_executor, figures_jobs, figures_deployments, figures_orchestrate,
           figures_libp2p, figures_sim, figures_supervision)


def list_names():
    return [name for module in MODULES for names, _ in module.MEASURES for name in names]


def explain(to):
    print(f"{__doc__.strip()}\n\nThe figures:", file=to)
    print(*(f"  {name}" for name in list_names()), sep="\n", file=to)


def main(wanted):
    if "--help" in wanted or "-h" in wanted:
        explain(sys.stdout)
        return 0
    unknown = [word for word in wanted if not any(name.startswith(word) for name in list_names())]
    if unknown:
        print(f"bench: no figure begins with: {', '.join(unknown)}\n", file=sys.stderr)
        explain(sys.stderr)
        return 2
    figures, skipped, failed = [], {}, False
    scratch = Path(tempfile.mkdtemp(prefix="dms-bench-"))
    try:
        for module in MODULES:
            for names, measure in module.MEASURES:
                if wanted and not any(name.startswith(word) for name in names for word in wanted):
                    continue
                print("measuring", ", ".join(names), "…", flush=True)
                directory = scratch / names[0]
                directory.mkdir()
                try:
                    measured = measure(directory)
                except figures_daemon.Unmeasurable as error:
                    skipped.update({name: str(error) for name in names})
                    print("  not measured:", error)
                    continue
                except Exception as error:  # One broken figure must not hide the others.
                    skipped.update({name: f"failed: {error}" for name in names})
                    failed = True
                    print("  failed:", error)
                    continue
                for figure in measured:
                    print(f"  {figure.name}: {figure.value:.3g} {figure.unit}, ratio {figure.ratio:.2f} ({figure.against})")
                figures += measured
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    report.write(BUILD / "bench", figures, skipped)
    print("wrote", os.path.relpath(BUILD / "bench" / "report.md"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
