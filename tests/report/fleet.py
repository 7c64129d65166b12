"""Fleets of generated workloads, planned by the product from files; and names that try to be more than names."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np

from scaler.catalog.quotas import Quota
from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.mix.facts import StoredFigures
from scaler.preflight.cache import write_figures
from scaler.preflight.interface import Figure, RegionFigures, Running

END = datetime(2026, 11, 16, tzinfo=UTC)
AS_OF = "2026-11-16T00:00Z"
STEP_SECONDS = 3600

_HEAD = """\
version: 1
defaults:
  region: us-east-1
  forecast: {{model: {model}}}
  prices:
    as_of: 2026-11-01
    usd_per_hour: {{m7i.large: {{on_demand: 0.1, spot: 0.04}}}}
workloads:
"""
_WORKLOAD = """\
  {name}:
    target: {{asg: {name}}}
    load: {{file: {{path: history.csv, statistic: Sum, period: 1h}}}}
    capacity: {{throughput: {{m7i.large: 100/s}}}}
    limits: {{min: 1, max: {most}}}
    live: {{min_size: 2, max_size: {most}, desired_size: 4}}
    tags: {{team: {team}, tier: "{tier}"}}
"""


def write_fleet(
    folder: Path, workloads: int, *, days: int = 35, growth: float = 0.0, most: int = 40, model: str = "seasonal_naive"
) -> Path:
    """A project of ``workloads`` with hourly history; the last team has a tag of its own making."""
    times = np.arange(int((END - timedelta(days=days)).timestamp()), int(END.timestamp()), STEP_SECONDS)
    stamps = [datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time in times]
    random = np.random.default_rng(11)
    config, rows = [_HEAD.format(model=model)], ["unique_id,ds,y"]
    for index in range(workloads):
        name = f"web-{index:03d}"
        hours = times % 86_400 / 3600
        trend = 1 + growth * np.arange(times.size) / times.size
        rate = (200 + 10 * (index % 40)) * (1 + 0.7 * np.cos((hours - 14 - index % 3) * np.pi / 12)) * trend
        values = np.round(rate * STEP_SECONDS * random.lognormal(0, 0.05, times.size))
        rows += [f"{name},{stamp},{value:.0f}" for stamp, value in zip(stamps, values, strict=True)]
        config.append(
            _WORKLOAD.format(
                name=name, most=most, team="<script>alert(1)</script>" if not index else f"t{index % 4}", tier=index % 2
            )
        )
    (folder / "history.csv").write_text("\n".join(rows) + "\n")
    path = folder / "scaler.yaml"
    path.write_text("".join(config))
    return path


def write_busy_fleet(folder: Path) -> Path:
    """Six workloads that grow, with four runs on record of the week before, quotas, a budget and a dearer price.

    ``web-000`` comes to its maximum, ``web-001`` to its budget, all together to a quota; ``web-002`` has had 1.6
    times its demand for two days, and ``web-003`` half of it for a week.
    """
    config = write_fleet(folder, 6, days=70, growth=0.6)
    text = _varied(config.read_text())
    _shift(folder / "history.csv")
    write_figures(StoredFigures(FolderStore(folder / "forecasts")), _figures())
    config.write_text(text.replace("on_demand: 0.1,", "on_demand: 0.09,"))
    for days in (7, 5, 3, 1):
        if days == 5:
            config.write_text(text)
        when = (END - timedelta(days=days)).strftime("%Y-%m-%dT%H:%MZ")
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
            code = main(["plan", "--config", str(config), "--as-of", when, "--offline", "--quiet"])
        if code:
            raise AssertionError(said.getvalue())
    return config


def _varied(text: str) -> str:
    head, *parts = text.split("  web-")
    parts[0] = parts[0].replace("max: 40}", "max: 9}").replace("max_size: 40", "max_size: 9")
    parts[1] = parts[1].replace("max: 40}", "max: 40, max_usd_per_day: 14}")
    parts[4] = parts[4].replace("    tags", "    spot: {max_share: 60%}\n    tags")
    return "  web-".join([head, *parts])


def _shift(history: Path) -> None:
    head, *rows = history.read_text().splitlines()
    changes = {"web-002": ("2026-11-14", 1.6), "web-003": ("2026-11-09", 0.5)}
    found = [head]
    for row in rows:
        name, at, value = row.split(",")
        since, times = changes.get(name, ("9", 1.0))
        found.append(f"{name},{at},{float(value) * (times if at >= since else 1.0):.0f}")
    history.write_text("\n".join(found) + "\n")


def _figures() -> RegionFigures:
    """Quotas as AWS told them two days ago: 146 vCPUs on demand, of which others use 20."""
    at = END - timedelta(days=2)
    quotas = {
        ("on-demand", "standard"): Quota("on-demand", "standard", 146, "L-1216C47A", at.date()),
        ("spot", "standard"): Quota("spot", "standard", 640, "L-34B43A08", at.date()),
    }
    others = (Running("other", "on-demand", "m7i.large", 2, 10),)
    return RegionFigures("us-east-1", quotas=Figure(quotas, at), running=Figure(others, at))
