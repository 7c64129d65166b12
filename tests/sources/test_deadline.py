"""Fetching that cannot be finished: bounded, and nothing that was complete is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.aws.interface import DeadlinePassed, Throttled
from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric, FileMetric
from scaler.errors import Failed
from scaler.history.archive import ParquetArchive
from scaler.history.collect import Access, Wanted, collect
from scaler.history.folder_store import FolderStore
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.files import FileSource
from scaler.sources.interface import Request
from tests.sources.examples import NAMESPACE, NOW, cloudwatch_query, last
from tests.standins.cloudwatch import CloudWatchStandIn

NAMES = [f"M{number:02}" for number in range(25)]
EVERY = [cloudwatch_query(workload=name, metric=name) for name in NAMES]
QUERIES = EVERY[:12]
DAYS = 60
OVERLAP = timedelta(hours=3)


class FailsFrom(CloudWatchStandIn):
    """Answers so many calls and throttles all that come after."""

    answered = 0

    def respond(self, headers: Any, body: bytes) -> Any:
        """Throttle once enough was answered."""
        if len(self.calls) >= self.answered:
            self.throttle = 10**6
        return super().respond(headers, body)


@pytest.fixture
def server() -> Iterator[FailsFrom]:
    """CloudWatch with 25 metrics; twelve of them over sixty days are three calls."""
    with FailsFrom(now=NOW) as server:
        for number, name in enumerate(NAMES):
            server.put(NAMESPACE, name, formula=lambda time, period, add=number: float(time // period % 977 + add))
        yield server


def source_of(server: CloudWatchStandIn, *, attempts: int = 2, **more: Any) -> CloudWatchSource:
    """A source with few attempts."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=attempts, now=lambda: NOW)
    return CloudWatchSource(clients, lambda: NOW, **more)


def fetched(server: CloudWatchStandIn, folder: Path, queries=QUERIES, days: int = DAYS):
    """Bring an archive up to date."""
    sources = {CloudWatchMetric: source_of(server), FileMetric: FileSource(folder)}
    archive = ParquetArchive(FolderStore(folder))
    return collect([Wanted(query, last(days), OVERLAP) for query in queries], Access(archive, sources)), archive


def answered_points(server: CloudWatchStandIn) -> int:
    """Points of all calls that were answered."""
    return sum(
        len(call["MetricDataQueries"]) * int(call["EndTime"] - call["StartTime"]) // 300 for call in server.calls
    )


def test_complete_pages_are_archived_and_not_asked_again(server: FailsFrom, tmp_path: Path) -> None:
    """Row 4: throttled for ever after the second of three calls: exit code 1, and the next run asks for the rest."""
    server.answered = 2
    first, archive = fetched(server, tmp_path)
    assert {type(problem) for problem in first.problems.values()} == {Throttled}
    assert all(problem.exit_code == 1 for problem in first.problems.values())
    kept = sum(len(archive.read(query, last(DAYS)).times) for query in QUERIES)
    assert kept == answered_points(server)

    server.answered, server.throttle, before = 10**6, 0, len(server.calls)
    second, _ = fetched(server, tmp_path)

    assert second.problems == {}
    assert len(server.calls) - before <= 2
    for number, query in enumerate(QUERIES):
        points = second.observe(query).points
        assert np.array_equal(points.values, points.times // 300 % 977 + number)
        assert len(points.times) == DAYS * 288


def test_pages_of_series_that_are_not_complete_are_kept_too(server: FailsFrom, tmp_path: Path) -> None:
    """Row 4: 25 series side by side in two calls, throttled after the first: its half of each is in the archive."""
    server.answered = 1
    with pytest.raises(Throttled):
        fetched(server, tmp_path, EVERY, days=28)
    archive = ParquetArchive(FolderStore(tmp_path))
    assert sum(len(archive.read(query, last(28)).times) for query in EVERY) == answered_points(server) == 25 * 4032

    server.answered, server.throttle = 10**6, 0
    whole, _ = fetched(server, tmp_path, EVERY, days=28)

    server.calls.pop(0)
    overlap = 25 * (OVERLAP // timedelta(minutes=5))
    assert answered_points(server) == 25 * 4032 + overlap  # the other half, and nothing twice but the overlap
    assert whole.problems == {}
    for number, query in enumerate(EVERY):
        points = whole.observe(query).points
        assert np.array_equal(points.values, points.times // 300 % 977 + number)
        assert len(points.times) == 28 * 288


def test_throttling_for_ever_ends_by_the_deadline(server: FailsFrom) -> None:
    """Row 4: however many attempts the client is allowed, none begins after the deadline."""
    source = source_of(server, attempts=50, deadline=timedelta(seconds=2))
    started = time.monotonic()

    with pytest.raises(Failed) as caught:
        source.fetch([Request(QUERIES[0], last(1))])

    assert isinstance(caught.value, DeadlinePassed | Throttled)
    assert caught.value.exit_code == 1
    assert time.monotonic() - started < 30
    assert server.throttled < 20


def test_the_deadline_ends_a_fetch_that_is_merely_slow(server: FailsFrom) -> None:
    """Calls that succeed but take too long: what was complete is answered, the rest says deadline."""
    server.answered = 10**6
    clock = [0.0]
    respond = server.respond

    def slow(headers: Any, body: bytes) -> Any:
        clock[0] += 20
        return respond(headers, body)

    server.respond = slow
    requests = [Request(query, last(1 + number)) for number, query in enumerate(QUERIES[:6])]
    source = source_of(server, deadline=timedelta(seconds=30), monotonic=lambda: clock[0], sleep=lambda _: None)

    answer = source.fetch(requests)

    assert len(server.calls) == 2
    assert {type(problem) for problem in answer.problems.values()} == {DeadlinePassed}
    assert len(answer.points) + len(answer.problems) == 6
    assert answer.points
    assert "2 calls" in next(iter(answer.problems.values())).why


def test_parts_come_as_soon_as_they_are_complete(server: FailsFrom) -> None:
    """Series are handed over long before the last call, each in one part; the calls of all parts add up."""
    server.answered = 10**6
    source = source_of(server)
    requests = [Request(cloudwatch_query(metric=f"N{number:03}"), last(60)) for number in range(60)]
    seen: list[str] = []
    calls: list[int] = []

    for part in source.fetch_chunks(requests):
        seen += part.points
        calls.append(len(server.calls))

    assert sorted(seen) == sorted(request.query.series_id for request in requests)
    assert calls[0] < calls[-1]
