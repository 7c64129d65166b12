"""Load on demand, and what is left of it after the commitments that are paid for already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.commitment import CommittedRate, Held, Holdings, family_of, size_factor
from scaler.mix.commitments import uncovered


@dataclass(frozen=True, eq=False)
class Load:
    """Instances on demand of one region, hour by hour.

    Attributes:
        types: instance types.
        instances: shape ``(hours, types)``, none below zero.
        basis: what it was taken from, in a few words.
    """

    types: tuple[str, ...]
    instances: NDArray[np.float64]
    basis: str

    def only(self, types: Sequence[str]) -> Load:
        """The same of some types."""
        columns = [self.types.index(name) for name in types]
        return Load(tuple(types), self.instances[:, columns], self.basis)


@dataclass(frozen=True)
class TypeRates:
    """What is known of a type: its on-demand price and the rates it could be committed at."""

    on_demand_usd_per_hour: float | None
    committed: tuple[CommittedRate, ...]


def prices_of(rates: Mapping[str, TypeRates], names: Sequence[str]) -> NDArray[np.float64]:
    """On-demand prices of types that have one."""
    return np.array([rates[name].on_demand_usd_per_hour or np.nan for name in names])


def after_holdings(load: Load, held: Holdings, rates: Mapping[str, TypeRates]) -> tuple[Load, str, str]:
    """What is left to on-demand after what is held, what that was in words, and why it cannot be told.

    A capacity reservation is no discount: its instances are billed on demand in every hour, used or not, so that
    they are load which a commitment covers.
    """
    instances = load.instances.copy()
    said: list[str] = []
    for each in held.items:
        if each.kind == "capacity_reservation" and each.instance_type in load.types:
            column = load.types.index(each.instance_type)
            instances[:, column] = np.maximum(instances[:, column], each.count)
            said.append(f"{each.count} × {each.instance_type} reserved capacity, billed on demand")
    for each in held.items:
        if each.kind in ("reserved_instance", "capacity_block") and _take(instances, load.types, each):
            said += [f"{each.count} × {each.instance_type} {each.kind.replace('_', ' ')}"]
    # An instance savings plan is applied before one that covers everything.
    for each in sorted(held.items, key=lambda item: item.kind != "instance_savings_plan"):
        if each.kind not in ("savings_plan", "instance_savings_plan"):
            continue
        columns = [i for i, name in enumerate(load.types) if each.family in (None, family_of(name))]
        if not columns:
            continue
        names = [load.types[i] for i in columns]
        usd = [_lowest(rates, name, each.kind) for name in names]
        unknown = [name for name, rate in zip(names, usd, strict=True) if rate is None]
        if unknown:
            held_plan = each.kind.replace("_", " ")
            return load, "", f"a {held_plan} is held, and what it pays for {', '.join(unknown)} is unknown"
        commitment = each.usd_per_hour or 0.0
        paid = np.array([rate or np.nan for rate in usd])
        instances[:, columns] = uncovered(instances[:, columns], paid, prices_of(rates, names), commitment)
        said.append(f"{commitment:g} USD/h {each.kind.replace('_', ' ')}")
    return replace(load, instances=instances), ", ".join(said), ""


def _lowest(rates: Mapping[str, TypeRates], name: str, kind: str) -> float | None:
    """The least that a held plan may pay for a type: it then covers most, and least is left to gain."""
    return min((rate.usd_per_hour for rate in rates[name].committed if rate.kind == kind), default=None)


def _take(instances: NDArray[np.float64], types: tuple[str, ...], held: Held) -> bool:
    """Take reserved instances off; of a region, what its own type leaves goes to other sizes of the family."""
    name = held.instance_type or ""
    left = np.full(len(instances), float(held.count))
    taken = False
    if name in types:
        column = types.index(name)
        used = np.minimum(left, instances[:, column])
        instances[:, column] -= used
        left, taken = left - used, True
    factor = size_factor(name)
    if held.kind == "capacity_block" or held.zone is not None or factor is None:
        return taken
    for column, other in enumerate(types):
        size = size_factor(other)
        if other != name and family_of(other) == family_of(name) and size is not None:
            used = np.minimum(left * factor / size, instances[:, column])
            instances[:, column] -= used
            left, taken = left - used * size / factor, True
    return taken
