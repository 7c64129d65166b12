"""What is flagged in a history, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.history.grid import Grid
from scaler.history.quality import inspect
from scaler.history.spans import moment

HOUR, DAY = 3_600, 86_400
NEW_YORK = "America/New_York"


def grid_of(days: int, step: int = 300, start: datetime = datetime(2026, 10, 12, tzinfo=UTC)) -> Grid:
    """Whole days from a Monday; the clocks in New York change on 1 November."""
    return Grid(int(start.timestamp()), step, days * DAY // step)


def local(grid: Grid, zone: str = NEW_YORK) -> tuple[np.ndarray, np.ndarray]:
    """Hour of the day and day of the week (Monday is 0) of each step on the wall clock."""
    times = [datetime.fromtimestamp(time, ZoneInfo(zone)) for time in grid.times().tolist()]
    return np.array([t.hour + t.minute / 60 for t in times]), np.array([t.weekday() for t in times])


def office(grid: Grid, *, noise: float = 0.1, quiet: float = 0.0, opens=8, closes=18, seed=0) -> np.ndarray:
    """Load of an office: sharp edges in the morning and evening, near nothing at night and at weekends."""
    hours, weekday = local(grid)
    busy = (hours >= opens) & (hours < closes) & (weekday < 5)
    hump = 100 + 40 * np.sin((hours - opens) / (closes - opens) * np.pi)
    random = np.random.default_rng(seed)
    return (
        np.where(busy, hump, quiet) * random.lognormal(0, noise, grid.count) if noise else np.where(busy, hump, quiet)
    )


def web(grid: Grid, seed: int = 0) -> np.ndarray:
    """Load of a web site: a hump by day, a fifth of it at night, noise throughout."""
    hours, _ = local(grid)
    random = np.random.default_rng(seed)
    return (300 + 200 * np.cos((hours - 15) / 12 * np.pi)) * random.lognormal(0, 0.08, grid.count)


def look(values: np.ndarray, grid: Grid, zone: str = NEW_YORK, pinned: np.ndarray | None = None):
    """One row inspected."""
    held = np.zeros(grid.count, bool) if pinned is None else pinned
    return inspect(values[None], grid, timezones=(zone,), pinned=held[None])[0]


def kinds(inspected, *wanted: str) -> list[tuple[str, datetime, datetime]]:
    """Kind and span of the findings of the kinds wanted."""
    return [(f.kind, f.start, f.end) for f in inspected.findings if f.kind in wanted]


def at(grid: Grid, day: int, hour: float) -> int:
    """Step of an hour, UTC, of a day of the grid."""
    return int((day * DAY + hour * HOUR) // grid.step)


def span(grid: Grid, first: int, end: int) -> tuple[datetime, datetime]:
    """Steps as times."""
    return moment(grid.start + grid.step * first), moment(grid.start + grid.step * end)


@settings(deadline=None, max_examples=40)
@given(
    days=st.integers(2, 35),
    step=st.sampled_from([300, 900, 3_600]),
    opens=st.integers(5, 11),
    length=st.integers(4, 12),
    quiet=st.sampled_from([0.0, 0.5, 3.0]),
    noise=st.sampled_from([0.0, 0.05, 0.3]),
    starts=st.integers(0, 6),
    seed=st.integers(0, 99),
)
def test_nights_and_weekends_are_never_flagged(*, days, step, opens, length, quiet, noise, starts, seed):
    """Whatever the hours, from whichever day, in a short history or across a change of the clocks: no outage, no hold.

    Nor is a flat line or a ceiling found in the quiet of the night.
    """
    grid = grid_of(days, step, datetime(2026, 10, 12 + starts, tzinfo=UTC))
    values = office(grid, noise=noise, quiet=quiet, opens=opens, closes=opens + length, seed=seed)
    inspected = look(values, grid)
    assert kinds(inspected, "outage", "capped", "flat line", "level shift") == []
    assert inspected.hold is None
    assert np.array_equal(inspected.values, values)


def test_a_public_holiday_is_no_outage():
    """An office that stays closed for a day closes and opens at its usual hours; its silence is demand."""
    grid = grid_of(28)
    values = office(grid)
    hours, _ = local(grid)
    holiday = grid.times() // DAY - grid.start // DAY == 16  # a Wednesday
    values[holiday & (hours > 5)] = 0.0
    assert kinds(look(values, grid), "outage") == []


@settings(deadline=None, max_examples=40)
@given(
    step=st.sampled_from([60, 300, 900]),
    day=st.integers(1, 26),
    hour=st.integers(0, 23),
    minutes=st.integers(60, 2_000),
    left=st.sampled_from([0.0, 0.01, 0.03]),
    seed=st.integers(0, 99),
)
def test_an_outage_is_found_wherever_it_is(*, step, day, hour, minutes, left, seed):
    """Any hour of any day, from an hour to a day and a half, with or without health checks: all of it, little more."""
    grid = grid_of(28, step)
    values = web(grid, seed)
    first = at(grid, day, hour)
    end = min(first + minutes * 60 // step, grid.count)
    values[first:end] *= left
    inspected = look(values, grid)
    assert inspected.outage[first:end].all()
    assert np.isnan(inspected.values[first:end]).all()
    assert inspected.outage.sum() == end - first
    assert kinds(inspected, "outage") == [("outage", *span(grid, first, end))]


@pytest.mark.parametrize(("hours", "flagged"), [(0.25, False), (0.5, True), (160, True), (170, False)])
def test_a_dip_is_too_short_and_a_week_too_long(hours, flagged):
    """Below half an hour it is noise; beyond a week the service has changed, and that is a level shift."""
    grid = grid_of(42)
    values = web(grid)
    first = at(grid, 20, 9)
    values[first : first + int(hours * 12)] = 0.0
    assert bool(kinds(look(values, grid), "outage")) == flagged


def test_a_load_that_often_falls_to_nothing_is_left_alone():
    """Batch work is intermittent: its silence is demand, however sudden."""
    grid = grid_of(28)
    random = np.random.default_rng(3)
    at_work = np.repeat(random.random(grid.count // 24) < 0.6, 24)
    values = np.where(at_work, 100 * random.lognormal(0, 0.2, grid.count), 0.0)
    inspected = look(values, grid)
    assert kinds(inspected, "outage") == []
    assert inspected.hold is None


def test_a_few_events_an_hour_leave_empty_hours():
    """Zeros of rare events come in runs by chance; chance is no outage."""
    grid = grid_of(28)
    values = np.random.default_rng(5).poisson(0.7, grid.count).astype(float)
    assert kinds(look(values, grid), "outage", "flat line", "capped") == []


def test_an_outage_amid_missing_points_is_one_and_what_is_missing_stays_missing():
    """A collector that loses points during an outage does not cut it in pieces."""
    grid = grid_of(28)
    values = web(grid)
    first = at(grid, 15, 10)
    values[first : first + 36] = 0.0
    values[first + 10 : first + 14] = np.nan
    inspected = look(values, grid)
    assert kinds(inspected, "outage") == [("outage", *span(grid, first, first + 36))]
    assert inspected.outage.sum() == 32
    assert kinds(inspected, "gap") == [("gap", *span(grid, first + 10, first + 14))]


@pytest.mark.parametrize(("minutes", "holds"), [(5, False), (10, True), (60, True), (1_500, True)])
def test_an_outage_in_progress_holds(minutes, holds):
    """Row 12: from ten minutes on, an outage that reaches the newest point is a reason to hold; it names its start."""
    grid = grid_of(28)
    values = web(grid)
    first = grid.count - minutes // 5
    values[first:] = 0.0
    inspected = look(values, grid)
    assert (inspected.hold is not None) == holds
    if holds:
        start = moment(grid.start + grid.step * first)
        assert f"an outage since {start:%Y-%m-%dT%H:%MZ}" in inspected.hold
    over = values.copy()
    over[-3:] = web(grid)[-3:]
    assert look(over, grid).hold is None


def test_a_ceiling_is_marked_and_keeps_its_values():
    """Two hours at the very same maximum, in a load that moves: a lower bound of demand, not demand."""
    grid = grid_of(28)
    values = web(grid)
    ceiling = 420.0
    first = at(grid, 20, 17)
    values[first : first + 24] = ceiling
    values = np.minimum(values, ceiling)
    inspected = look(values, grid)
    assert inspected.capped[first : first + 24].all()
    assert np.array_equal(inspected.values, values)
    found = [f for f in inspected.findings if f.kind == "capped"]
    assert all("stood at 420" in f.evidence for f in found)


@settings(deadline=None, max_examples=30)
@given(step=st.sampled_from([60, 300, 900, 3_600]), noise=st.sampled_from([0.0, 0.01, 0.1]), seed=st.integers(0, 99))
def test_a_crest_is_no_ceiling(step, noise, seed):
    """A smooth or noisy daily curve has a highest hour each day; nothing stood still there."""
    grid = grid_of(14, step)
    hours, _ = local(grid, "UTC")
    values = (300 + 200 * np.cos((hours - 15) / 12 * np.pi)) * np.random.default_rng(seed).lognormal(
        0, noise or 1e-9, grid.count
    )
    assert not look(values, grid, "UTC").capped.any()


def test_a_group_at_its_maximum_with_all_of_it_busy_is_capped_without_a_ceiling():
    """Half an hour is enough where it is known that there was nothing left; ten minutes are not."""
    grid = grid_of(14)
    values, pinned = web(grid), np.zeros(grid.count, bool)
    pinned[1_000:1_006] = True
    pinned[2_000:2_002] = True
    assert np.flatnonzero(look(values, grid, pinned=pinned).capped).tolist() == list(range(1_000, 1_006))


def test_a_stuck_value_is_reported_and_holds_while_it_lasts():
    """A collector that repeats its last value for hours, in a load that never did: reported; the values stay."""
    grid = grid_of(28)
    values = web(grid)
    values[4_000:4_040] = values[4_000]
    inspected = look(values, grid)
    assert kinds(inspected, "flat line") == [("flat line", *span(grid, 4_000, 4_040))]
    assert inspected.hold is None
    assert np.array_equal(inspected.values, values)
    values[-40:] = values[-40]
    assert "a flat line since" in look(values, grid).hold


def test_a_lasting_change_of_level_is_reported_once():
    """A service that doubles and stays there: one level shift on the day, nothing marked."""
    grid = grid_of(42)
    values = web(grid)
    first = at(grid, 21, 0)
    values[first:] *= 3.0
    inspected = look(values, grid)
    assert kinds(inspected, "level shift") == [("level shift", *span(grid, first, first + 1))]
    assert not (inspected.outage | inspected.capped).any()


def test_gaps_and_the_stale_end_are_told_apart():
    """A span without points is a gap with its hours; at the end it is stale; before the first point it is nothing."""
    grid = grid_of(14)
    values = web(grid)
    values[:100] = np.nan
    values[500:600] = np.nan
    values[700] = np.nan
    values[-3:] = np.nan
    inspected = look(values, grid)
    assert kinds(inspected, "gap", "stale end") == [
        ("gap", *span(grid, 500, 600)),
        ("gap", *span(grid, 700, 701)),
        ("stale end", *span(grid, grid.count - 3, grid.count)),
    ]


def test_rows_do_not_influence_each_other():
    """A panel of many gives what each row gives alone."""
    grid = grid_of(28)
    rows = [web(grid, 1), office(grid), web(grid, 2)]
    rows[0][3_000:3_050] = 0.0
    rows[2][5_000:5_100] = np.nan
    none = np.zeros((3, grid.count), bool)
    together = inspect(np.array(rows), grid, timezones=(NEW_YORK, "UTC", "Asia/Kolkata"), pinned=none)
    for row, zone, one in zip(rows, (NEW_YORK, "UTC", "Asia/Kolkata"), together, strict=True):
        alone = look(row, grid, zone)
        assert one.values.tobytes() == alone.values.tobytes()
        assert (one.findings, one.hold) == (alone.findings, alone.hold)


@pytest.mark.parametrize("values", [[], [5.0], [np.nan] * 300, [0.0] * 3_000, [7.0] * 3_000])
def test_degenerate_rows_are_no_trouble(values):
    """Nothing, one point, no point, all zero, all the same: nothing is marked."""
    grid = Grid(0, 300, len(values))
    inspected = look(np.array(values, float), grid)
    assert not (inspected.outage | inspected.capped).any()
    assert inspected.hold is None
