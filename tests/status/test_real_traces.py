"""Alarms on demand that nobody generated."""

from __future__ import annotations

import pytest

from scaler.status.drift import ERRORS_THRESHOLD, INPUTS_THRESHOLD
from scripts.benches._status_traces import all_traces
from scripts.benches.status import doubled, of_errors, of_inputs, rate, watched


@pytest.mark.traces
@pytest.mark.slow
def test_alarms_are_counted_over_real_traces(traces):
    """Over all hourly series: at most two days with an alarm in 100; some of them are of real events.

    Where demand doubles for a day they fire more often by far, though most of these series vary too much for it. Halves
    of the series, and all that is known more finely, are the benchmark's.
    """
    series = [each for found in all_traces(traces, hourly_only=True) for each in watched(found)]
    known = [each for each in series if each.days >= 5]
    assert sum(each.days for each in known) > 500

    def ours(each):
        return [*of_inputs(each, INPUTS_THRESHOLD), *of_errors(each, ERRORS_THRESHOLD)]

    alarms = rate(ours, known)
    assert 0 < alarms <= 2.0
    seen = [any(began < at <= began + 1 for at in ours(after)) for _, after, began in doubled(known)]
    assert 100 * sum(seen) / len(seen) > 5 * alarms
