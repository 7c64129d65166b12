"""The forecaster: which model forecasts which workload, and that some forecast always stands."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.forecast.choice import choose
from scaler.forecast.factory import make_forecaster
from scaler.forecast.interface import CandidateScore, ForecastRefused
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.select import BacktestedForecaster
from tests.forecast.challengers import DailyMean, Dies, Hangs, Line, Missing, NotFinite, Raises
from tests.forecast.series import DAY, MONDAY, QUANTILES, STEP, panel, seasonal

AHEAD = 2 * DAY
BASELINE_ONLY = BacktestedForecaster(SeasonalNaive(), ())


def _forecast(forecaster, history, *, models="auto", horizon=AHEAD, zone="UTC", quantiles=QUANTILES):
    rows = len(history.names)
    return forecaster.forecast(
        history,
        horizon_steps=horizon,
        quantiles=quantiles,
        timezones=(zone,) * rows,
        models=(models,) * rows if isinstance(models, str) else models,
    )


def _sane(forecast, steps=AHEAD, quantiles=QUANTILES):
    assert forecast.values.shape == (len(forecast.names), steps, len(quantiles))
    assert np.isfinite(forecast.values).all()
    assert (forecast.values >= 0).all()
    assert (np.diff(forecast.values, axis=2) >= 0).all()
    assert not forecast.values.flags.writeable
    return forecast


@st.composite
def _histories(draw):
    rng = np.random.default_rng(draw(st.integers(0, 1_000)))
    steps, magnitude = draw(st.integers(1, 24 * 20)), draw(st.sampled_from([0.0, 1e-9, 1.0, 1e9]))
    values = magnitude * rng.pareto(2.0, steps)
    values[rng.random(steps) < draw(st.sampled_from([0.0, 0.1, 0.6, 0.97]))] = np.nan
    values[rng.integers(steps)] = magnitude
    return values


@settings(max_examples=40, deadline=None)
@given(
    values=_histories(),
    horizon=st.integers(1, 200),
    zone=st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]),
)
def test_any_history_gives_finite_ordered_quantiles(values, horizon, zone):
    """Finite, non-negative, non-decreasing, whatever the length, gaps, level or zone."""
    made = _forecast(BASELINE_ONLY, panel(values, step_seconds=3_600), horizon=horizon, zone=zone)
    _sane(made, horizon)


def test_the_forecast_begins_at_the_cutoff():
    """What the panel's grid says is what the forecast's grid says."""
    made = _sane(_forecast(BASELINE_ONLY, panel(seasonal(20))))
    assert made.cutoff == MONDAY + timedelta(days=20)
    assert (made.step_seconds, made.quantiles, made.names) == (STEP, QUANTILES, ("workload-0",))


def test_the_order_of_workloads_means_nothing_and_an_idle_one_disturbs_nobody():
    """Permuted workloads get the same rows; a workload of zeros beside them changes no byte."""
    rows = [seasonal(20, seed=seed) for seed in range(3)]
    made = _forecast(BASELINE_ONLY, panel(*rows))
    turned = _forecast(BASELINE_ONLY, panel(rows[2], np.zeros(20 * DAY), rows[0], rows[1]))
    assert np.array_equal(turned.values[[2, 3, 0]], made.values)
    assert tuple(turned.choices[index] for index in (2, 3, 0)) == made.choices
    assert (turned.values[1] == 0).all()


@pytest.mark.parametrize("factor", [1e-3, 2.0, 1e6])
def test_demand_in_other_units_gives_the_forecast_in_these_units(factor):
    """Scaling the series scales its quantiles."""
    values = seasonal(20)
    made = _forecast(BASELINE_ONLY, panel(values, values[: 20 * DAY])).values
    scaled = _forecast(BASELINE_ONLY, panel(factor * values)).values
    assert np.allclose(scaled[0], factor * made[0], rtol=1e-8)


@pytest.mark.parametrize("level", [0.0, 42.0])
@pytest.mark.parametrize("days", [1, 3, 28])
def test_a_constant_series_has_a_finite_forecast(level, days):
    """Nothing ever happened: no division by it, and the level is kept."""
    made = _sane(_forecast(BASELINE_ONLY, panel(np.full(days * DAY, level))))
    assert (made.values[0, :, 1] == level).all()


def test_short_history_is_the_baseline_and_wider():
    """Below two days: degraded, said so, no score claimed, and wider than with four weeks of the same."""
    values = seasonal(28)
    short = _sane(_forecast(BASELINE_ONLY, panel(values[-36 * 4 :])))
    (choice,) = short.choices
    assert choice.degraded
    assert choice.model == "seasonal_naive"
    assert choice.reason == "seasonal naive with wider quantiles: history is shorter than two days"
    assert (choice.scores, choice.origins) == ((), 0)
    full = _forecast(BASELINE_ONLY, panel(values))
    assert not full.choices[0].degraded
    width = [(made.values[0, :, -1] - made.values[0, :, 1]).mean() for made in (short, full)]
    assert width[0] > 1.5 * width[1]


def test_a_workload_that_started_late_is_as_young_as_it_is():
    """Leading gaps are no history: a day of data in a four-week panel is short history."""
    values = np.full(28 * DAY, np.nan)
    values[-DAY:] = seasonal(1)
    made = _sane(_forecast(BASELINE_ONLY, panel(values, seasonal(28))))
    assert [choice.degraded for choice in made.choices] == [True, False]
    assert np.array_equal(made.values[0], _forecast(BASELINE_ONLY, panel(values[-DAY:])).values[0])


def test_without_an_observation_there_is_no_forecast():
    """All missing is refused by name; it is never demand 0."""
    with pytest.raises(ForecastRefused, match="idle: no forecast") as refused:
        _forecast(BASELINE_ONLY, panel(seasonal(5), np.full(5 * DAY, np.nan), names=("busy", "idle")))
    assert refused.value.exit_code == 3
    assert "480 steps" in refused.value.why


def test_an_unknown_model_is_refused():
    """A model nobody has is named, with those there are."""
    with pytest.raises(ForecastRefused, match="there is no model 'crystal_ball'") as refused:
        _forecast(BASELINE_ONLY, panel(seasonal(5)), models="crystal_ball")
    assert refused.value.why == "the models are auto, seasonal_naive"


@pytest.mark.parametrize("quantiles", [(0.9, 0.5), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0)])
def test_quantiles_must_ascend_within_bounds(quantiles):
    """A wrong question is an error of the caller."""
    with pytest.raises(ValueError, match="ascending"):
        _forecast(BASELINE_ONLY, panel(seasonal(5)), quantiles=quantiles)


def test_each_workload_gets_the_model_that_suits_it():
    """A line for growth, the mean of the days for a noisy daily wave, last week for a weekly one."""
    rng = np.random.default_rng(0)
    step = np.arange(28 * DAY)
    growth = 100 + 0.2 * step + 5 * rng.standard_normal(step.size)
    daily = 300 + 100 * np.sin(2 * np.pi * step / DAY) + 30 * rng.standard_normal(step.size)
    weekly = 300 + 150 * (step // DAY % 7 >= 5) + 100 * np.sin(2 * np.pi * step / DAY) + rng.standard_normal(step.size)
    forecaster = BacktestedForecaster(SeasonalNaive(), (DailyMean(), Line()), max_workers=2)
    made = _sane(_forecast(forecaster, panel(growth, daily, weekly)))
    assert [choice.model for choice in made.choices] == ["line", "daily_mean", "seasonal_naive"]
    for choice in made.choices:
        losses = [score.pinball for score in choice.scores]
        assert losses == sorted(losses)
        assert choice.origins == 4
        assert not choice.degraded
    line, _, naive = made.choices
    assert line.reason.startswith("line: pinball ")
    assert line.reason.endswith(" for seasonal naive over 4 origins")
    assert naive.reason.startswith("seasonal naive: pinball ")
    assert "for daily mean" in naive.reason
    assert "for line" in naive.reason


def test_a_challenger_that_only_draws_level_is_refused():
    """To replace the baseline a model must be better, not as good."""
    scores = (CandidateScore("seasonal_naive", 15.8), CandidateScore("ets", 15.8), CandidateScore("prophet", 16.1))
    choice = choose(scores, "auto", 4)
    assert choice.model == "seasonal_naive"
    assert choice.reason == "seasonal naive: pinball 15.8 against 15.8 for ets, 16.1 for prophet over 4 origins"
    better = choose((scores[0], CandidateScore("ets", 12.3)), "auto", 4)
    assert better.reason == "ets: pinball 12.3 against 15.8 for seasonal naive over 4 origins"


def test_a_named_model_is_used_even_if_it_loses():
    """The configuration has the last word, and the plan shows what it cost."""
    forecaster = BacktestedForecaster(SeasonalNaive(), (DailyMean(), Line()), max_workers=1)
    values = seasonal(20, noise=1)
    made = _forecast(forecaster, panel(values, values, values), models=("line", "seasonal_naive", "auto"))
    assert [choice.model for choice in made.choices] == ["line", "seasonal_naive", "seasonal_naive"]
    assert made.choices[0].reason.endswith("over 4 origins, named by the configuration")
    assert made.choices[0].scores[-1].model == "line"
    assert [score.model for score in made.choices[1].scores] == ["seasonal_naive"]
    assert not any(choice.degraded for choice in made.choices)


def test_a_named_model_without_enough_history_falls_back():
    """Three days are too few for exponential smoothing to be backtested: the baseline, degraded, and why."""
    made = _sane(_forecast(make_forecaster(), panel(seasonal(3)), models="ets"))
    (choice,) = made.choices
    assert (choice.model, choice.degraded) == ("seasonal_naive", True)
    assert "ets" in choice.reason
    assert "history is too short" in choice.reason


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (Raises(), "RuntimeError: the optimiser gave up"),
        (Missing(), "ModuleNotFoundError: No module named 'a_library_that_is_not_installed'"),
        (Hangs(), "took longer than 3 s"),
        (Dies(), "its process ended without an answer (exit code 9)"),
        (NotFinite(), "ValueError: the prediction is not finite, or not of the length asked for"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("named", [True, False], ids=["named", "auto"])
def test_a_model_that_fails_leaves_the_baseline(model, why, named):
    """Raising, missing, hanging, dying or nonsense: a forecast stands, the same as without the model, and says why."""
    values = seasonal(10)
    forecaster = BacktestedForecaster(SeasonalNaive(), (model,), limit_seconds=3, max_workers=1)
    made = _sane(_forecast(forecaster, panel(values), models=model.name if named else "auto"))
    (choice,) = made.choices
    assert (choice.model, choice.degraded) == ("seasonal_naive", True)
    assert choice.reason.endswith(f"{model.name.replace('_', ' ')} dropped: {why}")
    assert choice.scores[-1] == CandidateScore(model.name, None, failure=why)
    assert np.array_equal(made.values, _forecast(BASELINE_ONLY, panel(values)).values)


def test_a_model_that_fails_does_not_spoil_the_others():
    """The best of what works is used; that the choice was incomplete is said."""
    forecaster = BacktestedForecaster(SeasonalNaive(), (Raises(), DailyMean()), max_workers=2)
    (choice,) = _forecast(forecaster, panel(seasonal(20) + 50)).choices
    assert choice.model in ("daily_mean", "seasonal_naive")
    assert choice.degraded
    assert "raises dropped: RuntimeError" in choice.reason


def test_the_number_of_workers_changes_no_byte():
    """One worker or three: the same forecast and the same reasons."""
    history = panel(*[seasonal(20, seed=seed) for seed in range(3)])
    made = [
        _forecast(BacktestedForecaster(SeasonalNaive(), (DailyMean(), Line()), max_workers=workers), history)
        for workers in (1, 3)
    ]
    assert made[0].values.tobytes() == made[1].values.tobytes()
    assert made[0].choices == made[1].choices


@pytest.mark.slow
def test_the_forecaster_of_the_commands_is_reproducible():
    """Gaps, a trend and a change of clocks: the same bytes twice, on one worker and on several."""
    rows = [seasonal(20, seed=1, noise=30), seasonal(20, seed=2, trend=15.0)]
    rows[0][700:720] = np.nan
    history = panel(*rows)
    made = [
        _sane(_forecast(make_forecaster(max_workers=workers), history, zone="America/New_York")) for workers in (1, 4)
    ]
    assert made[0].values.tobytes() == made[1].values.tobytes()
    assert made[0].choices == made[1].choices
    for choice in made[0].choices:
        assert choice.model == "panel"
        assert all(score.failure is None for score in choice.scores)
        assert choice.model != "seasonal_naive"  # noise of 20 to 30 on one week ago loses to any mean
