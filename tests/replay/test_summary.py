"""Rows of a replay: what is shown of each policy, of the bound and of the oracle."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.replay.interface import Conditions, Trace
from scaler.replay.policies import static_peak, target_tracking
from scaler.replay.run import replay
from scaler.replay.summary import ORACLE, rows


def made(max_size: int | None):
    minutes = np.arange(16 * 1440)
    demand = 100 * (4 + 3 * np.sin(2 * np.pi * minutes / 1440))
    trace = Trace("web", datetime(2026, 1, 5, tzinfo=UTC), demand, 100.0)
    return replay(trace, [static_peak(), target_tracking()], Conditions(lead_minutes=5, max_size=max_size))


def test_the_oracle_misses_nothing_that_can_be_had():
    """Without a maximum there is always enough, at the least cost of all that miss nothing."""
    shown = {row.policy: row for row in rows(made(None), 0.01)}
    assert shown[ORACLE].score.violations == shown[ORACLE].score.unserved == 0
    others = [row for name, row in shown.items() if name != ORACLE and row.score.violations == 0]
    assert others
    assert all(row.score.cost_ratio >= 1 for row in others)


def test_the_oracle_misses_what_is_above_the_maximum():
    """A maximum of 5 where 7 are needed is missed by perfect foresight, too, by as much as the load says."""
    run = made(5)
    shown = {row.policy: row for row in rows(run, 0.01)}
    load = run.trace.load[run.first :]
    half = load[(load.size // 1440 // 2) * 1440 :]
    assert shown[ORACLE].score.violations == pytest.approx((half > 5).mean(), abs=1e-12)
    assert shown[ORACLE].score.unserved == pytest.approx(np.maximum(half - 5, 0).sum() / half.sum(), abs=1e-12)
    assert all(row.score.violations >= shown[ORACLE].score.violations - 1e-12 for row in shown.values())
