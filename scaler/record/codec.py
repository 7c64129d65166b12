"""What the world answers, as JSON and bytes, and back."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import numpy as np

from scaler.errors import ConfigurationError, Failed, Refused, ScalerError
from scaler.record.swollen import GZIP, inflated
from scaler.sources.interface import FetchResult, Kept, Points, Window

DAY_SECONDS = 86_400
#: Members of AWS's answers that may hold secrets, and that no plan looks at.
SECRET_MEMBERS = frozenset({"environment", "secrets", "userdata", "secretstring", "environmentvariables"})


def plain(value: Any) -> Any:
    """An answer of AWS, or parameters of a call, as JSON."""
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {
            str(key): plain(each)
            for key, each in value.items()
            if key != "ResponseMetadata" and str(key).lower() not in SECRET_MEMBERS
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def lively(value: Any) -> Any:
    """What :func:`plain` wrote."""
    if isinstance(value, dict):
        if set(value) == {"$time"}:
            return datetime.fromisoformat(value["$time"])
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        return {key: lively(each) for key, each in value.items()}
    return [lively(each) for each in value] if isinstance(value, list) else value


def error_record(error: ScalerError) -> dict[str, Any]:
    """An error with what it says; of further members those that are plain."""
    state = {
        name: value
        for name, value in vars(error).items()
        if isinstance(value, str | int | float | bool) or value is None
    }
    return {"class": f"{type(error).__module__}:{type(error).__qualname__}", "state": state, "code": error.exit_code}


def error_of(record: Mapping[str, Any]) -> ScalerError:
    """What :func:`error_record` wrote; an error of an equal exit code where the class is no longer there."""
    module, _, name = str(record["class"]).partition(":")
    found: Any = None
    if module == "scaler" or module.startswith("scaler."):
        try:
            found = getattr(import_module(module), name, None)
        except ImportError:
            found = None
    if not (isinstance(found, type) and issubclass(found, ScalerError)):
        found = {3: Refused, 78: ConfigurationError}.get(int(record["code"]), Failed)
    error: ScalerError = found.__new__(found)
    error.__dict__.update(record["state"])
    error.args = (record["state"]["what"],)
    return error


def points_record(points: Points, add: Callable[[bytes], str]) -> dict[str, Any]:
    """Points as digests of their days: a day that did not change since is kept once."""
    times, values = points.times.astype("<i8"), points.values.astype("<f8")
    cuts = np.flatnonzero(np.diff(times // DAY_SECONDS)) + 1
    days = zip(np.split(times, cuts), np.split(values, cuts), strict=True)
    parts = [add(day.tobytes() + amounts.tobytes()) for day, amounts in days if day.size]
    return {"days": parts, "notes": list(points.notes)}


def points_of(record: Mapping[str, Any], get: Callable[[str], bytes]) -> Points:
    """What :func:`points_record` wrote."""
    parts = [get(digest) for digest in record["days"]]
    times = [np.frombuffer(part[: len(part) // 2], "<i8") for part in parts]
    values = [np.frombuffer(part[len(part) // 2 :], "<f8") for part in parts]
    return Points(
        np.concatenate([np.zeros(0, np.int64), *times]).astype(np.int64),
        np.concatenate([np.zeros(0), *values]).astype(np.float64),
        tuple(record["notes"]),
    )


def window_record(window: Window) -> list[str]:
    """Start and end."""
    return [window.start.astimezone(UTC).isoformat(), window.end.astimezone(UTC).isoformat()]


def window_of(record: list[str]) -> Window:
    """What :func:`window_record` wrote."""
    return Window(datetime.fromisoformat(record[0]), datetime.fromisoformat(record[1]))


def result_record(result: FetchResult, add: Callable[[bytes], str]) -> dict[str, Any]:
    """The answer of a source."""
    return {
        "points": {key: points_record(points, add) for key, points in sorted(result.points.items())},
        "problems": {key: error_record(error) for key, error in sorted(result.problems.items())},
        "kept": {
            key: {"windows": [window_record(w) for w in kept.windows], "points": points_record(kept.points, add)}
            for key, kept in sorted(result.kept.items())
        },
        "calls": result.calls,
        "metrics_requested": result.metrics_requested,
    }


def result_of(record: Mapping[str, Any], get: Callable[[str], bytes]) -> FetchResult:
    """What :func:`result_record` wrote."""
    return FetchResult(
        {key: points_of(each, get) for key, each in record["points"].items()},
        {key: error_of(each) for key, each in record["problems"].items()},
        record["calls"],
        record["metrics_requested"],
        {
            key: Kept(tuple(window_of(w) for w in each["windows"]), points_of(each["points"], get))
            for key, each in record["kept"].items()
        },
    )


def squeezed(document: bytes) -> bytes:
    """Gzip without a time in it: equal documents give equal bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(document) + packer.flush()


def unsqueezed(data: bytes) -> bytes:
    """What :func:`squeezed` wrote.

    Raises:
        zlib.error: it is damaged, or larger than any document of a record.
    """
    return inflated(data, GZIP)
