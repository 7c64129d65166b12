"""Notes what the world answers to a run: the store, the sources, AWS."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from scaler.aws.interface import AwsClients
from scaler.aws.session import call, impatient
from scaler.errors import ScalerError
from scaler.history.lock import KEY as LOCK_KEY
from scaler.history.store import Listed, Store, Stored
from scaler.record.codec import error_record, plain, result_record, window_record
from scaler.sources.interface import ChunkedSource, FetchResult, MetricQuery, Request, Source

#: What is read below these is not an input of a plan: records, journals and the models' own history.
NOT_INPUTS = ("records/", "runs/", "models/", "rolling/", LOCK_KEY)


def call_key(service: str, operation: str, region: str | None, parameters: Mapping[str, Any]) -> str:
    """What is asked of AWS, as text."""
    return json.dumps([service, operation, region, plain(parameters)], sort_keys=True, separators=(",", ":"))


def fetch_key(kind: str, requests: Sequence[Request]) -> str:
    """What is asked of a source, as text; in any order."""
    asked = sorted([request.query.series_id, *window_record(request.window)] for request in requests)
    return hashlib.sha256(json.dumps([kind, asked]).encode()).hexdigest()


class Notes:
    """Everything that was answered so far.

    Args:
        add: keeps bytes and returns their digest.
    """

    def __init__(self, add: Callable[[bytes], str]) -> None:
        self.add = add
        self.reads: dict[str, str | None] = {}
        self.written: set[str] = set()
        self.fetches: dict[str, list[Any]] = {}
        self.unarchived: set[str] = set()
        self.near_names: dict[str, list[str]] = {}
        self.calls: dict[str, list[Any]] = {}
        self.regions: dict[str, str | None] = {}
        self.unpinned: str | None = None
        self.lock = threading.Lock()

    def inputs(self, place: str) -> dict[str, Any]:
        """Everything as JSON: what :class:`scaler.record.memory.Remembered` takes.

        Args:
            place: how the store is called in messages.
        """
        with self.lock:
            return {
                "store": {"place": place, "reads": dict(sorted(self.reads.items()))},
                "fetches": dict(sorted(self.fetches.items())),
                "unarchived": sorted(self.unarchived),
                "near_names": dict(sorted(self.near_names.items())),
                "calls": dict(sorted(self.calls.items())),
                "regions": dict(sorted(self.regions.items())),
            }

    def doubt(self, why: str) -> None:
        """Remember why the plan could not be made again; the first reason stands."""
        with self.lock:
            self.unpinned = self.unpinned or why


class Recorder:
    """Passes everything on to the world, and takes notes."""

    def __init__(self, add: Callable[[bytes], str]) -> None:
        self.notes = Notes(add)
        self._store: WitnessedStore | None = None

    def aws(self, real: AwsClients) -> AwsClients:
        """Clients whose answers are noted."""
        return WitnessedClients(real, self.notes)

    def store(self, real: Callable[[], Store]) -> Store:
        """The store, its reads noted."""
        if self._store is None:
            self._store = WitnessedStore(real(), self.notes)
        return self._store

    def source(self, kind: str, real: Callable[[], Source]) -> Source:
        """The source, its answers noted."""
        found = real()
        if not found.archived:
            self.notes.unarchived.add(kind)
        if isinstance(found, ChunkedSource):
            return _WitnessedChunks(kind, found, self.notes)
        return _WitnessedSource(kind, found, self.notes)


class WitnessedClients:
    """Clients whose calls by :func:`scaler.aws.session.call` are noted."""

    def __init__(self, real: AwsClients, notes: Notes) -> None:
        self.real, self._notes = real, notes

    @property
    def profile(self) -> str | None:
        """As the real ones say."""
        return getattr(self.real, "profile", None)

    def client(self, service: str, region: str | None) -> Any:
        """The real client: who calls it without :func:`scaler.aws.session.call` is not witnessed."""
        self._notes.doubt(f"{service} was called in a way that is not recorded")
        return self.real.client(service, region)

    def region(self, configured: str | None) -> str | None:
        """As the real ones say."""
        found = self.real.region(configured)
        with self._notes.lock:
            self._notes.regions[configured or ""] = found
        return found

    def impatient(self) -> AwsClients:
        """The same with fewer attempts."""
        return WitnessedClients(impatient(self.real), self._notes)

    def witnessed_call(
        self, service: str, operation: str, region: str | None, resource: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make the call, and note what came of it."""
        noted: dict[str, Any] = {}
        try:
            answer = call(self.real, service, operation, region=region, resource=resource, **parameters)
            noted = {"answer": plain(answer)}
        except ScalerError as error:
            noted = {"error": error_record(error)}
            raise
        finally:
            with self._notes.lock:
                self._notes.calls.setdefault(call_key(service, operation, region, parameters), []).append(noted)
        return answer


class _WitnessedSource:
    def __init__(self, kind: str, real: Source, notes: Notes) -> None:
        self._kind, self._real, self._notes = kind, real, notes
        self.archived = real.archived

    def fetch(self, requests: Sequence[Request]) -> FetchResult:
        result = self._real.fetch(requests)
        self._note(requests, [result])
        return result

    def near_names(self, query: MetricQuery) -> tuple[str, ...]:
        found = self._real.near_names(query)
        with self._notes.lock:
            self._notes.near_names[query.series_id] = list(found)
        return found

    def _note(self, requests: Sequence[Request], parts: Sequence[FetchResult]) -> None:
        records = [result_record(part, self._notes.add) for part in parts]
        with self._notes.lock:
            self._notes.fetches.setdefault(fetch_key(self._kind, requests), []).append(records)


class _WitnessedChunks(_WitnessedSource):
    def fetch_chunks(self, requests: Sequence[Request]) -> Iterator[FetchResult]:
        records = []
        assert isinstance(self._real, ChunkedSource)  # noqa: S101 - chosen by the caller
        for part in self._real.fetch_chunks(requests):
            # Noted one by one: no more than one part is in memory.
            records.append(result_record(part, self._notes.add))
            yield part
        with self._notes.lock:
            self._notes.fetches.setdefault(fetch_key(self._kind, requests), []).append(records)


class WitnessedStore:
    """The store; what is read before it was written by the run itself is noted."""

    def __init__(self, real: Store, notes: Notes) -> None:
        self._real, self._notes = real, notes

    @property
    def parallel(self) -> int:
        """As the real one."""
        return self._real.parallel

    @property
    def bytes_written(self) -> int:
        """As the real one."""
        return self._real.bytes_written

    def name(self, key: str) -> str:
        """As the real one."""
        return self._real.name(key)

    def read(self, key: str) -> Stored | None:
        """What is there; noted the first time."""
        stored = self._real.read(key)
        if key.startswith(NOT_INPUTS):
            return stored
        with self._notes.lock:
            if key in self._notes.written:
                return stored
        digest = None if stored is None else self._notes.add(stored.data)
        if self._notes.reads.setdefault(key, digest) != digest:
            self._notes.doubt(f"{self._real.name(key)} was changed by another run meanwhile")
        return stored

    def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
        """Pass it on."""
        version = self._real.write(key, data, expected=expected)
        with self._notes.lock:
            self._notes.written.add(key)
        return version

    def require_conditions(self, key: str, data: bytes) -> None:
        """Pass it on."""
        self._real.require_conditions(key, data)

    def delete(self, key: str) -> None:
        """Pass it on."""
        self._real.delete(key)
        with self._notes.lock:
            self._notes.written.add(key)

    def list(self, prefix: str) -> tuple[Listed, ...]:
        """Pass it on."""
        return self._real.list(prefix)

    def set_aside(self, key: str) -> None:
        """Pass it on."""
        self._real.set_aside(key)
        with self._notes.lock:
            self._notes.written.add(key)

    def exclusive(self) -> AbstractContextManager[None]:
        """Pass it on."""
        return self._real.exclusive()


__all__ = ["NOT_INPUTS", "Recorder", "WitnessedStore", "call_key", "fetch_key"]
