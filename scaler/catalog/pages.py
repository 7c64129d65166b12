"""Pages of AWS answers about the catalogue of a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scaler.aws import paging
from scaler.aws.interface import AwsClients


def paged(
    clients: AwsClients, service: str, operation: str, member: str, *, region: str | None, **parameters: Any
) -> Iterator[Any]:
    """Every record of every page, see :func:`scaler.aws.paging.paged`."""
    resource = f"the catalogue of {region or 'the default region'}"
    return paging.paged(clients, service, operation, member, region=region, resource=resource, **parameters)
