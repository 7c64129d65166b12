"""Plans that repeat the week: the hour-of-week schedule, and the profile that follows the level.

Both are written anew each day, at the same minute, for the day to come, from whole days before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.replay.interface import Conditions, Trace
from scaler.replay.ledger import DAY_MINUTES, FIVE
from scaler.replay.plans import CEILING, aligned, highest_so_far, reach, whole
from scaler.replay.wall_time import offsets

Floats = NDArray[np.float64]

FACTORS = (0.01, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 2.5)
WEEKS, DAYS = 4, 7
#: Half of the change of level of the last day is believed to last; bounds of what is believed at all.
LEVEL_SHARE, LEVEL_BOUNDS = 0.5, (0.2, 5.0)


@dataclass(frozen=True)
class ProfilePlan:
    """The usual peak of each slot of the week, times the knob.

    The peak is the highest 5-minute mean in a slot; its mean over the last four weeks is usual, over the last seven
    days where there is no week yet.

    Attributes:
        slot_minutes: a divisor of a day.
        levelled: the week is mixed half and half with the last seven days, and scaled by how the last day came out.
    """

    name: str
    slot_minutes: int
    levelled: bool = False
    knobs: tuple[float, ...] = FACTORS
    cadence_seconds: int = DAY_MINUTES * 60

    def floors(self, trace: Trace, conditions: Conditions, *, first: int, knobs: Sequence[float]) -> NDArray[np.int64]:
        """See ``FloorPolicy``."""
        base = self.base(trace, conditions, first=first)
        ceiling = self._ceiling(trace, conditions, first)
        factors = np.asarray(knobs, float)[:, None]
        return whole(np.minimum(factors * base, ceiling))

    def base(self, trace: Trace, conditions: Conditions, *, first: int) -> Floats:
        """Usual load in instances that a floor of each minute from ``first`` on must cover, shape ``(minutes,)``."""
        slot, ahead = self.slot_minutes, reach(conditions)
        trace, first = aligned(trace, first, DAY_MINUTES)
        per_day = DAY_MINUTES // slot
        load = trace.load
        count = -(-load.size // DAY_MINUTES)
        peaks = slot_peaks(load, slot, (count + 2) * per_day)
        shifts = offsets(trace, peaks.size * slot, slot) // slot
        behind = -(-ahead // slot)
        # Of the slot before a plan is made, the last minutes have not been measured yet.
        unseen = -(-conditions.metric_delay_minutes // slot)
        made, before = [], None
        for day in range(count):
            seen = max(0, day * per_day - unseen)
            usual = self._usual(peaks[:seen], shifts, day * per_day, per_day + behind)
            planned = usual
            if self.levelled and before is not None:
                last = peaks[(day - 1) * per_day : seen]
                planned = usual * _level(last, before[: last.size])
            before = usual
            covered = [planned[s : s + per_day] for s in range(behind + 1)]
            made.append(np.max(covered, axis=0))
        minutes = np.repeat(np.concatenate(made), slot)
        return minutes[first : load.size]

    def _usual(self, peaks: Floats, shifts: NDArray[np.int64], now: int, slots: int) -> Floats:
        """Usual peaks of so many slots from ``now`` on, from those that were seen by then; 1 where nothing is known."""
        per_day = DAY_MINUTES // self.slot_minutes
        at = now + np.arange(slots)

        def past(lags: Sequence[int]) -> Floats:
            then = at[None] - per_day * np.asarray(lags)[:, None]
            then = then + shifts[at][None] - shifts[np.maximum(then, 0)]
            known = (then >= 0) & (then < peaks.size)
            return _mean(np.where(known, np.append(peaks, np.nan)[np.where(known, then, -1)], np.nan))

        weeks, days = past([7 * week for week in range(1, WEEKS + 1)]), past(range(1, DAYS + 1))
        usual = np.where(np.isfinite(weeks), weeks, days)
        if self.levelled:
            # Geometric: a slot that one of them knows as empty is not half full.
            both = np.sqrt(np.maximum(weeks, 0.1) * np.maximum(days, 0.1))
            usual = np.where(np.isfinite(both), both, usual)
        return np.where(np.isfinite(usual), usual, 1.0)

    def _ceiling(self, trace: Trace, conditions: Conditions, first: int) -> Floats:
        """The most that is believed of a plan made on each day, per minute from ``first`` on."""
        highest = highest_so_far(trace.load)
        minutes = np.arange(first, trace.demand.size)
        made_at = minutes - (minutes - first) % DAY_MINUTES - conditions.metric_delay_minutes
        return np.asarray(CEILING * highest[np.maximum(made_at, 0)])


def slot_peaks(load: Floats, slot: int, slots: int) -> Floats:
    """Highest known 5-minute mean of each slot, NaN where none is known and behind the end; shape ``(slots,)``."""
    padded = np.full(slots * slot, np.nan)
    # An unfinished slot is no peak yet.
    finished = min(load.size // slot, slots) * slot
    padded[:finished] = load[:finished]
    means = _mean(padded.reshape(-1, FIVE).T).reshape(slots, -1)
    best = np.where(np.isfinite(means), means, -np.inf).max(axis=1)
    return np.where(np.isfinite(best), best, np.nan)


def _level(seen: Floats, planned: Floats) -> float:
    """How much of the change of the last day against its plan is carried over."""
    both = np.isfinite(seen)
    if both.sum() * 4 < seen.size or planned[both].sum() <= 0:
        return 1.0
    ratio = float(seen[both].sum() / planned[both].sum())
    return float(np.clip(ratio, *LEVEL_BOUNDS) ** LEVEL_SHARE)


def _mean(values: Floats) -> Floats:
    """Mean over the first axis of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def hour_of_week() -> ProfilePlan:
    """The schedule that many teams write by hand: each hour of the week as it usually is."""
    return ProfilePlan("hour-of-week schedule", 60)


def levelled_week() -> ProfilePlan:
    """Half hours of the week, followed by the level of the last days."""
    return ProfilePlan("levelled week", 30, levelled=True)
