"""Small files that say or hold far more than anybody has memory for."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

MIB = 1024 * 1024
_BLOCK = 16 * MIB


def zeros(wbits: int, *, mib: int) -> bytes:
    """A stream of so many MiB of zeros, a thousandth of that in size; it is cut off where its checksum would stand.

    Args:
        wbits: as zlib names the kinds: 31 is gzip, 15 zlib's own.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    head = packer.compress(b"") + packer.flush(zlib.Z_SYNC_FLUSH)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = raw.compress(bytes(_BLOCK)) + raw.flush(zlib.Z_FULL_FLUSH)
    return head + block * (mib * MIB // _BLOCK)


def npz(*, mib: int, compressed: bool) -> bytes:
    """A state of rolling mode with an array of so many MiB, packed, or promised by its header alone."""
    target = io.BytesIO()
    shape = mib * MIB // 8
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape},), }}".encode().ljust(117) + b"\n"
    head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", kind) as archive, archive.open("head.npy", "w", force_zip64=True) as entry:
        entry.write(head)
        for _ in range(mib // 16 if compressed else 0):
            entry.write(bytes(_BLOCK))
    return target.getvalue()


def parquet(path: Path, columns: tuple[str, ...], *, millions: int) -> None:
    """A table of so many million equal rows in a few kilobytes; ``times`` and ``values`` as the archive has them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"times": pa.int64(), "values": pa.float64(), "y": pa.float64()}
    text = "2026-01-01T00:00:00Z"
    group = pa.table(
        {name: pa.array([1 if name in kinds else text] * 1_000_000, kinds.get(name, pa.string())) for name in columns}
    )
    with pq.ParquetWriter(path, group.schema, compression="zstd", store_schema=False) as writer:
        for _ in range(millions):
            writer.write_table(group)


def long_texts(path: Path, *, rows: int) -> None:
    """A table with the same text of a MiB in each row: one in the file, one for each row in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * MIB]))
    times = pa.array(["2026-01-01T00:00:00Z"] * rows)
    table = pa.table({"unique_id": text, "ds": times, "y": pa.array([1.0] * rows)})
    pq.write_table(table, path, compression="zstd", store_schema=False)
