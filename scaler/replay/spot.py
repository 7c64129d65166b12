"""What a policy's sizes would have had on spot pools that close under it, and how often that was enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.mix.fleet import simulate
from scaler.mix.pools import MINUTES_OF_A_DAY, PoolHistory, SpotOutcome, SpotPolicy, SpotTerms

# States are drawn so far apart: the finer, the more a pool flickers around the point at which it closes.
STEP_MINUTES = 10
# A group begins on-demand; how it moves to spot is not what is judged.
SETTLING_MINUTES = 60


@dataclass(frozen=True)
class SpotScore:
    """How a policy on spot pools came off; shares are 0..1.

    Attributes:
        losses: times that pools closed and took serving instances with them.
        survived: share of these after which what was left carried the load at once; ``None`` without any.
        ready_minutes: share of the known minutes in which what served carried the load.
        cost: billed over what the sizes would have cost on-demand.
        spot_share: share of spot in what was billed.
    """

    losses: int
    survived: float | None
    ready_minutes: float
    cost: float
    spot_share: float


def spot_score(
    wanted: NDArray[np.int64],
    load: NDArray[np.float64],
    history: PoolHistory,
    policy: SpotPolicy,
    terms: SpotTerms,
) -> SpotScore:
    """Run the sizes of a policy on pools of which some close, all at the same minutes as they really did.

    Args:
        wanted: what a policy asked for, shape ``(minutes,)``; it stands a lead time ahead of what it is for.
        load: demand in instances, the same shape; NaN is unknown.
        history: of so many minutes; ``PoolHistory.drawn_days`` makes one as long as it takes.

    Raises:
        ValueError: the shapes differ.
    """
    if not wanted.shape == load.shape == (history.minutes,):
        raise ValueError(f"{wanted.size} sizes, {load.size} minutes of load and {history.minutes} of pools")
    outcome = _settled(simulate(_before(history), np.pad(wanted, (SETTLING_MINUTES, 0), mode="edge"), policy, terms))
    known = np.isfinite(load)
    carried = ~(np.nan_to_num(load, nan=0.0) > outcome.ready + 1e-9)
    closed = (history.open[:-1] & ~history.open[1:]).any(axis=1)
    lost = np.flatnonzero(closed & (np.diff(outcome.ready) < 0)) + 1
    lost = lost[known[lost]]
    return SpotScore(
        losses=int(lost.size),
        survived=float(carried[lost].mean()) if lost.size else None,
        ready_minutes=float(carried[known].mean()) if known.any() else float("nan"),
        cost=outcome.cost_ratio(wanted, terms),
        spot_share=outcome.spot_share,
    )


def _before(history: PoolHistory) -> PoolHistory:
    """With the first state for as long as a group takes to settle on it."""
    first = np.repeat(history.open[:1], SETTLING_MINUTES, axis=0)
    return PoolHistory(history.names, np.concatenate((first, history.open)))


def _settled(outcome: SpotOutcome) -> SpotOutcome:
    """Without the minutes in which it settled."""
    ready, spot, on_demand = (each[SETTLING_MINUTES:] for each in (outcome.ready, outcome.spot, outcome.on_demand))
    return SpotOutcome(ready, spot, on_demand, outcome.losses, outcome.covered)


def correlated_pools(
    types: Sequence[str],
    zones: Sequence[str],
    minutes: int,
    *,
    losses_per_day: float,
    closed_hours: float,
    correlation: float = 0.4,
    same_type: float = 0.2,
    seed: int,
) -> PoolHistory:
    """Pools that open and close together, for where no history of theirs is known.

    Each pool has a normal variable that wanders, and is closed while it is below a point. What the pools share of it
    makes them close together; the point and the speed of wandering give the rate of losses and how long they last.

    Args:
        losses_per_day: how often each pool closes.
        closed_hours: how long it stays closed on average.
        correlation: of the variables of any two pools; real pools of one region show 0.4 or so.
        same_type: what two pools of one type have in common beyond that.

    Raises:
        ValueError: pools cannot close that often and stay closed that long.
    """
    from scipy.special import ndtri

    cycle_hours = 24 / losses_per_day
    if not 0 < closed_hours < cycle_hours:
        raise ValueError(f"closed for {closed_hours} h, {losses_per_day} times a day")
    point = float(ndtri(closed_hours / cycle_hours))
    keeps = _persistence(point, losses_per_day * STEP_MINUTES / MINUTES_OF_A_DAY)
    steps = -(-minutes // STEP_MINUTES)
    rng = np.random.default_rng(seed)
    shared = _wander(rng, (1, 1), steps, keeps)
    by_type = _wander(rng, (len(types), 1), steps, keeps)
    own = _wander(rng, (len(types), len(zones)), steps, keeps)
    parts = np.sqrt([correlation, same_type, 1 - correlation - same_type])
    latent = parts[0] * shared + parts[1] * by_type + parts[2] * own
    is_open = np.repeat(latent >= point, STEP_MINUTES, axis=0)[:minutes].reshape(minutes, -1)
    return PoolHistory(tuple(f"{kind}/{zone}" for kind in types for zone in zones), is_open)


def _wander(rng: np.random.Generator, shape: tuple[int, int], steps: int, keeps: float) -> NDArray[np.float64]:
    """Standard normal and correlated from step to step by ``keeps``; shape ``(steps, *shape)``."""
    from scipy.signal import lfilter

    shocks = rng.standard_normal((steps, *shape))
    shocks[1:] *= np.sqrt(1 - keeps**2)
    return np.asarray(lfilter([1.0], [1.0, -keeps], shocks, axis=0), dtype=np.float64)


def _persistence(point: float, closes: float) -> float:
    """Correlation from step to step with which a variable falls below ``point`` so often per step.

    That probability is 2 T(point, sqrt((1 - r) / (1 + r))), T being Owen's function, as follows from his formula for
    two normal variables below the same point (Owen, Ann. Math. Statist. 27, 1956).

    Raises:
        ValueError: it cannot be so high.
    """
    from scipy.optimize import brentq
    from scipy.special import owens_t

    if closes >= 2 * owens_t(point, 1.0):
        raise ValueError("pools cannot close that often and stay closed that long")
    ratio = brentq(lambda a: 2 * owens_t(point, a) - closes, 0.0, 1.0, xtol=1e-12)
    return float((1 - ratio**2) / (1 + ratio**2))
