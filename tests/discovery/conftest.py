"""An emulated account, empty or filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scaler.aws.session import BotocoreClients
from tests.discovery.account import fill


@pytest.fixture
def clients(fresh_aws: str) -> Iterator[BotocoreClients]:
    """Clients of an account with nothing in it."""
    made = BotocoreClients(region="us-east-1", endpoint_url=fresh_aws)
    yield made
    made.close()


@pytest.fixture
def filled(clients: BotocoreClients) -> BotocoreClients:
    """Clients of an account with one of everything."""
    fill(clients)
    return clients
