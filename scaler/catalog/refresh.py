"""The catalogue of a region from the APIs of AWS, beginning with what is known already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar

from scaler.aws.interface import AwsClients, AwsUnavailable
from scaler.catalog.commitment import CommittedRate
from scaler.catalog.committed import capacity_block_rates, reserved_rates, savings_plan_rates
from scaler.catalog.hardware import describe_types, offered_zones
from scaler.catalog.holdings import holdings
from scaler.catalog.interface import Catalogue, Entry, SpotRisk
from scaler.catalog.pricing import on_demand_prices
from scaler.catalog.spot import advisor_risks, read_advisor, spot_prices
from scaler.errors import ScalerError

_Figures = TypeVar("_Figures")


def refresh(
    known: Catalogue,
    clients: AwsClients,
    names: Sequence[str],
    *,
    now: datetime,
    advisor: Callable[[], bytes] = read_advisor,
    commitments: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Catalogue:
    """Ask AWS about the types named, and keep what is known of the others.

    A figure that cannot be had keeps the value it had, with its old day, and is named in the notes: half a
    catalogue is better than none, and age shows.

    Args:
        known: of the same region; its region must be given.
        commitments: whether to ask for rates of commitments and for what is held, too.

    Raises:
        AwsUnavailable: AWS cannot be asked at all.
    """
    region = known.region
    if region is None:
        raise ValueError("a catalogue is of a region")
    today = now.date()
    notes: list[str] = []

    def asked(what: str, ask: Callable[[], Mapping[str, _Figures]]) -> Mapping[str, _Figures]:
        progress(f"reading {what} of {len(names)} types in {region}")
        try:
            return ask()
        except ScalerError as error:
            notes.append(f"{what}: {error.what} ({error.why})")
            return {}

    progress(f"reading the hardware of {len(names)} types in {region}")
    try:
        hardware = describe_types(clients, region, today=today, names=names)
    except AwsUnavailable:
        raise
    except ScalerError as error:
        notes.append(f"hardware: {error.what} ({error.why})")
        hardware = {}
    names = [name for name in names if name in hardware or name in known.entries]  # others the region does not have
    zones = asked("zones", lambda: offered_zones(clients, region, names))
    prices = asked("on-demand prices", lambda: on_demand_prices(clients, region, names))
    spot = asked("spot prices", lambda: spot_prices(clients, region, names, at=now))
    risks: Mapping[str, SpotRisk] = asked("interruption bands", lambda: advisor_risks(advisor(), region, today=today))
    committed = _committed(clients, region, names, today, asked) if commitments else {}
    entries = dict(known.entries)
    for name in names:
        earlier = entries.get(name)
        found = hardware.get(name) or (earlier.hardware if earlier else None)
        if found is None:
            continue
        before = earlier or Entry(found)
        entries[name] = replace(
            before,
            hardware=found,
            on_demand=prices.get(name, before.on_demand),
            spot=spot.get(name, before.spot),
            risk=risks.get(name, before.risk),
            zones=zones.get(name, before.zones),
            committed=_over(committed.get(name, ()), before.committed),
        )
    held = known.held
    if commitments:
        progress(f"reading what is held in {region}")
        held = holdings(clients, region, today=today)
        notes += held.unknown
    return Catalogue(region, dict(sorted(entries.items())), "AWS, and what was known before", tuple(notes), held)


def _over(new: tuple[CommittedRate, ...], before: tuple[CommittedRate, ...]) -> tuple[CommittedRate, ...]:
    """New rates, and of the kinds that were not answered those of before."""
    kinds = {rate.kind for rate in new}
    return (*new, *(rate for rate in before if rate.kind not in kinds))


def _committed(
    clients: AwsClients,
    region: str,
    names: Sequence[str],
    today: date,
    asked: Callable[
        [str, Callable[[], Mapping[str, tuple[CommittedRate, ...]]]], Mapping[str, tuple[CommittedRate, ...]]
    ],
) -> dict[str, tuple[CommittedRate, ...]]:
    """Rates of all kinds of commitment by type; the kinds that cannot be had are left out."""
    found: dict[str, tuple[CommittedRate, ...]] = {}
    for what, ask in (
        ("savings plan rates", lambda: savings_plan_rates(clients, region, names, today=today)),
        ("reserved instance rates", lambda: reserved_rates(clients, region, names)),
        ("capacity blocks", lambda: capacity_block_rates(clients, region, names, today=today)),
    ):
        for name, rates in asked(what, ask).items():
            found[name] = (*found.get(name, ()), *rates)
    return found
