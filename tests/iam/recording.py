"""Writes down every call that any botocore client of this process makes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from scaler.aws.session import BotocoreClients
from tests.iam.requests import Call


@contextmanager
def recording(*, but: BotocoreClients) -> Iterator[list[Call]]:
    """Calls made in the ``with`` block, whoever makes the client, and whatever comes of them.

    Args:
        but: clients whose calls are the test's own.
    """
    from botocore.client import BaseClient

    calls: list[Call] = []
    real = BaseClient._make_api_call  # the one way that every method of every client takes

    def recorded(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
        if any(self is client for client in but._clients.values()):
            return real(self, operation_name, api_params)
        given = {name: None if name == "Body" else copy.deepcopy(value) for name, value in api_params.items()}
        calls.append(Call(self.meta.service_model.service_name, operation_name, self.meta.region_name, given))
        return real(self, operation_name, api_params)

    with mock.patch.object(BaseClient, "_make_api_call", recorded):
        yield calls
