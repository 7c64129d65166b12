"""CloudWatch with its paging, limits, rates, retention and failures, in the protocol of botocore (JSON 1.0).

Every answer is validated against botocore's model of the operation before it is sent; of long lists of points,
which are made by one function, the first hundred.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.standins.http import Answer, StandIn

RETENTION_DAYS = ((3600, 455), (300, 63), (60, 15), (1, 0.125))
MAX_QUERIES = 500
MAX_POINTS = 100_800
RECENT_POINTS_PER_SECOND = 180_000
OLDER_POINTS_PER_SECOND = 396_000
CALLS_PER_SECOND = 50
VALIDATED_POINTS = 100

Name = tuple[str, str, frozenset[tuple[str, str]]]
Points = list[tuple[int, float]]


@dataclass
class Series:
    """Points by time, and how the series fails.

    Attributes:
        formula: gives the value at a time and period instead of ``points``: there is one for each period.
        account, region: where the series is, if it is only there.
    """

    points: Points
    status: str = "Complete"
    message: str = ""
    unmentioned: bool = False
    formula: Callable[[int, int], float] | None = None
    account: str | None = None
    region: str | None = None


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
        rated: throttle what is above the documented rates of calls and points.
        throttled: requests that were throttled.
        monotonic: seconds that the rates are counted in.
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
    rated: bool = False
    throttled: int = 0
    messages: list[dict[str, str]] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    series: dict[Name, Series] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    monotonic: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        import botocore.session
        from botocore.validate import ParamValidator

        super().__init__()
        # Its answers carry its time, so that a client with a clock of the same time sees no skew.
        self.clock_skew_seconds = round((self.now - datetime.now(UTC)).total_seconds())
        self._spent: deque[tuple[float, str, int]] = deque()
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
            self.throttled += 1
            return _error("Throttling", "Rate exceeded")
        if operation in self.denied:
            return _error(
                "AccessDenied",
                f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: cloudwatch:{operation}",
                status=403,
            )
        asked = json.loads(body)
        # The region is nowhere but in the signature.
        signed = re.search(r"Credential=[^/]*/[^/]*/([^/]*)/", headers.get("Authorization", ""))
        asked["Region"] = signed[1] if signed else None
        answer = self._get_metric_data(asked) if operation == "GetMetricData" else self._list_metrics(asked)
        if isinstance(answer, Answer):
            return answer
        report = self._validator.validate(_shortened(answer), self._model.operation_model(operation).output_shape)
        if report.has_errors():
            raise AssertionError(report.generate_report())
        return Answer(json.dumps(_wire(answer)).encode(), "application/x-amz-json-1.0")

    def _get_metric_data(self, asked: dict[str, Any]) -> dict[str, Any] | Answer:
        refused = _refusal(asked)
        if refused:
            return _error("ValidationError", refused)
        if self.rated and self._above_the_rate(asked):
            self.throttled += 1
            return _error("Throttling", "Rate exceeded")
        self.calls.append(asked)
        page = int(asked.get("NextToken") or 0)
        queries = {query["Id"]: query for query in asked["MetricDataQueries"]}
        found = {id_: self._of(query, asked, queries) for id_, query in queries.items()}
        returned = {id_: query for id_, query in queries.items() if query.get("ReturnData", True)}
        size = max(1, min(self.page_points, asked.get("MaxDatapoints", MAX_POINTS) // max(1, len(returned))))
        # What an expression has beyond the first page is lost: it counts for no token.
        last = max([0, *((len(found[id_]) - 1) // size for id_ in returned if _stat(queries[id_]))])
        results = [
            self._result(query["Id"], self._named(query, asked), found[id_], slice(page * size, (page + 1) * size))
            for id_, query in returned.items()
            if not self._named(query, asked).unmentioned and (_stat(query) or page == 0)
        ]
        if self.scramble:
            results.reverse()
        answer: dict[str, Any] = {"MetricDataResults": results, "Messages": self.messages}
        if self.repeat_token or page < last:
            answer["NextToken"] = "1" if self.repeat_token else str(page + 1)
        return answer

    def _above_the_rate(self, asked: dict[str, Any]) -> bool:
        """Whether the last second is full; what a call could answer counts, not what it does."""
        now = self.monotonic()
        while self._spent and self._spent[0][0] <= now - 1:
            self._spent.popleft()
        kind = "recent" if self.now.timestamp() - asked["StartTime"] <= 3 * 3600 else "older"
        limit = RECENT_POINTS_PER_SECOND if kind == "recent" else OLDER_POINTS_PER_SECOND
        points = _estimate(asked)
        spent = sum(each for _, of, each in self._spent if of == kind)
        if len(self._spent) >= CALLS_PER_SECOND or spent + points > limit:
            return True
        self._spent.append((now, kind, points))
        return False

    def _named(self, query: dict[str, Any], asked: dict[str, Any]) -> Series:
        if not _stat(query):
            return Series([])
        metric = query["MetricStat"]["Metric"]
        dimensions = frozenset((item["Name"], item["Value"]) for item in metric.get("Dimensions", ()))
        found = self.series.get((metric["Namespace"], metric["MetricName"], dimensions), Series([]))
        elsewhere = found.region not in (None, asked["Region"]) or found.account != query.get("AccountId")
        return Series([]) if elsewhere else found

    def _of(self, query: dict[str, Any], asked: dict[str, Any], queries: Mapping[str, dict[str, Any]]) -> Points:
        """Points in ``[StartTime, EndTime)``; nothing at all if the start is beyond the retention of the period."""
        if not _stat(query):
            return self._computed(query, asked, queries)
        period, start = query["MetricStat"]["Period"], int(asked["StartTime"])
        kept = next(days for shortest, days in RETENTION_DAYS if period % shortest == 0)
        if self.now.timestamp() - start > kept * 86_400:
            return []
        series = self._named(query, asked)
        if series.status in ("Forbidden", "InternalError"):
            return []
        if series.formula:
            times = range(-(-start // period) * period, math.ceil(asked["EndTime"]), period)
            points = [(time, series.formula(time, period)) for time in times]
        else:
            points = [point for point in series.points if start <= point[0] < asked["EndTime"]]
        if self.scramble:
            return points
        return sorted(points, reverse=asked.get("ScanBy", "TimestampDescending") == "TimestampDescending")

    def _computed(self, query: dict[str, Any], asked: dict[str, Any], queries: Mapping[str, dict[str, Any]]) -> Points:
        """An expression, moment by moment where all of its metrics have a point."""
        used = sorted(set(re.findall(r"\b[a-z]\w*", query["Expression"])))
        inputs = {id_: dict(self._of(queries[id_], asked, queries)) for id_ in used}
        moments = sorted(set.intersection(*(set(points) for points in inputs.values())))
        code = compile(query["Expression"], "expression", "eval")
        return [(at, float(eval(code, {id_: inputs[id_][at] for id_ in used}))) for at in moments]  # noqa: S307

    def _result(self, id_: str, series: Series, points: Points, page: slice) -> dict[str, Any]:
        mine = points[page]
        status = series.status
        if status == "Complete" and (len(points) > page.stop or (self.partial_for_ever and mine)):
            status = "PartialData"
        return {
            "Id": id_,
            "Label": "label",
            "Timestamps": [time for time, _ in mine],
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
            for (namespace, metric, dimensions), series in self.series.items()
            if asked.get("Namespace", namespace) == namespace and asked.get("MetricName", metric) == metric
            if series.account == asked.get("OwningAccount")
        ]
        page = int(asked.get("NextToken") or 0)
        answer: dict[str, Any] = {"Metrics": wanted[page * 2 : page * 2 + 2]}
        return answer | ({"NextToken": str(page + 1)} if len(wanted) > page * 2 + 2 else {})


def _stat(query: dict[str, Any]) -> bool:
    return "MetricStat" in query


def _estimate(asked: dict[str, Any]) -> int:
    """Points that a call could answer."""
    seconds = asked["EndTime"] - asked["StartTime"]
    return sum(
        math.ceil(seconds / query["MetricStat"]["Period"]) for query in asked["MetricDataQueries"] if _stat(query)
    )


def _refusal(asked: dict[str, Any]) -> str | None:
    """Why the service would answer with an error."""
    queries = asked["MetricDataQueries"]
    names = {query["Id"] for query in queries}
    periods = [query["MetricStat"]["Period"] for query in queries if _stat(query)]
    unknown = {
        name
        for query in queries
        for name in re.findall(r"\b[a-z]\w*", query.get("Expression", ""))
        if name not in names
    }
    reasons = {
        "too many queries or datapoints": len(queries) > MAX_QUERIES
        or asked.get("MaxDatapoints", MAX_POINTS) > MAX_POINTS,
        "Ids are not unique": len(names) < len(queries),
        "the start is not before the end": asked["StartTime"] >= asked["EndTime"],
        "not a period": any(period % 60 and period not in (1, 5, 10, 20, 30) for period in periods),
        f"no metric {unknown}": bool(unknown),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _shortened(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with the first points of each series."""
    if "MetricDataResults" not in answer:
        return answer
    short = [
        {key: value[:VALIDATED_POINTS] if key in ("Timestamps", "Values") else value for key, value in result.items()}
        for result in answer["MetricDataResults"]
    ]
    return answer | {"MetricDataResults": short}


def _error(code: str, message: str, *, status: int = 400) -> Answer:
    # The code of the query protocol comes in a header, as the service is compatible with it.
    return Answer(
        json.dumps({"__type": f"com.amazonaws.cloudwatch#{code}", "message": message}).encode(),
        "application/x-amz-json-1.0",
        status,
        {"x-amzn-query-error": f"{code};Sender"},
    )


def _wire(value: Any) -> Any:
    """JSON of the protocol: numbers that JSON lacks are words."""
    if isinstance(value, dict):
        return {name: _wire(item) for name, item in value.items()}
    if isinstance(value, list):
        plain = all(isinstance(item, int | float) and math.isfinite(item) for item in value)
        return value if plain else [_wire(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    return value
