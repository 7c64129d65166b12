"""Answers a run as the world once did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.history.store import ABSENT, Listed, Store, Stored, changed
from scaler.record.codec import error_of, lively, result_of
from scaler.record.interface import RecordRefused
from scaler.record.packs import digest_of
from scaler.record.witness import NOT_INPUTS, call_key, fetch_key
from scaler.sources.interface import FetchResult, MetricQuery, Request, Source


class Remembered:
    """The world as a record has it. A question that the run did not ask has no answer.

    Args:
        inputs: what ``inputs.json.gz`` of the run says.
        get: an input by its digest.
    """

    def __init__(self, inputs: Mapping[str, Any], get: Callable[[str], bytes]) -> None:
        self._inputs, self._get = inputs, get
        self._store = _RememberedStore(inputs["store"], get)
        self._calls = _Queues(inputs["calls"])
        self._fetches = _Queues(inputs["fetches"])

    def aws(self, real: AwsClients) -> AwsClients:  # noqa: ARG002 - nobody is asked
        """Clients that answer from memory."""
        return _RememberedClients(self._inputs["regions"], self._calls)

    def store(self, real: Callable[[], Store]) -> Store:  # noqa: ARG002
        """The store as the run found it; what is written stays in memory."""
        return self._store

    def source(self, kind: str, real: Callable[[], Source]) -> Source:  # noqa: ARG002
        """A source that answers from memory."""
        archived = kind not in self._inputs["unarchived"]
        return _RememberedSource(kind, archived, self._fetches, self._inputs["near_names"], self._get)


class _Queues:
    """Answers by question; the same question again has the next answer, and then the last."""

    def __init__(self, answers: Mapping[str, list[Any]]) -> None:
        self._left = {key: list(each) for key, each in answers.items()}

    def next(self, key: str, asked: str) -> Any:
        queue = self._left.get(key)
        if not queue:
            raise _unasked(asked)
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def like(self, key: str) -> str:
        """The key, or the only one that differs from it in nothing but times."""
        if key in self._left:
            return key
        wanted = _timeless(key)
        near = [each for each in self._left if _timeless(each) == wanted]
        return near[0] if len(near) == 1 else key


def _timeless(key: str) -> str:
    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without(each) for name, each in value.items() if not _is_time(each)}
        return [without(each) for each in value if not _is_time(each)] if isinstance(value, list) else value

    return json.dumps(without(json.loads(key)), sort_keys=True)


def _is_time(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"$time"}


class _RememberedClients:
    profile = None

    def __init__(self, regions: Mapping[str, str | None], calls: _Queues) -> None:
        self._regions, self._calls = regions, calls

    def client(self, service: str, region: str | None) -> Any:
        raise _unasked(f"a client of {service} in {region}")

    def region(self, configured: str | None) -> str | None:
        if (configured or "") not in self._regions:
            raise _unasked(f"the region that {configured} stands for")
        return self._regions[configured or ""]

    def impatient(self) -> _RememberedClients:
        return self

    def witnessed_call(
        self, service: str, operation: str, region: str | None, resource: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        key = self._calls.like(call_key(service, operation, region, parameters))
        noted = self._calls.next(key, f"{service}:{operation} of {resource}")
        if "error" in noted:
            raise error_of(noted["error"])
        answer: dict[str, Any] = lively(noted["answer"])
        return answer


class _RememberedSource:
    def __init__(
        self,
        kind: str,
        archived: bool,
        fetches: _Queues,
        near_names: Mapping[str, Sequence[str]],
        get: Callable[[str], bytes],
    ) -> None:
        self._kind, self.archived, self._fetches, self._near, self._get = kind, archived, fetches, near_names, get

    def fetch_chunks(self, requests: Sequence[Request]) -> Iterator[FetchResult]:
        asked = f"{len(requests)} series of {self._kind}"
        for record in self._fetches.next(fetch_key(self._kind, requests), asked):
            yield result_of(record, self._get)

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        (only,) = self.fetch_chunks(requests)
        return only

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        return tuple(self._near.get(query.series_id, ()))


class _RememberedStore:
    """What was read, and over it what is written now."""

    parallel = 1
    bytes_written = 0

    def __init__(self, reads: Mapping[str, Any], get: Callable[[str], bytes]) -> None:
        self._place, self._reads, self._get = reads["place"], reads["reads"], get
        self._written: dict[str, bytes | None] = {}

    def name(self, key: str) -> str:
        return f"{self._place}{key}"

    def read(self, key: str) -> Stored | None:
        if key in self._written or key.startswith(NOT_INPUTS):
            data = self._written.get(key)
        elif key in self._reads:
            digest = self._reads[key]
            data = None if digest is None else self._get(digest)
        else:
            raise _unasked(self.name(key))
        return None if data is None else Stored(data, digest_of(data))

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        if expected is not None:
            stored = self.read(key)
            if (ABSENT if stored is None else stored.version) != expected:
                raise changed(self.name(key))
        self._written[key] = data
        return digest_of(data)

    def require_conditions(self, key: str, data: bytes) -> None:
        pass

    def delete(self, key: str) -> None:
        self._written[key] = None

    def list(self, prefix: str) -> tuple[Listed, ...]:
        return tuple(Listed(key, 0.0) for key, data in sorted(self._written.items()) if key.startswith(prefix) and data)

    def set_aside(self, key: str) -> None:
        for each in {*self._reads, *self._written}:
            if each == key or each.startswith(f"{key}/"):
                self._written[each] = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        yield


def _unasked(asked: str) -> RecordRefused:
    return RecordRefused(
        "the plan cannot be made again",
        why=f"it asks now what the run did not ask: {asked}",
        next_step="use the version of scaler that the record names; its plan.json.gz holds the plan as it was",
    )
