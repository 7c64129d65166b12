"""Spot capacity of one group: chosen, sized and proven, with a reason for everything that is less than asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scaler.catalog.interface import Entry
from scaler.config import SpotConfig
from scaler.mix.evidence import Measured, evidence
from scaler.mix.interface import Candidate, GroupMix, SpotChoice, SpotProof
from scaler.mix.loss_rates import loss_rate
from scaler.mix.optimise import MOST_INFLATION_UNPRICED, MOST_LOST, Option, Terms, best_option
from scaler.mix.pools import PoolHistory
from scaler.mix.sizes import SurvivingSizes


@dataclass(frozen=True)
class SpotAsk:
    """What spot capacity is chosen for.

    Attributes:
        zones: of the group; ``None`` is unknown.
        accepted: probability that may be taken where the configuration gives none.
        window_minutes: a plan step and the time until a replacement serves.
        history: availability of the pools (``TYPE/ZONE``) that was measured, ``None`` if it was not.
    """

    zones: tuple[str, ...] | None
    accepted: float
    window_minutes: float
    history: PoolHistory | None = None


def with_spot(mix: GroupMix, spot: SpotConfig, entries: Mapping[str, Entry], ask: SpotAsk) -> GroupMix:
    """The mix with spot capacity as the plan uses it; one without spot as it is.

    Where no use of spot keeps to the accepted risk, or none is cheaper than on-demand, there is none, and the
    notes say so.

    Args:
        mix: with all types that the configuration allows.
        entries: what the catalogue knows of types.
    """
    if spot.max_share <= 0 or mix.on_demand_percentage >= 100:
        return mix
    zones = tuple(spot.zones) if spot.zones is not None else (ask.zones or ())
    candidates, notes = _candidates(mix, entries, zones)
    if not zones:
        notes.append("spot: the zones of the group are unknown and count as one; spot.zones names them")
    terms = Terms(
        spot_share=spot.max_share,
        accepted=spot.accepted_risk or ask.accepted,
        window_minutes=ask.window_minutes,
        zones=max(1, len(zones)),
        max_pool_share=spot.max_pool_share,
        strategy=spot.allocation_strategy,
    )
    option = best_option(candidates, terms)
    if option is None:
        return _without(mix, [*notes, _why_not(candidates, terms)])
    return _chosen(mix, candidates, option, terms, zones, ask.history, notes)


def _candidates(
    mix: GroupMix, entries: Mapping[str, Entry], zones: tuple[str, ...]
) -> tuple[list[Candidate], list[str]]:
    """Types that can be weighed, in the order of on-demand preference, and what was left out."""
    spot = {o.instance_type: o.usd_per_hour for o in mix.offerings if o.capacity_type == "spot"}
    every = [
        _candidate(o.instance_type, o.weight, o.usd_per_hour, spot.get(o.instance_type), entries.get(o.instance_type))
        for o in mix.offerings
        if o.capacity_type == "on-demand"
    ]
    notes = []
    absent = [each for each in every if _missing_zones(entries.get(each.instance_type), zones)]
    if absent and len(absent) < len(every):
        every = [each for each in every if each not in absent]
        notes.append(f"spot: {_names(absent)} left out: not offered in every zone of the group")
    unpriced = [each for each in every if each.spot_usd is None or each.on_demand_usd is None]
    if unpriced and len(unpriced) < len(every):
        every = [each for each in every if each not in unpriced]
        notes.append(f"spot: {_names(unpriced)} left out: without a price a type is not free, but unknown")
    guessed = [each for each in every if not each.rate_known]
    if guessed:
        rates = ", ".join(sorted({f"{each.losses_per_day:g}" for each in guessed}))
        notes.append(
            f"spot: {_names(guessed)}: {' and '.join(sorted({each.rate_source for each in guessed}))}, taken to be "
            f"lost whole {rates} times a day; scaler catalog reads the bands"
        )
    return every, notes


def _candidate(name: str, weight: int, on_demand: float | None, spot: float | None, entry: Entry | None) -> Candidate:
    rate = loss_rate(entry)
    return Candidate(name, weight, on_demand, spot, rate.per_day, rate.source, rate.known)


def _missing_zones(entry: Entry | None, zones: tuple[str, ...]) -> bool:
    return entry is not None and entry.zones is not None and not set(zones) <= set(entry.zones)


def _names(candidates: Sequence[Candidate]) -> str:
    names = [each.instance_type for each in candidates]
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _without(mix: GroupMix, notes: Sequence[str]) -> GroupMix:
    """All on-demand, of the same types."""
    return replace(
        mix,
        offerings=tuple(o for o in mix.offerings if o.capacity_type == "on-demand"),
        on_demand_percentage=100,
        notes=(*mix.notes, *notes),
    )


def _why_not(candidates: Sequence[Candidate], terms: Terms) -> str:
    pools = len(candidates) * terms.zones
    priced = all(each.spot_usd is not None for each in candidates)
    unless = "is as cheap as on-demand" if priced else "inflates the sizes little enough to pay without a known price"
    return (
        f"on-demand only: no use of {pools} spot {'pool' if pools == 1 else 'pools'} that keeps the accepted risk of "
        f"{terms.accepted:.2%} {unless}; more types or zones would help"
    )


def _chosen(  # noqa: PLR0917 - one call
    mix: GroupMix,
    candidates: Sequence[Candidate],
    option: Option,
    terms: Terms,
    zones: tuple[str, ...],
    history: PoolHistory | None,
    notes: list[str],
) -> GroupMix:
    listed = [candidates[place] for place in option.types]
    ranked = [listed[0], *sorted(listed[1:], key=lambda each: each.losses_per_day)]
    share = 1 - option.on_demand_percentage / 100
    lost_share = option.lost_share
    measured = None if history is None else Measured(history, ranked, zones, terms)
    if measured is not None and not measured.covers:
        measured = None
        notes.append("spot: the measured availability does not cover the pools that were chosen, and was not used")
    if measured is not None:
        lost_share = max(lost_share, measured.planned())
        if not _pays(option, candidates, lost_share, share):
            return _without(mix, [*notes, "on-demand only: availability that was measured leaves nothing to save"])
    found = evidence(tuple(e.losses_per_day for e in ranked), lost_share, option.on_demand_percentage, terms)
    used = {each.instance_type for each in ranked[: found.types]}
    shortfall = found.short
    if measured is not None:
        shortfall = max(shortfall, measured.short(lost_share), key=lambda each: each.value)
    choice = SpotChoice(
        accepted=terms.accepted,
        lost_share=lost_share,
        zones=zones,
        zone_count=terms.zones,
        inflation=1 / (1 - share * lost_share),
        saving=_saving(option, candidates, lost_share, share),
        method=option.method,
        gap=option.gap,
        proof=SpotProof(
            shortfall.value, shortfall.low, shortfall.high, found.naive, found.naive_inflation, shortfall.scenarios
        ),
    )
    if mix.on_demand_percentage < option.on_demand_percentage:
        notes.append(
            f"spot: on-demand fills: {len(used) * terms.zones} pools with at most {terms.max_pool_share:.0%} of the "
            f"group each (spot.max_pool_share) carry {share:.0%}, not {terms.spot_share:.0%}"
        )
    return replace(
        mix,
        offerings=tuple(o for o in mix.offerings if o.instance_type in used),
        on_demand_percentage=option.on_demand_percentage,
        notes=(*mix.notes, *notes, _told(choice, share, len(used))),
        sizes=SurvivingSizes(
            mix.on_demand_base, option.on_demand_percentage, lost_share, max(each.weight for each in listed)
        ),
        spot=choice,
    )


def _pays(option: Option, candidates: Sequence[Candidate], lost_share: float, share: float) -> bool:
    """Whether spot is worth it once a larger loss is planned for."""
    if share * lost_share > MOST_LOST:
        return False
    saving = _saving(option, candidates, lost_share, share)
    return saving > 0 if saving is not None else 1 / (1 - share * lost_share) <= MOST_INFLATION_UNPRICED


def _saving(option: Option, candidates: Sequence[Candidate], lost_share: float, share: float) -> float | None:
    usd, on_demand = option.usd_per_unit_hour, candidates[0].on_demand_usd
    if usd is None or on_demand is None:
        return None
    # What availability that was measured adds to the option's own inflation.
    more = (1 - share * option.lost_share) / (1 - share * lost_share)
    return 1 - usd * more / (on_demand / candidates[0].weight)


def _told(choice: SpotChoice, share: float, types: int) -> str:
    saving = "" if choice.saving is None else f", {choice.saving:.0%} below on-demand"
    proof = choice.proof
    risk = "" if proof is None else f"; short in {proof.shortfall:.2%} of {proof.scenarios} scenarios"
    naive = "" if proof is None else f" (sized as if pools failed independently: {proof.naive:.2%})"
    return (
        f"spot: {share:.0%} over {types * choice.zone_count} pools, sizes × {choice.inflation:.2f} outlive the loss "
        f"of {choice.lost_share:.0%} of it{saving}{risk}{naive}; {_solved(choice)}"
    )


def _solved(choice: SpotChoice) -> str:
    """How the list came about: a greedy list is not proven to be the cheapest, and says so."""
    if choice.gap is not None:
        return f"list by HiGHS, gap {choice.gap:.2%}"
    return "list by risk alone, no price" if choice.method == "by risk" else "list greedy, HiGHS had no answer in time"
