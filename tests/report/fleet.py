"""Fleets of generated workloads, planned by the product from files; and names that try to be more than names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

END = datetime(2026, 11, 16, tzinfo=UTC)
AS_OF = "2026-11-16T00:00Z"
STEP_SECONDS = 3600

_HEAD = """\
version: 1
defaults:
  region: us-east-1
  forecast: {model: seasonal_naive}
  prices:
    as_of: 2026-11-01
    usd_per_hour: {m7i.large: {on_demand: 0.1, spot: 0.04}}
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


def write_fleet(folder: Path, workloads: int, *, days: int = 35, growth: float = 0.0, most: int = 40) -> Path:
    """A project of ``workloads`` with hourly history; the last team has a tag of its own making."""
    times = np.arange(int((END - timedelta(days=days)).timestamp()), int(END.timestamp()), STEP_SECONDS)
    stamps = [datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time in times]
    random = np.random.default_rng(11)
    config, rows = [_HEAD], ["unique_id,ds,y"]
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
