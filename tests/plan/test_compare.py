"""Two plans beside each other: what moved, and nothing that did not."""

from __future__ import annotations

import io
from datetime import timedelta

from rich.console import Console

from scaler.cli.compare_table import render_comparison
from scaler.plan.compare import as_json, compare
from tests.plan.conftest import AS_OF


def test_a_plan_beside_itself_has_not_moved(plan_of, live) -> None:
    """Nothing differs, and the table says that nothing does."""
    plan = plan_of([150, 150, 450, 450, 820, 820, 150, 150, 150], live=live)
    (moved,) = compare(plan, plan)
    assert not moved.changed
    assert moved.most is None
    text = io.StringIO()
    Console(file=text, width=120).print(render_comparison(plan, plan))
    assert "0 of 1 workloads moved" in text.getvalue()


def test_levels_cost_and_model_that_moved_are_shown(plan_of, live) -> None:
    """The peak rises from 5 to 9 for half an hour: four units more, at its time, and what it costs."""
    old = plan_of([150, 150, 450, 450, 450, 450, 150, 150, 150], live=live)
    new = plan_of([150, 150, 450, 450, 820, 820, 150, 150, 150], live=live)
    (moved,) = compare(old, new)
    assert moved.peak == (5, 9)
    assert moved.most == (4, AS_OF + timedelta(minutes=45))
    assert moved.unit_hours[1] - moved.unit_hours[0] == 4 * 0.75
    assert moved.cost_usd[1] > moved.cost_usd[0]
    assert as_json(old, new)["workloads"][0]["peak"] == {"old": 5, "new": 9}
    text = io.StringIO()
    Console(file=text, width=140).print(render_comparison(old, new))
    assert "5 → 9" in text.getvalue()
    assert "+4 Mon 00:45" in text.getvalue()


def test_a_workload_in_one_plan_only_is_added_or_removed(plan_of, live) -> None:
    """What the other plan does not have is unknown there, never zero."""
    plan = plan_of([150] * 9, live=live)
    empty = plan.model_copy(update={"workloads": ()})
    (added,), (removed,) = compare(empty, plan), compare(plan, empty)
    assert (added.presence, added.peak) == ("added", (None, 2))
    assert (removed.presence, removed.peak) == ("removed", (2, None))
