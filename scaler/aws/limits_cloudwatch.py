"""What CloudWatch takes. Each rule gives the reasons why it would not take these parameters now.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html, API_PutMetricData
and API_ListMetrics; retention in cloudwatch_concepts.html of the user guide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from scaler.aws.limits_values import moment, show

MAX_QUERIES = 500
MAX_POINTS = 100_800
MAX_DIMENSIONS = 30
MAX_LISTED_DIMENSIONS = 10
MAX_PUT = 1_000
MAX_VALUES = 150
PUT_PAST, PUT_FUTURE = timedelta(weeks=2), timedelta(hours=2)
LARGEST_VALUE = 2.0**360
HIGH_RESOLUTION = (1, 5, 10, 20, 30)
# How old a start may be at most, and what the period has to be a multiple of if it is older.
RETENTION = ((timedelta(hours=3), 60), (timedelta(days=15), 300), (timedelta(days=63), 3_600))
LONGEST = timedelta(days=455)
_STATISTIC = re.compile(
    r"Sum|Average|Maximum|Minimum|SampleCount|IQM|(p|tm|wm|tc|ts)([0-9]{1,2}(\.[0-9]{0,10})?|100)|(PR|TM|WM|TC|TS)\(.*\)"
)


def get_metric_data(params: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Limits of the call, then of each query, then what the answer could hold."""
    queries: Sequence[Mapping[str, Any]] = params.get("MetricDataQueries") or ()
    if not 1 <= len(queries) <= MAX_QUERIES:
        yield f"{len(queries)} queries in one call, and CloudWatch takes 1 to {MAX_QUERIES}"
    if params.get("MaxDatapoints", 1) > MAX_POINTS:
        yield f"MaxDatapoints is {params['MaxDatapoints']}, and CloudWatch takes at most {MAX_POINTS}"
    ids = Counter(str(query.get("Id")) for query in queries)
    yield from (f"the Id {id_!a} is used {times} times" for id_, times in ids.items() if times > 1)
    yield from (f"the Id {id_!a} is no name of metric math" for id_ in ids if not re.fullmatch(r"[a-z]\w{0,254}", id_))
    if queries and not any(query.get("ReturnData", True) for query in queries):
        yield "not one query has ReturnData"
    start, end = moment(params.get("StartTime")), moment(params.get("EndTime"))
    if start is None or end is None:
        return
    if start >= end:
        yield f"the start {show(start)} is not before the end {show(end)}"
        return
    for query in queries:
        yield from _query(query, start, end, now)
    points = sum(math.ceil((end - start).total_seconds() / _period(query)) for query in queries)
    if points > MAX_POINTS:
        yield f"up to {points} points in one call, and CloudWatch answers at most {MAX_POINTS}"


def _period(query: Mapping[str, Any]) -> int:
    given = query.get("MetricStat", query).get("Period")
    return int(given) if isinstance(given, int) and given > 0 else 60


def _query(query: Mapping[str, Any], start: datetime, end: datetime, now: datetime) -> Iterator[str]:
    period = _period(query)
    if period % 60 and period not in HIGH_RESOLUTION:
        yield f"a period of {period} s; CloudWatch takes 1, 5, 10, 20, 30 and multiples of 60"
        return
    if now - start > LONGEST:
        yield f"the start {show(start)} is more than {LONGEST.days} days ago, where CloudWatch keeps nothing"
        return
    for age, multiple in RETENTION:
        if now - start > age and period % multiple:
            yield (
                f"a period of {period} s from {show(start)} on, where CloudWatch keeps only points of {multiple} s: "
                "it would answer nothing, and no error"
            )
            return
    for name, edge in (("start", start), ("end", end)):
        if edge.timestamp() % period:
            yield f"the {name} {show(edge)} is not on the grid of a period of {period} s: its point would be a part"
    stat = query.get("MetricStat")
    if stat is not None:
        if not _STATISTIC.fullmatch(str(stat.get("Stat"))):
            yield f"{stat.get('Stat')!a} is no statistic"
        yield from _dimensions(stat.get("Metric", {}))


def _dimensions(metric: Mapping[str, Any]) -> Iterator[str]:
    names = Counter(str(dimension.get("Name")) for dimension in metric.get("Dimensions") or ())
    if sum(names.values()) > MAX_DIMENSIONS:
        yield f"{sum(names.values())} dimensions, and CloudWatch takes at most {MAX_DIMENSIONS}"
    yield from (f"the dimension {name!a} is given {times} times" for name, times in names.items() if times > 1)


def put_metric_data(params: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Limits of the call, then of each datum."""
    namespace = str(params.get("Namespace", ""))
    if namespace.startswith(("AWS/", ":")):
        yield f"the namespace {namespace!a} is kept for AWS itself"
    data: Sequence[Mapping[str, Any]] = params.get("MetricData") or ()
    if len(data) > MAX_PUT:
        yield f"{len(data)} metrics in one call, and CloudWatch takes at most {MAX_PUT}"
    for datum in data:
        yield from _datum(datum, now)
        yield from _dimensions(datum)


def _datum(datum: Mapping[str, Any], now: datetime) -> Iterator[str]:
    time = moment(datum.get("Timestamp"))
    if time is not None and not now - PUT_PAST <= time <= now + PUT_FUTURE:
        yield f"a point at {show(time)}; CloudWatch takes points of the last two weeks and the next two hours"
    values, counts = datum.get("Values") or (), datum.get("Counts") or ()
    if len(values) > MAX_VALUES:
        yield f"{len(values)} values of one datum, and CloudWatch takes at most {MAX_VALUES}"
    if counts and len(counts) != len(values):
        yield f"{len(values)} values with {len(counts)} counts"
    if sum(key in datum for key in ("Value", "Values", "StatisticValues")) != 1:
        yield "a datum has one of Value, Values and StatisticValues"
    numbers = [datum[key] for key in ("Value",) if key in datum] + list(values)
    yield from (
        f"the value {value}, which CloudWatch does not take"
        for value in numbers
        if not math.isfinite(value) or abs(value) > LARGEST_VALUE
    )
    if datum.get("StorageResolution", 60) not in (1, 60):
        yield f"StorageResolution is {datum['StorageResolution']}, and may be 1 or 60"


def list_metrics(params: Mapping[str, Any], now: datetime) -> Iterator[str]:  # noqa: ARG001 - rules are alike
    """Limits of the filters."""
    dimensions = params.get("Dimensions") or ()
    if len(dimensions) > MAX_LISTED_DIMENSIONS:
        yield f"{len(dimensions)} dimensions to filter by, and CloudWatch takes at most {MAX_LISTED_DIMENSIONS}"
    if params.get("RecentlyActive", "PT3H") != "PT3H":
        yield f"RecentlyActive is {params['RecentlyActive']!a}, and can only be PT3H"
    if "OwningAccount" in params and not params.get("IncludeLinkedAccounts"):
        yield "OwningAccount without IncludeLinkedAccounts"


CLOUDWATCH: Mapping[str, Callable[[Mapping[str, Any], datetime], Iterator[str]]] = {
    "GetMetricData": get_metric_data,
    "ListMetrics": list_metrics,
    "PutMetricData": put_metric_data,
}
