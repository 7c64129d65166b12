"""What events and holidays do to demand: taken out of the past before a fit, put onto the forecast after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.events import Event
from scaler.forecast.impute import impute
from scaler.forecast.seasons import DAY_SECONDS, WEEK_SECONDS

# What is learned from a few days stays within these.
LEAST_EFFECT, MOST_EFFECT = 0.05, 20.0
# Uncertainty about an effect: the spread around the median grows by this share of its logarithm.
WIDENING = 0.5
# An effect that nobody has given or seen.
UNSEEN_WIDENING = 1.5
# A history of which events would take more than this share away is used as it is.
MOST_TAKEN_OUT = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects on one workload.

    Attributes:
        fitted: history without them, shape ``(t,)``; NaN where an effect of unknown size was at work.
        multiplier: shape ``(horizon,)``, 1 where nothing happens.
        floor: shape ``(horizon,)``, 0 where there is none.
        widening: factor on the spread around the median, shape ``(horizon,)``, at least 1.
        notes: one line for each thing that happens within the horizon.
    """

    fitted: Floats
    multiplier: Floats
    floor: Floats
    widening: Floats
    notes: tuple[str, ...]

    def onto(self, values: Floats, median: Floats) -> Floats:
        """Quantiles with the effects.

        Args:
            values: shape ``(horizon, quantiles)``.
            median: shape ``(horizon,)``.
        """
        centre = median[:, None]
        spread = centre + (values - centre) * self.widening[:, None]
        return np.maximum(np.maximum(spread, 0.0) * self.multiplier[:, None], self.floor[:, None])


def share_of_steps(event: Event, times: NDArray[np.int64], step_seconds: int) -> Floats:
    """How much of each step an event takes. A step of up to an hour that it touches counts as a whole."""
    share = np.zeros(times.size)
    for start in event.starts:
        overlap = np.minimum(times + step_seconds, start + event.duration_seconds) - np.maximum(times, start)
        share = np.maximum(share, np.clip(overlap / step_seconds, 0.0, 1.0))
    return np.where(share > 0, 1.0, 0.0) if step_seconds <= 3_600 else share


def effects_of(
    values: Floats,
    clock: NDArray[np.int64],
    *,
    start_epoch: int,
    step_seconds: int,
    events: tuple[Event, ...],
    holidays: Mapping[date, str],
) -> Effects:
    """Take events and holidays out of ``values`` and say what they will do.

    Args:
        values: history, shape ``(t,)``, NaN where missing.
        clock: wall time of history and horizon, shape ``(t + horizon,)``.
    """
    known, ahead = values.size, clock.size - values.size
    times = start_epoch + step_seconds * np.arange(clock.size, dtype=np.int64)
    days = _holiday_names(clock, holidays) if holidays else np.full(clock.size, "", dtype=object)
    shares = [share_of_steps(event, times, step_seconds) for event in events]
    fitted = values.copy()
    for event, share in zip(events, shares, strict=True):
        if event.multiplier is not None:
            fitted /= 1 + (event.multiplier - 1) * share[:known]
        else:
            fitted[share[:known] > 0] = np.nan
    fitted[days[:known] != ""] = np.nan
    if np.isnan(fitted).sum() - np.isnan(values).sum() > MOST_TAKEN_OUT * np.isfinite(values).sum():
        fitted = values.copy()
    multiplier, floor, widening, notes = np.ones(ahead), np.zeros(ahead), np.ones(ahead), list[str]()
    past = _Past(values, fitted, clock, step_seconds)
    for event, share in zip(events, shares, strict=True):
        part: Floats = share[known:]
        if not part.any():
            continue
        factor, wider, note = past.effect(event, share[:known])
        multiplier *= 1 + (factor - 1) * part
        floor = np.maximum(floor, (event.floor or 0.0) * (part > 0))
        widening *= np.where(part > 0, wider, 1.0)
        notes.append(f"event {event.name} {note}")
    if (days[known:] != "").any():
        factors, wide, notes_of_days = past.holidays(days)
        multiplier *= factors
        widening *= wide
        notes += notes_of_days
    return Effects(fitted, multiplier, floor, widening, tuple(notes))


def _holiday_names(clock: NDArray[np.int64], holidays: Mapping[date, str]) -> NDArray[np.object_]:
    numbers = clock // DAY_SECONDS
    names = {
        int(number): holidays.get(datetime.fromtimestamp(int(number) * DAY_SECONDS, UTC).date(), "")
        for number in np.unique(numbers)
    }
    return np.asarray([names[int(number)] for number in numbers], dtype=object)


class _Past:
    """What history says of effects."""

    def __init__(self, values: Floats, fitted: Floats, clock: NDArray[np.int64], step_seconds: int) -> None:
        self._values, self._fitted, self._clock, self._step = values, fitted, clock, step_seconds
        self._usual: Floats | None = None

    def usual(self) -> Floats:
        """Demand as it would have been: the fitted values, gaps filled from their season."""
        if self._usual is None:
            seen = np.flatnonzero(np.isfinite(self._fitted))
            usual = np.full(self._values.size, np.nan)
            if seen.size:
                first = int(seen[0])
                usual[first:] = impute(self._fitted[first:], self._clock[first : self._values.size], self._step)
            self._usual = usual
        return self._usual

    def effect(self, event: Event, share: Floats) -> tuple[float, float, str]:
        """Factor, widening and note of an event."""
        if event.multiplier is not None:
            return event.multiplier, 1 + WIDENING * abs(float(np.log(event.multiplier))), f"×{event.multiplier:g}"
        if event.floor is not None:
            return 1.0, 1.0, f"at least {event.floor:g}"
        ratios = self._ratios(share > 0)
        if not ratios:
            return 1.0, UNSEEN_WIDENING, "has not been seen before, so its effect is unknown"
        factor = float(np.median(ratios))
        spread = float(np.std(np.log(ratios))) if len(ratios) > 1 else WIDENING * abs(float(np.log(factor)))
        return factor, 1 + spread, f"×{factor:.3g}, learned from {len(ratios)} before"

    def _ratios(self, taken: NDArray[np.bool_]) -> list[float]:
        """Observed over usual for each run of steps that an event took."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], taken.astype(np.int8), [0]])))
        ratios = []
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            ratio = _ratio(self._values[first:end], self.usual()[first:end])
            if ratio is not None:
                ratios.append(ratio)
        return ratios

    def holidays(self, days: NDArray[np.object_]) -> tuple[Floats, Floats, list[str]]:
        """Factors, widening and notes for the holidays ahead.

        Learned by hour of the day from the holidays seen, if there were two; otherwise a holiday is like
        a Sunday.
        """
        known = self._values.size
        ahead = days[known:]
        hours = self._clock // 3_600 % 24
        numbers = self._clock // DAY_SECONDS
        seen = np.unique(numbers[:known][(days[:known] != "") & np.isfinite(self._values)])
        factors, wide = np.ones(ahead.size), np.ones(ahead.size)
        learned = seen.size >= 2
        weekday = (numbers + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        for hour in range(24):
            here = (ahead != "") & (hours[known:] == hour)
            if not here.any():
                continue
            near = np.isin(hours[:known], [(hour - 1) % 24, hour, (hour + 1) % 24])
            if learned:
                taken = near & (days[:known] != "")
                ratio = _ratio(self._values[taken], self.usual()[taken])
                factors[here] = 1.0 if ratio is None else ratio
                continue
            for number in np.unique(weekday[known:][here]):
                target = here & (weekday[known:] == number)
                factors[target] = self._sunday_over(near, weekday[:known], int(number))
        wide[ahead != ""] = 1 + WIDENING * np.abs(np.log(factors[ahead != ""]))
        how = f"as {seen.size} holidays before" if learned else "as a Sunday"
        names = dict.fromkeys(str(name) for name in ahead if name)
        return factors, wide, [f"holiday {name} {how}" for name in names]

    def _sunday_over(self, near: NDArray[np.bool_], weekday: NDArray[np.int64], number: int) -> float:
        if weekday.size * self._step < WEEK_SECONDS:
            return 1.0
        sunday, usual = self._fitted[near & (weekday == 6)], self._fitted[near & (weekday == number)]
        sunday, usual = sunday[np.isfinite(sunday)], usual[np.isfinite(usual)]
        if not sunday.size or not usual.size or np.median(usual) <= 0:
            return 1.0
        return float(np.clip(np.median(sunday) / np.median(usual), LEAST_EFFECT, MOST_EFFECT))


def _ratio(observed: Floats, usual: Floats) -> float | None:
    both = np.isfinite(observed) & np.isfinite(usual)
    total = float(usual[both].sum())
    if not both.any() or total <= 0:
        return None
    return float(np.clip(observed[both].sum() / total, LEAST_EFFECT, MOST_EFFECT))
