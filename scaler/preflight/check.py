"""All checks of the workloads that are about to be planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from scaler.mix.interface import Mixer
from scaler.preflight.interface import Bounds, Figure, Finding, Planned, RegionFigures
from scaler.preflight.market import price_findings, score_findings
from scaler.preflight.place import address_findings, max_size_findings, zone_findings
from scaler.preflight.quota import quota_findings

_ORDER = ("blocked", "warning", "unknown", "passed")
_Value = TypeVar("_Value")


def preflight(
    planned: Sequence[Planned],
    figures: Mapping[str | None, RegionFigures],
    mixer: Mixer,
    *,
    now: datetime,
    as_of: datetime,
    bounds: Bounds,
) -> dict[str, tuple[Finding, ...]]:
    """Findings by workload, the gravest first.

    Args:
        planned: those of instance types; others have no quota, zone or address to check.
        figures: by region as the configuration names it (``None``: the region that botocore selects).
        now: the present; a score holds for an hour of it.
        as_of: the moment that is planned for; figures are aged by it.
    """
    found: dict[str, list[Finding]] = defaultdict(list)
    for region in {each.workload.region for each in planned}:
        mine = [each for each in planned if each.workload.region == region]
        known = _recent(figures.get(region, RegionFigures(region)), as_of, bounds.max_cached_age)
        for name, finding in quota_findings(mine, known, mixer):
            found[name].append(finding)
        for each in mine:
            found[each.workload.name] += _of_one(each, known, mixer, now=now, as_of=as_of, bounds=bounds)
    return {
        name: tuple(sorted(each, key=lambda f: (_ORDER.index(f.grade), f.check, f.message)))
        for name, each in found.items()
    }


def _of_one(
    planned: Planned, figures: RegionFigures, mixer: Mixer, *, now: datetime, as_of: datetime, bounds: Bounds
) -> list[Finding]:
    findings = [
        *max_size_findings(planned),
        *price_findings(planned, today=as_of.date(), limit=bounds.max_price_age),
    ]
    for what, figure in (("quotas", figures.quotas), ("running instances", figures.running)):
        if figure.value is not None and figure.why and figure.as_of is not None:
            message = f"{what} are of {figure.as_of:%Y-%m-%d}: {figure.why}"
            findings.append(Finding("quota", "unknown", message, figure.mend, as_of=figure.as_of))
    if planned.workload.target.kind == "asg":
        findings += zone_findings(planned, figures)
        findings += address_findings(planned, figures, mixer)
        findings += score_findings(planned, figures, mixer, now=now, as_of=as_of, bounds=bounds)
    return findings


def _recent(figures: RegionFigures, as_of: datetime, limit: timedelta) -> RegionFigures:
    """The same without figures that are too old to say anything."""

    def aged(figure: Figure[_Value]) -> Figure[_Value]:
        if figure.as_of is None or as_of - figure.as_of <= limit:
            return figure
        why = f"it was read {(as_of - figure.as_of).days} days ago, limit {limit.days}"
        return Figure(why=f"{why}; {figure.why}" if figure.why else why, mend=figure.mend)

    return replace(
        figures,
        quotas=aged(figures.quotas),
        running=aged(figures.running),
        places={name: aged(each) for name, each in figures.places.items()},
        subnets={name: aged(each) for name, each in figures.subnets.items()},
        offered={name: aged(each) for name, each in figures.offered.items()},
    )
