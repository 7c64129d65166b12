"""Port of the record stage: what a run saw, decided and did, kept in the store.

::

    records/<run>/record.json      what, when, by whom, which models and why; written last, so it says the rest is there
    records/<run>/inputs.json.gz   everything that came from outside, by digest
    records/<run>/plan.json.gz     the sealed plan
    records/packs/<digest>         the inputs themselves, each once, shared by the runs that saw them

A run is called after its plan, as its journal below ``runs/`` is: the same plan made again is the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from scaler.aws.interface import AwsClients
from scaler.errors import Failed, Refused
from scaler.history.store import Store
from scaler.sources.interface import Source

SCHEMA_VERSION = "1.0"


class RecordFailed(Failed):
    """A record cannot be written or read."""


class RecordRefused(Refused):
    """A plan cannot be made again from its record, or came out differently."""


class Witness(Protocol):
    """Stands between a run and the world: notes what the world answers, or answers as it once did."""

    def aws(self, real: AwsClients) -> AwsClients:
        """The clients that the run is given."""
        ...

    def store(self, real: Callable[[], Store]) -> Store:
        """The store that the run is given; the same one each time."""
        ...

    def source(self, kind: str, real: Callable[[], Source]) -> Source:
        """The source of metrics of a kind (the name of their configuration's type)."""
        ...


@dataclass(frozen=True)
class ChosenModel:
    """What forecast one workload, and what else was tried.

    Attributes:
        cutoff: nothing at or after it was seen, ISO 8601.
        input_digest: of the demand that it was made from.
        candidates: model, pinball loss, coverage by quantile and failure of each.
    """

    workload: str
    status: str
    reasons: tuple[str, ...]
    model: str | None = None
    reason: str | None = None
    cutoff: str | None = None
    input_digest: str | None = None
    origins: int | None = None
    candidates: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        run: its name.
        command: what was typed, without arguments.
        exit_code: that the command decided on before it wrote its outputs.
        invocations: when (ISO 8601) and by whom, the first first; a run that is repeated has several.
        versions: of Python, scaler and the libraries that figures depend on.
        config: the resolved configuration, as it was digested.
        config_digest, inputs_digest: sha256.
        assumptions: what was said beside the configuration: the time, chosen workloads, accepted rules, models held.
        unpinned: why the plan cannot be made again from the record; ``None`` if it can.
        outputs: path and sha256 of each file that was written.
        packs: where inputs lie that this run shares or added.
    """

    run: str
    plan_id: str
    as_of: str
    command: str
    exit_code: int
    invocations: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    config: str
    config_digest: str
    inputs_digest: str
    assumptions: Mapping[str, Any]
    workloads: tuple[ChosenModel, ...]
    unpinned: str | None = None
    outputs: tuple[Mapping[str, str], ...] = ()
    packs: tuple[str, ...] = ()
    schema_version: str = field(default=SCHEMA_VERSION)
