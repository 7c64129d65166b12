"""Projects whose earlier runs are on record."""

from __future__ import annotations

import pytest

from tests.status.project import Project


@pytest.fixture
def project(tmp_path, capsys):
    """Two workloads, nothing planned yet."""
    made = Project(tmp_path, capsys)
    made.write()
    return made
