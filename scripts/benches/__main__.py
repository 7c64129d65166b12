"""``scripts/bench NAME [--json] [--full]``."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from scaler.version import __version__
from scripts.benches import Figure

USAGE = 64


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[0] != "_")


def machine() -> dict[str, int | str]:
    """What the figures depend on; nothing that names the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cores": cores,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def as_json(bench: str, figures: Sequence[Figure]) -> str:
    """One JSON object with all figures of a benchmark."""
    document = {
        "bench": bench,
        "version": __version__,
        "machine": machine(),
        "figures": [figure.as_json() for figure in figures],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def as_table(bench: str, figures: Sequence[Figure]) -> str:
    """The same as a Markdown table, as it stands in ``docs/benchmarks.md``."""
    about = machine()
    head = (
        f"{bench}: scaler {__version__}, Python {about['python']}, {about['platform']}, {about['cores']} cores\n\n"
        "| figure | value | unit | goal | met |\n|---|---:|---|---|---|\n"
    )
    return head + "\n".join(_row(figure) for figure in figures)


def _row(figure: Figure) -> str:
    value = "—" if figure.value is None else f"{figure.value:.4g}"
    goal = "—" if figure.goal is None else f"{figure.direction} {figure.goal:g}"
    met = {None: "—", True: "yes", False: "**no**"}[figure.met]
    return f"| `{figure.name}` | {value} | {figure.unit} | {goal} | {met} |"


def main(arguments: Sequence[str]) -> int:
    """Measure one benchmark and print its figures. A missed goal is shown, and is not a failure."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure, and compare with the goals.")
    parser.add_argument("name", nargs="?", help=", ".join(names()))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--full", action="store_true", help="all cases, where a benchmark samples them by default")
    chosen = parser.parse_args(arguments)
    if chosen.name not in names():
        print(f"bench: there is {', '.join(names())}; not {chosen.name or 'one without a name'}", file=sys.stderr)
        return USAGE
    bench = importlib.import_module(f"scripts.benches.{chosen.name}")
    measure = bench.run
    samples = "full" in inspect.signature(measure).parameters
    figures: list[Figure] = measure(full=chosen.full) if samples else measure()
    if chosen.json:
        print(as_json(chosen.name, figures))
        return 0
    # A benchmark of many figures may lay some of them out in tables of its own.
    alone, tables = bench.tables(figures) if hasattr(bench, "tables") else (figures, "")
    print("\n\n".join(part for part in (as_table(chosen.name, alone), tables) if part))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
