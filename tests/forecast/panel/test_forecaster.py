"""The promises of the panel engine, on demand with known properties."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.forecast.interface import ForecastRefused
from scaler.forecast.panel.forecaster import PanelForecaster
from scaler.history.interface import Panel
from tests.forecast.series import MONDAY, business_hours

HOUR = 3_600
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def hourly(days: int, seed: int, *, noise: float = 0.1, level: float = 100.0) -> np.ndarray:
    """A day and week pattern with multiplicative noise that lasts for some hours."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    shock = np.convolve(rng.normal(0, noise, hour.size), 0.7 ** np.arange(12), mode="full")[: hour.size]
    pattern = (1.2 + np.sin(2 * np.pi * (hour - 9) / 24)) * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    return level * pattern * np.exp(shock)


def fleet(*rows: np.ndarray, step: int = HOUR, names: tuple[str, ...] | None = None) -> Panel:
    return Panel(names or tuple(f"w{k}" for k in range(len(rows))), MONDAY, step, np.stack(rows).astype(float))


def forecast(panel: Panel, horizon: int = 48, *, zones: tuple[str, ...] | None = None, levels=LEVELS):
    count = len(panel.names)
    return PanelForecaster().forecast(
        panel,
        horizon_steps=horizon,
        quantiles=levels,
        timezones=zones or ("UTC",) * count,
        models=("auto",) * count,
    )


def sane(made, panel: Panel) -> None:
    assert np.isfinite(made.values).all()
    assert (np.diff(made.values, axis=2) >= 0).all()
    for row, history in zip(made.values, panel.values, strict=True):
        if np.nanmin(history) >= 0:
            assert row.min() >= 0
        assert row.max() <= 10 * np.nanmax(np.abs(history)) * (1 + 1e-9)


def test_nothing_after_the_cutoff_is_seen():
    """Poison after the cutoff changes no byte of the forecast."""
    values = hourly(40, 1)
    long = values.copy()
    long[28 * 24 :] = 1e9
    seen = forecast(fleet(values[: 28 * 24])).values
    poisoned = forecast(Panel(("w0",), MONDAY, HOUR, long[None, : 28 * 24].copy())).values
    assert seen.tobytes() == poisoned.tobytes()


def test_the_backtest_sees_no_future_either():
    """What a candidate predicts at an origin does not change with what comes after that origin."""
    from scaler.forecast.panel.backtest import plan_group, predictions, workspace
    from scaler.forecast.panel.grid import Season, local_groups
    from scaler.forecast.panel.origins import choose_origins

    values = np.stack([hourly(35, seed) for seed in range(8)])
    season = Season.of(HOUR)
    (group,) = local_groups(values, start_epoch=0, step_seconds=HOUR, horizon_steps=48, timezones=("UTC",) * 8)
    origins = choose_origins(group.steps, group.horizon, season)
    plan = plan_group(group, origins, season, HOUR)
    clean = np.ascontiguousarray(values.T)
    poisoned = clean.copy()
    poisoned[origins.steps[3] :] *= 3.0
    linear = [k for k, name in enumerate(plan.names) if "_log" not in name]  # the offset of the logarithm is the row's
    before = [one[linear].copy() for one in predictions(plan, clean, workspace(plan, 8))]
    after = [one[linear].copy() for one in predictions(plan, poisoned, workspace(plan, 8))]
    for number in range(4):
        np.testing.assert_allclose(after[number], before[number], rtol=1e-12)
    assert not np.allclose(after[-1], before[-1])


def test_the_order_of_the_rows_changes_nothing():
    """Each workload's quantiles are the same bytes wherever it stands in the panel, blocks of 64 included."""
    rows = [hourly(28, seed, level=10.0 * (seed + 1)) for seed in range(70)]
    order = np.random.default_rng(5).permutation(70)
    straight = forecast(fleet(*rows), 24)
    shuffled = forecast(fleet(*[rows[k] for k in order]), 24)
    assert straight.values[order].tobytes() == shuffled.values.tobytes()
    assert [straight.choices[k].reason for k in order] == [choice.reason for choice in shuffled.choices]


def test_an_idle_workload_changes_no_other():
    """Adding a workload that is always zero leaves the others' bytes as they were, and is itself forecast as zero."""
    rows = [hourly(28, seed) for seed in range(3)]
    alone = forecast(fleet(*rows), 24)
    together = forecast(fleet(np.zeros(28 * 24), *rows), 24)
    assert together.values[1:].tobytes() == alone.values.tobytes()
    assert (together.values[0] == 0).all()


@pytest.mark.parametrize("factor", [1e-6, 3.7, 1e9])
def test_scaling_the_series_scales_the_quantiles(factor):
    """Requests per second or per day: the unit does not matter."""
    rows = [hourly(28, 3), np.random.default_rng(1).poisson(0.7, 28 * 24).astype(float)]
    plain, scaled = forecast(fleet(*rows), 30).values, forecast(fleet(*[row * factor for row in rows]), 30).values
    np.testing.assert_allclose(scaled, plain * factor, rtol=1e-8)


def test_the_same_bytes_on_any_number_of_cores():
    """How many threads linear algebra may use does not show in the result."""
    program = (
        "import hashlib, sys; from tests.forecast.panel.test_forecaster import fleet, forecast, hourly;"
        "made = forecast(fleet(*[hourly(35, s) for s in range(20)]), 60);"
        "print(hashlib.sha256(made.values.tobytes()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "3", "4")
    }
    assert len(digests) == 1


def test_missing_steps_are_not_zero():
    """A quarter of the steps missing, and two days in a row, move the median by little."""
    whole = hourly(42, 7, noise=0.02)
    holed = whole.copy()
    holed[np.random.default_rng(2).random(whole.size) < 0.25] = np.nan
    holed[20 * 24 : 22 * 24] = np.nan
    full, gaps = forecast(fleet(whole)).values[0, :, 2], forecast(fleet(holed)).values[0, :, 2]
    assert np.abs(gaps - full).mean() < 0.05 * full.mean()


def test_an_outlier_does_not_move_the_centre_but_stays_in_the_tail():
    """A burst a day moves the median hardly and the 0.99 a lot: bursts are demand."""
    calm = hourly(56, 9, noise=0.02)
    bursts = calm.copy()
    bursts[np.random.default_rng(4).integers(0, bursts.size, 40)] *= 6
    quiet, lively = forecast(fleet(calm)).values[0], forecast(fleet(bursts)).values[0]
    assert np.abs(lively[:, 2] - quiet[:, 2]).mean() < 0.1 * quiet[:, 2].mean()
    assert lively[:, 6].mean() > 1.2 * quiet[:, 6].mean()


def test_office_hours_follow_the_wall_clock_through_a_clock_change():
    """The peak stays at the same local hour after New York sets its clocks back, and London's is its own."""
    start = MONDAY + timedelta(days=25)  # 28 days of history end two days before 2026-11-01
    zones = ("America/New_York", "Europe/London")
    steps = 28 * 24
    rows = [business_hours(start, steps + 7 * 24, zone, step_seconds=HOUR) for zone in zones]
    panel = Panel(zones, start, HOUR, np.stack(rows)[:, :steps].copy())
    made = forecast(panel, 7 * 24, zones=zones)
    for row, truth in zip(made.values, rows, strict=True):
        assert np.abs(row[:, 2] - truth[steps:]).mean() < 0.05 * truth.mean()


@pytest.mark.parametrize(
    ("step", "days", "horizon"),
    [
        (300, 9, 288),
        (900, 10, 96),
        (1_800, 21, 336),
        (7_200, 30, 36),
        (14_400, 40, 42),
        (86_400, 120, 91),
        (HOUR, 5, 50),
    ],
)
def test_resolutions_and_horizons(step, days, horizon):
    """From five minutes to a day, from a day ahead to thirteen weeks: finite, ordered, non-negative, bounded."""
    count = days * 86_400 // step
    rng = np.random.default_rng(step)
    time = np.arange(count) * step / 86_400
    values = 100 + 50 * np.sin(2 * np.pi * time) - 20 * (time.astype(int) % 7 >= 5) + rng.normal(0, 5, count)
    panel = fleet(values, step=step)
    made = forecast(panel, horizon)
    assert made.values.shape == (1, horizon, len(LEVELS))
    sane(made, panel)
    assert made.choices[0].model == "panel"


@pytest.mark.parametrize("value", [0.0, 42.0])
def test_constant_series(value):
    """A flat line is forecast as itself."""
    made = forecast(fleet(np.full(21 * 24, value)), 24)
    np.testing.assert_allclose(made.values[0], value, rtol=1e-9)


def test_short_history_is_marked_as_a_fallback():
    """A day of history gives a wide, finite forecast that says so."""
    panel = fleet(hourly(1, 2))
    made = forecast(panel, 24)
    sane(made, panel)
    assert made.choices[0].degraded
    assert made.choices[0].origins == 0


def test_a_late_starter_is_not_held_up_by_its_elders():
    """A workload that began two weeks ago is forecast in the same panel as one of eight weeks."""
    old, young = hourly(56, 1), hourly(56, 2, level=20.0)
    young[: 42 * 24 + 7] = np.nan
    made = forecast(fleet(old, young), 48)
    alone = forecast(fleet(young), 48)
    assert made.values[1].tobytes() == alone.values[0].tobytes()
    assert np.abs(made.values[1, :, 2] / alone.values[0, :, 2] - 1).max() == 0
    assert made.choices[1].origins < made.choices[0].origins or made.choices[1].origins > 0


def test_nothing_observed_is_refused():
    """A series without any observation is refused by name, not read as zero."""
    with pytest.raises(ForecastRefused, match="w1"):
        forecast(fleet(hourly(14, 1), np.full(14 * 24, np.nan)))


def test_another_models_name_is_refused():
    """The panel engine does not pretend to be a library."""
    with pytest.raises(ForecastRefused, match="prophet"):
        PanelForecaster().forecast(
            fleet(hourly(14, 1)), horizon_steps=3, quantiles=(0.5,), timezones=("UTC",), models=("prophet",)
        )


def test_the_choice_is_explained():
    """The plan can say what was tried, over how many origins, and what the errors held out covered."""
    choice = forecast(fleet(hourly(56, 4))).choices[0]
    scores = {score.model: score for score in choice.scores}
    assert choice.origins >= 5
    assert "week" in scores
    assert scores["panel"].pinball <= scores["week"].pinball
    assert set(scores["panel"].coverage) == set(LEVELS)
    assert 0.8 < scores["panel"].coverage[0.9] <= 1.0
    assert "against" in choice.reason


def test_quantiles_cover_what_they_say_on_a_generated_fleet():
    """Over forty workloads and a week, each quantile covers within 0.05, the 0.99 within 0.015."""
    rows = np.stack([hourly(63, seed, noise=0.05 + 0.01 * (seed % 10)) for seed in range(40)])
    made = forecast(fleet(*rows[:, : 56 * 24]), 168)
    below = (rows[:, 56 * 24 :, None] <= made.values).mean(axis=(0, 1))
    for level, share in zip(LEVELS, below, strict=True):
        assert abs(share - level) <= (0.015 if level == 0.99 else 0.05)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    days=st.integers(1, 20),
    kind=st.sampled_from(["normal", "spiky", "counts", "negative", "holes", "steps"]),
    horizon=st.integers(1, 60),
)
def test_any_history_gives_sane_quantiles(seed, days, kind, horizon):
    """Whatever the history: finite, ordered, bounded quantiles."""
    rng = np.random.default_rng(seed)
    count = days * 24 - int(rng.integers(0, 20))
    values = {
        "normal": rng.normal(100, 10, count),
        "spiky": rng.pareto(1.1, count),
        "counts": rng.poisson(0.2, count).astype(float),
        "negative": rng.normal(0, 5, count),
        "holes": np.where(rng.random(count) < 0.6, np.nan, rng.uniform(0, 9, count)),
        "steps": np.repeat(rng.uniform(0, 1e6, count // 20 + 1), 20)[:count],
    }[kind]
    values[rng.integers(0, count)] = 3.0
    panel = fleet(values)
    made = forecast(panel, horizon)
    assert np.isfinite(made.values).all()
    assert (np.diff(made.values, axis=2) >= 0).all()
    if made.choices[0].model == "panel":
        sane(made, panel)
