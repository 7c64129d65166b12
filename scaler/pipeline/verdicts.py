"""Verdicts of replay, kept in the store between runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.config import Project, Workload
from scaler.errors import ScalerError
from scaler.history.store import Store
from scaler.pipeline.replaying import Judged
from scaler.pipeline.runtime import Runtime, open_store
from scaler.replay.interface import Trace, Verdict
from scaler.replay.ledger import DAY_MINUTES
from scaler.replay.verdict_document import verdict_document, verdict_of

SCHEMA_VERSION = "1.0"
#: Demand has drifted when so many days in a row lie outside all that was judged by more than this factor.
DRIFT_DAYS, DRIFT_FACTOR = 2, 1.5


def keep_verdicts(judged: Sequence[Judged], project: Project, runtime: Runtime) -> None:
    """Keep the verdict of each workload; the one before it is replaced.

    Raises:
        scaler.errors.Failed: the store cannot be written.
    """
    store = open_store(project, runtime)
    for each in judged:
        if each.verdict is not None:
            document = {
                "schema_version": SCHEMA_VERSION,
                "terms": terms(each.past.workload),
                "verdict": verdict_document(each.verdict),
                "daily": None if each.daily is None else verdict_document(each.daily),
                "days": daily_range(each.replay.trace) if each.past.in_demand else None,
            }
            text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            store.write(_key(each.past.workload.name), text.encode())


@dataclass(frozen=True)
class Kept:
    """What was judged of one workload.

    Attributes:
        best: among all policies.
        daily: among those that plan once a day, which is what a plan can carry.
        days: lowest and highest mean demand of a day that was judged, ``None`` where it is not in the unit of demand.
    """

    best: Verdict
    daily: Verdict | None
    days: tuple[float, float] | None = None

    def drifted(self, recent: NDArray[np.float64]) -> str | None:
        """Why demand is no longer what was judged, or ``None``.

        Args:
            recent: mean demand of the last whole days, the oldest first; NaN is unknown.
        """
        newest = recent[-DRIFT_DAYS:]
        if self.days is None or newest.size < DRIFT_DAYS or not np.isfinite(newest).all():
            return None
        low, high = self.days
        if (newest > DRIFT_FACTOR * high).all():
            return f"above {DRIFT_FACTOR:g} times the highest day that was judged"
        if (newest < low / DRIFT_FACTOR).all():
            return f"below the lowest day that was judged by more than a factor of {DRIFT_FACTOR:g}"
        return None


def kept_verdict(workload: Workload, store: Store, *, as_of: datetime) -> tuple[Kept | None, str | None]:
    """The workload's verdicts, or ``None`` and why there are none to plan by, in one line.

    A verdict from after ``as_of`` is not seen; one that is older than ``replay.valid_for``, or that was found on
    other terms (capacity, limits, lead time, budget), is not followed.
    """
    try:
        stored = store.read(_key(workload.name))
        found = None if stored is None else _read(stored.data)
    except ScalerError as error:
        return None, f"replay: no verdict, as the store does not answer: {error.why}"
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, "replay: the verdict in the store cannot be read; scaler replay judges anew"
    if found is None:
        return None, "replay: not judged yet; scaler replay says whether this plan is worth it"
    kept, of_terms = found
    judged_at, why = kept.best.judged_at, None
    if judged_at > as_of:
        why = "replay: not judged before this moment"
    elif of_terms != terms(workload):
        why = "replay: judged on other terms than the configuration's now; scaler replay judges anew"
    elif as_of - judged_at > workload.replay.valid_for:
        why = f"replay: the verdict is {(as_of - judged_at).days} days old; scaler replay judges anew"
    return (kept, None) if why is None else (None, why)


def _read(data: bytes) -> tuple[Kept, str]:
    """Verdicts and the terms that they were found on."""
    document = json.loads(data)
    major = document["schema_version"].partition(".")[0]
    if major != SCHEMA_VERSION.partition(".")[0]:
        raise ValueError(f"schema version {major}")
    daily = document["daily"]
    days = document.get("days")
    kept = Kept(
        best=verdict_of(document["verdict"]),
        daily=None if daily is None else verdict_of(daily),
        days=None if days is None else (float(days["lowest"]), float(days["highest"])),
    )
    return kept, str(document["terms"])


def daily_range(trace: Trace) -> dict[str, float] | None:
    """Lowest and highest mean demand of the whole days of a trace, the last of them ending with it."""
    means = daily_means(trace.demand, DAY_MINUTES)
    known = means[np.isfinite(means)]
    return {"lowest": float(known.min()), "highest": float(known.max())} if known.size else None


def daily_means(values: NDArray[np.float64], steps_per_day: int) -> NDArray[np.float64]:
    """Mean of each whole day, counted back from the end, the oldest first; NaN where less than half is known."""
    days = values.size // steps_per_day
    rows = values[values.size - days * steps_per_day :].reshape(days, steps_per_day)
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows, 0.0).sum(axis=1)
    means: NDArray[np.float64] = np.where(2 * count >= steps_per_day, total / np.maximum(count, 1), np.nan)
    return means


def terms(workload: Workload) -> str:
    """sha256 over what a verdict depends on beside demand."""
    parts = [part.model_dump_json() for part in (workload.load, workload.capacity, workload.limits)]
    # How far a verdict is followed is no term of it.
    parts.append(workload.replay.model_dump_json(exclude={"gate", "valid_for"}))
    text = "\n".join(parts)
    return hashlib.sha256(f"{workload.timezone}\n{text}".encode()).hexdigest()


def _key(name: str) -> str:
    return f"replay/{name}.json"
