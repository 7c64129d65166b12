"""CloudWatch as a source: GetMetricData."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from scaler.aws.interface import AccessDenied, AwsClients, AwsUnavailable, DeadlinePassed, Throttled
from scaler.aws.pace import PointPace
from scaler.aws.session import call
from scaler.errors import Failed, ScalerError
from scaler.sources.asks import Ask, asks
from scaler.sources.batches import MAX_POINTS, Batch, packed
from scaler.sources.interface import FetchResult, Kept, MetricQuery, Points, Request, SourceFailed
from scaler.sources.near_metrics import near_metrics
from scaler.sources.pages import Pages, Raw, by_id, metric_data_queries
from scaler.sources.series import Gathering

# After one of these the next call of the region would fare no better, and would wait just as long to say so.
_HOPELESS = (AccessDenied, AwsUnavailable, DeadlinePassed, Throttled)

#: For a whole fetch. At the rate that CloudWatch allows that is some five thousand calls.
DEADLINE = timedelta(minutes=30)


class CloudWatchSource:
    """Reads series with GetMetricData.

    Args:
        clients: makes the clients; one per region asked. They retry, within their own bounds, and nothing else does.
        clock: the present (not the time that is planned for): it decides what CloudWatch still keeps.
        deadline: for one fetch; no attempt of a call begins after it.
        monotonic, sleep: what the rate of the calls is measured and kept with.
    """

    archived = True

    def __init__(
        self,
        clients: AwsClients,
        clock: Callable[[], datetime],
        *,
        deadline: timedelta = DEADLINE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._deadline = deadline
        self._monotonic = monotonic
        self._pace = PointPace(monotonic=monotonic, sleep=sleep)

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        """Answer all requests, in as few calls as the limits allow.

        Raises:
            AwsFailed: not one series could be read, for a reason that is not its own (credentials, network,
                permission, throttling, deadline).
            SourceFailed: the same, where AWS answered nonsense (an endless page, a misfit).
            ClockSkewed: the time of this machine is not AWS's.
        """
        points: dict[str, Points] = {}
        problems: dict[str, ScalerError] = {}
        kept: dict[str, Kept] = {}
        calls = metrics = 0
        for part in self.fetch_chunks(requests):
            points |= part.points
            problems |= part.problems
            kept |= part.kept
            calls += part.calls
            metrics += part.metrics_requested or 0
        return FetchResult(points, problems, calls, metrics, kept)

    def fetch_chunks(self, requests: Sequence[Request]) -> Iterator[FetchResult]:
        """The same in parts, each as soon as its series are complete; series that failed come last.

        Raises:
            as :meth:`fetch`, once no part is left.
        """
        started, now = self._monotonic(), self._clock()
        asked = asks(requests, now=now, margin=self._deadline)
        gathering = Gathering({request.query.series_id: request.query for request in requests}, asked)
        reader = _Reader(self._clients, self._pace, now, self._monotonic, started + self._deadline.total_seconds())
        calls = metrics = 0
        for batch in packed(asked):
            gathering.take(reader.read(batch))
            if gathering.complete:
                points, problems = gathering.pop_complete()
                yield FetchResult(points, problems, reader.calls - calls, reader.metrics - metrics)
                calls, metrics = reader.calls, reader.metrics
        nothing = gathering.nothing_but(Failed)
        points, problems, kept = gathering.pop_rest()
        if nothing and reader.failure is not None:
            if kept:
                yield FetchResult({}, {}, reader.calls - calls, reader.metrics - metrics, kept)
            raise reader.failure
        yield FetchResult(points, problems, reader.calls - calls, reader.metrics - metrics, kept)

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        """Metrics that exist and look like the query's; none if they cannot be listed."""
        return near_metrics(self._clients, query)


class _Reader:
    """Makes the calls of one fetch.

    Attributes:
        calls: requests made.
        metrics: entries of all of them that CloudWatch bills.
        failure: the first failure that is not one series' own.
    """

    def __init__(
        self, clients: AwsClients, pace: PointPace, now: datetime, monotonic: Callable[[], float], deadline: float
    ) -> None:
        self.calls = 0
        self.metrics = 0
        self.failure: Failed | None = None
        self._clients = clients
        self._pace = pace
        self._now = now
        self._monotonic = monotonic
        self._deadline = deadline
        self._given_up: dict[str | None, Failed] = {}

    def read(self, batch: Batch) -> Iterator[tuple[Ask, Raw | ScalerError]]:
        """One batch, page by page. A failure is a problem of its series; the others go on."""
        failure = self._given_up.get(batch.region)
        if failure is None:
            try:
                return self._pages(batch)
            except Failed as error:
                failure = error
        self.failure = self.failure or failure
        if isinstance(failure, _HOPELESS):
            self._given_up[batch.region] = failure
        return iter([(ask, failure) for ask in batch.asks])

    def _pages(self, batch: Batch) -> Iterator[tuple[Ask, Raw | ScalerError]]:
        members = by_id(batch.asks)
        pages = Pages(members)
        queries = metric_data_queries(members)
        first = batch.asks[0].query.metric.describe()
        resource = first if len(members) == 1 else f"{first} and {len(members) - 1} more"
        token: str | None = None
        seen: set[str] = set()
        while True:
            page = self._page(batch, queries, resource, token)
            pages.absorb(page)
            token = page.get("NextToken")
            if not token:
                return pages.finish()
            if token in seen:
                raise _loop(resource)
            seen.add(token)

    def _page(self, batch: Batch, queries: list[dict[str, Any]], resource: str, token: str | None) -> dict[str, Any]:
        self._check_deadline()
        client = self._clients.client("cloudwatch", batch.region)
        self.calls += 1
        self.metrics += sum("MetricStat" in query for query in queries)
        with self._pace.turn(batch.region, batch.points, self._now - batch.window.start), self._watched(client):
            return call(
                self._clients,
                "cloudwatch",
                "GetMetricData",
                region=batch.region,
                resource=resource,
                MetricDataQueries=queries,
                StartTime=batch.window.start,
                EndTime=batch.window.end,
                ScanBy="TimestampAscending",  # the default is descending
                MaxDatapoints=MAX_POINTS,
                **({"NextToken": token} if token else {}),
            )

    @contextmanager
    def _watched(self, client: Any) -> Iterator[None]:
        """No attempt, the client's own retries included, begins after the deadline."""
        event = "before-send.cloudwatch.GetMetricData"
        client.meta.events.register(event, self._check_deadline)
        try:
            yield
        finally:
            client.meta.events.unregister(event, self._check_deadline)

    def _check_deadline(self, **_: Any) -> None:
        if self._monotonic() >= self._deadline:
            raise DeadlinePassed(
                "asking CloudWatch took longer than it may",
                why=f"the deadline of the fetch passed after {self.calls} calls",
                next_step="Run it again: what was answered is archived and not asked for again.",
            )


def _loop(resource: str) -> SourceFailed:
    return SourceFailed(
        "loop detected: CloudWatch gave the same NextToken twice",
        why=f"the pages of GetMetricData for {resource} never end",
        next_step="Run it again; if it stays, check what AWS_ENDPOINT_URL points at.",
    )
