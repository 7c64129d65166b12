"""Thirteen weeks of daily peaks: when limits are passed, and how sure that is; a fleet at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from scaler.forecast.events import Event
from scaler.report.horizon import DAYS, daily_peaks, outlooks
from scaler.report.reaching import Limit, levelled, reaches
from scaler.report.series import outlook_chart
from scaler.report.trends import logarithms, median, trends

END = datetime(2026, 11, 16, tzinfo=UTC)


def peaks_of(days: int, *, weekly_growth: float = 0.0, seed: int = 3, noise: float = 0.04) -> np.ndarray:
    """Peaks with quiet weekends, ending at 1000 times the growth of the day."""
    random = np.random.default_rng(seed)
    at = np.arange(-days + 1, 1)
    weekend = np.where(at % 7 >= 5, 0.8, 1.0)
    return 1000 * (1 + weekly_growth) ** (at / 7) * weekend * random.lognormal(0, noise, days)


def paths_of(peaks: np.ndarray, name: str = "shop", events: tuple[Event, ...] = ()) -> np.ndarray:
    return outlooks([name], peaks[None], END, {name: events}).paths[0]


def reach(paths: np.ndarray, bound: float):
    return reaches([Limit("max size", "units", bound)], paths[None], np.array([np.nan]), END)[0]


def test_growth_reaches_the_limit_about_when_it_does():
    """5 % a week adds half in 8.3 weeks: 58 days, within what the fan says; days and dates agree."""
    found = reach(paths_of(peaks_of(91, weekly_growth=0.05)), 1500)
    assert found.p10_days is not None
    assert found.p50_days is not None
    assert found.p10_days <= found.p50_days
    assert 40 <= found.p50_days <= 75
    assert found.p50_on == END + timedelta(days=found.p50_days)
    assert found.probability_percent is not None
    assert found.probability_percent > 70


def test_what_does_not_grow_does_not_reach_a_far_limit():
    """Twice the highest peak is not passed by a steady load."""
    found = reach(paths_of(peaks_of(91)), 2000)
    assert found.p50_days is None
    assert found.p50_on is None
    assert found.probability_percent is not None
    assert found.probability_percent < 10


def test_a_higher_limit_is_never_reached_sooner():
    """More capacity gives more days, at every probability."""
    paths = paths_of(peaks_of(60, weekly_growth=0.05))
    for of in ("p10_days", "p50_days", "p90_days"):
        days = [getattr(reach(paths, bound), of) or DAYS + 1 for bound in range(800, 3000, 100)]
        assert days == sorted(days)


def test_the_fan_holds_about_what_it_says():
    """Of fleets that drift at random, the 80 % fan of the eight weeks to come holds 70 % to 92 %."""
    random = np.random.default_rng(5)
    drift = np.cumsum(random.normal(0, 0.01, (60, 147)), axis=1)
    weekend = np.where(np.arange(147) % 7 >= 5, 0.8, 1.0)
    peaks = 1000 * np.exp(drift + random.normal(0, 0.05, (60, 147))) * weekend
    paths = outlooks([f"w{row}" for row in range(60)], peaks[:, :-56], END).paths
    low, high = np.quantile(paths[:, :, :56], (0.1, 0.9), axis=1)
    assert 0.70 <= float(((low <= peaks[:, -56:]) & (peaks[:, -56:] <= high)).mean()) <= 0.92


def test_an_event_raises_the_days_that_it_touches():
    """A sale of twice the demand in three weeks: those two days, and no others."""
    start = int(END.timestamp()) + 21 * 86_400
    plain = paths_of(peaks_of(60))
    with_sale = paths_of(peaks_of(60), events=(Event("sale", (start,), 2 * 86_400, multiplier=2.0),))
    ratio = with_sale / plain
    assert np.allclose(ratio[:, 21:23], 2.0)
    assert np.allclose(np.delete(ratio, [21, 22], axis=1), 1.0)


def test_a_workload_has_the_same_days_whoever_else_is_in_the_fleet():
    """Nothing is drawn from the clock, the order or the size of the fleet; shorter histories of others change none."""
    rows = np.stack([peaks_of(70, seed=seed) for seed in range(5)])
    rows[1, :30] = np.nan
    names = [f"w{row}" for row in range(5)]
    together = outlooks(names, rows, END)
    turned = outlooks(names[::-1], rows[::-1], END)
    assert np.allclose(together.paths, turned.paths[::-1])
    assert np.allclose(together.paths[2], outlooks(["w2"], rows[2:3], END).paths[0])


def test_what_a_fleet_has_in_common_stays_in_common():
    """Courses of two workloads that rose and fell together do so still: the sum is as uncertain as they are."""
    random = np.random.default_rng(9)
    shared = random.normal(0, 0.2, 91)
    rows = np.stack([1000 * np.exp(shared + random.normal(0, 0.02, 91)) for _ in range(2)])
    logs = np.log(outlooks(["a", "b"], rows, END).paths)
    first, second = (each - each.mean(axis=0) for each in logs)
    assert float((first * second).mean() / (first.std() * second.std())) > 0.5


def test_a_burst_is_no_growth_and_no_taller_than_bursts_have_been():
    """One day of eight times the load among steady ones: the median course does not grow, and none is far above it."""
    peaks = peaks_of(91)
    peaks[40] *= 8
    paths = paths_of(peaks)
    assert float(np.median(paths[:, -7:]) / np.median(paths[:, :7])) < 1.1
    assert float(paths.max()) < 1.6 * float(peaks.max())


def test_gaps_are_no_peaks():
    """A day of which less than half is known has no peak, and the outlook goes on without it."""
    demand = np.repeat(peaks_of(42), 24)
    demand[5 * 24 : 5 * 24 + 13] = np.nan
    peaks = daily_peaks(demand[None], 3600)
    assert np.isnan(peaks[0, 5])
    assert int(np.isnan(peaks).sum()) == 1
    paths = paths_of(peaks[0])
    assert np.isfinite(paths).all()
    chart = outlook_chart(peaks[0], paths, END, "/s")
    assert len(chart.lines[1].values) == 13
    assert chart.lines[0].start == END - timedelta(days=42)


def test_a_short_history_has_a_wider_fan_and_says_that_it_was_not_checked():
    """Four weeks cannot be checked on themselves."""
    long, short = peaks_of(91), peaks_of(91)[-28:]
    found = outlooks(["shop"], short[None], END)
    assert found.checked == (0,)
    assert "half as wide again" in found.how(0)
    assert outlooks(["shop"], long[None], END).checked[0] >= 9
    spread = [np.log(paths_of(each)).std(axis=0).mean() for each in (short, long)]
    assert spread[0] > spread[1]


def test_all_zero_and_constant_loads_have_finite_courses():
    """Nothing is divided by the spread of what never moves."""
    rows = np.stack([np.zeros(60), np.full(60, 7.0)])
    paths = outlooks(["idle", "steady"], rows, END).paths
    assert np.isfinite(paths).all()
    assert float(paths[0].max()) < 1e-3
    assert np.allclose(np.median(paths[1]), 7.0, rtol=0.1)


def test_the_slope_is_that_of_theil_and_sen():
    """As scipy has it, before it is weighed against its doubt: sure growth is believed nearly in full."""
    from scipy.stats import theilslopes

    logs = logarithms(peaks_of(84, weekly_growth=0.05, noise=0.01)[None])
    levels = median(logs.reshape(1, -1, 7))[0]
    assert float(trends(logs).slope[0]) == pytest.approx(theilslopes(levels)[0], rel=0.1)


def test_medians_leave_out_what_is_not_known():
    """As numpy's nanmedian, and NaN of nothing."""
    random = np.random.default_rng(1)
    values = np.where(random.random((50, 9)) < 0.4, np.nan, random.random((50, 9)))
    values[:, 0] = 0.5
    assert np.allclose(median(values), np.nanmedian(values, axis=1))
    assert np.isnan(median(np.full((1, 4), np.nan))).all()


def test_between_levels_a_cost_is_drawn_straight_and_an_unknown_one_stays_unknown():
    """A linear cost is exact; one unknown level makes all of it unknown."""
    units = np.array([[1, 50], [1000, 3]])
    assert np.allclose(levelled(lambda level: 0.25 * level, units), 0.25 * units)
    assert levelled(lambda level: None if level > 900 else 1.0, units) is None
