"""The demo, with the real Terraform."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scaler.cli.main import main

pytestmark = [pytest.mark.terraform, pytest.mark.emulator, pytest.mark.slow]


@pytest.mark.usefixtures("initialised")  # skips where there is no provider
def test_the_demo_goes_the_whole_way(
    installation: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """History, plan, apply and a plan beside the live groups; nothing is left but what it says to look at."""
    for name, value in installation.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert main(["demo", "--dir", str(tmp_path / "demo"), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "It holds 10752 datapoints" in out
    assert re.search(r"\d+ resources stand; a second plan finds nothing to change", out)
    for name in ("storefront", "thumbnails", "assistant-gpu"):
        assert re.search(rf"{name} +— → \d+", out), "the first plan knows no live state"
        assert re.search(rf"{name} +\d+ → \d+", out), "the second stands beside it"
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == [
        "forecasts",
        "plan.json",
        "scaler.auto.tfvars.json",
        "scaler.yaml",
    ]


def test_the_demo_leaves_other_folders_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that no demo wrote is not written into."""
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "--dir", str(tmp_path)]) == 64
    assert "is not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
