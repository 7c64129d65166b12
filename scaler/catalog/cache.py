"""A catalogue as it is kept in the store: JSON, one file per region, every figure with its day and source."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

from scaler.catalog.commitment import CommittedRate, Held, Holdings
from scaler.catalog.interface import (
    Catalogue,
    CatalogueFailed,
    Entry,
    FigureRefused,
    FigureStore,
    Gpu,
    Hardware,
    Price,
    SpotRisk,
)

_FORMAT = 1


def key_of(region: str) -> str:
    """Where the catalogue of a region lies in the store."""
    return f"catalog/{region}.json"


def read_cached(store: FigureStore, region: str) -> Catalogue | None:
    """The catalogue that was kept of a region; ``None`` if there is none.

    Raises:
        CatalogueFailed: what lies there is no catalogue of this format.
    """
    content = store.read(key_of(region))
    if content is None:
        return None
    try:
        return _catalogue(json.loads(content, parse_constant=partial(_no_number, key_of(region))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueFailed(
            f"{key_of(region)} of the store is no catalogue",
            why=f"{type(error).__name__}: {error}",
            next_step="delete it, then run scaler catalog to read it again",
        ) from None


def _no_number(key: str, text: str) -> float:
    raise FigureRefused(
        f"a figure of the catalogue in the store is {text}",
        why=f"{key} of the store holds {text}, which is no price, rate or size",
        next_step="delete it, then run scaler catalog to read it again",
    )


def write_cached(store: FigureStore, catalogue: Catalogue) -> None:
    """Keep a catalogue that has a region; the same catalogue gives the same bytes."""
    if catalogue.region is None:
        raise ValueError("a catalogue without a region has no place in the store")
    given = {
        "format": _FORMAT,
        "region": catalogue.region,
        "origin": catalogue.origin,
        "notes": list(catalogue.notes),
        "held": None if catalogue.held is None else asdict(catalogue.held),
        "entries": {name: _plain(entry) for name, entry in catalogue.entries.items()},
    }
    text = json.dumps(given, sort_keys=True, indent=0, default=date.isoformat, allow_nan=False)
    store.write(key_of(catalogue.region), text.encode())


def _catalogue(given: dict[str, Any]) -> Catalogue:
    if given["format"] != _FORMAT:
        raise ValueError(f"format {given['format']}, where {_FORMAT} is known")
    entries = {name: _entry(name, each) for name, each in given["entries"].items()}
    held = given.get("held")
    return Catalogue(
        given["region"], entries, given["origin"], tuple(given["notes"]), None if held is None else _holdings(held)
    )


def _plain(entry: Entry) -> dict[str, Any]:
    plain = asdict(entry)
    del plain["hardware"]["instance_type"]  # it is the key
    return plain


def _entry(name: str, given: dict[str, Any]) -> Entry:
    hardware, risk, zones = given["hardware"], given["risk"], given["zones"]
    gpu = None if hardware["gpu"] is None else Gpu(**hardware["gpu"])
    return Entry(
        Hardware(**{**hardware, "instance_type": name, "gpu": gpu, "as_of": date.fromisoformat(hardware["as_of"])}),
        None if given["on_demand"] is None else _price(given["on_demand"]),
        {zone: _price(each) for zone, each in given["spot"].items()},
        None if risk is None else SpotRisk(**{**risk, "as_of": date.fromisoformat(risk["as_of"])}),
        None if zones is None else tuple(zones),
        tuple(_rate(each) for each in given.get("committed", ())),
    )


def _rate(given: dict[str, Any]) -> CommittedRate:
    return CommittedRate(**{**given, "as_of": date.fromisoformat(given["as_of"]), "counts": tuple(given["counts"])})


def _holdings(given: dict[str, Any]) -> Holdings:
    items = [
        Held(**{**each, "until": None if each["until"] is None else date.fromisoformat(each["until"])})
        for each in given["items"]
    ]
    return Holdings(tuple(items), date.fromisoformat(given["as_of"]), given["source"], tuple(given["unknown"]))


def _price(given: dict[str, Any]) -> Price:
    return Price(given["usd_per_hour"], date.fromisoformat(given["as_of"]), given["source"])
