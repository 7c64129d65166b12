"""What a plan, or an update, comes to for each workload, and the exit code of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from scaler.apply.run import Prepared
from scaler.aws.redaction import one_safe_line
from scaler.errors import ScalerError
from scaler.pipeline.rolling_loop import Line
from scaler.plan.document import Plan
from scaler.plan.seal import seal
from scaler.unattended.interface import Status, WorkloadOutcome

MOST_REASONS = 3


def outcomes(
    plan: Plan, changes: Mapping[str, int] | None = None, failed: Mapping[str, str] | None = None
) -> tuple[WorkloadOutcome, ...]:
    """Each workload of a plan.

    Args:
        changes: by workload, writes that were made.
        failed: by workload, why one of its writes was not.
    """
    found = []
    for part in plan.workloads:
        why = (failed or {}).get(part.name)
        reasons = part.reasons if why is None else (why, *part.reasons)
        told = tuple(dict.fromkeys(map(one_safe_line, reasons)))[:MOST_REASONS]
        status = part.status if why is None else "failed"
        found.append(WorkloadOutcome(part.name, status, told, (changes or {}).get(part.name, 0)))
    return tuple(found)


def failures(prepared: Prepared) -> dict[str, str]:
    """Why a write of a workload failed, as its journal says, by workload."""
    entries = prepared.journal.entries
    return {e.change.group.workload: str(e.note) for e in entries if e.status == "failed"}


def of_update(line: Line) -> tuple[WorkloadOutcome, ...]:
    """Each workload that an update moved, fell short of or left alone."""
    tick = line.tick
    if tick is None:
        return ()
    found = [WorkloadOutcome(name, "left alone", (one_safe_line(why),)) for name, why in tick.doubts.items()]
    for name, (stood, now, highest) in tick.floors.items():
        if name in tick.doubts:
            continue
        reasons = [f"minimum {stood} → {now}, up to {highest} in the near hours"]
        if name in tick.short:
            reasons.append(f"{tick.short[name]} units short at its maximum")
        found.append(WorkloadOutcome(name, "unchanged" if stood == now else "changed", tuple(reasons)))
    return tuple(sorted(found, key=lambda each: each.name))


def written(prepared: Prepared) -> dict[str, int]:
    """Writes that the journal of a run knows to be made, by workload; those of earlier attempts among them."""
    return dict(Counter(e.change.group.workload for e in prepared.journal.entries if e.status == "done"))


def exit_code(plan: Plan, problems: Mapping[str, ScalerError]) -> int:
    """0, or 3 if a workload is in doubt; if none could be planned, what their errors say.

    One workload's failure is a refusal of that workload: the run as a whole did what it could, and trying it
    again would plan all the others a second time.
    """
    refused = [part.name for part in plan.workloads if part.status == "refused"]
    if not refused:
        return 0
    if len(refused) < len(plan.workloads):
        return 3
    codes = {error.exit_code for error in problems.values()}
    return 78 if 78 in codes else 1 if 1 in codes else 3


def status_of(code: int, *, degraded: bool) -> Status:
    """In words."""
    if code == 0:
        return "degraded" if degraded else "done"
    return "refused" if code == 3 else "failed"


def without_refused(plan: Plan) -> Plan:
    """The plan of the workloads that are in no doubt, sealed: the same for the same plan, and that plan if all are."""
    if all(part.status != "refused" for part in plan.workloads):
        return plan
    parts = tuple(part for part in plan.workloads if part.status != "refused")
    return seal(plan.model_copy(update={"plan_id": "", "workloads": parts}))


def together(parts: Sequence[Plan]) -> Plan:
    """The plan of a fleet from the plans of its parts, sealed. Advice on commitments is of whole fleets."""
    workloads = sorted((workload for part in parts for workload in part.workloads), key=lambda each: each.name)
    return seal(parts[0].model_copy(update={"plan_id": "", "workloads": tuple(workloads), "commitments": ()}))
