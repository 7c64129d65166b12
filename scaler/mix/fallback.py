"""Dynamic on-demand fallback: how much on-demand a group should have now, given the spot it can count on."""

from __future__ import annotations


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
