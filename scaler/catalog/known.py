"""What is known without asking: the store's catalogue over the starter, and whether a name exists at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from scaler.catalog.cache import read_cached
from scaler.catalog.interface import Catalogue, Entry, FigureStore, UnknownName
from scaler.catalog.starter import known_names, starter_catalogue


def known_catalogue(store: FigureStore | None, region: str | None) -> Catalogue:
    """The store's catalogue of the region; of what it does not have, the starter's.

    The starter's prices are of one region: in another its hardware holds and its prices are unknown.

    Raises:
        CatalogueFailed: what lies in the store is no catalogue.
    """
    starter = starter_catalogue()
    entries = dict(starter.entries)
    if region != starter.region:
        entries = {name: Entry(entry.hardware) for name, entry in entries.items()}
    cached = None if store is None or region is None else read_cached(store, region)
    if cached is None:
        return Catalogue(region, entries, starter.origin)
    for name, entry in cached.entries.items():
        known = entries.get(name)
        price = entry.on_demand or (known.on_demand if known else None)
        entries[name] = replace(entry, on_demand=price)
    return Catalogue(region, dict(sorted(entries.items())), f"store and {starter.origin}", cached.notes)


def near_types(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names of types that may be meant, nearest first: the right family with a wrong size comes before the rest."""
    names = sorted(known)
    family, _, size = name.partition(".")
    same = [each for each in names if each.partition(".")[0] == family]
    sizes = {each.partition(".")[2]: each for each in same}
    near = [sizes[each] for each in difflib.get_close_matches(size, sizes, n=3, cutoff=0.3)]
    near += difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return tuple(dict.fromkeys(near))[:3]


def check_type(name: str, known: Iterable[str], *, as_of: date, key: str, file: str | None = None) -> None:
    """Refuse a type that nobody knows.

    Args:
        known: names that exist beside those that ship with scaler.
        as_of: the day up to which the names are complete, for the message.

    Raises:
        UnknownName: it is not among them; with the nearest names.
    """
    names = known_names().types.union(known)
    if name in names:
        return
    near = near_types(name, names)
    raise UnknownName(
        f"{name} is no EC2 instance type",
        why=f"it is not among the {len(names)} types known up to {as_of}",
        next_step=(f"Did you mean {' or '.join(near)}? " if near else "")
        + "If it is newer than that, run scaler catalog once with access to AWS.",
        key=key,
        file=file,
    )


def check_region(name: str, *, key: str, file: str | None = None) -> None:
    """Refuse a region that nobody knows.

    Raises:
        UnknownName: it is not among the known ones; with the nearest names.
    """
    names = known_names()
    if name in names.regions:
        return
    near = difflib.get_close_matches(name, sorted(names.regions), n=3, cutoff=0.6)
    raise UnknownName(
        f"{name} is no AWS region",
        why=f"it is not among the {len(names.regions)} regions known up to {names.as_of}",
        next_step=f"Did you mean {' or '.join(near)}?" if near else "Name a region such as us-east-1.",
        key=key,
        file=file,
    )
