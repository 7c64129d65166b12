"""What is known without asking: the store's catalogue over the starter, and whether a name exists at all."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from scaler.catalog.cache import read_cached
from scaler.catalog.interface import Catalogue, Entry, FigureStore, UnknownName
from scaler.catalog.starter import known_names, starter_catalogue
from scaler.config import Workload


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
    return Catalogue(region, dict(sorted(entries.items())), f"store and {starter.origin}", cached.notes, cached.held)


def near_types(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names of types that may be meant, nearest first: the right family with a wrong size comes before the rest."""
    names = sorted(known)
    family, _, size = name.partition(".")
    same = [each for each in names if each.partition(".")[0] == family]
    sizes = {each.partition(".")[2]: each for each in same}
    near = [sizes[each] for each in difflib.get_close_matches(size, sizes, n=3, cutoff=0.3)]
    near += difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return tuple(dict.fromkeys(near))[:3]


def check_names(
    workloads: Iterable[Workload], catalogue: Catalogue, confirm: Callable[[str | None, Sequence[str]], Iterable[str]]
) -> None:
    """Refuse types and regions that nobody knows, before anything is asked of them.

    Args:
        catalogue: what is known beside the names that ship with scaler.
        confirm: told a region and types that are not known here; answers with those that exist there.

    Raises:
        UnknownName: the first of them by workload, with the nearest names; the others in ``more``.
    """
    problems: list[UnknownName] = []
    regions = known_names().regions
    for workload in workloads:
        where = f"workloads.{workload.name}"
        if workload.region is not None and workload.region not in regions:
            problems.append(_unknown_region(workload.region, f"{where}.region"))
            continue
        names = known_names().types.union(catalogue.entries)
        missing = [name for name in ec2_types(workload) if name not in names]
        exist = set(confirm(workload.region, missing)) if missing else set()
        problems += [_unknown_type(name, names, where) for name in missing if name not in exist]
    if problems:
        first, *others = problems
        first.more = tuple(others)
        raise first


def ec2_types(workload: Workload) -> list[str]:
    """Types of EC2 that a workload names: SageMaker's have a prefix; the unit of a target without types is none."""
    return [name.removeprefix("ml.") for name in workload.capacity.instance_types if "." in name]


def check_region(name: str, *, key: str) -> None:
    """Refuse a region that nobody knows.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in known_names().regions:
        raise _unknown_region(name, key)


def _unknown_type(name: str, names: frozenset[str], where: str) -> UnknownName:
    near = near_types(name, names)
    return UnknownName(
        f"{name} is no EC2 instance type",
        why=f"it is not among the {len(names)} types known up to {known_names().as_of}",
        next_step=(f"Did you mean {' or '.join(near)}? " if near else "")
        + "If it is newer than that, plan once with access to AWS, which is then asked.",
        key=f"{where}.capacity",
    )


def _unknown_region(name: str, key: str) -> UnknownName:
    names = known_names()
    near = difflib.get_close_matches(name, sorted(names.regions), n=3, cutoff=0.6)
    return UnknownName(
        f"{name} is no AWS region",
        why=f"it is not among the {len(names.regions)} regions known up to {names.as_of}",
        next_step=f"Did you mean {' or '.join(near)}?" if near else "Name a region such as us-east-1.",
        key=key,
    )
