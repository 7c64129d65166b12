"""What could be committed to, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.mix.commitments_advice import HOURS_PER_MONTH

if TYPE_CHECKING:
    from scaler.catalog.commitment import CommittedRate, Held, Holdings
    from scaler.catalog.interface import Catalogue, Entry
    from scaler.plan.document import CommitmentPart

UNKNOWN = "—"
_DAY = 86_400


def plan_lines(parts: Sequence[CommitmentPart]) -> list[str]:
    """One line for each region: the offer that saves most, or why none is known to."""
    lines = []
    for region in dict.fromkeys(part.region for part in parts):
        mine = [part for part in parts if part.region == region]
        place = region or "the region"
        best = next((part for part in mine if part.best), None)
        known = [part for part in mine if part.saves_usd_per_month is not None]
        if best is not None:
            lines.append(f"commitments in {place}: {_said(best)}")
        elif known:
            lines.append(f"commitments in {place}: none of {len(known)} offers pays on {known[0].basis}")
        else:
            lines.append(f"commitments in {place}: saving {UNKNOWN} ({mine[0].reason})")
    return lines


def _said(part: CommitmentPart) -> str:
    name = f"{part.kind.replace('_', ' ')} of {part.term_seconds // _DAY} d, {part.payment}"
    amount = f"{part.usd_per_hour:.4g} USD/h"
    if part.instances is not None:
        amount = f"{part.instances} × {part.covers[0]} at {amount}"
    held = f", beyond {part.held}" if part.held else ""
    used = UNKNOWN if part.used is None else f"{part.used:.0%}"
    even = UNKNOWN if part.break_even is None else f"{part.break_even:.0%}"
    saves, of, span = part.saves_usd_per_month or 0.0, part.on_demand_usd_per_month or 0.0, "a month"
    if part.kind == "capacity_block":  # it ends after days: nobody saves it for a month
        hours = part.term_seconds / 3600
        saves, of, span = saves * hours / HOURS_PER_MONTH, of * hours / HOURS_PER_MONTH, f"in its {hours:g} h"
    return (
        f"{name}: {amount}{held} saves {saves:,.2f} of {of:,.2f} USD {span} on {part.basis}; "
        f"used {used}, breaks even at {even}; rates of {part.as_of}"
    )


def rate_table(catalogue: Catalogue, entries: Sequence[Entry]) -> RenderableType:
    """Rates by type and offer, each with its day and the share of hours at which it breaks even; then what is held."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for heading, right in (
        ("type", False), ("on-demand", True), ("commitment", False), ("term", True), ("payment", False),
        ("USD/h", True), ("of", False), ("breaks even", True),
    ):  # fmt: skip
        table.add_column(heading, no_wrap=True, justify="right" if right else "left")
    for entry in entries:
        price = entry.on_demand
        usd = UNKNOWN if price is None else f"{price.usd_per_hour:.4f}"
        if not entry.committed:
            table.add_row(entry.instance_type, usd, *[UNKNOWN] * 6)
        for rate in entry.committed:
            table.add_row(entry.instance_type, usd, *_rate(rate, None if price is None else price.usd_per_hour))
    return Group(table, *(Text(line) for line in held_lines(catalogue.held)))


def _rate(rate: CommittedRate, on_demand: float | None) -> tuple[str, ...]:
    even = UNKNOWN if on_demand is None else f"{rate.usd_per_hour / on_demand:.0%}"
    return (
        rate.kind.replace("_", " "),
        f"{rate.term_seconds // _DAY} d",
        rate.payment,
        f"{rate.usd_per_hour:.4f}",
        rate.as_of.isoformat(),
        even,
    )


def held_lines(held: Holdings | None) -> list[str]:
    """What is held, as of a day, and what of it could not be read."""
    if held is None:
        return [f"held: {UNKNOWN} (never asked)"]
    lines = [f"held: {_held(item)}" for item in held.items]
    if not lines and not held.unknown:
        lines = ["held: nothing"]
    return [f"{line}, of {held.as_of}" for line in lines] + [f"held: {UNKNOWN} ({why})" for why in held.unknown]


def _held(item: Held) -> str:
    what = item.kind.replace("_", " ")
    amount = f"{item.usd_per_hour:g} USD/h" if item.usd_per_hour is not None else f"{item.count} × {item.instance_type}"
    place = f" in {item.zone}" if item.zone else f" of {item.family}" if item.family else ""
    return f"{amount} {what}{place}" + (f" until {item.until}" if item.until else "")
