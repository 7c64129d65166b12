"""A group on spot pools, minute by minute: its units, what boots, and what it decides."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scaler.mix.fallback import on_demand_target
from scaler.mix.pools import PoolHistory, SpotOutcome, SpotPolicy, SpotTerms

# Before it has been watched, a pool is taken to close every twelve hours; older losses count half every two days.
_PRIOR_LOSSES, _PRIOR_MINUTES, _HALF_LIFE_MINUTES = 1.0, 720.0, 2880.0
_ON_DEMAND = -1


@dataclass
class _Boot:
    """Units on their way: of a pool, or on-demand."""

    ready_at: int
    pool: int
    units: int


@dataclass
class _Fleet:
    """What a group has. ``spot`` holds serving units by pool."""

    spot: NDArray[np.int64]
    on_demand: int = 0
    boots: list[_Boot] = field(default_factory=list)

    def booting(self, pools: int) -> tuple[NDArray[np.int64], int]:
        """Units on their way by pool, and on-demand."""
        spot, on_demand = np.zeros(pools, dtype=np.int64), 0
        for boot in self.boots:
            if boot.pool == _ON_DEMAND:
                on_demand += boot.units
            else:
                spot[boot.pool] += boot.units
        return spot, on_demand


class _Steadiness:
    """How much a pool is preferred, from how often it closed while it was watched."""

    def __init__(self, pools: int) -> None:
        self._losses = np.full(pools, _PRIOR_LOSSES)
        self._minutes = np.full(pools, _PRIOR_MINUTES)

    def watch(self, was: NDArray[np.bool_], now: NDArray[np.bool_], minutes: int) -> None:
        """``minutes`` passed in the state ``was``; then it became ``now``."""
        decay = 0.5 ** (minutes / _HALF_LIFE_MINUTES)
        self._losses = self._losses * decay + (was & ~now)
        self._minutes = self._minutes * decay + was * minutes

    def weights(self) -> NDArray[np.float64]:
        """The square of the mean time between losses: twice as steady, four times preferred."""
        return np.asarray((self._minutes / self._losses) ** 2, dtype=np.float64)


def simulate(
    history: PoolHistory, need: NDArray[np.int64], policy: SpotPolicy, terms: SpotTerms, *, start_ready: bool = True
) -> SpotOutcome:
    """Run a group over the minutes of a pool history.

    Nothing later than the minute itself decides, but for the notice. What happens between two events (a pool
    opens or closes, the need changes, something has booted) is taken in one step.

    Args:
        need: units that should be ready in each minute, shape ``(minutes,)``; sizes follow it without delay,
            so that a lead time ahead of demand is the caller's affair.
        start_ready: begin with what the first minute asks for, on-demand, already serving.

    Raises:
        ValueError: ``need`` has another length than the history.
    """
    if need.shape != (history.minutes,):
        raise ValueError(f"need has {need.shape}, the history {history.minutes} minutes")
    minutes, pools = history.open.shape
    closing = history.closing(terms.notice_minutes if policy.act_on_notice else 0)
    changes = _changes(history, closing, need)
    fleet = _Fleet(np.zeros(pools, dtype=np.int64), int(need[0]) if start_ready else 0)
    steadiness, opened_at = _Steadiness(pools), np.full(pools, -(10**9))
    ready, spot, on_demand = (np.zeros(minutes, dtype=np.int64) for _ in range(3))
    losses = covered = now = 0
    while now < minutes:
        held = fleet.spot.sum()
        _lose_and_gain(fleet, history.open[now], now)
        if fleet.spot.sum() < held and now and (history.open[now - 1] & ~history.open[now]).any():
            losses += 1
            covered += int(fleet.spot.sum() + fleet.on_demand >= need[now])
        probation = np.where(now - opened_at < policy.probation_minutes, opened_at + policy.probation_minutes, 0)
        good = history.open[now] & ~closing[now]
        _decide(fleet, int(need[now]), good, probation == 0, steadiness.weights(), policy, terms, now)
        ends = [b.ready_at for b in fleet.boots] + [int(p) for p in probation[good] if p > now]
        after = int(changes[np.searchsorted(changes, now, side="right")])
        until = max(now + 1, min([after, minutes, *(end for end in ends if end > now)]))
        booting, booting_on_demand = fleet.booting(pools)
        ready[now:until] = fleet.spot.sum() + fleet.on_demand
        spot[now:until] = fleet.spot.sum() + booting.sum()
        on_demand[now:until] = fleet.on_demand + booting_on_demand
        if until < minutes:
            steadiness.watch(history.open[now], history.open[until], until - now)
            opened_at = np.where(~history.open[now] & history.open[until], until, opened_at)
        now = until
    return SpotOutcome(ready, spot, on_demand, losses, covered)


def _changes(history: PoolHistory, closing: NDArray[np.bool_], need: NDArray[np.int64]) -> NDArray[np.int64]:
    """Minutes at which something outside the group changes, and the end."""
    moved = (history.open[1:] != history.open[:-1]).any(axis=1) | (closing[1:] != closing[:-1]).any(axis=1)
    return np.append(np.flatnonzero(moved | (need[1:] != need[:-1])) + 1, history.minutes)


def _lose_and_gain(fleet: _Fleet, is_open: NDArray[np.bool_], now: int) -> None:
    """Closed pools take their units with them, booting ones too; what has booted serves."""
    fleet.spot[~is_open] = 0
    left = []
    for boot in fleet.boots:
        if boot.pool != _ON_DEMAND and not is_open[boot.pool]:
            continue
        if boot.ready_at > now:
            left.append(boot)
        elif boot.pool == _ON_DEMAND:
            fleet.on_demand += boot.units
        else:
            fleet.spot[boot.pool] += boot.units
    fleet.boots = left


def _decide(  # noqa: PLR0917 - one call
    fleet: _Fleet,
    need: int,
    good: NDArray[np.bool_],
    trusted: NDArray[np.bool_],
    weights: NDArray[np.float64],
    policy: SpotPolicy,
    terms: SpotTerms,
    now: int,
) -> None:
    """Launch what is missing and let go what is too much, spot first."""
    size = math.ceil(need * policy.inflation - 1e-9)
    floor = min(size, policy.on_demand_base)
    floor += math.ceil((size - floor) * (1 - policy.spot_share) - 1e-9)
    _spot(fleet, size - floor, good, weights if policy.prefer_steady else np.ones_like(weights), now, terms)
    sure = int(fleet.spot[good & trusted].sum())
    target = on_demand_target(need, sure, floor) if policy.fallback else floor
    _, booting = fleet.booting(good.size)
    if fleet.on_demand + booting < target:
        missing = target - fleet.on_demand - booting
        fleet.boots.append(_Boot(now + terms.on_demand_lead_minutes, _ON_DEMAND, missing))
    elif fleet.on_demand > target:
        fleet.on_demand = target


def _spot(  # noqa: PLR0917 - one call
    fleet: _Fleet, target: int, good: NDArray[np.bool_], weights: NDArray[np.float64], now: int, terms: SpotTerms
) -> None:
    """Bring the spot units in good pools to the target: launched where most is missing, let go where most is over."""
    booting, _ = fleet.booting(good.size)
    have = np.where(good, fleet.spot + booting, 0)
    wanted = _spread(target, np.where(good, weights, 0.0))
    missing = target - int(have.sum())
    for pool in np.argsort(have - wanted, kind="stable"):
        if missing <= 0 or not good[pool] or have[pool] >= wanted[pool]:
            break
        units = min(missing, int(wanted[pool] - have[pool]))
        fleet.boots.append(_Boot(now + terms.spot_lead_minutes, int(pool), units))
        missing -= units
    for pool in np.argsort(wanted - have, kind="stable"):
        if missing >= 0:
            break
        units = min(-missing, int(fleet.spot[pool])) if good[pool] else 0
        fleet.spot[pool] -= units
        missing += units


def _spread(units: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole units by weight; the largest remainders take what is left over."""
    if not weights.any():
        return np.zeros(weights.size, dtype=np.int64)
    exact = units * weights / weights.sum()
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: units - int(whole.sum())]] += 1
    return np.asarray(whole, dtype=np.int64)
