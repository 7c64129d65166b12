"""Scores against the definitions, worked out minute by minute."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.replay.interface import Conditions, Outcome
from scaler.replay.ledger import DAY_MINUTES, FIELDS, Ledger, ledger_of
from tests.replay.strategies import conditions, days_of, floors_for, loads


def outcome_of(load, lead: int, seed: int) -> Outcome:
    """Some sizes, good or bad."""
    wanted = floors_for(load, 1, seed)[0] + 1
    ready = np.array([wanted[max(0, t - lead) : t + 1].min() for t in range(load.size)])
    return Outcome(wanted, ready, wanted)


def defined(outcome, load, under):
    """Every score by its definition, over the known minutes."""
    known = [t for t in range(load.size) if math.isfinite(load[t])]
    top = under.max_size or math.inf
    need = [1 if not math.isfinite(r) else max(1, math.ceil(r - 1e-9)) for r in load]
    within = [min(max(n, under.min_size), top) for n in need]
    best = [max(within[t : t + under.lead_minutes + 1]) for t in range(load.size)]
    ready = outcome.ready
    fives = [[t for t in range(s, min(s + 5, load.size)) if math.isfinite(load[t])] for s in range(0, load.size, 5)]
    fives = [block for block in fives if block]
    total = sum(load[t] for t in known)
    return {
        "violations": sum(load[t] > ready[t] + 1e-9 for t in known) / len(known),
        "violations_5min": sum(sum(load[t] for t in block) > sum(ready[t] for t in block) + 5e-9 for block in fives)
        / len(fives),
        "unserved": sum(max(0, load[t] - ready[t]) for t in known) / total if total else 0.0,
        "cost_ratio": sum(outcome.billed[t] for t in known) / sum(best[t] for t in known),
        "under_share": sum(max(0, need[t] - ready[t]) / need[t] for t in known) / len(known),
        "over_share": sum(max(0, ready[t] - need[t]) / need[t] for t in known) / len(known),
        "under_time": sum(ready[t] < need[t] for t in known) / len(known),
        "over_time": sum(ready[t] > need[t] for t in known) / len(known),
        "actions_per_hour": outcome.actions / (load.size / 60),
    }


@settings(max_examples=80, deadline=None)
@given(load=loads(300), under=conditions, seed=st.integers(0, 99))
def test_scores_are_their_definitions(load, under, seed):
    """Violations, unserved, cost, theta, tau and instability, each from its formula; unknown minutes count nowhere."""
    if not np.isfinite(load).any():
        return
    outcome = outcome_of(load, under.lead_minutes, seed)
    score = ledger_of([outcome], load, under).scores()[0]
    for name, value in defined(outcome, load, under).items():
        assert getattr(score, name) == pytest.approx(value, abs=1e-9), name


def test_days_add_up():
    """The sums of the days are those of the whole, and halves share no day."""
    load = days_of(5, seed=1, noise=0.3)[: 5 * DAY_MINUTES - 100]
    ledger = ledger_of([outcome_of(load, 5, seed) for seed in range(3)], load, Conditions(5))
    assert (ledger.rows, ledger.days) == (3, 5)
    assert ledger.per_day("minutes")[0].tolist() == [1440] * 4 + [1340]
    first, second = ledger.halves()
    assert (first.days, second.days) == (2, 3)
    assert np.allclose(first.sums.sum(axis=1) + second.sums.sum(axis=1), ledger.sums.sum(axis=1))
    assert ledger.violations().tolist() == [score.violations for score in ledger.scores()]
    assert ledger.cost().tolist() == pytest.approx([score.cost_ratio for score in ledger.scores()])


def test_nothing_known_is_not_zero():
    """Days on which nothing was measured have no violations and no cost, rather than none of either."""
    load = np.full(DAY_MINUTES, np.nan)
    score = ledger_of([outcome_of(load, 5, 0)], load, Conditions(5)).scores()[0]
    assert math.isnan(score.violations)
    assert math.isnan(score.cost_ratio)


def test_fields_have_one_place_each():
    """A sum is found under its name alone."""
    values = np.arange(float(len(FIELDS)))[None, None]
    assert [Ledger(values).per_day(field)[0, 0] for field in FIELDS] == list(range(len(FIELDS)))
