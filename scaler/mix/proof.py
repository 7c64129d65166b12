"""Monte Carlo over what is emitted: how much of the spot capacity is gone at once, and how often that is too much.

An Auto Scaling group is told a list of types, not a count per pool; AWS places the units. The stand-in for
its choice puts an even part into each zone, as groups do, and within a zone divides it at random among the
types, anew in each scenario (uniformly over all divisions). ``lowest-price`` keeps to the two cheapest types.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.mix.process import Shocks

#: Of ``lowest-price``: what AWS takes where the group does not say.
#: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
LOWEST_PRICE_POOLS = 2
# One-sided 95 %: the quantile that is planned with is exceeded more often than accepted in one case of twenty.
_CONFIDENCE = 1.645
_INTERVAL = 1.96

Floats = NDArray[np.float64]


def lost_shares(shocks: Shocks, *, seed: int) -> Floats:
    """Share of the spot units that is lost, had the group the first types and zones only.

    Where all pools are shut at once, all is lost: nothing can take over.

    Returns:
        shape ``(scenarios, types, zones)``: at ``[s, i, a]`` what is lost in scenario ``s`` with the first
        ``i + 1`` types in the first ``a + 1`` zones. A type more or less leaves the others' parts in proportion.
    """
    scenarios, types, zones = shocks.lost.shape
    parts = np.empty((scenarios, types, zones))
    for place in range(types):
        parts[:, place] = np.random.default_rng([seed, place]).standard_exponential((scenarios, zones))
    if shocks.held is not None:
        parts *= shocks.held
    held = np.cumsum(parts, axis=1)
    gone = np.cumsum(parts * shocks.lost, axis=1) / np.where(held > 0, held, 1.0)
    # A zone without an open pool holds nothing; the others hold its part, too.
    shares = np.cumsum(gone, axis=2) / np.maximum(np.cumsum(held > 0, axis=2), 1)
    nothing_left = np.logical_and.accumulate(np.logical_and.accumulate(shocks.shut, axis=1), axis=2)
    return np.where(nothing_left, 1.0, shares)


def planned_loss(shares: Floats, accepted: float) -> Floats:
    """The lost share to plan for along the first axis, so that a larger one is rarer than ``accepted``.

    The order statistic is chosen so that sampling alone rarely makes it too small; with too few scenarios to
    tell, all is taken to be lost.
    """
    scenarios = shares.shape[0]
    expected = scenarios * accepted
    allowed = math.floor(expected - _CONFIDENCE * math.sqrt(expected * (1 - accepted)))
    if allowed < 1:
        return np.ones(shares.shape[1:])
    return np.asarray(np.partition(shares, scenarios - allowed, axis=0)[scenarios - allowed], dtype=float)


@dataclass(frozen=True)
class Probability:
    """A share of scenarios with its 95 % interval (Wilson)."""

    value: float
    low: float
    high: float
    scenarios: int


def probability(hits: int, scenarios: int) -> Probability:
    """``hits`` of ``scenarios`` as a probability."""
    share, z2 = hits / scenarios, _INTERVAL**2
    centre = (share + z2 / (2 * scenarios)) / (1 + z2 / scenarios)
    half = _INTERVAL / (1 + z2 / scenarios) * math.sqrt(share * (1 - share) / scenarios + z2 / (4 * scenarios**2))
    return Probability(share, max(0.0, centre - half), min(1.0, centre + half), scenarios)


@dataclass(frozen=True)
class Proven:
    """What fresh scenarios say of a list.

    Attributes:
        types: how many of the list's first types are best used: more would only add risk.
        short: how often more than ``lost_share`` is lost with these.
    """

    types: int
    short: Probability


def prove(shares: Floats, lost_share: float, *, fewest: int) -> Proven:
    """How often more of the spot units is lost than sizes survive, at best over the list's beginnings.

    Taking a type away never lowers it: every beginning of what is left loses in each scenario what the
    beginning of the same length lost, or more, and there is one beginning less.

    Args:
        shares: of :func:`lost_shares` from scenarios that nothing was chosen by; the last zone is looked at.
        fewest: shortest beginning that may be used.
    """
    scenarios, types, _ = shares.shape
    short = (shares[:, :, -1] > lost_share + 1e-12).sum(axis=0)
    fewest = min(fewest, types)
    # Of equals the longest: more pools to find capacity in.
    best = types - 1 - int(np.argmin(short[fewest - 1 :][::-1]))
    return Proven(best + 1, probability(int(short[best]), scenarios))
