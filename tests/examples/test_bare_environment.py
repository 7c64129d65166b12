"""Every command where there is nobody: no terminal, no HOME, no PATH to speak of, the root folder, stdin closed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scaler.cli.main import COMMANDS
from tests.examples.github_runner import ROOT

AS_OF = "2026-11-16T00:00Z"
CONFIG = """\
version: 1
defaults:
  region: us-east-1
  forecast: {model: seasonal_naive}
  prices: {as_of: 2026-11-01, usd_per_hour: {m7i.large: {on_demand: 0.1}}}
workloads:
  storefront:
    target: {asg: storefront}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 180/s}}
    limits: {min: 4, max: 60}
    live: {min_size: 10, max_size: 60, desired_size: 22}
outputs: {tfvars: scaler.auto.tfvars.json}
"""
#: Arguments and exit code of each command; ``PLAN``, ``CONFIG`` and ``FOLDER`` are paths.
CALLS: dict[str, tuple[Sequence[str], int]] = {
    "init": (["--output", "-"], 1),  # there are no credentials, and it says so
    "validate": (["--config", "CONFIG"], 0),
    "fetch": (["--config", "CONFIG", "--as-of", AS_OF], 0),
    "forecast": (["--config", "CONFIG", "--as-of", AS_OF, "--offline"], 0),
    "plan": (["--config", "CONFIG", "--as-of", AS_OF, "--offline", "--detailed-exitcode"], 2),
    "apply": (["PLAN", "--config", "CONFIG"], 64),  # nobody can be asked
    "record": (["PLAN", "--config", "CONFIG"], 0),
    "status": (["--config", "CONFIG", "--as-of", AS_OF, "--offline"], 0),
    "run": (["--rolling", "--config", "CONFIG", "--offline"], 3),  # the newest observation is of another day
    "replay": (["--config", "CONFIG", "--as-of", AS_OF, "--policy", "static peak", "--offline"], 0),
    "report": (["--config", "CONFIG", "--as-of", AS_OF, "--offline", "--format", "json"], 0),
    "catalog": (["--config", "CONFIG", "--offline"], 0),
    "demo": (["--no-terraform", "--dir", "FOLDER"], 64),  # it takes no folder that has something in it
    "schema": ([], 0),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a plan on record."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "examples" / "quickstart" / "history.csv", folder)
    (folder / "scaler.yaml").write_text(CONFIG)
    done = _bare("plan", "--config", str(folder / "scaler.yaml"), "--as-of", AS_OF, "--out", str(folder / "plan.json"))
    assert done.returncode == 0, done.stderr
    return folder


def test_no_command_is_left_out() -> None:
    """Who adds a command says here how it does without anybody."""
    assert set(CALLS) >= set(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_works_where_there_is_nobody(project: Path, tmp_path: Path, command: str) -> None:
    """The same exit code as ever, an error in three lines at most, plain text, no traceback."""
    arguments, code = CALLS[command]
    places = {"CONFIG": str(project / "scaler.yaml"), "PLAN": str(project / "plan.json"), "FOLDER": str(project)}
    done = _bare(command, *(places.get(argument, argument) for argument in arguments))
    assert done.returncode == code, done.stderr
    told = done.stdout + done.stderr
    assert "Traceback" not in told
    assert "\x1b" not in told, "colours are for terminals"
    if code in (0, 2):
        assert done.stdout
    else:
        assert done.stderr.count("\n next: ") == done.stderr.count("error: ") > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "reader", "read"),
    [
        ("--quiet", "| true", ""),
        ("--quiet --format json", "| head -n 1", "{\n"),
        ("--format json", "2>&1 | true", ""),
    ],
    ids=["table", "json", "both streams"],
)
def test_a_reader_that_leaves_early_changes_nothing(project: Path, more: str, reader: str, read: str) -> None:
    """``scaler plan | head -1``: the first line, silence, the plan's own exit code, and its files as ever."""
    files = [project / "plan.json", project / "scaler.auto.tfvars.json"]
    for file in files:
        file.unlink(missing_ok=True)
    arguments = f"--config {project / 'scaler.yaml'} --as-of {AS_OF} --offline --detailed-exitcode --out {files[0]}"
    shell = f"{sys.executable} -m scaler.cli.main plan {arguments} {more} {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, read, "")
    assert all(file.exists() for file in files)


def _bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    # What cron gives, and less.
    call = " ".join(f"'{word}'" for word in (sys.executable, "-m", "scaler.cli.main", *arguments))
    return subprocess.run(
        ["/bin/sh", "-c", f"exec {call} <&-"],
        cwd="/",
        env={"AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
