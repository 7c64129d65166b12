"""The library models: each predicts a season, is calibrated like the others, and is missed in plain words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec

import numpy as np
import pytest

from scaler.forecast.events import Event
from scaler.forecast.extras import ModelUnavailable, imported
from scaler.forecast.factory import LIBRARY, make_forecaster
from scaler.forecast.knowledge import Knowledge
from scaler.forecast.lightgbm_model import LightGbm
from scaler.forecast.mstl_arima import MstlArima
from scaler.forecast.pretrained import Pretrained
from scaler.forecast.prophet_model import ProphetModel
from scaler.forecast.sarimax import Sarimax
from scaler.forecast.stl_ets import StlEts
from scaler.history.interface import Panel

HOUR = 3_600
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
QUANTILES = (0.1, 0.5, 0.9, 0.99)
START = int(MONDAY.timestamp())


def _needs(package: str):
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is an extra that is not installed here")


MODELS = [
    StlEts(),
    Sarimax(),
    pytest.param(MstlArima(), marks=_needs("statsforecast")),
    pytest.param(LightGbm(), marks=_needs("lightgbm")),
]


def _demand(hours: int, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    step = np.arange(hours)
    wave = 300 + 120 * np.sin(2 * np.pi * step / 24) - 80 * (step // 24 % 7 >= 5)
    return wave + 8 * rng.standard_normal(hours)


def _predict(model, values, horizon=48, step_seconds=HOUR):
    return model.predict(
        values[None, :], start_epoch=START, step_seconds=step_seconds, horizon_steps=horizon, timezones=("UTC",)
    )[0]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_a_challenger_continues_day_and_week(model):
    """Two days ahead from four weeks, over a Friday and a Saturday: near the truth, the same twice."""
    values = _demand(28 * 24 + 48 - 72)
    known, truth = values[:-48], values[-48:]
    made = _predict(model, known)
    assert np.abs(made - truth).mean() < 25
    assert np.array_equal(_predict(model, known), made)


@pytest.mark.parametrize("model", [StlEts(), Sarimax()], ids=lambda m: m.name)
@pytest.mark.parametrize("step_seconds", [900, 86_400])
def test_a_challenger_takes_finer_and_coarser_steps(model, step_seconds):
    """Quarter-hours and days: finite, at the level of demand."""
    per_day = 86_400 // step_seconds
    values = 300 + 50 * np.sin(2 * np.pi * np.arange(28 * per_day) / max(per_day, 7))
    if per_day == 1 and model.name == "sarimax":
        values = values + np.random.default_rng(0).standard_normal(values.size)
    made = _predict(model, values, horizon=2 * per_day, step_seconds=step_seconds)
    assert made.shape == (2 * per_day,)
    assert np.isfinite(made).all()
    assert abs(made.mean() - 300) < 80


@pytest.mark.parametrize("model", [StlEts(), Sarimax(), ProphetModel()], ids=lambda m: m.name)
def test_nothing_is_forecast_from_nothing(model):
    """All-zero demand: zeros, not an error of a decomposition."""
    assert np.allclose(_predict(model, np.zeros(14 * 24)), 0.0, atol=1e-6)


def test_every_challenger_gets_the_quantiles_of_the_shared_calibration():
    """A named model's 0.9 covers about nine tenths of what follows, though the library's own would not."""
    values = np.stack([_demand(28 * 24 + 48, seed=seed) for seed in range(3)])
    panel = Panel(("a", "b", "c"), MONDAY, HOUR, np.ascontiguousarray(values[:, :-48]))
    made = make_forecaster(max_workers=2).forecast(
        panel, horizon_steps=48, quantiles=QUANTILES, timezones=("UTC",) * 3, models=("stl_ets", "sarimax", "prophet")
    )
    assert [choice.model for choice in made.choices] == ["stl_ets", "sarimax", "prophet"]
    assert all(choice.reason.endswith("named by the configuration") for choice in made.choices)
    below = (values[:, -48:, None] <= made.values).mean(axis=(0, 1))
    assert 0.8 <= below[2] <= 1
    assert below[3] >= 0.95


def test_prophet_is_told_of_holidays_and_learns_each_by_itself():
    """Half the demand on three holidays: the fourth is forecast at about half, other days are not."""
    values = _demand(28 * 24)
    days = {(MONDAY + timedelta(days=offset)).date(): "Founders Day" for offset in (8, 15, 22, 29)}
    for offset in (8, 15, 22):
        values[offset * 24 : (offset + 1) * 24] *= 0.5
    told = _predict(ProphetModel().informed(Knowledge(holidays=days)), values)
    untold = _predict(ProphetModel(), values)
    assert told[24:].mean() < 0.72 * told[:24].mean()
    assert untold[24:].mean() > 0.6 * untold[:24].mean()
    assert list(days)[3] == date(2026, 10, 6)


def test_prophet_learns_a_regressor_and_keeps_below_a_cap():
    """An event whose effect was seen twice is forecast with it; a steep trend levels off towards the cap."""
    values = _demand(28 * 24)
    starts = []
    for first in (200, 450):
        values[first : first + 12] += 400
        starts.append(START + first * HOUR)
    event = Event("mailing", (*starts, START + (values.size + 6) * HOUR), 12 * HOUR)
    model = ProphetModel().informed(Knowledge(events=(event,)))
    made = _predict(model, values)
    assert made[6:18].mean() - made[30:42].mean() > 250
    growing = np.linspace(100, 950, 28 * 24) + 5 * np.random.default_rng(0).standard_normal(28 * 24)
    capped = _predict(ProphetModel(cap=1_000.0), growing, horizon=14 * 24)
    assert capped.max() < 1_060
    assert _predict(ProphetModel(), growing, horizon=14 * 24).max() > 1_200


def test_holidays_reach_a_named_prophet_and_are_not_applied_twice():
    """Named prophet fits the holiday itself: the reason carries no second effect of it."""
    values = _demand(28 * 24)
    holiday = {(MONDAY + timedelta(days=28)).date(): "Founders Day"}
    panel = Panel(("a",), MONDAY, HOUR, values[None].copy())
    ask = {"horizon_steps": 24, "quantiles": QUANTILES, "timezones": ("UTC",)}
    known = {"a": Knowledge(holidays=holiday)}
    prophet = make_forecaster(knowledge=known, max_workers=1).forecast(panel, models=("prophet",), **ask)
    engine = make_forecaster(knowledge=known, max_workers=1).forecast(panel, models=("auto",), **ask)
    assert prophet.choices[0].model == "prophet"
    assert "as a Sunday" not in prophet.choices[0].reason
    assert "holiday Founders Day as a Sunday" in engine.choices[0].reason


def test_a_missing_package_is_named_with_its_extra():
    """What to install, and not an ImportError."""
    with pytest.raises(ModelUnavailable, match=r"install scaler\[some\]") as refused:
        imported("a_library_that_is_not_installed.models", extra="some")
    assert refused.value.exit_code == 3


def test_a_pretrained_model_is_a_folder_of_the_user(tmp_path):
    """No folder named, none there, or no package: each is said, and nothing is downloaded."""
    with pytest.raises(ModelUnavailable, match="no folder of a pretrained model is named"):
        _predict(Pretrained(), _demand(100))
    with pytest.raises(ModelUnavailable, match="there is no pretrained model in"):
        _predict(Pretrained().informed(Knowledge(pretrained=str(tmp_path))), _demand(100))
    (tmp_path / "config.json").write_text("{}")
    if find_spec("chronos") is None:
        with pytest.raises(ModelUnavailable, match=r"install scaler\[pretrained\]"):
            _predict(Pretrained(str(tmp_path)), _demand(100))


def test_every_model_of_the_library_has_the_name_it_is_listed_under():
    """What a configuration may name is what there is."""
    from typing import get_args

    from scaler.config.forecasting import ChallengerName, ModelName

    assert set(LIBRARY) == set(get_args(ChallengerName))
    assert set(get_args(ModelName)) == {*LIBRARY, "auto", "panel", "seasonal_naive"}
    assert all(model.name == name for name, model in LIBRARY.items())
