"""What a notice says of a plan, of what was applied, of an update, of a failure."""

from __future__ import annotations

from collections.abc import Mapping

from scaler.aws.redaction import one_safe_line
from scaler.counting import how_many
from scaler.errors import ScalerError
from scaler.notify.interface import Item, Notice, Urgency
from scaler.plan.document import Plan, WorkloadPart

#: In the order of urgency.
STATUSES = ("refused", "degraded", "changed", "unchanged")
MOST_REASONS = 3


def notice_of_plan(
    plan: Plan,
    *,
    command: str,
    exit_code: int,
    problems: Mapping[str, ScalerError],
    ended_by: ScalerError | None = None,
    link: str | None = None,
) -> Notice:
    """What a plan comes to.

    Args:
        problems: by workload, why it has no plan.
        ended_by: what stood in the way of writing it, such as what Terraform would have destroyed.
    """
    items = tuple(
        _item(part, problems.get(part.name))
        for part in sorted(plan.workloads, key=lambda part: (STATUSES.index(part.status), part.name))
    )
    count = {status: sum(item.status == status for item in items) for status in STATUSES}
    short = [part.name for part in plan.workloads if part.risk is not None and part.risk.shortfall_units]
    told = [f"{count[status]} {status}" for status in STATUSES if count[status]]
    if short:
        told.append(f"{len(short)} short at the maximum")
    problem = bool(count["refused"] or count["degraded"] or short or exit_code not in (0, 2))
    urgency: Urgency = "problem" if problem else "change" if count["changed"] else "quiet"
    facts = {
        "plan": plan.plan_id[:12],
        "as of": f"{plan.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "expires": f"{plan.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "cost change": _usd(_sum_of_changes(plan)),
    }
    headline = f"scaler {command}: {', '.join(told)}"
    if ended_by is not None:
        headline = f"{_verdict(ended_by, command)}: {one_safe_line(ended_by.what)} ({', '.join(told)})"
        facts |= _cause(ended_by)
    return Notice(command, exit_code, headline, urgency, items, facts, link)


def notice_of_changes(
    *, command: str, changes: int, facts: Mapping[str, str], items: tuple[Item, ...] = (), link: str | None = None
) -> Notice:
    """What was written to AWS; ``items`` only if something of it is wrong or moved."""
    wrong = any(item.status in ("left alone", "short") for item in items)
    headline = (
        f"scaler {command}: {how_many(changes, 'change')} written"
        if changes
        else f"scaler {command}: nothing to change"
    )
    if wrong:
        looks = sum(item.status in ("left alone", "short") for item in items)
        headline += f", {how_many(looks, 'workload')} {'needs' if looks == 1 else 'need'} a look"
    urgency: Urgency = "problem" if wrong else "change" if changes else "quiet"
    return Notice(command, 3 if wrong else 0, headline, urgency, items, facts, link)


def notice_of_failure(error: ScalerError, *, command: str, link: str | None = None) -> Notice:
    """What ended a run, in the words that stood on the terminal."""
    headline = f"{_verdict(error, command)}: {one_safe_line(error.what)}"
    return Notice(command, error.exit_code, headline, "problem", (), _cause(error), link)


def notice_of_record(
    *, command: str, by: str, failed: bool, facts: Mapping[str, str], link: str | None = None
) -> Notice:
    """That something else has applied a plan, or failed to."""
    headline = f"scaler {command}: {one_safe_line(by)} {'failed to apply' if failed else 'applied'} the plan"
    return Notice(command, 1 if failed else 0, headline, "problem" if failed else "change", (), facts, link)


def _verdict(error: ScalerError, command: str) -> str:
    return f"scaler {command} {'refused' if error.exit_code == 3 else 'failed'}"


def _cause(error: ScalerError) -> dict[str, str]:
    return {"why": one_safe_line(error.why), "next": one_safe_line(error.next_step)}


def _item(part: WorkloadPart, problem: ScalerError | None) -> Item:
    reasons = [] if problem is None else [f"{problem.what}: {problem.why}"]
    reasons += part.reasons
    sizes = [step.min_size for step in part.steps]
    live = None if part.live is None else part.live.min_size
    cost = None if part.cost is None else part.cost.change_usd
    told = tuple(dict.fromkeys(one_safe_line(reason) for reason in reasons))[:MOST_REASONS]
    lowest, highest = (min(sizes), max(sizes)) if sizes else (None, None)
    risk = None if part.risk is None else part.risk.shortfall_probability
    return Item(part.name, part.status, (live, lowest, highest), cost, told, risk)


def _sum_of_changes(plan: Plan) -> float | None:
    """What all workloads change together; unknown if it is of one of those that are planned."""
    planned = [part.cost.change_usd if part.cost else None for part in plan.workloads if part.status != "refused"]
    known = [change for change in planned if change is not None]
    return sum(known) if planned and len(known) == len(planned) else None


def _usd(value: float | None) -> str:
    return "—" if value is None else f"{value:+.2f} USD"
