"""Folders with what a reader is assumed to have, and an environment that knows nothing of whoever runs the tests.

Histories end now, as a reader's do.
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scaler.demo.workloads import generate
from tests.docs.waiting import AT, CLIENT

ROOT = Path(__file__).parents[2]
STEP_SECONDS = 900
WEEKS = 4


_REAL = f'PYTHONPATH="{ROOT}" exec "{sys.executable}"'
_TYPED = f'exec "{sys.executable}" -IS "{CLIENT}" "${AT}"'
#: Each is what it says; where a server waits (``waiting.py``), most of its start is behind it.
PROGRAMS = {
    "scaler": f'[ -n "${{{AT}:-}}" ] && {_TYPED} scaler "$@"\n{_REAL} -m scaler.cli.main "$@"\n',
    "python": f'[ -n "${{{AT}:-}}" ] && [ "$*" = - ] && {_TYPED} python -\n{_REAL} "$@"\n',
}


@dataclass
class World:
    """A folder, and an environment that knows nothing of whoever runs the tests."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    servers: ExitStack = field(default_factory=ExitStack)
    #: Python that blocks of the page take for given, and commands that have been run before it is read.
    prelude: str = ""
    before: tuple[str, ...] = ()

    @property
    def from_nothing(self) -> dict[str, str]:
        """Its environment where no program waits."""
        return {name: value for name, value in self.environment.items() if name != AT}


def environment_of(folder: Path) -> dict[str, str]:
    programs, home = folder / "bin", folder / "home"
    programs.mkdir()
    home.mkdir()
    for program, text in PROGRAMS.items():
        path = programs / program
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    kept = ("SCALER_TF_MIRROR", "TF_CLI_CONFIG_FILE", "GOGC", "LANG", "TMPDIR", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "COLUMNS": "110",
        "NO_COLOR": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


# What is in a folder


def now() -> datetime:
    """The end of every history: the last whole step."""
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) // STEP_SECONDS * STEP_SECONDS, UTC)


def write_history(path: Path, *, names: tuple[str, ...] = (), weeks: float = WEEKS) -> None:
    """Weeks of the demo's workloads; with ``names``, of the web shop under these names."""
    end = now()
    series = generate(end - timedelta(weeks=weeks), end, STEP_SECONDS)
    named = [(name, series[0]) for name in names] or [(each.name, each) for each in series]
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(("unique_id", "ds", "y"))
        for name, each in named:
            for second, value in zip(each.times.tolist(), each.values.tolist(), strict=True):
                rows.writerow((name, f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}", value))


PROJECT = """\
version: 1
defaults:
  region: us-east-1
  prices:
    as_of: 2026-11-01
    usd_per_hour: {m7i.large: {on_demand: 0.1008, spot: 0.0412}}
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 180/s}, lead_time: 4m}
    limits: {min: 2, max: 60}
    live: {min_size: 10, max_size: 60, desired_size: 22}
  checkout:
    target: {asg: checkout}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 180/s}, lead_time: 4m}
    limits: {min: 2, max: 60}
    live: {min_size: 10, max_size: 60, desired_size: 22}
outputs: {tfvars: infra/scaler.auto.tfvars.json}
"""


def empty(_: World) -> None:
    """Nothing but the program."""


def project(made: World) -> None:
    """A configuration of two workloads with their history in a file, and no AWS."""
    write_history(made.folder / "history.csv", names=("web", "checkout"))
    (made.folder / "scaler.yaml").write_text(PROJECT, encoding="utf-8")
    (made.folder / "infra").mkdir()
    write_history(made.folder / "demand.csv", names=("shop",))


def quickstart(made: World) -> None:
    """A folder in the reader's home, where programs of one's own are, and as short an export of load as may be."""
    home = Path(made.environment["HOME"])
    made.folder.rmdir()
    made.folder = home / "capacity"
    made.folder.mkdir()
    write_history(made.folder / "load.csv", names=("checkout",), weeks=2)
    programs = home / ".local" / "bin"
    programs.mkdir(parents=True)
    shutil.copy2(home.parent / "bin" / "scaler", programs / "scaler")


def judged(made: World) -> None:
    """One workload, with as little history as replay takes."""
    project(made)
    write_history(made.folder / "history.csv", names=("web",), weeks=2)
    text = (made.folder / "scaler.yaml").read_text(encoding="utf-8")
    first, last = text.index("  checkout:"), text.index("outputs:")
    (made.folder / "scaler.yaml").write_text(text[:first] + text[last:], encoding="utf-8")


def checkout(made: World) -> None:
    """A checkout of the project."""
    names = ("README.md", "examples", "terraform", "pyproject.toml", "scaler")
    for name in names:
        source, there = ROOT / name, made.folder / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "forecasts", "*.auto.tfvars.json", ".terraform*")
            shutil.copytree(source, there, ignore=ignored)
        else:
            shutil.copy(source, there)
