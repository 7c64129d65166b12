"""Statistics of metrics from the emulator in a time that grows with what is asked for, and not with its square."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

#: Periods that are asked for at once: the emulator looks through all points that it is given for each of them.
_PERIODS = 48


def metric_replacements() -> tuple[tuple[Any, dict[str, Callable[..., Any]]], ...]:
    """Owners, and of each the methods to put in place of its own, by name."""
    from moto.cloudwatch.models import CloudWatchBackend

    return ((CloudWatchBackend, {"get_metric_data": _of_few_points(CloudWatchBackend.get_metric_data)}),)


def _of_few_points(original: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """The same answers, each part of a query over no more than the points of its metric and of its periods."""

    def get_metric_data(
        self: Any, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, scan_by: str = ""
    ) -> list[dict[str, Any]]:
        order = scan_by or "TimestampAscending"
        if start_time >= end_time or not all("MetricStat" in query for query in queries):
            return original(self, queries, start_time, end_time, order)
        points = self.get_all_metrics()
        return [part for query in queries for part in one(self, points, query, (start_time, end_time), order)]

    def one(
        backend: Any, points: list[Any], query: dict[str, Any], span: tuple[datetime, datetime], order: str
    ) -> list[dict[str, Any]]:
        metric, period = query["MetricStat"]["Metric"], int(query["MetricStat"]["Period"])
        mine = [each for each in points if (each.namespace, each.name) == (metric["Namespace"], metric["MetricName"])]
        start, end = (moment.replace(microsecond=0) for moment in span)
        found: list[dict[str, Any]] = []
        while start < end:
            until = min(start + timedelta(seconds=_PERIODS * period), end)
            few = [each for each in mine if start <= each.timestamp < until]
            alone = copy.copy(backend)
            alone.get_all_metrics = lambda few=few: few
            found += original(alone, [query], start, until, order)
            start = until
        return _joined(found if order == "TimestampAscending" else found[::-1])

    return get_metric_data


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One answer of its parts; a query whose data nobody wants has none."""
    return [
        part | {key: [value for each in parts for value in each[key]] for key in ("values", "timestamps")}
        for part in parts[:1]
    ]
