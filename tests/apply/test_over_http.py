"""The writes with real clients: to a stand-in that is held against botocore's models, and to the emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scaler.apply.interface import ApplyFailed
from scaler.apply.rollback import prepare_rollback, recorded_run
from scaler.apply.run import execute, prepare, run_name
from scaler.apply.targets import AwsTargets
from scaler.aws.session import BotocoreClients
from scaler.config.apply import PREDICTIVE_POLICY
from scaler.live.aws import AwsLive
from scaler.live.interface import Asked
from scaler.live.settings import MIX, PREDICTIVE, TARGET_VALUE
from tests.apply.builders import ACCOUNT, REGION, group, plan_of, quarter
from tests.apply.conftest import CountingClients, Killed, Lease, apply_once
from tests.standins.applications import ApplicationsStandIn, ScalableServices

KINDS = {"web": "ecs_service", "ranker": "sagemaker_endpoint", "checkout": "lambda_alias"}
RUNNING = {"service/shop/web": 4, "endpoint/ranker/variant/AllTraffic": 4, "function:checkout:live": 4}
LEVELS = {"web": [3, 5, 9, 4], "ranker": [2, 6], "checkout": [5, 8, 2]}


def services() -> ScalableServices:
    """One of each kind; the service is kept within sizes."""
    made = ScalableServices(dict(RUNNING))
    made.register("service/shop/web", 2, 20)
    return made


@pytest.fixture
def served() -> Iterator[tuple[ApplicationsStandIn, BotocoreClients]]:
    """They, over HTTP."""
    with ApplicationsStandIn(services()) as server:
        server.services.checked = True
        clients = BotocoreClients(region=REGION, endpoint_url=server.url, attempts=1)
        yield server, clients
        clients.close()


def read(clients):
    """The targets as they are."""
    return AwsTargets(clients).read([group(name, kind) for name, kind in KINDS.items()])


@pytest.mark.parametrize("after", [False, True], ids=["before-it-reached-aws", "after-aws-did-it"])
def test_services_variants_and_aliases_killed_at_every_write(served, store, after) -> None:
    """Every write in turn, over HTTP with botocore's serialising and the guard of the limits: a rerun completes."""
    server, clients = served
    moment = quarter()
    counted = CountingClients(clients, only_writes=True)
    apply_once(plan_of(LEVELS, read(clients), moment), counted, store, moment)
    assert len(counted.calls) > 10
    for kill_at in range(len(counted.calls)):
        server.services = services()
        server.services.checked = True
        # Made at another time, or it would go on with the run before.
        plan = plan_of(LEVELS, read(clients), moment.replace(microsecond=kill_at + 1))
        with pytest.raises(Killed):
            apply_once(plan, CountingClients(clients, kill_at=kill_at, after=after, only_writes=True), store, moment)
        apply_once(plan, clients, store, moment)
        assert prepare(plan, AwsTargets(clients), store, moment, account=ACCOUNT).changes == ()
        assert len(server.services.writes) - len(set(server.services.writes)) <= 3
        for name, state in read(clients).items():
            part = next(part for part in plan.workloads if part.name == name.workload)
            scheduled = sorted((a.start, a.min_size) for a in state.actions)
            assert scheduled == [(s.start, s.min_size) for s in part.steps[1:]]


def test_a_refusal_of_aws_is_told_in_its_words(served, store) -> None:
    """Row 34 for services: AWS denies one kind of call; failed and pending, with its words, and a rerun completes."""
    server, clients = served
    moment = quarter()
    plan = plan_of(LEVELS, read(clients), moment)
    server.services.denied = frozenset({"PutScheduledAction"})
    with pytest.raises(ApplyFailed, match="could not put") as caught:
        apply_once(plan, clients, store, moment)
    assert "application-autoscaling:PutScheduledAction" in caught.value.why
    server.services.denied = frozenset()
    apply_once(plan, clients, store, moment)
    assert prepare(plan, AwsTargets(clients), store, moment, account=ACCOUNT).changes == ()


def test_a_predictive_policy_of_a_service_is_made_and_taken_back(served, store) -> None:
    """A policy of scaler is put, read back as wanted, and deleted by the rollback."""
    server, clients = served
    moment, name = quarter(), f"{PREDICTIVE} {PREDICTIVE_POLICY}"
    wanted = {
        "Mode": "ForecastOnly", "SchedulingBufferTime": 300, "MaxCapacityBreachBehavior": "HonorMaxCapacity",
        "MetricSpecifications": [{
            "TargetValue": 55.5,
            "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
        }],
    }  # fmt: skip
    asked = Asked("ecs_service", REGION, "shop/web", (name,))
    live = {group("web", "ecs_service"): AwsLive(clients).states([asked])[asked]}
    plan = plan_of({"web": [3, 5]}, live, moment, web={"settings": {name: wanted}})
    apply_once(plan, clients, store, moment)
    assert server.services.policies["service/shop/web"][PREDICTIVE_POLICY]["PolicyType"] == "PredictiveScaling"
    target = AwsTargets(clients)
    execute(prepare_rollback(recorded_run(run_name(plan), store), target, store, moment), target, Lease(),
            lambda: moment)  # fmt: skip
    assert server.services.policies["service/shop/web"] == {}


@pytest.mark.emulator
def test_mix_and_policies_of_a_group_on_the_emulator(aws, store) -> None:
    """Types, base, share and target value of a real mixed instances policy; its launch template's version stays."""
    ec2 = aws.clients.client("ec2", REGION)
    template = ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m5.large"}
    )["LaunchTemplate"]
    aws.raw.create_auto_scaling_group(
        AutoScalingGroupName="web-asg", MinSize=2, MaxSize=20, DesiredCapacity=4, AvailabilityZones=["us-east-1a"],
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
                "Overrides": [
                    {"InstanceType": "m5.large", "WeightedCapacity": "1"},
                    {"InstanceType": "m5a.large", "WeightedCapacity": "1"},
                ],
            },
            "InstancesDistribution": {
                "OnDemandPercentageAboveBaseCapacity": 100, "SpotAllocationStrategy": "lowest-price",
            },
        },
    )  # fmt: skip
    aws.raw.put_scaling_policy(
        AutoScalingGroupName="web-asg", PolicyName="cpu60", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 60.0,
        },
    )  # fmt: skip
    settings = {
        MIX: {
            "instance_types": [["m5a.large", 1], ["m5.large", 1], ["m5.xlarge", 2]], "on_demand_base_capacity": 2,
            "on_demand_percentage_above_base_capacity": 40, "spot_allocation_strategy": "price-capacity-optimized",
        },
        f"{TARGET_VALUE} cpu60": 50,
    }  # fmt: skip
    asked = Asked("asg", REGION, "web-asg", tuple(sorted(settings)))
    live = {group("web"): AwsLive(aws.clients).states([asked])[asked]}
    moment = quarter()
    plan = plan_of({"web": [3, 5]}, live, moment, web={"settings": settings})
    apply_once(plan, aws.clients, store, moment)
    assert prepare(plan, AwsTargets(aws.clients), store, moment, account=ACCOUNT).changes == ()
    (found,) = aws.raw.describe_auto_scaling_groups(AutoScalingGroupNames=["web-asg"])["AutoScalingGroups"]
    mixed = found["MixedInstancesPolicy"]
    assert mixed["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"] == "1"
    assert [each["InstanceType"] for each in mixed["LaunchTemplate"]["Overrides"]] == [
        "m5a.large",
        "m5.large",
        "m5.xlarge",
    ]
    assert mixed["InstancesDistribution"]["OnDemandBaseCapacity"] == 2
    (policy,) = aws.raw.describe_policies(AutoScalingGroupName="web-asg")["ScalingPolicies"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 50.0
    assert policy["TargetTrackingConfiguration"]["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ASGAverageCPUUtilization"
    }


@pytest.mark.emulator
def test_a_service_on_the_emulator(aws, store) -> None:
    """A real ECS service in the emulator: registered, scheduled, applied again, taken back."""
    ecs = aws.clients.client("ecs", REGION)
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=4)
    moment, target = quarter(), AwsTargets(aws.clients)
    before = target.read([group("web", "ecs_service")])
    assert not before[group("web", "ecs_service")].registered
    plan = plan_of({"web": [3, 5, 9]}, before, moment)
    apply_once(plan, aws.clients, store, moment)
    (state,) = target.read([group("web", "ecs_service")]).values()
    assert (state.registered, state.min_size, state.max_size) == (True, 3, 20)
    assert [(a.start, a.min_size) for a in state.actions] == [
        (s.start, s.min_size) for s in plan.workloads[0].steps[1:]
    ]
    counted = CountingClients(aws.clients)
    apply_once(plan, counted, store, moment)
    assert all(call.startswith("describe") for call in counted.calls)
    execute(prepare_rollback(recorded_run(run_name(plan), store), target, store, moment), target, Lease(),
            lambda: moment)  # fmt: skip
    (state,) = target.read([group("web", "ecs_service")]).values()
    assert (state.actions, state.min_size, state.max_size) == ((), 4, 4)
