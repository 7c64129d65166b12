"""What a plan sets beside sizes, and whom it names as the writer of each attribute."""

from __future__ import annotations

import json

import pytest

from scaler.live.fingerprint import live_group
from scaler.live.interface import Setting
from scaler.live.settings import canonical
from scaler.plan.seal import decode, encode

DAY = [150] * 9


def group(*, desired=2, settings=None, **given):
    """A live group that runs what the plan wants of it."""
    found = [Setting(name, None if value is None else canonical(value)) for name, value in (settings or {}).items()]
    return live_group(min_size=2, max_size=20, desired_size=desired, settings=found, **given)


def only(plan):
    """Its workload."""
    (workload,) = plan.workloads
    return workload


def owned(workload):
    """What it sets, by attribute."""
    return {part.attribute: part.value for part in workload.settings}


def writers(workload):
    """Who writes what."""
    named = {part.attribute: part.writer for part in workload.writers}
    assert len(named) == len(workload.writers)  # each attribute has one writer
    return named


def test_nothing_is_owned_that_nobody_asked_for(plan_of) -> None:
    """No settings, and the reactive policies write the desired capacity."""
    workload = only(plan_of(DAY, live=group()))
    assert workload.settings == ()
    named = writers(workload)
    assert named["desired capacity"] == "its scaling policies"
    assert named["other scaling policies"] == "not scaler"
    assert "scaler apply" not in named["mixed instances policy"]


def test_a_plan_that_changes_only_a_setting_changes_something(plan_of) -> None:
    """The same sizes and another target value: changed, with the reason; with the wanted value it is unchanged."""
    apply = {"target_tracking": {"policy": "cpu60", "target_value": 55}}
    before = only(plan_of(DAY, live=group(settings={"target_value cpu60": 60}), apply=apply))
    after = only(plan_of(DAY, live=group(settings={"target_value cpu60": 55.0}), apply=apply))
    assert (before.status, after.status) == ("changed", "unchanged")
    assert before.reasons[0] == "sets target value cpu60"
    assert owned(before) == {"target_value cpu60": 55.0}
    assert writers(before)["target value of cpu60"] == "scaler apply"


def test_the_mix_is_the_planned_one(plan_of) -> None:
    """Types and weights in order, base, percentage and strategy, as the plan tells the group."""
    plan = plan_of(DAY, live=group(settings={"mixed_instances_policy": None}), apply={"mixed_instances_policy": True})
    workload = only(plan)
    mix = workload.mix_policy
    assert owned(workload) == {
        "mixed_instances_policy": {
            "instance_types": [list(each) for each in mix.instance_types],
            "on_demand_base_capacity": 2,
            "on_demand_percentage_above_base_capacity": 50,
            "spot_allocation_strategy": "price-capacity-optimized",
        }
    }
    assert writers(workload)["mixed instances policy"] == "scaler apply"
    assert decode(encode(plan)) == plan


@pytest.mark.parametrize(
    ("desired", "share", "wanted"), [(10, "20%", 8), (3, "10%", 2), (2, "50%", None), (40, "90%", 4)]
)
def test_desired_capacity_goes_down_slowly(plan_of, desired, share, wanted) -> None:
    """At most by the share, one unit at least, never below the planned minimum; nothing where it is there already."""
    workload = only(plan_of(DAY, live=group(desired=desired), apply={"lower_desired": share}))
    assert owned(workload).get("desired_size") == wanted


def test_desired_capacity_is_not_lowered_in_doubt(plan_of) -> None:
    """A fallback forecast, or nobody who asked for it: it stays."""
    assert owned(only(plan_of(DAY, live=group(desired=10), apply={"lower_desired": "20%"}, degraded=True))) == {}
    assert owned(only(plan_of(DAY, live=group(desired=10)))) == {}
    assert owned(only(plan_of(DAY, live=None, apply={"lower_desired": "20%"}))) == {}


def test_predictive_scaling_only_forecasts_unless_it_is_told_otherwise(plan_of) -> None:
    """The policy in AWS's words; the maximum is honoured, as the alternative raises it for good."""
    workload = only(plan_of(DAY, live=group(), apply={"predictive_scaling": {"target_value": 50, "metric": "cpu"}}))
    (policy,) = owned(workload).values()
    assert policy["Mode"] == "ForecastOnly"
    assert policy["MaxCapacityBreachBehavior"] == "HonorMaxCapacity"
    assert policy["MetricSpecifications"] == [
        {"TargetValue": 50.0, "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ASGCPUUtilization"}}
    ]
    assert json.dumps(policy)


def test_what_is_not_registered_is_changed_and_says_so(plan_of) -> None:
    """Sizes that agree are not enough: nobody keeps them yet. Suspended scaling is told, too."""
    workload = only(
        plan_of(
            DAY,
            live=live_group(min_size=2, max_size=20, desired_size=2, registered=False, suspended=["it is suspended"]),
            target={"ecs_service": "shop/web"}, capacity={"throughput": "100/s"}, spot={},
        )
    )  # fmt: skip
    assert workload.status == "changed"
    assert any("not registered" in reason for reason in workload.reasons)
    assert any("would not run: it is suspended" in reason for reason in workload.reasons)
    assert workload.target.kind == "ecs_service"
    assert workload.requirement.units == "tasks"
    assert workload.cost.p50_usd is None


def test_kubernetes_has_a_writer_of_its_own(plan_of) -> None:
    """Whoever applies the YAML."""
    workload = only(
        plan_of(
            DAY, live=group(), target={"deployment": "shop/web"}, capacity={"throughput": "100/s"}, spot={},
            prices={"as_of": "2026-11-01", "usd_per_hour": {"replica": {"on_demand": 0.05}}},
        )
    )  # fmt: skip
    assert list(writers(workload)) == ["everything"]
    assert workload.cost.p50_usd == pytest.approx(2 * 0.05 * 2)
