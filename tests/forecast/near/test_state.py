"""A fit of once a day and its updates are the walk, decision by decision."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.forecast.near.grid import Near
from scaler.forecast.near.state import NearRefused, NearState, fit, update
from scaler.forecast.near.walk import walk

LEVELS = (0.5, 0.9, 0.97)
GRIDS = {
    "1 min, rolling": Near(60, 5, 5, 13, delay=1),
    "1 min, hourly": Near(60, 15, 15, 68, delay=1),
    "5 min, rolling": Near(300, 1, 1, 3),
    "5 min, hourly": Near(300, 3, 3, 14, delay=2),
    "15 min": Near(900, 1, 1, 5),
}


def demand(days: int, near: Near, *, seed: int, kind: str) -> np.ndarray:
    """A wave, a bursty one, or mostly nothing; some steps are missing, and half a day of them."""
    rng = np.random.default_rng(seed)
    steps = np.arange(days * near.day)
    wave = 12 + 8 * np.sin(steps / near.day * 2 * np.pi)
    values = wave * np.exp(0.1 * rng.standard_normal(steps.size))
    if kind == "bursts":
        values = values * np.where(rng.random(steps.size) < 0.01, rng.pareto(2.0, steps.size) + 1, 1.0)
    if kind == "sparse":
        values = rng.poisson(0.2, steps.size).astype(float)
    values[rng.random(steps.size) < 0.02] = np.nan
    gap = int(rng.integers(0, steps.size - near.day // 2))
    values[gap : gap + near.day // 2] = np.nan
    return values


@pytest.mark.parametrize("near", GRIDS.values(), ids=GRIDS)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_an_update_is_what_the_walk_gives_at_the_same_decision(near, data):
    """Whatever the demand, the days before the fit, and how much of the day has passed since it."""
    kind = data.draw(st.sampled_from(["wave", "bursts", "sparse"]))
    days, part = data.draw(st.integers(8, 12)), data.draw(st.integers(0, near.day // near.every - 1)) * near.every
    values = demand(days + 1 + (part > 0), near, seed=data.draw(st.integers(0, 999)), kind=kind)
    first = int(np.flatnonzero(np.isfinite(values))[0])
    end = first + part + (days - 1) * near.day
    made = walk(values[first:], near, LEVELS, phase=(end - first) % near.day)
    state = fit(values[:end], near, LEVELS)
    per_day = near.day // near.every
    decided = {0, 1, per_day // 2, per_day - 1, data.draw(st.integers(0, per_day - 1))}
    for number in sorted(decided):
        at = end + number * near.every
        if at > values.size:
            continue
        row = int(np.flatnonzero(made.decisions == at - first)[0])
        found = update(state, values[:at], passed=number * near.every)
        np.testing.assert_allclose(found, made.values[:, :, row], rtol=1e-9, atol=1e-9)


def test_nothing_older_than_four_weeks_and_some_days_is_looked_at():
    """An update from the newest weeks is that from the whole history."""
    near = GRIDS["5 min, rolling"]
    values = demand(45, near, seed=3, kind="wave")
    state = fit(values[: 44 * near.day], near, LEVELS)
    at = 44 * near.day + 100
    whole = update(state, values[:at], passed=100)
    np.testing.assert_allclose(update(state, values[at - 31 * near.day : at], passed=100), whole, rtol=1e-9)


def test_what_is_too_new_is_not_looked_at():
    """The steps within the delay may be anything, in a fit and in an update."""
    near = GRIDS["5 min, hourly"]
    values = demand(12, near, seed=5, kind="wave")
    end = 11 * near.day
    other = values.copy()
    other[end - near.delay : end] = 1e6
    states = [fit(each[:end], near, LEVELS) for each in (values, other)]
    for name, array in states[0].arrays().items():
        np.testing.assert_array_equal(array, states[1].arrays()[name])
    made = [update(states[0], each[:end], passed=0) for each in (values, other)]
    np.testing.assert_array_equal(*made)


def test_a_state_comes_back_from_a_file_as_it_was():
    """Arrays alone: written and read without pickling, it forecasts the same."""
    near = GRIDS["5 min, hourly"]
    values = demand(10, near, seed=4, kind="wave")
    state = fit(values[: 9 * near.day], near, LEVELS)
    file = io.BytesIO()
    np.savez(file, **state.arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = NearState.of_arrays(arrays)
    assert (again.near, again.levels) == (near, LEVELS)
    at = 9 * near.day + 30
    np.testing.assert_array_equal(update(again, values[:at], passed=30), update(state, values[:at], passed=30))
    assert len(file.getvalue()) < 40_000


def test_a_week_is_needed_and_a_fit_is_good_for_a_day():
    """Less history, an older fit, or a moment between two decisions is refused and not guessed at."""
    near = GRIDS["5 min, hourly"]
    values = demand(10, near, seed=6, kind="wave")
    values[0] = 1.0
    with pytest.raises(NearRefused, match="too little"):
        fit(values[: 7 * near.day - 1], near, LEVELS)
    with pytest.raises(NearRefused):
        fit(np.full(9 * near.day, np.nan), near, LEVELS)
    state = fit(values[: 8 * near.day], near, LEVELS)
    for passed in (near.day, -near.every, 1):
        with pytest.raises(NearRefused, match="anew"):
            update(state, values[: 8 * near.day + max(passed, 0)], passed=passed)
