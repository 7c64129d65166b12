"""Dynamic on-demand fallback: how much on-demand a group should have now, given the spot it can count on."""

from __future__ import annotations

import math


def on_demand_target(need: int, sure_spot: int, floor: int) -> int:
    """On-demand units that stand in for what spot cannot be counted on to carry.

    Args:
        need: units that must be ready.
        sure_spot: serving spot units without an interruption notice, in pools that have been open for a while.
        floor: on-demand units that the group has in any case.

    Returns:
        at least ``floor``; together with ``sure_spot`` at least ``need``.
    """
    return max(floor, need - sure_spot)


def fallback_base(need: int, size: int, sure_spot: int, base: int, percentage: int) -> int:
    """The on-demand base with which a group has as much on-demand as stands in for missing spot.

    Args:
        need: units that must be ready now.
        size: of the group now; no base is larger.
        sure_spot: as in :func:`on_demand_target`.
        base, percentage: as configured.

    Returns:
        at least ``base``, and ``base`` itself where nothing is missing.
    """

    def on_demand(given: int) -> int:
        return given + math.ceil(max(0, size - given) * percentage / 100 - 1e-9)

    target = min(size, on_demand_target(need, sure_spot, on_demand(base)))
    return next((given for given in range(base, size) if on_demand(given) >= target), max(base, size))
