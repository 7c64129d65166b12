"""The schedule compiler: covers from above, at most N levels, at the least surplus."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.plan.compile import compile_levels

REQUIREMENTS = st.lists(st.integers(0, 9), min_size=1, max_size=9).map(lambda u: np.array(u, dtype=np.int64))


def as_steps(levels, steps):
    """The schedule as one size per step."""
    sizes = np.full(steps, -1, dtype=np.int64)
    for level in levels:
        assert (sizes[level.first : level.end] == -1).all(), "levels overlap"
        sizes[level.first : level.end] = level.units
    return sizes


def least_surplus(units, max_levels):
    """By trying every way to cut the steps into at most ``max_levels`` parts."""
    steps = len(units)
    best = None
    for cuts in range(min(max_levels, steps)):
        for inner in itertools.combinations(range(1, steps), cuts):
            bounds = [0, *inner, steps]
            cost = sum(max(units[a:b]) * (b - a) for a, b in itertools.pairwise(bounds))
            best = cost if best is None else min(best, cost)
    return best


@given(REQUIREMENTS, st.integers(1, 6))
def test_no_schedule_of_so_many_levels_has_less_surplus(units, max_levels):
    """Against brute force on small cases the compiled schedule is optimal."""
    sizes = as_steps(compile_levels(units, max_levels), len(units))
    assert sizes.sum() == least_surplus(list(units), max_levels)


@given(REQUIREMENTS, st.integers(1, 6))
def test_the_schedule_never_falls_below_the_requirement(units, max_levels):
    """Every step is covered, in at most the levels allowed, and neighbours differ."""
    levels = compile_levels(units, max_levels)
    assert (as_steps(levels, len(units)) >= units).all()
    assert len(levels) <= max_levels
    assert all(a.units != b.units for a, b in itertools.pairwise(levels)) or len(levels) == max_levels


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
