"""Capacity unit, mix and risk of a workload: all that is known of it before there is a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scaler.aws.interface import AwsClients
from scaler.capacity.interface import RiskChoice, UnitCapacity
from scaler.capacity.lead_time import LeadTime, given_lead_time, learn_lead_time
from scaler.capacity.risk import risk_quantile
from scaler.capacity.unit import unit_capacity
from scaler.catalog.prices import plan_prices
from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.mix.facts import Facts
from scaler.mix.group import group_mix
from scaler.mix.interface import GroupMix


@dataclass(frozen=True)
class Sized:
    """A workload whose capacity unit, mix, risk and lead time are known."""

    workload: Workload
    capacity: UnitCapacity
    mix: GroupMix
    risk: RiskChoice
    lead_time: LeadTime

    @property
    def lead_time_seconds(self) -> int:
        """Launch to serving."""
        return self.lead_time.seconds

    @property
    def notes(self) -> tuple[str, ...]:
        """What the plan should say about it, one line each."""
        learned = self.workload.capacity.lead_time == "learn"
        return (f"lead time {self.lead_time.seconds} s, {self.lead_time.source}",) if learned else ()


def size(workload: Workload, facts: Facts) -> Sized:
    """Size one workload.

    A lead time that is to be learned is the fallback here; see :func:`with_lead_times`.

    Raises:
        scaler.capacity.interface.CapacityRefused: a shortage cost without a price.
    """
    catalogue = facts.catalogue(workload)
    hardware = {name: entry.hardware for name, entry in catalogue.entries.items()}
    # SageMaker's types are EC2's at another price.
    hardware |= {f"ml.{name}": each for name, each in hardware.items()}
    fitted, tokens = facts.fits.get(workload.name), facts.tokens.get(workload.name)
    if isinstance(fitted, ScalerError):
        raise fitted
    if isinstance(tokens, ScalerError):
        raise tokens
    capacity = unit_capacity(workload.capacity, hardware, fitted, tokens)
    known = plan_prices(
        workload.prices,
        [name for name, _ in capacity.weights],
        catalogue,
        today=facts.today,
        spot=workload.spot.max_share > 0,
    )
    mix = group_mix(workload.spot, capacity.weights, known.prices)
    first = mix.offerings[0]
    idle = None if first.usd_per_hour is None else first.usd_per_hour / first.weight
    mix = replace(mix, notes=(*capacity.notes, *known.notes, *mix.notes))
    lead_time = given_lead_time(workload, gpu=has_gpu(workload, facts), why="nothing was asked of AWS")
    return Sized(workload, capacity, mix, risk_quantile(workload.risk, idle), lead_time)


def has_gpu(workload: Workload, facts: Facts) -> bool:
    """Whether a type of the workload has a GPU, as far as is known."""
    entries = facts.catalogue(workload).entries
    types = [name.removeprefix("ml.") for name in workload.capacity.instance_types]
    return any(name in entries and entries[name].hardware.gpu is not None for name in types)


def with_lead_times(
    sized: Mapping[str, Sized], facts: Facts, clients: AwsClients, *, as_of: datetime
) -> dict[str, Sized]:
    """Learn the lead times that are to be learned; a group that cannot tell gets the fallback, which says why."""
    return {
        name: replace(
            each,
            lead_time=learn_lead_time(clients, each.workload, as_of=as_of, gpu=has_gpu(each.workload, facts)),
        )
        if each.workload.capacity.lead_time == "learn"
        else each
        for name, each in sized.items()
    }


def size_all(workloads: Sequence[Workload], facts: Facts) -> tuple[dict[str, Sized], dict[str, ScalerError]]:
    """Size every workload; by name what came out, and by name why not."""
    sized: dict[str, Sized] = {}
    problems: dict[str, ScalerError] = {}
    for workload in workloads:
        try:
            sized[workload.name] = size(workload, facts)
        except ScalerError as error:
            problems[workload.name] = error
    return sized, problems
