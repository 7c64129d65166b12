"""What is asked of the sources, what is archived, and what is said when there is nothing."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from scaler.errors import Failed, Refused, ScalerError
from scaler.history.archive import ParquetArchive
from scaler.history.collect import Access, Progress, Wanted, collect
from scaler.history.folder_store import FolderStore
from scaler.history.interface import ArchiveDamaged, FetchCounts, HistoryRefused, Observations
from scaler.history.lock import Holder, StoreLocked, locked
from scaler.sources.interface import FetchResult, Kept, MetricQuery, NoDatapoints, Points, SeriesRefused, Window
from tests.history.builders import NOON, RecordingSource, known, points, query, same, sources, workload

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
OVERLAP = 3 * HOUR
FIVE_MINUTES = timedelta(minutes=5)
EVER = points(NOON - 60 * DAY, [float(bucket) for bucket in range(120 * 288)])


@pytest.fixture
def archive(tmp_path: Path) -> ParquetArchive:
    """An empty archive."""
    return ParquetArchive(FolderStore(tmp_path))


def ever(**changes: object) -> RecordingSource:
    """A source that has a point every five minutes, before and after noon."""
    return RecordingSource(store={query().series_id: EVER}, **changes)


def within(window: Window) -> Points:
    """The points of the source in the window."""
    inside = (EVER.times >= window.start.timestamp()) & (EVER.times < window.end.timestamp())
    return Points(EVER.times[inside], EVER.values[inside])


def window(end=NOON, days: float = 2) -> Window:
    """The last days before ``end``."""
    return Window(end - days * DAY, end)


@dataclass(frozen=True)
class Known:
    """Each series is in exactly one of the two, by ``series_id``."""

    observations: dict[str, Observations]
    problems: dict[str, ScalerError]
    counts: FetchCounts


def observe(wanted: list[Wanted], access: Access) -> Known:
    """Collect, and read each series back."""
    collected = collect(wanted, access)
    found: dict[str, Observations] = {}
    problems: dict[str, ScalerError] = {}
    for each in wanted:
        try:
            found[each.query.series_id] = collected.observe(each.query)
        except Refused as refusal:
            problems[each.query.series_id] = refusal
    return Known(found, problems, collected.counts)


def run(archive: ParquetArchive, source: RecordingSource, asked: Window, *, offline: bool = False, since=None) -> Known:
    """Collect one series."""
    return observe([Wanted(query(), asked, OVERLAP, since)], Access(archive, sources(source), offline))


def counted(counts: FetchCounts) -> tuple[int, int, int, int]:
    """Series, calls, points fetched, points archived."""
    return (counts.series, counts.calls, counts.points_fetched, counts.points_archived)


def refused(what: str) -> SeriesRefused:
    """A problem of one series."""
    return SeriesRefused(what, why="said the source", next_step="none")


def test_the_first_run_asks_for_the_window_and_archives_it(archive):
    """All of the window, once; what is returned is what is archived."""
    source = ever()
    collected = run(archive, source, window())
    known_now = collected.observations[query().series_id]
    assert source.windows() == [(window().start, NOON)]
    assert same(known_now.points, within(window()))
    assert known_now.answered == (window(),)
    assert same(archive.read(query(), window()), known_now.points)
    assert counted(collected.counts) == (1, 1, 576, 576)


def test_the_second_run_asks_for_the_new_part_and_the_overlap(archive):
    """Row 10 included: asked is up to the last complete bucket, from the overlap before what is covered."""
    run(archive, ever(), window())
    source = ever()
    later = window(NOON + HOUR)
    collected = run(archive, source, later)
    assert source.windows() == [(NOON - OVERLAP, NOON + HOUR)]
    assert same(collected.observations[query().series_id].points, within(later))
    assert counted(collected.counts) == (1, 1, 48, 48)


def test_the_same_run_again_asks_nothing(archive):
    """What is covered to the end and has its last point is not asked again."""
    run(archive, ever(), window())
    source = ever()
    collected = run(archive, source, window())
    assert source.asked == []
    assert collected.counts == FetchCounts(series=1)


def test_a_longer_lookback_asks_only_for_what_came_before(archive):
    """Old points that are archived are not asked for again."""
    run(archive, ever(), window(days=2))
    source = ever()
    run(archive, source, window(days=5))
    assert source.windows() == [(NOON - 5 * DAY, NOON - 2 * DAY)]


def test_both_ends_are_asked_in_one_go(archive):
    """A longer lookback at a later time: two spans, one round of calls."""
    run(archive, ever(), window(days=2))
    source = ever()
    later = Window(NOON - 5 * DAY, NOON + HOUR)
    collected = run(archive, source, later)
    assert source.windows() == [(NOON - 5 * DAY, NOON - 2 * DAY), (NOON - OVERLAP, NOON + HOUR)]
    assert same(collected.observations[query().series_id].points, within(later))


def test_an_earlier_time_is_answered_from_the_archive(archive):
    """Planning as of the past sees the past and asks nobody."""
    run(archive, ever(), window(days=5))
    source = ever()
    past = window(NOON - DAY)
    collected = run(archive, source, past)
    assert source.asked == []
    assert same(collected.observations[query().series_id].points, within(past))


def test_late_points_are_found_as_long_as_the_series_is_silent_at_its_end(archive):
    """A series that fell silent is asked from its last point on, however long ago the overlap has passed."""
    outage = NOON - 10 * HOUR
    silent = RecordingSource(store={query().series_id: within(Window(NOON - 3 * DAY, outage))})
    run(archive, silent, window())
    source = ever()
    collected = run(archive, source, window())
    assert source.windows() == [(outage, NOON)]
    assert same(collected.observations[query().series_id].points, within(window()))


def test_a_time_in_the_future_does_not_poison_the_archive(archive):
    """Coverage claimed beyond the present by mistake does not keep later points from being fetched."""
    until_noon = RecordingSource(store={query().series_id: within(window())})
    run(archive, until_noon, window(NOON + DAY, days=3))
    collected = run(archive, ever(), window(NOON + HOUR))
    assert same(collected.observations[query().series_id].points, within(window(NOON + HOUR)))


def test_corrections_win_and_forgotten_points_stay(archive):
    """In the overlap the newer value counts; a point that the source no longer gives is kept."""
    run(archive, ever(), window())
    corrected = points(NOON - HOUR, [-1.0] + [float("nan")] * 11 + [5.0])
    collected = run(archive, RecordingSource(store={query().series_id: corrected}), window(NOON + FIVE_MINUTES))
    found = collected.observations[query().series_id].points
    expected = within(window(NOON + FIVE_MINUTES))
    assert found.times.tolist() == expected.times.tolist()
    changed = found.times[found.values != expected.values]
    assert changed.tolist() == corrected.times.tolist()


def test_a_damaged_month_is_fetched_again(archive, tmp_path):
    """Row 48: the hole is asked again together with what is new, and the result is whole."""
    whole = window(days=40)
    run(archive, ever(), whole)
    (october,) = (tmp_path / "history" / query().series_id).glob("2026-10-*.parquet")
    october.write_bytes(october.read_bytes()[:-1])
    source = ever()
    collected = run(archive, source, whole)
    assert source.windows() == [(whole.start, NOON - 20.5 * DAY)]
    assert same(collected.observations[query().series_id].points, within(whole))


def test_an_empty_answer_is_no_datapoints_with_near_names(archive):
    """Row 8: exit code 3 with the near names, and nothing is archived as known to be silent."""
    collected = run(archive, RecordingSource(near=("RequestCount",)), window())
    problem = collected.problems[query().series_id]
    assert isinstance(problem, NoDatapoints)
    assert problem.exit_code == 3
    assert "RequestCount" in problem.next_step
    assert collected.observations == {}
    assert archive.known(query(), window()).covered == ()
    later = ever()
    run(archive, later, window())
    assert later.windows() == [(window().start, NOON)]


def test_near_names_that_cannot_be_had_do_not_hide_the_refusal(archive):
    """Row 8 where listing metrics is forbidden: still no datapoints."""
    source = RecordingSource(near_error=Failed("no ListMetrics", why="denied", next_step="allow it"))
    assert isinstance(run(archive, source, window()).problems[query().series_id], NoDatapoints)


def test_a_series_that_falls_silent_keeps_its_history(archive):
    """An empty answer about a known series is silence: covered, and no refusal here."""
    run(archive, ever(), window())
    later = window(NOON + HOUR)
    collected = run(archive, RecordingSource(), later)
    found = collected.observations[query().series_id]
    assert same(found.points, within(Window(later.start, NOON)))
    assert found.answered == (later,)


def test_a_problem_stays_with_its_series(archive):
    """Row 6: one series is refused with the source's words, the other is collected and archived."""
    other = query(workload("other"))
    source = ever(refuses={other.series_id: refused("forbidden")})
    wanted = [Wanted(each, window(), OVERLAP) for each in (query(), other)]
    collected = observe(wanted, Access(archive, sources(source)))
    assert collected.problems == {other.series_id: source.refuses[other.series_id]}
    assert list(collected.observations) == [query().series_id]
    assert archive.known(query(), window()).covered == (window(),)
    assert archive.known(other, window()).covered == ()


def test_a_problem_is_not_answered_from_the_archive(archive):
    """A failure is never turned into data either: yesterday's points do not stand in for today's answer."""
    run(archive, ever(), window())
    source = ever(refuses={query().series_id: refused("internal error")})
    collected = run(archive, source, window(NOON + HOUR))
    assert list(collected.problems) == [query().series_id]
    assert archive.known(query(), window(NOON + HOUR)).covered == (Window(NOON + HOUR - 2 * DAY, NOON),)


def test_a_source_that_fails_as_a_whole_fails_the_run_and_leaves_the_archive(archive):
    """Exit code 1; what was archived still stands."""
    run(archive, ever(), window())
    source = ever(next_error=Failed("no credentials", why="expired", next_step="log in"))
    with pytest.raises(Failed, match="no credentials"):
        run(archive, source, window(NOON + HOUR))
    assert same(archive.read(query(), window()), within(window()))


def test_offline_asks_nobody(archive):
    """The archive answers; what it lacks is said, not made up."""
    run(archive, ever(), window())
    source = ever()
    collected = run(archive, source, window(NOON + HOUR), offline=True)
    found = collected.observations[query().series_id]
    assert source.asked == []
    assert found.answered == (Window(NOON + HOUR - 2 * DAY, NOON),)
    assert found.notes == ("not archived, and not asked for while offline: 2026-11-21T12:00Z to 2026-11-21T13:00Z",)


def test_offline_without_an_archive_is_refused(archive):
    """Exit code 3 and how to mend it; it is not called a metric without datapoints."""
    problem = run(archive, ever(), window(), offline=True).problems[query().series_id]
    assert isinstance(problem, HistoryRefused)
    assert "--offline" in problem.next_step


def file_query() -> MetricQuery:
    """A series in a file."""
    return query(workload(load={"file": {"path": "load.csv", "statistic": "Sum"}}))


@pytest.mark.parametrize("offline", [False, True])
def test_a_file_is_read_whole_and_never_archived(archive, tmp_path, offline):
    """Files are their own archive, and are there offline too."""
    source = RecordingSource(store={file_query().series_id: EVER}, archived=False)
    for _ in range(2):
        wanted = [Wanted(file_query(), window(), OVERLAP)]
        collected = observe(wanted, Access(archive, sources(RecordingSource(), source), offline))
        assert same(collected.observations[file_query().series_id].points, within(window()))
    assert source.windows() == [(window().start, NOON)] * 2
    assert list(tmp_path.iterdir()) == []


def test_points_beyond_the_window_are_left_out_and_mentioned(archive):
    """Row 10: a source that gives the incomplete bucket as well changes nothing but a note."""

    class Generous(RecordingSource):
        def fetch(self, requests):
            wide = [replace(each, window=Window(each.window.start, each.window.end + HOUR)) for each in requests]
            return super().fetch(wide)

    for archived in (True, False):
        source = Generous(store={query().series_id: EVER}, archived=archived)
        found = run(archive, source, window()).observations[query().series_id]
        assert same(found.points, within(window()))
        assert found.notes == ("12 points of the bucket that is not complete yet left out",)
    assert archive.known(query(), window(NOON + HOUR)).covered == (Window(NOON + HOUR - 2 * DAY, NOON),)


def test_a_series_that_two_workloads_need_is_asked_once(archive):
    """The hull of both windows; each finds its own in it."""
    source = ever()
    wanted = [Wanted(query(), window(days=1), OVERLAP), Wanted(query(), window(days=3), HOUR)]
    collected = observe(wanted, Access(archive, sources(source)))
    assert source.windows() == [(NOON - 3 * DAY, NOON)]
    assert len(collected.observations) == 1


def test_the_builder_answers_the_whole_past():
    """The stand-in used elsewhere claims an answer for all the time that tests look at."""
    assert known(EVER).answered[0].start < NOON - 60 * DAY


@dataclass
class ChunkedSource(RecordingSource):
    """Answers two series at a time, and remembers how much of the archive stood before each part.

    Attributes:
        fails_after: raise after so many parts.
        watched: the archive that is looked at.
    """

    fails_after: int = 1_000
    watched: ParquetArchive | None = None
    stood: list[int] = field(default_factory=list)

    def fetch_chunks(self, requests):
        """Parts of two series."""
        keys = list(dict.fromkeys(request.query.series_id for request in requests))
        for number, first in enumerate(range(0, len(keys), 2)):
            if self.watched is not None:
                queries = {request.query.series_id: request.query for request in requests}
                self.stood.append(sum(bool(self.watched.known(q, window()).covered) for q in queries.values()))
            if number == self.fails_after:
                raise Failed("throttled", why="for ever", next_step="later")
            mine = [request for request in requests if request.query.series_id in keys[first : first + 2]]
            yield replace(self.fetch(mine), metrics_requested=len(mine))


def fleet(count: int) -> tuple[list[Wanted], dict[str, Points]]:
    """Many series, and their points."""
    queries = [query(workload(f"w{number}")) for number in range(count)]
    return [Wanted(each, window(), OVERLAP) for each in queries], {each.series_id: EVER for each in queries}


def test_each_part_is_archived_before_the_next_is_asked(archive):
    """Memory holds one part; progress is told after each, and what the source bills is added up."""
    wanted, store = fleet(5)
    source = ChunkedSource(store=store, watched=archive)
    told: list[Progress] = []
    collected = collect(wanted, Access(archive, sources(source), progress=told.append))
    assert source.stood == [0, 2, 4]
    assert told == [Progress(0, 5, 0), Progress(2, 5, 1152), Progress(4, 5, 2304), Progress(5, 5, 2880)]
    assert counted(collected.counts) == (5, 5, 2880, 2880)
    assert collected.counts.metrics_requested == 5
    assert collected.counts.bytes_written > 0
    assert same(collected.observe(wanted[3].query).points, within(window()))


def test_a_source_that_stops_half_way_leaves_what_it_had_answered(archive):
    """Row 4: exit code 1, and the next run asks only for the rest."""
    wanted, store = fleet(5)
    with pytest.raises(Failed, match="throttled"):
        collect(wanted, Access(archive, sources(ChunkedSource(store=store, fails_after=2))))
    again = ChunkedSource(store=store)
    collect(wanted, Access(archive, sources(again)))
    assert [request.query.workload for request in again.asked] == ["w4"]


def test_of_a_series_that_failed_the_complete_part_is_archived(archive):
    """Row 4 within a series: refused in this run, and not asked again for what was answered."""
    answered = Window(window().start, NOON - DAY)

    class Throttled(RecordingSource):
        def fetch(self, requests):
            self.asked += requests
            key = query().series_id
            return FetchResult({}, {key: refused("throttled")}, 3, 3, {key: Kept((answered,), within(answered))})

    collected = run(archive, Throttled(), window())
    assert list(collected.problems) == [query().series_id]
    assert archive.known(query(), window()).covered == (answered,)
    later = ever()
    assert same(run(archive, later, window()).observations[query().series_id].points, within(window()))
    assert later.windows() == [(answered.end - OVERLAP, NOON)]


def test_since_reaches_back_further_than_the_window(archive):
    """It is archived for later, and this run sees its window as before."""
    source = ever()
    found = run(archive, source, window(), since=NOON - 30 * DAY)
    assert source.windows() == [(NOON - 30 * DAY, NOON)]
    assert same(found.observations[query().series_id].points, within(window()))
    assert same(archive.read(query(), window(days=30)), within(window(days=30)))
    again = ever()
    run(archive, again, window(days=30))
    assert again.asked == []


def test_a_locked_store_is_not_asked_for(archive, tmp_path):
    """Row 31: refused before any call is paid for; what needs no fetching needs no lock."""
    run(archive, ever(), window())
    store = FolderStore(tmp_path)

    def clock():
        return NOON

    def lock():
        return locked(store, Holder("second", "second run"), clock)

    with locked(store, Holder("first", "first run"), clock):
        source = ever()
        access = Access(archive, sources(source), lock=lock)
        assert collect([Wanted(query(), window(), OVERLAP)], access).counts.calls == 0
        with pytest.raises(StoreLocked, match="first run"):
            collect([Wanted(query(), window(NOON + HOUR), OVERLAP)], access)
        assert source.asked == []
    collect([Wanted(query(), window(NOON + HOUR), OVERLAP)], access)
    assert len(source.asked) == 1


def test_a_lost_lock_ends_the_run_before_it_writes(archive):
    """Row 31: who lost the lock while the source answered writes nothing."""

    class Lost:
        def keep(self):
            raise StoreLocked("lost", why="expired", next_step="again")

    with pytest.raises(StoreLocked, match="lost"):
        collect(
            [Wanted(query(), window(), OVERLAP)],
            Access(archive, sources(ever()), lock=lambda: nullcontext(Lost())),
        )
    assert archive.known(query(), window()).covered == ()


def test_offline_damage_is_refused_and_left_alone(archive, tmp_path):
    """Row 48 where nobody may be asked: exit code 3, and the file stays for a run that can fetch it again."""
    run(archive, ever(), window())
    (damaged,) = (tmp_path / "history" / query().series_id).glob("*.parquet")
    damaged.write_bytes(b"damaged")
    problem = run(archive, ever(), window(), offline=True).problems[query().series_id]
    assert isinstance(problem, ArchiveDamaged)
    assert problem.exit_code == 3
    assert damaged.read_bytes() == b"damaged"
    mended = run(archive, ever(), window()).observations[query().series_id]
    assert same(mended.points, within(window()))
    assert any("set aside" in note for note in mended.notes)


def test_a_damaged_manifest_is_fetched_again(archive, tmp_path):
    """Row 48: the folder is set aside, and the whole window is asked once."""
    run(archive, ever(), window())
    (tmp_path / "history" / query().series_id / "manifest.json").write_bytes(b"{")
    source = ever()
    found = run(archive, source, window()).observations[query().series_id]
    assert source.windows() == [(window().start, NOON)]
    assert same(found.points, within(window()))
    assert len(list((tmp_path / "history").glob("*.corrupt"))) == 1
