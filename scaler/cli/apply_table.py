"""What an apply is about to change, as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from scaler.apply.interface import GroupPlan
from scaler.apply.run import Prepared
from scaler.apply.targets import LABELS
from scaler.apply.wanted import own
from scaler.cli.plain_text import visible

UNKNOWN = "—"


def render_diff(prepared: Prepared) -> str:
    """One block per group that changes, then the sum."""
    lines = [line for group in prepared.groups for line in _group(group)]
    lines += [f"{visible(name)}: {reason}" for name, reason in prepared.left_out]
    changed = sum(bool(group.changes) for group in prepared.groups)
    calls = len(prepared.changes)
    kinds = {group.group.kind for group in prepared.groups}
    what = "groups" if kinds <= {"asg"} else "targets"
    if not calls:
        return "\n".join([*lines, f"Nothing to change: {len(prepared.groups)} {what} are as wanted."])
    done = sum(entry.status == "done" for entry in prepared.journal.entries)
    resumed = f" An earlier attempt made {done} changes." if done else ""
    return "\n".join(
        [*lines, f"{calls} changes to {changed} of {len(prepared.groups)} {what}, run {prepared.journal.run}.{resumed}"]
    )


def _group(group: GroupPlan) -> Iterator[str]:
    if group.changes or group.notes:
        kind = "" if group.group.kind == "asg" else f"{LABELS[group.group.kind]} "
        yield f"{visible(group.group.workload)} ({kind}{visible(group.group.name)}, {group.group.region})"
    for note in group.notes:
        yield f"    {note}"
    if not group.changes:
        return
    live, wanted = group.live, group.wanted
    sizes = (("minimum", live.min_size, wanted.min_size), ("maximum", live.max_size, wanted.max_size))
    for label, now, then in sizes:
        if then is not None and then != now:
            yield f"  ~ {label} {now} → {then}"
    standing = {action.name: action for action in own(live)}
    kept = {action.name: action for action in wanted.actions}
    for name in sorted(standing.keys() | kept.keys()):
        old, new = standing.get(name), kept.get(name)
        if old != new:
            sign = "+" if old is None else "-" if new is None else "~"
            yield f"  {sign} {visible(name)}  minimum {_size(old)} → {_size(new)}"
    yield from _settings(group)


def _settings(group: GroupPlan) -> Iterator[str]:
    live, wanted = group.live, group.wanted
    before = {setting.attribute: setting.value for setting in live.settings}
    for setting in wanted.settings:
        if setting not in live.settings:
            label = setting.attribute.replace("_", " ")
            yield f"  ~ {visible(label)} {_value(before.get(setting.attribute))} → {_value(setting.value)}"
    lowered = next((change.desired_size for change in group.changes if change.kind == "lower"), None)
    if lowered is not None:
        yield f"  ~ desired {live.desired_size} → {lowered}"


def _value(value: str | None) -> str:
    return UNKNOWN if value is None else visible(value)


def _size(action: object) -> str:
    size = getattr(action, "min_size", None)
    return UNKNOWN if size is None else str(size)
