"""Where the store lies: a folder, or ``s3://bucket/prefix``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"(?!.*\.\.)(?!.*(\.-|-\.))(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Of the characters that S3 calls safe, those that need no escape anywhere.
_PREFIX = re.compile(r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*")


def s3_location(store: str) -> tuple[str, str] | None:
    """Bucket and prefix (without slashes at its ends) of a valid store in S3; ``None`` for a folder."""
    if not _SCHEME.match(store):
        return None
    bucket, _, prefix = store.partition("://")[2].partition("/")
    return bucket, prefix.strip("/")


def _known_place(store: str) -> str:
    scheme = _SCHEME.match(store)
    if scheme is None:
        return store
    if scheme[0] != "s3://":
        raise ValueError(f"must be a folder or s3://bucket/prefix, not {scheme[0]}…")
    bucket, prefix = s3_location(store) or ("", "")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError("must name a bucket, 3 to 63 lower-case letters, digits, dots or dashes: s3://bucket/prefix")
    if prefix and (not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise ValueError(
            "must have a prefix of letters, digits and !_.*'()- between single slashes: s3://bucket/prefix"
        )
    return store


StoreLocation = Annotated[str, AfterValidator(_known_place)]
