"""What to commit to in a region: load, rates and what is held already → one line per offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from scaler.catalog.commitment import CommitmentKind, CommittedRate, Holdings, Payment, family_of
from scaler.mix.commitments import Optimum, best_commitment, best_count
from scaler.mix.commitments_held import Load, TypeRates, after_holdings, prices_of

#: Less load than this says nothing about a commitment of a year: one week has each hour of the week once.
FEWEST_HOURS = 168
HOURS_PER_MONTH = 730.0

Offer = tuple[CommitmentKind, int, Payment]


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


@dataclass(frozen=True)
class Ages:
    """How old a figure may be, in days, at ``today``; Capacity Blocks are priced anew all the time."""

    today: date
    rates: int = 400
    blocks: int = 30
    held: int = 30

    def too_old(self, as_of: date, limit: int) -> str:
        """That it is too old, in words; empty if it is not."""
        age = (self.today - as_of).days
        return f"of {as_of}, {age} days old, limit {limit}" if age > limit else ""


def advise(  # noqa: PLR0917 - one call
    region: str | None,
    history: Load,
    planned: Load,
    rates: Mapping[str, TypeRates],
    held: Holdings | None,
    ages: Ages,
) -> tuple[Advice, ...]:
    """Every offer that a rate is known of, the best first.

    A commitment of a year stands on the history where it is longer than the plan; a Capacity Block, which lasts days,
    on the plan while that reaches over it. What is held is taken off first: reservations and blocks by their type,
    then savings plans. Where that, a rate or a price is unknown or too old, nothing is said to be saved.
    """
    longer = history if len(history.instances) >= len(planned.instances) else planned
    left = {load.basis: _Left.of(load, held, rates, ages) for load in (longer, planned)}
    found: list[Advice] = []
    for offer in sorted({_offer(rate) for each in rates.values() for rate in each.committed}):
        reaches = len(planned.instances) * 3600 >= offer[1]
        found += _of_offer(region, offer, left[(planned if reaches else longer).basis], rates, ages)
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
    def of(cls, load: Load, held: Holdings | None, rates: Mapping[str, TypeRates], ages: Ages) -> _Left:
        priced = [name for name in load.types if name in rates and rates[name].on_demand_usd_per_hour is not None]
        if held is None:
            why = "what is held already is unknown: run scaler catalog --commitments, or give commitments.held"
            return cls(load.only(priced), "", why)
        old = ages.too_old(held.as_of, ages.held)
        unknown = held.unknown or ((f"it is {old}",) if old else ())
        if unknown:
            return cls(load.only(priced), "", f"what is held already is unknown: {unknown[0]}")
        still = tuple(item for item in held.items if item.until is None or item.until >= ages.today)
        return cls(*after_holdings(load.only(priced), replace(held, items=still), rates))


def _offer(rate: CommittedRate) -> Offer:
    return (rate.kind, rate.term_seconds, rate.payment)


def _of_offer(
    region: str | None, offer: Offer, left: _Left, rates: Mapping[str, TypeRates], ages: Ages
) -> Iterator[Advice]:
    known = {name: rate for name in rates if (rate := _rate(rates, name, offer)) is not None}
    for covers in _scopes(offer[0], tuple(known)):
        priced = tuple(name for name in covers if name in left.load.types)
        advice = Advice(
            region, *offer, covers=priced or covers, basis=left.load.basis, held=left.held,
            as_of=min(known[name].as_of for name in covers), source=known[covers[0]].source,
        )  # fmt: skip
        old = ages.too_old(advice.as_of or ages.today, ages.blocks if offer[0] == "capacity_block" else ages.rates)
        unknown = left.problem or (f"rates {old}" if old else _why_unknown(offer, left.load, priced, covers))
        if unknown:
            yield replace(advice, reason=unknown)
            continue
        usd = np.array([known[name].usd_per_hour for name in priced])
        yield _answered(advice, left.load.only(priced), usd, prices_of(rates, priced), known[priced[0]].counts)


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
