"""What is written beside sizes and actions: only what the plan names, with all else kept as it is."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest

from scaler.apply.interface import ApplyFailed, ApplyRefused, PlanStale
from scaler.apply.patience import WAITS, patiently
from scaler.apply.rollback import prepare_rollback, recorded_run
from scaler.apply.run import execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.aws.interface import AwsFailed
from scaler.config.apply import PREDICTIVE_POLICY
from scaler.live.aws import AwsLive
from scaler.live.interface import Asked
from scaler.live.settings import MIX, PREDICTIVE, TARGET_VALUE
from tests.apply.builders import ACCOUNT, REGION, group, plan_of, quarter
from tests.apply.conftest import CountingClients, Killed, Lease, apply_once
from tests.apply.memory import MemoryAws, MemoryStore

TEMPLATE = {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "7"}
MIXED = {
    "LaunchTemplate": {
        "LaunchTemplateSpecification": {**TEMPLATE, "LaunchTemplateName": "web"},
        "Overrides": [
            {"InstanceType": "m7i.large", "WeightedCapacity": "1"},
            {
                "InstanceType": "m7g.large",
                "WeightedCapacity": "1",
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-arm", "Version": "$Default"},
            },
            {"InstanceType": "m5.large", "WeightedCapacity": "1"},
        ],
    },
    "InstancesDistribution": {
        "OnDemandAllocationStrategy": "lowest-price",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 100,
        "SpotAllocationStrategy": "lowest-price",
        "SpotInstancePools": 4,
        "SpotMaxPrice": "0.09",
    },
}
WANTED = {
    "instance_types": [["m7g.large", 1], ["m7i.large", 1], ["m7i.xlarge", 2]],
    "on_demand_base_capacity": 2,
    "on_demand_percentage_above_base_capacity": 40,
    "spot_allocation_strategy": "price-capacity-optimized",
}
TRACKING = {
    "PolicyName": "cpu60",
    "PolicyType": "TargetTrackingScaling",
    "EstimatedInstanceWarmup": 120,
    "Enabled": True,
    "TargetTrackingConfiguration": {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 60.0,
        "DisableScaleIn": True,
    },
}
FORECAST = {
    "Mode": "ForecastOnly",
    "SchedulingBufferTime": 300,
    "MaxCapacityBreachBehavior": "HonorMaxCapacity",
    "MetricSpecifications": [
        {"TargetValue": 50, "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ASGCPUUtilization"}}
    ],
}
SETTINGS = {MIX: WANTED, f"{TARGET_VALUE} cpu60": 50, f"{PREDICTIVE} {PREDICTIVE_POLICY}": FORECAST}


def aws(**sizes):
    """One group with a mix and a target tracking policy."""
    made = MemoryAws({"web-asg": (2, 20, sizes.get("desired", 4))}, {})
    made.autoscaling.mixes["web-asg"] = copy.deepcopy(MIXED)
    made.autoscaling.policies["web-asg"] = {"cpu60": copy.deepcopy(TRACKING)}
    return made


def read(made, settings=SETTINGS):
    """The group with what stands for the settings."""
    names = tuple(sorted(name for name in settings if name != "desired_size"))
    asked = Asked("asg", REGION, "web-asg", names)
    return {group("web"): AwsLive(made).states([asked])[asked]}


def plan(made, moment, settings=SETTINGS, levels=(3, 5), **more):
    """A plan that owns these settings."""
    return plan_of({"web": levels}, read(made, settings), moment, web={"settings": settings, **more})


def test_the_mix_is_set_and_all_that_is_not_told_is_kept() -> None:
    """Types, weights, base, percentage and strategy; launch template, its version, overrides' own fields stay."""
    moment, made = quarter(), aws()
    prepared = apply_once(plan(made, moment), made, MemoryStore(), moment)
    mixed = made.autoscaling.mixes["web-asg"]
    assert mixed["LaunchTemplate"]["LaunchTemplateSpecification"] == TEMPLATE
    assert mixed["LaunchTemplate"]["Overrides"] == [
        {
            "InstanceType": "m7g.large",
            "WeightedCapacity": "1",
            "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-arm", "Version": "$Default"},
        },
        {"InstanceType": "m7i.large", "WeightedCapacity": "1"},
        {"InstanceType": "m7i.xlarge", "WeightedCapacity": "2"},
    ]
    assert mixed["InstancesDistribution"] == {
        "OnDemandAllocationStrategy": "lowest-price",
        "OnDemandBaseCapacity": 2,
        "OnDemandPercentageAboveBaseCapacity": 40,
        "SpotAllocationStrategy": "price-capacity-optimized",
        "SpotMaxPrice": "0.09",
    }
    # In the call that sets the sizes, which are counted in the units of the mix.
    assert [change.kind for change in prepared.changes] == ["put", "update", "set", "set"]
    assert prepared.changes[1].min_size == 3
    assert prepared.changes[1].setting is not None


def test_the_target_value_is_set_and_the_policy_kept() -> None:
    """Row 38: of a reactive policy nothing but the value changes, and no policy is ever removed."""
    moment, made = quarter(), aws()
    apply_once(plan(made, moment), made, MemoryStore(), moment)
    policies = made.autoscaling.policies["web-asg"]
    assert set(policies) == {"cpu60", PREDICTIVE_POLICY}
    expected = copy.deepcopy(TRACKING)
    expected["TargetTrackingConfiguration"]["TargetValue"] = 50.0
    assert policies["cpu60"] == expected
    assert policies[PREDICTIVE_POLICY]["PredictiveScalingConfiguration"] == FORECAST


def test_applied_twice_is_applied_once() -> None:
    """What AWS describes is compared with what is wanted: the second time nothing is written."""
    moment, made, store = quarter(), aws(), MemoryStore()
    sealed = plan(made, moment)
    apply_once(sealed, made, store, moment)
    written = list(made.writes)
    apply_once(sealed, made, store, moment)
    assert made.writes == written
    assert prepare(sealed, AwsTargets(made), store, moment, account=ACCOUNT).changes == ()


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_call_it_is_completed(after) -> None:
    """The new writes too: killed before AWS has them or after, a rerun completes, and nothing is done twice."""
    moment = quarter()
    settings = {**SETTINGS, "desired_size": 7}
    whole = aws(desired=9)
    sealed = plan(whole, moment, settings)
    counted = CountingClients(whole)
    apply_once(sealed, counted, MemoryStore(), moment)
    assert whole.autoscaling.sizes["web-asg"] == [3, 20, 7]
    for kill_at, _call in enumerate(counted.calls):
        made, store = aws(desired=9), MemoryStore()
        with pytest.raises(Killed):
            apply_once(sealed, CountingClients(made, kill_at=kill_at, after=after), store, moment)
        apply_once(sealed, made, store, moment)
        assert made.writes == whole.writes
        said = json.loads(store.read(f"runs/{run_name(sealed)}/journal.json").data)
        assert said["state"] == "done"
        assert {change["status"] for change in said["changes"]} <= {"done", "superseded"}


def test_rollback_puts_every_setting_back() -> None:
    """The mix, the target value and the sizes are as before; scaler's own policy goes, no other does."""
    moment, made, store = quarter(), aws(), MemoryStore()
    sealed = plan(made, moment)
    before = read(made)
    apply_once(sealed, made, store, moment)
    target = AwsTargets(made)
    execute(prepare_rollback(recorded_run(run_name(sealed), store), target, store, moment), target, Lease(),
            lambda: moment)  # fmt: skip
    after = read(made)
    assert after[group("web")].settings == before[group("web")].settings
    assert (after[group("web")].min_size, after[group("web")].actions) == (2, ())
    assert set(made.autoscaling.policies["web-asg"]) == {"cpu60"}
    assert made.autoscaling.mixes["web-asg"]["InstancesDistribution"]["SpotMaxPrice"] == "0.09"


def test_row_28_a_setting_that_somebody_changed_since_is_stale() -> None:
    """Another mix or target value than the plan saw: refused, the difference shown, nothing called."""
    moment = quarter()
    for change, said in (
        (lambda made: made.autoscaling.mixes["web-asg"]["LaunchTemplate"]["Overrides"].pop(), "mixed instances"),
        (
            lambda made: made.autoscaling.policies["web-asg"]["cpu60"]["TargetTrackingConfiguration"].update(
                TargetValue=70.0
            ),
            "target value cpu60 is 70, was 60",
        ),
    ):
        made = aws()
        sealed = plan(made, moment)
        change(made)
        with pytest.raises(PlanStale) as caught:
            apply_once(sealed, made, MemoryStore(), moment)
        assert any(said in line for line in caught.value.differences)
        assert made.writes == []


def test_what_is_not_owned_is_neither_read_nor_written() -> None:
    """Without a word in the configuration the mix and the policies are nobody's business here."""
    moment, made = quarter(), aws()
    sealed = plan(made, moment, {})
    made.autoscaling.policies["web-asg"]["cpu60"]["TargetTrackingConfiguration"]["TargetValue"] = 70.0
    made.autoscaling.mixes["web-asg"]["LaunchTemplate"]["Overrides"].pop()
    counted = CountingClients(made)
    apply_once(sealed, counted, MemoryStore(), moment)
    assert "describe_policies" not in counted.calls
    assert all("Mixed" not in write and "policy" not in write for write in made.writes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda made: made.autoscaling.mixes.clear(), "has no mixed instances policy"),
        (lambda made: made.autoscaling.policies.clear(), "has no target value cpu60"),
        (
            lambda made: made.autoscaling.mixes["web-asg"]["LaunchTemplate"].update(
                Overrides=[{"InstanceRequirements": {"VCpuCount": {"Min": 2}}}]
            ),
            "no mix of instance types",
        ),
        (
            lambda made: made.autoscaling.mixes["web-asg"]["LaunchTemplate"]["Overrides"][0].update(
                WeightedCapacity="4"
            ),
            "in other units",
        ),
    ],
)
def test_what_cannot_be_set_is_refused_before_anything_is_written(change, said) -> None:
    """No mix, no policy, attributes in place of types, or weights that would change what a unit is."""
    moment, made = quarter(), aws()
    change(made)
    sealed = plan(made, moment)
    with pytest.raises(ApplyRefused) as caught:
        apply_once(sealed, made, MemoryStore(), moment)
    assert said in caught.value.what
    assert made.writes == []


def test_desired_capacity_is_lowered_only_where_it_still_is_what_the_plan_saw() -> None:
    """Opt-in and slow: one step per plan; once somebody has moved it, it is left alone."""
    moment = quarter()
    made, store = aws(desired=10), MemoryStore()
    sealed = plan(made, moment, {"desired_size": 8})
    apply_once(sealed, made, store, moment)
    assert made.autoscaling.sizes["web-asg"][2] == 8
    made.autoscaling.sizes["web-asg"][2] = 12
    apply_once(sealed, made, store, moment)
    assert made.autoscaling.sizes["web-asg"][2] == 12
    moved = aws(desired=10)
    sealed = plan(moved, moment, {"desired_size": 8})
    moved.autoscaling.sizes["web-asg"][2] = 11
    prepared = apply_once(sealed, moved, MemoryStore(), moment)
    assert moved.autoscaling.sizes["web-asg"][2] == 11
    assert "it is left alone" in prepared.groups[0].notes[0]


def test_desired_capacity_is_never_lowered_below_the_minimum() -> None:
    """The current level of the plan is the least, however the plan was made."""
    moment, made = quarter(), aws(desired=10)
    apply_once(plan(made, moment, {"desired_size": 1}, levels=(6, 5)), made, MemoryStore(), moment)
    assert made.autoscaling.sizes["web-asg"] == [6, 20, 6]


def test_only_tagged_targets_where_a_tag_is_required() -> None:
    """Without the tag nothing is written; with it, it is. The tag stands in the sealed plan."""
    moment, made = quarter(), aws()
    sealed = plan(made, moment, {}, tags={"managed-by": "scaler"})
    made.autoscaling.tags = {"managed-by": "terraform"}
    with pytest.raises(ApplyRefused, match="may not be written to") as caught:
        apply_once(sealed, made, MemoryStore(), moment)
    assert "managed-by=scaler" in caught.value.why
    assert made.writes == []
    made.autoscaling.tags = {"managed-by": "scaler", "team": "shop"}
    apply_once(sealed, made, MemoryStore(), moment)
    assert made.autoscaling.sizes["web-asg"][0] == 3


@pytest.mark.parametrize("kind", ["ecs_service", "sagemaker_endpoint", "lambda_alias"])
def test_tags_of_other_kinds_are_their_services(kind) -> None:
    """A service, an endpoint and a function have tags of their own."""
    moment = quarter()
    made = MemoryAws({}, {"service/shop/web": 4, "endpoint/web/variant/AllTraffic": 4, "function:web:live": 4})
    live = AwsTargets(made).read([group("web", kind)])
    sealed = plan_of({"web": [3, 5]}, live, moment, web={"tags": {"managed-by": "scaler"}})
    with pytest.raises(ApplyRefused, match="may not be written to"):
        apply_once(sealed, made, MemoryStore(), moment)
    made.services.tags = {"managed-by": "scaler"}
    apply_once(sealed, made, MemoryStore(), moment)
    assert [target["MinCapacity"] for target in made.services.targets.values()] == [3]


def test_a_target_tracking_policy_of_a_service_keeps_the_rest() -> None:
    """Application Auto Scaling takes a policy as a whole: metric, cooldowns and all are sent back."""
    moment = quarter()
    made = MemoryAws({}, {"service/shop/web": 4})
    made.services.register("service/shop/web", 2, 20)
    kept = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 300,
    }
    policy = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0, **kept}}
    made.services.policies["service/shop/web"] = {
        "cpu60": {"PolicyName": "cpu60", "PolicyType": "TargetTrackingScaling", **policy}
    }
    asked = Asked("ecs_service", REGION, "shop/web", (f"{TARGET_VALUE} cpu60",))
    live = {group("web", "ecs_service"): AwsLive(made).states([asked])[asked]}
    sealed = plan_of({"web": [3, 5]}, live, moment, web={"settings": {f"{TARGET_VALUE} cpu60": 45}})
    apply_once(sealed, made, MemoryStore(), moment)
    assert made.services.policies["service/shop/web"]["cpu60"] == {
        "PolicyName": "cpu60",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 45.0, **kept},
    }


def test_suspended_scheduled_scaling_is_refused() -> None:
    """A schedule that nobody runs is no floor: refused before anything is written."""
    moment = quarter()
    made = MemoryAws({}, {"service/shop/web": 4})
    made.services.register("service/shop/web", 2, 20)
    made.services.targets["service/shop/web"]["SuspendedState"] = {"ScheduledScalingSuspended": True}
    sealed = plan_of({"web": [3, 5]}, AwsTargets(made).read([group("web", "ecs_service")]), moment)
    with pytest.raises(ApplyRefused, match="would not do what the plan says"):
        apply_once(sealed, made, MemoryStore(), moment)
    assert made.writes == []


def test_no_room_beside_other_peoples_actions_on_a_service() -> None:
    """200 on a target of Application Auto Scaling, those of others counted."""
    moment = quarter()
    made = MemoryAws({}, {"service/shop/web": 4})
    made.services.register("service/shop/web", 2, 20)
    made.services.actions["service/shop/web"] = {
        f"theirs-{number}": {
            "ScheduledActionName": f"theirs-{number}",
            "Schedule": f"cron({number % 60} {number // 60} * * ? *)",
            "ScalableTargetAction": {"MinCapacity": 1},
        }
        for number in range(199)
    }
    live = AwsTargets(made).read([group("web", "ecs_service")])
    with pytest.raises(ApplyRefused, match="no room for 2"):
        apply_once(plan_of({"web": [3, 5, 9]}, live, moment), made, MemoryStore(), moment)
    apply_once(plan_of({"web": [3, 5]}, live, moment), made, MemoryStore(), moment)
    assert len(made.services.actions["service/shop/web"]) == 200


class TestPatience:
    """AWS is busy with the target: asked again, for a while."""

    def test_a_pending_update_is_waited_for(self, monkeypatch) -> None:
        """ConcurrentUpdateException twice, then it is taken: the plan stands, and the journal says done."""
        slept = []
        monkeypatch.setattr("time.sleep", slept.append)
        moment = quarter()
        made = MemoryAws({}, {"service/shop/web": 4})
        made.services.register("service/shop/web", 2, 20)
        sealed = plan_of({"web": [3, 5]}, AwsTargets(made).read([group("web", "ecs_service")]), moment)
        made.services.busy = 2
        store = MemoryStore()
        apply_once(sealed, made, store, moment)
        assert made.services.targets["service/shop/web"]["MinCapacity"] == 3
        assert slept == list(WAITS[:2])

    def test_for_ever_busy_is_a_failure_that_a_rerun_completes(self, monkeypatch) -> None:
        """Row 34: after half a minute the change has failed, what follows is pending; the rerun makes both."""
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        moment = quarter()
        made = MemoryAws({}, {"service/shop/web": 4})
        made.services.register("service/shop/web", 2, 20)
        sealed = plan_of({"web": [3, 5]}, AwsTargets(made).read([group("web", "ecs_service")]), moment)
        made.services.busy = 1 + len(WAITS)
        store = MemoryStore()
        with pytest.raises(ApplyFailed, match="could not put 1 scheduled action") as caught:
            apply_once(sealed, made, store, moment)
        assert "ConcurrentUpdateException" in caught.value.why
        apply_once(sealed, made, store, moment)
        assert made.services.targets["service/shop/web"]["MinCapacity"] == 3

    @pytest.mark.parametrize("code", ["ResourceContention", "ScalingActivityInProgress"])
    def test_faults_of_groups(self, code) -> None:
        """Both are asked again; anything else is not."""
        from botocore.exceptions import ClientError

        from scaler.aws.errors import translate

        def refusing(code, times):
            left = [times]

            def attempt():
                if not left[0]:
                    return "taken"
                left[0] -= 1
                error = ClientError({"Error": {"Code": code, "Message": "later"}}, "SetDesiredCapacity")
                raise translate(error, operation="autoscaling:SetDesiredCapacity", resource="web") from error

            return attempt

        slept: list[float] = []
        assert patiently(refusing(code, 3), slept.append) == "taken"
        assert slept == list(WAITS[:3])
        with pytest.raises(AwsFailed, match="with an error"):
            patiently(refusing("ValidationError", 1), slept.append)
        assert len(slept) == 3


def test_kubernetes_is_left_to_others(monkeypatch) -> None:
    """A plan that has a deployment beside a group writes the group, and says who writes the other."""
    from tests.apply.builders import part, sealed

    moment, made = quarter(), aws()
    start = moment - timedelta(seconds=moment.timestamp() % 900)
    parts = [
        part("web", [3, 3, 3, 5], read(made, {})[group("web")], start),
        part("api", [3, 3, 3, 5], None, start, "deployment"),
    ]
    both = sealed(parts, moment)
    prepared = apply_once(both, made, MemoryStore(), moment)
    assert prepared.left_out == (("api", "a deployment is written as YAML, not here"),)
    assert made.autoscaling.sizes["web-asg"][0] == 3
    alone = sealed(parts[1:], moment)
    with pytest.raises(ApplyRefused, match="names nothing that scaler apply writes to"):
        apply_once(alone, made, MemoryStore(), moment)
