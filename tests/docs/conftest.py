"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.docs.waiting import waiting


@pytest.fixture(scope="session")
def waiting_at() -> Iterator[str]:
    """Where programs wait whose imports are done, one server per test process."""
    with waiting() as address:
        yield address
