"""The zip of what ``scaler apply`` needs: for a function that writes approved plans and does nothing else."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from scripts.container.tree import copied, install, trim, wanted

#: Packages that applying a plan imports, beside what they need themselves; no forecaster, no Arrow, no pandas.
NEEDED = frozenset(
    {"awslambdaric", "botocore", "numpy", "pydantic", "ruamel-yaml", "threadpoolctl", "tzdata", "urllib3"}
)
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: unzipped, layers included.
MOST_BYTES = 250 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same tree gives the same bytes, whenever it is packed


@dataclass(frozen=True)
class Size:
    """Bytes of a zip, and of what is in it."""

    packed: int
    unpacked: int


class TooLarge(Exception):
    """Lambda would not take it."""


def build_zip(target: Path) -> Size:
    """Install what is needed into a folder, and pack it.

    Raises:
        TooLarge: unzipped it is more than Lambda takes; nothing is written.
    """
    with tempfile.TemporaryDirectory(prefix="scaler-zip-") as folder:
        site = Path(folder) / "site"
        lock = Path(folder) / "apply.lock"
        lock.write_text(wanted(NEEDED))
        install(["--require-hashes", "--only-binary", ":all:", "-r", str(lock)], site)
        copied(site, modules=False)
        trim(site)
        files = sorted(path for path in site.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        unpacked = sum(path.stat().st_size for path in files)
        if unpacked > MOST_BYTES:
            raise TooLarge(f"{unpacked / 1e6:.0f} MB unzipped, and Lambda takes {MOST_BYTES / 1e6:.0f} MB")
        with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as packed:
            for path in files:
                entry = ZipInfo(path.relative_to(site).as_posix(), _EPOCH)
                entry.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
                entry.compress_type = ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
    return Size(target.stat().st_size, unpacked)
