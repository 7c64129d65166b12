"""What ``query_range`` answers: one series and its points, or why it is not that; and the names in a query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from scaler.aws.redaction import one_safe_line
from scaler.sources.interface import MetricQuery, SeriesRefused, SourceFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Labels = tuple[tuple[str, str], ...]
"""The labels of a series, sorted."""

_SHOWN = 3
# https://prometheus.io/docs/prometheus/latest/querying/basics: names; the words of the language; what is no name:
# texts, label matchers, groupings, durations.
_NAME = re.compile(r"(?<![A-Za-z0-9_:])[A-Za-z_:][A-Za-z0-9_:]*(?!\s*\()(?![A-Za-z0-9_:])")
_NO_NAME = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|\[[^\]]*\]"
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
)
_MATCHERS = re.compile(r"\{[^}]*\}")
_WORDS = frozenset(
    {"and", "atan2", "bool", "by", "end", "group_left", "group_right", "ignoring", "inf", "nan", "offset", "on", "or"}
    | {"start", "unless", "without"}
)


def one_series(query: MetricQuery, data: Any, seen: dict[Labels, None]) -> dict[str, Any] | None:
    """The only series of an answer, or ``None`` where the query gives nothing at all.

    Args:
        seen: labels of the series in the answers before; those of this one are added.

    Raises:
        SeriesRefused: the query gives several series, or histograms.
        SourceFailed: the answer is no matrix.
    """
    if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
        raise nonsense(query, "its data is not a matrix")
    result = data["result"]
    for series in result:
        if not isinstance(series, dict) or not isinstance(series.get("metric"), dict):
            raise nonsense(query, "a series has no labels")
        seen[tuple(sorted((str(name), str(value)) for name, value in series["metric"].items()))] = None
    if len(seen) > 1:
        shown = [one_safe_line(_braced(labels))[:80] for labels in list(seen)[:_SHOWN]]
        more = ", …" if len(seen) > _SHOWN else ""
        raise SeriesRefused(
            f"{query.workload}: the query gives {len(seen)} series or more, not one",
            why=f"{', '.join(shown)}{more}",
            next_step="Put sum(...) or max(...) around the query, or match labels, so that it gives one series.",
        )
    if result and "histograms" in result[0]:
        raise SeriesRefused(
            f"{query.workload}: the query gives histograms, not numbers",
            why=query.metric.describe(),
            next_step="Put histogram_count, histogram_sum or histogram_quantile around it.",
        )
    return result[0] if result else None


def points_of(query: MetricQuery, series: dict[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Moments, rounded to whole seconds since the epoch, and values; both of shape ``(n,)``.

    Values come as text, ``NaN`` and ``+Inf`` among them; whether they may is judged by the caller.

    Raises:
        SourceFailed: a pair of them is not that.
    """
    try:
        pairs = [(float(time), float(value)) for time, value in series["values"]]
    except (KeyError, TypeError, ValueError):
        raise nonsense(query, "a point is not a time and a number") from None
    moments = np.array([time for time, _ in pairs], dtype=np.float64)
    if not np.all(np.isfinite(moments)):
        raise nonsense(query, "a point has no time")
    return np.rint(moments).astype(np.int64), np.array([value for _, value in pairs], dtype=np.float64)


def nonsense(query: MetricQuery, why: str) -> SourceFailed:
    """The failure of a server that answers success and something else than Prometheus would."""
    return SourceFailed(
        f"{query.workload}: the answer is none of Prometheus'",
        why=why,
        next_step="Check url: it is what stands before /api/v1 in the address of the server's API.",
    )


def metric_names(promql: str) -> tuple[str, ...]:
    """Metrics that a query names, in its order: a hint, not a parser."""
    named = re.findall(r"__name__\s*=\s*[\"']([^\"']+)[\"']", promql)
    bare = _MATCHERS.sub(" ", _NO_NAME.sub(" ", promql))
    # An identifier after a number is the unit of a duration: offset 5m.
    words = [match.group() for match in _NAME.finditer(bare) if match.group().lower() not in _WORDS]
    return tuple(dict.fromkeys([*named, *words]))


def _braced(labels: Labels) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels) + "}"
