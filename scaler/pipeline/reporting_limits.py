"""The long horizon of a fleet against its limits: max size and budget of each workload, and quotas that are shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.interface import PriceKind
from scaler.catalog.quotas import Quota, QuotaFamily, quota_family
from scaler.history.store import Store
from scaler.mix.facts import StoredFigures
from scaler.mix.group import PreferenceMixer
from scaler.mix.interface import GroupMix
from scaler.pipeline.runtime import Runtime
from scaler.plan.interface import WorkloadInputs
from scaler.preflight.cache import read_figures
from scaler.preflight.interface import RegionFigures
from scaler.preflight.quota import running_vcpus
from scaler.report.horizon import DAYS
from scaler.report.interface import Reach
from scaler.report.reaching import Limit, levelled, reaches, unknown
from scaler.report.trends import Array

_KINDS: tuple[PriceKind, ...] = ("on-demand", "spot")
_LARGEST = 1 << 30
# More is no margin any more: an event, or a forecast that has another view than the long horizon.
_MOST_MARGIN = 2.0


@dataclass(frozen=True, eq=False)
class Seen:
    """One workload with its courses.

    Attributes:
        paths: shape ``(paths, days)``, possible daily peaks in units of demand.
        recent: highest peak of the last week; NaN is unknown.
        usd_per_day: median cost of its plan; ``None`` is unknown.
    """

    inputs: WorkloadInputs
    paths: Array
    recent: float
    usd_per_day: float | None


@dataclass(eq=False)
class _Drawn:
    """What the workloads that were looked at draw on one quota, day by day.

    Attributes:
        steps: the same over the steps of the plan: peaks of different hours do not meet.
        peaks: sum of the highest of each.
        by: vCPUs at the peak by workload.
    """

    paths: Array
    recent: float = 0.0
    steps: Array = field(default_factory=lambda: np.zeros(0))
    peaks: float = 0.0
    by: dict[str, float] = field(default_factory=dict)


_Key = tuple[str | None, PriceKind, QuotaFamily]


class Limits:
    """Takes workloads a chunk at a time, and keeps of them no more than what they share.

    Args:
        vcpus: by region as the configuration names it and instance type.
    """

    def __init__(
        self, store: Store, runtime: Runtime, vcpus: Mapping[str | None, Mapping[str, int]], as_of: datetime
    ) -> None:
        self._figures = {region: read_figures(StoredFigures(store), runtime.aws.region(region)) for region in vcpus}
        self._vcpus, self._as_of = vcpus, as_of
        self._mixer = PreferenceMixer()
        self._drawn: dict[_Key, _Drawn] = {}

    def of(self, chunk: Sequence[Seen]) -> dict[str, tuple[Reach, ...]]:
        """When the workloads of a chunk reach their own limits; what they draw on quotas is added up."""
        limits, courses, now, whose = [], [], [], []
        found: dict[str, list[Reach]] = {each.inputs.workload.name: [] for each in chunk}
        for each in chunk:
            name, bounds = each.inputs.workload.name, each.inputs.workload.limits
            margin = _margin(each)
            units = self._units(each, each.paths * margin)
            recent = self._units(each, np.array([[each.recent * margin]]))
            limits.append(Limit("max size", "units", bounds.max, note=_MARGIN))
            courses.append(units.astype(float))
            now.append(float(recent[0, 0]))
            whose.append(name)
            spent = self._spent(each, self._units(each, each.paths))
            if isinstance(spent, str):
                found[name].append(unknown("budget", "USD a day", DAYS, spent, bounds.max_usd_per_day))
            elif bounds.max_usd_per_day is not None:
                limits.append(Limit("budget", "USD a day", bounds.max_usd_per_day, note=_BUDGET))
                courses.append(spent)
                today = self._spent(each, self._units(each, np.array([[each.recent]])))
                now.append(np.nan if isinstance(today, str) else float(today[0, 0]))
                whose.append(name)
            self._draw(each, units, recent)
        for name, reach in zip(whose, reaches(limits, np.array(courses), np.array(now), self._as_of), strict=True):
            found[name].append(reach)
        return {name: tuple(sorted(mine, key=lambda r: r.limit, reverse=True)) for name, mine in found.items()}

    def shared(self) -> list[tuple[tuple[str, ...], Reach]]:
        """When the quotas are reached by all together, with the names of who draws on each, most first."""
        found = []
        for (region, kind, family), drawn in sorted(self._drawn.items(), key=lambda item: [str(k) for k in item[0]]):
            names = tuple(sorted(drawn.by, key=lambda name: (-drawn.by[name], name)))
            found.append((names, self._quota(region, kind, family, drawn)))
        return found

    def _units(self, each: Seen, peaks: Array) -> NDArray[np.int64]:
        needed = each.inputs.requirement.capacity.units(np.maximum(np.nan_to_num(peaks), 0.0))
        found: NDArray[np.int64] = np.clip(needed, each.inputs.workload.limits.min, _LARGEST)
        return found

    def _spent(self, each: Seen, units: NDArray[np.int64]) -> Array | str:
        """USD a day at these peaks, a day shaped as in the plan; or why that is unknown."""
        bounds = each.inputs.workload.limits
        if bounds.max_usd_per_day is None:
            return "no limits.max_usd_per_day is given"
        usual = self._usd(each.inputs.mix, int(each.inputs.requirement.units_p50.max()))
        hourly = levelled(lambda level: self._usd(each.inputs.mix, level), np.minimum(units, bounds.max))
        if hourly is None or not usual or each.usd_per_day is None:
            return "a price is unknown"
        return hourly * each.usd_per_day / usual

    def _usd(self, mix: GroupMix, level: int) -> float | None:
        return self._mixer.split(mix, level).usd_per_hour

    def _draw(self, each: Seen, units: NDArray[np.int64], recent: NDArray[np.int64]) -> None:
        workload = each.inputs.workload
        known = self._vcpus.get(workload.region)
        if known is None or workload.target.facts.types != "ec2":
            return
        steps = each.inputs.requirement.units
        for kind, family in self._families(each.inputs.mix, int(units.max()), known):

            def vcpus(level: int, kind: PriceKind = kind, family: QuotaFamily = family) -> float:
                shares = self._mixer.split(each.inputs.mix, level).shares
                return float(
                    sum(
                        share.count * known[share.offering.instance_type]
                        for share in shares
                        if share.offering.capacity_type == kind
                        and quota_family(share.offering.instance_type, kind) == family
                    )
                )

            key = (workload.region, kind, family)
            drawn = self._drawn.setdefault(key, _Drawn(np.zeros(units.shape)))
            by_path, by_step = levelled(vcpus, units), levelled(vcpus, steps)
            if by_path is None or by_step is None:  # vcpus() knows every level
                continue
            drawn.paths += by_path
            drawn.recent += vcpus(int(recent[0, 0]))
            drawn.steps = _added(drawn.steps, by_step)
            drawn.peaks += float(by_step.max())
            drawn.by[workload.name] = float(np.median(by_path.max(axis=1)))

    def _families(self, mix: GroupMix, level: int, known: Mapping[str, int]) -> Iterator[tuple[PriceKind, QuotaFamily]]:
        """What the highest level launches; a type whose vCPUs nobody knows is left to the preflight to tell."""
        shares = self._mixer.split(mix, level).shares
        offerings = [share.offering for share in shares]
        if all(each.instance_type in known for each in offerings):
            for kind in _KINDS:
                mine = {quota_family(each.instance_type, kind) for each in offerings if each.capacity_type == kind}
                yield from ((kind, family) for family in sorted(mine))

    def _quota(self, region: str | None, kind: PriceKind, family: QuotaFamily, drawn: _Drawn) -> Reach:
        figures = self._figures[region]
        where = "" if region is None else f", {region}"
        name = f"quota {kind} {family}{where}"
        quota, others, why = self._room(figures, kind, family, set(drawn.by))
        if quota is None:
            return unknown(name, "vCPUs", DAYS, f"the quota is unknown: {why}")
        together = float(drawn.steps.max()) / drawn.peaks if drawn.peaks else 1.0
        note = _MARGIN
        if len(drawn.by) > 1:
            note = f"{note}; peaks of different hours count {together:.2f} of their sum"
        if others is None:
            note = f"{note}; without what others run, which is unknown"
        limit = Limit(f"{name} ({quota.code})", "vCPUs", quota.vcpus, len(drawn.by), note)
        beside = float(others or 0)
        courses = (drawn.paths * together + beside)[None]
        return reaches([limit], courses, np.array([drawn.recent * together + beside]), self._as_of)[0]

    @staticmethod
    def _room(
        figures: RegionFigures, kind: PriceKind, family: QuotaFamily, mine: set[str]
    ) -> tuple[Quota | None, int | None, str]:
        """The quota, what others use of it, and why the quota is unknown."""
        quotas = figures.quotas.value
        if quotas is None:
            return None, None, figures.quotas.why or "it was never asked"
        rows = [each for each in figures.running.value or () if each.group not in mine]
        others = None if figures.running.value is None else running_vcpus(rows, kind, family, {})
        return quotas.get((kind, family)), others, "AWS lists no such quota"


_MARGIN = "with the margin that the plan keeps above demand"
_BUDGET = "a day shaped as in the plan, at its prices"


def _margin(each: Seen) -> float:
    """Demand that the plan covers over the middle of the courses in its span; it is at a limit before demand is."""
    needed = each.inputs.requirement
    days = max(1, round(needed.units.size * needed.step_seconds / 86_400))
    middle = float(np.median(each.paths[:, :days].max(axis=1)))
    return float(np.clip(needed.demand.max() / middle, 1.0, _MOST_MARGIN)) if middle > 0 else 1.0


def _added(first: Array, second: Array) -> Array:
    longer, shorter = (first, second) if first.size >= second.size else (second, first)
    total = longer.copy()
    total[: shorter.size] += shorter
    return total
