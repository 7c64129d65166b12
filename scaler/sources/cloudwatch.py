"""CloudWatch as a source: GetMetricData."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from scaler.aws.interface import AccessDenied, AwsClients, AwsUnavailable, Throttled
from scaler.aws.session import call
from scaler.errors import Failed, ScalerError
from scaler.sources.batches import MAX_POINTS, Batch, batches
from scaler.sources.interface import FetchResult, InvalidPoints, MetricQuery, Points, Request, SourceFailed
from scaler.sources.near_metrics import near_metrics
from scaler.sources.pages import Pages, Raw, by_id, metric_data_queries
from scaler.sources.points import assemble

# After one of these the next call of the region would fare no better, and would wait just as long to say so.
_HOPELESS = (AccessDenied, AwsUnavailable, Throttled)


class CloudWatchSource:
    """Reads series with GetMetricData.

    Args:
        clients: makes the clients; one per region asked.
        clock: the present (not the time that is planned for): it decides what CloudWatch still keeps.
    """

    archived = True

    def __init__(self, clients: AwsClients, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._clock = clock

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests, in as few calls as the limits allow.

        Raises:
            AwsFailed: not one series could be read, for a reason that is not its own (credentials, network,
                permission, throttling).
            SourceFailed: the same, where AWS answered nonsense (an endless page, a misfit).
            ClockSkewed: the time of this machine is not AWS's.
        """
        reading = _Reading(self._clients)
        for batch in batches(requests, now=self._clock()):
            reading.read(batch)
        return reading.result({request.query.series_id: request.query for request in requests})

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Metrics that exist and look like the query's; none if they cannot be listed."""
        return near_metrics(self._clients, query)


class _Reading:
    """What has been read so far."""

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._raw: dict[str, list[Raw]] = {}
        self._problems: dict[str, ScalerError] = {}
        self._given_up: dict[str | None, Failed] = {}
        self._failure: Failed | None = None
        self._calls = 0

    def read(self, batch: Batch) -> None:
        """One batch, page by page. A failure is a problem of its series; the others go on."""
        failure = self._given_up.get(batch.region)
        if failure is None:
            try:
                outcomes = self._pages(batch)
            except Failed as error:
                failure = error
        if failure is not None:
            self._failure = self._failure or failure
            if isinstance(failure, _HOPELESS):
                self._given_up[batch.region] = failure
            for query in batch.queries:
                self._problems.setdefault(query.series_id, failure)
            return
        for series_id, outcome in outcomes.items():
            if isinstance(outcome, ScalerError):
                self._problems.setdefault(series_id, outcome)
            else:
                self._raw.setdefault(series_id, []).append(outcome)

    def _pages(self, batch: Batch) -> dict[str, Raw | ScalerError]:
        queries = by_id(batch.queries)
        pages = Pages(queries)
        first = batch.queries[0].metric.describe()
        resource = first if len(queries) == 1 else f"{first} and {len(queries) - 1} more"
        token: str | None = None
        seen: set[str] = set()
        while True:
            self._calls += 1
            page = call(
                self._clients,
                "cloudwatch",
                "GetMetricData",
                region=batch.region,
                resource=resource,
                MetricDataQueries=metric_data_queries(queries),
                StartTime=batch.window.start,
                EndTime=batch.window.end,
                ScanBy="TimestampAscending",  # the default is descending
                MaxDatapoints=MAX_POINTS,
                **({"NextToken": token} if token else {}),
            )
            pages.absorb(page)
            token = page.get("NextToken")
            if not token:
                return pages.finish()
            if token in seen:
                raise _loop(resource)
            seen.add(token)

    def result(self, asked: dict[str, MetricQuery]) -> FetchResult:
        """Everything that was asked is in exactly one of points and problems."""
        points: dict[str, Points] = {}
        problems = dict(self._problems)
        for series_id, query in asked.items():
            if series_id not in problems:
                try:
                    points[series_id] = _assembled(query, self._raw.pop(series_id, []))
                except InvalidPoints as error:
                    problems[series_id] = error
        if self._failure is not None and not points and all(isinstance(p, Failed) for p in problems.values()):
            raise self._failure
        return FetchResult(points, problems, self._calls)


def _assembled(query: MetricQuery, raw: list[Raw]) -> Points:
    times = np.concatenate([np.empty(0, np.int64), *(times for times, _ in raw)])
    values = np.concatenate([np.empty(0, np.float64), *(values for _, values in raw)])
    return assemble(query, times, values)


def _loop(resource: str) -> SourceFailed:
    return SourceFailed(
        "loop detected: CloudWatch gave the same NextToken twice",
        why=f"the pages of GetMetricData for {resource} never end",
        next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
    )
