"""A plan that must not scale in: bounds that hold whatever runs and whatever demand was forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.config.bounds import LimitsConfig
from scaler.history.interface import Provenance
from scaler.live.interface import LiveGroup
from scaler.plan.bounds import apply_bounds, hold, require_live
from scaler.plan.interface import PlanRefused

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def provenance(reason: str | None) -> Provenance:
    """A history with or without a reason to hold."""
    return Provenance("x", NOW - timedelta(days=7), NOW, 900, 672, 0.0, "d" * 64, "/s", hold=reason)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=30),
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).map(sorted),
    st.integers(0, 40),
    st.booleans(),
)
def test_a_hold_never_goes_below_what_runs(needed, sizes, scheduled, lower_live):
    """Any demand, live sizes and schedule: no step is below live minimum, desired or schedule, nor above the top."""
    low, desired, high = sizes
    live = LiveGroup(low, high, desired, (), "f" * 64)
    limits = LimitsConfig(min=1, max=20)
    units = np.array(needed, np.int64)
    bounded = apply_bounds(units, limits, live)
    if lower_live:  # somebody has agreed to the lower maximum of the limits
        bounded = replace(bounded, max_size=limits.max)
    floor = np.full(units.size, min(scheduled, high), np.int64)
    held = hold(bounded, live, floor)
    assert (held.units >= max(low, desired)).all()
    assert (held.units >= floor).all()
    assert (held.units >= bounded.units).all()
    assert (held.units <= held.max_size).all()
    assert held.max_size >= high


def test_a_reason_to_hold_needs_a_known_live_state():
    """Code 3, with the reason as why; without a reason, or with a known state, nothing is refused."""
    with pytest.raises(PlanRefused, match="what runs is unknown") as caught:
        require_live("shop", provenance("an outage since noon is still going on"), None)
    assert caught.value.exit_code == 3
    assert caught.value.why == "an outage since noon is still going on"
    require_live("shop", provenance(None), None)
    require_live("shop", provenance("an outage"), LiveGroup(1, 2, 1, (), "f" * 64))
