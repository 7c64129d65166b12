"""What fresh scenarios, and availability that was measured, say of a list: the part of a mix that reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scaler.mix.interface import Candidate
from scaler.mix.loss_rates import CLOSED_HOURS
from scaler.mix.optimise import Terms
from scaler.mix.pools import PoolHistory
from scaler.mix.process import INDEPENDENT, Factors, draw_shocks, history_shocks
from scaler.mix.proof import LOWEST_PRICE_POOLS, Probability, lost_shares, planned_loss, probability, prove

#: Scenarios that report the risk; none of them was chosen by.
PROOF_SCENARIOS = 20_000
_SEED, _INDEPENDENT_SEED, _HISTORY_SEED = 7, 10_007, 20_007
_CHUNK = 2_000


@dataclass(frozen=True)
class Evidence:
    """What is known of a list that survives the loss of a share of its spot units.

    Attributes:
        types: how many of the list's first types are best used.
        short: how often more than that share is lost.
        naive: how often more is lost than a sizing for independent pools survives.
        naive_inflation: of those sizes.
    """

    types: int
    short: Probability
    naive: float
    naive_inflation: float


@lru_cache(maxsize=512)
def evidence(rates: tuple[float, ...], lost_share: float, on_demand_percentage: int, terms: Terms) -> Evidence:
    """The risk of a list, and that of one sized for independent pools. Kept: a fleet asks for few different ones.

    Args:
        rates: losses per day of the types; the first is that of the on-demand type, the others ascend.
    """
    if terms.strategy == "lowest-price" and len(rates) > LOWEST_PRICE_POOLS:
        # Which two are cheapest changes by the hour: the riskiest two are looked at, and the list stays.
        riskiest = tuple(sorted(rates)[-LOWEST_PRICE_POOLS:])
        return replace(evidence(riskiest, lost_share, on_demand_percentage, terms), types=len(rates))
    shares = _drawn(rates, terms, terms.factors, max(PROOF_SCENARIOS, terms.scenarios), _SEED)
    all_used = terms.strategy == "lowest-price"
    proven = prove(shares, lost_share, fewest=len(rates) if all_used else terms.fewest_types(on_demand_percentage))
    alone = _drawn(rates, terms, INDEPENDENT, terms.scenarios, _INDEPENDENT_SEED)[:, proven.types - 1, -1]
    independent = float(planned_loss(alone, terms.accepted))
    short = float((shares[:, proven.types - 1, -1] > independent + 1e-12).mean())
    spot = 1 - on_demand_percentage / 100
    return Evidence(proven.types, proven.short, short, 1 / max(0.05, 1 - spot * independent))


def _drawn(rates: Sequence[float], terms: Terms, factors: Factors, count: int, seed: int) -> NDArray[np.float64]:
    """Lost shares in fresh scenarios, shape ``(scenarios, types, 1)``, made in parts to spare memory."""
    parts = []
    for part in range(-(-count // _CHUNK)):
        shocks = draw_shocks(
            rates,
            terms.zones,
            window_minutes=terms.window_minutes,
            closed_hours=CLOSED_HOURS,
            factors=factors,
            scenarios=min(_CHUNK, count - part * _CHUNK),
            seed=seed + 2 * part,
        )
        parts.append(lost_shares(shocks, seed=seed + 2 * part + 1)[:, :, -1:])
    return np.concatenate(parts)


class Measured:
    """Lost shares at random minutes of whole days of a history, for one list."""

    def __init__(self, history: PoolHistory, ranked: Sequence[Candidate], zones: Sequence[str], terms: Terms) -> None:
        self._history, self._terms = history, terms
        self._pools = [[f"{each.instance_type}/{zone}" for zone in zones] for each in ranked]

    @property
    def covers(self) -> bool:
        """Whether every pool of the list is in the history."""
        names = {name for row in self._pools for name in row}
        return bool(names) and names <= set(self._history.names)

    def planned(self) -> float:
        """The lost share to plan for."""
        return float(planned_loss(self._shares(_HISTORY_SEED), self._terms.accepted))

    def short(self, lost_share: float) -> Probability:
        """How often more is lost, at other minutes than were planned by."""
        shares = self._shares(_HISTORY_SEED + 2)
        return probability(int((shares > lost_share + 1e-12).sum()), shares.size)

    def _shares(self, seed: int) -> NDArray[np.float64]:
        window = round(self._terms.window_minutes)
        shocks = history_shocks(
            self._history, self._pools, window_minutes=window, scenarios=self._terms.scenarios, seed=seed
        )
        return lost_shares(shocks, seed=seed + 1)[:, -1, -1]
