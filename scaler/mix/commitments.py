"""How much to commit to: the exact optimum of a load-duration curve.

A committed dollar is paid in every hour and saves the on-demand price of what it covers in those hours in which it is
used. It is worth its price while it is used in more than rate / price of the hours: the newsvendor's ratio on the
curve of load over its duration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A dollar that exactly breaks even is not committed, whatever the rounding.
_EVEN = 1 + 1e-9


@dataclass(frozen=True)
class Optimum:
    """What to commit to, and what an hour then costs.

    Attributes:
        usd_per_hour: commitment; 0 where none pays.
        cost_usd_per_hour: mean cost of an hour, commitment and what it leaves to on-demand.
        before_usd_per_hour: the same without.
        break_even: share of the hours that a committed dollar must be used; ``None`` without any usage.
        used: share of the commitment that is used; ``None`` where there is none.
    """

    usd_per_hour: float
    cost_usd_per_hour: float
    before_usd_per_hour: float
    break_even: float | None
    used: float | None

    @property
    def saves_usd_per_hour(self) -> float:
        """Mean saving of an hour; never below zero."""
        return max(0.0, self.before_usd_per_hour - self.cost_usd_per_hour)


def best_commitment(usage: NDArray[np.float64], rates: NDArray[np.float64], on_demand: NDArray[np.float64]) -> Optimum:
    """The commitment in USD per hour with the least mean cost; exact.

    AWS applies a commitment to the usage that it discounts most. So what the next committed dollar saves in an hour
    falls with every dollar before it, the cost is convex and piecewise linear in the commitment, and the optimum
    lies where the mean of what the next dollar saves falls to one dollar.

    Args:
        usage: instances on demand, shape ``(hours, types)``.
        rates, on_demand: USD per instance-hour, shape ``(types,)``, above zero.
    """
    order = np.argsort(rates / on_demand, kind="stable")
    dollars = (usage * rates)[:, order]
    top = np.cumsum(dollars, axis=1)
    # Not top - dollars: where one type ends and the next begins must be one edge to the last bit.
    below = np.concatenate([np.zeros((len(top), 1)), top[:, :-1]], axis=1)
    saved = np.broadcast_to((on_demand / rates)[order], dollars.shape)
    held = dollars > 0
    edges, place = np.unique(np.concatenate([below[held], top[held]]), return_inverse=True)
    if not edges.size:
        return Optimum(0.0, 0.0, 0.0, None, None)
    change = np.zeros(edges.size)
    np.add.at(change, place, np.concatenate([saved[held], -saved[held]]))
    worth = np.cumsum(change) / usage.shape[0] > _EVEN  # of a dollar between one edge and the next
    commitment = float(edges[np.argmin(worth)]) if worth[0] else 0.0
    return evaluate(usage, rates, on_demand, commitment)


def evaluate(
    usage: NDArray[np.float64], rates: NDArray[np.float64], on_demand: NDArray[np.float64], commitment: float
) -> Optimum:
    """What an hour costs with a commitment of so many USD per hour; arguments as of :func:`best_commitment`."""
    left = uncovered(usage, rates, on_demand, commitment)
    before, after = float((usage @ on_demand).mean()), float((left @ on_demand).mean())
    used = float(((usage - left) @ rates).mean())
    break_even = float((usage @ rates).sum() / (usage @ on_demand).sum()) if before > 0 else None
    return Optimum(commitment, commitment + after, before, break_even, used / commitment if commitment else None)


def uncovered(
    usage: NDArray[np.float64], rates: NDArray[np.float64], on_demand: NDArray[np.float64], commitment: float
) -> NDArray[np.float64]:
    """Instances that a commitment leaves to on-demand, shape of ``usage``; the best discount is covered first."""
    order = np.argsort(rates / on_demand, kind="stable")
    dollars = (usage * rates)[:, order]
    below = np.cumsum(dollars, axis=1) - dollars
    left = np.empty_like(usage)
    left[:, order] = (dollars - np.clip(commitment - below, 0.0, dollars)) / rates[order]
    return left


def best_count(
    instances: NDArray[np.float64], rate: float, on_demand: float, *, counts: Sequence[int] = ()
) -> tuple[int, Optimum]:
    """The same in whole instances of one type.

    Args:
        instances: on demand, shape ``(hours,)``.
        counts: what can be had, beside none; any number if empty.
    """
    usage, rates, prices = instances[:, None], np.array([rate]), np.array([on_demand])
    exact = best_commitment(usage, rates, prices).usd_per_hour / rate
    # The cost is convex: the best whole number is one of the two beside the exact optimum.
    near = sorted({0, *(counts or (int(np.floor(exact + 1e-9)), int(np.ceil(exact - 1e-9))))})
    found = [(count, evaluate(usage, rates, prices, count * rate)) for count in near]
    return min(found, key=lambda each: (round(each[1].cost_usd_per_hour, 12), each[0]))
