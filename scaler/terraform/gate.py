"""What Terraform must not do to a scaling target unless a person has accepted it."""

from __future__ import annotations

from collections.abc import Collection

from scaler.errors import Refused
from scaler.plan.document import Plan
from scaler.terraform.changes import RootChange

#: Rule that ``--accept TARGET:destroy`` lets pass.
RULE = "destroy"


class TerraformRefused(Refused):
    """A Terraform plan that must not be applied."""


def refusals(root: RootChange, plan: Plan, accepted: Collection[tuple[str, str]]) -> tuple[TerraformRefused, ...]:
    """Why the Terraform plan must not be applied: one for each target.

    Args:
        accepted: pairs of a target's name and :data:`RULE` that a person has accepted.
    """
    forced = {target.address: target.forced_by for target in root.targets}
    lost = tuple(
        TerraformRefused(
            f"Terraform {verb} {address}",
            why=_why(verb, name, forced.get(address, ())),
            next_step=f"see terraform plan for what asks for it, or accept it once with --accept '{name}:{RULE}'",
        )
        for address, verb, name in root.lost
        if (name, RULE) not in accepted
    )
    return lost + _elsewhere(root, plan)


def _why(verb: str, name: str, forced_by: tuple[str, ...]) -> str:
    if verb == "destroys":
        return f"what serves as {name} would be gone, with its schedules and policies"
    reason = f", as {', '.join(forced_by)} cannot be changed in place" if forced_by else ""
    return f"{name} would be taken down and made anew{reason}: its capacity, schedules and policies start from nothing"


def _elsewhere(root: RootChange, plan: Plan) -> tuple[TerraformRefused, ...]:
    """Targets that Terraform knows in another account or region than the one that was planned for."""
    planned = {(part.target.kind, part.target.name): part.target.region or plan.region for part in plan.workloads}
    found = []
    for target in root.targets:
        parts = (target.arn or "").split(":")
        if (target.kind, target.name) not in planned or len(parts) < 5:
            continue
        region, account = planned[target.kind, target.name], plan.account
        if (region or parts[3]) != parts[3] or (account or parts[4]) != parts[4]:
            found.append(
                TerraformRefused(
                    f"{target.address} is not the target that was planned for",
                    why=f"Terraform has {target.name} in account {parts[4]}, {parts[3]}; the plan is for account "
                    f"{account or '—'}, {region or '—'}",
                    next_step="select the same account and region for both: AWS_PROFILE, AWS_REGION",
                )
            )
    return tuple(found)
