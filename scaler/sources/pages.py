"""The language of GetMetricData: queries by Id on the way out, pages merged per Id on the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.aws.redaction import one_safe_line
from scaler.config.expression import renamed
from scaler.errors import ScalerError
from scaler.sources.asks import Ask, cloudwatch_metric
from scaler.sources.interface import MetricQuery, SeriesRefused, SourceFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Raw = tuple["NDArray[np.int64]", "NDArray[np.float64]"]
"""Times and values as they came, each of shape ``(n,)``."""


def by_id(asks: Sequence[Ask]) -> dict[str, Ask]:
    """An Id for each, unique within its call. CloudWatch wants a lower-case letter first."""
    return {f"q{number}": ask for number, ask in enumerate(asks)}


def metric_data_queries(asks: Mapping[str, Ask]) -> list[dict[str, Any]]:
    """``MetricDataQueries`` of a call."""
    return [entry for id_, ask in asks.items() for entry in _entries(id_, ask)]


def _entries(id_: str, ask: Ask) -> Iterator[dict[str, Any]]:
    metric = cloudwatch_metric(ask.query)
    prefix = "" if metric.expression is None else f"{id_}_"
    for name, each in sorted(metric.inputs.items()):
        yield {
            "Id": prefix + name if prefix else id_,
            **({"AccountId": each.account} if each.account else {}),
            "MetricStat": {
                "Metric": {
                    "Namespace": each.namespace,
                    "MetricName": each.metric,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in sorted(each.dimensions.items())],
                },
                "Period": ask.period_seconds,
                "Stat": each.statistic,
            },
            "ReturnData": metric.expression is None,
        }
    if metric.expression is not None:
        expression = renamed(metric.expression, prefix)
        yield {"Id": id_, "Expression": expression, "Period": ask.period_seconds, "ReturnData": True}


@dataclass
class _Series:
    times: list[NDArray[np.int64]] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    status: str | None = None
    message: str = ""


class Pages:
    """Merges the pages of one call, per Id."""

    def __init__(self, asks: Mapping[str, Ask]) -> None:
        self._asks = asks
        self._series = {id_: _Series() for id_ in asks}

    def absorb(self, page: Mapping[str, Any]) -> None:
        """Take in one page.

        Raises:
            SourceFailed: the page does not fit the question, or says that the call as a whole is incomplete.
        """
        if page.get("Messages"):
            raise _misfit(f"CloudWatch says {_said(page['Messages'])}")
        results = page.get("MetricDataResults", ())
        if len({result.get("Id") for result in results}) < len(results):
            raise _misfit("CloudWatch answered one Id with several series: an expression must give one")
        for result in results:
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

    def finish(self) -> Iterator[tuple[Ask, Raw | ScalerError]]:
        """What is known of each series once no page is left, in the order asked."""
        for id_, ask in self._asks.items():
            yield ask, self._outcome(ask.query, self._series[id_])

    def _outcome(self, query: MetricQuery, series: _Series) -> Raw | ScalerError:
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
