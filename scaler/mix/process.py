"""What spot pools may do in one decision's time: scenarios in which pools are lost whole, and together.

A scenario is drawn from a latent normal variable per pool, made of a part that all pools of the region
share, one of the instance type, one of the zone, and one of the pool's own. A pool is lost where its
variable falls below the point that its loss rate sets. (One-factor models of joint default are built the
same way: Vasicek, Loan portfolio value, Risk 15(12), 2002.)

Types come in the order of their loss rates (but for the first, which may be any), and random numbers belong
to the place in that order and not to the name: taking a type away moves the riskier ones up to random numbers
that were a safer one's, so that in each scenario each place is lost if it was before. What
:mod:`scaler.mix.proof` reports stands on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.mix.pools import MINUTES_OF_A_DAY, PoolHistory

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Factors:
    """Shares of the latent variance that pools have in common; the rest is the pool's own.

    The defaults give pools of one type in two zones a latent correlation of 0.6, others of the region 0.35
    to 0.45. Of availability that was sampled side by side (https://github.com/skypilot-org/spot-traces) the
    tetrachoric correlations are 0.3 to 0.9 (median 0.7) for one type in two zones, and -0.2 to 0.65 otherwise.
    """

    region: float = 0.35
    instance_type: float = 0.25
    zone: float = 0.1

    @property
    def own(self) -> float:
        """What is left to the pool itself."""
        return 1 - self.region - self.instance_type - self.zone


CORRELATED = Factors()
#: What a naive calculation supposes.
INDEPENDENT = Factors(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Shocks:
    """Scenarios of one decision's time.

    Attributes:
        lost: shape ``(scenarios, types, zones)``: the pool closes while it holds units.
        shut: the same shape: it is lost, or was closed all along and can take nothing over.
        held: the same shape: the pool was open, so that it may hold units; ``None`` where all may.
    """

    lost: Flags
    shut: Flags
    held: Flags | None = None


def draw_shocks(
    losses_per_day: Sequence[float],
    zones: int,
    *,
    window_minutes: float,
    closed_hours: float,
    factors: Factors,
    scenarios: int,
    seed: int,
) -> Shocks:
    """Draw scenarios of the correlated process.

    Args:
        losses_per_day: whole-pool losses per day by type, ascending from the second on.
        window_minutes: how long a decision has to hold: losses within it are not made up for.
        closed_hours: how long a pool stays closed on average.
        factors: what the pools have in common.

    Returns:
        shocks of shape ``(scenarios, types, zones)``; the first types' are the same whatever follows them.
    """
    from scipy.special import ndtri

    rates = np.asarray(losses_per_day, dtype=float)
    if (np.diff(rates[1:]) < 0).any():
        raise ValueError("types come in the order of their loss rates")
    lost = -np.expm1(-rates * window_minutes / MINUTES_OF_A_DAY)
    closed = rates * closed_hours / (24 + rates * closed_hours)
    latent = _latent(rates.size, zones, factors, scenarios, seed)
    either = np.minimum(lost + closed, 1.0)
    return Shocks(latent < ndtri(lost)[:, None], latent < ndtri(either)[:, None])


def _latent(types: int, zones: int, factors: Factors, scenarios: int, seed: int) -> NDArray[np.float64]:
    """Standard normal, shape ``(scenarios, types, zones)``; a stream of its own per type."""
    shared = np.random.default_rng([seed, 0])
    region = shared.standard_normal((scenarios, 1))
    zone = shared.standard_normal((scenarios, zones))
    common = np.sqrt(factors.region) * region + np.sqrt(factors.zone) * zone
    made = np.empty((scenarios, types, zones))
    for place in range(types):
        mine = np.random.default_rng([seed, 1 + place]).standard_normal((scenarios, 1 + zones))
        made[:, place] = common + np.sqrt(factors.instance_type) * mine[:, :1] + np.sqrt(factors.own) * mine[:, 1:]
    return made


def history_shocks(
    history: PoolHistory,
    pools: Sequence[Sequence[str]],
    *,
    window_minutes: int,
    scenarios: int,
    seed: int,
) -> Shocks:
    """Scenarios from a real history: random minutes of whole days, all pools at the same one.

    Args:
        pools: names in the history, by type and zone.

    Raises:
        ValueError: a pool that the history does not have, or fewer minutes than the window.
    """
    starts = history.minutes - window_minutes
    if starts < 1:
        raise ValueError("the history is shorter than the window")
    columns = np.array([[history.names.index(name) for name in row] for row in pools])
    rng = np.random.default_rng(seed)
    days = max(1, history.days)
    at = np.minimum(
        rng.integers(days, size=scenarios) * MINUTES_OF_A_DAY + rng.integers(MINUTES_OF_A_DAY, size=scenarios),
        starts - 1,
    )
    lost = history.closing(window_minutes)[at]
    shut = ~history.open[at] | lost
    return Shocks(lost[:, columns], shut[:, columns], history.open[at][:, columns])
