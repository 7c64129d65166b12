"""What rolling mode remembers between two updates: a full plan, how errors fade, and what it has set itself."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaler.apply.records import live_of, live_record
from scaler.forecast.interface import ModelChoice, QuantileForecast
from scaler.forecast.near.state import NearState
from scaler.forecast.quick import QuickState
from scaler.live.interface import LiveGroup
from scaler.plan.document import Plan, StepPart

KEY = "rolling/state.npz"
FORMAT = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class UnitSteps:
    """How many units carry a demand, as a table: a :class:`scaler.capacity.interface.Resource`.

    Attributes:
        units_of: ascending, from 0 to the workload's maximum.
        carries: the most demand that so many units carry; same shape.
    """

    units_of: NDArray[np.int64]
    carries: Floats
    source: str = ""

    def units(self, demand: Floats) -> NDArray[np.int64]:
        """The least units of the table that carry each demand; one above the table where none does."""
        index = np.searchsorted(self.carries, demand, side="left")
        result: NDArray[np.int64] = np.append(self.units_of, self.units_of[-1] + 1)[index]
        return result


@dataclass(frozen=True, eq=False)
class Row:
    """What an update has to know of one workload.

    Attributes:
        quantile: that its floors cover; the highest looked at where ``unserved`` decides.
        steps: what so many units carry.
        per_unit: demand that one unit carries; ``None`` where units do not grow in proportion to demand.
    """

    name: str
    quantile: float
    unserved: float | None
    lead_time_seconds: int
    steps: UnitSteps
    per_unit: float | None = None


@dataclass(frozen=True, eq=False)
class NearPart:
    """Workloads that are updated in one go.

    Attributes:
        near_steps: forecast steps that an update covers.
    """

    quick: QuickState
    near_steps: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, eq=False)
class NearFit:
    """The near forecaster of one workload, fitted once a day.

    Attributes:
        end: of the history that it was fitted to, seconds since the epoch.
    """

    end: int
    state: NearState


@dataclass(frozen=True)
class Standing:
    """What rolling mode has done to one workload.

    Attributes:
        levels: the levels that were written last.
        found, wanted: the live state as it was before, and as it was to become; whatever is like either is ours.
        others_min: a minimum that somebody else has set, and below which nothing is planned; 0 if none.
        held: why the workload is left alone until the next full plan, or ``None``.
        before: levels that were needed, each with the last moment that it was; for ``guardrails.scale_in_hold``.
    """

    levels: tuple[StepPart, ...] = ()
    found: LiveGroup | None = None
    wanted: LiveGroup | None = None
    others_min: int = 0
    held: str | None = None
    before: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, eq=False)
class RollingState:
    """All of it.

    Attributes:
        base: the last full plan, without what updates do not look at.
        full_plan_id: of that plan as it is on record.
        refused: why that plan refuses a workload.
        last_tick: when the last update was made.
        fits: by workload, of the near forecaster.
        journals: names of the newest runs that wrote updates, oldest first.
    """

    base: Plan
    full_plan_id: str
    config_digest: str
    scaler_version: str
    parts: tuple[NearPart, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    standing: Mapping[str, Standing] = field(default_factory=dict)
    last_tick: datetime | None = None
    journals: tuple[str, ...] = ()
    fits: Mapping[str, NearFit] = field(default_factory=dict)


def encode_state(state: RollingState) -> bytes:
    """One file of arrays; equal states give equal bytes."""
    arrays: dict[str, Any] = {}
    parts = []
    for number, part in enumerate(state.parts):
        quick, full = part.quick, part.quick.forecast
        arrays |= {
            f"{number}.values": full.values, f"{number}.past": quick.past, f"{number}.leads": quick.leads,
            f"{number}.coefficients": quick.coefficients, f"{number}.scores": quick.scores,
            f"{number}.usual": quick.usual,
        }  # fmt: skip
        rows = []
        for index, row in enumerate(part.rows):
            arrays |= {f"{number}.{index}.units": row.steps.units_of, f"{number}.{index}.carries": row.steps.carries}
            rows.append([row.name, row.quantile, row.unserved, row.lead_time_seconds, row.steps.source, row.per_unit])
        parts.append(
            {
                "cutoff": full.cutoff.astimezone(UTC).isoformat(),
                "step_seconds": full.step_seconds,
                "quantiles": list(full.quantiles),
                "models": [choice.model for choice in full.choices],
                "near_steps": part.near_steps,
                "rows": rows,
            }
        )
    for number, name in enumerate(sorted(state.fits)):
        arrays |= {f"fit.{number}.{key}": each for key, each in state.fits[name].state.arrays().items()}
    head = {
        "format": FORMAT,
        "base": state.base.model_dump_json(),
        "full_plan_id": state.full_plan_id,
        "config_digest": state.config_digest,
        "scaler_version": state.scaler_version,
        "parts": parts,
        "refused": dict(state.refused),
        "standing": {name: _standing_record(each) for name, each in sorted(state.standing.items())},
        "journals": list(state.journals),
        "fits": [[name, state.fits[name].end] for name in sorted(state.fits)],
        "last_tick": None if state.last_tick is None else state.last_tick.astimezone(UTC).isoformat(),
    }
    text = json.dumps(head, sort_keys=True, allow_nan=False).encode()
    target = io.BytesIO()
    np.savez(target, head=np.frombuffer(text, np.uint8), **arrays)
    return target.getvalue()


#: What reading something else ends with; pydantic's errors are ValueErrors.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, MemoryError, zipfile.BadZipFile)


def decode_state(data: bytes) -> RollingState | None:
    """What :func:`encode_state` wrote; ``None`` if it is something else: a full plan then begins anew."""
    try:
        _require_plain(data)
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            if head["format"] != FORMAT:
                return None
            parts = tuple(_part(arrays, number, given) for number, given in enumerate(head["parts"]))
            fits = {name: NearFit(end, _fit(arrays, number)) for number, (name, end) in enumerate(head["fits"])}
        return RollingState(
            base=Plan.model_validate_json(head["base"]),
            full_plan_id=head["full_plan_id"],
            config_digest=head["config_digest"],
            scaler_version=head["scaler_version"],
            parts=parts,
            refused=head["refused"],
            standing={name: _standing(each) for name, each in head["standing"].items()},
            last_tick=None if head["last_tick"] is None else datetime.fromisoformat(head["last_tick"]),
            journals=tuple(head["journals"]),
            fits=fits,
        )
    except _DAMAGED:
        return None


def _require_plain(data: bytes) -> None:
    """Refuse what :func:`encode_state` never writes: entries that are compressed, or larger than the file they are in.

    Raises:
        ValueError: it has such an entry.
        zipfile.BadZipFile: it is no archive.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED or "/" in entry.filename for entry in entries):
        raise ValueError("an entry is compressed or has a path")
    if sum(entry.file_size for entry in entries) > len(data):
        raise ValueError("its entries are larger than the file")


def _part(arrays: Any, number: int, given: Mapping[str, Any]) -> NearPart:
    rows = tuple(
        Row(name, quantile, unserved, lead, UnitSteps(
            arrays[f"{number}.{index}.units"], arrays[f"{number}.{index}.carries"], source
        ), per_unit)
        for index, (name, quantile, unserved, lead, source, per_unit) in enumerate(given["rows"])
    )  # fmt: skip
    full = QuantileForecast(
        names=tuple(row.name for row in rows),
        cutoff=datetime.fromisoformat(given["cutoff"]),
        step_seconds=given["step_seconds"],
        quantiles=tuple(given["quantiles"]),
        values=arrays[f"{number}.values"],
        choices=tuple(ModelChoice(model, "") for model in given["models"]),
    )
    quick = QuickState(
        full, arrays[f"{number}.past"], arrays[f"{number}.leads"], arrays[f"{number}.coefficients"],
        arrays[f"{number}.scores"], arrays[f"{number}.usual"],
    )  # fmt: skip
    return NearPart(quick, given["near_steps"], rows)


def _fit(arrays: Any, number: int) -> NearState:
    prefix = f"fit.{number}."
    return NearState.of_arrays({key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)})


def _standing_record(standing: Standing) -> dict[str, Any]:
    return {
        "levels": [
            [
                step.start.timestamp(),
                step.end.timestamp(),
                step.min_size,
                step.max_size,
                step.required_units,
                step.binding,
            ]
            for step in standing.levels
        ],
        "found": None if standing.found is None else live_record(standing.found),
        "wanted": None if standing.wanted is None else live_record(standing.wanted),
        "others_min": standing.others_min,
        "held": standing.held,
        "before": [[at.astimezone(UTC).isoformat(), level] for at, level in standing.before],
    }


def _standing(record: Mapping[str, Any]) -> Standing:
    return Standing(
        tuple(_level(level) for level in record["levels"]),
        None if record["found"] is None else live_of(record["found"]),
        None if record["wanted"] is None else live_of(record["wanted"]),
        record["others_min"],
        record["held"],
        tuple((datetime.fromisoformat(at), level) for at, level in record["before"]),
    )


def _level(record: Sequence[Any]) -> StepPart:
    start, end, smallest, largest, required, binding = record
    return StepPart(
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        min_size=smallest,
        desired_size=None,
        max_size=largest,
        required_units=required,
        mix=(),
        usd_per_hour=None,
        binding=binding,
    )
