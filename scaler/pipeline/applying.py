"""A sealed plan → what is to be written: whose it is, and whether it still holds."""

from __future__ import annotations

from collections.abc import Callable

from scaler.apply.checks import check_account, check_plan, check_regions
from scaler.apply.interface import ApplyRefused, Target
from scaler.apply.run import Prepared, prepare
from scaler.aws.session import call
from scaler.config import Project
from scaler.history.store import Store
from scaler.pipeline.runtime import Runtime
from scaler.plan.document import Plan


def checked(
    plan: Plan,
    project: Project,
    runtime: Runtime,
    store: Store,
    target: Target,
    *,
    lower_live: frozenset[str] = frozenset(),
) -> Callable[[], Prepared]:
    """Check a sealed plan, and whose it is; then how to look at what it names.

    Raises:
        ApplyRefused: it has expired, refuses a workload, or is for another account or region.
        AwsFailed: AWS does not say who is asking.
    """
    check_plan(plan, runtime.clock())
    _require_one_writer(plan, project)
    regions = {w.name: runtime.aws.region(w.region) for w in project.workloads()}
    default = runtime.aws.region(project.config.defaults.region)
    check_regions(plan, {part.name: regions.get(part.name, default) for part in plan.workloads})
    account = None if plan.account is None else account_of(runtime, plan.region)
    check_account(plan, account)
    return lambda: prepare(plan, target, store, runtime.clock(), account=str(account), lower_live=lower_live)


def _require_one_writer(plan: Plan, project: Project) -> None:
    """Refuse recurring actions that Terraform is given, too: of other names at the same times, which AWS refuses.

    One-off actions of one plan go away with it; those of a week stay until somebody takes them back.
    """
    outputs = project.config.outputs
    for part in plan.workloads:
        to_community = outputs.community_tfvars is not None and part.target.kind == "asg"  # it knows groups alone
        given = "tfvars" if outputs.tfvars is not None else "community_tfvars" if to_community else None
        if part.weekly is None or given is None:
            continue
        raise ApplyRefused(
            f"the weekly schedule of {part.name} would have two writers",
            why=f"outputs.{given} gives it to Terraform, and scaler apply was about to write it, too",
            next_step=f"Apply it with Terraform, or take {given} out of outputs, plan again and apply that plan.",
        )


def account_of(runtime: Runtime, region: str | None) -> str | None:
    """The account whose credentials are selected.

    Raises:
        AwsFailed: AWS does not say.
    """
    caller = call(runtime.aws, "sts", "GetCallerIdentity", region=region, resource="the caller's identity")
    account: str | None = caller.get("Account")
    return account
