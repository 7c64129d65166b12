"""What to commit to in a region: load, rates and what is held already → one line per offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.commitment import CommitmentKind, CommittedRate, Held, Holdings, Payment, family_of, size_factor
from scaler.mix.commitments import Optimum, best_commitment, best_count, uncovered

#: Less load than this says nothing about a commitment of a year: one week has each hour of the week once.
FEWEST_HOURS = 168
HOURS_PER_MONTH = 730.0

Offer = tuple[CommitmentKind, int, Payment]


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


@dataclass(frozen=True)
class Advice:
    """One offer, and how much of it pays.

    Attributes:
        covers: instance types that it would cover.
        usd_per_hour: commitment on top of what is held; ``None`` is unknown, 0 is that none pays.
        instances: the same in instances, where it is sold so.
        break_even: share of the hours that it must be used to pay.
        used: share that would be used.
        saves_usd_per_month: against on-demand, beyond what is held; ``None`` is unknown.
        reason: why it is unknown, or what is left out.
        best: whether it saves most of those that would cover the same load.
    """

    region: str | None
    kind: CommitmentKind
    term_seconds: int
    payment: Payment
    covers: tuple[str, ...]
    basis: str
    usd_per_hour: float | None = None
    instances: int | None = None
    break_even: float | None = None
    used: float | None = None
    on_demand_usd_per_month: float | None = None
    saves_usd_per_month: float | None = None
    held: str = ""
    as_of: date | None = None
    source: str | None = None
    reason: str = ""
    best: bool = False


def advise(
    region: str | None, history: Load, planned: Load, rates: Mapping[str, TypeRates], held: Holdings | None
) -> tuple[Advice, ...]:
    """Every offer that a rate is known of, the best first.

    A commitment of a year stands on the history where it is longer than the plan; a Capacity Block, which lasts days,
    on the plan while that reaches over it. What is held is taken off first: reservations and blocks by their type,
    then savings plans. Where that is unknown, or a rate or price is, nothing is said to be saved.
    """
    longer = history if len(history.instances) >= len(planned.instances) else planned
    left = {load.basis: _Left.of(load, held, rates) for load in (longer, planned)}
    found: list[Advice] = []
    for offer in sorted({_offer(rate) for each in rates.values() for rate in each.committed}):
        reaches = len(planned.instances) * 3600 >= offer[1]
        found += _of_offer(region, offer, left[(planned if reaches else longer).basis], rates)
    if not found:
        return ()
    most = max((each.saves_usd_per_month or 0.0 for each in found), default=0.0)
    best = next((each for each in found if most > 0 and each.saves_usd_per_month == most), None)
    marked = [replace(each, best=True) if each is best else each for each in found]
    return tuple(sorted(marked, key=lambda each: (not each.best, -(each.saves_usd_per_month or -1.0))))


@dataclass(frozen=True, eq=False)
class _Left:
    """Load of the types with a price that is left after what is held.

    Attributes:
        held: that, in words.
        problem: why it is not known; empty if it is.
    """

    load: Load
    held: str
    problem: str

    @classmethod
    def of(cls, load: Load, held: Holdings | None, rates: Mapping[str, TypeRates]) -> _Left:
        priced = [name for name in load.types if name in rates and rates[name].on_demand_usd_per_hour is not None]
        if held is None:
            why = "what is held already is unknown: run scaler catalog --commitments, or give commitments.held"
            return cls(load.only(priced), "", why)
        if held.unknown:
            return cls(load.only(priced), "", f"what is held already is unknown: {held.unknown[0]}")
        return cls(*after_holdings(load.only(priced), held, rates))


def _offer(rate: CommittedRate) -> Offer:
    return (rate.kind, rate.term_seconds, rate.payment)


def _of_offer(region: str | None, offer: Offer, left: _Left, rates: Mapping[str, TypeRates]) -> Iterator[Advice]:
    known = {name: rate for name in rates if (rate := _rate(rates, name, offer)) is not None}
    for covers in _scopes(offer[0], tuple(known)):
        priced = tuple(name for name in covers if name in left.load.types)
        advice = Advice(
            region, *offer, covers=priced or covers, basis=left.load.basis, held=left.held,
            as_of=min(known[name].as_of for name in covers), source=known[covers[0]].source,
        )  # fmt: skip
        unknown = left.problem or _why_unknown(offer, left.load, priced, covers)
        if unknown:
            yield replace(advice, reason=unknown)
            continue
        usd = np.array([known[name].usd_per_hour for name in priced])
        yield _answered(advice, left.load.only(priced), usd, _prices(rates, priced), known[priced[0]].counts)


def _answered(
    advice: Advice, rest: Load, usd: NDArray[np.float64], prices: NDArray[np.float64], counts: tuple[int, ...]
) -> Advice:
    instances: int | None = None
    if advice.kind in ("savings_plan", "instance_savings_plan"):
        found: Optimum = best_commitment(rest.instances, usd, prices)
    else:
        instances, found = best_count(rest.instances[:, 0], float(usd[0]), float(prices[0]), counts=counts)
    return replace(
        advice,
        usd_per_hour=round(found.usd_per_hour, 4),
        instances=instances,
        break_even=float((usd / prices).max()) if found.break_even is None else round(found.break_even, 4),
        used=None if found.used is None else round(found.used, 4),
        on_demand_usd_per_month=round(found.before_usd_per_hour * HOURS_PER_MONTH, 2),
        saves_usd_per_month=round(found.saves_usd_per_hour * HOURS_PER_MONTH, 2),
    )


def _prices(rates: Mapping[str, TypeRates], names: Sequence[str]) -> NDArray[np.float64]:
    """On-demand prices of types that have one."""
    return np.array([rates[name].on_demand_usd_per_hour or np.nan for name in names])


def _rate(rates: Mapping[str, TypeRates], name: str, offer: Offer) -> CommittedRate | None:
    """The rate of a type under an offer; of several the dearest, which errs on the safe side."""
    found = [rate for rate in rates[name].committed if _offer(rate) == offer] if name in rates else []
    return max(found, key=lambda rate: rate.usd_per_hour, default=None)


def _scopes(kind: CommitmentKind, types: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Types that one commitment covers together."""
    if kind == "savings_plan":
        return [types] if types else []
    if kind == "instance_savings_plan":
        families = dict.fromkeys(family_of(name) for name in types)
        return [tuple(name for name in types if family_of(name) == family) for family in families]
    return [(name,) for name in types]


def _why_unknown(offer: Offer, load: Load, priced: Sequence[str], covers: tuple[str, ...]) -> str:
    if not priced:
        return f"no on-demand price of {', '.join(covers)} is known"
    hours = len(load.instances)
    if hours * 3600 < offer[1] and hours < FEWEST_HOURS:
        return f"{hours} hours of load are known, and {FEWEST_HOURS} are needed"
    return ""


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
        if any(rate is None for rate in usd):
            return load, "", f"a {each.kind.replace('_', ' ')} is held, and what it pays for {names[0]} is unknown"
        commitment = each.usd_per_hour or 0.0
        paid = np.array([rate or np.nan for rate in usd])
        instances[:, columns] = uncovered(instances[:, columns], paid, _prices(rates, names), commitment)
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
