"""``scaler fetch`` as its caller sees it, against CloudWatch and S3 over HTTP."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.history.folder_store import FolderStore
from scaler.history.lock import KEY, Holder, Lease
from scaler.sources.price import estimated_usd
from tests.standins.cloudwatch import CloudWatchStandIn
from tests.standins.s3 import S3StandIn

Captured = pytest.CaptureFixture[str]
SCALER = (sys.executable, "-m", "scaler.cli.main")
PERIOD = 300

HEAD = """\
version: 1
store: {store}
defaults: {{region: us-east-1, history: {{lookback: 3d}}}}
workloads:
"""
WORKLOAD = """\
  {name}:
    target: {{asg: {name}}}
    load:
      cloudwatch: {{namespace: AWS/ApplicationELB, metric: RequestCount, statistic: Sum, period: 5m,
                   dimensions: {{LoadBalancer: {name}}}}}
    capacity: {{throughput: {{m7i.large: 450/s}}}}
    limits: {{min: 1, max: 100}}
"""


def write_config(*names: str, store: str = "forecasts/") -> None:
    """``scaler.yaml`` in the working folder."""
    Path("scaler.yaml").write_text(HEAD.format(store=store) + "".join(WORKLOAD.format(name=name) for name in names))


@pytest.fixture
def cloudwatch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudWatchStandIn]:
    """Ten days of points for ``web`` and ``api``, up to now, which AWS clients of this test ask."""
    monkeypatch.chdir(tmp_path)
    with CloudWatchStandIn() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        end = int(server.now.timestamp()) // PERIOD * PERIOD
        for name in ("web", "api"):
            points = [(time, 300.0 + time // PERIOD % 7) for time in range(end - 10 * 86_400, end, PERIOD)]
            server.put("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": name}, points)
        write_config("web", "api")
        yield server


def summary(captured: Captured) -> dict[str, object]:
    """The JSON that was printed."""
    found: dict[str, object] = json.loads(captured.readouterr().out)
    return found


def test_a_summary_says_what_it_took(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """Workloads, series, calls, points, bytes and USD on stdout; what goes on is on stderr."""
    assert main(["fetch"]) == 0
    out, err = capsys.readouterr()
    lines = [line.strip() for line in out.splitlines()]
    assert "2 workloads, 0 refused, 2 series" in lines
    assert any(line.startswith("1 call, 1,7") and "bytes written" in line for line in lines)
    assert "estimated cost: 0.00002 USD for 2 metrics requested from CloudWatch" in lines
    assert "fetched 2 of 2 series" in err
    assert "\x1b" not in out + err
    assert len(cloudwatch.calls) == 1


def test_a_second_fetch_asks_for_the_overlap_at_most(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """What is archived is not asked again: no call, or one for a bucket that was completed in between."""
    assert main(["fetch", "--format", "json", "--quiet"]) == 0
    first = summary(capsys)
    assert main(["fetch", "--format", "json", "--quiet"]) == 0
    second = summary(capsys)
    assert first["points_fetched"] == first["points_archived"]
    assert first["points_fetched"] in range(2 * 3 * 288 - 20, 2 * 3 * 288 + 1)
    assert int(str(second["points_fetched"])) <= 2 * 37
    assert (second["workloads"], second["series"], second["refused"]) == (first["workloads"], 2, 0)


def test_since_archives_what_is_older_than_the_lookback(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """A later, longer lookback then asks nobody for it."""
    since = f"{datetime.now(UTC) - timedelta(days=8):%Y-%m-%dT%H:%MZ}"
    assert main(["fetch", "--since", since, "--format", "json", "--quiet"]) == 0
    assert int(str(summary(capsys)["points_archived"])) > 2 * 7.9 * 288
    Path("scaler.yaml").write_text(Path("scaler.yaml").read_text().replace("3d", "7d"))
    assert main(["fetch", "--format", "json", "--quiet"]) == 0
    assert int(str(summary(capsys)["points_fetched"])) <= 2 * 37


def test_since_beyond_what_cloudwatch_keeps_is_refused_before_any_call(
    cloudwatch: CloudWatchStandIn, capsys: Captured
) -> None:
    """Row 18: 78, with the limit; CloudWatch would answer nothing, without an error."""
    assert main(["fetch", "--since", "2026-01-01"]) == 78
    err = capsys.readouterr().err.splitlines()[-3:]
    assert "keeps nothing from 2026-01-01" in err[0]
    assert "63d" in err[1]
    assert cloudwatch.requests == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "--since 'yesterday' is not a time"),
        (["--since", "2026-11-01T10:00"], "--since 2026-11-01T10:00 has no time zone"),
        (["--since", "2099-01-01"], "leaves nothing to fetch"),
        (["--offline"], "--offline"),
    ],
)
def test_wrong_usage_is_64(cloudwatch: CloudWatchStandIn, capsys: Captured, arguments: list[str], said: str) -> None:
    """A fetch that cannot be meant asks nobody; offline there is nothing to fetch."""
    assert main(["fetch", *arguments]) == 64
    assert said in capsys.readouterr().err
    assert cloudwatch.requests == 0


def test_a_refused_series_is_3_and_the_others_are_fetched(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """Rows 6 and 8: each refusal in three lines and in the table; the good one is archived."""
    write_config("web", "typo")
    cloudwatch.put("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": "web"}, status="Forbidden")
    write_config("api", "typo", "web")
    assert main(["fetch", "--format", "json"]) == 3
    out, err = capsys.readouterr()
    workloads = json.loads(out)["workloads"]
    assert {name: each["status"] for name, each in workloads.items()} == {
        "api": "good",
        "typo": "refused",
        "web": "refused",
    }
    assert workloads["typo"]["points"] is None
    assert err.count("error:") == 2
    assert main(["fetch"]) == 3
    assert "—" in capsys.readouterr().out


def test_a_failed_call_is_1_and_the_archive_keeps_what_came(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """Row 2: the IAM action is named, and what was answered before is not asked again."""
    assert main(["fetch", "--workload", "web", "--quiet"]) == 0
    cloudwatch.denied = frozenset({"GetMetricData"})
    assert main(["fetch", "--workload", "api"]) == 1
    assert "cloudwatch:GetMetricData" in capsys.readouterr().err
    cloudwatch.denied = frozenset()
    cloudwatch.calls.clear()
    assert main(["fetch", "--format", "json", "--quiet"]) == 0
    asked = {
        query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]
        for call in cloudwatch.calls
        for query in call["MetricDataQueries"]
        if query["MetricStat"]["Period"] and call["EndTime"] - call["StartTime"] > 86_400
    }
    assert asked == {"api"}


def test_the_report_says_how_good_each_history_is(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """--report instead of the summary, for people and for programs."""
    assert main(["fetch", "--report"]) == 0
    assert "longest gap" in capsys.readouterr().out
    assert main(["fetch", "--report", "--format", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["workloads"]] == ["api", "web"]


def test_a_store_in_s3(cloudwatch: CloudWatchStandIn, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command with s3://bucket/prefix: archive and lock are objects below the prefix, nothing is local."""
    write_config("web", "api", store="s3://history-bucket/team/")
    with S3StandIn() as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
        assert main(["fetch", "--format", "json"]) == 0
        first = summary(capsys)
        assert main(["fetch", "--format", "json"]) == 0
        second = summary(capsys)
        names = sorted(bucket.objects)
    assert all(name.startswith(("team/history/", "team/lock.json")) for name in names)
    assert sum(name.endswith("manifest.json") for name in names) == 2
    assert int(str(first["bytes_written"])) > 0
    assert int(str(second["points_fetched"])) <= 2 * 37
    assert [path.name for path in Path().iterdir()] == ["scaler.yaml"]


@pytest.mark.parametrize("store", ["S3://bucket", "gs://bucket/x", "s3://", "s3://UPPER/x", "s3://bucket/a/../b"])
def test_a_store_that_is_no_place_is_78(cloudwatch: CloudWatchStandIn, capsys: Captured, store: str) -> None:
    """With the line of the key; a folder of that name is not made."""
    write_config("web", store=store)
    assert main(["fetch"]) == 78
    assert "scaler.yaml:2: store: must" in capsys.readouterr().err
    assert cloudwatch.requests == 0


def test_a_locked_store_is_3_and_is_unlocked_by_its_id(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """Rows 31 and 32: owner and age; the lock intact; a wrong id refused, the right one frees."""
    store = FolderStore(Path("forecasts"))
    Lease(store, Holder("a1b2c3", "ann@build-7 (process 11)"), lambda: datetime.now(UTC) - timedelta(minutes=2))
    before = Path("forecasts", KEY).read_bytes()
    assert main(["fetch"]) == 3
    err = capsys.readouterr().err
    assert "ann@build-7 (process 11) is writing" in err
    assert "2 min" in err
    assert main(["fetch", "--unlock", "nonsense"]) == 3
    assert Path("forecasts", KEY).read_bytes() == before
    assert cloudwatch.requests == 0
    assert main(["fetch", "--unlock", "a1b2c3"]) == 0
    assert "released the lock of ann@build-7" in capsys.readouterr().err
    assert main(["fetch", "--quiet"]) == 0


def test_quiet_says_nothing_on_stderr(cloudwatch: CloudWatchStandIn, capsys: Captured) -> None:
    """The result is on stdout; stderr is empty."""
    assert main(["fetch", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "2 workloads" in out
    assert err == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar_and_a_pipe_does_not(cloudwatch: CloudWatchStandIn) -> None:
    """The bar is on stderr and goes away; stdout is the same as without it."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [*SCALER, "fetch", "--format", "json"], stdout=subprocess.PIPE, stderr=follower, env=environment
    ) as child:
        assert child.stdout is not None
        out = child.stdout.read()
        child.wait(timeout=60)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65_536)
        except OSError:
            break
        shown += part
        if not part:
            break
    os.close(leader)
    assert child.returncode == 0, shown
    assert json.loads(out)["series"] == 2
    assert b"fetching" in shown
    assert b"2/2" in shown
    assert b"\x1b[" in shown


def test_the_estimate_is_of_known_prices_only() -> None:
    """USD 0.01 per thousand metrics; another partition, an unknown region or no count is unknown, not 0."""
    assert estimated_usd(800, {"us-east-1", "eu-west-1"}) == pytest.approx(0.008)
    assert estimated_usd(0, {None}) == 0
    assert estimated_usd(800, {"us-east-1", "cn-north-1"}) is None
    assert estimated_usd(800, {None}) is None
    assert estimated_usd(None, {"us-east-1"}) is None
