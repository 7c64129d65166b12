"""A project with generated history, plans that the command made of it, and shifts of its last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scaler.cli.main import main
from tests.status.quiet import quiet

END = datetime(2026, 11, 16, tzinfo=UTC)
DAYS = 42
CONFIG = """\
version: 1
defaults:
  region: us-east-1
  prices:
    as_of: 2026-11-01
    usd_per_hour: {m7i.large: {on_demand: 0.1}}
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Average, period: 1h}}
    capacity: {throughput: {m7i.large: 100}}
    limits: {min: 1, max: 400}
    live: {min_size: 8, max_size: 400, desired_size: 12}
  till:
    target: {asg: till}
    load: {file: {path: history.csv, statistic: Average, period: 1h}}
    capacity: {throughput: {m7i.large: 100}}
    limits: {min: 1, max: 400}
    live: {min_size: 8, max_size: 400, desired_size: 12}
"""


@dataclass
class Project:
    """One folder with a configuration, and the command."""

    folder: Path
    capsys: Any

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "scaler.yaml"

    def write(self, *, shift: float = 1.0, more: str = "") -> None:
        """History, the last day of ``shop`` times ``shift``; and the configuration."""
        rows = quiet(range(2), DAYS)
        rows *= 1000 / rows.mean(axis=1, keepdims=True)
        rows[0, -24:] *= shift
        first = END - timedelta(days=DAYS)
        lines = ["unique_id,ds,y"]
        for name, row in zip(("shop", "till"), rows, strict=True):
            stamps = (first + timedelta(hours=hour) for hour in range(row.size))
            lines += [f"{name},{at:%Y-%m-%dT%H:%M:%SZ},{y:.3f}" for at, y in zip(stamps, row, strict=True)]
        (self.folder / "history.csv").write_text("\n".join(lines) + "\n")
        self.config.write_text(CONFIG + more)

    def run(self, command: str, *arguments: str, code: int = 0) -> tuple[str, str]:
        """``scaler``, as it is typed; gives what it printed."""
        self.capsys.readouterr()
        found = main([command, "--config", str(self.config), "--quiet", *arguments])
        out, err = self.capsys.readouterr()
        assert found == code, f"exit code {found}\n{out}\n{err}"
        return out, err

    def plan_days(self, days: int) -> None:
        """A plan each midnight of the last ``days``, the newest a day ago."""
        for back in range(days, 0, -1):
            self.run("plan", "--offline", "--as-of", (END - timedelta(days=back)).isoformat())
