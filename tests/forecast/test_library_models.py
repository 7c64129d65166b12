"""Exponential smoothing and Prophet, as they are used."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scaler.forecast.ets import Ets
from scaler.forecast.prophet_model import ProphetModel
from tests.forecast.series import DAY, MONDAY, STEP, business_hours, seasonal

MODELS = [pytest.param(Ets(), id="ets"), pytest.param(ProphetModel(), id="prophet", marks=pytest.mark.slow)]
AHEAD = 2 * DAY
NEW_YORK = partial(datetime, tzinfo=ZoneInfo("America/New_York"))


def _predict(model, values, *, start=MONDAY, zone="UTC", horizon=AHEAD, step_seconds=STEP):
    return model.predict(
        values[None, :],
        start_epoch=int(start.timestamp()),
        step_seconds=step_seconds,
        horizon_steps=horizon,
        timezones=(zone,),
    )[0]


@pytest.mark.parametrize("model", MODELS)
def test_a_clear_season_is_found(model):
    """The mean error is near that of the noise, which nobody can predict; last week's value is 1.4 times it."""
    values = seasonal(30, noise=20)
    predicted = _predict(model, values[: 28 * DAY])
    assert np.abs(predicted - values[28 * DAY :]).mean() < 1.25 * 20 * np.sqrt(2 / np.pi)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cutoff", [NEW_YORK(2026, 11, 1), NEW_YORK(2026, 3, 8)], ids=["autumn", "spring"])
def test_office_hours_keep_their_local_hour(model, cutoff):
    """The Monday after the clocks change has its hump at the local hour, not an hour beside it."""
    zone = "America/New_York"
    start = datetime.fromtimestamp(cutoff.timestamp() - 28 * 86_400, UTC)
    truth = business_hours(start, 30 * DAY + 8, zone)
    predicted = _predict(model, truth[: 28 * DAY], start=start, zone=zone, horizon=AHEAD + 8)
    monday = slice(28 * DAY + DAY, 30 * DAY)
    shifts = range(-8, 9)
    likeness = [np.corrcoef(predicted[DAY : 2 * DAY], np.roll(truth, shift)[monday])[0, 1] for shift in shifts]
    # In UTC the hump would be four quarter-hours away.
    assert abs(shifts[int(np.argmax(likeness))]) <= 1
    assert max(likeness) > 0.9


@pytest.mark.parametrize("model", MODELS)
def test_two_fits_are_the_same_to_the_last_bit(model):
    """Same history, same bytes."""
    values = seasonal(15)
    assert _predict(model, values).tobytes() == _predict(model, values).tobytes()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("level", [0.0, 1e-6, 7.0, 1e9])
def test_a_constant_series_stays_what_it_is(model, level):
    """Zero, tiny or huge: a constant is predicted as itself."""
    predicted = _predict(model, np.full(4 * DAY, level))
    assert np.allclose(predicted, level, rtol=1e-3)


@pytest.mark.parametrize("step_seconds", [300, 1_800, 3_600, 7_200])
def test_smoothing_takes_any_step(step_seconds):
    """Finer and coarser steps than an hour give a prediction of the season, at the same height."""
    day = 86_400 // step_seconds
    values = 300 + 100 * np.sin(2 * np.pi * np.arange(16 * day) / day)
    predicted = _predict(Ets(), values[: 14 * day], horizon=2 * day, step_seconds=step_seconds)
    assert np.abs(predicted - values[14 * day :]).mean() < 10


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_logged_or_printed(model, caplog, capfd):
    """Libraries keep quiet: standard output belongs to the result."""
    with caplog.at_level(logging.WARNING):
        _predict(model, seasonal(5))
    assert caplog.records == []
    assert capfd.readouterr().out == ""


def test_a_fit_is_quick():
    """Four weeks of quarter-hours are smoothed in well under the second and a half that is allowed."""
    values = seasonal(28)
    _predict(Ets(), values)  # imports
    began = time.process_time()
    _predict(Ets(), values)
    assert time.process_time() - began < 1.5


@pytest.mark.slow
def test_a_prophet_fit_is_quick():
    """Four weeks of quarter-hours take Prophet, with Stan's program, less than a second of this process."""
    values = seasonal(28)
    _predict(ProphetModel(), values)
    began = time.process_time()
    _predict(ProphetModel(), values)
    assert time.process_time() - began < 1.0
