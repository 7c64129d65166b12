"""What a plan sets beside sizes and schedules, and who writes what, each in a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from scaler.cli.plain_text import visible
from scaler.plan.document import WorkloadPart
from scaler.plan.ownership import DESIRED, NOBODY, different_settings

UNKNOWN = "—"


def setting_lines(workload: WorkloadPart) -> list[str]:
    """One line of what ``scaler apply`` would change beside sizes and actions; none if that is nothing."""
    if workload.status == "refused" or workload.live is None:
        return []
    standing = {part.attribute: part.value for part in workload.live.settings} | {DESIRED: workload.live.desired_size}
    said = [
        f"{visible(part.attribute.replace('_', ' '))} {_value(standing.get(part.attribute))} → {_value(part.value)}"
        for part in different_settings(workload.settings, workload.live.settings)
    ]
    return [f"scaler apply also sets {'; '.join(said)}"] if said else []


def writer_lines(workloads: Sequence[WorkloadPart]) -> list[str]:
    """One line of who writes what for all workloads of which it is the same; what nobody writes is left out."""
    alike: dict[str, list[str]] = {}
    for workload in workloads:
        by_writer: dict[str, list[str]] = {}
        for part in workload.writers:
            if part.writer != NOBODY:
                by_writer.setdefault(part.writer, []).append(part.attribute)
        if by_writer:
            said = "; ".join(f"{' and '.join(names)} by {writer}" for writer, names in by_writer.items())
            alike.setdefault(visible(said), []).append(workload.name)
    return [f"{', '.join(names)}: written: {said}" for said, names in alike.items()]


def _value(value: JsonValue) -> str:
    """A figure as it is, a mix by its types and shares, a policy by its mode and target."""
    if value is None:
        return UNKNOWN
    if not isinstance(value, Mapping):
        return _figure(value)
    types, specifications = value.get("instance_types"), value.get("MetricSpecifications")
    if isinstance(types, list):
        base, share = (
            UNKNOWN if value.get(key) is None else value[key]
            for key in ("on_demand_base_capacity", "on_demand_percentage_above_base_capacity")
        )
        return visible(f"{', '.join(_type(each) for each in types)}; {base} + {share}% on-demand")
    first = specifications[0] if isinstance(specifications, list) and specifications else None
    target = first.get("TargetValue") if isinstance(first, Mapping) else None
    return visible(f"{value.get('Mode', UNKNOWN)} at {_figure(target)}")


def _figure(value: JsonValue) -> str:
    if value is None:
        return UNKNOWN
    return visible(f"{value:g}" if isinstance(value, float) else value)


def _type(entry: JsonValue) -> str:
    name, weight = entry if isinstance(entry, list) and len(entry) == 2 else (entry, None)
    return str(name) if weight in (None, 1) else f"{name}={weight}"
