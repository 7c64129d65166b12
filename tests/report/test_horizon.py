"""Thirteen weeks of daily peaks: when a maximum is passed, and how sure that is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.capacity.interface import UnitCapacity
from scaler.forecast.events import Event
from scaler.report.horizon import DAYS, daily_peaks, outlook, outlook_chart, reach

END = datetime(2026, 11, 16, tzinfo=UTC)
CAPACITY = UnitCapacity(100.0, (("m7i.large", 1),), "100 a unit")


def peaks_of(days: int, *, weekly_growth: float = 0.0, seed: int = 3, noise: float = 0.04) -> np.ndarray:
    """Peaks with quiet weekends, ending at 1000 times the growth of the day."""
    random = np.random.default_rng(seed)
    at = np.arange(-days + 1, 1)
    weekend = np.where(at % 7 >= 5, 0.8, 1.0)
    return 1000 * (1 + weekly_growth) ** (at / 7) * weekend * random.lognormal(0, noise, days)


def test_growth_reaches_the_maximum_about_when_it_does():
    """5 % a week doubles in 14.2 weeks and adds half in 8.3: 58 days, within what the fan says."""
    paths, _ = outlook("shop", peaks_of(91, weekly_growth=0.05), END)
    found = reach("max size", 15, paths, CAPACITY)
    assert found.p10_days is not None
    assert found.p50_days is not None
    assert found.p10_days <= found.p50_days
    assert 35 <= found.p50_days <= 70
    assert found.probability_percent > 80


def test_what_does_not_grow_does_not_reach_a_far_maximum():
    """Twice the highest peak is not passed by a steady load."""
    paths, _ = outlook("shop", peaks_of(91), END)
    found = reach("max size", 20, paths, CAPACITY)
    assert found.p50_days is None
    assert found.probability_percent < 10


def test_a_higher_maximum_is_never_reached_sooner():
    """More capacity gives more days."""
    paths, _ = outlook("shop", peaks_of(60, weekly_growth=0.05), END)
    days = [reach("max size", bound, paths, CAPACITY).p50_days or DAYS + 1 for bound in range(8, 30)]
    assert days == sorted(days)


def test_the_fan_holds_about_what_it_says():
    """Of fleets that drift at random, the 80 % fan of the days to come holds from 65 % to 98 %."""
    inside = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        drift = np.cumsum(random.normal(0, 0.01, 147))
        weekend = np.where(np.arange(147) % 7 >= 5, 0.8, 1.0)
        peaks = 1000 * np.exp(drift + random.normal(0, 0.05, 147)) * weekend
        paths, _ = outlook(f"w{seed}", peaks[:-56], END)
        low, high = np.quantile(paths[:, :56], (0.1, 0.9), axis=0)
        inside.append(((low <= peaks[-56:]) & (peaks[-56:] <= high)).mean())
    assert 0.65 <= float(np.mean(inside)) <= 0.98


def test_an_event_raises_the_days_that_it_touches():
    """A sale of twice the demand in three weeks: those two days, and no others."""
    start = int(END.timestamp()) + 21 * 86_400
    plain, _ = outlook("shop", peaks_of(60), END)
    with_sale, _ = outlook("shop", peaks_of(60), END, [Event("sale", (start,), 2 * 86_400, multiplier=2.0)])
    ratio = with_sale / plain
    assert np.allclose(ratio[:, 21:23], 2.0)
    assert np.allclose(np.delete(ratio, [21, 22], axis=1), 1.0)


def test_two_weeks_are_no_trend():
    """It says how many days are known instead of guessing."""
    with pytest.raises(ValueError, match="14 days"):
        outlook("shop", peaks_of(14), END)


def test_the_same_history_gives_the_same_days():
    """Nothing is drawn from the clock or the order of the fleet."""
    first, _ = outlook("shop", peaks_of(40), END)
    again, _ = outlook("shop", peaks_of(40), END)
    assert np.array_equal(first, again)


def test_gaps_are_no_peaks():
    """A day of which less than half is known has no peak, and the outlook goes on without it."""
    demand = np.repeat(peaks_of(42), 24)
    demand[5 * 24 : 5 * 24 + 13] = np.nan
    peaks = daily_peaks(demand, 3600)
    assert np.isnan(peaks[5])
    assert int(np.isnan(peaks).sum()) == 1
    paths, _ = outlook("shop", peaks, END)
    assert np.isfinite(paths).all()
    assert len(outlook_chart(peaks, paths, END, "/s").lines[1].values) == 13
