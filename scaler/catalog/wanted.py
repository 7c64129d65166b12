"""Which types AWS is asked about: those that are known, those of the configuration, and GPU types of the region."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from scaler.aws.interface import AwsClients, AwsUnavailable
from scaler.catalog.hardware import describe_types
from scaler.catalog.interface import Catalogue, Entry
from scaler.catalog.selection import Selection, select
from scaler.errors import ScalerError


def wanted_types(
    known: Catalogue, selection: Selection, clients: AwsClients, *, today: date, configured: Iterable[str] = ()
) -> tuple[str, ...]:
    """Names of the types to ask about, sorted.

    Where a GPU is asked for, all that the region has with it, known before or not. Without one the types of a region
    are too many, as each takes a question for its price: then those that are known, and those of the configuration.

    Args:
        known: of the region.
        configured: types that the workloads of the region name, known or not.

    Raises:
        AwsUnavailable: AWS cannot be asked at all.
    """
    names = {entry.instance_type for entry in select(known, selection, "name")}
    names |= {name for name in configured if name not in known.entries}
    if selection.gpu is not None:
        try:
            every = describe_types(clients, known.region, today=today)
        except AwsUnavailable:
            raise
        except ScalerError:  # asked for the names again, it will be told why
            every = {}
        names |= {name for name, hardware in every.items() if selection.holds(Entry(hardware))}
    return tuple(sorted(names))
