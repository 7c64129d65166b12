"""A catalogue as a CSV file: one row per type, an empty cell for what is unknown, a source and a day per figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

from scaler.catalog.interface import CatalogueFailed, Entry, Gpu, Hardware, Price

COLUMNS = (
    "instance_type",
    "vcpus",
    "memory_mib",
    "architecture",
    "gpu_name",
    "gpu_count",
    "gpu_memory_mib",
    "hardware_as_of",
    "hardware_source",
    "on_demand_usd_per_hour",
    "price_as_of",
    "price_source",
)


def read_table(text: str, name: str) -> dict[str, Entry]:
    """Entries by instance type; lines that begin with ``#`` are remarks.

    Args:
        name: of the file, for messages.

    Raises:
        CatalogueFailed: a row is no entry. It names the row.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    entries: dict[str, Entry] = {}
    for row in csv.DictReader(lines):
        try:
            entry = _entry(row)
        except (ValueError, KeyError, TypeError) as error:
            raise CatalogueFailed(
                f"{name}: the row of {row.get('instance_type') or 'a type without a name'} is no entry of a catalogue",
                why=f"{type(error).__name__}: {error}",
                next_step="install scaler again, or refresh the file with scripts/catalog-refresh",
            ) from None
        entries[entry.instance_type] = entry
    return entries


def write_table(entries: Iterable[Entry], remarks: Iterable[str]) -> str:
    """The file, rows by name of the type; the same entries give the same bytes."""
    out = io.StringIO()
    out.writelines(f"# {remark}\n" for remark in remarks)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in sorted(entries, key=lambda each: each.instance_type):
        hardware, gpu, price = entry.hardware, entry.hardware.gpu, entry.on_demand
        writer.writerow(
            [
                hardware.instance_type,
                hardware.vcpus,
                hardware.memory_mib,
                hardware.architecture or "",
                gpu.name if gpu else "",
                f"{gpu.count:g}" if gpu else "",
                gpu.memory_mib if gpu and gpu.memory_mib is not None else "",
                hardware.as_of.isoformat(),
                hardware.source,
                f"{price.usd_per_hour:.10g}" if price else "",
                price.as_of.isoformat() if price else "",
                price.source if price else "",
            ]
        )
    return out.getvalue()


def _entry(row: Mapping[str, str]) -> Entry:
    memory, usd = row["gpu_memory_mib"], row["on_demand_usd_per_hour"]
    gpu = Gpu(row["gpu_name"], float(row["gpu_count"]), int(memory) if memory else None) if row["gpu_name"] else None
    return Entry(
        Hardware(
            instance_type=row["instance_type"],
            vcpus=int(row["vcpus"]),
            memory_mib=int(row["memory_mib"]),
            architecture=row["architecture"] or None,
            gpu=gpu,
            as_of=date.fromisoformat(row["hardware_as_of"]),
            source=row["hardware_source"],
        ),
        Price(float(usd), date.fromisoformat(row["price_as_of"]), row["price_source"]) if usd else None,
    )
