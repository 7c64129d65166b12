"""How sure a saving is: whole days drawn again and again, the same days for both policies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Interval
from scaler.replay.ledger import Ledger

REPEATS = 2_000
# The interval holds the middle 90 %.
TAILS = (0.05, 0.95)


def drawn_days(days: int, *, seed: int, repeats: int = REPEATS) -> NDArray[np.int64]:
    """How often each day is drawn in each repeat, shape ``(repeats, days)``; every row adds up to ``days``.

    Days are kept whole because the minutes of a day are not independent of each other.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(days, np.full(days, 1.0 / days), size=repeats)


def saving(candidate: Ledger, row: int, today: Ledger, today_row: int, *, seed: int) -> Interval:
    """Share of today's cost that the candidate saves over the same days; below 0 it is dearer."""
    mine, theirs = candidate.per_day("billed")[row], today.per_day("billed")[today_row]
    counts = drawn_days(mine.size, seed=seed)
    drawn = 1.0 - (counts @ mine) / (counts @ theirs)
    low, high = np.quantile(drawn, TAILS)
    return Interval(float(1.0 - mine.sum() / theirs.sum()), float(low), float(high))


def violations(ledger: Ledger, row: int, *, seed: int) -> Interval:
    """Share of violation minutes, with the interval over drawn days."""
    bad, minutes = ledger.per_day("violations")[row], ledger.per_day("minutes")[row]
    counts = drawn_days(bad.size, seed=seed)
    low, high = np.quantile((counts @ bad) / np.maximum(counts @ minutes, 1.0), TAILS)
    return Interval(float(bad.sum() / max(minutes.sum(), 1.0)), float(low), float(high))
