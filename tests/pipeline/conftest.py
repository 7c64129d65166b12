"""Projects with generated history, and the command line run in this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

END = datetime(2026, 11, 16, tzinfo=UTC)


def web_demand(days: int = 21, step_seconds: int = 900, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Requests per quarter of an hour with a daily hump; times in seconds since the epoch."""
    start = int((END - timedelta(days=days)).timestamp())
    times = np.arange(start, int(END.timestamp()), step_seconds)
    hours = times % 86_400 / 3600
    random = np.random.default_rng(seed)
    rate = 300 + 250 * np.exp(3 * (np.cos((hours - 15) * np.pi / 12) - 1))
    return times, np.round(rate * step_seconds * random.lognormal(0, 0.05, times.size), 1)


def write_csv(path: Path, name: str, times: np.ndarray, values: np.ndarray) -> None:
    """History as a file source reads it."""
    rows = [
        f"{name},{datetime.fromtimestamp(int(t), UTC):%Y-%m-%dT%H:%M:%SZ},{v}"
        for t, v in zip(times, values, strict=True)
    ]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")


CONFIG = """\
version: 1
defaults:
  forecast: {{model: seasonal_naive}}
  prices:
    as_of: 2026-11-01
    usd_per_hour: {{m7i.large: {{on_demand: 0.1, spot: 0.04}}}}
workloads:
  shop:
    target: {{asg: shop}}
    load: {load}
    capacity: {{throughput: {{m7i.large: 100/s}}}}
    limits: {{min: 1, max: {maximum}}}
    spot: {{max_share: 50%, on_demand_base: 1}}
    live: {live}
outputs: {{tfvars: scaler.auto.tfvars.json}}
"""

FILE = "{file: {path: history.csv, statistic: Sum, period: 15m}}"
CLOUDWATCH = (
    "{cloudwatch: {namespace: AWS/ApplicationELB, metric: RequestCount, statistic: Sum, period: 15m, "
    "dimensions: {LoadBalancer: app/shop/1}}}"
)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Write a project of one workload; returns the path of its configuration."""

    def make(
        *,
        load: str = FILE,
        maximum: int = 20,
        live: str = "{min_size: 2, max_size: 20, desired_size: 4}",
        history: bool = True,
    ) -> Path:
        if history:
            write_csv(tmp_path / "history.csv", "shop", *web_demand())
        path = tmp_path / "scaler.yaml"
        path.write_text(CONFIG.format(load=load, maximum=maximum, live=live))
        return path

    return make
