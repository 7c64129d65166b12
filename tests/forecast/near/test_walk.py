"""The near forecaster: quantiles that hold, from the past alone, whatever is missing."""

from __future__ import annotations

import numpy as np
import pytest

from scaler.forecast.near.grid import Near, Series, last_known
from scaler.forecast.near.regression import daily_ridge
from scaler.forecast.near.spread import UNKNOWN_SCORE, score_quantiles
from scaler.forecast.near.walk import walk

DAY = 288
LEVELS = (0.5, 0.9, 0.97)
FIVE_MINUTES = Near(step_seconds=300, window=1, every=1, horizon=3)


def demand(days, *, seed=0, noise=0.1):
    """Steps of five minutes with a day, a slow drift and noise that comes with the level."""
    steps = np.arange(days * DAY)
    rng = np.random.default_rng(seed)
    drift = np.exp(np.cumsum(rng.normal(0.0, 0.004, steps.size)))
    return drift * (12 + 8 * np.sin(steps / DAY * 2 * np.pi)) * np.exp(noise * rng.standard_normal(steps.size))


def shares_covered(values, made, near, *, first):
    """Share of known windows at or below each quantile, per window; decisions before ``first`` left out."""
    shares = np.empty(made.values.shape[:2])
    for window in range(near.windows):
        at = made.decisions + near.window * window
        length = near.length(window)
        inside = (made.decisions >= first) & (at + length <= values.size)
        truth = np.array([values[t : t + length].max() for t in at[inside]])
        shares[:, window] = (truth <= made.values[:, window, inside]).mean(axis=1)
    return shares


@pytest.mark.parametrize("near", [FIVE_MINUTES, Near(300, 3, 3, 14, delay=1)], ids=["steps", "windows"])
def test_quantiles_cover_what_they_say(near):
    """Out of sample, on demand that drifts, each quantile covers its share at every distance."""
    values = demand(30)
    shares = shares_covered(values, walk(values, near, LEVELS), near, first=15 * DAY)
    off = np.abs(shares - np.array(LEVELS)[:, None]).max(axis=1)
    assert (off < [0.08, 0.04, 0.02]).all()  # a drift of two weeks is few independent errors at the middle


@pytest.mark.parametrize("cutoff", [10 * DAY, 10 * DAY + 77])
def test_nothing_after_a_decision_moves_it(cutoff):
    """Replace everything from a step on: decisions up to it and the delay stay as they were."""
    near = Near(300, 2, 1, 7, delay=2)
    values = demand(12)
    poisoned = values.copy()
    poisoned[cutoff:] = 1e6
    settled = cutoff + near.delay + 1
    true, other = (walk(each, near, LEVELS).values[:, :, :settled] for each in (values, poisoned))
    np.testing.assert_array_equal(true, other)


def test_it_beats_the_last_value_where_there_is_a_season():
    """A ramp that comes each day is known ahead of time."""
    values = demand(20, noise=0.02)
    near = Near(300, 1, 1, 12)
    made = walk(values, near, (0.5,))
    at = np.arange(15 * DAY, values.size - 12)
    ours = np.abs(values[at + 11] - made.values[0, 11, at]).mean()
    last = np.abs(values[at + 11] - values[at - 1]).mean()
    assert ours < 0.6 * last


def test_quantiles_do_not_cross_and_are_not_negative():
    """Also where demand is mostly nothing."""
    rng = np.random.default_rng(3)
    values = rng.poisson(0.2, 10 * DAY).astype(float)
    made = walk(values, FIVE_MINUTES, LEVELS).values
    assert (made >= 0).all()
    assert (np.diff(made, axis=0) >= 0).all()


def test_missing_steps_are_neither_zero_nor_an_error():
    """A day without measurements leaves the forecast where demand was, not at nothing."""
    values = demand(15)
    with_gap = values.copy()
    with_gap[10 * DAY : 11 * DAY] = np.nan
    made = walk(with_gap, FIVE_MINUTES, (0.5,)).values[0, 0]
    assert np.isfinite(made).all()
    at = slice(11 * DAY + 24, 12 * DAY)
    assert 0.9 < (made[at] / values[at]).mean() < 1.1


def test_the_newest_decision_is_at_the_end():
    """The step after the last observation is forecast: that is what a product asks for."""
    values = demand(5)
    made = walk(values, FIVE_MINUTES, LEVELS)
    assert made.decisions[-1] == values.size
    assert made.values.shape == (3, 3, values.size + 1)


def test_the_last_window_may_be_shorter():
    """A horizon that windows do not divide is covered to its end and no further."""
    near = Near(60, 5, 5, 12)
    assert (near.windows, near.length(1), near.length(2)) == (3, 5, 2)


def test_the_ridge_of_a_day_knows_the_days_before_alone():
    """Changing a day's target moves the coefficients of later days, not its own; days without any have none."""
    rng = np.random.default_rng(0)
    x = np.concatenate((np.ones((400, 1)), rng.standard_normal((400, 2))), axis=1)
    y = x @ np.array([1.0, 2.0, -1.0])
    days = np.repeat(np.arange(4), 100)
    made = daily_ridge(x, y, days, 4)
    assert (made[0] == 0).all()
    np.testing.assert_allclose(made[3], [1.0, 2.0, -1.0], atol=0.02)
    other = daily_ridge(x, np.where(days == 2, -y, y), days, 4)
    np.testing.assert_array_equal(made[:3], other[:3])
    assert not np.allclose(made[3], other[3])


def test_scores_are_quantiles_of_the_days_before():
    """A day with too few scores behind it gets a wide guess; later ones the quantile of what was."""
    days = np.repeat(np.arange(5), 200)
    scores = np.tile(np.linspace(-1, 1, 200), 5)
    made = score_quantiles(scores, days, np.ones(days.size, bool), np.array([0.5, 0.9]))
    assert (made[0] == UNKNOWN_SCORE).all()
    np.testing.assert_allclose(made[4], [0.0, 0.8], atol=0.02)


def test_means_and_maxima_leave_out_what_is_unknown():
    """Running sums are those of the known steps, and of none where there is none."""
    series = Series.of(np.array([1.0, np.nan, 3.0, np.nan, np.nan, 6.0]))
    np.testing.assert_array_equal(series.mean(np.array([0, 3, -5]), np.array([3, 5, 1])), [2.0, np.nan, 1.0])
    np.testing.assert_array_equal(series.highest(2), [1.0, 3.0, 3.0, np.nan, 6.0, 6.0])
    np.testing.assert_array_equal(last_known(series.values, 9.0), [1.0, 1.0, 3.0, 3.0, 3.0, 6.0])
