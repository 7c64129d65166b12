"""One setting for every real recording of spot availability, pools replayed together, beside the naive mix."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benches import _mix_traces as recorded

pytestmark = pytest.mark.traces


@pytest.fixture(scope="module")
def recordings(traces):
    return recorded.histories(traces)


def test_the_default_halves_the_cost_and_is_ready(recordings):
    """At least 50 % below all on-demand, at least 99 % of the minutes with as much ready as required."""
    score = recorded.score(recordings, recorded.DEFAULT)
    assert score.saving >= 0.50
    assert score.ready_minutes >= 0.99


def test_it_is_ready_in_every_recording_by_itself(recordings):
    """No recording makes up for another."""
    for name, history in recordings.items():
        assert recorded.score({name: history}, recorded.DEFAULT).ready_minutes >= 0.99, name


def test_the_naive_mix_fails_at_as_much_spot(recordings):
    """Sized with the recordings' own loss rates, but as if pools were lost independently: not ready, and dearer."""
    naive = recorded.score(recordings, recorded.naive_policy)
    default = recorded.score(recordings, recorded.DEFAULT)
    assert naive.spot_share >= default.spot_share - 0.01
    assert naive.ready_minutes < 0.99
    assert naive.ready_minutes < default.ready_minutes


def test_with_fallback_the_naive_sizes_are_ready_and_waste(recordings):
    """What keeps a group ready is the fallback; sizing for independent pools then costs half the saving."""
    naive = recorded.score(recordings, recorded.naive_with_fallback)
    assert naive.ready_minutes >= 0.99
    assert naive.saving < 0.6 * recorded.score(recordings, recorded.DEFAULT).saving


def test_without_the_notice_the_default_is_not_ready(recordings):
    """Replacing at the loss is too late for 99 %: the run that is started on the notice is not decoration, either."""
    late = recorded.score(recordings, recorded.WITHOUT_NOTICE)
    assert late.saving >= 0.50
    assert late.ready_minutes < 0.99


def test_real_pools_close_together(recordings):
    """All at once many times as often as if each closed by itself: why columns are never taken apart."""
    for name in ("aws-10-26-2022", "aws-04-19-2023", "aws-04-22-2023"):
        is_open = recordings[name].open
        assert (~is_open).all(axis=1).mean() > 5 * np.prod((~is_open).mean(axis=0))


def test_a_group_by_itself_is_not_ready_on_these_pools(recordings):
    """Without fallback the same sizes fall short: the fallback is not decoration."""
    assert recorded.score(recordings, recorded.GROUP_ALONE).ready_minutes < 0.97
