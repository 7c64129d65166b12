"""The entry points for programs."""

from __future__ import annotations

import numpy as np

import scaler
from scaler.replay.interface import Conditions
from scaler.replay.policies import hpa_like, target_tracking
from tests.replay.strategies import days_of, trace_of


def test_the_package_can_be_called():
    """``scaler.replay`` compares policies, before and after anything of the package was imported."""
    compared = scaler.replay(trace_of(days_of(12)), [target_tracking(), hpa_like()], Conditions(5))
    assert isinstance(compared, scaler.Replay)
    assert list(compared.runs) == ["target tracking", "HPA-like"]
    assert compared.oracle.shape == (5 * 1440,)


def test_fronts_run_from_cheap_to_safe_and_never_below_the_oracle():
    """Points of a front cost more and miss less, one after the other; the bound has a front, too."""
    compared = scaler.replay(trace_of(days_of(12, noise=0.2)), [target_tracking()], Conditions(5))
    for run in (compared.runs["target tracking"], compared.bound):
        costs = [point.score.cost_ratio for point in run.front]
        missed = [point.score.violations for point in run.front]
        assert len(costs) > 3
        assert (np.diff(costs) > 0).all()
        assert (np.diff(missed) < 0).all()
        assert all(cost > 1 for cost, share in zip(costs, missed, strict=True) if share == 0)
