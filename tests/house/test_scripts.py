"""The scripts that a contributor runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = sorted(
    path
    for folder in ("scripts", ".ci")
    for path in (ROOT / folder).iterdir()
    if path.is_file() and path.read_bytes().startswith(b"#!/usr/bin/env bash\n")
)
NAMES = {path.name for path in SHELL}


def test_the_scripts_that_the_guide_names_are_there():
    """CONTRIBUTING.md sends nobody to a script that does not exist."""
    assert {"install", "check", "lint", "test", "bench", "docs", "lock", "run"} <= NAMES


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_a_script_runs_stops_at_the_first_failure_and_parses(path: Path):
    """No script goes on after a step that failed."""
    assert os.access(path, os.X_OK)
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.parametrize("tool", ["ruff format --check", "ruff check", "mypy", "lint-imports", "scripts/docs --check"])
def test_the_check_covers(tool: str):
    """What a reviewer relies on is in the one command."""
    assert tool in (ROOT / "scripts" / "check").read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the check script and stand-ins for the tools it calls, all of which pass."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "scripts" / "check").write_bytes((ROOT / "scripts" / "check").read_bytes())
    (tmp_path / "scripts" / "check").chmod(0o755)
    for place in ("scripts/docs", *(f".venv/bin/{tool}" for tool in ("ruff", "mypy", "lint-imports", "terraform"))):
        _stand_in(tmp_path / place, 0)
    return tmp_path


def _stand_in(path: Path, code: int) -> None:
    path.write_text(f"#!/usr/bin/env bash\necho said by {path.name}\nexit {code}\n", encoding="utf-8")
    path.chmod(0o755)


def _check(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checkout / "scripts" / "check"], capture_output=True, text=True, check=False)


def test_the_check_passes_if_every_tool_passes(checkout: Path):
    """Quiet success: one line per step and none of the tools' own output."""
    done = _check(checkout)
    assert done.returncode == 0
    assert "said by" not in done.stdout + done.stderr


@pytest.mark.parametrize("tool", ["ruff", "mypy", "lint-imports", "terraform"])
def test_the_check_fails_if_one_tool_fails_and_runs_the_rest(checkout: Path, tool: str):
    """One failing step fails the whole, shows what the tool said, and hides no later step."""
    _stand_in(checkout / ".venv" / "bin" / tool, 1)
    done = _check(checkout)
    assert done.returncode == 1
    assert f"said by {tool}" in done.stderr
    assert "docs ok" in done.stdout
