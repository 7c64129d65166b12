"""Real series from CloudWatch, read from files and through CloudWatch's own protocol."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.plan.seal import decode

WEEK = 7 * 86_400

# Name, statistic, how demand becomes capacity, and a time a few minutes after the last point.
SERIES = {
    "elb": (
        "realAWSCloudwatch/elb_request_count_8c0756",
        "Sum",
        "throughput: {m7i.large: 0.2/s}",
        datetime(2014, 4, 24, 0, 45, tzinfo=UTC),
    ),
    "asg": (
        "realAWSCloudwatch/grok_asg_anomaly",
        "Average",
        "utilisation: {target: 20%, instances: {count: 4}}, weights: {m7i.large: 1}",
        datetime(2014, 2, 1, 1, 10, tzinfo=UTC),
    ),
}

CONFIG = """\
version: 1
defaults: {{history: {{lookback: 14d}}, forecast: {{model: seasonal_naive}}}}
workloads:
  {name}:
    target: {{asg: {name}}}
    load: {{{load}}}
    capacity: {{{capacity}}}
    limits: {{min: 1, max: 200}}
    live: {{min_size: 1, max_size: 200, desired_size: 2}}
outputs: {{tfvars: scaler.auto.tfvars.json}}
"""


@pytest.fixture
def points(traces: Path):
    """Points of one series: seconds since the epoch and values, as published."""
    import pandas as pd

    table = pd.read_parquet(traces / "nab" / "nab.parquet")

    def of(series_id: str) -> list[tuple[int, float]]:
        rows = table[table.series_id == series_id]
        seconds = (rows.timestamp - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
        return list(zip(seconds.tolist(), rows.value.tolist(), strict=True))

    return of


def write_project(folder: Path, name: str, load: str, rows: list[tuple[int, float]] | None = None) -> Path:
    folder.mkdir()
    if rows is not None:
        lines = [f"{name},{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ},{v!r}" for t, v in rows]
        (folder / "history.csv").write_text("unique_id,ds,y\n" + "\n".join(lines) + "\n")
    path = folder / "scaler.yaml"
    path.write_text(CONFIG.format(name=name, load=load, capacity=SERIES[name][2]))
    return path


def requirement(config: Path, as_of: datetime) -> tuple[int, ...]:
    """Plan through the command line; the requirement per step."""
    out = config.parent / "plan.json"
    assert main(["plan", "-c", str(config), "--as-of", as_of.isoformat(), "--out", str(out), "--quiet"]) == 0
    assert json.loads((config.parent / "scaler.auto.tfvars.json").read_text())["scaler_workloads"]
    (workload,) = decode(out.read_text()).workloads
    assert workload.requirement is not None
    return workload.requirement.per_step


@pytest.mark.traces
@pytest.mark.emulator
@pytest.mark.parametrize("name", sorted(SERIES))
def test_file_and_cloudwatch_give_the_identical_requirement(name, points, tmp_path, fresh_aws, monkeypatch):
    """A plan as of the series' own day from a file, and the same requirement per step through GetMetricData.

    CloudWatch keeps five-minute points for 63 days, so there the series stands whole weeks later: the same
    weekdays and times of day.
    """
    from botocore.session import Session

    series_id, statistic, _, as_of = SERIES[name]
    rows = points(series_id)
    file_load = f"file: {{path: history.csv, statistic: {statistic}, period: 5m}}"
    as_published = requirement(write_project(tmp_path / "published", name, file_load, rows), as_of)
    assert len(as_published) == 192
    assert max(as_published) > 1

    shift = int(datetime.now(UTC).timestamp() - as_of.timestamp()) // WEEK * WEEK
    monkeypatch.setenv("AWS_ENDPOINT_URL", fresh_aws)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    cloudwatch = Session().create_client("cloudwatch", region_name="us-east-1", endpoint_url=fresh_aws)
    for first in range(0, len(rows), 1000):
        cloudwatch.put_metric_data(
            Namespace="Test/Real",
            MetricData=[
                {"MetricName": name, "Timestamp": datetime.fromtimestamp(t + shift, UTC), "Value": v}
                for t, v in rows[first : first + 1000]
            ],
        )
    load = f"cloudwatch: {{namespace: Test/Real, metric: {name}, statistic: {statistic}, period: 5m}}"
    config = write_project(tmp_path / "cloudwatch", name, load)
    assert requirement(config, as_of + timedelta(seconds=shift)) == as_published
