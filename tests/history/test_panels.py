"""Many workloads: one composition from configuration to panels."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from scaler.errors import ConfigurationError
from scaler.history.archive import ParquetArchive
from scaler.history.demand import build_demand
from scaler.history.folder_store import FolderStore
from scaler.history.interface import HistoryRefused, StaleHistory
from scaler.history.panels import build_panels, read_history
from scaler.sources.files import FileSource
from scaler.sources.interface import InvalidPoints, NoDatapoints
from tests.history.builders import (
    CPU,
    IN_SERVICE,
    NOON,
    REQUESTS,
    STEP,
    RecordingSource,
    known,
    points,
    query,
    sources,
    utilisation,
    workload,
)

DAY = timedelta(days=1)
START = NOON - 2 * DAY


@pytest.fixture
def archive(tmp_path: Path) -> ParquetArchive:
    """An empty archive."""
    return ParquetArchive(FolderStore(tmp_path / "store"))


def source_for(*workloads, values=None) -> RecordingSource:
    """Two days of points for each of the workloads' series."""
    given = points(START, values or [300.0] * 576)
    return RecordingSource(store={query(each).series_id: given for each in workloads})


def read(workloads, archive, source, *, as_of=NOON, offline=False, files=None):
    """The history of the workloads."""
    return read_history(
        workloads,
        as_of=as_of,
        plan_step_seconds=STEP,
        archive=archive,
        sources=sources(source, files),
        offline=offline,
    )


def test_workloads_share_a_panel_per_step(archive):
    """Quarter hours in one panel, hours in another, each sorted by name and ending at the same cutoff."""
    quarter = [workload(name) for name in ("b", "a", "c")]
    hourly = workload("h", load={"cloudwatch": REQUESTS | {"period": "1h"}})
    source = source_for(*quarter, hourly)
    history = read([*quarter, hourly], archive, source)
    assert [(panel.step_seconds, panel.names) for panel in history.panels] == [(900, ("a", "b", "c")), (3600, ("h",))]
    assert {panel.cutoff for panel in history.panels} == {NOON}
    assert sorted(history.provenance) == ["a", "b", "c", "h"]
    assert history.problems == {}
    assert history.counts.series == 4


def test_rows_are_aligned_at_the_cutoff():
    """A shorter lookback is missing on the left, not shifted."""
    short, long = workload("short", history={"lookback": "1d"}), workload("long")
    load = known(points(START, [float(bucket // 3) for bucket in range(576)]))
    demands = {
        each.name: build_demand(each, {"load": load}, as_of=NOON + timedelta(minutes=7), plan_step_seconds=STEP)
        for each in (short, long)
    }
    (panel,) = build_panels(demands)
    assert panel.cutoff == NOON
    assert panel.names == ("long", "short")
    assert np.isnan(panel.values[1, :96]).all()
    np.testing.assert_array_equal(panel.values[1, 96:], panel.values[0, 96:])
    assert not panel.values.flags.writeable


def test_no_workloads_no_panels(archive):
    """Nothing in, nothing out."""
    assert build_panels({}) == ()
    assert read([], archive, RecordingSource()).panels == ()


def test_each_problem_stays_with_its_workload(archive):
    """Rows 8, 9, 11 and 13: each bad history refuses its own workload with code 3, and the good one is planned."""
    names = ("empty", "gaps", "good", "negative", "stale")
    workloads = {name: workload(name) for name in names}
    gaps = [300.0] * 100 + [float("nan")] * 300 + [300.0] * 176
    given = {
        "gaps": points(START, gaps),
        "good": points(START, [300.0] * 576),
        "negative": points(START, [300.0] * 575 + [-1.0]),
        "stale": points(START, [300.0] * 500),
    }
    source = RecordingSource(store={query(workloads[name]).series_id: value for name, value in given.items()})
    history = read(list(workloads.values()), archive, source)
    assert {name: type(problem) for name, problem in history.problems.items()} == {
        "empty": NoDatapoints,
        "gaps": HistoryRefused,
        "negative": InvalidPoints,
        "stale": StaleHistory,
    }
    assert {problem.exit_code for problem in history.problems.values()} == {3}
    assert all(name in problem.what for name, problem in history.problems.items())
    assert [panel.names for panel in history.panels] == [("good",)]
    assert list(history.provenance) == ["good"]


def test_a_shared_count_is_asked_once_and_its_problem_hits_all_who_need_it(archive):
    """Two utilisations over one count: one request for it; without it neither has a demand."""
    first, second = (
        workload(name, **(utilisation({"cloudwatch": IN_SERVICE}) | {"load": {"cloudwatch": CPU | {"metric": name}}}))
        for name in ("first", "second")
    )
    count = query(first, "instances")
    assert count.series_id == query(second, "instances").series_id
    source = source_for(first, second)
    history = read([first, second], archive, source)
    assert sorted(history.problems) == ["first", "second"]
    assert [request.query.series_id for request in source.asked].count(count.series_id) == 1
    source.store[count.series_id] = points(START, [10.0] * 576)
    assert read([first, second], archive, source).panels[0].values.tolist() == [[30.0] * 192] * 2


def test_what_comes_after_as_of_never_changes_anything(archive, tmp_path):
    """No look-ahead through the archive: planning as of the past is the same before and after the future is known."""
    one = workload()
    values = [300.0 + bucket % 11 for bucket in range(576)]
    then = NOON - timedelta(hours=5, minutes=2)
    before = read(
        [one], ParquetArchive(FolderStore(tmp_path / "other")), source_for(one, values=values[:515]), as_of=then
    )
    read([one], archive, source_for(one, values=values))
    for offline in (True, False):
        after = read([one], archive, source_for(one, values=values), as_of=then, offline=offline)
        width = after.panels[0].steps
        known_then = before.panels[0].values[:, -width:]
        np.testing.assert_array_equal(np.nan_to_num(after.panels[0].values, nan=-1), np.nan_to_num(known_then, nan=-1))
        assert after.panels[0].cutoff == before.panels[0].cutoff == NOON - timedelta(hours=5, minutes=15)


def test_two_regions_do_not_share_an_archive(archive):
    """Where a workload names no region, the one in effect keeps archives apart."""
    nowhere = workload(region=None)
    asked = []
    for region in ("us-east-1", "eu-west-1"):
        source = RecordingSource()
        read_history(
            [nowhere],
            as_of=NOON,
            plan_step_seconds=STEP,
            archive=archive,
            sources=sources(source),
            offline=False,
            region=region,
        )
        asked += [request.query.series_id for request in source.asked]
    assert len(set(asked)) == 2


def test_a_time_without_a_zone_is_refused(archive):
    """Row 16: exit code 78."""
    with pytest.raises(ConfigurationError, match="no time zone") as caught:
        read([workload()], archive, RecordingSource(), as_of=datetime(2026, 11, 21, 12))  # noqa: DTZ001
    assert caught.value.exit_code == 78


def test_the_zone_of_as_of_does_not_matter(archive):
    """Row 16: the same moment written in two zones gives the same bytes."""
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    left, right = (read([workload()], archive, source_for(workload()), as_of=as_of) for as_of in (NOON, there))
    assert left.provenance == right.provenance
    assert left.panels[0].start == right.panels[0].start
    assert left.panels[0].start.tzinfo == UTC


def test_a_lookback_shorter_than_a_step_is_refused(archive):
    """There is nothing to ask for, and that is said as it is."""
    short = workload(history={"lookback": "5m"})
    source = source_for(short)
    history = read([short], archive, source, as_of=NOON + timedelta(minutes=7))
    assert "lookback" in history.problems["api"].what
    assert source.asked == []


def test_a_real_file_becomes_a_panel(archive, tmp_path):
    """Row 15: a CSV with unordered and repeated points is read, mended, and its mending is in the provenance."""
    lines = [f"api,{(START + timedelta(minutes=5 * bucket)).isoformat()},300" for bucket in range(576)]
    (tmp_path / "load.csv").write_text("\n".join(["unique_id,ds,y", *reversed(lines), lines[3], ""]))
    one = workload(load={"file": {"path": "load.csv", "statistic": "Sum"}})
    history = read([one], archive, RecordingSource(), files=FileSource(tmp_path))
    assert history.problems == {}
    assert history.panels[0].values.tolist() == [[1.0] * 192]
    assert len(history.provenance["api"].notes) >= 2
    assert not (tmp_path / "store").exists()


def test_conflicting_points_refuse_the_workload(archive, tmp_path):
    """Row 15: one time with two values is code 3, not the average of a guess."""
    lines = [f"api,{(START + timedelta(minutes=5 * bucket)).isoformat()},300" for bucket in range(576)]
    conflict = lines[3].replace(",300", ",301")
    (tmp_path / "load.csv").write_text("\n".join(["unique_id,ds,y", *lines, conflict, ""]))
    one = workload(load={"file": {"path": "load.csv", "statistic": "Sum"}})
    history = read([one], archive, RecordingSource(), files=FileSource(tmp_path))
    assert isinstance(history.problems["api"], InvalidPoints)


def test_heavy_libraries_are_imported_only_when_they_are_used():
    """Reading the code of this stage costs no Parquet, no data frames and no AWS client."""
    script = (
        "import sys, scaler.history.panels, scaler.history.archive; "
        "print(sorted({'pyarrow', 'pandas', 'scipy', 'boto3', 'botocore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_time_for_many_workloads_grows_with_their_number(archive):
    """Eight times the workloads take about eight times the time, not sixty-four."""

    def seconds_for(count: int) -> float:
        many = [workload(f"w{number}", history={"lookback": "6h"}) for number in range(count)]
        source = source_for(*many)
        begin = time.process_time()
        history = read(many, archive, source)
        assert history.panels[0].values.shape == (count, 24)
        return time.process_time() - begin

    seconds_for(5)
    few, many = seconds_for(50), seconds_for(400)
    assert many < 24 * few
