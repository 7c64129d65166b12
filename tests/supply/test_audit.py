"""The audit of the lock: nothing known, vulnerable, not audited; the third never passes for the first."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from scripts.supply.audit import read
from tests.supply.vulnerabilities import Database

pytest.importorskip("pip_audit", reason="pip-audit is not installed")

ROOT = Path(__file__).parents[2]
LOCK = "".join(f"{name}==1.0 \\\n    --hash=sha256:{digit * 64}\n" for name, digit in (("alpha", "a"), ("beta", "b")))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Two packages, locked."""
    path = tmp_path / "some.lock"
    path.write_text(LOCK)
    return path


def _audit(lock: Path, service: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "scripts" / "audit", "--lock", lock, "--service", service, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_nothing_known_passes(lock: Path):
    """Every package is asked about by its locked version, and only then is the audit clean."""
    with Database() as database:
        done = _audit(lock, database.url, "--require")
    assert (done.returncode, done.stdout) == (0, "audit: 2 packages without a known vulnerability\n")
    assert sorted(database.asked) == [("alpha", "1.0"), ("beta", "1.0")]


def test_a_vulnerability_fails_and_is_named(lock: Path):
    """Package, version, identifier and the version that mends it; without ``--require``, too. Accepted by name only."""
    with Database({"beta": ("PYSEC-2026-1", "1.1")}) as database:
        done = _audit(lock, database.url)
        accepted = _audit(lock, database.url, "--require", "--ignore", "PYSEC-2026-1")
    assert done.returncode == 1
    assert "audit: vulnerable: beta 1.0: PYSEC-2026-1, mended in 1.1\n" in done.stdout
    assert "audit: 1 package without a known vulnerability\n" in done.stdout
    assert accepted.returncode == 0
    assert "vulnerable: " not in accepted.stdout


def test_a_database_that_is_not_there_is_said_and_fails_where_required(lock: Path):
    """Nobody listens: "not audited" with the reason, never "no known vulnerability"."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done, required = _audit(lock, address), _audit(lock, address, "--require")
    assert (done.returncode, required.returncode) == (0, 1)
    for each in (done, required):
        assert each.stdout.startswith("audit: not audited: ")
        assert each.stdout.count("\n") == 1
        assert "without a known" not in each.stdout


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_database_that_refuses_has_audited_nothing(lock: Path, status: int):
    """As behind a mirror that knows nothing of vulnerabilities."""
    with Database(status=status) as database:
        done = _audit(lock, database.url, "--require")
    assert done.returncode == 1
    assert done.stdout.startswith("audit: not audited: ")


def test_a_package_that_was_skipped_is_not_clean():
    """What pip-audit passes over in silence is named, and is a failure where an audit is required."""
    some = {"name": "alpha", "skip_reason": "Dependency not found"}
    clean = {"name": "beta", "version": "1.0", "vulns": []}
    found = read([some, clean])
    assert found.lines == [
        "audit: not audited: 1 of 2 packages is unknown to the service (alpha)",
        "audit: 1 package without a known vulnerability",
    ]
    assert (found.exit_code(require=False), found.exit_code(require=True)) == (0, 1)
    assert read([]).exit_code(require=True) == 1
    many = read([{**some, "name": f"p{index}"} for index in range(7)])
    named = "(p0, p1, p2, p3, p4 and 2 more)"
    assert many.lines == [f"audit: not audited: 7 of 7 packages are unknown to the service {named}"]
