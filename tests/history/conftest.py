"""Each kind of store, so that one test holds them all to the same promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scaler.aws.session import BotocoreClients
from scaler.history.folder_store import FolderStore
from scaler.history.store import Store
from tests.history.buckets import s3_store
from tests.standins.s3 import S3StandIn


@pytest.fixture
def bucket() -> Iterator[S3StandIn]:
    """S3 over HTTP."""
    with S3StandIn() as server:
        yield server


@pytest.fixture(params=["folder", "stand-in", pytest.param("emulator", marks=pytest.mark.emulator)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store; the AWS emulator is one that nobody here wrote."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "stand-in":
        return s3_store(request.getfixturevalue("bucket").url)
    url = request.getfixturevalue("fresh_aws")
    BotocoreClients(region="us-east-1", endpoint_url=url).client("s3", None).create_bucket(Bucket="bucket")
    return s3_store(url)
