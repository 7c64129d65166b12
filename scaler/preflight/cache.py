"""The figures of a region as they are kept in the store: JSON, each with the moment it was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any, TypeVar

from scaler.catalog.interface import FigureStore
from scaler.catalog.quotas import Quota
from scaler.preflight.interface import Figure, GroupPlace, RegionFigures, Running, Subnet

_FORMAT = 1
_Value = TypeVar("_Value")
_Other = TypeVar("_Other")


def key_of(region: str) -> str:
    """Where the figures of a region lie in the store."""
    return f"preflight/{region}.json"


def read_figures(store: FigureStore, region: str | None) -> RegionFigures:
    """What was kept of a region; unknown where there is nothing, or nothing that can be read.

    These are figures to check with, asked again by the next plan: a damaged file costs a check, not a plan.
    """
    content = None if region is None else store.read(key_of(region))
    if content is None:
        return RegionFigures(region, quotas=Figure(why="never asked"), running=Figure(why="never asked"))
    try:
        given = json.loads(content)
        return _figures(given, region)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{key_of(region or '')} of the store cannot be read: {type(error).__name__} {error}"
        return RegionFigures(region, quotas=Figure(why=why), running=Figure(why=why))


def _figures(given: dict[str, Any], region: str | None) -> RegionFigures:
    if given["format"] != _FORMAT:
        raise ValueError(f"format {given['format']}, where {_FORMAT} is known")
    return RegionFigures(
        region,
        quotas=_figure(given["quotas"], _quotas),
        running=_figure(given["running"], lambda rows: tuple(Running(**row) for row in rows)),
        places={name: _figure(each, _place) for name, each in given["places"].items()},
        subnets={name: _figure(each, lambda row: Subnet(**row)) for name, each in given["subnets"].items()},
        offered={name: _figure(each, tuple) for name, each in given["offered"].items()},
    )


def write_figures(store: FigureStore, figures: RegionFigures) -> None:
    """Keep what is known; scores are not kept beyond the run, as they hold for an hour."""
    if figures.region is None:
        return
    content = {
        "format": _FORMAT,
        "region": figures.region,
        "quotas": _plain(figures.quotas, lambda quotas: [asdict(quotas[key]) for key in sorted(quotas)]),
        "running": _plain(figures.running, lambda rows: [asdict(row) for row in rows]),
        "places": {name: _plain(each, asdict) for name, each in figures.places.items() if each.value is not None},
        "subnets": {name: _plain(each, asdict) for name, each in figures.subnets.items() if each.value is not None},
        "offered": {name: _plain(each, list) for name, each in figures.offered.items() if each.value is not None},
    }
    text = json.dumps(content, sort_keys=True, indent=0, default=lambda value: value.isoformat(), allow_nan=False)
    store.write(key_of(figures.region), text.encode())


def over(new: RegionFigures, old: RegionFigures) -> RegionFigures:
    """What was asked now; where AWS did not answer, what was known before, with its moment and why it is not newer."""
    return replace(
        new,
        quotas=_newer(new.quotas, old.quotas),
        running=_newer(new.running, old.running),
        places=_merged(new.places, old.places),
        subnets=_merged(new.subnets, old.subnets),
        offered=_merged(new.offered, old.offered),
    )


def _newer(new: Figure[_Value], old: Figure[_Value]) -> Figure[_Value]:
    return new if new.value is not None or old.value is None else replace(old, why=new.why, mend=new.mend)


def _merged(new: Mapping[str, Figure[_Value]], old: Mapping[str, Figure[_Value]]) -> dict[str, Figure[_Value]]:
    return {**old, **{name: _newer(each, old.get(name, Figure())) for name, each in new.items()}}


def _plain(figure: Figure[_Value], write: Callable[[_Value], Any]) -> dict[str, Any] | None:
    return None if figure.value is None else {"as_of": figure.as_of, "value": write(figure.value)}


def _figure(given: dict[str, Any] | None, read: Callable[[Any], _Other]) -> Figure[_Other]:
    if given is None:
        return Figure(why="never asked")
    return Figure(read(given["value"]), datetime.fromisoformat(given["as_of"]))


def _quotas(rows: list[dict[str, Any]]) -> dict[Any, Quota]:
    quotas = [Quota(**{**row, "as_of": date.fromisoformat(row["as_of"])}) for row in rows]
    return {(quota.kind, quota.family): quota for quota in quotas}


def _place(given: dict[str, Any]) -> GroupPlace:
    return GroupPlace(tuple(given["zones"]), tuple(given["subnets"]))
