"""What a plan launches, in vCPUs by family, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.interface import PriceKind
from scaler.catalog.quotas import QuotaFamily, quota_family
from scaler.mix.interface import Mixer, Offering
from scaler.preflight.interface import Planned
from scaler.preflight.levels import planned_levels


@dataclass(frozen=True, eq=False)
class Need:
    """What one workload launches of one purchase option.

    Attributes:
        units: shape ``(steps,)``.
        vcpus: by family, shape ``(steps,)`` each, as the mix is expected to be split.
        offerings: with known vCPUs, by family, in order of preference.
    """

    planned: Planned
    units: NDArray[np.int64]
    vcpus: Mapping[QuotaFamily, NDArray[np.int64]]
    offerings: Mapping[QuotaFamily, tuple[Offering, ...]]

    @property
    def name(self) -> str:
        """Name of the workload."""
        return self.planned.workload.name


def need_of(planned: Planned, kind: PriceKind, mixer: Mixer) -> Need:
    """What a plan launches of one purchase option, step by step."""
    different, back = np.unique(planned_levels(planned), return_inverse=True)
    units = np.zeros(different.size, dtype=np.int64)
    vcpus: dict[QuotaFamily, NDArray[np.int64]] = {}
    for at, level in enumerate(different):
        for share in mixer.split(planned.mix, int(level)).shares:
            if share.offering.capacity_type != kind:
                continue
            units[at] += share.units
            each = planned.vcpus.get(share.offering.instance_type)
            if each is not None:
                family = quota_family(share.offering.instance_type, kind)
                vcpus.setdefault(family, np.zeros_like(units))[at] += share.count * each
    offerings: dict[QuotaFamily, tuple[Offering, ...]] = {}
    for offering in planned.mix.offerings:
        if offering.capacity_type == kind and offering.instance_type in planned.vcpus:
            family = quota_family(offering.instance_type, kind)
            offerings[family] = (*offerings.get(family, ()), offering)
    return Need(planned, units[back], {family: row[back] for family, row in vcpus.items()}, offerings)


def summed(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The sum of rows that begin together; a shorter one has nothing to add behind its end."""
    total = np.zeros(max(row.size for row in rows), dtype=np.int64)
    for row in rows:
        total[: row.size] += row
    return total
