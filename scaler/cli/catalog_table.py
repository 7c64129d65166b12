"""A catalogue as people and programs read it. Unknown is "—" in the table, empty in CSV and null in JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.catalog.interface import Catalogue, Entry, Price

UNKNOWN = "—"

_HEADINGS = ("type", "vCPU", "GiB", "GPU", "GPU GiB", "USD/h", "of", "spot", "of", "interrupted")
_COLUMNS = (
    "instance_type",
    "vcpus",
    "memory_mib",
    "architecture",
    "gpu_name",
    "gpu_count",
    "gpu_memory_mib",
    "on_demand_usd_per_hour",
    "on_demand_as_of",
    "spot_usd_per_hour",
    "spot_as_of",
    "interruptions",
    "zones",
)
_RATE_COLUMNS = (
    "instance_type",
    "on_demand_usd_per_hour",
    "kind",
    "term_seconds",
    "payment",
    "usd_per_hour",
    "as_of",
    "source",
    "break_even",
)
#: A narrower terminal wraps the lines: a figure that is cut off is worse than one on the next line.
WIDTH = 104


def render(catalogue: Catalogue, entries: Sequence[Entry]) -> RenderableType:
    """The table of some entries."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for heading in _HEADINGS:
        table.add_column(
            heading, no_wrap=True, justify="left" if heading in {"type", "GPU", "of", "interrupted"} else "right"
        )
    for entry in entries:
        table.add_row(*(Text(cell) for cell in _row(entry)))
    place = catalogue.region or "no region"
    footer = Text(
        f"{len(entries)} of {len(catalogue.entries)} types, {place}, from {catalogue.origin}; {UNKNOWN} is unknown",
        style="dim",
    )
    return Group(table, footer)


def as_json(catalogue: Catalogue, entries: Sequence[Entry]) -> str:
    """One object with the entries, every figure with its day and source."""
    return json.dumps(
        {
            "region": catalogue.region,
            "origin": catalogue.origin,
            "notes": catalogue.notes,
            "held": None if catalogue.held is None else asdict(catalogue.held),
            "types": [asdict(entry) for entry in entries],
        },
        indent=2,
        default=date.isoformat,
        allow_nan=False,
    )


def as_csv(entries: Sequence[Entry]) -> str:
    """A header and one row per entry."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in entries:
        hardware, gpu, spot = entry.hardware, entry.hardware.gpu, entry.dearest_spot
        row = [
            entry.instance_type, hardware.vcpus, hardware.memory_mib, hardware.architecture,
            gpu.name if gpu else None, f"{gpu.count:g}" if gpu else None, gpu.memory_mib if gpu else None,
            *_price_and_day(entry.on_demand), *_price_and_day(spot),
            entry.risk.interruptions if entry.risk else None,
            None if entry.zones is None else " ".join(entry.zones),
        ]  # fmt: skip
        writer.writerow([_neutral(cell) for cell in row])
    return out.getvalue()


def rates_as_csv(entries: Sequence[Entry]) -> str:
    """A header and one row per type and offer; a type without a known rate has one row without figures."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_RATE_COLUMNS)
    for entry in entries:
        price = entry.on_demand.usd_per_hour if entry.on_demand else None
        for rate in entry.committed or (None,):
            figures = [None] * 7 if rate is None else [
                rate.kind, rate.term_seconds, rate.payment, f"{rate.usd_per_hour:.10g}", rate.as_of.isoformat(),
                rate.source, None if price is None else f"{rate.usd_per_hour / price:.6g}",
            ]  # fmt: skip
            row = [entry.instance_type, None if price is None else f"{price:.10g}", *figures]
            writer.writerow([_neutral(cell) for cell in row])
    return out.getvalue()


def _row(entry: Entry) -> list[str]:
    hardware, gpu, spot = entry.hardware, entry.hardware.gpu, entry.dearest_spot
    return [
        entry.instance_type,
        str(hardware.vcpus),
        f"{hardware.memory_mib / 1024:g}",
        UNKNOWN if gpu is None else f"{gpu.count:g} × {gpu.name}",
        UNKNOWN if gpu is None or gpu.memory_mib is None else f"{gpu.memory_mib / 1024:.3g}",
        *_shown(entry.on_demand),
        *_shown(spot),
        UNKNOWN if entry.risk is None else entry.risk.interruptions,
    ]


def _shown(price: Price | None) -> tuple[str, str]:
    return (UNKNOWN, UNKNOWN) if price is None else (_usd(price.usd_per_hour), price.as_of.isoformat())


def _usd(amount: float) -> str:
    return f"{amount:.4f}" if amount >= 0.001 else f"{amount:.1e}"


def _price_and_day(price: Price | None) -> tuple[str | None, str | None]:
    return (None, None) if price is None else (f"{price.usd_per_hour:.10g}", price.as_of.isoformat())


def _neutral(cell: object) -> object:
    """A text that a spreadsheet would run as a formula, quoted so that it does not."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
