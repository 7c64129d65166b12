"""The form in which benchmarks answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.benches import Figure
from scripts.benches.__main__ import as_json, as_table, main, names

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("value", "direction", "met"),
    [(2.0, "<=", True), (2.1, "<=", False), (2.0, ">=", True), (1.9, ">=", False), (None, "<=", False)],
)
def test_a_goal_is_kept_up_to_and_including_its_bound(value: float | None, direction: str, met: bool):
    """A figure that could not be measured does not count as good."""
    assert Figure("ratio", value, "ratio", goal=2.0, direction=direction).met is met


def test_a_figure_without_a_goal_is_neither_good_nor_bad():
    """``goal`` and ``met`` are null, not 0 and false."""
    assert Figure("cpu", 1.5, "s").as_json() == {
        "name": "cpu",
        "value": 1.5,
        "unit": "s",
        "goal": None,
        "direction": None,
        "met": None,
    }


def test_a_goal_needs_its_direction():
    """A bound that does not say which side is good cannot be kept."""
    with pytest.raises(ValueError, match="direction"):
        Figure("ratio", 1.0, "ratio", goal=2.0)


def test_json_has_the_published_keys_and_no_name_of_the_machine():
    """What reads the figures finds them, and learns nothing about whose machine it was."""
    document = json.loads(as_json("cli", [Figure("ratio", 1.0, "ratio", goal=2.0, direction="<=")]))
    assert list(document) == ["bench", "version", "machine", "figures"]
    assert set(document["machine"]) == {"cores", "python", "platform"}
    assert document["figures"][0]["met"] is True


def test_not_a_number_never_reaches_json():
    """A broken measurement fails loudly."""
    with pytest.raises(ValueError, match="JSON"):
        as_json("cli", [Figure("ratio", float("nan"), "ratio")])


def test_the_table_names_a_missed_goal():
    """A goal that was not reached is printed, not softened; an unmeasured value is a dash."""
    table = as_table("cli", [Figure("slow", 3.0, "ratio", goal=2.0, direction="<="), Figure("unknown", None, "s")])
    assert "| `slow` | 3 | ratio | <= 2 | **no** |" in table
    assert "| `unknown` | — | s | — | — |" in table


def test_an_unknown_name_is_wrong_usage_and_lists_what_exists(capsys: pytest.CaptureFixture[str]):
    """Nobody has to read the folder to learn the names."""
    assert main(["nonesuch"]) == 64
    message = capsys.readouterr().err
    assert all(name in message for name in names())
    assert "cli" in names()


def test_child_cpu_counts_the_child_and_reports_its_failure():
    """CPU time is the child's own; a command that fails is no measurement."""
    from scripts.benches._child import cpu_seconds

    busy = "import time\nwhile time.process_time() < 0.3: pass"
    assert 0.3 <= cpu_seconds([sys.executable, "-c", busy]) < 3
    with pytest.raises(subprocess.CalledProcessError, match="3"):
        cpu_seconds([sys.executable, "-c", "raise SystemExit(3)"])
