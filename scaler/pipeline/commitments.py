"""What the fleet could commit to: its load on demand by region, hour by hour, from the history and from the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.commitment import CommittedRate, Held, Holdings
from scaler.catalog.interface import Catalogue
from scaler.config import PricesConfig, Project
from scaler.history.panels import History
from scaler.mix.commitments_advice import Advice, Ages, advise
from scaler.mix.commitments_held import Load, TypeRates
from scaler.mix.facts import Facts
from scaler.mix.interface import Mixer
from scaler.plan.interface import WorkloadInputs
from scaler.preflight.levels import levels

_HOUR = 3600


def commitments(
    inputs: Sequence[WorkloadInputs], history: History, facts: Facts, mixer: Mixer, project: Project
) -> tuple[Advice, ...]:
    """Advice for each region whose rates are known, of all its workloads of instance types together."""
    found: list[Advice] = []
    mine = [each for each in inputs if each.workload.target.facts.types == "ec2"]
    for region in sorted({each.workload.region for each in mine}, key=lambda name: name or ""):
        workloads = [each for each in mine if each.workload.region == region]
        types = tuple(sorted({o.instance_type for each in workloads for o in each.mix.offerings}))
        catalogue = facts.catalogues[region]
        rates = {name: _rates(name, workloads, catalogue, project) for name in types}
        if not any(rate.committed for rate in rates.values()):
            continue
        past = _load(types, [(each, *_past(each, history)) for each in workloads], mixer, "history")
        coming = _load(types, [(each, *_coming(each)) for each in workloads], mixer, "plan")
        held = _held(catalogue, project, facts.today)
        found += advise(catalogue.region, past, coming, rates, held, _ages(workloads, project, facts.today))
    return tuple(found)


def _rates(name: str, workloads: Sequence[WorkloadInputs], catalogue: Catalogue, project: Project) -> TypeRates:
    """Rates of the configuration if it has any, else of the catalogue; the price that the plan is costed with."""
    prices = [
        offering.usd_per_hour
        for each in workloads
        for offering in each.mix.offerings
        if offering.instance_type == name and offering.capacity_type == "on-demand"
    ]
    known = [usd for usd in prices if usd is not None]
    offers = project.config.commitments.offers
    given = tuple(
        CommittedRate(
            offer.kind,
            int(offer.term.total_seconds()),
            offer.payment,
            offer.usd_per_hour[name],
            offer.as_of,
            "configuration",
        )
        for offer in offers
        if name in offer.usd_per_hour
    )
    entry = catalogue.entries.get(name)
    return TypeRates(min(known, default=None), given if offers else entry.committed if entry else ())


def _held(catalogue: Catalogue, project: Project, today: date) -> Holdings | None:
    given = project.config.commitments.held
    if given is None:
        return catalogue.held
    items = tuple(
        Held(each.kind, each.usd_per_hour, each.instance_type, each.family, each.count or 0) for each in given
    )
    return Holdings(items, today, "configuration")


def _ages(workloads: Sequence[WorkloadInputs], project: Project, today: date) -> Ages:
    """Rates age as prices do, blocks as spot prices, and what is held as the figures of the preflight."""
    prices = [each.workload.prices or PricesConfig() for each in workloads]
    return Ages(
        today,
        min(each.max_age.days for each in prices),
        min(each.max_spot_age.days for each in prices),
        project.config.preflight.max_cached_age.days,
    )


def _past(inputs: WorkloadInputs, history: History) -> tuple[int, int, NDArray[np.float64]]:
    """Units that demand needed: start in seconds since the epoch, step, and values with NaN where unknown."""
    name = inputs.workload.name
    panel = next(panel for panel in history.panels if name in panel.names)
    demand = panel.values[panel.names.index(name)]
    known = np.isfinite(demand)
    units = np.full(demand.size, np.nan)
    units[known] = levels(
        inputs.workload, inputs.mix, inputs.requirement.capacity.units(np.maximum(demand[known], 0.0))
    )
    return int(panel.start.timestamp()), panel.step_seconds, units


def _coming(inputs: WorkloadInputs) -> tuple[int, int, NDArray[np.float64]]:
    needed = inputs.requirement
    units = levels(inputs.workload, inputs.mix, needed.units).astype(np.float64)
    return int(needed.start.timestamp()), needed.step_seconds, units


def _load(
    types: tuple[str, ...],
    series: Sequence[tuple[WorkloadInputs, int, int, NDArray[np.float64]]],
    mixer: Mixer,
    what: str,
) -> Load:
    """Instances on demand by hour and type: means of the hour, as that is what is billed.

    Hours that are known of any workload count; what is not known of another one is no load, which commits to less.
    """
    first = min(start for _, start, _, _ in series) // _HOUR
    last = max(-(-(start + step * units.size) // _HOUR) for _, start, step, units in series)
    total, known = np.zeros((last - first, len(types))), np.zeros(last - first, dtype=bool)
    for inputs, start, step, units in series:
        instances = _on_demand(inputs, units, types, mixer)
        hours = (start + step * np.arange(units.size)) // _HOUR - first
        finite = np.isfinite(units)
        if step > _HOUR:  # a long step holds in each hour of it
            repeats = step // _HOUR
            hours = (hours[:, None] + np.arange(repeats)).ravel()
            instances, finite = np.repeat(instances, repeats, axis=0), np.repeat(finite, repeats)
        count = np.bincount(hours[finite], minlength=last - first)
        for column in range(len(types)):
            sums = np.bincount(hours[finite], weights=instances[finite, column], minlength=last - first)
            total[:, column] += np.divide(sums, count, out=np.zeros(last - first), where=count > 0)
        known |= count > 0
    return Load(types, total[known], f"{int(known.sum())} hours of {what}")


def _on_demand(
    inputs: WorkloadInputs, units: NDArray[np.float64], types: tuple[str, ...], mixer: Mixer
) -> NDArray[np.float64]:
    """Instances on demand per step and type, shape ``(steps, types)``; 0 where the units are unknown."""
    found = np.zeros((units.size, len(types)))
    for level in np.unique(units[np.isfinite(units)]):
        at = units == level
        for share in mixer.split(inputs.mix, int(level)).shares:
            if share.offering.capacity_type == "on-demand":
                found[at, types.index(share.offering.instance_type)] += share.count
    return found
