"""The manifest of one archived series: what has been asked and answered, and the files that hold it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scaler.history.interface import StoreFailed
from scaler.history.partition import Partition
from scaler.history.spans import Spans, epoch, moment, union

FORMAT = 1
_FILE = re.compile(r"\d{4}-\d{2}(-\d{2})?-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class Manifest:
    """What is archived of one series.

    Attributes:
        series: the query in one line, for a person who looks into the folder.
        covered: spans asked and answered completely; a span without points is a source that had none.
        partitions: months, then days, each ascending.
    """

    series: str
    covered: Spans = ()
    partitions: tuple[Partition, ...] = ()

    @property
    def newest(self) -> int | None:
        """Time of the last point, seconds since the epoch."""
        return max((part.newest for part in self.partitions), default=None)


def order(partitions: Iterable[Partition]) -> tuple[Partition, ...]:
    """Months, then days, each ascending: read in this order, a later one replaces its span of those before."""
    return tuple(sorted(partitions, key=lambda part: (part.is_day, part.label)))


def encode(manifest: Manifest) -> bytes:
    """Canonical JSON with a checksum of itself."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "series": manifest.series,
        "covered": [[moment(start).isoformat(), moment(end).isoformat()] for start, end in manifest.covered],
        "partitions": [
            {
                "label": part.label,
                "file": part.file,
                "sha256": part.sha256,
                "rows": part.rows,
                "newest": moment(part.newest).isoformat(),
            }
            for part in manifest.partitions
        ],
    }
    return (json.dumps(body | {"sha256": _digest(body)}, indent=1, sort_keys=True) + "\n").encode()


def decode(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ValueError: damaged.
        StoreFailed: written by a newer version of scaler.
    """
    try:
        body = json.loads(data)
        if body.pop("sha256") != _digest(body):
            raise ValueError("checksum differs")
        if body["format"] != FORMAT:
            raise StoreFailed(
                f"the archive of {body.get('series', 'a series')} has format {body['format']}",
                why=f"this version of scaler reads format {FORMAT}",
                next_step="use the newer scaler that wrote it, or another store",
            )
        return _manifest(body)
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a manifest: {error!r}") from error


def _manifest(body: dict[str, Any]) -> Manifest:
    covered = tuple(
        (epoch(datetime.fromisoformat(low)), epoch(datetime.fromisoformat(high))) for low, high in body["covered"]
    )
    partitions = tuple(
        Partition(p["label"], p["file"], p["sha256"], p["rows"], epoch(datetime.fromisoformat(p["newest"])))
        for p in body["partitions"]
    )
    if covered != union(covered):
        raise ValueError("covered spans are not ascending and disjoint")
    for part in partitions:
        _ = part.span  # refuses what is neither a month nor a day
        if not _FILE.fullmatch(part.file):
            raise ValueError(f"{part.file!r} is not the name of a partition")
    return Manifest(body["series"], covered, partitions)


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
