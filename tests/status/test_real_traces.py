"""Alarms on demand that nobody generated."""

from __future__ import annotations

import pytest

from scaler.status.drift import ERRORS_THRESHOLD, INPUTS_THRESHOLD
from scripts.benches._status_traces import all_traces, second_half
from scripts.benches.status import doubled, of_errors, of_inputs, rate, watched


@pytest.mark.traces
@pytest.mark.slow
def test_false_alarms_are_counted_over_real_traces(traces):
    """On the half of the hourly series that no threshold was chosen on: at most two and a half in 100 days.

    Where demand doubles for a day they fire more often by far, though most of these series vary too much for it.
    """
    series = [each for found in all_traces(traces, hourly_only=True) for each in watched(found)]
    held_out = [each for each in series if each.days >= 5 and second_half(each.traces.names[each.row])]
    assert len(held_out) >= 8

    def ours(each):
        return [*of_inputs(each, INPUTS_THRESHOLD), *of_errors(each, ERRORS_THRESHOLD)]

    alarms = rate(ours, held_out)
    assert 0 < alarms <= 2.5
    seen = [any(began < at <= began + 1 for at in ours(after)) for _, after, began in doubled(held_out)]
    assert 100 * sum(seen) / len(seen) > 5 * alarms
