"""The verdict: when something better is named, when what runs today is kept, and what the sentence says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from scaler.replay.interface import Conditions, Reactive, ReplayRefused
from scaler.replay.judge import judge, todays
from scaler.replay.policies import hpa_like, planned, static_peak, target_tracking
from scaler.replay.run import Replay, first_scored, replay
from tests.replay.strategies import days_of, trace_of

NOW = datetime(2026, 4, 1, tzinfo=UTC)


class Foresight:
    """A floor that knows what comes, to have something better than target tracking; the knob is its margin."""

    name = "foresight"
    knobs = (0.6, 1.0, 1.1, 1.2, 1.25, 1.3)
    cadence_seconds = 300

    def __init__(self, waste: float = 1.0) -> None:
        self.waste = waste

    def floors(self, trace, conditions, *, first, knobs):
        """The smoothed load ahead, times the knob."""
        load = trace.load[first:]
        smooth = np.convolve(np.pad(load, 15, mode="edge"), np.ones(31) / 31, mode="valid")
        reach = conditions.lead_minutes + 3
        ahead = np.array([smooth[t : t + reach].max() for t in range(load.size)])
        return np.maximum(1, np.ceil(self.waste * np.asarray(knobs)[:, None] * ahead)).astype(np.int64)


TODAY = todays(Reactive("target-tracking", 0.5), "today")


def replayed(*policies, days: int = 21, noise: float = 0.08, first_days: int = 7) -> Replay:
    trace = trace_of(days_of(days, noise=noise, seed=2))
    return replay(trace, policies, Conditions(8), first=first_days * 1440)


def test_what_surely_saves_is_named_with_its_interval():
    """A plan that is cheaper at the budget is used, at a setting of its own, and the sentence says what it saves."""
    made = replayed(TODAY, target_tracking(), planned(Foresight()))
    verdict = judge(made, budget=0.01, today="today", judged_at=NOW)
    assert (verdict.policy, verdict.keep, verdict.held) == ("foresight + TT", False, True)
    assert verdict.quantile in Foresight.knobs
    assert verdict.cadence_seconds == 300
    assert verdict.reactive.kind == "target-tracking"
    assert verdict.score.violations <= 0.01
    assert 0.2 < verdict.saving.low <= verdict.saving.value <= verdict.saving.high
    assert verdict.sentence.startswith("web: use foresight + TT at")
    assert f"saves {verdict.saving.value:.1%}" in verdict.sentence
    assert "target tracking at 50%" in verdict.sentence


def test_no_benefit_keeps_what_runs_today():
    """Where the best of the others is dearer, the verdict is today's policy, and says so."""
    made = replayed(todays(Reactive("target-tracking", 0.75), "today"), planned(Foresight(waste=2.5)), static_peak())
    verdict = judge(made, budget=0.05, today="today", judged_at=NOW)
    assert verdict.keep
    assert (verdict.policy, verdict.quantile, verdict.reactive.target) == ("today", None, 0.75)
    assert verdict.saving.low < 0
    assert "no benefit expected: keep target tracking at 75%" in verdict.sentence


def test_a_saving_that_may_be_none_is_no_saving():
    """An interval that reaches zero keeps what runs today: the same policy under another name saves nothing."""
    made = replayed(TODAY, replace(TODAY, name="the same again"))
    verdict = judge(made, budget=0.05, today="today", judged_at=NOW)
    assert verdict.keep
    assert (verdict.saving.value, verdict.saving.low, verdict.saving.high) == (0.0, 0.0, 0.0)


def test_today_is_compared_at_the_budget():
    """Where today's setting misses the budget, the comparison is with the same kind of policy at one that keeps it."""
    hot = todays(Reactive("target-tracking", 0.95), "today")
    made = replayed(hot, target_tracking(), planned(Foresight(waste=2.5)))
    verdict = judge(made, budget=0.005, today="today", candidates=["foresight + TT"], judged_at=NOW)
    assert (verdict.keep, verdict.policy) == (True, "target tracking")
    assert verdict.reactive.target < 0.95
    assert verdict.score.violations <= 0.005
    assert "keep target tracking, but at " in verdict.sentence
    assert "which keeps the budget on the first half" in verdict.sentence
    cold = replayed(hot, target_tracking((0.5,)), planned(Foresight()))
    better = judge(cold, budget=0.01, today="today", judged_at=NOW)
    assert not better.keep
    assert "(the setting of what runs today that keeps the budget on the first half)" in better.sentence
    assert "95%" not in verdict.sentence


def test_nothing_is_known_of_today():
    """Without today's policy there is a choice, but no saving."""
    verdict = judge(replayed(target_tracking(), hpa_like()), budget=0.01, judged_at=NOW)
    assert verdict.saving is None
    assert not verdict.keep
    assert "unknown" in verdict.sentence


def test_a_plan_that_loses_to_the_plain_schedule_is_not_used():
    """What is dearer than the plain policy on the second half is passed over, with the reason."""

    class Later(Foresight):
        """Cheap on the first half, and wasteful afterwards."""

        name = "later worse"

        def floors(self, trace, conditions, *, first, knobs):
            made = super().floors(trace, conditions, first=first, knobs=knobs)
            made[:, made.shape[1] // 2 :] *= 2
            return made

    made = replayed(TODAY, planned(Later()), planned(Foresight(waste=1.02)))
    rules = {"budget": 0.01, "today": "today", "judged_at": NOW}
    verdict = judge(made, plain="foresight + TT", **rules)
    assert verdict.policy == "foresight + TT"
    assert any("later worse + TT: loses to foresight + TT on the second half" in reason for reason in verdict.reasons)


def test_the_second_half_does_not_choose_who_is_next():
    """If the cheapest of the first half loses on the second, the plain policy is used, and not whoever is next."""

    class Named(Foresight):
        """One of several that know what comes."""

        def __init__(self, name: str, waste: float, later: float = 1.0) -> None:
            super().__init__(waste)
            self.name, self.later = name, later

        def floors(self, trace, conditions, *, first, knobs):
            made = super().floors(trace, conditions, first=first, knobs=knobs)
            made[:, made.shape[1] // 2 :] = np.ceil(made[:, made.shape[1] // 2 :] * self.later)
            return made

    others = [planned(Named("spent", 1.0, later=2.0)), planned(Named("lucky", 1.1)), planned(Named("plain", 1.4))]
    rules = {"budget": 0.01, "today": "today", "judged_at": NOW}
    verdict = judge(replayed(TODAY, *others), plain="plain + TT", **rules)
    assert verdict.policy == "plain + TT"
    assert [reason for reason in verdict.reasons if reason.startswith("spent + TT: loses")]
    without = judge(replayed(TODAY, *others[1:]), plain="plain + TT", **rules)
    assert without.policy == "lucky + TT"


@pytest.mark.parametrize("others", [(), (target_tracking((0.9, 0.85)),)])
def test_a_policy_of_today_that_cannot_keep_the_budget_is_not_said_to(others):
    """Where no setting keeps the budget, the sentence says so; what is dearer costs more, and does not save less."""
    made = replayed(todays(Reactive("target-tracking", 0.95), "today"), *others, planned(Foresight(waste=2.5)))
    verdict = judge(made, budget=0.0001, today="today", candidates=["foresight + TT"], judged_at=NOW)
    assert verdict.keep
    said = "85% is the safest" if others else "at 95%, which does not keep the budget"
    assert said in verdict.sentence
    assert "costs" in verdict.sentence
    assert "saves -" not in verdict.sentence
    assert ", (" not in verdict.sentence


def test_only_candidates_are_chosen():
    """A policy that cannot be had is shown, not recommended."""
    made = replayed(TODAY, hpa_like(), planned(Foresight()))
    verdict = judge(made, budget=0.01, today="today", candidates=["HPA-like"], judged_at=NOW)
    assert verdict.policy != "foresight + TT"
    with pytest.raises(KeyError):
        judge(made, budget=0.01, today="today", candidates=["nobody"], judged_at=NOW)


def test_what_no_setting_keeps_is_said():
    """A policy without a setting within the budget is named with that reason."""
    made = replayed(TODAY, planned(Foresight(waste=0.3), "none"))
    verdict = judge(made, budget=0.001, today="today", judged_at=NOW)
    assert verdict.keep
    assert any(reason.startswith("foresight: no setting keeps") for reason in verdict.reasons)


def test_a_short_history_is_refused():
    """Too few days give no replay, a few more give a replay and no verdict, and the error says what is missing."""
    with pytest.raises(ReplayRefused, match="cannot be replayed"):
        replayed(TODAY, days=10)
    with pytest.raises(ReplayRefused, match="no verdict"):
        judge(replayed(TODAY, days=12), budget=0.01, today="today", judged_at=NOW)


def test_the_same_inputs_give_the_same_verdict():
    """Draws and delays are seeded."""
    one, other = (
        judge(replayed(TODAY, planned(Foresight())), budget=0.01, today="today", judged_at=NOW) for _ in range(2)
    )
    assert one == other


def test_history_before_the_first_scored_minute():
    """A third of the trace, between a week and four."""
    for days, first in ((14, 7), (42, 14), (300, 28)):
        assert first_scored(trace_of(np.ones(days * 1440))) == first * 1440


def test_minutes_are_kept_on_request():
    """What each setting did in each minute is there for export, and only then."""
    made = replay(trace_of(days_of(12)), [TODAY], Conditions(5), keep_minutes=True)
    kept = made.runs["today"].outcomes[0]
    assert kept.wanted.shape == kept.ready.shape == made.oracle.shape == (5 * 1440,)
    assert replay(trace_of(days_of(12)), [TODAY], Conditions(5)).runs["today"].outcomes == ()


def test_one_floor_policy_is_asked_once_for_all_nets():
    """A plan under two reactive policies is made once, with all the knobs of both."""
    asked = []

    class Counted(Foresight):
        """Remembers what it was asked."""

        def floors(self, trace, conditions, *, first, knobs):
            asked.append(tuple(knobs))
            return super().floors(trace, conditions, first=first, knobs=knobs)

    floor = Counted()
    made = replayed(planned(floor), planned(floor, "hpa"), days=12)
    assert asked == [Counted.knobs]
    assert set(made.runs) == {"foresight + TT", "foresight + HPA"}


def test_names_must_differ():
    """Two policies of one name would hide each other."""
    with pytest.raises(ValueError, match="must differ"):
        replayed(TODAY, TODAY, days=12)
