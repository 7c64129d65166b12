"""Parquet within a bound: a few kilobytes can tell of billions of equal rows, or of one long text in each of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from scaler.sources.contents import MAX_BYTES, MAX_ROWS, too_large


def read_parquet(source: Path | BinaryIO, shown: str, columns: Sequence[str] | None = None) -> Any:
    """A table whose texts are dictionaries, so that an equal one is in memory once.

    Args:
        shown: what the file is called in messages.
        columns: those to read; all if ``None``.

    Returns:
        a ``pyarrow.Table``.

    Raises:
        SourceFailed: a column has more than :data:`MAX_ROWS` values, or all take more than :data:`MAX_BYTES`.
        pyarrow.ArrowException: it is damaged, or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        schema, metadata = file.schema_arrow, file.metadata
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    _require_figures(metadata, shown, columns)
    if not isinstance(source, Path):
        source.seek(0)
    with pq.ParquetFile(source, read_dictionary=texts) as file:
        table = file.read(columns=None if columns is None else list(columns))
    _require_texts(table, shown)
    return table


def _require_figures(metadata: Any, shown: str, columns: Sequence[str] | None) -> None:
    """By the file's own figures, before anything in it is unpacked."""
    values: dict[str, int] = {}
    size = 0
    for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
        for chunk in (group.column(index) for index in range(group.num_columns)):
            if columns is None or chunk.path_in_schema.split(".")[0] in columns:
                values[chunk.path_in_schema] = values.get(chunk.path_in_schema, 0) + chunk.num_values
                size += chunk.total_uncompressed_size
    if max(values.values(), default=0) > MAX_ROWS or metadata.num_rows > MAX_ROWS:
        raise too_large(shown, f"{MAX_ROWS:,} rows")
    if size > MAX_BYTES:
        raise _too_many_bytes(shown)


def _require_texts(table: Any, shown: str) -> None:
    """As they will stand row by row in a frame."""
    import pyarrow as pa
    import pyarrow.compute as pc

    size = 0
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
            size += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    if size > MAX_BYTES:
        raise _too_many_bytes(shown)


def _too_many_bytes(shown: str) -> Exception:
    return too_large(shown, f"{MAX_BYTES // 1024**2} MiB decompressed")
