"""Files as a source."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.errors import ConfigurationError
from scaler.sources.files import FileSource
from scaler.sources.interface import InvalidPoints, NoDatapoints, Points, Request, SourceFailed, Window
from tests.sources.examples import at, file_query, request, seconds

ROWS = ["web,2026-11-21T11:00:00Z,1", "web,2026-11-21T11:05:00Z,2.5", "web,2026-11-21T11:10:00Z,0"]


def write(folder: Path, rows: list[str], *, header: str = "unique_id,ds,y", name: str = "load.csv") -> None:
    """Write a CSV."""
    (folder / name).write_text("\n".join([header, *rows]) + "\n")


def read(folder: Path, workload: str = "web", **query: str) -> Points:
    """Points of the one query, or the problem it came to."""
    asked = file_query(workload, **query)
    answer = FileSource(folder).fetch([request(asked)])
    assert (asked.series_id in answer.points) != (asked.series_id in answer.problems)
    if asked.series_id in answer.problems:
        raise answer.problems[asked.series_id]
    return answer.points[asked.series_id]


def parquet(folder: Path, ds: object, y: object = (1.0, 2.0), unique_id: object = "web") -> None:
    """Write a Parquet file."""
    pd.DataFrame({"unique_id": unique_id, "ds": ds, "y": y}).to_parquet(folder / "load.parquet", index=False)


def test_points_of_a_csv(tmp_path: Path) -> None:
    """A row is a point, at the time it says, and a zero is a measurement."""
    write(tmp_path, ROWS)
    points = read(tmp_path)
    assert points.times.tolist() == [seconds("11:00"), seconds("11:05"), seconds("11:10")]
    assert points.values.tolist() == [1.0, 2.5, 0.0]
    assert (points.times.dtype, points.values.dtype, points.notes) == (np.int64, np.float64, ())


def test_only_the_window_is_answered(tmp_path: Path) -> None:
    """The start is in, the end is out, and what is wrong outside is nobody's business now."""
    write(tmp_path, ["web,2026-11-21T10:59:59Z,NaN", *ROWS, "web,2026-11-21T12:00:00Z,9", "web,2026-11-21T12:05:00Z,x"])
    assert read(tmp_path).values.tolist() == [1.0, 2.5, 0.0]


def test_a_series_without_points_in_the_window_is_empty(tmp_path: Path) -> None:
    """The file knows the series, but not at that time: no points, no problem."""
    write(tmp_path, ["web,2026-11-20T11:00:00Z,1"])
    assert read(tmp_path).times.size == 0


@pytest.mark.parametrize(
    "ds",
    [
        "2026-11-21T11:00:00Z",
        "2026-11-21 11:00:00+00:00",
        "2026-11-21T13:00:00+0200",
        "2026-11-21T06:00-05",
        "20261121T110000Z",
    ],
)
def test_every_zone_is_utc_inside(tmp_path: Path, ds: str) -> None:
    """However the offset is written, the time is the same."""
    write(tmp_path, [f"web,{ds},1"])
    assert read(tmp_path).times.tolist() == [seconds("11:00")]


@pytest.mark.parametrize("ds", ["2026-11-21T11:00:00", "2026-11-21 11:00", "2026-11-21", "1795258800"])
def test_a_time_without_a_zone_is_refused(tmp_path: Path, ds: str) -> None:
    """Row 16: a naive time could be anybody's; the line and the mend are named, and the code is 78."""
    write(tmp_path, [ROWS[0], f"web,{ds},1"])
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path)
    assert caught.value.exit_code == 78
    assert repr(ds) in caught.value.why
    assert "line 3" in caught.value.why
    assert "2026-11-21T10:00:00Z" in caught.value.next_step


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    """The 31st of February has a zone, but is not a time."""
    write(tmp_path, ["web,2026-02-31T11:00:00Z,1"])
    with pytest.raises(ConfigurationError, match="is not a time"):
        read(tmp_path)


def test_wrong_times_of_another_series_do_not_matter(tmp_path: Path) -> None:
    """Only the series that is asked for is read."""
    write(tmp_path, [*ROWS, "other,2026-11-21T11:00:00,1"])
    assert read(tmp_path).times.size == 3


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ("NaN", "NaN"),
        ("nan", "NaN"),
        ("", "empty"),
        ("inf", "infinity"),
        ("-Infinity", "infinity"),
        ("12,5", "'12,5'"),
        ("many", "'many'"),
        ("None", "'None'"),
        ("True", "'True'"),
        ("=1+1", "'=1+1'"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, y: str, said: str) -> None:
    """Row 14: an empty cell, NaN, infinity or a text is refused with its line; never read as zero or skipped."""
    write(tmp_path, [ROWS[0], f'web,2026-11-21T11:05:00Z,"{y}"', ROWS[2]])
    with pytest.raises(InvalidPoints) as caught:
        read(tmp_path)
    assert caught.value.exit_code == 3
    assert said in caught.value.why
    assert "line 3 of load.csv" in caught.value.why


def test_one_bad_series_leaves_the_others(tmp_path: Path) -> None:
    """A series that is refused is a problem of its own."""
    write(tmp_path, [*ROWS, "api,2026-11-21T11:00:00Z,NaN"])
    good, bad = file_query("web"), file_query("api")
    answer = FileSource(tmp_path).fetch([request(good), request(bad)])
    assert list(answer.points) == [good.series_id]
    assert list(answer.problems) == [bad.series_id]


def test_negative_values_pass(tmp_path: Path) -> None:
    """Whether a negative can be right is history's to say."""
    write(tmp_path, ["web,2026-11-21T11:00:00Z,-3"])
    assert read(tmp_path).values.tolist() == [-3.0]


def test_unordered_rows_are_sorted_and_said(tmp_path: Path) -> None:
    """Row 15: the order of the rows does not matter, and the points say that it was not theirs."""
    write(tmp_path, ROWS[::-1])
    points = read(tmp_path)
    assert points.values.tolist() == [1.0, 2.5, 0.0]
    assert any("out of order" in note for note in points.notes)


def test_equal_duplicates_are_merged_and_said(tmp_path: Path) -> None:
    """Row 15: the same point twice is one point, also if it is written differently."""
    write(tmp_path, [*ROWS, "web,2026-11-21T12:05:00+01:00,2.50"])
    points = read(tmp_path)
    assert points.times.size == 3
    assert any("1 duplicate point " in note for note in points.notes)


def test_conflicting_duplicates_are_refused(tmp_path: Path) -> None:
    """Row 15: two values for one time are refused, with both lines."""
    write(tmp_path, ["web,2026-11-21T11:05:00Z,7", *ROWS])
    with pytest.raises(InvalidPoints) as caught:
        read(tmp_path)
    assert "2026-11-21T11:05:00Z has 7 (line 2 of load.csv) and 2.5 (line 4 of load.csv)" in caught.value.why


def test_an_unknown_series_names_near_ones(tmp_path: Path) -> None:
    """Row 8: a misspelt unique_id is not an empty series; the message shows what is there."""
    write(tmp_path, [row.replace("web", "checkout-api") for row in ROWS])
    with pytest.raises(NoDatapoints) as caught:
        read(tmp_path, "chekout-api")
    assert caught.value.exit_code == 3
    assert "'chekout-api'" in caught.value.why
    assert "checkout-api" in caught.value.next_step
    assert FileSource(tmp_path).near_names(file_query("chekout-api")) == ("checkout-api",)


def test_near_names_never_raise(tmp_path: Path) -> None:
    """No file, no hint."""
    assert FileSource(tmp_path).near_names(file_query()) == ()


def test_an_id_of_digits_keeps_its_zeros(tmp_path: Path) -> None:
    """007 is a name, not a number."""
    write(tmp_path, ["007,2026-11-21T11:00:00Z,1", "7,2026-11-21T11:00:00Z,2"])
    assert read(tmp_path, "007").values.tolist() == [1.0]
    assert read(tmp_path, "7").values.tolist() == [2.0]


@pytest.mark.parametrize("name", ["NA", "null", "None", "nan", "true"])
def test_an_id_that_looks_like_nothing_is_a_name(tmp_path: Path, name: str) -> None:
    """No word is taken for an absent value."""
    write(tmp_path, [f"{name},2026-11-21T11:00:00Z,1"])
    assert read(tmp_path, name).values.tolist() == [1.0]


def test_a_missing_column_names_it_and_the_others(tmp_path: Path) -> None:
    """The message says which column is missing and which there are."""
    write(tmp_path, ["web,2026-11-21T11:00:00Z,1"], header="unique_id,timestamp,y")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path)
    assert caught.value.what == "load.csv has no column ds"
    assert "unique_id, timestamp, y" in caught.value.why


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_has_no_columns(tmp_path: Path, text: str) -> None:
    """An empty file is a file without its columns, not one without load."""
    (tmp_path / "load.csv").write_text(text)
    with pytest.raises(ConfigurationError, match="no column unique_id, ds, y"):
        read(tmp_path)


def test_a_file_with_nothing_but_its_header_has_no_series(tmp_path: Path) -> None:
    """A header alone answers with no datapoints."""
    write(tmp_path, [])
    with pytest.raises(NoDatapoints, match="web"):
        read(tmp_path)


def test_a_missing_file_is_configuration(tmp_path: Path) -> None:
    """A path that leads nowhere is 78, and names the path."""
    with pytest.raises(ConfigurationError, match=r"load\.csv does not exist"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("load.parquet", b"not parquet"),
        ("load.csv.gz", b"not gzip"),
        ("load.csv.gz", gzip.compress(b"unique_id,ds,y\nweb,2026-11-21T11:00:00Z,1\n" * 99, mtime=0)[:40]),
        ("load.csv", b"unique_id,ds,y\nweb,2026-11-21T11:00:00Z,\xff\xfe\n"),
        ("load.csv", b"unique_id,ds,y\nweb,2026-11-21T11:00:00Z,1,2,3\n"),
    ],
)
def test_a_damaged_file_fails(tmp_path: Path, name: str, content: bytes) -> None:
    """What cannot be read is a failure, not an empty series."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFailed) as caught:
        read(tmp_path, path=name)
    assert name in caught.value.what


def test_blank_lines_count_but_do_not_matter(tmp_path: Path) -> None:
    """Blank lines are no rows, and the line numbers of a message are those of an editor."""
    write(tmp_path, [ROWS[0], "", "web,2026-11-21T11:05:00Z,x", ""])
    with pytest.raises(InvalidPoints, match="not a number") as caught:
        read(tmp_path)
    assert "line 4 " in caught.value.why
    write(tmp_path, [ROWS[0], "", ROWS[1], ""])
    assert read(tmp_path).times.size == 2


def test_compressed_csv_with_other_columns(tmp_path: Path) -> None:
    """Gzip, a byte-order mark, other columns and any order of them are fine."""
    text = "\ufeffy,note,unique_id,ds\n3,hello,web,2026-11-21T11:00:00Z\n"
    (tmp_path / "load.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert read(tmp_path, path="load.csv.gz").values.tolist() == [3.0]


def test_points_of_a_parquet_file(tmp_path: Path) -> None:
    """Parquet with a zone reads like CSV, whatever the zone and the resolution."""
    for unit in ("s", "ms", "us", "ns"):
        ds = pd.to_datetime(["2026-11-21T06:00", "2026-11-21T06:05"]).tz_localize("America/New_York").as_unit(unit)
        parquet(tmp_path, ds, y=[1, 2])
        points = read(tmp_path, path="load.parquet")
        assert points.times.tolist() == [seconds("11:00"), seconds("11:05")]
        assert points.values.tolist() == [1.0, 2.0]


def test_parquet_written_with_an_index(tmp_path: Path) -> None:
    """A column that pandas wrote as its index is a column."""
    frame = pd.DataFrame({"unique_id": ["web"], "ds": pd.to_datetime(["2026-11-21T11:00Z"]), "y": [1.0]})
    frame.set_index("ds").to_parquet(tmp_path / "load.parquet")
    assert read(tmp_path, path="load.parquet").times.tolist() == [seconds("11:00")]


def test_parquet_with_numbers_as_ids(tmp_path: Path) -> None:
    """Ids that are integers are known by their digits."""
    parquet(tmp_path, pd.to_datetime(["2026-11-21T11:00Z", "2026-11-21T11:05Z"]), unique_id=[7, 8])
    assert read(tmp_path, "7", path="load.parquet").times.size == 1


def test_naive_parquet_is_refused(tmp_path: Path) -> None:
    """Row 16: a timestamp column without a zone is 78."""
    parquet(tmp_path, pd.to_datetime(["2026-11-21T11:00", "2026-11-21T11:05"]))
    with pytest.raises(ConfigurationError, match="no zone") as caught:
        read(tmp_path, path="load.parquet")
    assert caught.value.exit_code == 78


@pytest.mark.parametrize("y", [[1.0, np.nan], [1.0, None], ["1", "x"], [True, False], [1.0, np.inf]])
def test_what_is_no_number_in_parquet_is_refused(tmp_path: Path, y: list[object]) -> None:
    """Row 14: a null, a NaN, a text or a truth is refused with its row."""
    parquet(tmp_path, pd.to_datetime(["2026-11-21T11:00Z", "2026-11-21T11:05Z"]), y=y)
    with pytest.raises(InvalidPoints) as caught:
        read(tmp_path, path="load.parquet")
    assert "row " in caught.value.why


def test_a_file_is_read_once_for_many_workloads(tmp_path: Path) -> None:
    """A thousand workloads of one file cost one reading of it."""
    write(tmp_path, [f"w{number},2026-11-21T11:00:00Z,{number}" for number in range(1000)])
    queries = [file_query(f"w{number}") for number in range(1000)]

    answer = FileSource(tmp_path).fetch([request(query) for query in queries])

    assert answer.calls == 1
    assert [answer.points[query.series_id].values.tolist() for query in queries] == [[n] for n in range(1000)]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 10_000_000), st.floats(allow_nan=False, allow_infinity=False)),
        unique_by=lambda point: point[0],
        min_size=1,
        max_size=30,
    ),
    st.integers(-14, 14),
    st.randoms(),
)
def test_what_is_written_is_read(tmp_path: Path, points: list[tuple[int, float]], hours: int, random) -> None:
    """Any finite points, in any zone and order, come back sorted and to the last bit."""
    epoch = at("2026-01-01T00:00")
    zone = f"{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
    rows = [
        f"web,{(epoch + timedelta(seconds=time, hours=hours)).strftime('%Y-%m-%dT%H:%M:%S')}{zone},{value!r}"
        for time, value in points
    ]
    random.shuffle(rows)
    write(tmp_path, rows)
    query = file_query()
    whole = Window(datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))

    answer = FileSource(tmp_path).fetch([Request(query, whole)]).points[query.series_id]

    expected = sorted(points)
    assert answer.times.tolist() == [int(epoch.timestamp()) + time for time, _ in expected]
    assert answer.values.tolist() == [value for _, value in expected]


@pytest.mark.traces
def test_a_real_trace_passes_through(traces: Path, tmp_path: Path) -> None:
    """Real series of a monitoring archive, as they lie there and as CSV, read the same and complete."""
    frame = pd.read_parquet(traces / "nab" / "nab.parquet")
    frame = frame.rename(columns={"series_id": "unique_id", "timestamp": "ds", "value": "y"})
    frame.to_csv(tmp_path / "load.csv", index=False)
    frame.to_parquet(tmp_path / "load.parquet", index=False)
    whole = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    names = [str(name) for name in frame["unique_id"].unique()]

    def fetch(path: str) -> tuple[dict[str, Points], dict[str, str]]:
        queries = {name: file_query(name, path=path) for name in names}
        answer = FileSource(tmp_path).fetch([Request(query, whole) for query in queries.values()])
        return (
            {name: answer.points[q.series_id] for name, q in queries.items() if q.series_id in answer.points},
            {name: answer.problems[q.series_id].what for name, q in queries.items() if q.series_id in answer.problems},
        )

    (csv, csv_problems), (columnar, columnar_problems) = fetch("load.csv"), fetch("load.parquet")

    assert csv_problems == columnar_problems
    assert len(csv) > len(names) / 2
    for name, points in csv.items():
        assert np.array_equal(points.times, columnar[name].times)
        assert np.array_equal(points.values, columnar[name].values)
        assert points.times.size == frame.loc[frame["unique_id"] == name, "ds"].nunique()
