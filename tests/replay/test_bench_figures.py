"""The replay benchmark's figures from known sums: what is chosen on the first half and said of the second."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benches._replay_figures import (
    DAILY,
    ROLLING,
    SCHEDULE,
    TARGET_TRACKING,
    Case,
    goals,
    matrix_figures,
    one_setting,
    tables,
)
from scripts.benches._replay_traces import on_minutes
from tests.replay.test_choosing import ledger_with

DAYS = 40


def case_with(kind: str, lead: int, costs: dict[str, tuple[float, float]]) -> Case:
    """One safe setting per policy with this cost on the first and on the second half, and one that misses a tenth."""
    ledgers = {}
    for name, (first, second) in costs.items():
        cost = np.repeat([[first, second], [1.0, 1.0]], DAYS // 2, axis=1)
        ledgers[name] = ledger_with(np.repeat([[0.0], [0.1]], DAYS, axis=1), cost)
    return Case("trace", kind, lead, ledgers)


COSTS = {
    TARGET_TRACKING: (1.6, 1.5),
    SCHEDULE: (1.4, 1.4),
    **dict.fromkeys(ROLLING, (1.2, 1.2)),
    **dict.fromkeys(DAILY, (1.3, 1.5)),
}


def figures_of(cases):
    return {figure.name: figure for figure in goals(cases)}


def test_goals_are_scored_on_the_second_half():
    """Costs are those of the days that did not choose, at the setting that the others chose."""
    cases = [case_with("web", lead, COSTS) for lead in (5, 10, 30, 45)] + [case_with("gpu", 10, COSTS)]
    found = figures_of(cases)
    assert found["gap_closed_web_060"].value == pytest.approx(0.6)
    assert found["cost_web_050"].value == pytest.approx(1.2)
    assert found["cost_terraform_only_100"].value == pytest.approx(1.5)
    assert found["cost_terraform_only_100"].met is False
    assert found["cost_terraform_only_100_violations"].value == 0.0
    assert found["terraform_only_over_schedule"].value == pytest.approx(1.5 / 1.4)
    assert found["gpu_cost_over_tt"].value == pytest.approx(1.2 / 1.5)
    assert found["budget_held_share"].value == 1.0


def test_target_tracking_is_kept_where_the_first_half_prefers_it():
    """Where plans were dearer on the first half, what is used is target tracking, and no dearer than it."""
    dear = COSTS | dict.fromkeys(ROLLING, (1.9, 2.5))
    assert figures_of([case_with("web", 5, COSTS), case_with("web", 30, COSTS), case_with("gpu", 10, dear)])[
        "gpu_cost_over_tt"
    ].value == pytest.approx(1.0)


def test_what_no_setting_keeps_is_no_figure():
    """Without a setting within the budget there is no cost, and the goal is not met."""
    case = Case("trace", "web", 5, {TARGET_TRACKING: ledger_with([[0.2] * DAYS], [[1.0] * DAYS])})
    assert one_setting([case], [TARGET_TRACKING], 0.01) is None
    assert case.row(TARGET_TRACKING, 0.01) == (0, False)
    assert not case.held(TARGET_TRACKING, 0.01)


def test_tables_hold_every_cost_once():
    """Policies by budget, one table per group and way; what stands alone is left alone."""
    cases = [case_with("web", 5, COSTS), case_with("gpu", 10, COSTS)]
    figures = [*goals([*cases[:1], case_with("web", 30, COSTS), cases[1]]), *matrix_figures(cases)]
    alone, text = tables(figures)
    assert [figure.name for figure in alone] == [f.name for f in figures if "/" not in f.name]
    assert text.count("| target tracking |") == 6
    assert "| target tracking | 1.500 (0.00% missed) |" in text
    assert "web_lead_5_10, own setting" in text


def test_hindsight_sees_the_days_that_judge():
    """A setting that the first half rules out is there in hindsight, if the second half keeps the budget with it."""
    bad = np.repeat([[0.0, 0.0], [0.1, 0.0]], DAYS // 2, axis=1)
    case = Case("trace", "web", 5, {ROLLING[0]: ledger_with(bad, np.repeat([[2.0], [1.2]], DAYS, axis=1))})
    assert case.cost(ROLLING[0], 0.01) == pytest.approx(2.0)
    assert case.in_hindsight(ROLLING[0], 0.01) == (pytest.approx(1.2), True)
    never = Case("trace", "web", 5, {ROLLING[0]: ledger_with([[0.2] * DAYS], [[1.0] * DAYS])})
    assert never.in_hindsight(ROLLING[0], 0.01) == (pytest.approx(1.0), False)


def test_long_steps_are_drawn_as_lines_and_short_ones_stand():
    """Half-hour means are joined at their middles; 10-minute values hold for their minutes."""
    assert on_minutes(np.array([1.0, 3.0]), 600).tolist() == [1.0] * 10 + [3.0] * 10
    drawn = on_minutes(np.array([1.0, 3.0]), 1800)
    assert drawn[:15].tolist() == [1.0] * 15
    assert (np.diff(drawn[15:45]) > 0).all()
    assert drawn[-15:].tolist() == [3.0] * 15
