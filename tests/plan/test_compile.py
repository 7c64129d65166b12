"""The schedule compiler: covers from above, at most N levels, at the least surplus."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaler.plan import descent, partition
from scaler.plan.compile import compile_levels
from scaler.plan.step_down import least_after

REQUIREMENTS = st.lists(st.integers(0, 9), min_size=1, max_size=9).map(lambda u: np.array(u, dtype=np.int64))
LARGE = st.lists(st.integers(0, 40), min_size=1, max_size=10).map(lambda u: np.array(u, dtype=np.int64))
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def as_steps(levels, steps):
    """The schedule as one size per step."""
    sizes = np.full(steps, -1, dtype=np.int64)
    for level in levels:
        assert (sizes[level.first : level.end] == -1).all(), "levels overlap"
        sizes[level.first : level.end] = level.units
    return sizes


def covers(units, max_levels, *, dwell=1, before=None, share=1.0, may_begin=None):
    """Every cover in at most ``max_levels`` parts: each as low as its steps and the level before it let it be."""
    steps = len(units)
    for cuts in range(min(max_levels, steps)):
        for inner in itertools.combinations(range(1, steps), cuts):
            bounds = [0, *inner, steps]
            if any(b - a < dwell for a, b in itertools.pairwise(bounds[:-1])):
                continue
            if may_begin is not None and not all(may_begin[i] for i in inner):
                continue
            level, cover = before, []
            for a, b in itertools.pairwise(bounds):
                least = max(units[a:b])
                level = least if level is None else max(least, least_after(level, share))
                cover.append((a, b, level))
            yield cover


def least_surplus(units, max_levels, **rules):
    """By trying every cover."""
    return min(sum(level * (b - a) for a, b, level in cover) for cover in covers(list(units), max_levels, **rules))


@given(REQUIREMENTS, st.integers(1, 6))
@MANY
def test_no_schedule_of_so_many_levels_has_less_surplus(units, max_levels):
    """Against brute force on small cases the compiled schedule is optimal."""
    sizes = as_steps(compile_levels(units, max_levels), len(units))
    assert sizes.sum() == least_surplus(units, max_levels)


@given(LARGE, st.integers(1, 6), st.integers(1, 5))
@MANY
def test_no_schedule_of_levels_that_last_has_less_surplus(units, max_levels, dwell):
    """The least time of a level is part of the optimum; the last level alone may go on beyond the schedule."""
    levels = compile_levels(units, max_levels, dwell=dwell)
    sizes = as_steps(levels, len(units))
    assert (sizes >= units).all()
    assert len(levels) <= max_levels
    assert all(level.end - level.first >= dwell for level in levels[:-1])
    assert sizes.sum() == least_surplus(units, max_levels, dwell=dwell)


@given(LARGE, st.integers(1, 6), st.integers(1, 3), st.integers(0, 60), st.floats(0.05, 1.0))
@MANY
def test_no_schedule_that_goes_down_gently_has_less_surplus(units, max_levels, dwell, before, share):
    """So is the bound on each step down, from what the group has before the first level on."""
    levels = compile_levels(units, max_levels, dwell=dwell, before=before, max_step_down=share)
    sizes = as_steps(levels, len(units))
    assert (sizes >= units).all()
    assert len(levels) <= max_levels
    for earlier, level in itertools.pairwise([before, *(level.units for level in levels)]):
        assert level >= least_after(earlier, share)
    assert sizes.sum() == least_surplus(units, max_levels, dwell=dwell, before=before, share=share)


@given(st.data(), LARGE, st.integers(1, 6), st.integers(1, 3))
@MANY
def test_levels_begin_only_where_they_may(data, units, max_levels, dwell):
    """And cost no more than that takes."""
    may_begin = np.array(data.draw(st.lists(st.booleans(), min_size=len(units), max_size=len(units))))
    levels = compile_levels(units, max_levels, dwell=dwell, may_begin=may_begin)
    assert all(may_begin[level.first] for level in levels[1:])
    sizes = as_steps(levels, len(units))
    assert sizes.sum() == least_surplus(units, max_levels, dwell=dwell, may_begin=may_begin)


@given(REQUIREMENTS, st.integers(1, 6))
@MANY
def test_the_schedule_never_falls_below_the_requirement(units, max_levels):
    """Every step is covered, in at most the levels allowed, and neighbours differ."""
    levels = compile_levels(units, max_levels)
    assert (as_steps(levels, len(units)) >= units).all()
    assert len(levels) <= max_levels
    assert all(a.units != b.units for a, b in itertools.pairwise(levels))


def plain(units, max_levels):
    """The same optimum by the textbook: for every number of levels and every end, every beginning."""
    steps = len(units)
    cost = [[max(units[a:b]) * (b - a) for b in range(a + 1, steps + 1)] for a in range(steps)]
    best = [cost[0][b] for b in range(steps)]
    for _ in range(max_levels - 1):
        best = [min([best[b], *(best[a - 1] + cost[a][b - a] for a in range(1, b + 1))]) for b in range(steps)]
    return best[-1]


@pytest.mark.parametrize(("steps", "most"), [(70, 52), (70, 12), (40, 2), (33, 32)])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_longer_schedule_is_optimal_too(steps, most, seed):
    """Where the search is narrowed, it finds what the textbook finds without narrowing."""
    random = np.random.default_rng(seed)
    wave = 30 + 20 * np.sin(np.arange(steps) / 5) + random.integers(0, 12, steps)
    units = wave.astype(np.int64)
    assert as_steps(compile_levels(units, most), steps).sum() == plain(units.tolist(), most)


@pytest.mark.parametrize("most", [3, 8, 20])
def test_narrowing_the_search_changes_nothing(monkeypatch, most):
    """From groups of one atom on, or from all of them: the same surplus, with a least time as without."""
    units = np.random.default_rng(3).integers(0, 50, 60)
    for dwell in (1, 3):
        found = []
        for first in (1, 12, 1000):
            monkeypatch.setattr(partition, "_FIRST_WIDTH", first)
            found.append(as_steps(compile_levels(units, most, dwell=dwell), 60).sum())
        assert len(set(found)) == 1


def test_too_many_ways_down_end_with_a_cover_that_keeps_the_rules(monkeypatch):
    """The search for the best way down has an end; what is known by then covers, and goes down gently."""
    monkeypatch.setattr(descent, "MOST_LABELS", 1)
    units = np.array([90, 20, 55, 3, 70, 2, 2, 40, 1, 1, 1, 1], dtype=np.int64)
    levels = compile_levels(units, 5, before=90, max_step_down=0.3)
    assert (as_steps(levels, 12) >= units).all()
    for earlier, level in itertools.pairwise([90, *(level.units for level in levels)]):
        assert level >= least_after(earlier, 0.3)


def test_two_days_of_changes_every_quarter_of_an_hour_fit_into_the_limit():
    """192 different steps compile to at most 125 levels, and cost little more than the requirement."""
    hours = np.arange(192) / 4
    units = np.ceil(40 + 30 * np.sin(hours * np.pi / 12) + np.arange(192) % 3).astype(np.int64)
    levels = compile_levels(units, 125)
    sizes = as_steps(levels, 192)
    assert len(levels) <= 125
    assert (sizes >= units).all()
    assert sizes.sum() / units.sum() < 1.02


def test_a_flat_requirement_is_one_level():
    """Nothing changes, so nothing is scheduled beyond the first level."""
    assert [level.units for level in compile_levels(np.full(192, 7), 125)] == [7]


@pytest.mark.parametrize(("units", "levels"), [(np.array([], dtype=np.int64), 3), (np.array([1]), 0)])
def test_an_empty_schedule_is_refused(units, levels):
    """A caller's mistake is an error, not an empty plan."""
    with pytest.raises(ValueError, match="at least one"):
        compile_levels(units, levels)
