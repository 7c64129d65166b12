"""Decompression that stops: a few kilobytes of deflate can hold gigabytes of nothing."""

from __future__ import annotations

import zlib

#: Of one input or document of a record, decompressed: as much as a file of demand may hold.
LARGEST_BYTES = 512 * 1024 * 1024
#: ``wbits`` of data with zlib's header, and with gzip's.
ZLIB, GZIP = 15, 31


def inflated(data: bytes, wbits: int, *, largest: int = LARGEST_BYTES) -> bytes:
    """The content of one compressed stream, with hardly more than ``largest`` bytes ever in memory.

    Raises:
        zlib.error: it is damaged, ends early, goes on after its end, or holds more than ``largest`` bytes.
    """
    stream = zlib.decompressobj(wbits)
    content = stream.decompress(data, largest + 1)
    if len(content) > largest:
        raise zlib.error(f"holds more than {largest} bytes")
    if not stream.eof or stream.unused_data:
        raise zlib.error("ends early, or goes on after its end")
    return content
