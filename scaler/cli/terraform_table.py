"""What Terraform is about to do to capacity, beside what scaler has planned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.cli.plain_text import visible
from scaler.emit.schedules import LEAVE_ALONE, Scheduled, scheduled_changes
from scaler.plan.document import Plan, WorkloadPart
from scaler.terraform.changes import Action, RootChange, Sizes, TargetChange, mix_in_words

UNKNOWN = "—"
LATER = "known after apply"

_DONE: Mapping[tuple[str, ...], str] = {
    ("no-op",): "unchanged",
    ("create",): "made",
    ("update",): "changed",
    ("delete",): "destroyed",
    ("read",): "unchanged",
}


def render_terraform(root: RootChange, plan: Plan, directory: Path) -> RenderableType:
    """A row for each size, schedule and mix of each target: as it is, as scaler and as Terraform will have it."""
    counts = ", ".join(f"{number} to {what}" for what, number in root.counts.items())
    title = Text(f"Terraform plan in {visible(directory)}: {counts}", style="italic")
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=0)
    for heading in ("target", "", "now", "scaler", "Terraform"):
        table.add_column(heading, no_wrap=heading in ("target", ""))
    planned = {(part.target.kind, part.target.name): part for part in plan.workloads}
    notes: list[str] = []
    for target in root.targets:
        part = planned.pop((target.kind, target.name), None)
        for number, row in enumerate(_rows(target, part)):
            name = (visible(target.name), _DONE.get(target.actions, "replaced"))
            table.add_row(*(Text(text) for text in (name[number] if number < len(name) else "", *row)))
        notes += _notes(target, part)
    notes += [
        f"{part.name}: {part.target.kind} {part.target.name} is not in this root"
        for part in planned.values()
        if part.steps and part.target.kind in ("asg", "ecs_service", "sagemaker_endpoint", "lambda_alias")
    ]
    if root.elsewhere:
        notes.append(f"{root.elsewhere} other resources change as well: see terraform plan")
    return Group(title, table, *(Text(visible(note)) for note in notes))


def _rows(target: TargetChange, part: WorkloadPart | None) -> list[tuple[str, str, str, str]]:
    steps = () if part is None else part.steps
    first = steps[0] if steps else None
    gone = target.after is None
    before, after = target.before or Sizes(None, None, None), target.after or Sizes(None, None, None)

    def size(what: str, now: int | None, mine: str, then: int | None) -> tuple[str, str, str, str]:
        there = UNKNOWN if target.before is None else _shown(now)
        return what, there, mine, "gone" if gone else LATER if then is None else str(then)

    rows = [
        size("minimum", before.min_size, UNKNOWN if first is None else str(first.min_size), after.min_size),
        size("maximum", before.max_size, UNKNOWN if first is None else str(first.max_size), after.max_size),
    ]
    if target.kind == "asg":
        rows.append(size("desired", before.desired_size, "left alone", after.desired_size))
    changes = () if part is None else scheduled_changes(part)
    rows.append(
        (
            "schedule",
            _actions(len(target.schedules_before)),
            UNKNOWN if part is None else _actions(len(changes)),
            _actions(len(target.schedules_after)) + _moved(target.schedules_before, target.schedules_after),
        )
    )
    mix = _planned_mix(part)
    if target.kind == "asg" and (mix, before.mix, after.mix) != (None, None, None):
        same = mix is not None and mix == after.mix
        rows.append(("mix", before.mix or UNKNOWN, mix or UNKNOWN, "as scaler" if same else after.mix or UNKNOWN))
    return rows


def _notes(target: TargetChange, part: WorkloadPart | None) -> list[str]:
    """What is not as scaler has planned it, and why that may be right."""
    if part is None or not part.steps or target.after is None:
        return []
    notes = []
    kept = (target.after.min_size, target.after.max_size)
    wanted = (part.steps[0].min_size, part.steps[0].max_size)
    if kept != wanted and target.before and kept == (target.before.min_size, target.before.max_size):
        notes.append("Terraform leaves the sizes that run: schedules and scaler apply move them")
    elif kept != wanted:
        notes.append(f"Terraform makes {kept[0]} to {kept[1]} of the planned {wanted[0]} to {wanted[1]}")
    changes = scheduled_changes(part)
    missing = [change for change in changes if _standing(change, target.schedules_after) is None]
    other = [change.name for change in changes if _standing(change, target.schedules_after) is False]
    if missing:
        notes.append(f"Terraform leaves out {_actions(len(missing))}, as they start too soon or the module drops them")
    if other:
        notes.append(f"{_actions(len(other))} have other sizes than planned: {', '.join(other[:3])}")
    return [f"{part.name}: {note}" for note in notes]


def _standing(change: Scheduled, actions: Mapping[str, Action]) -> bool | None:
    """Whether a planned change will stand with its sizes; ``None`` if it will not stand at all.

    A module may add a digest to the name of a recurring one.
    """
    for name, action in actions.items():
        if name == change.name or (change.start is None and name.startswith(f"{change.name}-")):
            sizes = tuple(None if size == LEAVE_ALONE else size for size in (change.min_size, change.max_size))
            return (action.min_size, action.max_size) == sizes
    return None


def _planned_mix(part: WorkloadPart | None) -> str | None:
    if part is None or part.mix_policy is None:
        return None
    mix = part.mix_policy
    return mix_in_words(mix.instance_types, mix.on_demand_base_capacity, mix.on_demand_percentage_above_base_capacity)


def _moved(before: Mapping[str, Action], after: Mapping[str, Action]) -> str:
    new = sum(before.get(name) != action for name, action in after.items())
    old = sum(after.get(name) != action for name, action in before.items())
    return f" (+{new} −{old})" if new or old else ""


def _actions(count: int) -> str:
    return f"{count} action{'' if count == 1 else 's'}"


def _shown(size: int | None) -> str:
    return UNKNOWN if size is None else str(size)
