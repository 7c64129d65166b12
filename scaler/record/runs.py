"""Records in the store: writing one whole, reading it back, listing them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scaler.errors import ScalerError, UsageError
from scaler.history.store import Store
from scaler.plan.document import Plan
from scaler.plan.past import ScoredPlan, decode_past
from scaler.plan.seal import canonical, decode, encode_sealed
from scaler.record.codec import squeezed, unsqueezed
from scaler.record.interface import ChosenModel, RecordFailed, RunRecord
from scaler.record.packs import Place, digest_of

FOLDER = "records"
#: Invocations of one run that are remembered; the first always is.
MOST_INVOCATIONS = 20
# A name from the command line becomes part of a path.
RUN_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}")


@dataclass(frozen=True)
class Inputs:
    """What came from outside, and where its bytes lie.

    Attributes:
        answers: see :class:`scaler.record.memory.Remembered`.
        files: digest by path as the configuration has it.
        places: pack, first byte and length by digest.
    """

    answers: Mapping[str, Any]
    files: Mapping[str, str]
    places: Mapping[str, Place]

    @property
    def digest(self) -> str:
        """sha256 over what was answered, wherever it lies."""
        return digest_of(canonical({"answers": self.answers, "files": dict(self.files)}))


def write_record(store: Store, record: RunRecord, inputs: Inputs, plan: Plan) -> RunRecord:
    """Put a record into the store; ``record.json`` last. A run that is there already gets one more invocation.

    Raises:
        scaler.errors.Failed: the store does not take it.
    """
    earlier = find_record(store, record.run)
    if earlier is not None:
        mine = record.invocations
        kept = (*earlier.invocations[:1], *(*earlier.invocations[1:], *mine)[-(MOST_INVOCATIONS - 1) :])
        record = replace(earlier, invocations=kept, outputs=record.outputs or earlier.outputs)
    else:
        document = {"answers": inputs.answers, "files": dict(inputs.files), "places": dict(inputs.places)}
        store.write(_key(record.run, "inputs.json.gz"), squeezed(canonical(document)))
        store.write(_key(record.run, "plan.json.gz"), squeezed(encode_sealed(plan)))
    text = json.dumps(asdict(record), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    store.write(_key(record.run, "record.json"), text.encode())
    return record


def find_record(store: Store, run: str) -> RunRecord | None:
    """The record of a run; ``None`` if there is none, or what is there cannot be read."""
    stored = store.read(_key(run, "record.json")) if RUN_NAME.fullmatch(run) else None
    if stored is None:
        return None
    try:
        given = json.loads(stored.data)
        given["workloads"] = tuple(
            ChosenModel(**{**each, "reasons": tuple(each["reasons"]), "candidates": tuple(each["candidates"])})
            for each in given["workloads"]
        )
        for name in ("invocations", "outputs", "packs"):
            given[name] = tuple(given[name])
        return RunRecord(**given)
    except (ValueError, TypeError, KeyError):
        return None


def read_record(store: Store, run: str) -> RunRecord:
    """The record of a run.

    Args:
        run: its name, or the beginning of a name or of a plan's id that only one has.

    Raises:
        UsageError: there is no such run; names the newest.
        RecordFailed: it cannot be read.
    """
    names = run_names(store)
    matching = [name for name in names if name == run]
    if not matching and run:
        matching = [name for name in names if name.startswith(run) or name.rpartition("-")[2].startswith(run[:12])]
    if len(matching) != 1:
        last = ", ".join(names[-3:]) if names else "none"
        raise UsageError(
            f"there is no record of a run {run!a}" if not matching else f"{run!a} begins {len(matching)} runs",
            why=f"the newest records in {store.name(FOLDER)} are: {last}",
            next_step="give the name of one of them, or the id of its plan",
        )
    found = find_record(store, matching[0])
    if found is None:
        raise _damaged(store, matching[0])
    return found


def read_inputs(store: Store, record: RunRecord) -> Inputs:
    """What the run saw.

    Raises:
        RecordFailed: it is missing or damaged, or is not what the record says.
    """
    try:
        given = json.loads(_unsqueezed(store, record.run, "inputs.json.gz"))
        places = {digest: (str(p), int(first), int(size)) for digest, (p, first, size) in given["places"].items()}
        inputs = Inputs(given["answers"], given["files"], places)
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(store, record.run) from error
    if inputs.digest != record.inputs_digest:
        raise _damaged(store, record.run)
    return inputs


def read_recorded_plan(store: Store, run: str) -> Plan:
    """The sealed plan of a run.

    Raises:
        RecordFailed: it is missing or damaged.
    """
    try:
        return decode(_unsqueezed(store, run, "plan.json.gz").decode())
    except (ValueError, ScalerError) as error:
        raise _damaged(store, run) from error


def read_past_plan(store: Store, run: str) -> ScoredPlan:
    """What scores need of the sealed plan of a run.

    Raises:
        RecordFailed: it is missing or damaged.
    """
    try:
        return decode_past(_unsqueezed(store, run, "plan.json.gz"))
    except (ValueError, ScalerError) as error:
        raise _damaged(store, run) from error


def written_at(store: Store) -> dict[str, float]:
    """When the record of each run was last written, in seconds of the store's clock; by name, oldest plan first."""
    found = ((item.key.split("/"), item.modified) for item in store.list(FOLDER))
    return {parts[1]: at for parts, at in found if parts[-1] == "record.json" and RUN_NAME.fullmatch(parts[1])}


def run_names(store: Store) -> list[str]:
    """Names of all recorded runs, oldest plan first."""
    return sorted(written_at(store))


def newest_places(store: Store) -> Mapping[str, Place]:
    """Where the inputs of the newest record lie: what a new run shares with it need not be written again."""
    written = written_at(store)
    newest = max(written, key=lambda name: written[name], default="")
    record = find_record(store, newest)
    try:
        return {} if record is None else read_inputs(store, record).places
    except RecordFailed:
        return {}


def _unsqueezed(store: Store, run: str, name: str) -> bytes:
    stored = store.read(_key(run, name))
    try:
        return b"" if stored is None else unsqueezed(stored.data)
    except zlib.error:
        return b""


def _key(run: str, name: str) -> str:
    return f"{FOLDER}/{run}/{name}"


def _damaged(store: Store, run: str) -> RecordFailed:
    return RecordFailed(
        f"the record of run {run} cannot be read",
        why=f"{store.name(_key(run, ''))} is missing a file, or holds something else",
        next_step="restore it from a backup of the store",
    )
