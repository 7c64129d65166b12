"""Quantiles: wide where little is known, never crossing, never negative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scaler.forecast.backtest import Backtest, PredictionTask, Series, choose_origins, predict_task
from scaler.forecast.calibrate import (
    Residuals,
    local_scale,
    ordered,
    quantiles_around,
    score_quantile,
    short_history_quantiles,
)
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.seasons import wall_clock
from tests.forecast.series import DAY, QUANTILES, STEP, seasonal

SANE = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False, width=32)


@given(
    centre=arrays(float, 12, elements=SANE),
    scale=arrays(float, 12, elements=st.floats(0, 1e6, width=32)),
    values=arrays(float, (3, 8), elements=SANE | st.just(np.nan)),
    origin_scale=arrays(float, (3, 8), elements=st.floats(0, 1e6, width=32)),
)
def test_any_residuals_give_finite_ordered_quantiles(centre, scale, values, origin_scale):
    """Finite, non-negative and non-decreasing, however odd the residuals and scales, zeros included."""
    values[0, 0] = 1.0
    made = quantiles_around(centre, scale, Residuals(values, origin_scale), QUANTILES, 3_600)
    assert made.shape == (12, len(QUANTILES))
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert (np.diff(made, axis=1) >= 0).all()
    # A small scale at one origin does not turn an ordinary residual into a huge one.
    largest = np.nanmax(np.abs(values))
    assert made.max() <= np.abs(centre).max() + 1_000 * largest + 1e-9


@given(factor=st.sampled_from([1e-6, 0.25, 3.0, 1e7]), seed=st.integers(0, 50))
def test_quantiles_scale_with_demand(factor, seed):
    """In other units the same quantiles come out, in those units."""
    rng = np.random.default_rng(seed)
    centre, scale = 100 + 50 * rng.random(20), 1 + rng.random(20)
    residuals = Residuals(5 * rng.standard_normal((4, 20)), 1 + rng.random((4, 20)))
    made = quantiles_around(centre, scale, residuals, QUANTILES, 3_600)
    bigger = Residuals(factor * residuals.values, factor * residuals.scale)
    other = quantiles_around(factor * centre, factor * scale, bigger, QUANTILES, 3_600)
    assert np.allclose(other, factor * made, rtol=1e-9)


def test_few_scores_give_a_wide_high_quantile():
    """Ten scores cannot show a 0.99: it lies well beyond the largest of them."""
    scores = np.random.default_rng(1).standard_normal(10)
    assert score_quantile(scores, 0.99, 10) > 1.2 * scores.max()
    assert score_quantile(scores, 0.01, 10) < 1.2 * scores.min()


def test_fewer_independent_scores_are_never_narrower():
    """The less is known, the wider."""
    scores = np.random.default_rng(2).standard_normal(400)
    for q in (0.9, 0.95, 0.99):
        widths = [score_quantile(scores, q, count) for count in (400, 100, 25, 5, 1)]
        assert widths == sorted(widths)


def test_many_scores_find_the_quantile():
    """With thousands of scores the quantiles are near the true ones: wide is not the same as safe."""
    scores = np.random.default_rng(3).standard_normal(20_000)
    for q, true in ((0.5, 0.0), (0.9, 1.2816), (0.95, 1.6449), (0.99, 2.3263)):
        assert score_quantile(scores, q, scores.size) == pytest.approx(true, abs=0.08)
        assert score_quantile(scores, q, scores.size) >= true - 0.05


@pytest.mark.parametrize(("draw", "least"), [("normal", 0.985), ("exponential", 0.982), ("lognormal", 0.974)])
def test_a_high_quantile_holds_for_the_next_score(draw, least):
    """Over many samples of forty, the next score lies under the 0.99 about 99 times in 100.

    The largest of forty would hold 97.6 times; under a tail heavier than exponential little more is known.
    """
    rng = np.random.default_rng(4)
    sample = {"normal": rng.standard_normal, "exponential": rng.standard_exponential}.get(
        draw, lambda size: rng.lognormal(size=size)
    )
    held = [float(sample(1)[0]) <= score_quantile(sample(40), 0.99, 40) for _ in range(3_000)]
    assert least <= np.mean(held) <= 0.9999


def test_beyond_the_backtest_the_spread_grows():
    """Steps further ahead than any residual are not given the certainty of nearer ones."""
    residuals = Residuals(np.random.default_rng(5).standard_normal((4, 24)), np.ones((4, 24)))
    made = quantiles_around(np.full(96, 50.0), np.ones(96), residuals, (0.5, 0.95), 3_600)
    width = made[:, 1] - made[:, 0]
    assert width[95] == pytest.approx(2 * width[23], rel=0.01)


def test_no_residual_at_all_is_an_error():
    """Nothing to calibrate on is said, not guessed."""
    nothing = Residuals(np.full((2, 4), np.nan), np.ones((2, 4)))
    with pytest.raises(ValueError, match="no residual"):
        quantiles_around(np.ones(4), np.ones(4), nothing, QUANTILES, 3_600)


def test_the_local_scale_knows_quiet_nights():
    """Where demand varies by day and not by night, the scale says so, and scales with demand."""
    rng = np.random.default_rng(6)
    slot = np.arange(28 * DAY) % DAY
    values = 100 + np.where(slot < DAY // 2, 1.0, 30.0) * rng.standard_normal(slot.size)
    clock = wall_clock(0, STEP, 29 * DAY, "UTC")
    scale = local_scale(values, clock, STEP, DAY)
    assert scale[70] > 2 * scale[20]
    assert np.allclose(local_scale(8 * values, clock, STEP, DAY), 8 * scale)
    assert (local_scale(np.full(values.size, 5.0), clock, STEP, DAY) > 0).all()
    assert (local_scale(np.zeros(values.size), clock, STEP, DAY) == 0).all()


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=20))
def test_short_history_is_wide_and_finite(observed):
    """One observation is enough for finite quantiles, and these reach well above the level."""
    seen = np.asarray(observed)
    made = short_history_quantiles(np.full(50, seen[-1]), seen, QUANTILES)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert (made[:, -1] >= seen[-1] + 0.5 * seen.mean() * 0.999).all()


def test_crossing_quantiles_are_ordered():
    """A quantile below the one before it is raised to it; nothing is below 0."""
    assert ordered(np.array([[-2.0, -1.0, 3.0, 2.0]])).tolist() == [[0.0, 0.0, 3.0, 3.0]]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["independent", "proportional", "drifting", "bursts"])
def test_coverage_is_nominal_over_many_series(kind):
    """Over forty series of four weeks, held-out demand lies under each quantile about as often as it says."""
    below = []
    for seed in range(40):
        values = _noisy(kind, seed)
        series = Series(values[: 28 * DAY], 1_788_739_200, STEP, "UTC")
        origins = choose_origins(28 * DAY, 2 * DAY, STEP, 4)
        predictions = predict_task(PredictionTask(SeasonalNaive(), series, origins, 2 * DAY))
        made = Backtest.of(series, origins, 2 * DAY).quantiles_at_cutoff(predictions, QUANTILES)
        below.append((values[28 * DAY :, None] <= made).mean(axis=0))
    coverage = dict(zip(QUANTILES, np.mean(below, axis=0), strict=True))
    assert 0.02 <= coverage[0.05] <= 0.10
    assert 0.40 <= coverage[0.5] <= 0.62
    assert 0.86 <= coverage[0.9] <= 0.94
    assert 0.93 <= coverage[0.95] <= 0.985
    assert 0.98 <= coverage[0.99] <= 0.9999


def _noisy(kind, seed):
    rng = np.random.default_rng(seed)
    base = seasonal(30, noise=0)
    if kind == "independent":
        noise = 25 * rng.standard_normal(base.size)
    elif kind == "proportional":
        noise = 0.12 * base * rng.standard_normal(base.size)
    elif kind == "drifting":
        shocks = rng.standard_normal(base.size)
        noise = np.zeros(base.size)
        for step in range(1, base.size):
            noise[step] = 0.95 * noise[step - 1] + 8 * shocks[step]
    else:
        noise = 20 * rng.standard_normal(base.size)
        for step in np.flatnonzero(rng.random(base.size) < 0.005):
            noise[step : step + 4] += rng.exponential(200)
    return np.maximum(base + noise, 0)
