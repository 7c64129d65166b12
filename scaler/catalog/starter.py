"""What ships with scaler: a dated starter catalogue, and the names that AWS has given to types and regions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from scaler.catalog.interface import Catalogue
from scaler.catalog.table import read_table

#: The region that the starter's prices are of.
REGION = "us-east-1"


@dataclass(frozen=True)
class KnownNames:
    """Names of instance types and regions.

    Attributes:
        as_of: the day on which they were read: what is newer is not among them.
    """

    types: frozenset[str]
    regions: frozenset[str]
    as_of: date


@cache
def starter_catalogue() -> Catalogue:
    """The starter catalogue, priced for :data:`REGION`."""
    text = (files(__package__) / "starter.csv").read_text(encoding="utf-8")
    return Catalogue(REGION, read_table(text, "starter.csv"), "starter catalogue")


@cache
def known_names() -> KnownNames:
    """The names that ship with scaler."""
    given = json.loads((files(__package__) / "names.json").read_text(encoding="utf-8"))
    return KnownNames(frozenset(given["types"]), frozenset(given["regions"]), date.fromisoformat(given["as_of"]))
