"""What forecast a workload, run after run: model, version, training window and input, champion and challengers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scaler.forecast.interface import ModelChoice, QuantileForecast
from scaler.history.interface import Panel
from scaler.history.store import ABSENT, Store
from scaler.version import __version__

SCHEMA_VERSION = "1.0"
#: Records kept of each workload; older ones are dropped.
KEPT = 100


@dataclass(frozen=True)
class ModelRecord:
    """One forecast of one workload.

    Attributes:
        cutoff: nothing at or after it was seen, ISO 8601.
        version: of scaler.
        training_start, training_end: first observed step and cutoff.
        input_digest: sha256 over grid and values.
        pinball: of the champion in its backtest; ``None`` if it could not be scored.
        challengers: pinball loss of every other candidate, ``None`` where it failed.
        champion_since: cutoff of the first record in a row with this model.
        replaced: the model that it took over from, or ``None``.
    """

    workload: str
    cutoff: str
    model: str
    reason: str
    degraded: bool
    version: str
    training_start: str
    training_end: str
    input_digest: str
    pinball: float | None
    coverage: Mapping[str, float]
    challengers: Mapping[str, float | None]
    champion_since: str
    replaced: str | None


def keep_records(store: Store, panel: Panel, made: QuantileForecast) -> tuple[ModelRecord, ...]:
    """Add a record of each workload to the store, and return them.

    The same cutoff again replaces its record, so that a repeated run leaves one.

    Raises:
        StoreFailed: the store cannot be read or written, or another run writes the same record.
    """
    return tuple(_keep(store, panel, name, made, made.choices[index]) for index, name in enumerate(made.names))


def read_records(store: Store, workload: str) -> tuple[ModelRecord, ...]:
    """Records of a workload, oldest first; none if there are none, or what is stored cannot be read."""
    stored = store.read(_key(workload))
    return () if stored is None else _decoded(stored.data)


def _keep(store: Store, panel: Panel, name: str, made: QuantileForecast, choice: ModelChoice) -> ModelRecord:
    stored = store.read(_key(name))
    cutoff = made.cutoff.isoformat()
    earlier = [record for record in (() if stored is None else _decoded(stored.data)) if record.cutoff < cutoff]
    later = [record for record in (() if stored is None else _decoded(stored.data)) if record.cutoff > cutoff]
    record = _record(panel, name, cutoff, choice, earlier[-1] if earlier else None)
    kept = [*earlier, record, *later][-KEPT:]
    document = {"schema_version": SCHEMA_VERSION, "records": [asdict(each) for each in kept]}
    data = json.dumps(document, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True).encode() + b"\n"
    if stored is None or stored.data != data:
        store.write(_key(name), data, expected=ABSENT if stored is None else stored.version)
    return record


def _record(panel: Panel, name: str, cutoff: str, choice: ModelChoice, last: ModelRecord | None) -> ModelRecord:
    values = panel.values[panel.names.index(name)]
    first = int(np.flatnonzero(np.isfinite(values))[0])
    start = int(panel.times()[first])
    scores = {score.model: score for score in choice.scores}
    own = scores.get(choice.model)
    same = last is not None and last.model == choice.model
    canonical = np.where(np.isnan(values), np.nan, values).astype("<f8")[first:].tobytes()
    return ModelRecord(
        workload=name,
        cutoff=cutoff,
        model=choice.model,
        reason=choice.reason,
        degraded=choice.degraded,
        version=__version__,
        training_start=np.datetime64(start, "s").item().isoformat() + "+00:00",
        training_end=panel.cutoff.isoformat(),
        input_digest=hashlib.sha256(f"{start} {panel.step_seconds}\n".encode() + canonical).hexdigest(),
        pinball=None if own is None else own.pinball,
        coverage={} if own is None else {f"{q:g}": share for q, share in sorted(own.coverage.items())},
        challengers={name: score.pinball for name, score in sorted(scores.items()) if name != choice.model},
        champion_since=last.champion_since if last is not None and same else cutoff,
        replaced=last.replaced if last is not None and same else (last.model if last is not None else None),
    )


def _key(workload: str) -> str:
    return f"models/{workload}.json"


def _decoded(data: bytes) -> tuple[ModelRecord, ...]:
    """A record that cannot be read is worth nothing, and stands in the way of nothing."""
    try:
        document: Any = json.loads(data)
        return tuple(ModelRecord(**entry) for entry in document["records"])
    except (ValueError, TypeError, KeyError):
        return ()
