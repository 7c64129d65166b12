"""Fronts, tuning and the bootstrap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.replay.bootstrap import drawn_days, saving
from scaler.replay.fronts import cheapest_within, front, gap_closed, geometric_mean, safest
from scaler.replay.interface import Policy, Reactive, Setting
from scaler.replay.ledger import FIELDS, Ledger
from scaler.replay.run import PolicyRun
from scaler.replay.tuning import choose, half_to_half, hindsight, likely_violations, one_for_all


def ledger_with(violations, cost) -> Ledger:
    """Rows with these shares of violation minutes and these costs, per day: ``(rows, days)`` each."""
    violations, cost = np.atleast_2d(violations).astype(float), np.atleast_2d(cost).astype(float)
    sums = np.zeros((*violations.shape, len(FIELDS)))
    at = FIELDS.index
    sums[..., at("minutes")] = sums[..., at("load")] = 1440
    sums[..., at("violations")] = violations * 1440
    sums[..., at("oracle")] = 1440 * 10
    sums[..., at("billed")] = cost * 1440 * 10
    return Ledger(sums)


def policy_of(rows: int, name: str = "policy") -> Policy:
    return Policy(name, tuple(Setting(Reactive("none"), float(row)) for row in range(rows)))


@settings(max_examples=100, deadline=None)
@given(points=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=12))
def test_a_front_has_what_nothing_beats(points):
    """No point of the policy is better in one and no worse in the other than a point of its front, and none is lost."""
    violations, cost = [[v / 100] for v, _ in points], [[c] for _, c in points]
    ledger = ledger_with(violations, cost)
    found = front(policy_of(len(points)), ledger)
    for v, c in points:
        assert any(p.score.violations <= v / 100 + 1e-12 and p.score.cost_ratio <= c + 1e-12 for p in found)
    costs = [p.score.cost_ratio for p in found]
    assert costs == sorted(set(costs))
    assert all(a.score.violations > b.score.violations for a, b in pairwise(found))


@settings(max_examples=100, deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=12),
    budget=st.integers(0, 20),
)
def test_cheapest_within_a_budget(points, budget):
    """The least cost of all that keep the budget; nothing if none does."""
    ledger = ledger_with([[v / 100] for v, _ in points], [[c] for _, c in points])
    fits = [c for v, c in points if v <= budget]
    row = cheapest_within(ledger, budget / 100 + 1e-12)
    assert (row is None) == (not fits)
    if row is not None:
        assert points[row][1] == min(fits)
        assert points[row][0] <= budget
    assert points[safest(ledger)][0] == min(v for v, _ in points)


def test_gap_closed():
    """All of the gap is the oracle, none of it target tracking, and worse is below zero."""
    assert gap_closed(1.0, 1.5) == pytest.approx(1.0)
    assert gap_closed(1.5, 1.5) == pytest.approx(0.0)
    assert gap_closed(1.75, 1.5) == pytest.approx(-0.5)
    assert gap_closed(1.0, 1.0) is None
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_a_setting_is_chosen_without_its_judge():
    """What the second half says changes nothing about the choice, only about whether it held."""
    first = np.repeat([[0.2], [0.001], [0.0]], 10, axis=1)
    cost = np.repeat([[1.0], [1.2], [2.0]], 20, axis=1)
    for later, held in ((0.001, True), (0.3, False)):
        second = np.repeat([[0.0], [later], [0.0]], 10, axis=1)
        run = PolicyRun(policy_of(3), ledger_with(np.concatenate((first, second), axis=1), cost))
        chosen = half_to_half(run, 0.01)
        assert (chosen.row, chosen.within, chosen.held) == (1, True, held)
        assert chosen.point.score.violations == pytest.approx(later)
        assert chosen.point.setting.knob == 1.0


def test_where_nothing_keeps_the_budget_the_safest_is_taken_and_said():
    """A choice outside of the budget is marked as one."""
    run = PolicyRun(policy_of(2), ledger_with([[0.3] * 8, [0.2] * 8], [[1.0] * 8, [1.5] * 8]))
    chosen = half_to_half(run, 0.01)
    assert (chosen.row, chosen.within, chosen.held) == (1, False, False)
    assert hindsight(run, 0.01) is None
    assert hindsight(run, 0.25).setting.knob == 1.0


def test_a_mean_that_hangs_on_one_day_is_not_trusted():
    """0.9 % on average, all of it on one day of thirty, does not keep 1 % in nine of ten draws; evenly it does more."""
    lumpy = ledger_with([0.0] * 29 + [0.135], [1.0] * 30)
    even = ledger_with([0.0045] * 30, [1.0] * 30)
    assert lumpy.violations()[0] == pytest.approx(even.violations()[0])
    assert likely_violations(lumpy)[0] > 0.0085
    assert likely_violations(even)[0] == pytest.approx(0.0045)
    assert choose(even, 0.01) == 0
    assert choose(lumpy, 0.01) is None


def test_more_days_prove_more_of_a_budget():
    """The same record lets a policy closer to the budget the longer it is."""
    assert choose(ledger_with([0.007] * 4, [1.0] * 4), 0.01) is None
    assert choose(ledger_with([0.007] * 40, [1.0] * 40), 0.01) == 0


def test_one_setting_for_all_traces():
    """The mean of the violations keeps the budget, and the geometric mean of the costs is the least."""
    one = ledger_with([[0.02], [0.005], [0.0]], [[1.0], [1.1], [3.0]])
    other = ledger_with([[0.0], [0.0], [0.0]], [[1.5], [1.6], [2.0]])
    assert one_for_all([one, other], 0.01) == 0
    assert one_for_all([one, other], 0.004) == 1
    assert one_for_all([one, other], 0.002) == 2
    assert one_for_all([ledger_with([[0.5]], [[1.0]])], 0.01) is None


def test_days_are_drawn_whole_and_paired():
    """Costs that differ by a constant share on every day have an interval of no width, however days differ."""
    counts = drawn_days(12, seed=3)
    assert (counts.sum(axis=1) == 12).all()
    assert (counts == drawn_days(12, seed=3)).all()
    assert (counts != drawn_days(12, seed=4)).any()
    per_day = np.random.default_rng(0).uniform(1, 9, 12)
    half = saving(ledger_with([0.0] * 12, per_day / 2), 0, ledger_with([0.0] * 12, per_day), 0, seed=1)
    assert (half.value, half.low, half.high) == (pytest.approx(0.5),) * 3


def test_the_interval_of_a_saving_covers_it():
    """Of fleets whose saving is known, about nine in ten intervals hold it."""
    rng = np.random.default_rng(7)
    inside = 0
    for trial in range(200):
        today = rng.uniform(1, 2, 30)
        mine = today * (1 - rng.normal(0.1, 0.2, 30))
        interval = saving(ledger_with([0.0] * 30, mine), 0, ledger_with([0.0] * 30, today), 0, seed=trial)
        inside += interval.low <= 0.1 <= interval.high
    assert 0.82 <= inside / 200 <= 0.96
