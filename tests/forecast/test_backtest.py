"""The backtest is honest: nothing after an origin is seen at it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.forecast.backtest import (
    Backtest,
    Origins,
    PredictionTask,
    Series,
    choose_origins,
    pinball,
    predict_task,
    significant,
)
from scaler.forecast.ets import Ets
from scaler.forecast.prophet_model import ProphetModel
from scaler.forecast.seasonal_naive import SeasonalNaive
from tests.forecast.challengers import Explodes, NotFinite, Spy
from tests.forecast.series import DAY, QUANTILES, STEP, seasonal

START = 1_788_739_200


@given(
    history=st.integers(1, 6_000),
    horizon=st.integers(1, 1_000),
    step_seconds=st.sampled_from([300, 900, 3_600]),
    count=st.integers(2, 8),
)
def test_origins_end_at_the_cutoff(history, horizon, step_seconds, count):
    """The last origin's horizon ends at the cutoff; all have two days and half of history before them."""
    origins = choose_origins(history, horizon, step_seconds, count)
    assert 1 <= origins.horizon_steps <= horizon
    assert len(origins.steps) <= count
    assert list(origins.steps) == sorted(set(origins.steps))
    if origins.steps:
        assert origins.steps[-1] + origins.horizon_steps == history
        assert origins.steps[0] >= max(2 * 86_400 // step_seconds, history // 2)


def test_four_weeks_give_four_origins_two_days_apart():
    """The usual case: 48 h ahead from 28 days."""
    assert choose_origins(28 * DAY, 2 * DAY, STEP, 4) == Origins((20 * DAY, 22 * DAY, 24 * DAY, 26 * DAY), 2 * DAY)


@pytest.mark.parametrize(
    "model", [SeasonalNaive(), Ets(), Spy(), pytest.param(ProphetModel(), marks=pytest.mark.slow)], ids=lambda m: m.name
)
def test_what_comes_after_an_origin_changes_nothing_at_it(model):
    """Poison: with 1e9 after an origin, its prediction and scale are the same bytes, gaps included."""
    values = seasonal(16)
    values[300:310] = np.nan
    origins = Origins((10 * DAY, 12 * DAY, 14 * DAY), 2 * DAY)
    for number, origin in enumerate(origins.steps):
        poisoned = values.copy()
        poisoned[origin:] = 1e9
        predictions, scales = [], []
        for version in (values, poisoned):
            series = Series(version, START, STEP, "America/New_York")
            predictions.append(predict_task(PredictionTask(model, series, origins, DAY)).at_origins[number])
            scales.append(Backtest.of(series, origins, DAY).scale[number])
        assert predictions[0].tobytes() == predictions[1].tobytes()
        assert scales[0].tobytes() == scales[1].tobytes()


def test_the_score_of_an_origin_does_not_see_its_own_errors():
    """One bad origin is not excused by having been calibrated on: coverage falls and the loss rises with it."""
    values = seasonal(28, noise=5)
    calm = _score(values)
    values[26 * DAY :] += 200
    shocked = _score(values)
    assert shocked.pinball > 5 * calm.pinball
    assert shocked.coverage[0.99] < 0.8
    assert calm.coverage[0.99] > 0.97


def test_missing_steps_are_not_truth():
    """Gaps in the held-out part are left out of the score, whatever stands in for them."""
    values = seasonal(28)
    values[27 * DAY : 27 * DAY + 20] = np.nan
    series = Series(values, START, STEP, "UTC")
    origins = choose_origins(values.size, 2 * DAY, STEP, 4)
    backtest = Backtest.of(series, origins, 2 * DAY)
    assert np.isnan(backtest.truth[-1]).sum() == 20
    predictions = predict_task(PredictionTask(SeasonalNaive(), series, origins, 2 * DAY))
    nonsense = predictions.at_origins.copy()
    nonsense[np.isnan(backtest.truth)] = 1e12
    changed = type(predictions)(nonsense, predictions.at_cutoff)
    # The nonsense never meets a truth, so neither score nor calibration can notice it.
    assert backtest.score("m", changed, QUANTILES) == backtest.score("m", predictions, QUANTILES)
    assert np.array_equal(
        backtest.quantiles_at_cutoff(changed, QUANTILES), backtest.quantiles_at_cutoff(predictions, QUANTILES)
    )


def test_nothing_held_out_is_not_a_score_of_zero():
    """Where every held-out step is missing the score is unknown, and says why."""
    values = seasonal(28)
    values[20 * DAY :] = np.nan
    score = _score(values)
    assert score.pinball is None
    assert score.failure == "no held-out observation to score it on"


def test_unusable_predictions_are_errors():
    """Not a number is a failure of the model, and a run-away is cut near the range of history."""
    series = Series(seasonal(10), START, STEP, "UTC")
    with pytest.raises(ValueError, match="not finite"):
        predict_task(PredictionTask(NotFinite(), series, Origins((), 1), DAY))
    at_cutoff = predict_task(PredictionTask(Explodes(), series, Origins((), 1), DAY)).at_cutoff
    assert at_cutoff.max() <= 1.5 * series.values.max()


def test_pinball_is_the_textbook_loss():
    """Half the absolute error at the median; under-forecasts weigh by q, over-forecasts by 1 − q."""
    loss = pinball(np.array([[10.0], [10.0]]), np.array([[4.0, 4.0], [20.0, 20.0]]), (0.5, 0.9))
    assert np.allclose(loss, [[3.0, 5.4], [5.0, 1.0]])


@given(st.floats(-1e300, 1e300))
def test_rounding_keeps_ten_digits(value):
    """Rounded once or twice, the same; and never far."""
    assert significant(significant(value)) == significant(value)
    assert significant(value) == pytest.approx(value, rel=1e-9, abs=1e-300)


def _score(values):
    series = Series(values, START, STEP, "UTC")
    origins = choose_origins(values.size, 2 * DAY, STEP, 4)
    predictions = predict_task(PredictionTask(SeasonalNaive(), series, origins, 2 * DAY))
    return Backtest.of(series, origins, 2 * DAY).score("seasonal_naive", predictions, QUANTILES)
