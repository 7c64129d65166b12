"""Prometheus as a source: against a real server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaler.config import PrometheusMetric
from scaler.errors import ConfigurationError, ScalerError
from scaler.sources.interface import FetchResult, InvalidPoints, MetricQuery, Points, Request, SeriesRefused, Window
from scaler.sources.prometheus import MAX_POINTS, PrometheusSource, pieces
from scaler.sources.prometheus_answer import metric_names
from scaler.sources.prometheus_server import ServerFailed
from scaler.sources.queries import series_id
from tests.sources.real_prometheus import COUNT, PASSWORD, PERIOD, USER, Prometheus, depth, first_bucket

pytestmark = pytest.mark.prometheus


def query(promql: str, url: str, **more: Any) -> MetricQuery:
    """A query of the load of ``web``."""
    metric = PrometheusMetric.model_validate({"query": promql, "url": url, "period": "5m"} | more)
    return MetricQuery("web", "load", series_id(metric, None), None, metric)


def window(first: int = 0, count: int = COUNT, period: int = PERIOD) -> Window:
    """The span of some buckets after the first."""
    start = datetime.fromtimestamp(first_bucket() + first * period, UTC)
    return Window(start, start + timedelta(seconds=count * period))


def source(folder: Path = Path(), environment: Mapping[str, str] | None = None) -> PrometheusSource:
    """A source with the real clock."""
    return PrometheusSource(folder, environment or {}, lambda: datetime.now(UTC))


def read(asked: MetricQuery, span: Window | None = None, **given: Any) -> Points:
    """Points of the one query, or the problem it came to."""
    answer = source(**given).fetch([Request(asked, span or window())])
    return points_of(answer, asked)


def points_of(answer: FetchResult, asked: MetricQuery) -> Points:
    """Points of a query; its problem is raised."""
    assert (asked.series_id in answer.points) != (asked.series_id in answer.problems)
    if asked.series_id in answer.problems:
        raise answer.problems[asked.series_id]
    return answer.points[asked.series_id]


def buckets(count: int, first: int = 0) -> list[int]:
    """Starts of buckets, in seconds."""
    return [first_bucket() + PERIOD * index for index in range(first, first + count)]


def test_a_level_is_the_sample_inside_the_bucket(prometheus: Prometheus) -> None:
    """A sample taken in the middle of a bucket is that bucket's point, at the bucket's start."""
    points = read(query("queue_depth", prometheus.url))
    assert points.times.tolist() == buckets(COUNT)
    assert points.values.tolist() == [depth(index) for index in range(COUNT)]
    assert (points.times.dtype, points.values.dtype, points.notes) == (np.int64, np.float64, ())


def test_a_sample_on_the_edge_belongs_to_the_bucket_it_begins(prometheus: Prometheus) -> None:
    """Buckets are closed on the left: the sample at its end is the next bucket's, never seen before its time."""
    points = read(query("on_the_edge", prometheus.url))
    assert points.values.tolist() == [float(index) for index in range(COUNT)]


def test_a_rate_over_the_period_covers_the_bucket(prometheus: Prometheus) -> None:
    """Functions over a range as long as the period see the samples of the bucket and of no other."""
    points = read(query("sum_over_time(on_the_edge[5m])", prometheus.url))
    assert points.values.tolist() == [float(index) for index in range(COUNT)]
    counted = read(query("sum(increase(requests_total[10m]))", prometheus.url, statistic="Sum"))
    assert counted.values[5:-5] == pytest.approx(606.0, rel=1e-3)  # of ten minutes, extrapolated by Prometheus


def test_only_the_window_is_answered(prometheus: Prometheus) -> None:
    """The start is in, the end is out, and an unaligned edge does not move the grid."""
    span = window(10, 3)
    assert read(query("queue_depth", prometheus.url), span).times.tolist() == buckets(3, 10)
    later = Window(span.start + timedelta(seconds=7), span.end + timedelta(seconds=7))
    assert read(query("queue_depth", prometheus.url), later).times.tolist() == buckets(3, 11)


def test_more_points_than_an_answer_may_have(prometheus: Prometheus) -> None:
    """A minute over sixteen days is asked in pieces that the server accepts; every point is there once."""
    asked = query("queue_depth", prometheus.url, period="1m")
    minutes = 16 * 1440
    span = Window(window().end - timedelta(minutes=minutes), window().end)
    answer = source().fetch([Request(asked, span)])
    points = points_of(answer, asked)
    assert answer.calls == -(-minutes // MAX_POINTS) == 3
    assert np.all(np.diff(points.times) == 60)
    assert set(points.values) == {depth(index) for index in range(97)}


def test_the_server_refuses_one_piece_more(prometheus: Prometheus) -> None:
    """The limit is the server's, not ours: a piece of 11,002 points is refused with its own words."""
    from scaler.sources.prometheus_access import access_of
    from scaler.sources.prometheus_server import PrometheusServer

    asked = query("queue_depth", prometheus.url)
    server = PrometheusServer(access_of(asked.metric, Path(), {}), lambda: datetime.now(UTC))
    form = {"query": "queue_depth", "start": "0", "end": str(11_001 * PERIOD), "step": str(PERIOD)}
    with pytest.raises(ConfigurationError, match="cannot read the query") as caught:
        server.ask("/api/v1/query_range", form, what="web")
    assert "11,000 points" in caught.value.why


def test_a_query_of_any_length(prometheus: Prometheus) -> None:
    """What is too long for an address is sent as a form."""
    promql = "queue_depth" + " or queue_depth" * 300
    assert read(query(promql, prometheus.url), window(0, 3)).values.tolist() == [10.0, 11.0, 12.0]


def test_several_series_are_refused_and_shown(prometheus: Prometheus) -> None:
    """One load is one series: what a query gives too much is told by its labels, and how to make it one."""
    with pytest.raises(SeriesRefused) as caught:
        read(query("rate(requests_total[10m])", prometheus.url))
    assert caught.value.exit_code == 3
    assert caught.value.why == '{code="200"}, {code="500"}'
    assert "sum(" in caught.value.next_step


def test_no_series_is_no_points(prometheus: Prometheus) -> None:
    """Row 8: a metric that does not exist is empty without an error; the near names are the server's."""
    asked = query("sum(rate(reqests_total[5m]))", prometheus.url)
    assert read(asked).times.size == 0
    assert source().near_names(asked) == ("requests_total",)
    assert source().near_names(query("nothing_like_it", prometheus.url)) == ()


@pytest.mark.parametrize(("promql", "said"), [("queue_depth * (0 / 0)", "NaN"), ("-queue_depth / 0", "infinity")])
def test_what_is_no_number_is_refused(prometheus: Prometheus, promql: str, said: str) -> None:
    """Row 14: Prometheus writes NaN and -Inf as text; neither is a load."""
    with pytest.raises(InvalidPoints) as caught:
        read(query(promql, prometheus.url))
    assert caught.value.exit_code == 3
    assert said in caught.value.why


def test_a_query_that_cannot_be_read_is_configuration(prometheus: Prometheus) -> None:
    """A mistake of PromQL is 78 with the server's own message."""
    with pytest.raises(ConfigurationError) as caught:
        read(query("sum(rate(requests_total[5m])", prometheus.url))
    assert caught.value.exit_code == 78
    assert "unclosed left parenthesis" in caught.value.why


def test_a_query_that_cannot_be_evaluated_is_refused(prometheus: Prometheus) -> None:
    """What PromQL allows and the data do not is a refusal of this series, with the server's message."""
    with pytest.raises(SeriesRefused) as caught:
        read(query("queue_depth + on() group_left() requests_total", prometheus.url))
    assert "many-to-many" in caught.value.why or "duplicate series" in caught.value.why


def test_one_bad_query_leaves_the_others(prometheus: Prometheus) -> None:
    """A problem is of its own series."""
    good, bad = query("queue_depth", prometheus.url), query("sum(", prometheus.url)
    answer = source().fetch([Request(bad, window(0, 3)), Request(good, window(0, 3))])
    assert list(answer.points) == [good.series_id]
    assert list(answer.problems) == [bad.series_id]
    assert answer.calls == 2


BASIC = {"username_env": "PROMETHEUS_USER", "password_env": "PROMETHEUS_PASSWORD"}
GIVEN = {"PROMETHEUS_USER": USER, "PROMETHEUS_PASSWORD": PASSWORD}


def test_a_guarded_server_answers_who_may_ask(guarded_prometheus: Prometheus) -> None:
    """TLS with an authority of one's own, and a password that stands in the environment alone."""
    asked = query("queue_depth", guarded_prometheus.url, ca_file="authority.pem", auth=BASIC)
    points = read(asked, window(0, 3), folder=guarded_prometheus.folder, environment=GIVEN)
    assert points.values.tolist() == [10.0, 11.0, 12.0]


@pytest.mark.parametrize(
    ("auth", "environment", "named"),
    [
        (BASIC, GIVEN | {"PROMETHEUS_PASSWORD": "wrong-0f4e1c"}, "PROMETHEUS_PASSWORD"),
        ({"bearer_token_env": "TOKEN"}, {"TOKEN": "wrong-0f4e1c"}, "TOKEN"),
        (None, {}, "prometheus.auth"),
    ],
)
def test_wrong_credentials_fail_by_name(
    guarded_prometheus: Prometheus, auth: dict[str, str] | None, environment: dict[str, str], named: str
) -> None:
    """Rows 1 and 51: exit 1, the variable is named, and what is in it is not repeated."""
    asked = query("queue_depth", guarded_prometheus.url, ca_file="authority.pem", auth=auth)
    with pytest.raises(ServerFailed) as caught:
        read(asked, folder=guarded_prometheus.folder, environment=environment)
    assert caught.value.exit_code == 1
    assert named in caught.value.next_step
    assert "401" in caught.value.why
    assert not any(value in text for value in environment.values() for text in texts(caught.value) if value != USER)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(guarded_prometheus: Prometheus) -> None:
    """Verification is always on: without its authority the server gets no password."""
    asked = query("queue_depth", guarded_prometheus.url, auth=BASIC)
    with pytest.raises(ServerFailed, match="is not trusted") as caught:
        read(asked, environment=GIVEN)
    assert "ca_file" in caught.value.next_step


def test_identity_follows_what_decides_the_values() -> None:
    """An archive is of one query on one server at one period; who asks does not matter."""
    url = "https://prometheus.example.com"
    base = query("up", url)
    assert base.series_id == "a2304e66a0b289b8"
    assert query("up", f"{url}/").series_id == base.series_id
    assert query("up", url, auth=BASIC, ca_file="x.pem").series_id == base.series_id
    others = [query("down", url), query("up", f"{url}/other"), query("up", url, period="1m")]
    assert len({base.series_id, *(other.series_id for other in others)}) == 4


def test_pieces_cover_the_window_once() -> None:
    """The pieces of a long window join without gap or overlap, each within the limit."""
    span = window(0, 3 * MAX_POINTS + 5)
    found = list(pieces([span], PERIOD))
    starts = [start for first, last in found for start in range(first, last + 1, PERIOD)]
    assert starts == list(range(int(span.start.timestamp()), int(span.end.timestamp()), PERIOD))
    assert [(last - first) // PERIOD + 1 for first, last in found] == [MAX_POINTS] * 3 + [5]


@pytest.mark.parametrize(
    ("promql", "names"),
    [
        ('sum by (job) (rate(http_requests_total{code=~"5..", job="api"}[5m]))', ("http_requests_total",)),
        ("a:b:c / on (x) group_left (y) foo offset 5m", ("a:b:c", "foo")),
        ('{__name__="up", job="x"} or vector(0)', ("up",)),
        (
            'avg without (cpu) (1 - rate(node_cpu{mode="idle"}[5m])) > bool 0.5 unless maintenance',
            ("node_cpu", "maintenance"),
        ),
    ],
)
def test_names_of_a_query(promql: str, names: tuple[str, ...]) -> None:
    """Metrics are told from functions, labels, groupings, texts and durations."""
    assert metric_names(promql) == names


def texts(error: ScalerError) -> tuple[str, str, str]:
    """All that an error says."""
    return error.what, error.why, error.next_step
