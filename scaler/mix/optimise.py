"""Which types, how much spot, and how much more than required: the cheapest that stays within the accepted risk.

The options are combinations of a highest loss rate and a number of types. What each has to plan for
(:func:`scaler.mix.proof.planned_loss`) is drawn once for types that are all as bad as the rate allows, so
that it depends on neither prices nor names; its cost is linear in the prices. The cheapest of a fixed set of
options that are linear in the prices takes no more of a type that gets dearer, and one option more never
costs more. Demand is not looked at: lists and percentages do not flap from plan to plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scaler.mix.choice import Limit, TypeList, cheapest_list
from scaler.mix.interface import Candidate
from scaler.mix.loss_rates import CLOSED_HOURS
from scaler.mix.process import CORRELATED, Factors, draw_shocks
from scaler.mix.proof import LOWEST_PRICE_POOLS, lost_shares, planned_loss

#: An Auto Scaling group takes no more.
MOST_TYPES = 40
#: Where no price tells whether spot pays, sizes may be inflated this far for it and no further.
MOST_INFLATION_UNPRICED = 1.25
#: Sizes that survive the loss of more of the group than this would be twenty times what is needed.
MOST_LOST = 0.95
_COUNTS = (*range(1, 9), 10, 12, 16, 20, 24, 32, 40)
_SEED = 20_261_121
_SCENARIOS, _MOST_SCENARIOS = 4000, 40_000


@dataclass(frozen=True)
class Terms:
    """What a mix has to keep to.

    Attributes:
        spot_share: highest share of spot above the on-demand base.
        accepted: probability that may be taken that less than the requirement survives.
        window_minutes: how long a decision has to hold: a plan step and the time until a replacement serves.
        zones: of the group.
        max_pool_share: of the group, that one pool is meant to hold; with too few pools on-demand fills.
        strategy: how AWS picks spot pools.
    """

    spot_share: float
    accepted: float
    window_minutes: float
    zones: int
    max_pool_share: float = 0.1
    strategy: str = "price-capacity-optimized"
    factors: Factors = CORRELATED
    time_limit_seconds: float = 5.0
    seed: int = _SEED

    @property
    def scenarios(self) -> int:
        """Enough to tell the accepted probability from a larger one."""
        return min(_MOST_SCENARIOS, max(_SCENARIOS, math.ceil(20 / self.accepted)))

    def on_demand_percentage(self, types: int) -> int:
        """As a group with so many types is told: rounded up, so that spot never exceeds the accepted share."""
        share = min(self.spot_share, types * self.zones * self.max_pool_share)
        return min(100, math.ceil((1 - share) * 100 - 1e-9))

    def fewest_types(self, on_demand_percentage: int) -> int:
        """The shortest list that may have so much spot."""
        return next(n for n in range(1, 10_000) if self.on_demand_percentage(n) <= on_demand_percentage)


@dataclass(frozen=True)
class Option:
    """A way to use spot capacity.

    Attributes:
        types: places of the candidates on the list, in the candidates' order.
        lost_share: of the spot units, that sizes have to survive.
        usd_per_unit_hour: of a unit of requirement, inflation included; ``None`` is unknown.
        gap: the solver's; ``None`` of the greedy way, or where there was nothing to solve.
    """

    types: tuple[int, ...]
    on_demand_percentage: int
    lost_share: float
    usd_per_unit_hour: float | None
    method: str
    gap: float | None


@lru_cache(maxsize=512)
def planned_losses(rate: float, most: int, terms: Terms) -> NDArray[np.float64]:
    """The lost share to plan for with 1, 2, … ``most`` types that are lost ``rate`` times a day; shape ``(most,)``.

    Kept, and read-only: a fleet asks for few different ones.
    """
    window, zones = terms.window_minutes, terms.zones
    shocks = draw_shocks(
        [rate] * most,
        zones,
        window_minutes=window,
        closed_hours=CLOSED_HOURS,
        factors=terms.factors,
        scenarios=terms.scenarios,
        seed=terms.seed,
    )
    planned = planned_loss(lost_shares(shocks, seed=terms.seed + 1)[:, :, -1], terms.accepted)
    if terms.strategy == "lowest-price":
        planned[LOWEST_PRICE_POOLS:] = planned[min(most, LOWEST_PRICE_POOLS) - 1]
    planned.flags.writeable = False
    return planned


def best_option(candidates: Sequence[Candidate], terms: Terms, limits: Sequence[Limit] = ()) -> Option | None:
    """The cheapest way to use spot; ``None`` if all on-demand is as cheap, or no way keeps to the terms.

    The first candidate stays on the list: on-demand capacity is of it.

    Args:
        candidates: with every price known, or with none.
    """
    if not candidates or terms.spot_share <= 0:
        return None
    options = _options(candidates, terms)
    if any(each.spot_usd is None or each.on_demand_usd is None for each in candidates):
        return _safest(candidates, options)
    return _cheapest(candidates, options, terms, limits)


@dataclass(frozen=True)
class _Class:
    """Types up to a loss rate, so many of them, and what a unit of requirement then takes."""

    rate: float
    count: int
    on_demand_percentage: int
    lost_share: float

    @property
    def share(self) -> float:
        """Share of spot."""
        return 1 - self.on_demand_percentage / 100

    @property
    def inflation(self) -> float:
        """Units for each unit of a large requirement."""
        return 1 / (1 - self.share * self.lost_share)


def _options(candidates: Sequence[Candidate], terms: Terms) -> list[_Class]:
    """Every class that keeps to the terms; smaller rates and longer lists first."""
    made = []
    for rate in sorted({each.losses_per_day for each in candidates}):
        if rate < candidates[0].losses_per_day:
            continue
        types = min(MOST_TYPES, sum(each.losses_per_day <= rate for each in candidates))
        losses = planned_losses(rate, types, terms)
        for count in sorted({*(c for c in _COUNTS if c <= types), types}, reverse=True):
            option = _Class(rate, count, terms.on_demand_percentage(count), float(losses[count - 1]))
            if option.share * option.lost_share < MOST_LOST:
                made.append(option)
    return made


def _safest(candidates: Sequence[Candidate], options: Sequence[_Class]) -> Option | None:
    """Without prices: the option with most spot that inflates least, as long as that is little."""
    some = [each for each in options if each.lost_share < 1]
    best = min(some, key=lambda each: (each.on_demand_percentage, each.inflation), default=None)
    if best is None or best.inflation > MOST_INFLATION_UNPRICED:
        return None
    allowed = [i for i, each in enumerate(candidates) if each.losses_per_day <= best.rate]
    return Option(tuple(allowed[: best.count]), best.on_demand_percentage, best.lost_share, None, "by risk", None)


def _cheapest(
    candidates: Sequence[Candidate],
    options: Sequence[_Class],
    terms: Terms,
    limits: Sequence[Limit],
) -> Option | None:
    """From the most promising option on, until the bound of the next cannot beat what was found."""
    spot = np.array([(each.spot_usd or 0.0) / each.weight for each in candidates])
    on_demand = (candidates[0].on_demand_usd or 0.0) / candidates[0].weight
    rates = np.array([each.losses_per_day for each in candidates])

    def cost(option: _Class, usd: float) -> float:
        return option.inflation * ((1 - option.share) * on_demand + option.share * usd / option.count)

    def bound(option: _Class) -> float:
        others = np.sort(spot[1:][rates[1:] <= option.rate])[: option.count - 1]
        return cost(option, float(spot[0] + others.sum()))

    best: Option | None = None
    least = on_demand
    # Rounded, so that of options that cost the same the longer list comes first.
    promises = sorted(((float(f"{bound(each):.12g}"), each) for each in options), key=lambda pair: pair[0])
    for promised, option in promises:
        if promised >= least:
            break
        found: TypeList | None = cheapest_list(
            spot,
            option.count,
            allowed=rates <= option.rate,
            kept=(0,),
            limits=limits,
            time_limit_seconds=terms.time_limit_seconds,
        )
        if found is not None and cost(option, found.usd) < least:
            least = cost(option, found.usd)
            best = Option(found.chosen, option.on_demand_percentage, option.lost_share, least, found.method, found.gap)
    return best
