"""What is put around the forecaster: repairs before the fit, effects and the bound after it."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.forecast.censored import raise_capped
from scaler.forecast.contest import ContestedForecaster
from scaler.forecast.events import Event
from scaler.forecast.factory import make_forecaster
from scaler.forecast.informed import InformedForecaster
from scaler.forecast.interface import ForecastRefused, ModelChoice, QuantileForecast
from scaler.forecast.intermittent import is_intermittent, slot_quantiles
from scaler.forecast.knowledge import Knowledge
from scaler.forecast.outliers import clipped
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.forecast.seasonal_naive import SeasonalNaive
from scaler.forecast.seasons import wall_clock
from scaler.forecast.select import BacktestedForecaster
from scaler.forecast.shifts import last_shift
from scaler.history.interface import CAPPED, MISSING, OUTAGE, Panel
from tests.forecast.challengers import DailyMean, Hangs, Raises
from tests.forecast.series import MONDAY

HOUR = 3_600
QUANTILES = (0.1, 0.5, 0.9, 0.99)
DAY = 24


def _wave(days: int, *, seed: int = 0, noise: float = 8.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    step = np.arange(days * DAY)
    return np.maximum(300 + 120 * np.sin(2 * np.pi * step / DAY) + noise * rng.standard_normal(step.size), 1.0)


def _panel(*rows, names=None, marks=None) -> Panel:
    names = names or tuple(f"w{number}" for number in range(len(rows)))
    values = np.stack(rows).astype(float)
    return Panel(names, MONDAY, HOUR, values, *(() if marks is None else (np.stack(marks).astype(np.uint8),)))


def _ask(forecaster, panel, *, horizon=48, models="auto"):
    count = len(panel.names)
    return forecaster.forecast(
        panel, horizon_steps=horizon, quantiles=QUANTILES, timezones=("UTC",) * count, models=(models,) * count
    )


class _Times:
    """A forecaster whose forecast is so many times the highest demand."""

    def __init__(self, factor: float, name: str = "wild") -> None:
        self.factor, self.name = factor, name

    def forecast(self, panel, *, horizon_steps, quantiles, timezones, models):
        peak = np.nanmax(panel.values, axis=1)
        values = np.broadcast_to(peak[:, None, None] * self.factor, (peak.size, horizon_steps, len(quantiles))).copy()
        choice = ModelChoice(self.name, self.name)
        return QuantileForecast(panel.names, panel.cutoff, panel.step_seconds, quantiles, values, (choice,) * peak.size)


def test_a_forecast_beyond_ten_times_the_peak_is_refused_with_the_bound():
    """Exit code 3; model, forecast and bound are shown, and how to accept it."""
    panel = _panel(_wave(20), names=("web",))
    peak = panel.values.max()
    with pytest.raises(ForecastRefused) as refused:
        _ask(InformedForecaster(_Times(10.5), _Times(10.5)), panel)
    assert refused.value.exit_code == 3
    assert f"beyond the bound of {10 * peak:.4g}" in refused.value.what
    assert f"up to {10.5 * peak:.4g}" in refused.value.what
    assert "--accept web:extreme" in refused.value.next_step
    assert _ask(InformedForecaster(_Times(9.5), _Times(9.5)), panel).values.max() == pytest.approx(9.5 * peak)


def test_one_extreme_forecast_is_accepted_by_name():
    """What was accepted is used as it is, and says so; the other workload is still refused."""
    panel = _panel(_wave(20), _wave(20, seed=1), names=("web", "api"))
    wild = InformedForecaster(_Times(12), _Times(12), {"web": Knowledge(accept_extreme=True)})
    outcome = wild.attempt(panel, horizon_steps=4, quantiles=QUANTILES, timezones=("UTC",) * 2, models=("auto",) * 2)
    assert outcome.forecast is not None
    assert outcome.forecast.names == ("web",)
    assert "accepted by name" in outcome.forecast.choices[0].reason
    assert list(outcome.problems) == ["api"]


def test_a_library_model_beyond_the_bound_is_refused_in_favour_of_the_engine():
    """The workload is planned from the engine, degraded, and the reason names model and bound."""
    made = _ask(InformedForecaster(_Times(50), PanelForecaster()), _panel(_wave(28)))
    (choice,) = made.choices
    assert (choice.model, choice.degraded) == ("panel", True)
    assert "wild refused: it forecast up to" in choice.reason
    assert made.values.max() < 1_000


def test_an_event_may_go_beyond_the_bound():
    """Times twenty, because an event says so: nothing is refused. A floor may, too."""
    panel = _panel(_wave(28))
    start = int(panel.cutoff.timestamp())
    for event in (
        Event("launch", (start,), 4 * HOUR, multiplier=20.0),
        Event("launch", (start,), 4 * HOUR, floor=90_000.0),
    ):
        made = _ask(make_forecaster(knowledge={"w0": Knowledge(events=(event,))}), panel)
        assert made.values[0, 0, -1] > 10 * 400 * 1.1
        assert made.values[0, 6, -1] < 1_000
        assert "launch" in made.choices[0].reason


def test_an_outage_that_history_marked_is_not_learned():
    """Six hours at nothing, marked as an outage: the forecast is that of a history with those hours simply missing."""
    values, marks = _wave(28), np.zeros(28 * DAY, np.uint8)
    values[600:606] = np.nan
    marks[600:606] = OUTAGE
    made = _ask(make_forecaster(), _panel(values, marks=[marks]))
    assert made.values[0, :, 0].min() > 100
    missing = np.where(np.isnan(values), MISSING, 0)
    assert np.array_equal(made.values, _ask(make_forecaster(), _panel(values, marks=[missing])).values)


def test_capped_periods_are_raised_to_their_season_and_said():
    """Demand cut off at 350 for the last week's peaks: the forecast reaches the peaks that were hidden."""
    truth = _wave(28)
    values, marks = truth.copy(), np.zeros(truth.size, np.uint8)
    late = np.arange(truth.size) >= 14 * DAY
    cut = late & (truth > 350)
    values[cut] = 350
    marks[cut] = CAPPED
    made = _ask(make_forecaster(), _panel(values, marks=[marks]))
    believed = _ask(make_forecaster(), _panel(values))
    assert made.values[0, :, 1].max() > 395
    assert believed.values[0, :, 1].max() < 380
    assert "capped steps raised" in made.choices[0].reason


@settings(deadline=None)
@given(seed=st.integers(0, 200), cap=st.floats(200, 420))
def test_raising_sees_no_future_and_lowers_nothing(seed, cap):
    """What lies after a step changes nothing at it, and a capped step is never below what was measured."""
    values = np.minimum(_wave(21, seed=seed), cap)
    capped = values >= cap
    repaired, raised = raise_capped(values, capped, HOUR)
    assert (repaired >= values).all()
    assert (repaired[~capped] == values[~capped]).all()
    assert 0 <= raised <= capped.sum()
    half = 12 * DAY
    poisoned, marks = values.copy(), capped.copy()
    poisoned[half:], marks[half:] = 1e9, False
    assert np.array_equal(raise_capped(poisoned, marks, HOUR)[0][:half], repaired[:half])


def test_outliers_are_clipped_for_fitting_only():
    """One spike is cut near its slot's median; a burst that comes every week is demand and stays."""
    values = _wave(28)
    clock = wall_clock(int(MONDAY.timestamp()), HOUR, values.size, "UTC")
    values[10::168] += 2_000
    spiked = values.copy()
    spiked[500] = 50_000
    cut = clipped(spiked, clock, HOUR)
    assert cut[500] < 1_000
    assert (cut[10::168] == spiked[10::168]).all()
    assert np.array_equal(np.delete(cut, 500), np.delete(spiked, 500))


def test_a_level_shift_is_found_cut_off_and_reported():
    """Demand doubles three weeks before the end: the forecast has the new level, and the reason says since when."""
    values = _wave(49)
    values[28 * DAY :] *= 2
    shift = last_shift(values, HOUR)
    assert shift is not None
    assert shift.step == 28 * DAY
    assert shift.factor == pytest.approx(2, rel=0.03)
    made = _ask(make_forecaster(), _panel(values))
    assert re.search(
        r"level changed ×(1\.9\d|2) 21 days before the cutoff: trained on what came after", made.choices[0].reason
    )
    assert made.values[0, :, 1].mean() == pytest.approx(600, rel=0.05)


@pytest.mark.parametrize("kind", ["steady", "weekend", "growth", "event", "noisy"])
def test_what_is_no_level_shift_is_not_taken_for_one(kind):
    """Quiet weekends, growth of five percent a week, two days of sale and noise leave history whole."""
    values = _wave(42, noise=60 if kind == "noisy" else 8)
    step = np.arange(values.size)
    values *= {
        "weekend": np.where(step // DAY % 7 >= 5, 0.3, 1.0),
        "growth": 1.05 ** (step / 168),
        "event": np.where((step // DAY >= 30) & (step // DAY < 32), 2.5, 1.0),
    }.get(kind, np.ones(values.size))
    assert last_shift(values, HOUR) is None


def test_mostly_zero_demand_is_counted():
    """A nightly batch: the median is zero by day, the 0.99 covers the batch at night, and coverage holds."""
    rng = np.random.default_rng(4)
    days = 56
    values = np.zeros(days * DAY)
    for day in range(days):
        values[day * DAY + 2] = rng.gamma(4, 25)
        if rng.random() < 0.5:
            values[day * DAY + 3] = rng.gamma(4, 25)
    assert is_intermittent(values, HOUR)
    made = _ask(make_forecaster(), _panel(values[: 42 * DAY]), horizon=14 * DAY)
    assert made.choices[0].model == "slot_counts"
    assert (made.values[0, 12::24, 1] == 0).all()
    truth = values[42 * DAY :]
    below = (truth[:, None] <= made.values[0]).mean(axis=0)
    assert below[-1] >= 0.96
    assert made.values[0, 2, -1] > 100


def test_counts_are_finite_ordered_and_from_what_was_seen():
    """Quantiles of counts ascend and are values that were observed."""
    values = np.zeros(28 * DAY)
    values[::30] = np.arange(1, values[::30].size + 1)
    clock = wall_clock(int(MONDAY.timestamp()), HOUR, values.size + 48, "UTC")
    made = slot_quantiles(values, clock, HOUR, 48, QUANTILES)
    assert (np.diff(made, axis=1) >= 0).all()
    assert np.isin(made, values).all()


@pytest.mark.parametrize("level", [0.0, 7.5])
@pytest.mark.parametrize("days", [1, 3, 28])
def test_a_constant_series_has_a_finite_forecast_at_its_level(level, days):
    """All-zero gives zeros and a constant gives itself, at any age, whatever lies beside it."""
    panel = _panel(np.concatenate([np.full((28 - days) * DAY, np.nan), np.full(days * DAY, level)]), _wave(28))
    made = _ask(make_forecaster(), panel)
    assert np.isfinite(made.values).all()
    assert made.values[0, :, 1] == pytest.approx(level)


def test_a_workload_without_an_observation_is_a_problem_of_its_own():
    """The others are forecast; it is refused by name, and never demand 0."""
    panel = _panel(np.full(28 * DAY, np.nan), _wave(28), names=("silent", "web"))
    outcome = make_forecaster().attempt(
        panel, horizon_steps=4, quantiles=QUANTILES, timezones=("UTC",) * 2, models=("auto",) * 2
    )
    assert outcome.forecast is not None
    assert outcome.forecast.names == ("web",)
    assert outcome.problems["silent"].exit_code == 3


def _library(*models, limit=3.0):
    return lambda names, budget: BacktestedForecaster(
        SeasonalNaive(),
        [model for model in models if model.name in names],
        limit_seconds=limit,
        max_workers=1,
        budget_seconds=budget,
    )


def _contest(*models, knowledge=None, limit=3.0):
    return ContestedForecaster(
        PanelForecaster(), "panel", _library(*models, limit=limit), [m.name for m in models], knowledge or {}
    )


@pytest.mark.parametrize(
    ("model", "why"), [(Raises(), "the optimiser gave up"), (Hangs(), "took longer than 3 s")], ids=lambda v: str(v)[:9]
)
def test_a_named_model_that_fails_is_replaced_by_the_engine_and_named(model, why):
    """Degraded: the engine's forecast, and what was wrong with the model."""
    panel = _panel(_wave(28))
    made = _ask(_contest(model), panel, models=model.name)
    (choice,) = made.choices
    assert (choice.model, choice.degraded) == ("panel", True)
    assert f"in place of {model.name}" in choice.reason
    assert why in choice.reason
    assert np.array_equal(made.values, _ask(PanelForecaster(), panel).values)


def test_challengers_are_tried_only_within_a_time_budget():
    """Without a budget the engine has it alone; with one the challengers are scored at the same origins."""
    panel = _panel(_wave(28))
    alone = _ask(_contest(DailyMean()), panel)
    assert "daily mean" not in alone.choices[0].reason
    knowledge = {"w0": Knowledge(time_budget_seconds=60, challengers=("daily_mean",))}
    contested = _ask(_contest(DailyMean(), knowledge=knowledge), panel).choices[0]
    assert {score.model for score in contested.scores} >= {"panel", "daily_mean", "seasonal_naive"}
    assert "daily mean" in contested.reason


def test_a_time_budget_ends_what_would_take_longer():
    """A model that hangs is cut off when the budget is used up; the engine stands, and the reason says why."""
    knowledge = {"w0": Knowledge(time_budget_seconds=1.0, challengers=("hangs", "daily_mean"))}
    choice = _ask(_contest(Hangs(), DailyMean(), knowledge=knowledge, limit=60), _panel(_wave(28))).choices[0]
    assert choice.model == "panel"
    assert {score.failure for score in choice.scores if score.model in ("hangs", "daily_mean")} == {
        "cut off: the time budget is used up",
        "not tried: the time budget is used up",
    }


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1_000), at=st.integers(15 * DAY, 27 * DAY))
def test_what_comes_after_the_cutoff_changes_no_byte(seed, at):
    """Poison: events, holidays, repairs, shifts and the fleet see nothing of it."""
    rng = np.random.default_rng(seed)
    rows = [_wave(28, seed=seed + n) * rng.uniform(0.5, 2) for n in range(5)]
    rows[4][: at - 30] = np.nan
    start = int(MONDAY.timestamp())
    knowledge = {
        "w0": Knowledge(events=(Event("mailing", (start + 300 * HOUR, start + (at + 3) * HOUR), 4 * HOUR),)),
        "w1": Knowledge(holidays={(MONDAY + timedelta(days=9)).date(): "A"}),
    }
    poisoned = [row.copy() for row in rows]
    for row in poisoned:
        row[at:] = 1e9
    made = [
        _ask(make_forecaster(knowledge=knowledge), _panel(*[row[:at] for row in version]))
        for version in (rows, poisoned)
    ]
    assert made[0].values.tobytes() == made[1].values.tobytes()
    assert made[0].choices == made[1].choices
