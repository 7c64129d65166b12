"""AWS's own predictive forecast, read over HTTP and scored beside scaler's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest

from scaler.cli.main import main
from tests.pipeline.conftest import END, web_demand, write_csv
from tests.standins.http import Answer, StandIn
from tests.standins.models import as_query_xml

HOUR = timedelta(hours=1)


@dataclass
class PredictiveStandIn(StandIn):
    """Answers DescribePolicies and GetPredictiveScalingForecast as AWS's model says.

    Attributes:
        capacity: of each hour that is asked for.
        policies: names of predictive policies.
        asked: parameters of each request.
    """

    capacity: dict[datetime, float] = field(default_factory=dict)
    policies: tuple[str, ...] = ("forecast-only",)
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        asked = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        self.asked.append(asked)
        operation = asked["Action"]
        if operation == "DescribePolicies":
            found = [{"PolicyName": name, "PolicyType": "PredictiveScaling"} for name in self.policies]
            return Answer(as_query_xml("autoscaling", operation, {"ScalingPolicies": found}), "text/xml")
        start, end = (datetime.fromisoformat(asked[name]) for name in ("StartTime", "EndTime"))
        hours = sorted(hour for hour in self.capacity if start <= hour < end)
        forecast = {"Timestamps": hours, "Values": [self.capacity[hour] for hour in hours]}
        metric = {"TargetValue": 50.0}
        answer = {
            "LoadForecast": [{**forecast, "MetricSpecification": metric}],
            "CapacityForecast": forecast,
            "UpdateTime": END,
        }
        return Answer(as_query_xml("autoscaling", "GetPredictiveScalingForecast", answer), "text/xml")


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixteen days of a daily hump, and what runs said in the configuration."""
    write_csv(tmp_path / "history.csv", "shop", *web_demand(days=16))
    path = tmp_path / "scaler.yaml"
    path.write_text(
        "version: 1\n"
        "defaults: {region: us-east-1}\n"
        "workloads:\n"
        "  shop:\n"
        "    target: {asg: shop}\n"
        "    load: {file: {path: history.csv, statistic: Sum, period: 15m}}\n"
        "    capacity: {throughput: {m7i.large: 100/s}, lead_time: 5m}\n"
        "    limits: {min: 1, max: 20}\n"
        "    live: {min_size: 2, max_size: 20, desired_size: 4}\n"
    )
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    return path


def needs(days: int = 16) -> dict[datetime, float]:
    """Instances that the highest quarter of each hour needs."""
    times, values = web_demand(days=days)
    rates = (values / 900).reshape(-1, 4).max(axis=1)
    return {
        datetime.fromtimestamp(int(time), UTC): float(np.ceil(r / 100))
        for time, r in zip(times[::4], rates, strict=True)
    }


def opinion(past: Path, server: PredictiveStandIn, monkeypatch, capsys, code: int = 0):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    arguments = ["--as-of", f"{END:%Y-%m-%dT%H:%MZ}", "--quiet", "--format", "json", "--with-aws-forecast"]
    assert main(["replay", "--config", str(past), *arguments]) == code
    out, err = capsys.readouterr()
    (workload,) = json.loads(out)["workloads"]
    return workload["aws_forecast"], err


def test_a_perfect_forecast_of_aws_is_off_by_nothing(past, monkeypatch, capsys):
    """Capacity that is each hour's need has no error, and as a floor it misses next to nothing."""
    with PredictiveStandIn() as server:
        server.capacity = needs()
        found, _ = opinion(past, server, monkeypatch, capsys)
    assert found["mean_absolute_error_units"] == 0
    assert found["aws"]["violations"] < 0.001
    assert found["hours"] > 8 * 24
    asked = server.asked[-1]
    assert (asked["AutoScalingGroupName"], asked["PolicyName"]) == ("shop", "forecast-only")
    span = datetime.fromisoformat(asked["EndTime"]) - datetime.fromisoformat(asked["StartTime"])
    assert span <= timedelta(days=30), "AWS answers no longer span"


def test_a_forecast_that_is_too_high_costs_more(past, monkeypatch, capsys):
    """Three units too many in every hour are an error of three, and a dearer floor; both over the same days."""
    with PredictiveStandIn() as server:
        server.capacity = {hour: value + 3 for hour, value in needs().items()}
        found, _ = opinion(past, server, monkeypatch, capsys)
    assert found["mean_absolute_error_units"] == found["mean_error_units"] == 3
    assert found["aws"]["cost_ratio"] > found["ours"]["cost_ratio"]
    assert "off by 3.00 units" in found["sentence"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"policies": ()}, "no predictive scaling policy"), ({"capacity": {}}, "answers with no hours")],
)
def test_a_group_without_a_forecast_is_refused_and_replayed(past, monkeypatch, capsys, changes, word):
    """Exit 3 with the reason and what to do; the replay itself is shown all the same."""
    with PredictiveStandIn(capacity=needs()) as server:
        for name, value in changes.items():
            setattr(server, name, value)
        found, err = opinion(past, server, monkeypatch, capsys, code=3)
    assert found is None
    assert word in err


def test_few_hours_are_no_comparison(past, monkeypatch, capsys):
    """Two days of forecasts are too few to score: said, and nothing is made up."""
    with PredictiveStandIn() as server:
        server.capacity = {hour: value for hour, value in needs().items() if hour >= END - timedelta(days=2)}
        found, err = opinion(past, server, monkeypatch, capsys, code=3)
    assert found is None
    assert "cannot be replayed" in err
