"""Real Prometheus servers for the tests of the sources."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.real_prometheus import Prometheus, require_prometheus, sample_series


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that anybody may ask, with the series of :func:`sample_series`."""
    require_prometheus()
    with Prometheus(tmp_path_factory.mktemp("prometheus"), sample_series()) as server:
        yield server


@pytest.fixture(scope="session")
def guarded_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server behind TLS with an authority of its own, that asks for a user name and a password."""
    require_prometheus()
    with Prometheus(tmp_path_factory.mktemp("guarded"), sample_series(), guarded=True) as server:
        yield server
