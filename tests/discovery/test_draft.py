"""The configuration that is written, as a text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.config import load_config
from scaler.config.models import Config
from scaler.config.yaml_tree import read_tree
from scaler.discovery.draft import draft, workload_name
from scaler.discovery.interface import Balancer, Found, FoundGroup, FoundService, FoundVariant, Purchase
from scaler.discovery.yaml_text import scalar
from scaler.errors import Refused

ON_DEMAND = Purchase(0, 0.0, None)
ALB = Balancer("application", "app/front/50dc6c495c0c9188", "targetgroup/web/73e2d6bc24d8a067")


def group(name: str = "web", **more: object) -> FoundGroup:
    """A group that can be a workload."""
    given: dict[str, object] = {
        "min_size": 2, "max_size": 20, "desired_size": 4, "weights": (("m5.large", 1), ("m5.xlarge", 2)),
        "types_from": "launch template", "purchase": ON_DEMAND, "counts_instances": True, "balancers": (), "queues": (),
    }  # fmt: skip
    return FoundGroup(name=name, **(given | more))  # type: ignore[arg-type]


def found(*groups: FoundGroup, **more: object) -> Found:
    """An account with these groups."""
    given: dict[str, object] = {"services": (), "variants": (), "gaps": ()}
    return Found(account="123456789012", region="us-east-1", groups=groups, **(given | more))  # type: ignore[arg-type]


def config(text: str) -> Config:
    """What the text says; it must be right."""
    return Config.model_validate(read_tree(text, "scaler.yaml").value)


def test_a_group_as_a_workload() -> None:
    """CPU times the instances in service, at a utilisation, within the group's own bounds."""
    bought = Purchase(2, 0.6, "price-capacity-optimized")
    made = draft(found(group(purchase=bought)))
    workload = config(made.text).workloads["web"]
    assert workload.target.asg == "web"
    assert workload.load.cloudwatch is not None
    assert workload.load.cloudwatch.metric == "CPUUtilization"
    assert workload.capacity.utilisation is not None
    assert workload.capacity.utilisation.target == 0.6
    counted = workload.capacity.utilisation.instances.cloudwatch
    assert counted is not None
    assert (counted.metric, counted.dimensions) == ("GroupInServiceInstances", {"AutoScalingGroupName": "web"})
    assert workload.capacity.weights == {"m5.large": 1, "m5.xlarge": 2}
    assert (workload.limits.min, workload.limits.max) == (2, 20)
    assert (workload.spot.max_share, workload.spot.on_demand_base) == (0.6, 2)
    assert (made.workloads, made.left_out) == ({"web": "web"}, {})


def test_a_count_that_is_not_published_is_told() -> None:
    """The command that publishes it stands beside it, quoted for a shell."""
    text = draft(found(group("my group", counts_instances=False))).text
    assert "enable-metrics-collection --auto-scaling-group-name 'my group' --metrics GroupInServiceInstances" in text
    assert "enable-metrics-collection" not in draft(found(group())).text


@pytest.mark.parametrize(
    ("more", "metric"),
    [
        ({"balancers": (ALB,)}, "RequestCount"),
        ({"balancers": (Balancer("classic", "old", None),)}, "RequestCount"),
        ({"queues": ("orders",)}, "ApproximateNumberOfMessagesVisible"),
    ],
)
def test_the_better_metrics_are_right_once_uncommented(more: dict[str, object], metric: str) -> None:
    """What stands as a comment is not prose: put in place of the CPU it passes the same check."""
    lines = draft(found(group(**more))).text.splitlines()
    better = [
        line.replace("    # ", "    ", 1) for line in lines if line.startswith(("    # load:", "    # capacity:"))
    ]
    assert len(better) == 2
    head = lines[: lines.index("    load:")]
    workload = config("\n".join([*head, *better, "    limits: {min: 2, max: 20}", ""])).workloads["web"]
    assert workload.load.cloudwatch is not None
    assert workload.load.cloudwatch.metric == metric
    assert workload.capacity.weights == {"m5.large": 1, "m5.xlarge": 2}
    assert workload.capacity.throughput is not None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"name": "we\nird: {x}"}, "contains"),
        ({"name": "größe"}, "target.asg"),
        ({"weights": ()}, "instance types are unknown"),
        ({"max_size": 0, "min_size": 0}, "maximum size is 0"),
        ({"max_size": 200_000}, "limits.max"),
        ({"weights": (("mac", 1),)}, "weights"),
        ({"weights": tuple((f"m5.x{number}", 1) for number in range(41))}, "at most 40"),
    ],
)
def test_what_cannot_be_a_workload_is_a_comment_with_the_reason(bad: dict[str, object], said: str) -> None:
    """Names outside the allow-list and the like are left out visibly, and the file stays right."""
    given = {"name": "odd"} | bad
    made = draft(found(group(**given), group("web")))  # type: ignore[arg-type]
    assert list(config(made.text).workloads) == ["web"]
    assert said in made.left_out[str(given["name"])]
    assert said in made.text


def test_a_service_is_a_workload_too() -> None:
    """CPU times the tasks that run, within its own bounds; its requests stand beside it, and are right."""
    text = draft(found(services=(FoundService("prod", "api", 3, 2, 30, (ALB,)),))).text
    workload = config(text).workloads["prod-api"]
    assert (workload.target.kind, workload.target.name) == ("ecs_service", "prod/api")
    assert (workload.limits.min, workload.limits.max) == (2, 30)
    assert workload.capacity.utilisation is not None
    lines = text.splitlines()
    better = [
        line.replace("    # ", "    ", 1) for line in lines if line.startswith(("    # load:", "    # capacity:"))
    ]
    load = next(number for number, line in enumerate(lines) if line.startswith("    load:"))
    counted = config("\n".join([*lines[:load], *better, "    limits: {min: 2, max: 20}", ""])).workloads["prod-api"]
    assert counted.load.cloudwatch is not None
    assert counted.load.cloudwatch.metric == "RequestCount"
    assert counted.capacity.bare


def test_what_cannot_be_planned_yet_is_a_comment() -> None:
    """A service without bounds and a variant whose throughput nobody knows stand there with the reason."""
    service = FoundService("prod", "api", 3, None, None, (ALB,))
    variant = FoundVariant("chat", "main", "ml.g5.xlarge", 2, 1, 4)
    made = draft(found(group(), services=(service,), variants=(variant,)))
    assert list(config(made.text).workloads) == ["web"]
    assert "not scaled automatically" in made.left_out["ECS service prod/api"]
    assert "measure it" in made.left_out["SageMaker variant chat/main"]
    assert "#   target: {ecs_service: prod/api}" in made.text.replace("#     target", "#   target")
    assert "VariantName: main" in made.text
    filled = made.text.replace("?/s", "12/s").splitlines()
    start = next(number for number, line in enumerate(filled) if "chat-main:" in line)
    mended = [line.replace("  # ", "  ", 1) for line in filled[start : start + 6]]
    version = ["version: 1", "workloads:"]
    ranked = config("\n".join([*version, *mended, ""])).workloads["chat-main"]
    assert ranked.target.name == "chat/main"


def test_gaps_stand_in_the_file() -> None:
    """What could not be read is not silently absent."""
    assert "# - ECS services: AWS refused" in draft(found(group(), gaps=("ECS services: AWS refused",))).text


@pytest.mark.parametrize("groups", [(), (group(weights=()),)])
def test_without_a_workload_there_is_no_file(groups: tuple[FoundGroup, ...]) -> None:
    """3, with what was found instead, as a configuration without workloads is none."""
    with pytest.raises(Refused) as caught:
        draft(found(*groups, variants=(FoundVariant("chat", "main", None, None, None, None),)))
    assert caught.value.exit_code == 3
    assert ("instance types are unknown" if groups else "measure it") in caught.value.why


def test_too_many_groups_for_a_file() -> None:
    """A file that would be refused for its size is not written."""
    with pytest.raises(Refused, match="do not fit"):
        draft(found(*(group(f"group-{number:05}", queues=("q" * 80,) * 30) for number in range(140))))


def test_names_that_collide_are_told_apart() -> None:
    """Two groups never become one workload."""
    made = draft(found(group("a b"), group("a-b"), group("a+b")))
    assert len(set(made.workloads.values())) == 3
    assert made.workloads["a-b"] == "a-b"
    assert workload_name("x" * 200) != workload_name("x" * 201)


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(min_size=1, max_size=40),
    queue=st.text(max_size=20),
    instance_type=st.text(max_size=12),
    gap=st.text(max_size=40),
    cluster=st.text(max_size=20),
)
def test_nothing_in_an_account_can_break_the_file(
    name: str, queue: str, instance_type: str, gap: str, cluster: str
) -> None:
    """Rows 41 and 46: whatever names hold, the file is ASCII, one group stays one workload, and it is right."""
    odd = group(name, queues=(queue,), counts_instances=False)
    typed = group("typed", weights=((instance_type, 1),))
    services = (FoundService(cluster, queue, 1, None, None, ()),)
    variants = (FoundVariant(cluster, name, instance_type, None, 1, 2),)
    made = draft(found(odd, typed, group("sound"), services=services, variants=variants, gaps=(gap,)))
    assert made.text.isascii()
    assert sorted(config(made.text).workloads) == sorted(made.workloads.values())
    assert "sound" in made.workloads.values()


@given(
    value=st.text(max_size=30) | st.sampled_from(["no", "Null", "1e3", "~", "on", "a: b", "x #y", "12:30", "=", "-"])
)
def test_a_scalar_is_the_text_it_was(value: str) -> None:
    """Quotes where YAML would read something else."""
    from ruamel.yaml import YAML

    assert YAML(typ="safe", pure=True).load(f"{{k: {scalar(value)}}}")["k"] == value


def test_the_same_account_gives_the_same_bytes(tmp_path: Path) -> None:
    """Order and words follow from what was found alone; and the file loads from disk."""
    given = found(group("b"), group("a", balancers=(ALB,)))
    assert draft(given) == draft(given)
    (tmp_path / "scaler.yaml").write_text(draft(given).text)
    assert [workload.name for workload in load_config(tmp_path / "scaler.yaml").workloads()] == ["a", "b"]
