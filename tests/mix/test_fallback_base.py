"""The base of a group whose spot capacity is missing now."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from scaler.mix.fallback import fallback_base


@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 80), st.integers(0, 30), st.integers(0, 100))
def test_on_demand_and_what_is_sure_carry_the_need_with_the_smallest_base(need, spare, sure, base, percentage):
    """For any group: enough together, never below the configured base, and one unit of base less would not do."""

    def on_demand(given):
        return given + math.ceil(max(0, size - given) * percentage / 100 - 1e-9)

    size = need + spare
    found = fallback_base(need, size, sure, base, percentage)
    assert found >= base
    assert on_demand(found) + sure >= need
    if found > base:
        assert on_demand(found - 1) + sure < need


def test_where_spot_serves_nothing_is_raised():
    """Ten units, four of them on-demand, six of spot that serve: the base is as configured."""
    assert fallback_base(10, 10, 6, 0, 40) == 0
    assert fallback_base(10, 10, 0, 0, 40) == 9, "the last unit is on-demand by the percentage"
