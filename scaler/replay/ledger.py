"""Outcomes → sums per day, from which every score and every resampling of days follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Outcome, Score
from scaler.replay.oracle import bounded, oracle

DAY_MINUTES = 1_440
FIVE = 5
# A load that is above what serves by rounding alone is carried.
ROUNDING = 1e-9

# What is summed per day. Unknown minutes count in none of them but ``hours`` and ``actions``.
FIELDS = (
    "minutes",
    "violations",
    "fives",
    "fives_violated",
    "load",
    "unserved",
    "billed",
    "oracle",
    "under",
    "over",
    "under_minutes",
    "over_minutes",
    "actions",
    "hours",
)
_AT = {name: index for index, name in enumerate(FIELDS)}


@dataclass(frozen=True, eq=False)
class Ledger:
    """Sums per day of many rows (settings of a policy).

    Attributes:
        sums: shape ``(rows, days, len(FIELDS))``.
    """

    sums: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """How many settings."""
        return int(self.sums.shape[0])

    @property
    def days(self) -> int:
        """How many days, the last one perhaps not whole."""
        return int(self.sums.shape[1])

    def per_day(self, field: str) -> NDArray[np.float64]:
        """One sum of each row and day, shape ``(rows, days)``."""
        values: NDArray[np.float64] = self.sums[:, :, _AT[field]]
        return values

    def between(self, first: int, end: int) -> Ledger:
        """Days ``first`` up to and without ``end``."""
        return Ledger(self.sums[:, first:end])

    def halves(self) -> tuple[Ledger, Ledger]:
        """The first half of the days, and the second, which has the odd one."""
        middle = self.days // 2
        return self.between(0, middle), self.between(middle, self.days)

    def violations(self) -> NDArray[np.float64]:
        """Share of violation minutes of each row, shape ``(rows,)``; NaN where no minute is known."""
        return _ratio(self.per_day("violations").sum(axis=1), self.per_day("minutes").sum(axis=1))

    def cost(self) -> NDArray[np.float64]:
        """Billed over the oracle's of each row, shape ``(rows,)``; NaN where no minute is known."""
        return _ratio(self.per_day("billed").sum(axis=1), self.per_day("oracle").sum(axis=1))

    def scores(self) -> tuple[Score, ...]:
        """The score of each row over all its days."""
        return tuple(_score(dict(zip(FIELDS, map(float, row), strict=True))) for row in self.sums.sum(axis=1))


def ledger_of(outcomes: Sequence[Outcome], load: NDArray[np.float64], conditions: Conditions) -> Ledger:
    """Sums per day of what happened under ``load``, days counted from the first minute.

    Args:
        load: demand in instances, shape ``(minutes,)``; NaN is unknown.
    """
    known = np.isfinite(load)
    carried = np.where(known, load, 0.0)
    need = np.maximum(1.0, np.ceil(carried - ROUNDING))
    best = oracle(need.astype(np.int64), conditions)
    same = {
        "minutes": known,
        "fives": _first_of_five(_fives(known) > 0, load.size),
        "load": carried,
        "oracle": best * known,
        "hours": np.full(load.size, 1 / 60),
    }
    starts = np.arange(0, load.size, DAY_MINUTES)
    shared = {name: np.add.reduceat(values.astype(float), starts) for name, values in same.items()}
    rows = []
    for outcome in outcomes:
        own = _own(outcome, known, carried, need)
        sums = shared | {name: np.add.reduceat(values, starts, dtype=float) for name, values in own.items()}
        rows.append(np.stack([sums[name] for name in FIELDS], axis=1))
    return Ledger(np.stack(rows))


def _own(
    outcome: Outcome, known: NDArray[np.bool_], load: NDArray[np.float64], need: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """What is summed of one outcome, per minute."""
    ready = outcome.ready * known  # an unknown minute has no load; what serves in it is none of its business
    missing = np.where(known, need, 0.0) - ready
    unserved = np.maximum(load - ready, 0.0)
    return {
        "violations": unserved > ROUNDING,
        "fives_violated": _first_of_five(_fives(load) > _fives(ready) + ROUNDING * FIVE, load.size),
        "unserved": unserved,
        "billed": outcome.billed * known,
        "under": np.maximum(missing, 0.0) / need,
        "over": np.maximum(-missing, 0.0) / need,
        "under_minutes": missing > 0,
        "over_minutes": missing < 0,
        "actions": np.diff(outcome.wanted, prepend=outcome.wanted[:1]) != 0,
    }


def _fives(values: NDArray[Any]) -> NDArray[np.float64]:
    """Sums over each five minutes."""
    return np.add.reduceat(values, np.arange(0, values.size, FIVE), dtype=float)


def _first_of_five(flags: NDArray[np.bool_], minutes: int) -> NDArray[np.bool_]:
    """Told of each five minutes at the first of them."""
    told = np.zeros(minutes, dtype=bool)
    told[::FIVE] = flags
    return told


def _score(total: dict[str, float]) -> Score:
    minutes = total["minutes"] or np.nan
    return Score(
        violations=total["violations"] / minutes,
        violations_5min=total["fives_violated"] / (total["fives"] or np.nan),
        unserved=total["unserved"] / total["load"] if total["load"] > 0 else 0.0,
        cost_ratio=total["billed"] / (total["oracle"] or np.nan),
        under_share=total["under"] / minutes,
        over_share=total["over"] / minutes,
        under_time=total["under_minutes"] / minutes,
        over_time=total["over_minutes"] / minutes,
        actions_per_hour=total["actions"] / (total["hours"] or np.nan),
    )


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def need_within(load: NDArray[np.float64], conditions: Conditions) -> NDArray[np.int64]:
    """Instances that carry each minute, as far as the bounds of the group let; 1 where unknown."""
    need = np.maximum(1, np.ceil(np.nan_to_num(load, nan=0.0) - ROUNDING)).astype(np.int64)
    return bounded(need, conditions)
