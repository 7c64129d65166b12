"""The archive: what was appended is what is read, and nothing damaged is ever read."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.history import partition as partitions
from scaler.history.archive import MAX_DAYS, ParquetArchive
from scaler.history.folder_store import FolderStore
from scaler.history.interface import ArchiveDamaged, StoreFailed
from scaler.history.spans import moment, span_of, union
from scaler.sources.interface import Points, Window
from tests.history.builders import NOON, points, query, same, seconds

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, tzinfo=UTC)
ALL = Window(OCTOBER, JANUARY)


@pytest.fixture
def archive(tmp_path: Path) -> ParquetArchive:
    """An empty archive."""
    return ParquetArchive(FolderStore(tmp_path))


def folder_of(root: Path) -> Path:
    """Where the series of the tests is archived."""
    return root / "history" / query().series_id


def fill(archive: ParquetArchive, window: Window = ALL) -> Points:
    """A point every hour of the window."""
    hours = int((window.end - window.start).total_seconds()) // 3600
    given = points(window.start, [float(hour) for hour in range(hours)], 3600)
    archive.append(query(), [window], given)
    return given


def test_an_empty_archive_covers_nothing_and_makes_nothing(archive, tmp_path):
    """Looking into a store that is not there is no error, and leaves no folder behind."""
    assert archive.known(query(), ALL).covered == ()
    assert len(archive.read(query(), ALL).times) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_appended_is_read_back(archive):
    """Across three months, to the bit, and as another process would see it."""
    given = fill(archive)
    assert same(archive.read(query(), ALL), given)
    assert archive.known(query(), ALL).covered == (ALL,)


STARTS = st.integers(0, 80 * 24)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(STARTS, st.integers(0, 30 * 24), st.integers(0, 2**32 - 1)), min_size=1, max_size=5),
    STARTS,
    st.integers(1, 40 * 24),
)
def test_any_sequence_of_overlapping_appends(tmp_path_factory, appends, read_start, read_hours):
    """The archive equals a dictionary that each append updates, whatever the overlaps: nothing is ever taken back."""
    archive = ParquetArchive(FolderStore(tmp_path_factory.mktemp("store")))
    model: dict[int, float] = {}
    asked: list[tuple[int, int]] = []
    for start, hours, seed in appends:
        window = Window(OCTOBER + timedelta(hours=start), OCTOBER + timedelta(hours=start + hours))
        random = np.random.default_rng(seed)
        values = np.where(random.random(hours) < 0.2, np.nan, random.normal(size=hours) * 1e6)
        given = points(window.start, list(values), 3600)
        archive.append(query(), [window], given)
        low, high = span_of(window)
        model |= dict(zip(given.times.tolist(), given.values.tolist(), strict=True))
        asked.append((low, high))
    window = Window(OCTOBER + timedelta(hours=read_start), OCTOBER + timedelta(hours=read_start + read_hours))
    low, high = span_of(window)
    expected = sorted((time, value) for time, value in model.items() if low <= time < high)
    found = archive.read(query(), window)
    assert list(zip(found.times.tolist(), found.values.tolist(), strict=True)) == expected
    assert archive.known(query(), Window(OCTOBER, JANUARY + timedelta(days=60))).covered == tuple(
        Window(moment(a), moment(b)) for a, b in union(asked)
    )


def test_a_top_up_rewrites_only_what_it_touches(archive, tmp_path):
    """Two hours at the end of December write the file of that day alone, and leave the months' as they are."""
    fill(archive, Window(OCTOBER, JANUARY - timedelta(hours=1)))
    before = {path.name: path.stat().st_mtime_ns for path in folder_of(tmp_path).glob("*.parquet")}
    archive.append(
        query(), [Window(JANUARY - timedelta(hours=2), JANUARY)], points(JANUARY - timedelta(hours=2), [1, 2], 3600)
    )
    after = {path.name: path.stat().st_mtime_ns for path in folder_of(tmp_path).glob("*.parquet")}
    assert before.items() <= after.items()
    assert [name[:10] for name in after.keys() - before.keys()] == ["2026-12-31"]
    assert archive.read(query(), ALL).values[-2:].tolist() == [1, 2]
    assert archive.known(query(), ALL).covered == (ALL,)


def test_reading_touches_only_the_window(archive, tmp_path):
    """A month that is not asked for is not opened: it may even be damaged."""
    fill(archive)
    (october,) = folder_of(tmp_path).glob("2026-10-*.parquet")
    october.write_bytes(b"damaged")
    december = Window(datetime(2026, 12, 1, tzinfo=UTC), JANUARY)
    assert archive.known(query(), december).covered == (december,)
    assert len(archive.read(query(), december).times) == 31 * 24
    assert october.read_bytes() == b"damaged"


def test_the_same_appends_give_the_same_bytes(tmp_path):
    """Two stores filled alike have equal files with equal names."""
    stores = []
    for name in ("left", "right"):
        fill(ParquetArchive(FolderStore(tmp_path / name)))
        folder = folder_of(tmp_path / name)
        stores.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert stores[0] == stores[1]


def test_an_append_that_changes_nothing_writes_nothing(archive, tmp_path):
    """Asking again and hearing the same leaves even the manifest alone."""
    fill(archive)
    before = {path.name: path.stat().st_mtime_ns for path in folder_of(tmp_path).iterdir()}
    fill(archive)
    assert {path.name: path.stat().st_mtime_ns for path in folder_of(tmp_path).iterdir()} == before


def test_silence_is_covered(archive):
    """A window that was answered with no points is covered and has none."""
    fill(archive, Window(OCTOBER, NOON))
    archive.append(query(), [Window(NOON, JANUARY)], points(NOON, []))
    assert archive.known(query(), ALL).covered == (ALL,)
    assert archive.read(query(), ALL).times[-1] < seconds(NOON)


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "empty"])
def test_a_damaged_partition_is_set_aside_and_counts_as_never_fetched(archive, tmp_path, damage):
    """Row 48: its month is not covered, the others are, the file is kept for a person, and a refill heals it."""
    given = fill(archive)
    (november,) = folder_of(tmp_path).glob("2026-11-*.parquet")
    data = bytearray(november.read_bytes())
    data[len(data) // 2] ^= 1
    match damage:
        case "flip":
            november.write_bytes(data)
        case "truncate":
            november.write_bytes(data[:-7])
        case "remove":
            november.unlink()
        case "empty":
            november.write_bytes(b"")
    hole = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    with pytest.raises(ArchiveDamaged):
        archive.read(query(), ALL)
    archive.repair(query(), ALL)
    assert archive.known(query(), ALL).covered == (Window(OCTOBER, hole.start), Window(hole.end, JANUARY))
    assert not november.exists()
    assert len(list(folder_of(tmp_path).glob("*.corrupt"))) == (0 if damage == "remove" else 1)
    left = archive.read(query(), ALL)
    assert len(left.times) == (31 + 31) * 24
    inside = (given.times >= seconds(hole.start)) & (given.times < seconds(hole.end))
    archive.append(query(), [hole], Points(given.times[inside], given.values[inside]))
    assert same(archive.read(query(), ALL), given)
    assert archive.known(query(), ALL).covered == (ALL,)


def test_damage_found_while_reading_is_an_error_and_not_a_gap(archive, tmp_path):
    """Damage never comes out as fewer points; a reader changes nothing, exit code 3."""
    fill(archive)
    (november,) = folder_of(tmp_path).glob("2026-11-*.parquet")
    november.write_bytes(b"damaged")
    with pytest.raises(ArchiveDamaged, match="damaged") as caught:
        archive.read(query(), ALL)
    assert "fetched again" in caught.value.next_step
    assert caught.value.exit_code == 3
    assert november.read_bytes() == b"damaged"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"covered": []}', "\x00\xff"])
def test_a_damaged_manifest_sets_the_series_aside(archive, tmp_path, text):
    """Row 48: without its manifest nothing counts as covered; the folder is kept under another name."""
    fill(archive)
    folder = folder_of(tmp_path)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ArchiveDamaged):
        archive.known(query(), ALL)
    archive.repair(query(), ALL)
    assert archive.known(query(), ALL).covered == ()
    aside = folder.with_name(folder.name + ".corrupt")
    assert len(list(aside.glob("*.parquet"))) == 3
    given = fill(archive)
    assert same(archive.read(query(), ALL), given)


def test_an_edited_manifest_is_a_damaged_one(archive, tmp_path):
    """Claiming more coverage by hand is noticed."""
    fill(archive)
    path = folder_of(tmp_path) / "manifest.json"
    path.write_text(path.read_text().replace("2027-01-01", "2027-02-01"))
    with pytest.raises(ArchiveDamaged):
        archive.known(query(), ALL)


def test_a_newer_format_is_not_touched(archive, tmp_path):
    """An older scaler refuses a newer archive and leaves it as it is."""
    fill(archive)
    path = folder_of(tmp_path) / "manifest.json"
    body = json.loads(path.read_text())
    del body["sha256"]
    body["format"] = 2
    seal = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(body | {"sha256": seal}))
    before = path.read_bytes()
    with pytest.raises(StoreFailed, match="format 2"):
        archive.known(query(), ALL)
    with pytest.raises(StoreFailed, match="format 2"):
        fill(archive)
    assert path.read_bytes() == before


def test_a_temporary_file_is_never_a_result(archive, tmp_path):
    """Row 33: what another process was writing when it died, or still writes, is neither read nor removed early."""
    given = fill(archive)
    folder = folder_of(tmp_path)
    strays = [folder / ".manifest.json.1-ab.temporary", folder / ".2026-11-0123456789abcdef.parquet.1-ab.temporary"]
    for stray in strays:
        stray.write_bytes(b"half")
    (folder / "2026-11-0123456789abcdef.parquet").write_bytes(b"not listed by the manifest")
    assert same(archive.read(query(), ALL), given)
    later = Window(JANUARY, JANUARY + timedelta(hours=1))
    archive.append(query(), [later], points(JANUARY, [5]))
    assert all(stray.exists() for stray in strays)
    assert not (folder / "2026-11-0123456789abcdef.parquet").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        points(NOON - timedelta(minutes=5), [1.0]),
        points(NOON + timedelta(hours=1), [1.0]),
        Points(np.array([seconds(NOON)] * 2), np.ones(2)),
        Points(np.array([seconds(NOON)]), np.array([np.nan])),
        Points(np.array([seconds(NOON)]), np.array([np.inf])),
    ],
    ids=["before", "after", "twice", "nan", "infinite"],
)
def test_points_that_break_the_contract_are_not_archived(archive, tmp_path, wrong):
    """Row 14: what a source must never answer does not get into the archive."""
    with pytest.raises(ValueError, match="points"):
        archive.append(query(), [Window(NOON, NOON + timedelta(hours=1))], wrong)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden", "x" * 200, "a\x00b"])
def test_a_series_id_cannot_leave_the_store(archive, tmp_path, name):
    """A name that is not safe for files is refused before anything is touched."""
    with pytest.raises(ValueError, match="file name"):
        archive.append(replace(query(), series_id=name), [ALL], points(NOON, [1]))
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_says_so(tmp_path):
    """Exit code 1 with the folder and the cause; a file in the way is not replaced."""
    (tmp_path / "history").write_text("in the way")
    archive = ParquetArchive(FolderStore(tmp_path))
    with pytest.raises(StoreFailed, match="could not be") as caught:
        fill(archive)
    assert caught.value.exit_code == 1
    assert caught.value.why
    with pytest.raises(StoreFailed, match="could not be read"):
        archive.known(query(), ALL)
    assert (tmp_path / "history").read_text() == "in the way"


def listed(root: Path) -> list[str]:
    """Days and months that have a file."""
    return sorted(path.name.rpartition("-")[0] for path in folder_of(root).glob("*.parquet"))


def test_days_are_compacted_into_their_month(archive, tmp_path):
    """Hourly top-ups of a month: at most one file per month and MAX_DAYS for days, and every point is there."""
    start, hour = OCTOBER + timedelta(hours=5), timedelta(hours=1)
    given = points(start, [float(n) for n in range(24 * 40)], 3600)
    most, end = 0, start
    while end < start + timedelta(days=40):
        begin, end = end, end + 7 * hour
        inside = (given.times >= seconds(begin)) & (given.times < seconds(end))
        archive.append(query(), [Window(begin, end)], Points(given.times[inside], given.values[inside]))
        most = max(most, len(listed(tmp_path)))
    assert same(archive.read(query(), ALL), given)
    assert archive.known(query(), ALL).covered == (Window(start, end),)
    assert most <= 2 * (1 + MAX_DAYS)
    assert {"2026-10", "2026-11"} <= set(listed(tmp_path))


def test_a_top_up_writes_little(tmp_path):
    """Nine days of hourly top-ups at five minutes, overlap and compaction included, against a month each time."""
    store = FolderStore(tmp_path)
    archive = ParquetArchive(store)
    random = np.random.default_rng(7)
    start = NOON - timedelta(days=20)
    archive.append(query(), [Window(start, NOON)], points(start, list(random.lognormal(6, 0.4, 20 * 288))))
    sizes, whole = [], 0
    for hour in range(1, 9 * 24 + 1):
        window = Window(NOON + timedelta(hours=hour - 4), NOON + timedelta(hours=hour))
        before = store.bytes_written
        archive.append(query(), [window], points(window.start, list(random.lognormal(6, 0.4, 48))))
        sizes.append(store.bytes_written - before)
        month = f"{window.end:%Y-%m}"
        first, last = partitions.span_named(month)
        everything = archive.read(query(), Window(moment(first), moment(last)))
        whole += len(partitions.encode(month, everything)[1])
    sys.stdout.write(
        f"bytes per top-up: median {np.median(sizes):.0f}, mean {np.mean(sizes):.0f}, most {max(sizes)}; "
        f"a month each time {whole / len(sizes):.0f}\n"
    )
    assert np.median(sizes) < 8_000
    assert np.mean(sizes) < whole / len(sizes) / 5


@pytest.mark.parametrize("broken", ["month", "day"])
def test_damage_of_one_leaves_the_other(archive, tmp_path, broken):
    """Row 48: a day's file stands for itself when its month's is damaged, and the other way round."""
    given = fill(archive)
    day = Window(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
    archive.append(query(), [day], points(day.start, [-1.0] * 24, 3600))
    month = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    (damaged,) = folder_of(tmp_path).glob("2026-11-21-*" if broken == "day" else "2026-11-????????????????.parquet")
    damaged.write_bytes(b"damaged")
    archive.repair(query(), ALL)
    covered = archive.known(query(), month).covered
    if broken == "day":
        assert covered == (Window(month.start, day.start), Window(day.end, month.end))
        inside = (given.times >= seconds(day.start)) & (given.times < seconds(day.end))
        assert same(archive.read(query(), day), Points(given.times[inside], given.values[inside]))
    else:
        assert covered == (day,)
        assert archive.read(query(), month).values.tolist() == [-1.0] * 24
