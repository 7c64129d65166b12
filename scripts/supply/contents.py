"""Looks into a built wheel and source archive: everything that runs is there, and nothing that does not."""

from __future__ import annotations

import argparse
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

#: Files that are read at run time, one of each kind; a wheel without them installs and then fails.
RUN_TIME = (
    "scaler/py.typed",
    "scaler/catalog/starter.csv",
    "scaler/catalog/names.json",
    "scaler/report/page.html.j2",
    "scaler/_bundled/terraform/modules/asg/main.tf",
)
#: Parts of the repository that a user of the wheel has no use for.
LEFT_OUT = frozenset({"tests", "forecasts", "scripts", "docs", "examples", ".ci", "changelog.d", "__pycache__"})
#: Of a wheel's top level, beside its metadata.
_OWN = "scaler"


def faults_of_wheel(path: Path) -> list[str]:
    """What is wrong with a wheel; empty if nothing is."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        metadata = next((name for name in names if name.endswith(".dist-info/METADATA")), None)
        faults = [f"{name} is missing" for name in RUN_TIME if name not in names]
        if metadata is None:
            return [*faults, "METADATA is missing"]
        told = BytesParser().parsebytes(wheel.read(metadata))
    folder = PurePosixPath(metadata).parent.name
    faults += [f"{name} is outside the package" for name in names if PurePosixPath(name).parts[0] not in (_OWN, folder)]
    faults += _left_out(name for name in names if not name.startswith("scaler/_bundled/terraform/examples/"))
    faults += [
        f"METADATA has no {field}" for field in ("License-Expression", "Requires-Python", "Summary") if not told[field]
    ]
    if not any(PurePosixPath(name).parts[:2] == (folder, "licenses") for name in names):
        faults.append("the licence is missing")
    return faults


def faults_of_source(path: Path) -> list[str]:
    """What is wrong with a source archive; empty if nothing is."""
    with tarfile.open(path, "r:gz") as archive:
        names = archive.getnames()
    below = [str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in names]
    wanted = ("pyproject.toml", "LICENSE", "requirements.lock", "tests/conftest.py", "examples/quickstart/scaler.yaml")
    faults = [f"{name} is missing" for name in wanted if name not in below]
    strange = [name for name in below if name.startswith("forecasts/") and name != "forecasts/README.md"]
    return faults + [f"{name} is somebody's archive" for name in strange]


def _left_out(names: Iterable[str]) -> list[str]:
    return [f"{name} has no place in a wheel" for name in names if LEFT_OUT & set(PurePosixPath(name).parts)]


def main(arguments: Sequence[str]) -> int:
    """Name every fault; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archives", nargs="+", type=Path)
    faults = [
        f"{path.name}: {fault}"
        for path in parser.parse_args(arguments).archives
        for fault in (faults_of_wheel(path) if path.suffix == ".whl" else faults_of_source(path))
    ]
    print("\n".join(f"contents: {fault}" for fault in faults) or "contents: as they should be")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
