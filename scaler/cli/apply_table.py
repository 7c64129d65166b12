"""What an apply is about to change, as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from scaler.apply.interface import GroupPlan
from scaler.apply.run import Prepared
from scaler.apply.wanted import own
from scaler.cli.plain_text import visible

UNKNOWN = "—"


def render_diff(prepared: Prepared) -> str:
    """One block per group that changes, then the sum."""
    lines = [line for group in prepared.groups for line in _group(group)]
    changed = sum(bool(group.changes) for group in prepared.groups)
    calls = len(prepared.changes)
    if not calls:
        return "\n".join([*lines, f"Nothing to change: {len(prepared.groups)} groups are as wanted."])
    done = sum(entry.status == "done" for entry in prepared.journal.entries)
    resumed = f" An earlier attempt made {done} changes." if done else ""
    return "\n".join(
        [*lines, f"{calls} changes to {changed} of {len(prepared.groups)} groups, run {prepared.journal.run}.{resumed}"]
    )


def _group(group: GroupPlan) -> Iterator[str]:
    if group.changes or group.notes:
        yield f"{visible(group.group.workload)} ({visible(group.group.name)}, {group.group.region})"
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


def _size(action: object) -> str:
    size = getattr(action, "min_size", None)
    return UNKNOWN if size is None else str(size)
