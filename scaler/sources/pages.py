"""The language of GetMetricData: queries by Id on the way out, pages merged per Id on the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.aws.redaction import one_safe_line
from scaler.config import CloudWatchMetric
from scaler.errors import ScalerError
from scaler.sources.interface import MetricQuery, SeriesRefused, SourceFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Raw = tuple["NDArray[np.int64]", "NDArray[np.float64]"]
"""Times and values as they came, each of shape ``(n,)``."""


def by_id(queries: Sequence[MetricQuery]) -> dict[str, MetricQuery]:
    """An Id for each query, unique within its call. CloudWatch wants a lower-case letter first."""
    return {f"q{number}": query for number, query in enumerate(queries)}


def metric_data_queries(queries: Mapping[str, MetricQuery]) -> list[dict[str, Any]]:
    """``MetricDataQueries`` of a call."""
    return [_metric_data_query(id_, query) for id_, query in queries.items()]


def _metric_data_query(id_: str, query: MetricQuery) -> dict[str, Any]:
    metric = query.metric
    if not isinstance(metric, CloudWatchMetric):
        raise TypeError(f"{type(metric).__name__} is not a metric of CloudWatch")
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(metric.dimensions.items())],
            },
            "Period": query.period_seconds,
            "Stat": query.statistic,
        },
        "ReturnData": True,
    }


@dataclass
class _Series:
    times: list[NDArray[np.int64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    status: str | None = None
    message: str = ""


class Pages:
    """Merges the pages of one call, per Id."""

    def __init__(self, queries: Mapping[str, MetricQuery]) -> None:
        self._queries = queries
        self._series = {id_: _Series() for id_ in queries}

    def absorb(self, page: Mapping[str, Any]) -> None:
        """Take in one page.

        Raises:
            SourceFailed: the page does not fit the question, or says that the call as a whole is incomplete.
        """
        if page.get("Messages"):
            raise _misfit(f"CloudWatch says {_said(page['Messages'])}")
        for result in page.get("MetricDataResults", ()):
            series = self._series.get(result.get("Id"))
            if series is None:
                raise _misfit(f"CloudWatch answered an Id that was not asked: {one_safe_line(result.get('Id'))}")
            times, values = result.get("Timestamps", ()), result.get("Values", ())
            if len(times) != len(values):
                raise _misfit(f"CloudWatch sent {len(times)} times with {len(values)} values")
            if len(times):
                series.times.append(_seconds(times))
                series.values.append(_numbers(values))
            series.message = _said(result.get("Messages", ())) or series.message
            # An error of a series stands, whatever later pages say of it.
            if series.status not in ("Forbidden", "InternalError"):
                series.status = result.get("StatusCode", series.status)

    def finish(self) -> dict[str, Raw | ScalerError]:
        """What is known of each series, by ``series_id``, once no page is left."""
        return {self._queries[id_].series_id: self._outcome(id_) for id_ in self._queries}

    def _outcome(self, id_: str) -> Raw | ScalerError:
        series, query = self._series[id_], self._queries[id_]
        if series.status == "Complete":
            return (
                np.concatenate([np.empty(0, np.int64), *series.times]),
                np.concatenate([np.empty(0, np.float64), *series.values]),
            )
        said = f": {series.message}" if series.message else ""
        if series.status == "Forbidden":
            why = f"CloudWatch answered Forbidden{said}"
            mend = f"Allow cloudwatch:GetMetricData on it in {query.region or 'the default region'}."
        elif series.status == "PartialData":
            why, mend = f"CloudWatch stopped at a part of the points and gave no token for the rest{said}", None
        else:
            why, mend = f"CloudWatch answered {one_safe_line(series.status or 'nothing')}{said}", None
        return SeriesRefused(
            f"{query.workload}: CloudWatch did not give the points of its {query.role}",
            why=f"{query.metric.describe()}: {why}",
            next_step=mend or "Run it again; if it stays, look at the metric in the CloudWatch console.",
        )


def _misfit(why: str) -> SourceFailed:
    return SourceFailed(
        "the answer of CloudWatch cannot be used", why=why, next_step="Run it again; nothing of it was kept."
    )


def _said(messages: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(
        one_safe_line(f"{message.get('Code', '')} {message.get('Value', '')}".strip()) for message in messages
    )


def _seconds(times: Sequence[Any]) -> NDArray[np.int64]:
    if not isinstance(times[0], int | float):
        times = [time.timestamp() for time in times]
    return np.asarray(times, dtype=np.float64).astype(np.int64)


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    # JSON has no NaN or infinity: protocols send them as words, which float() reads.
    return np.asarray([float(value) for value in values], dtype=np.float64)
