"""No look-ahead, for any floor policy: what comes after a cutoff is replaced, and nothing before may move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scaler.replay.interface import Conditions, FloorPolicy, Trace


def poisoned(trace: Trace, cutoff: int, how: str) -> Trace:
    """``trace`` with all demand from minute ``cutoff`` on replaced: by a flood, by silence, or by nothing known."""
    demand = trace.demand.copy()
    highest = float(np.nanmax(demand))
    demand[cutoff:] = {"flood": 1e3 * highest, "silence": 0.0, "unknown": np.nan}[how]
    return replace(trace, demand=demand)


def assert_sees_no_future(
    policy: FloorPolicy, trace: Trace, conditions: Conditions, *, first: int, cutoffs: tuple[int, ...]
) -> None:
    """Every floor that was decided from what is before the cutoff is the same, whatever comes after.

    Minute t may look at ``trace.demand[: t - metric delay]``; so floors up to minute ``cutoff + metric delay`` stay.

    Raises:
        AssertionError: one of them moved; says which minute, and by what.
    """
    true = policy.floors(trace, conditions, first=first, knobs=policy.knobs)
    assert true.shape == (len(policy.knobs), trace.demand.size - first)
    for cutoff in cutoffs:
        settled = cutoff + conditions.metric_delay_minutes - first + 1
        for how in ("flood", "silence", "unknown"):
            made = policy.floors(poisoned(trace, cutoff, how), conditions, first=first, knobs=policy.knobs)
            moved = np.argwhere(made[:, :settled] != true[:, :settled])
            assert not moved.size, (
                f"{policy.name}: with a {how} from minute {cutoff} on, the floor of minute {first + moved[0][1]} "
                f"at knob {policy.knobs[moved[0][0]]} moved"
            )
