"""The weekly profile: recurring actions in wall time that cover the week, whatever the clock does."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.config.cron import parse_cron
from scaler.plan import profile
from scaler.plan.profile import ProfileRules, compile_circle, compile_profile
from scaler.plan.recurring import clock_changes, forbidden, second_of_week, slot_name
from scaler.plan.step_down import least_after

NOW = datetime(2026, 11, 16, 5, tzinfo=UTC)
STEP = 900
SLOTS = 604_800 // STEP
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Sydney",
    "America/Santiago",  # changes at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Cairo",  # on Fridays
    "Africa/Casablanca",  # around Ramadan
    "Antarctica/Troll",  # by two hours
    "Asia/Kathmandu",  # 5:45 from UTC, never changes
    "UTC",
)
SMALL = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def week_of(seed):
    """Nights and days, and something that changes in the hours in which clocks change."""
    random = np.random.default_rng(seed)
    hours = np.arange(SLOTS) * STEP / 3600
    units = 20 + 15 * np.sin((hours - 9) * np.pi / 12) + random.integers(0, 6, SLOTS)
    units[random.integers(0, SLOTS, 40)] += 12
    for sunday in (144, 96, 120):  # 01:00 to 04:00 of Sundays, Fridays, Saturdays
        units[(sunday + 1) * 4 : (sunday + 4) * 4] = random.integers(1, 40, 12)
    return units.astype(np.int64)


def local_slot(moment, zone):
    wall = moment.astimezone(zone)
    return (wall.weekday() * 86_400 + wall.hour * 3600 + wall.minute * 60 + wall.second) // STEP


def runs_of(slots, zone, start, end, *, doubled, skipped):
    """When a scheduler runs the slots: at the first, second or both passes of an hour; in a gap, after it or never."""
    found = []
    day = start.astimezone(zone).date() - timedelta(days=1)
    while day <= end.astimezone(zone).date():
        for slot in slots:
            seconds = second_of_week(slot)
            if seconds // 86_400 != day.weekday():
                continue
            wall = datetime.combine(day, time(seconds % 86_400 // 3600, seconds % 3600 // 60))
            first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
            exists = first.astimezone(zone).replace(tzinfo=None) == wall
            if not exists:
                found += [(max(first, second), slot.min_size)] if skipped == "after" else []
            else:
                passes = {"first": [first], "second": [second], "both": sorted({first, second})}[doubled]
                found += [(moment, slot.min_size) for moment in passes]
        day += timedelta(days=1)
    return sorted(found)


def shortfalls(slots, units, zone, start, end, **scheduler):
    """Steps in which the minimum in force is below what the local slot needs."""
    runs = runs_of(slots, zone, start - timedelta(days=8), end, **scheduler)
    short, moment, index, level = [], start, 0, 0
    while moment < end:
        while index < len(runs) and runs[index][0] <= moment:
            level = runs[index][1]
            index += 1
        if level < units[local_slot(moment, zone)]:
            short.append(moment)
        moment += timedelta(minutes=15)
    return short


def compiled(units, zone, most=40):
    rules = ProfileRules(most, 1, 1.0, 100)
    return compile_profile(units, units, zone=zone, step_seconds=STEP, as_of=NOW, rules=rules)


SCHEDULERS = [
    {"doubled": doubled, "skipped": skipped}
    for doubled, skipped in (("first", "never"), ("second", "after"), ("both", "never"))
]


@pytest.mark.parametrize("zone", ZONES)
def test_the_floor_covers_the_week_across_every_clock_change(zone):
    """In UTC terms, around each change of three years and in a week between, for any scheduler's habits."""
    units, place = week_of(1), ZoneInfo(zone)
    slots = compiled(units, zone)
    moments = [datetime.fromtimestamp(moment, UTC) for moment, _, _ in clock_changes(zone, NOW)]
    spans = [(moment - timedelta(days=1), moment + timedelta(days=1)) for moment in moments]
    spans.append((NOW, NOW + timedelta(days=7)))
    for (start, end), scheduler in itertools.product(spans, SCHEDULERS):
        assert shortfalls(slots, units, place, start, end, **scheduler) == []


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Sydney"])
def test_without_the_care_for_clock_changes_it_would_not(monkeypatch, zone):
    """The same week, compiled as if clocks never changed, leaves demand uncovered: the test above can fail."""
    monkeypatch.setattr(profile, "forbidden", lambda _zone, _step, _now: np.zeros(SLOTS, dtype=bool))
    units = week_of(1)
    slots = compiled(units, zone, most=300)
    short = [
        shortfalls(slots, units, ZoneInfo(zone), moment - timedelta(days=1), moment + timedelta(days=1), **scheduler)
        for epoch, _, _ in clock_changes(zone, NOW)
        for moment in [datetime.fromtimestamp(epoch, UTC)]
        for scheduler in SCHEDULERS
    ]
    assert any(short)


def test_hours_that_a_clock_change_skips_or_repeats_begin_no_level():
    """New York: Sundays 02:00 to 03:00 are skipped, 01:00 to 02:00 repeated; 03:00 is itself again."""
    marks = forbidden("America/New_York", STEP, NOW)
    assert [slot_name(int(slot) * STEP) for slot in np.flatnonzero(marks)] == [
        f"scaler-sun-{hour:02d}{minute:02d}" for hour in (1, 2) for minute in (0, 15, 30, 45)
    ]
    assert not forbidden("Asia/Kathmandu", STEP, NOW).any()
    half = forbidden("Australia/Lord_Howe", STEP, NOW)
    assert np.flatnonzero(half).tolist() == [(144 + 1) * 4 + 2, (144 + 1) * 4 + 3, (144 + 2) * 4, (144 + 2) * 4 + 1]


def test_names_and_cron_expressions_say_the_same_time():
    """Stable, readable, and cron as crontab has it: Sunday is 0."""
    slots = compiled(week_of(2), "Europe/Berlin")
    assert len({slot.name for slot in slots}) == len(slots) <= 40
    assert list(slots) == sorted(slots, key=second_of_week)
    for slot in slots:
        cron = parse_cron(slot.recurrence)
        day, clock = slot.name.removeprefix("scaler-").split("-")
        assert ("sun", "mon", "tue", "wed", "thu", "fri", "sat")[next(iter(cron.weekdays))] == day
        assert f"{cron.hours[0]:02d}{cron.minutes[0]:02d}" == clock


@given(st.lists(st.integers(0, 30), min_size=1, max_size=7), st.integers(1, 4), st.integers(1, 3))
@SMALL
def test_no_profile_of_so_many_slots_has_less_surplus(sizes, most, dwell):
    """Against every way to cut a small circle, with a least time of each level that goes round as well."""
    units = np.array(sizes, dtype=np.int64)
    count = len(units)
    levels = compile_circle(units, np.ones(count, dtype=bool), ProfileRules(most, dwell, 1.0, 99))
    assert len(levels) <= most
    floor = np.zeros(count, dtype=np.int64)
    for level in levels:
        floor[np.arange(level.first, level.end) % count] = level.units
    assert (floor >= units).all()

    def cost(cuts):
        ends = [*cuts[1:], cuts[0] + count]
        if len(cuts) > 1 and any(end - first < dwell for first, end in zip(cuts, ends, strict=True)):
            return None
        return sum(
            (end - first) * max(units[i % count] for i in range(first, end))
            for first, end in zip(cuts, ends, strict=True)
        )

    costs = [cost(cuts) for number in range(1, most + 1) for cuts in itertools.combinations(range(count), number)]
    assert floor.sum() == min(each for each in costs if each is not None)


@given(st.integers(0, 50), st.integers(3, 60), st.floats(0.1, 0.9))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_week_goes_down_gently_all_round(seed, most, share):
    """From one level to the next, Sunday's last to Monday's first included, no step down is beyond the bound."""
    units = week_of(seed)[::4].copy()
    levels = compile_circle(units, np.ones(units.size, dtype=bool), ProfileRules(most, 1, share, 99))
    for earlier, level in itertools.pairwise([levels[-1], *levels]):
        assert level.units >= least_after(earlier.units, share)


def test_a_week_in_which_no_level_may_begin_is_one_level():
    """Nothing to choose: the highest, from Monday on."""
    (level,) = compile_circle(np.array([3, 5, 4]), np.zeros(3, dtype=bool), ProfileRules(9, 1, 1.0, 99))
    assert (level.first, level.end, level.units) == (0, 3, 5)
