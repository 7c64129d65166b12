"""Two plans side by side, as people read them."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.plan.compare import Moved, compare
from scaler.plan.document import Plan

UNKNOWN = "—"


def render_comparison(old: Plan, new: Plan) -> RenderableType:
    """One row per workload that moved; the rest are counted."""
    moved = compare(old, new)
    table = Table(
        title=f"Against plan {old.plan_id[:12]} as of {old.as_of:%Y-%m-%d %H:%M} UTC",
        title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0),
    )  # fmt: skip
    for heading in ("workload", "peak", "unit hours", "most", "cost USD", "model", "status"):
        table.add_column(heading, no_wrap=heading == "workload")
    for entry in moved:
        if entry.changed:
            table.add_row(*(Text(cell) for cell in _row(entry)))
    same = sum(not entry.changed for entry in moved)
    foot = Text(f"{len(moved) - same} of {len(moved)} workloads moved; levels where both plans reach", style="dim")
    return Group(table, foot)


def _row(moved: Moved) -> list[str]:
    most = UNKNOWN if moved.most is None else f"{moved.most[0]:+d} {moved.most[1]:%a %H:%M}"
    return [
        moved.name,
        _arrow(*moved.peak),
        _arrow(*(None if hours is None else f"{hours:g}" for hours in moved.unit_hours)),
        most,
        _arrow(*(None if usd is None else f"{usd:,.2f}" for usd in moved.cost_usd)),
        _arrow(*(None if model is None else model.replace("_", " ") for model in moved.model)),
        moved.presence if moved.presence != "both" else _arrow(*moved.status),
    ]


def _arrow(old: object, new: object) -> str:
    left, right = (UNKNOWN if value is None else str(value) for value in (old, new))
    return left if left == right else f"{left} → {right}"
