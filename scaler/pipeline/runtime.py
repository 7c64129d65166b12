"""What the stages are given from outside, and the adapters that a configuration names."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from scaler.aws.interface import AwsClients
from scaler.aws.session import BotocoreClients
from scaler.config import CloudWatchMetric, FileMetric, MetricConfig, Project, PrometheusMetric
from scaler.config.stores import s3_location
from scaler.history.collect import Progress
from scaler.history.folder_store import FolderStore
from scaler.history.lock import Holder, Lease, locked
from scaler.history.s3_store import S3Store
from scaler.history.store import Store
from scaler.record.interface import Witness
from scaler.sources.cloudwatch import CloudWatchSource
from scaler.sources.files import FileSource
from scaler.sources.interface import Source
from scaler.sources.prometheus import PrometheusSource


@dataclass(frozen=True)
class Runtime:
    """What the stages are given from outside.

    Attributes:
        clock: the present, aware, UTC.
        progress: told one line about each longer step.
        offline: archive and files only; AWS is not asked for anything.
        workers: processes for the library models, ``None`` for one per usable core.
        environment: variables that the configuration names (credentials), and ``PROMETHEUS_URL``.
        stdin: what a metric of the file ``-`` is read from.
        holder: who holds the lock while the store is written.
        fetched: told how far fetching is.
        witness: stands between the run and the world, to record the run or to make it again.
        outside: clients for what the witness notes by itself (store and sources); ``aws`` if not given.
        moving: the clock of locks and sources where ``clock`` stands still, as it does for a run on record.
        checkpoint: told of each stage before it begins, and again between workloads; what it raises ends the run.
    """

    clock: Callable[[], datetime]
    aws: AwsClients
    progress: Callable[[str], None]
    offline: bool = False
    workers: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stdin: BinaryIO | None = None
    holder: Holder = field(default_factory=lambda: Holder(secrets.token_hex(6), f"process {os.getpid()}"))
    fetched: Callable[[Progress], None] | None = None
    witness: Witness | None = None
    outside: AwsClients | None = None
    moving: Callable[[], datetime] | None = None
    checkpoint: Callable[[str], None] = lambda _stage: None


def open_runtime(*, offline: bool = False, progress: Callable[[str], None] = lambda _line: None) -> Runtime:
    """The runtime of this machine: its clock, its environment, and botocore's own selection of AWS."""
    return Runtime(
        clock=lambda: datetime.now(UTC),
        aws=BotocoreClients(),
        progress=progress,
        offline=offline,
        environment=os.environ,
    )


def open_store(project: Project, runtime: Runtime) -> Store:
    """The store that the configuration names: a folder, or ``s3://bucket/prefix``."""

    def real() -> Store:
        given = s3_location(project.config.store)
        if given is None:
            return FolderStore(project.path(project.config.store))
        return S3Store(runtime.outside or runtime.aws, *given, region=project.config.defaults.region)

    return real() if runtime.witness is None else runtime.witness.store(real)


def sources_of(project: Project, runtime: Runtime) -> dict[type[MetricConfig], Source]:
    """The source of each type of metric."""
    clients, clock = runtime.outside or runtime.aws, runtime.moving or runtime.clock
    sources: dict[type[MetricConfig], Callable[[], Source]] = {
        CloudWatchMetric: lambda: CloudWatchSource(clients, clock),
        PrometheusMetric: lambda: PrometheusSource(project.root, runtime.environment, clock),
        FileMetric: lambda: FileSource(project.root, runtime.stdin),
    }
    if runtime.witness is None:
        return {kind: real() for kind, real in sources.items()}
    return {kind: runtime.witness.source(kind.__name__, real) for kind, real in sources.items()}


@contextmanager
def writing(store: Store, runtime: Runtime) -> Iterator[Lease]:
    """Hold the store's lock for the length of a ``with`` block."""
    with locked(store, runtime.holder, runtime.moving or runtime.clock) as lease:
        if lease.took_over is not None:
            runtime.progress(f"took over the lock of {lease.took_over.owner}, which has expired")
        yield lease
