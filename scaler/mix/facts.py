"""What is known of the offerings before there is a forecast: the catalogue, from the store and from what ships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from scaler.aws.interface import AwsClients
from scaler.capacity.fit import FittedThroughput
from scaler.capacity.tokens import TokensPerRequest
from scaler.catalog.hardware import describe_types
from scaler.catalog.interface import Catalogue
from scaler.catalog.known import check_names, known_catalogue
from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.history.store import Store


class StoredFigures:
    """Catalogues in the store that also holds the history."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, key: str) -> bytes | None:
        """The bytes under ``key``, ``None`` if there are none."""
        stored = self._store.read(key)
        return None if stored is None else stored.data

    def write(self, key: str, data: bytes) -> None:
        """Put ``data`` under ``key`` in one step."""
        self._store.write(key, data)


@dataclass(frozen=True)
class Facts:
    """Catalogues by region as the configuration names it, and the day they are looked at.

    Attributes:
        catalogues: by ``Workload.region``; ``None`` is the region that botocore selects.
        fits: by workload, what was fitted from history, or why it could not be.
        tokens: by workload, the tokens of a request that were learned from history, or why they could not be.
    """

    catalogues: dict[str | None, Catalogue]
    today: date
    fits: Mapping[str, FittedThroughput | ScalerError] = field(default_factory=dict)
    tokens: Mapping[str, TokensPerRequest | ScalerError] = field(default_factory=dict)

    def catalogue(self, workload: Workload) -> Catalogue:
        """The catalogue of the workload's region."""
        return self.catalogues[workload.region]


def known_facts(
    workloads: Sequence[Workload], store: Store, clients: AwsClients, *, today: date, offline: bool
) -> Facts:
    """Read the catalogue of each region of the workloads, and check the names in the configuration against it.

    AWS is asked only about types that nothing here knows, and not while offline.

    Raises:
        UnknownName: an instance type or a region that does not exist.
        CatalogueFailed: the store holds something else in the place of a catalogue.
        AwsFailed: a type is not known here, and AWS does not answer.
    """
    regions = {workload.region for workload in workloads}
    figures = StoredFigures(store)
    catalogues = {region: known_catalogue(figures, clients.region(region)) for region in regions}

    def confirm(region: str | None, names: Sequence[str]) -> Iterable[str]:
        return () if offline else describe_types(clients, region, today=today, names=names)

    for region, catalogue in sorted(catalogues.items(), key=lambda item: item[0] or ""):
        check_names([each for each in workloads if each.region == region], catalogue, confirm)
    return Facts(catalogues, today)
