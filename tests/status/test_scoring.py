"""Earlier plans against what then happened: coverage, loss, models, runs that cannot be read."""

from __future__ import annotations

import weakref
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from scaler.history.interface import CAPPED, MISSING, Panel
from scaler.plan.document import WeeklyPart
from scaler.status.interface import Cause, Unread
from scaler.status.normal_scores import LARGEST, normal_scores
from scaler.status.scoring import score
from tests.status.plans import HOUR, QUANTILES, START, panel, part, plan, refused

NAN = float("nan")


def scored(plans, panels, *, names=("a",), first=START, step=3600):
    """Scores of plans that are named after their order."""
    named = [(f"run{index}", each) for index, each in enumerate(plans)]
    return score(named, panels, first=first, plan_step_seconds=step, names=names)


def brute(plans, demand, *, leads):
    """Coverage and loss of hourly forecasts, step by step as one would by hand."""
    below, loss, count = dict.fromkeys(QUANTILES, 0), 0.0, 0
    for each in plans:
        made = each.workloads[0].forecast
        offset = int((made.cutoff - START) / HOUR)
        for step, values in enumerate(made.values):
            at = offset + step
            if not leads[0] <= step < leads[1] or at >= len(demand) or np.isnan(demand[at]):
                continue
            count += 1
            for q, value in zip(QUANTILES, values, strict=True):
                below[q] += demand[at] <= value
                loss += max(q * (demand[at] - value), (q - 1) * (demand[at] - value))
    return count, {q: hits / count for q, hits in below.items()} if count else {}, loss / count / 3 if count else None


@given(
    demand=st.lists(st.one_of(st.just(NAN), st.floats(0, 100)), min_size=20, max_size=60),
    seed=st.integers(0, 999),
    spans=st.lists(st.integers(1, 40), min_size=1, max_size=4),
)
@settings(max_examples=60)
def test_coverage_and_loss_by_lead_time_are_those_of_a_count_by_hand(demand, seed, spans):
    """Whatever plans overlap, end early or late, and whatever is missing; steps that have not come are left out."""
    random = np.random.default_rng(seed)
    plans = []
    for index, steps in enumerate(spans):
        cutoff = START + HOUR * 5 * index
        values = np.sort(random.uniform(0, 100, (steps, 3)), axis=1)
        plans.append(plan([part("a", values, [1] * steps, cutoff=cutoff)], cutoff))
    found = scored(plans, [panel({"a": demand})]).scores.workloads["a"].accuracy
    by_lead = {each.lead: each for each in found}
    for lead, span in {"all": (0, 999), "0-6 h": (0, 6), "6-24 h": (6, 24), "beyond 24 h": (24, 999)}.items():
        count, coverage, loss = brute(plans, demand, leads=span)
        if not count:
            assert lead not in by_lead
            continue
        assert by_lead[lead].points == count
        assert by_lead[lead].coverage == pytest.approx(coverage)
        assert by_lead[lead].pinball == pytest.approx(loss)


def test_what_has_not_arrived_is_not_yet_known():
    """A plan of which no step has come has no figure, and none is zero."""
    mine = scored([plan([part("a", [[1, 2, 3]] * 4, [1] * 4, cutoff=START + HOUR * 9)], START + HOUR * 9)],
                  [panel({"a": [5.0] * 9})]).scores.workloads["a"]  # fmt: skip
    (run,) = mine.runs
    assert mine.accuracy == ()
    assert (run.points, run.covered, run.pinball, run.planned_usd, run.shortage_minutes) == (0, None, None, None, None)
    assert mine.shortage_minutes is None
    assert mine.planned_usd is None


def test_a_workload_without_history_has_runs_and_nothing_else():
    """Its demand is unknown, not zero."""
    mine = scored([plan([part("a", [[1, 2, 3]], [1], cutoff=START)], START)], []).scores.workloads["a"]
    assert len(mine.runs) == 1
    assert (mine.accuracy, mine.known_until, mine.shortage_minutes) == ((), None, None)


def test_capped_steps_do_not_count_for_coverage():
    """Demand was at least that: nobody knows whether it was covered."""
    marks = np.array([[0, CAPPED, 0, MISSING]], np.uint8)
    demand = Panel(("a",), START, 3600, np.array([[5.0, 5.0, 5.0, NAN]]), marks)
    made = plan([part("a", [[1, 4, 9]] * 4, [1] * 4, cutoff=START)], START)
    overall = scored([made], [demand]).scores.workloads["a"].accuracy[0]
    assert overall.points == 2


def test_coarser_forecasts_are_held_against_the_highest_of_their_steps():
    """As their demand is made: a step of an hour is the busiest of its quarters, and unknown if one of them is."""
    made = plan([part("a", [[1, 5, 8], [1, 5, 8]], [1, 1], cutoff=START)], START)
    demand = panel({"a": [1, 2, 9, 1, 1, NAN, 1, 1]}, step_seconds=900)
    overall = scored([made], [demand], step=900).scores.workloads["a"].accuracy[0]
    assert overall.points == 1
    assert overall.coverage[0.9] == 0.0


def test_a_forecast_in_other_steps_is_named_and_not_scored():
    """The history's step has changed since: said, not guessed."""
    made = plan([part("a", [[1, 2, 3]] * 4, [1] * 4, cutoff=START, step_seconds=900)], START)
    mine = scored([made], [panel({"a": [2.0] * 4})]).scores.workloads["a"]
    assert mine.accuracy == ()
    assert mine.notes == ("the forecast of run run0 is in steps that do not fit today's history: not scored",)


def test_a_run_that_cannot_be_read_is_named():
    """The others are scored."""
    made = plan([part("a", [[1, 2, 3]], [1], cutoff=START)], START)
    found = scored([Unread("run0", "damaged"), made], [panel({"a": [2.0]})]).scores
    assert found.unread == (Unread("run0", "damaged"),)
    assert found.runs == ("run1",)
    assert found.workloads["a"].runs[0].points == 1


def test_costs_are_of_the_time_that_a_plan_was_in_force():
    """The newer plan takes over; what was needed is priced as what was planned; an unknown price leaves it unknown."""
    first = plan([part("a", [[1, 2, 3]] * 4, [2, 2, 2, 2], cutoff=START)], START)
    second = plan([part("a", [[1, 2, 3]] * 4, [5, 5, 5, 5], cutoff=START + 2 * HOUR)], START + 2 * HOUR)
    runs = scored([first, second], [panel({"a": [10, 30, 11, 49]})]).scores.workloads["a"].runs
    assert [(each.planned_usd, each.needed_usd) for each in runs] == [(2.0, 2.0), (5.0, 3.5)]
    assert [each.known_minutes for each in runs] == [120, 120]
    dear = plan([part("a", [[1, 2, 3]], [2], cutoff=START, usd_per_unit=None)], START)
    assert scored([dear], [panel({"a": [10.0]})]).scores.workloads["a"].planned_usd is None


def test_models_in_a_row_make_one_span():
    """So that a change of model is seen; a refused run has none."""
    runs = [("panel", 0), ("panel", 1), ("ets", 2), (None, 3), ("panel", 4)]
    plans = [
        plan(
            [refused("a") if model is None else part("a", [[1, 2, 3]], [1], cutoff=START + HOUR * at, model=model)],
            START + HOUR * at,
        )
        for model, at in runs
    ]
    spans = scored(plans, [panel({"a": [2.0] * 6})]).scores.workloads["a"].models
    assert [(each.model, each.runs) for each in spans] == [("panel", 2), ("ets", 1), ("panel", 1)]


def test_nothing_before_the_period_is_scored():
    """But a plan from before it is in force at its start."""
    made = plan([part("a", [[1, 2, 3]] * 6, [1] * 6, cutoff=START)], START)
    found = scored([made], [panel({"a": [20.0] * 6})], first=START + 4 * HOUR)
    mine = found.scores.workloads["a"]
    assert mine.accuracy[0].points == 2
    assert np.isfinite(found.boards[0].scores).tolist() == [[False] * 4 + [True] * 2]
    assert mine.known_minutes == 120
    assert mine.shortage_minutes == 120


@given(level=st.floats(-3.5, 3.5), scale=st.floats(0.1, 100), middle=st.floats(-50, 50))
def test_normal_scores_of_a_normal_forecast_are_standard(level, scale, middle):
    """One scale for all workloads: exact at quantiles, close between them, limited far out."""
    quantiles = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
    values = (middle + scale * norm.ppf(quantiles))[None]
    found = float(normal_scores(np.array([middle + scale * level]), values, quantiles)[0])
    assert found == pytest.approx(level, abs=1e-6)


def test_normal_scores_where_quantiles_are_equal():
    """Demand that is at several of them is in their middle; beyond, it is as far out as scores go."""
    values = np.array([[2.0, 2.0, 2.0]] * 3 + [[0.0, 0.0, 4.0]])
    found = normal_scores(np.array([2.0, 3.0, 1.0, 0.0]), values, (0.1, 0.5, 0.9))
    assert found[:3] == pytest.approx([0.0, LARGEST, -LARGEST])
    assert found[3] == pytest.approx(norm.ppf(0.1) / 2)
    assert np.isnan(normal_scores(np.array([NAN]), values[:1], (0.1, 0.5, 0.9))).all()


def test_many_workloads_are_as_each_alone():
    """Scoring is over all rows at once; no row has a part in another's figures."""
    random = np.random.default_rng(3)
    rows = {f"w{index}": random.gamma(4, 5, 30) for index in range(7)}
    parts = {
        name: part(name, np.sort(random.gamma(4, 5, (20, 3)), axis=1), random.integers(1, 5, 20).tolist(),
                   cutoff=START + HOUR * (index % 3))
        for index, (name, _) in enumerate(rows.items())
    }  # fmt: skip
    together = scored([plan(list(parts.values()), START)], [panel(rows)], names=tuple(rows)).scores
    for name, row in rows.items():
        alone = scored([plan([parts[name]], START)], [panel({name: row})], names=(name,)).scores
        assert together.workloads[name] == alone.workloads[name]


def test_of_overlapping_plans_the_newest_is_in_force():
    """Also where an older one would have reached further."""
    older = plan([part("a", [[1, 2, 3]] * 8, [9] * 8, cutoff=START)], START)
    newer = plan([part("a", [[1, 2, 3]] * 2, [1] * 2, cutoff=START + HOUR)], START + HOUR)
    mine = scored([older, newer], [panel({"a": [20.0] * 6})]).scores.workloads["a"]
    # The last level of the newer plan stands after its end.
    assert mine.shortage_minutes == 300
    assert mine.runs[0].known_minutes == 60
    assert START + timedelta(hours=1) == mine.incidents[0].start


def test_plans_are_looked_at_one_at_a_time():
    """However many runs there are, no more than two of their plans are in memory."""
    alive, most = weakref.WeakSet(), 0

    def plans():
        nonlocal most
        for index in range(12):
            cutoff = START + HOUR * index
            made = plan([part("a", [[1, 2, 3]] * 6, [1] * 6, cutoff=cutoff)], cutoff)
            alive.add(_Watched(made))
            most = max(most, len(alive))
            yield f"run{index}", made

    class _Watched:
        def __init__(self, watched):
            watched.__dict__["watched"] = self

    found = score(plans(), [panel({"a": [2.0] * 20})], first=START, plan_step_seconds=3600, names=("a",))
    assert len(found.scores.runs) == 12
    assert most <= 2


def test_a_weekly_profile_is_scored_over_its_levels_only():
    """How it goes on after them is not in the document: unknown, and not the last level."""
    weekly = WeeklyPart.model_construct(time_zone="UTC")
    made = part("a", [[1, 2, 3]] * 2, [1] * 2, cutoff=START).model_copy(update={"weekly": weekly})
    mine = scored([plan([made], START)], [panel({"a": [20.0] * 6})]).scores.workloads["a"]
    assert (mine.known_minutes, mine.shortage_minutes) == (120, 120)


def test_a_level_of_no_units_costs_nothing_and_what_was_needed_has_a_price():
    """That of a unit in the other levels."""
    made = plan([part("a", [[1, 2, 3]] * 2, [0, 2], cutoff=START)], START)
    (run,) = scored([made], [panel({"a": [10.0, 10.0]})]).scores.workloads["a"].runs
    assert (run.planned_usd, run.needed_usd) == (1.0, 1.0)


def test_a_newer_plan_ends_a_refusal():
    """What falls short under it is its own forecast's doing."""
    plans = [
        plan([part("a", [[1, 2, 3]] * 6, [1] * 6, cutoff=START)], START),
        plan([refused("a")], START + HOUR),
        plan([part("a", [[1, 2, 3]] * 4, [1] * 4, cutoff=START + 2 * HOUR)], START + 2 * HOUR),
    ]
    (found,) = scored(plans, [panel({"a": [1, 1, 20, 20, 1, 1]})]).scores.workloads["a"].incidents
    assert found.cause is Cause.FORECAST
