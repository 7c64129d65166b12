"""What is read from Terraform's JSON of a plan, and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from scaler.cli.terraform_table import render_terraform
from scaler.plan.document import Plan
from scaler.terraform.changes import Action, read_changes
from scaler.terraform.gate import RULE, refusals
from scaler.terraform.interface import TerraformFailed
from tests.plan.conftest import live, plan_of

__all__ = ["live", "plan_of"]

RAMP = [150, 150, 450, 450, 820, 820, 150, 150, 150]
GROUP = {"name": "shop-asg", "min_size": 2, "max_size": 20, "desired_capacity": 4}


def change(kind: str, address: str, actions: list[str], before: Any, after: Any, **more: Any) -> dict[str, Any]:
    """One entry of resource_changes."""
    return {
        "type": kind,
        "address": address,
        "mode": "managed",
        "change": {"actions": actions, "before": before, "after": after, **more},
    }


def shown(*changes: dict[str, Any]) -> dict[str, Any]:
    """What ``terraform show -json`` says."""
    return {"format_version": "1.2", "resource_changes": list(changes)}


def group(actions: list[str], before: Any, after: Any, **more: Any) -> dict[str, Any]:
    """A change of the group ``shop``."""
    return change("aws_autoscaling_group", "aws_autoscaling_group.shop", actions, before, after, **more)


def schedule(name: str, actions: list[str], before: int | None, after: int | None) -> dict[str, Any]:
    """A change of one scheduled minimum of ``shop``."""

    def state(size: int | None) -> dict[str, Any] | None:
        if size is None:
            return None
        return {
            "autoscaling_group_name": "shop-asg",
            "scheduled_action_name": name,
            "start_time": "2026-11-16T01:00:00Z",
            "recurrence": "",
            "min_size": size,
            "max_size": -1,
            "desired_capacity": -1,
        }

    return change("aws_autoscaling_schedule", f"aws_autoscaling_schedule.{name}", actions, state(before), state(after))


def test_groups_and_their_schedules_are_put_together() -> None:
    """Sizes before and after, the actions on it, and how many resources of other kinds change."""
    root = read_changes(
        shown(
            group(["update"], GROUP, GROUP | {"max_size": 30}),
            schedule("a", ["no-op"], 3, 3),
            schedule("b", ["delete"], 4, None),
            schedule("c", ["create"], None, 5),
            change("aws_launch_template", "aws_launch_template.t", ["update"], {}, {}),
            change("aws_iam_role", "aws_iam_role.r", ["no-op"], {}, {}),
            {**change("aws_vpc", "data.aws_vpc.v", ["read"], None, {}), "mode": "data"},
        )
    )
    (target,) = root.targets
    assert (target.kind, target.name, target.actions) == ("asg", "shop-asg", ("update",))
    assert (target.before.max_size, target.after.max_size) == (20, 30)
    at = "2026-11-16T01:00:00Z"
    assert target.schedules_before == {"a": Action(at, 3, None), "b": Action(at, 4, None)}
    assert target.schedules_after == {"a": Action(at, 3, None), "c": Action(at, 5, None)}
    assert root.counts == {"add": 1, "change": 2, "destroy": 1}
    assert (root.elsewhere, root.lost) == (1, ())


@pytest.mark.parametrize(
    ("resource", "kind", "name"),
    [
        ("service/shop/web", "ecs_service", "shop/web"),
        ("endpoint/ranker/variant/AllTraffic", "sagemaker_endpoint", "ranker/AllTraffic"),
        ("function:checkout:live", "lambda_alias", "checkout:live"),
    ],
)
def test_scalable_targets_have_the_names_of_the_configuration(resource: str, kind: str, name: str) -> None:
    """A target of Application Auto Scaling is found by what ``target`` in scaler.yaml calls it."""
    state = {"resource_id": resource, "min_capacity": 2, "max_capacity": 9}
    action = {
        "resource_id": resource,
        "name": "a",
        "schedule": "cron(0 8 ? * MON *)",
        "timezone": "UTC",
        "scalable_target_action": [{"min_capacity": "0", "max_capacity": ""}],
    }
    root = read_changes(
        shown(
            change("aws_appautoscaling_target", "t", ["no-op"], state, state),
            change("aws_appautoscaling_scheduled_action", "a", ["create"], None, action),
        )
    )
    (target,) = root.targets
    assert (target.kind, target.name) == (kind, name)
    assert target.schedules_after == {"a": Action("cron(0 8 ? * MON *) UTC", 0, None)}


def test_other_scalable_targets_are_left_alone() -> None:
    """A table of DynamoDB is none of scaler's targets; a name not known before the apply is not guessed."""
    table = {"resource_id": "table/orders", "min_capacity": 1, "max_capacity": 2}
    root = read_changes(
        shown(
            change("aws_appautoscaling_target", "t", ["create"], None, table),
            group(["create"], None, GROUP | {"name": None}),
        )
    )
    assert root.targets == ()


@pytest.mark.parametrize("document", [{}, {"format_version": "2.0"}, {"format_version": "1.2", "resource_changes": 3}])
def test_an_unknown_format_is_refused(document: dict[str, Any]) -> None:
    """A plan of another major format is not guessed at."""
    with pytest.raises(TerraformFailed) as failed:
        read_changes(document)
    assert failed.value.exit_code == 1


class TestRefusals:
    """What must not be applied."""

    @pytest.mark.parametrize("kind", ["aws_autoscaling_group", "aws_ecs_service", "aws_sagemaker_endpoint"])
    @pytest.mark.parametrize(("actions", "verb"), [(["delete"], "destroys"), (["delete", "create"], "replaces")])
    def test_what_serves_does_not_go(self, plan_of, kind: str, actions: list[str], verb: str) -> None:
        """A group, service or endpoint that is destroyed or replaced is refused, unless accepted by its name."""
        after = None if actions == ["delete"] else GROUP
        root = read_changes(shown(change(kind, f"{kind}.x", actions, GROUP, after)))
        (refused,) = refusals(root, plan_of(RAMP), frozenset())
        assert refused.exit_code == 3
        assert refused.what == f"Terraform {verb} {kind}.x"
        assert "--accept 'shop-asg:destroy'" in refused.next_step
        assert refusals(root, plan_of(RAMP), {("shop-asg", RULE)}) == ()
        assert len(refusals(root, plan_of(RAMP), {("other", RULE)})) == 1

    def test_what_forces_it_is_named(self, plan_of) -> None:
        """The attribute that cannot be changed in place is part of the reason, whichever is made first."""
        for actions in (["delete", "create"], ["create", "delete"]):
            root = read_changes(shown(group(actions, GROUP, GROUP, replace_paths=[["name_prefix"], ["tag", 0, "key"]])))
            (refused,) = refusals(root, plan_of(RAMP), frozenset())
            assert "name_prefix, tag.0.key cannot be changed in place" in refused.why

    def test_a_deregistered_target_is_lost_too(self, plan_of) -> None:
        """Deregistering deletes schedules and policies."""
        state = {"resource_id": "service/shop/web", "min_capacity": 2, "max_capacity": 9}
        root = read_changes(shown(change("aws_appautoscaling_target", "t", ["delete"], state, None)))
        (refused,) = refusals(root, plan_of(RAMP), frozenset())
        assert "--accept 'shop/web:destroy'" in refused.next_step

    def test_updates_and_new_groups_pass(self, plan_of) -> None:
        """So does the loss of what serves nobody."""
        root = read_changes(
            shown(
                group(["update"], GROUP, GROUP | {"max_size": 30}),
                group(["create"], None, GROUP | {"name": "new"}),
                schedule("b", ["delete"], 4, None),
                change("aws_launch_template", "t", ["delete", "create"], {}, {}),
            )
        )
        assert refusals(root, plan_of(RAMP), frozenset()) == ()

    @pytest.mark.parametrize(
        ("account", "region", "refused"),
        [
            ("123456789012", "us-east-1", False),
            (None, None, False),
            ("210987654321", "us-east-1", True),
            ("123456789012", "eu-west-1", True),
        ],
    )
    def test_another_account_or_region(self, plan_of, account: str | None, region: str | None, refused: bool) -> None:
        """A group that Terraform has elsewhere is not the one that was planned for: both identities are shown."""
        plan: Plan = plan_of(RAMP).model_copy(update={"account": account, "region": region})
        part = plan.workloads[0]
        part = part.model_copy(update={"target": part.target.model_copy(update={"region": None})})
        plan = plan.model_copy(update={"workloads": (part,)})
        arn = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:id:autoScalingGroupName/shop-asg"
        root = read_changes(shown(group(["no-op"], GROUP | {"arn": arn}, GROUP | {"arn": arn})))
        found = refusals(root, plan, frozenset())
        assert bool(found) is refused
        for error in found:
            assert "123456789012, us-east-1" in error.why
            assert f"{account}, {region}" in error.why


class TestTable:
    """What a person reads."""

    def render(self, root: Any, plan: Plan) -> str:
        from pathlib import Path

        console = Console(width=160)
        with console.capture() as captured:
            console.print(render_terraform(root, plan, Path("infra")))
        return " ".join(captured.get().split())

    def test_sizes_that_differ_are_said(self, plan_of) -> None:
        """Terraform's own sizes beside the planned ones, and schedules that stand with other sizes."""
        plan = plan_of(RAMP)
        name = f"scaler-{plan.workloads[0].steps[1].start:%Y%m%dT%H%MZ}"
        root = read_changes(shown(group(["update"], GROUP, GROUP | {"min_size": 3}), schedule(name, ["update"], 4, 1)))
        text = self.render(root, plan)
        assert "Terraform plan in infra: 0 to add, 2 to change, 0 to destroy" in text
        assert "shop: Terraform makes 3 to 20 of the planned" in text
        assert f"1 action have other sizes than planned: {name}" in text.replace("actions", "action")
        assert "1 action (+1 −1)" in text

    def test_workloads_without_a_group_here_are_said(self, plan_of) -> None:
        """A workload that this root does not have is not passed over in silence."""
        text = self.render(read_changes(shown(group(["delete"], GROUP | {"name": "old"}, None))), plan_of(RAMP))
        assert "shop: asg shop-asg is not in this root" in text
        assert "old minimum 2 — gone" in text

    def test_marks_of_the_terminal_are_shown_as_text(self, plan_of) -> None:
        """A name cannot colour, move or reorder what is read."""
        evil = "a[red]\x1b[31m\u202eb"
        text = self.render(
            read_changes(shown(group(["no-op"], GROUP | {"name": evil}, GROUP | {"name": evil}))), plan_of(RAMP)
        )
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "a[red]\\x1b[31m\\u202eb" in text
