"""AWS's own predictive forecast beside the planned floors, asked over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.pipeline.test_second_opinion import PredictiveStandIn
from tests.status.plans import HOUR, START, panel, part, plan
from tests.status.project import END

AT = ("--as-of", END.isoformat(), "--format", "json")


@pytest.fixture
def aws(monkeypatch):
    """A service that forecasts."""
    with PredictiveStandIn() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_AUTO_SCALING", service.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield service


def test_both_are_scored_over_the_same_hours(project, aws):
    """Hours that only one of them is known of are in neither; a group without a policy is told in the notes."""
    project.plan_days(2)
    aws.capacity = {END - HOUR * back: 1.0 for back in range(1, 13)}
    found = json.loads(project.run("status", *AT, "--compare-to", "aws")[0])
    for each in found["workloads"]:
        assert each["aws"]["hours"] == 12
        assert each["aws"]["policy"] == "forecast-only"
        assert each["aws"]["aws_short_minutes"] == 720  # an instance is too little in each
        assert each["aws"]["our_short_minutes"] < 120
        assert each["aws"]["our_error_units"] < each["aws"]["aws_error_units"]
    assert "AWS's own forecast" in project.run("status", *AT[:2], "--compare-to", "aws")[0]
    aws.policies = ()
    found = json.loads(project.run("status", *AT, "--compare-to", "aws")[0])
    assert {each["aws"] for each in found["workloads"]} == {None}
    assert all("it has no predictive scaling policy" in " ".join(each["notes"]) for each in found["workloads"])


def test_errors_and_minutes_are_those_of_a_count_by_hand():
    """Against the most units that demand needed in the hour."""
    from scaler.live.predictive import AwsForecast
    from scaler.pipeline.status_aws import compared
    from scaler.status.scoring import score

    made = plan([part("a", [[10, 20, 30]] * 4, [2, 2, 4, 4], cutoff=START)], START)
    demand = panel({"a": [15, 15, 25, 15, 35, 35, 35, 35, 10, 10, 10, 10, 5, 5, 5, 5]}, step_seconds=900)
    named = [("run", made)]
    board = score(named, [demand], first=START, plan_step_seconds=900, names=("a",)).boards[0]
    hours = tuple(START + HOUR * index for index in range(4))
    forecast = AwsForecast("p", START, hours, (3.0, 3.0, 1.0, 1.0), ())
    found = compared(forecast, board, 0, start=START)
    assert found.hours == 4
    assert found.aws_error_units == pytest.approx((0 + 1 + 0 + 0) / 4)
    assert found.our_error_units == pytest.approx((1 + 2 + 3 + 3) / 4)
    assert (found.aws_short_minutes, found.our_short_minutes) == (60, 15 + 60)
    assert compared(forecast, board, 0, start=START + timedelta(days=3)) is None
