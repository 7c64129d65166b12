"""Prometheus as a source: what goes wrong between here and the server."""

from __future__ import annotations

import json
import logging
import socket
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scaler.aws.interface import ClockSkewed
from scaler.config import PrometheusMetric
from scaler.errors import ConfigurationError, ScalerError
from scaler.sources import prometheus_access, prometheus_connection, prometheus_server
from scaler.sources.interface import MetricQuery, Points, Request, SeriesRefused, SourceFailed, Window
from scaler.sources.prometheus import PrometheusSource
from scaler.sources.prometheus_server import ServerFailed
from scaler.sources.queries import series_id
from tests.standins.prometheus import PrometheusStandIn, Reply, failure, matrix

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
SPAN = Window(START, START + timedelta(minutes=15))
POINT = (START.timestamp() + 299.999, "7.5")
TOKEN = "canary-5b1c9e7d"


@contextmanager
def serving(*replies: Reply) -> Iterator[PrometheusStandIn]:
    """A stand-in that gives these replies, the last one for ever."""
    with PrometheusStandIn(replies) as server:
        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same attempts and waits, a hundred times as fast; and no proxy of whoever runs this."""
    monkeypatch.setattr(prometheus_connection, "READ_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(prometheus_connection, "DEADLINE_SECONDS", 1.5)
    monkeypatch.setattr(prometheus_connection, "BACKOFF_SECONDS", 0.005)
    monkeypatch.setattr(prometheus_connection, "LONGEST_WAIT_SECONDS", 0.1)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def query(url: str | None, promql: str = "up", **more: Any) -> MetricQuery:
    """A query of the load of ``web``, with a bearer token."""
    given = {"query": promql, "auth": {"bearer_token_env": "TOKEN"}} | ({"url": url} if url else {}) | more
    metric = PrometheusMetric.model_validate(given)
    return MetricQuery("web", "load", series_id(metric, None), None, metric)


def source(environment: Mapping[str, str] | None = None) -> PrometheusSource:
    """A source with the real clock and the token."""
    return PrometheusSource(Path(), environment or {"TOKEN": TOKEN}, lambda: datetime.now(UTC))


def read(url: str | None, **more: Any) -> Points:
    """Points of the one query, or the problem it came to, which says nothing of the token."""
    asked = query(url, **more)
    try:
        answer = source().fetch([Request(asked, SPAN)])
        if asked.series_id in answer.problems:
            raise answer.problems[asked.series_id]
    except ScalerError as error:
        said = "".join([error.what, error.why, error.next_step, *traceback.format_exception(error)])
        assert TOKEN not in said
        raise
    return answer.points[asked.series_id]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_recovers_is_asked_again(status: int) -> None:
    """Row 3: a burst of errors, then an answer, is an answer."""
    with serving(failure(status, "unavailable", "not now"), Reply(status), matrix(POINT)) as server:
        points = read(server.url)
    assert points.times.tolist() == [int(START.timestamp())]
    assert points.values.tolist() == [7.5]
    assert len(server.asked) == 3


def test_a_server_that_never_recovers_fails_in_bounded_attempts() -> None:
    """Row 4: the attempts end, and the server's last words are told."""
    with serving(failure(503, "timeout", "query timed out")) as server, pytest.raises(ServerFailed) as caught:
        read(server.url)
    assert caught.value.exit_code == 1
    assert "HTTP 503" in caught.value.why
    assert "query timed out" in caught.value.why
    assert len(server.asked) == prometheus_connection.ATTEMPTS


def test_silence_ends_at_the_deadline() -> None:
    """A server that takes the question and says nothing fails within the deadline, not after all attempts."""
    began = time.monotonic()
    with serving(Reply(delay_seconds=5)) as server, pytest.raises(ServerFailed, match="does not answer"):
        read(server.url)
    assert time.monotonic() - began < 2.5
    assert len(server.asked) < prometheus_connection.ATTEMPTS


def test_a_server_cannot_make_us_wait() -> None:
    """Retry-After of an hour is waited for as long as any other wait at most."""
    began = time.monotonic()
    with serving(Reply(503, headers={"Retry-After": "3600"}), matrix(POINT)) as server:
        assert read(server.url).values.tolist() == [7.5]
    assert time.monotonic() - began < 5


def test_nobody_there() -> None:
    """A refused connection is a failure that names the server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ServerFailed) as caught:
        read(f"http://127.0.0.1:{port}")
    assert str(port) in caught.value.what


def test_a_dead_server_is_given_up_after_the_first_series() -> None:
    """With many workloads the deadline is waited for once; as nothing was read, the source as a whole failed."""
    with serving(Reply(503)) as server:
        asked = [query(server.url, f"up{number}") for number in range(20)]
        with pytest.raises(ServerFailed):
            source().fetch([Request(each, SPAN) for each in asked])
        assert len(server.asked) == prometheus_connection.ATTEMPTS


def test_one_dead_server_leaves_the_others() -> None:
    """What another server answers stands, and each series has points or a problem."""
    with serving(Reply(503)) as dead, serving(matrix(POINT)) as sound:
        lost, good = query(dead.url), query(sound.url)
        answer = source().fetch([Request(lost, SPAN), Request(good, SPAN)])
    assert list(answer.points) == [good.series_id]
    assert isinstance(answer.problems[lost.series_id], ServerFailed)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_named_not_shown(status: int) -> None:
    """Rows 2 and 51: the variable is named; the token is not, also where the server repeats it."""
    with serving(failure(status, "forbidden", f"bad token {TOKEN}")) as server, pytest.raises(ServerFailed) as caught:
        read(server.url)
    assert caught.value.exit_code == 1
    assert "TOKEN" in caught.value.next_step
    assert server.asked[0][2]["Authorization"] == f"Bearer {TOKEN}"


def test_an_error_that_repeats_the_token_is_redacted() -> None:
    """Row 51: the text of others is cleaned of what was sent to them."""
    reply = failure(400, "bad_data", f"header {TOKEN} in query")
    with serving(reply) as server, pytest.raises(ConfigurationError) as caught:
        read(server.url)
    assert "[redacted]" in caught.value.why


def test_the_token_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Row 51: not in a debug log either."""
    caplog.set_level(logging.DEBUG)
    with serving(Reply(503), matrix(POINT)) as server:
        read(server.url)
    assert caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(prometheus_access.access_of(query("http://x").metric, Path(), {"TOKEN": TOKEN}))


def test_credentials_do_not_follow_a_redirect() -> None:
    """Another address is told, not asked."""
    with serving(matrix(POINT)) as other:
        reply = Reply(302, headers={"Location": f"{other.url}/login"})
        with serving(reply) as server, pytest.raises(ServerFailed, match="sends elsewhere") as caught:
            read(server.url)
        assert other.url in caught.value.why
        assert other.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"404 page not found"),
        Reply(200, b"<html>log in</html>"),
        Reply(200, b"[]"),
        Reply(200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}'),
        Reply(200, b'{"status": "success", "data": null}'),
        Reply(200, b'{"status": "success", "data": {"resultType": "matrix", "result": [{"values": []}]}}'),
        matrix((1.0, "many")),
        matrix((float("inf"), "1")),
        Reply(200, b"[" * 100_000),
    ],
)
def test_what_is_not_prometheus_fails(reply: Reply) -> None:
    """A login page is not a series without points."""
    with serving(reply) as server, pytest.raises(SourceFailed) as caught:
        read(server.url)
    assert caught.value.exit_code == 1


def test_an_answer_without_bounds_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 47: what would fill the memory is refused after the bound, compressed or not."""
    import gzip

    monkeypatch.setattr(prometheus_server, "MAX_ANSWER_BYTES", 10_000)
    bomb = gzip.compress(b" " * 10_000_000)
    for reply in (Reply(body=b" " * 20_000), Reply(body=bomb, headers={"Content-Encoding": "gzip"})):
        with serving(reply) as server, pytest.raises(SeriesRefused, match="larger than"):
            read(server.url)


def test_a_part_is_not_the_whole() -> None:
    """An answer that says that storage nodes are missing is refused; Thanos is told not to give one."""
    with serving(matrix(POINT, isPartial=True)) as server, pytest.raises(SeriesRefused, match="incomplete"):
        read(server.url)
    assert "partial_response=false" in server.asked[0][1]


def test_warnings_are_noted() -> None:
    """What the server warns of stands beside the points, on one line each."""
    with serving(matrix(POINT, warnings=["remote\nread failed"], infos=["metric might not be a counter"])) as server:
        notes = read(server.url).notes
    assert notes == (
        "Prometheus warns: remote read failed",
        "Prometheus warns: metric might not be a counter",
    )


def test_histograms_are_not_numbers() -> None:
    """A native histogram is refused with the functions that make a number of it."""
    document = {"resultType": "matrix", "result": [{"metric": {}, "histograms": [[1, {}]]}]}
    reply = Reply(body=json.dumps({"status": "success", "data": document}).encode())
    with serving(reply) as server, pytest.raises(SeriesRefused, match="histograms"):
        read(server.url)


@pytest.mark.parametrize("minutes", [-9, 9])
def test_another_time_is_refused(minutes: int) -> None:
    """Row 52: nine minutes apart, the newest bucket here is not the newest there."""
    with PrometheusStandIn([matrix(POINT)]) as server:
        server.clock_skew_seconds = 60.0 * minutes
        with pytest.raises(ClockSkewed, match="clock") as caught:
            read(server.url)
    assert caught.value.exit_code == 3
    assert f"{'behind' if minutes > 0 else 'ahead of'} the server" in caught.value.why


@pytest.mark.parametrize(
    ("environment", "more", "said"),
    [
        ({}, {"url": "http://127.0.0.1:1"}, "TOKEN is not set"),
        ({"TOKEN": "a\nb"}, {"url": "http://127.0.0.1:1"}, "TOKEN cannot be a credential"),
        ({"TOKEN": "x"}, {}, "no Prometheus server is named"),
        ({"TOKEN": "x"}, {"url": "http://127.0.0.1:1", "ca_file": "nowhere.pem"}, "nowhere.pem does not exist"),
    ],
)
def test_what_is_missing_is_configuration(environment: dict[str, str], more: dict[str, str], said: str) -> None:
    """A variable, an address or a file that is not there is 78 before anything is sent."""
    asked = query(more.pop("url", None), **more)
    answer = source(environment or {"OTHER": "x"}).fetch([Request(asked, SPAN)])
    problem = answer.problems[asked.series_id]
    assert problem.exit_code == 78
    assert said in problem.what
    assert answer.calls == 0


def test_an_address_of_the_environment_may_hold_no_password() -> None:
    """PROMETHEUS_URL is checked like url, and what it holds is not repeated."""
    asked = query(None)
    metric = asked.metric.model_copy(update={"url": f"http://me:{TOKEN}@127.0.0.1:9"})
    given = MetricQuery("web", "load", "x", None, metric)
    problem = source().fetch([Request(given, SPAN)]).problems["x"]
    assert problem.exit_code == 78
    assert TOKEN not in f"{problem.what}{problem.why}{problem.next_step}"


def test_near_names_never_raise() -> None:
    """No server, no hint."""
    with serving(Reply(503)) as server:
        assert source().near_names(query(server.url)) == ()
    assert source({"OTHER": "x"}).near_names(query(None)) == ()


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is asked for an address outside, and NO_PROXY is respected."""
    with serving(matrix(POINT)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert read("http://prometheus.invalid:9090").values.tolist() == [7.5]
        assert proxy.asked[0][1].startswith("http://prometheus.invalid:9090/api/v1/query_range?")
        with serving(matrix(POINT)) as server:
            read(server.url)
            assert len(server.asked) == 1


def test_many_series_come_in_parts() -> None:
    """What is read can be archived before the rest is asked for; every series is in exactly one part."""
    with serving(*[matrix(POINT)] * 60, failure(400, "bad_data", "no"), matrix(POINT)) as server:
        asked = [query(server.url, f"up{number}") for number in range(120)]
        parts = list(source().fetch_chunks([Request(each, SPAN) for each in asked]))
    assert [len(part.points) for part in parts] == [50, 50, 19]
    assert list(parts[-1].problems) == [asked[60].series_id]
    assert {key for part in parts for key in (*part.points, *part.problems)} == {each.series_id for each in asked}
    assert sum(part.calls for part in parts) == 120
    assert {part.metrics_requested for part in parts} == {0}
