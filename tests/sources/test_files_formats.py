"""Files as a source: JSON lines, standard input, what tells the format, and what is too large."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from scaler.config import FileMetric
from scaler.errors import ConfigurationError, UsageError
from scaler.sources import contents, parquet
from scaler.sources.files import FileSource
from scaler.sources.interface import InvalidPoints, MetricQuery, NoDatapoints, Points, SourceFailed
from scaler.sources.queries import series_id
from tests.sources.examples import request, seconds

ROWS = [
    {"unique_id": "web", "ds": "2026-11-21T11:00:00Z", "y": 1},
    {"unique_id": "web", "ds": "2026-11-21T11:05:00Z", "y": 2.5},
    {"unique_id": "web", "ds": "2026-11-21T11:10:00Z", "y": 0},
]


def lines(*rows: object) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def query(workload: str = "web", **metric: Any) -> MetricQuery:
    """A query of a series in a file."""
    configured = FileMetric.model_validate({"path": "load.jsonl", "unique_id": workload, "period": "5m"} | metric)
    return MetricQuery(workload, "load", series_id(configured, None), None, configured)


def read(folder: Path, content: bytes | None = None, stdin: BytesIO | None = None, **metric: Any) -> Points:
    """Points of the one query, or the problem it came to."""
    asked = query(**metric)
    if content is not None:
        (folder / asked.metric.path).write_bytes(content)
    answer = FileSource(folder, stdin).fetch([request(asked)])
    if asked.series_id in answer.problems:
        raise answer.problems[asked.series_id]
    return answer.points[asked.series_id]


@pytest.mark.parametrize("path", ["load.jsonl", "load.ndjson", "LOAD.JSONL", "load.jsonl.gz", "load.ndjson.gz"])
def test_points_of_json_lines(tmp_path: Path, path: str) -> None:
    """A line is a point; a zero is a measurement; gzip does not matter."""
    content = lines(*ROWS)
    points = read(tmp_path, gzip.compress(content) if path.endswith("gz") else content, path=path)
    assert points.times.tolist() == [seconds("11:00"), seconds("11:05"), seconds("11:10")]
    assert points.values.tolist() == [1.0, 2.5, 0.0]
    assert (points.times.dtype, points.values.dtype) == (np.int64, np.float64)


def test_what_writes_them_may_differ(tmp_path: Path) -> None:
    """A byte-order mark, blank lines, CRLF, other keys, ids and values as numbers or texts, no line end at the end."""
    content = b'\xef\xbb\xbf\r\n{"y": "1e2", "host": {"a": [1]}, "unique_id": 7, "ds": "2026-11-21 11:00+00:00"}\r\n\n'
    content += '{"unique_id": "7", "ds": "2026-11-21T12:05:00+01:00", "y": 3, "note": "a\u2028b"}'.encode()
    assert read(tmp_path, content, unique_id="7").values.tolist() == [100.0, 3.0]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ("NaN", "NaN"), ("Infinity", "infinity"), ("-Infinity", "infinity"), ("null", "empty"), ('""', "empty"),
        ("true", "'True'"), ('"many"', "'many'"), ("[1]", "['1']"), ('{"v": 1}', "{'v': '1'}"), ("1e999", "infinity"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(tmp_path: Path, y: str, said: str) -> None:
    """Row 14: as strict as CSV, with the line; nothing is read as zero or skipped."""
    bad = f'{{"unique_id": "web", "ds": "2026-11-21T11:05:00Z", "y": {y}}}\n'.encode()
    with pytest.raises(InvalidPoints) as caught:
        read(tmp_path, lines(ROWS[0]) + b"\n" + bad)
    assert caught.value.exit_code == 3
    assert said in caught.value.why
    assert "line 3 of load.jsonl" in caught.value.why


def test_an_absent_value_is_not_zero(tmp_path: Path) -> None:
    """A row without y has no value, which is said."""
    with pytest.raises(InvalidPoints, match="not a number"):
        read(tmp_path, lines(ROWS[0], {"unique_id": "web", "ds": "2026-11-21T11:05:00Z"}))


@pytest.mark.parametrize("ds", ["2026-11-21T11:00:00", 1795258800, None, "2026-11-21"])
def test_a_time_without_a_zone_is_refused(tmp_path: Path, ds: object) -> None:
    """Row 16: 78, with the line."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, lines(ROWS[0], {"unique_id": "web", "ds": ds, "y": 1}))
    assert caught.value.exit_code == 78
    assert "line 2" in caught.value.why


def test_duplicates_and_disorder(tmp_path: Path) -> None:
    """Row 15: sorted and merged with a note; two values for one time are refused with both lines."""
    points = read(tmp_path, lines(*ROWS[::-1], ROWS[0]))
    assert points.values.tolist() == [1.0, 2.5, 0.0]
    assert len(points.notes) == 2
    with pytest.raises(InvalidPoints, match="two values") as caught:
        read(tmp_path, lines(*ROWS, ROWS[0] | {"y": 9}))
    assert "line 1 of load.jsonl" in caught.value.why
    assert "line 4 of load.jsonl" in caught.value.why


@pytest.mark.parametrize(
    "bad", [b"{", b"[1, 2]", b"12", b"unique_id,ds,y", b'{"y": 1, "y": 2}', b"[" * 100_000, b'{"y": 01}']
)
def test_a_line_that_is_no_object_fails(tmp_path: Path, bad: bytes) -> None:
    """A damaged line is a failure that names it, not a row less."""
    with pytest.raises(SourceFailed, match=r"line 2 of load\.jsonl") as caught:
        read(tmp_path, lines(ROWS[0]) + bad + b"\n" + lines(ROWS[1]))
    assert caught.value.exit_code == 1


def test_missing_keys_are_named(tmp_path: Path) -> None:
    """The first line says what the keys are, as a header does; an empty file has none."""
    with pytest.raises(ConfigurationError, match=r"load\.jsonl has no column ds") as caught:
        read(tmp_path, lines({"unique_id": "web", "time": "2026-11-21T11:00:00Z", "y": 1}))
    assert "unique_id, time, y" in caught.value.why
    with pytest.raises(ConfigurationError, match="no column unique_id, ds, y"):
        read(tmp_path, b"\n")


START = datetime(2026, 11, 21, 11, tzinfo=UTC)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12))
def test_every_format_gives_the_same_points(tmp_path: Path, values: list[float]) -> None:
    """The same rows as CSV, JSON lines and Parquet are the same points to the last bit."""
    moments = [START + timedelta(minutes=5 * index) for index in range(len(values))]
    texts = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments]
    csv = "unique_id,ds,y\n" + "".join(f"web,{ds},{y!r}\n" for ds, y in zip(texts, values, strict=True))
    rows = [{"unique_id": "web", "ds": ds, "y": y} for ds, y in zip(texts, values, strict=True)]
    frame = BytesIO()
    pd.DataFrame({"unique_id": "web", "ds": pd.to_datetime(texts, utc=True), "y": values}).to_parquet(frame)
    found = [
        read(tmp_path, csv.encode(), path="load.csv"),
        read(tmp_path, lines(*rows)),
        read(tmp_path, frame.getvalue(), path="load.parquet"),
    ]
    assert {points.values.tobytes() for points in found} == {np.array(values, np.float64).tobytes()}
    assert {points.times.tobytes() for points in found} == {np.array([seconds(t[:-1]) for t in texts]).tobytes()}


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("compressed", [False, True])
def test_standard_input(tmp_path: Path, file_format: str, compressed: bool) -> None:
    """Rows can be piped in, in every format; gzip is told by its first bytes."""
    frame = pd.DataFrame(ROWS).assign(ds=lambda rows: pd.to_datetime(rows["ds"]))
    content = {
        "csv": frame.assign(ds=[row["ds"] for row in ROWS]).to_csv(index=False).encode(),
        "jsonl": lines(*ROWS),
        "parquet": frame.to_parquet(),
    }[file_format]
    stdin = BytesIO(gzip.compress(content) if compressed else content)
    assert read(tmp_path, stdin=stdin, path="-", format=file_format).values.tolist() == [1.0, 2.5, 0.0]


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    """All series of it, and the hint about a misspelt one, come from one reading."""
    source = FileSource(tmp_path, BytesIO(lines(*ROWS, ROWS[0] | {"unique_id": "api"})))
    asked = [query(name, path="-", format="jsonl") for name in ("web", "api", "wbe")]
    answer = source.fetch([request(each) for each in asked])
    assert [answer.points[each.series_id].times.size for each in asked[:2]] == [3, 1]
    problem = answer.problems[asked[2].series_id]
    assert isinstance(problem, NoDatapoints)
    assert "standard input has no series 'wbe'" in problem.why
    assert source.near_names(asked[2]) == ("web",)


def test_nothing_is_piped_in(tmp_path: Path) -> None:
    """A terminal is not waited for."""

    class Terminal(BytesIO):
        def isatty(self) -> bool:
            return True

    for stdin in (None, Terminal()):
        with pytest.raises(UsageError) as caught:
            read(tmp_path, stdin=stdin, path="-", format="csv")
        assert caught.value.exit_code == 64


@pytest.mark.parametrize(
    ("given", "format_found"),
    [
        ({"path": "a.csv"}, "csv"),
        ({"path": "a.csv.gz"}, "csv"),
        ({"path": "a.PARQUET"}, "parquet"),
        ({"path": "a.pq"}, "parquet"),
        ({"path": "a.ndjson.gz"}, "jsonl"),
        ({"path": "export", "format": "csv"}, "csv"),
        ({"path": "a.csv", "format": "jsonl"}, "jsonl"),
        ({"path": "-", "format": "parquet"}, "parquet"),
    ],
)
def test_the_suffix_tells_the_format(given: dict[str, str], format_found: str) -> None:
    """What is given wins over the suffix."""
    assert FileMetric.model_validate(given).file_format == format_found


@pytest.mark.parametrize("path", ["-", "export", "a.txt", "a.xlsx", "a.csv.zip", "a.gz"])
def test_a_format_that_cannot_be_told_is_asked_for(path: str) -> None:
    """A guess could read nonsense."""
    with pytest.raises(ValidationError, match="is needed"):
        FileMetric.model_validate({"path": path})


@pytest.mark.parametrize("path", ["load.csv.gz", "load.jsonl.gz"])
def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 47: a few kilobytes that would be gigabytes end at the bound with 1, and nothing is read."""
    monkeypatch.setattr(contents, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 50_000_000, compresslevel=9)
    assert len(bomb) < 100_000
    with pytest.raises(SourceFailed, match="larger than") as caught:
        read(tmp_path, bomb, path=path)
    assert caught.value.exit_code == 1
    with pytest.raises(SourceFailed, match="standard input is larger than"):
        read(tmp_path, stdin=BytesIO(bomb), path="-", format="csv")
    with pytest.raises(SourceFailed, match="larger than"):
        read(tmp_path, b"x" * 1_000_001, path="load.csv")


def test_parquet_that_tells_of_billions_of_rows_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 47: equal rows take no room in Parquet, and much in memory; both counts of its metadata are bounded."""
    column = pa.array(["web"] * 500_000).dictionary_encode()
    table = pa.table({"unique_id": column, "ds": column, "y": pa.array(np.zeros(500_000))})
    pq.write_table(table, tmp_path / "load.parquet", compression="zstd")
    assert (tmp_path / "load.parquet").stat().st_size < 10_000
    monkeypatch.setattr(parquet, "MAX_ROWS", 499_999)
    with pytest.raises(SourceFailed, match="larger than 499,999 rows"):
        read(tmp_path, path="load.parquet")
    monkeypatch.setattr(parquet, "MAX_ROWS", 500_000)
    monkeypatch.setattr(parquet, "MAX_BYTES", 1000)
    with pytest.raises(SourceFailed, match="larger than"):
        read(tmp_path, path="load.parquet")
