"""CloudWatch with its paging, limits, retention and failures, in the protocol that botocore speaks to it (JSON 1.0).

Every answer is validated against botocore's model of the operation before it is sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.standins.http import Answer, StandIn

RETENTION_DAYS = ((3600, 455), (300, 63), (60, 15))
MAX_QUERIES = 500
MAX_POINTS = 100_800

Name = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass
class Series:
    """Points by time, and how the series fails."""

    points: list[tuple[int, float]]
    status: str = "Complete"
    message: str = ""
    unmentioned: bool = False


@dataclass
class CloudWatchStandIn(StandIn):
    """Answers GetMetricData and ListMetrics.

    Attributes:
        page_points: points per series and page; more come with a NextToken and PartialData before them.
        throttle: how many requests to throttle from now on.
        denied: operations that are refused.
        error_code: every request fails with this code.
        repeat_token: every page carries the same token.
        partial_for_ever: the last page says PartialData, without a token.
        scramble: results and points come in an order of their own.
        calls: inputs of the GetMetricData calls that were not throttled or refused.
    """

    page_points: int = MAX_POINTS
    throttle: int = 0
    denied: frozenset[str] = frozenset()
    error_code: str | None = None
    error_message: str = "no"
    repeat_token: bool = False
    partial_for_ever: bool = False
    scramble: bool = False
    messages: list[dict[str, str]] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    series: dict[Name, Series] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        import botocore.session
        from botocore.validate import ParamValidator

        super().__init__()
        self._model = botocore.session.Session().get_service_model("cloudwatch")
        self._validator = ParamValidator()

    def put(
        self,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str] | None = None,
        points: Iterable[tuple[int, float]] = (),
        **failure: Any,
    ) -> None:
        """Give a metric its points ``(seconds since the epoch, value)``."""
        self.series[namespace, metric, frozenset((dimensions or {}).items())] = Series(list(points), **failure)

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request of the JSON protocol."""
        self.requests += 1
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        if self.error_code:
            return _error(self.error_code, self.error_message)
        if self.throttle > 0:
            self.throttle -= 1
            return _error("Throttling", "Rate exceeded")
        if operation in self.denied:
            return _error(
                "AccessDenied",
                f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: cloudwatch:{operation}",
                status=403,
            )
        asked = json.loads(body)
        answer = self._get_metric_data(asked) if operation == "GetMetricData" else self._list_metrics(asked)
        if isinstance(answer, Answer):
            return answer
        report = self._validator.validate(answer, self._model.operation_model(operation).output_shape)
        if report.has_errors():
            raise AssertionError(report.generate_report())
        return Answer(json.dumps(_wire(answer)).encode(), "application/x-amz-json-1.0")

    def _get_metric_data(self, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        queries = asked["MetricDataQueries"]
        if len(queries) > MAX_QUERIES or asked.get("MaxDatapoints", MAX_POINTS) > MAX_POINTS:
            return _error("ValidationError", "too many queries or datapoints")
        if len({query["Id"] for query in queries}) < len(queries):
            return _error("ValidationError", "Ids are not unique")
        self.calls.append(asked)
        page = int(asked.get("NextToken") or 0)
        found = [self._of(query, asked) for query in queries]
        last = max([0, *((len(points) - 1) // self.page_points for points in found)])
        results = [
            self._result(query, points, page, last)
            for query, points in zip(queries, found, strict=True)
            if not self._named(query).unmentioned
        ]
        if self.scramble:
            results.reverse()
        answer: dict[str, Any] = {"MetricDataResults": results, "Messages": self.messages}
        if self.repeat_token or page < last:
            answer["NextToken"] = "1" if self.repeat_token else str(page + 1)
        return answer

    def _named(self, query: dict[str, Any]) -> Series:
        metric = query["MetricStat"]["Metric"]
        dimensions = frozenset((item["Name"], item["Value"]) for item in metric.get("Dimensions", ()))
        return self.series.get((metric["Namespace"], metric["MetricName"], dimensions), Series([]))

    def _of(self, query: dict[str, Any], asked: dict[str, Any]) -> list[tuple[int, float]]:
        """Points in ``[StartTime, EndTime)``; nothing at all if the start is beyond the retention of the period."""
        period = query["MetricStat"]["Period"]
        kept = next(days for shortest, days in RETENTION_DAYS if period % shortest == 0)
        if self.now.timestamp() - asked["StartTime"] > kept * 86_400:
            return []
        series = self._named(query)
        if series.status in ("Forbidden", "InternalError"):
            return []
        points = [point for point in series.points if asked["StartTime"] <= point[0] < asked["EndTime"]]
        if self.scramble:
            return points
        return sorted(points, reverse=asked.get("ScanBy", "TimestampDescending") == "TimestampDescending")

    def _result(self, query: dict[str, Any], points: list[tuple[int, float]], page: int, last: int) -> dict[str, Any]:
        series = self._named(query)
        mine = points[page * self.page_points : (page + 1) * self.page_points]
        status = series.status
        if status == "Complete" and (len(points) > (page + 1) * self.page_points or (self.partial_for_ever and mine)):
            status = "PartialData"
        return {
            "Id": query["Id"],
            "Label": "label",
            "Timestamps": [datetime.fromtimestamp(time, UTC) for time, _ in mine],
            "Values": [value for _, value in mine],
            "StatusCode": status,
            "Messages": [{"Code": status, "Value": series.message}] if series.message else [],
        }

    def _list_metrics(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = [
            {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(dimensions)],
            }
            for namespace, metric, dimensions in self.series
            if asked.get("Namespace", namespace) == namespace and asked.get("MetricName", metric) == metric
        ]
        page = int(asked.get("NextToken") or 0)
        answer: dict[str, Any] = {"Metrics": wanted[page * 2 : page * 2 + 2]}
        return answer | ({"NextToken": str(page + 1)} if len(wanted) > page * 2 + 2 else {})


def _error(code: str, message: str, *, status: int = 400) -> Answer:
    # The code of the query protocol comes in a header, as the service is compatible with it.
    return Answer(
        json.dumps({"__type": f"com.amazonaws.cloudwatch#{code}", "message": message}).encode(),
        "application/x-amz-json-1.0",
        status,
        {"x-amzn-query-error": f"{code};Sender"},
    )


def _wire(value: Any) -> Any:
    """JSON of the protocol: times are numbers, and numbers that JSON lacks are words."""
    if isinstance(value, dict):
        return {name: _wire(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_wire(item) for item in value]
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
