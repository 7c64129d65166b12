"""Stores in a bucket that is served over HTTP."""

from __future__ import annotations

from scaler.aws.session import BotocoreClients
from scaler.history.s3_store import S3Store


def s3_store(url: str, bucket: str = "bucket", attempts: int = 1) -> S3Store:
    """A store in the bucket."""
    clients = BotocoreClients(region="us-east-1", endpoint_url=url, attempts=attempts)
    return S3Store(clients, bucket, "some/prefix", None)
