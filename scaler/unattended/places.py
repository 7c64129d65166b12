"""Where an unattended run finds what it is told by: configuration and sealed plans, as files or in S3."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from scaler.aws.errors import translate
from scaler.aws.interface import AwsClients, AwsFailed
from scaler.aws.session import call
from scaler.config import Project
from scaler.config.reader import load_config
from scaler.config.stores import StoreLocation, s3_location
from scaler.config.yaml_tree import MAX_BYTES
from scaler.errors import ConfigurationError, Failed
from scaler.plan.document import Plan
from scaler.plan.seal import decode

#: Of a sealed plan; one of a thousand workloads has some 40 MB.
LARGEST_PLAN_BYTES = 256 * 1024 * 1024


def read_project(location: str, clients: AwsClients, *, store: str | None, in_lambda: bool) -> Project:
    """The configuration, its store replaced if another is named.

    Args:
        location: a path, or ``s3://bucket/key``.
        in_lambda: refuse a store that would not outlive the function.

    Raises:
        ConfigurationError: it cannot be read, is wrong, or its store is no place to keep anything.
        AwsFailed: S3 does not answer.
    """
    project = _loaded_from_s3(location, clients) if "://" in location else load_config(location)
    if store is not None:
        project = replace(project, config=project.config.model_copy(update={"store": _valid(store)}))
    kept = project.config.store
    if in_lambda and s3_location(kept) is None and not Path(kept).is_absolute():
        raise ConfigurationError(
            f"the store {kept} would be lost with the function",
            why="it is a folder beside the configuration, and only S3 and mounted file systems outlive a function",
            next_step="Set SCALER_STORE or store: to s3://bucket/prefix.",
            file=location,
            key="store",
        )
    return project


def read_sealed(location: str, clients: AwsClients) -> Plan:
    """A sealed plan.

    Raises:
        ConfigurationError: it cannot be read, or is none.
        PlanRefused: it was edited or truncated.
        AwsFailed: S3 does not answer.
    """
    if "://" in location:
        return decode(_object(location, clients, LARGEST_PLAN_BYTES, what="plan").decode("utf-8", "replace"))
    try:
        return decode(Path(location).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the plan {location} cannot be read",
            why=getattr(error, "strerror", None) or "it is not text in UTF-8",
            next_step="name one that scaler plan --out wrote, or the plan.json of a run in the store",
        ) from error


def _loaded_from_s3(location: str, clients: AwsClients) -> Project:
    try:
        return load_config(_fetched(location, clients))
    except ConfigurationError as error:
        for each in (error, *getattr(error, "more", ())):
            each.file = location  # where it is to be mended, not where it was put to be read
        raise


def _fetched(location: str, clients: AwsClients) -> Path:
    """The object as a file that only this user can write, in a folder named for its bytes."""
    data = _object(location, clients, MAX_BYTES, what="configuration")
    try:
        return _kept(location, data)
    except OSError as error:
        raise Failed(
            f"the configuration {location} cannot be kept while it is read",
            why=f"{error.filename or 'the temporary folder'}: {error.strerror}",
            next_step="free some space there, or set TMPDIR to a folder that can be written to",
        ) from error


def _kept(location: str, data: bytes) -> Path:
    name = f"scaler-{os.getuid()}-{hashlib.sha256(location.encode() + data).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ConfigurationError(
            f"{folder} belongs to somebody else",
            why="the configuration is kept there while it is read",
            next_step="Remove it, or set TMPDIR to a folder of your own.",
            file=location,
        )
    path = folder / "scaler.yaml"
    fresh = folder / f".{os.getpid()}.yaml"
    try:
        fresh.write_bytes(data)
        fresh.replace(path)  # another process may be reading the same one
    finally:
        fresh.unlink(missing_ok=True)
    return path


def _object(location: str, clients: AwsClients, largest: int, *, what: str) -> bytes:
    bucket, key = s3_location(location) or ("", "")
    if not location.startswith("s3://") or not bucket or not key:
        raise ConfigurationError(
            f"the {what} {location} cannot be read",
            why="it is neither a path nor s3://bucket/key",
            next_step=f"Name the {what} by one of the two.",
        )
    try:
        answer = call(clients, "s3", "GetObject", region=None, resource=location, Bucket=bucket, Key=key)
    except AwsFailed as error:
        response = getattr(error.__cause__, "response", None)
        if isinstance(response, dict) and response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise ConfigurationError(
                f"there is no {what} {location}",
                why="the bucket has no such object",
                next_step="Put it there, or name another.",
            ) from error
        raise
    try:
        data: bytes = answer["Body"].read(largest + 1)
    except Exception as error:
        raise translate(error, operation="s3:GetObject", resource=location) from error
    if len(data) > largest:
        raise ConfigurationError(
            f"the {what} {location} is larger than {largest // 1024} KiB",
            why="one of that size is a mistake, or meant to exhaust the reader",
            next_step="Check that this is the right object.",
        )
    return data


def _valid(store: str) -> str:
    try:
        return str(TypeAdapter(StoreLocation).validate_python(store))
    except ValidationError as error:
        why = error.errors()[0]["msg"].replace("Value error, ", "")
        raise ConfigurationError(
            f"the store {store} cannot be used", why=f"it {why}", next_step="Write s3://bucket/prefix.", key="store"
        ) from None
