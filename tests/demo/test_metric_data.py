"""Statistics of the emulated CloudWatch: what moto would answer, in less time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scaler.demo.metric_data import metric_replacements

START = datetime(2026, 11, 1, tzinfo=UTC)
STEP = 900


@pytest.fixture(scope="module")
def backend() -> Any:
    """Three days of two metrics of one namespace, one with a gap of a day."""
    from moto.cloudwatch.models import CloudWatchBackend

    found = CloudWatchBackend("us-east-1", "123456789012")
    for name, skipped in (("Requests", range(96, 192)), ("Errors", range(0))):
        points = [
            {"MetricName": name, "Value": float(index % 37), "Timestamp": at(index)}
            for index in range(3 * 96)
            if index not in skipped
        ]
        found.put_metric_data("Shop", points)
    return found


def at(index: float) -> datetime:
    return START + timedelta(seconds=STEP * index)


def asked(name: str, stat: str = "Sum", period: int = STEP, *, wanted: bool = True) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": name}
    return {
        "Id": name.lower(),
        "ReturnData": wanted,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": stat},
    }


def both(backend: Any, *given: Any) -> tuple[Any, Any]:
    ((owner, methods),) = metric_replacements()
    return owner.get_metric_data(backend, *given), methods["get_metric_data"](backend, *given)


@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
@pytest.mark.parametrize("span", [(0, 288), (1, 97), (95.5, 193.25), (-300, 700), (287, 288)])
@pytest.mark.parametrize("period", [STEP, 4 * STEP, 86_400])
def test_the_answer_is_that_of_moto(backend: Any, span: tuple[float, float], period: int, order: str) -> None:
    """Values, times, order and labels, of parts of days and of periods without a point."""
    queries = [asked("Requests", period=period), asked("Errors", "Maximum", period), asked("None", period=period)]
    theirs, ours = both(backend, queries, at(span[0]), at(span[1]), order)
    assert [each["id"] for each in theirs] == ["requests", "errors", "none"]
    assert ours == theirs


def test_what_nobody_wants_back_and_what_is_calculated_are_as_moto_has_them(backend: Any) -> None:
    """A query that returns no data, and an expression over it."""
    alone = [asked("Errors", wanted=False), asked("Requests")]
    theirs, ours = both(backend, alone, at(0), at(200))
    assert [each["id"] for each in ours] == ["requests"]
    assert ours == theirs
    theirs, ours = both(backend, [*alone, {"Id": "sum", "Expression": "SUM([errors, requests])"}], at(0), at(8))
    assert [each["id"] for each in ours] == ["requests", "sum"]
    assert ours == theirs


def test_a_point_is_looked_at_for_few_periods(backend: Any) -> None:
    """Over a quarter of empty periods, a point is compared with those near it, and not with all 8736."""
    compared = 0

    class Time(datetime):
        def __ge__(self, other: Any) -> bool:
            nonlocal compared
            compared += 1
            return super().__ge__(other)

    from moto.cloudwatch.models import CloudWatchBackend

    counted = CloudWatchBackend("us-east-1", "123456789012")
    counted.put_metric_data("Shop", [{"MetricName": "Requests", "Value": 1.0, "Timestamp": at(0)}])
    (point,) = counted.get_all_metrics()
    point.timestamp = Time(2026, 11, 1, tzinfo=UTC)
    ((_, methods),) = metric_replacements()
    (found,) = methods["get_metric_data"](counted, [asked("Requests")], at(0), at(91 * 96))
    assert found["values"] == [1.0]
    assert 0 < compared < 500
