"""vCPU quotas of a region as people and programs read them, beside what runs. Unknown is "—", empty or null."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scaler.catalog.quotas import QUOTA_CODES
from scaler.preflight.quota import running_vcpus

if TYPE_CHECKING:
    from scaler.preflight.interface import RegionFigures

UNKNOWN = "—"
_COLUMNS = ("family", "capacity_type", "quota_vcpus", "running_vcpus", "code", "quota_as_of", "running_as_of", "source")


def render(figures: RegionFigures, vcpus: Mapping[str, int]) -> RenderableType:
    """The table of a region's quotas.

    Args:
        vcpus: by instance type, of all that are known.
    """
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for heading, right in (
        ("family", False), ("capacity", False), ("quota vCPU", True), ("running", True), ("of", False), ("code", False),
        ("from", False),
    ):  # fmt: skip
        table.add_column(heading, no_wrap=True, justify="right" if right else "left")
    for row in _rows(figures, vcpus):
        table.add_row(
            *(
                Text(UNKNOWN if row[key] is None else f"{row[key]:g}" if isinstance(row[key], float) else str(row[key]))
                for key in ("family", "capacity_type", "quota_vcpus", "running_vcpus", "quota_as_of", "code", "source")
            )
        )
    whys = [f"{what}: {figure.why}" for what, figure in _figures(figures) if figure.why]
    footer = Text(f"{figures.region}; {UNKNOWN} is unknown, which is neither zero nor unlimited", style="dim")
    return Group(table, *(Text(why) for why in whys), footer)


def as_csv(figures: RegionFigures, vcpus: Mapping[str, int]) -> str:
    """A header and one row per family and purchase option."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in _rows(figures, vcpus):
        writer.writerow([f"{each:g}" if isinstance(each, float) else each for each in (row[key] for key in _COLUMNS)])
    return out.getvalue()


def as_json(figures: RegionFigures, vcpus: Mapping[str, int]) -> str:
    """One object with the quotas, and why what is unknown is so."""
    document = {
        "region": figures.region,
        "quotas": list(_rows(figures, vcpus)),
        "notes": [f"{what}: {figure.why}" for what, figure in _figures(figures) if figure.why],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _figures(figures: RegionFigures) -> tuple[tuple[str, Any], ...]:
    return (("quotas", figures.quotas), ("running instances", figures.running))


def _rows(figures: RegionFigures, vcpus: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Of every family that has a quota of its own, on-demand before spot."""
    running = figures.running
    for kind, family in QUOTA_CODES:
        quota = None if figures.quotas.value is None else figures.quotas.value.get((kind, family))
        used = None if running.value is None else running_vcpus(running.value, kind, family, vcpus)
        yield {
            "family": family,
            "capacity_type": kind,
            "quota_vcpus": None if quota is None else quota.vcpus,
            "running_vcpus": used,
            "code": QUOTA_CODES[kind, family],
            "quota_as_of": None if quota is None else quota.as_of.isoformat(),
            "running_as_of": None if running.as_of is None else running.as_of.date().isoformat(),
            "source": None if quota is None else quota.source,
        }
