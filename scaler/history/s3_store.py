"""A store below a prefix of an S3 bucket."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from scaler.aws.errors import translate
from scaler.aws.interface import AwsClients, AwsFailed
from scaler.aws.session import call
from scaler.history.store import ABSENT, CORRUPT, ConditionsIgnored, Listed, Stored, changed

_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: 412 if the condition does not
# hold, 409 if another write was under way, 404 if there is nothing to match.
_NOT_AS_EXPECTED = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict", *_NOT_THERE})

# A version that nothing has: both conditions are tried where neither holds.
_NO_VERSION = f'"{"0" * 32}"'
_NEITHER_HOLDS = ({"IfNoneMatch": "*"}, {"IfMatch": _NO_VERSION})


class S3Store:
    """Objects below ``s3://bucket/prefix``; each is put in one request. The version of an object is its ETag.

    Args:
        clients: makes the client; endpoint, profile and credentials are those of every other AWS call.
        prefix: without a slash at either end; may be empty.
        region: of the bucket; botocore's own selection if ``None``, and it follows a redirect.
    """

    parallel = 8  # of botocore's ten connections: a round trip is tens of milliseconds, whatever its size

    def __init__(self, clients: AwsClients, bucket: str, prefix: str, region: str | None) -> None:
        self._clients = clients
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._region = region
        self._bytes_written = 0
        self._counting = threading.Lock()
        self._conditions_hold = False

    @property
    def bytes_written(self) -> int:
        """Bytes put so far."""
        return self._bytes_written

    def name(self, key: str) -> str:
        """The URL."""
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def read(self, key: str) -> Stored | None:
        """The object's bytes, or ``None``."""
        try:
            answer = self._call("GetObject", key)
        except AwsFailed as error:
            if _code(error) == "NoSuchKey":
                return None
            raise
        with self._translating("GetObject", key):
            data: bytes = answer["Body"].read()
        return Stored(data, answer["ETag"])

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        """Put the object; the condition is checked by S3."""
        condition: dict[str, str] = {}
        if expected is not None:
            condition = {"IfNoneMatch": "*"} if expected == ABSENT else {"IfMatch": expected}
        try:
            version: str = self._call("PutObject", key, Body=data, **condition)["ETag"]
        except AwsFailed as error:
            if expected is None or _code(error) not in _NOT_AS_EXPECTED:
                raise
            # botocore tries again when an answer is lost, and then meets what it has written itself.
            now = self.read(key)
            if now is None or now.data != data:
                raise changed(self.name(key)) from error
            version = now.version
        with self._counting:
            self._bytes_written += len(data)
        return version

    def require_conditions(self, key: str, data: bytes) -> None:
        """Put the object again under each condition, which has to be refused; once for this store."""
        if self._conditions_hold:
            return
        for condition in _NEITHER_HOLDS:
            try:
                self._call("PutObject", key, Body=data, **condition)
            except AwsFailed as error:
                if _code(error) not in _NOT_AS_EXPECTED:
                    raise
            else:
                raise self._ignores("If-None-Match" if "IfNoneMatch" in condition else "If-Match", key)
        self._conditions_hold = True

    def _ignores(self, header: str, key: str) -> ConditionsIgnored:
        return ConditionsIgnored(
            f"{self.name('')} takes writes whose condition does not hold, so nothing is written",
            why=f"{self.name(key)} was put again with {header}, which had to be refused and was not: "
            "two runs would not notice each other",
            next_step="keep the store in Amazon S3, in a folder, or on a server that honours both conditions",
        )

    def delete(self, key: str) -> None:
        """Delete the object, if it is there."""
        self._call("DeleteObject", key)

    def list(self, prefix: str) -> tuple[Listed, ...]:
        """Objects below the prefix, all pages of them."""
        found: list[Listed] = []
        more: dict[str, str] = {}
        while True:
            page = call(
                self._clients,
                "s3",
                "ListObjectsV2",
                region=self._region,
                resource=self.name(prefix),
                Bucket=self._bucket,
                Prefix=f"{self._prefix}{prefix}/",
                **more,
            )
            found += [
                Listed(item["Key"].removeprefix(self._prefix), item["LastModified"].timestamp())
                for item in page.get("Contents", ())
            ]
            if not page.get("IsTruncated"):
                return tuple(found)
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def set_aside(self, key: str) -> None:
        """Copy and delete; a folder's manifest comes last, so that a stop half-way is noticed and gone on with."""
        target, number = f"{key}{CORRUPT}", 2
        while self.list(target) or self._is_there(target):
            target, number = f"{key}.{number}{CORRUPT}", number + 1
        below = sorted((item.key for item in self.list(key)), key=lambda name: (not name.endswith(".parquet"), name))
        for source in below or [key]:
            self._move(source, target + source.removeprefix(key))

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Nothing: S3 has no lock that it would free; conditional writes notice another writer."""
        return contextlib.nullcontext()

    def _is_there(self, key: str) -> bool:
        return self.read(key) is not None

    def _move(self, key: str, target: str) -> None:
        stored = self.read(key)
        if stored is not None:
            self._call("PutObject", target, Body=stored.data)
            self._call("DeleteObject", key)

    def _call(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        return call(
            self._clients,
            "s3",
            operation,
            region=self._region,
            resource=self.name(key),
            Bucket=self._bucket,
            Key=f"{self._prefix}{key}",
            **parameters,
        )

    @contextlib.contextmanager
    def _translating(self, operation: str, key: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise translate(error, operation=f"s3:{operation}", resource=self.name(key)) from error


def _code(error: AwsFailed) -> str | None:
    """S3's own code of a translated error; ``None`` if S3 did not answer."""
    response = getattr(error.__cause__, "response", None)  # errors of the connection have one too, of None
    return str(response["Error"]["Code"]) if isinstance(response, dict) else None
