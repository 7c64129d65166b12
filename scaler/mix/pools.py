"""Spot pools over minutes: which were open when, and what a group that draws on them has ready and pays for.

A pool is an instance type in a zone. It is open or closed as a whole: while it is open, instances can be
launched and kept; when it closes, all of its instances are gone. Pools of one region close together more
often than chance would have it, so that histories are only ever kept, cut and drawn with their columns
aligned: :class:`PoolHistory` has no way to take one pool's minutes without the others'.

    history = aligned({"m7i.large/a": samples, "c7i.large/b": samples})
    outcome = simulate(history, need, SpotPolicy(), SpotTerms())  # of scaler.mix.fleet
    outcome.ready_minutes(need), outcome.cost_ratio(need, SpotTerms())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTES_OF_A_DAY = 1440


@dataclass(frozen=True, eq=False)
class PoolHistory:
    """Which pools were open, minute by minute.

    Attributes:
        names: of the pools, e.g. ``m7i.large/us-east-1a``.
        open: shape ``(minutes, pools)``, bool.
    """

    names: tuple[str, ...]
    open: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.open.ndim != 2 or self.open.shape[1] != len(self.names) or not self.open.size:
            raise ValueError(f"{len(self.names)} pools need minutes × {len(self.names)}, not {self.open.shape}")

    @property
    def minutes(self) -> int:
        """Length of the history."""
        return int(self.open.shape[0])

    @property
    def days(self) -> int:
        """Whole days of it."""
        return self.minutes // MINUTES_OF_A_DAY

    def between(self, first: int, end: int) -> PoolHistory:
        """The minutes from ``first`` up to ``end``, of all pools."""
        return PoolHistory(self.names, self.open[first:end])

    def drawn_days(self, days: int, rng: np.random.Generator) -> PoolHistory:
        """Whole days drawn with replacement, each with all its pools: what happens together stays together.

        Raises:
            ValueError: the history is shorter than a day.
        """
        if not self.days:
            raise ValueError("no whole day to draw from")
        whole = self.open[: self.days * MINUTES_OF_A_DAY].reshape(self.days, MINUTES_OF_A_DAY, -1)
        return PoolHistory(self.names, whole[rng.integers(self.days, size=days)].reshape(-1, len(self.names)))

    def closing(self, notice_minutes: int) -> NDArray[np.bool_]:
        """Where a pool is open and closes within the next ``notice_minutes``; shape ``(minutes, pools)``."""
        soon = np.zeros_like(self.open)
        for ahead in range(1, notice_minutes + 1):
            soon[:-ahead] |= ~self.open[ahead:]
        return soon & self.open

    def losses_per_day(self) -> NDArray[np.float64]:
        """How often each pool closed per day of the history; shape ``(pools,)``."""
        closed = (self.open[:-1] & ~self.open[1:]).sum(axis=0)
        return np.asarray(closed * MINUTES_OF_A_DAY / self.minutes, dtype=np.float64)


def aligned(samples: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> PoolHistory:
    """Samples of several pools on one minute grid, from the latest first to the earliest last of them.

    Args:
        samples: by pool, the seconds of its samples (ascending, of one clock) and how many instances could
            be had or were kept. A minute is open if none of its samples is zero; between samples the last
            one holds.

    Raises:
        ValueError: a pool without samples, or no minute that all of them cover.
    """
    if not samples or any(len(seconds) == 0 for seconds, _ in samples.values()):
        raise ValueError("every pool needs samples")
    first = max(-(-int(seconds[0]) // 60) for seconds, _ in samples.values())
    end = min(int(seconds[-1]) // 60 + 1 for seconds, _ in samples.values())
    if end <= first:
        raise ValueError("the pools have no minute in common")
    columns = [_minutes(np.asarray(s, dtype=float), np.asarray(v) > 0, first, end) for s, v in samples.values()]
    return PoolHistory(tuple(samples), np.stack(columns, axis=1))


def _minutes(seconds: NDArray[np.float64], is_open: NDArray[np.bool_], first: int, end: int) -> NDArray[np.bool_]:
    minute = np.floor(seconds / 60).astype(np.int64)
    lowest = np.ones(end - first, dtype=bool)
    inside = (minute >= first) & (minute < end)
    np.logical_and.at(lowest, minute[inside] - first, is_open[inside])
    has = np.zeros(end - first, dtype=bool)
    has[minute[inside] - first] = True
    # A minute without a sample has the last one's state.
    held = is_open[np.maximum(np.searchsorted(seconds, np.arange(first, end) * 60.0, side="right") - 1, 0)]
    return np.where(has, lowest, held)


@dataclass(frozen=True)
class SpotTerms:
    """What spot capacity costs and how long things take.

    Attributes:
        spot_lead_minutes: from launch until a spot instance serves; billed all the while.
        on_demand_lead_minutes: the same of an on-demand instance.
        notice_minutes: before a pool closes its instances are told; 0 is no notice.
        spot_price: price of a spot unit over that of an on-demand unit.
    """

    spot_lead_minutes: int = 6
    on_demand_lead_minutes: int = 4
    notice_minutes: int = 2
    spot_price: float = 0.35


@dataclass(frozen=True)
class SpotPolicy:
    """How a group uses spot capacity.

    Attributes:
        spot_share: share of the sizes above the base that is spot.
        on_demand_base: units that are always on-demand.
        inflation: how much above the requirement the sizes are; k.
        fallback: on-demand stands in for whatever spot cannot be counted on (dynamic fallback). What an
            Auto Scaling group does alone is ``False``: it looks for other spot pools and nothing else.
        act_on_notice: replacements are launched at the notice, not at the loss.
        probation_minutes: with fallback, a pool that has just opened is not counted on for so long.
        prefer_steady: pools that closed less often so far take more: the stand-in for AWS's capacity-optimized
            strategies, which know more than that. ``False`` spreads evenly over what is open.
    """

    spot_share: float = 1.0
    on_demand_base: int = 0
    inflation: float = 1.1
    fallback: bool = True
    act_on_notice: bool = True
    probation_minutes: int = 20
    prefer_steady: bool = True


@dataclass(frozen=True, eq=False)
class SpotOutcome:
    """What a policy had, minute by minute; arrays of shape ``(minutes,)``, int64, in units.

    Attributes:
        ready: units that served.
        spot, on_demand: units that were billed, booting ones included.
        losses: times that a pool closed while it held units.
        covered: of these, times after which what was left was enough at once.
    """

    ready: NDArray[np.int64]
    spot: NDArray[np.int64]
    on_demand: NDArray[np.int64]
    losses: int
    covered: int

    def ready_minutes(self, need: NDArray[np.int64]) -> float:
        """Share of the minutes with as much ready as is needed."""
        return float((self.ready >= need).mean())

    def cost_ratio(self, need: NDArray[np.int64], terms: SpotTerms) -> float:
        """What was billed over what exactly the need costs on-demand."""
        return float((self.spot.sum() * terms.spot_price + self.on_demand.sum()) / need.sum())

    @property
    def spot_share(self) -> float:
        """Share of spot in what was billed."""
        return float(self.spot.sum() / max(1, self.spot.sum() + self.on_demand.sum()))
