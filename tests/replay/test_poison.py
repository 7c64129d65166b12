"""The harness that holds floor policies to the past: it lets honest ones through and catches a cheat of one minute."""

from __future__ import annotations

import numpy as np
import pytest

from scaler.replay.interface import Conditions
from scaler.replay.static_peak import StaticPeak
from tests.replay.poison import assert_sees_no_future
from tests.replay.strategies import days_of, trace_of

UNDER = Conditions(5, metric_delay_minutes=2)
FIRST = 1_440


class Follows:
    """The load so many minutes ago, as a floor."""

    name = "follows"
    knobs = (1.0, 2.0)
    cadence_seconds = 60

    def __init__(self, minutes_ago: int) -> None:
        self.minutes_ago = minutes_ago

    def floors(self, trace, conditions, *, first, knobs):
        """The knob times what was seen."""
        seen = np.nan_to_num(trace.load[first - self.minutes_ago : trace.demand.size - self.minutes_ago])
        return np.ceil(np.asarray(knobs)[:, None] * seen).astype(np.int64)


def test_an_honest_policy_passes():
    """Minute t may use what was measured up to the metric delay before it."""
    trace = trace_of(days_of(3))
    for policy in (StaticPeak(), Follows(3)):
        assert_sees_no_future(policy, trace, UNDER, first=FIRST, cutoffs=(FIRST, FIRST + 700, 4_000))


@pytest.mark.parametrize("minutes_ago", [0, 1, 2])
def test_a_cheat_is_caught(minutes_ago):
    """A floor that knows a single minute too much moves when that minute is poisoned."""
    with pytest.raises(AssertionError, match="follows: with a flood from minute"):
        assert_sees_no_future(Follows(minutes_ago), trace_of(days_of(3)), UNDER, first=FIRST, cutoffs=(FIRST + 700,))


def test_a_policy_that_looks_at_the_whole_trace_is_caught():
    """A constant from the highest demand of all, the first scored minute included."""

    class Peak(StaticPeak):
        """Knows the highest of all."""

        def floors(self, trace, conditions, *, first, knobs):
            whole = trace.load[np.isfinite(trace.load)].max()
            return np.full((len(knobs), trace.demand.size - first), int(whole), dtype=np.int64)

    with pytest.raises(AssertionError):
        assert_sees_no_future(Peak(), trace_of(days_of(3)), UNDER, first=FIRST, cutoffs=(4_000,))
