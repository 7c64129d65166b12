"""What a user installs: the part of the lock, the archives, the bill of materials, and the page that tells how."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from scripts.supply.contents import RUN_TIME, faults_of_wheel
from scripts.supply.locked import NotLocked, direct, entries, needed, normal

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
#: Too large to be locked or shipped; SECURITY.md says so.
NOT_LOCKED = {"pretrained", "statsforecast"}

SMALL = """\
# made by a tool
alpha==1.0 \\
    --hash=sha256:aa
    # via
    #   beta
    #   own (pyproject.toml)
beta==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:bb
    # via own (pyproject.toml)
beta==2.1 ; python_full_version >= '3.12' \\
    --hash=sha256:bc
    # via own (pyproject.toml)
delta-x==1.0 \\
    --hash=sha256:dd
    # via beta
gamma==3.0 \\
    --hash=sha256:cc
    # via own (pyproject.toml)
"""


def test_a_part_of_the_lock_holds_what_is_asked_for_and_what_that_needs():
    """With every version for every Python, in the order of the lock, hashes included, and nothing else."""
    found = needed(entries(SMALL), frozenset({"beta"}))
    assert [entry.name for entry in found] == ["alpha", "beta", "beta", "delta-x"]
    assert found[1].text == "beta==2.0 ; python_full_version < '3.12' \\\n    --hash=sha256:bb\n"
    assert needed(entries(SMALL), frozenset()) == []
    with pytest.raises(NotLocked, match="epsilon"):
        needed(entries(SMALL), frozenset({"epsilon"}))


def test_extras_of_extras_are_followed():
    """``own[demo]`` in an extra stands for what the extra demo asks for; names are compared as indexes do."""
    project = {
        "name": "own",
        "dependencies": ["Ruamel.YAML>=0.1"],
        "optional-dependencies": {"demo": ["alpha[server]>=1"], "dev": ["own[demo]", "beta"]},
    }
    assert direct(project, []) == {"ruamel-yaml"}
    assert direct(project, ["dev"]) == {"ruamel-yaml", "alpha", "beta"}
    with pytest.raises(NotLocked, match="no extra nothing"):
        direct(project, ["nothing"])


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - NOT_LOCKED))
def test_every_extra_is_in_the_lock_but_those_that_are_named(extra: str):
    """Who installs scaler with an extra gets hashes for all of it; what is too large for that is told."""
    text = "".join(entry.text for entry in needed(entries(LOCK), direct(PROJECT, [extra])))
    assert text.count("==") >= len(direct(PROJECT, [extra]))
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in security for name in NOT_LOCKED)


def test_what_a_user_installs_is_complete_and_without_tools():
    """What each package of the part asks for, where it stands installed here, is in it; tools of tests are not."""
    from importlib.metadata import PackageNotFoundError, requires

    from packaging.requirements import Requirement

    names = {entry.name for entry in needed(entries(LOCK), direct(PROJECT, []))}
    assert not {"pytest", "moto", "ruff", "mypy", "uv", "pip-audit", "twine"} & names
    for name in sorted(names):
        try:
            asked = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue  # of another platform or Python
        missing = {normal(r.name) for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})} - names
        assert not missing, f"{name} needs {missing}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the working tree."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out), "-t", "wheel"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    (path,) = out.glob("*.whl")
    return path


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path):
    """Templates, prices, schemas and modules are in it; tests, archives and scripts are not."""
    assert faults_of_wheel(wheel) == []
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "scaler").rglob("*")
        if path.is_file() and path.suffix not in (".pyc",) and "__pycache__" not in path.parts
    }
    assert data <= names, data - names


@pytest.mark.parametrize("name", [RUN_TIME[0], "scaler/tests/test_x.py", "other/__init__.py"])
def test_a_wheel_with_a_fault_is_told(wheel: Path, tmp_path: Path, name: str):
    """One file too few, a test, a second package: each is a fault by its name."""
    spoiled = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(spoiled, "w") as target:
        for entry in source.infolist():
            if entry.filename != name:
                target.writestr(entry, source.read(entry))
        if name not in source.namelist():
            target.writestr(name, "")
    assert any(fault.startswith(name) for fault in faults_of_wheel(spoiled))


@pytest.mark.slow
def test_the_bill_of_materials_agrees_with_the_lock_or_is_not_written(tmp_path: Path):
    """Scaler and one locked package: valid, the same bytes twice, scaler its subject; another version is refused."""
    pytest.importorskip("cyclonedx_py", reason="cyclonedx-bom is not installed")
    from scripts.supply.bill import Refused, bill

    python = _environment(tmp_path / "shipped", {"scaler": "0.1.0", "six": "1.0"})
    lock = "six==1.0 \\\n    --hash=sha256:aa\n    # via scaler\n"
    text = bill(python, lock)
    assert text == bill(python, lock)
    assert str(tmp_path) not in text
    assert re.search(r'"name": "scaler",\s+"purl": "pkg:pypi/scaler@0.1.0",\s+"type": "application"', text)
    assert '"purl": "pkg:pypi/six@1.0"' in text
    assert "timestamp" not in text
    with pytest.raises(Refused, match=r"not as requirements.lock says: six 1\.0"):
        bill(python, lock.replace("1.0", "1.1"))
    with pytest.raises(Refused, match="not installed"):
        bill(_environment(tmp_path / "other", {"six": "1.0"}), lock)


def _environment(folder: Path, packages: dict[str, str]) -> Path:
    """An environment without pip, and what an installer leaves of each package."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in packages.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n")
        (info / "RECORD").write_text("")
    return folder / "bin" / "python"


def test_the_commands_of_a_release_are_there():
    """Every script that docs/release.md and SECURITY.md name exists, and CI runs those that need no secrets."""
    text = (ROOT / "docs" / "release.md").read_text(encoding="utf-8")
    text += (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\bscripts/([a-z-]+)\b", text))
    assert {"audit", "lock", "locked", "package", "sbom", "install", "test"} <= named
    assert all(os.access(ROOT / "scripts" / name, os.X_OK) for name in named)
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "scripts/audit --require" in steps
    assert "\nscripts/package " in steps


def test_locked_prints_the_part():
    """The script says what the function says, and fails for an extra that is not there."""
    script = ROOT / "scripts" / "locked"
    done = subprocess.run([script, "demo"], capture_output=True, text=True, check=False)
    wanted = direct(PROJECT, ["demo"])
    if wanted <= {entry.name for entry in entries(LOCK)}:
        assert done.stdout == "".join(entry.text for entry in needed(entries(LOCK), wanted))
        assert "moto==" in done.stdout
        assert done.returncode == 0
    done = subprocess.run([script, "nothing"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no extra nothing" in done.stderr
