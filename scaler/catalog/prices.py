"""Which prices a plan is costed with: the configuration's, else the catalogue's, and none that is too old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scaler.catalog.interface import Catalogue, Price, PriceKind
from scaler.config import PricesConfig, TypePrice


@dataclass(frozen=True)
class PlanPrices:
    """Prices that are good enough to count with.

    Attributes:
        prices: with the oldest day of them; ``None`` if not one is known.
        notes: where they are from, and which were left out and why, one line each.
    """

    prices: PricesConfig | None
    notes: tuple[str, ...]


_NO_REGION = "no prices: the catalogue's are of a region, and none is set; defaults.region or AWS_REGION names it"


def plan_prices(
    given: PricesConfig | None, names: Sequence[str], catalogue: Catalogue, *, today: date, spot: bool
) -> PlanPrices:
    """Prices of the types named at ``today``.

    Prices of the configuration stand alone: they are not mixed with the catalogue's. A price that is older
    than the limit is left out, as an unknown price is: the cost is then unknown, and the type is never free.

    Args:
        spot: whether spot prices are of interest.
    """
    limits = given or PricesConfig()
    notes: list[str] = []
    kept: dict[str, dict[PriceKind, Price]] = {}
    for name in names:
        for kind, price in _figures(limits, name, catalogue).items():
            if kind == "spot" and not spot:
                continue
            limit = limits.max_age if kind == "on-demand" else limits.max_spot_age
            if timedelta(days=price.age_days(today)) > limit:
                notes.append(
                    f"the {kind} price of {name} is {price.age_days(today)} days old ({price.source}, {price.as_of}), "
                    f"limit {limit.days}: left out, cost is unknown"
                )
            else:
                kept.setdefault(name, {})[kind] = price
    used = [price for prices in kept.values() for price in prices.values()]
    if not used:
        if names and catalogue.region is None and limits.usd_per_hour is None:
            notes.append(_NO_REGION)
        return PlanPrices(None, tuple(notes))
    if limits.usd_per_hour is None:
        notes.insert(0, _provenance(used, catalogue, today))
    return PlanPrices(
        limits.model_copy(
            update={
                "as_of": min(price.as_of for price in used),
                "usd_per_hour": {
                    name: TypePrice(on_demand=_usd(prices.get("on-demand")), spot=_usd(prices.get("spot")))
                    for name, prices in kept.items()
                },
            }
        ),
        tuple(notes),
    )


def _figures(given: PricesConfig, name: str, catalogue: Catalogue) -> dict[PriceKind, Price]:
    if given.usd_per_hour is not None and given.as_of is not None:
        price = given.usd_per_hour.get(name)
        on_demand = _configured(price.on_demand if price else None, given.as_of)
        spot = _configured(price.spot if price else None, given.as_of)
    else:
        entry = catalogue.entries.get(name)
        on_demand, spot = (entry.on_demand, entry.dearest_spot) if entry else (None, None)
    found: dict[PriceKind, Price] = {}
    if on_demand is not None:
        found["on-demand"] = on_demand
    if spot is not None:
        found["spot"] = spot
    return found


def _configured(usd: float | None, as_of: date) -> Price | None:
    return None if usd is None else Price(usd, as_of, "configuration")


def _provenance(used: Sequence[Price], catalogue: Catalogue, today: date) -> str:
    days = sorted({price.as_of for price in used})
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
    sources = ", ".join(sorted({price.source for price in used}))
    return f"prices of {span} in {catalogue.region} from {sources}, {(today - days[0]).days} days old"


def _usd(price: Price | None) -> float | None:
    return None if price is None else price.usd_per_hour
