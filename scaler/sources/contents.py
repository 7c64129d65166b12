"""What is in a file or on standard input, as bytes: decompressed, and never more than a bound."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from scaler.errors import UsageError
from scaler.sources.interface import SourceFailed

#: Of one file, after decompression. A few kilobytes of gzip can hold terabytes; a thousand series over a month
#: at five minutes take 350 MB as CSV.
MAX_BYTES = 512 * 1024 * 1024
#: Of one file. Parquet can tell of billions of equal rows in a few kilobytes.
MAX_ROWS = 20_000_000
_GZIP = b"\x1f\x8b"


def read_path(path: Path, shown: str) -> bytes:
    """The content of a file; gzip is told by its first bytes, and decompressed.

    Args:
        shown: the path as the configuration gives it, for messages.

    Raises:
        SourceFailed: it is larger than :data:`MAX_BYTES`.
        OSError: it cannot be read, or is damaged.
    """
    with path.open("rb") as stream:
        if path.suffix.lower() == ".gz" and not stream.peek(len(_GZIP)).startswith(_GZIP):
            raise gzip.BadGzipFile("it is not gzip, as its suffix says")
        return read_stream(stream, shown)


def read_stream(stream: BinaryIO, shown: str) -> bytes:
    """The same of an open stream, read to its end."""
    content = _bounded(stream, shown)
    if content.startswith(_GZIP):
        with gzip.GzipFile(fileobj=BytesIO(content)) as compressed:
            return _bounded(compressed, shown)
    return content


def read_standard_input(stream: BinaryIO | None) -> bytes:
    """All of standard input.

    Raises:
        UsageError: nothing is piped into it.
        SourceFailed: it is larger than :data:`MAX_BYTES`.
    """
    if stream is None or stream.isatty():
        raise UsageError(
            "there is nothing on standard input",
            why="a metric has the path '-', which is standard input",
            next_step="Pipe the rows in, as in: zcat load.csv.gz | scaler plan",
        )
    return read_stream(stream, "standard input")


def too_large(shown: str, what: str) -> SourceFailed:
    """The refusal of a file that would exhaust the memory."""
    return SourceFailed(
        f"{shown} is larger than {what}",
        why="a file of that size is a mistake, or meant to exhaust the reader; nothing of it was kept",
        next_step="Split it into several files, or leave out series and times that are not needed.",
    )


def _bounded(stream: BinaryIO | gzip.GzipFile, shown: str) -> bytes:
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise too_large(shown, f"{MAX_BYTES // 1024**2} MiB decompressed")
    return content
