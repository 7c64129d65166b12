"""A clone of the project in the hands of whoever may sign a release, and a repository that the tag is pushed to."""

from __future__ import annotations

import shutil

import pytest

from tests.docs.folders import ROOT, World
from tests.docs.needs import unavailable
from tests.docs.shell import run
from tests.supply.vulnerabilities import Database

NAMES = ("scripts", "scaler", "pyproject.toml", "requirements.lock")
#: A key of the moment stands in for the signer's own.
_PREPARED = """\
mkdir .venv .venv/bin && ln -s "$(command -v python)" .venv/bin/python
ssh-keygen -q -t ed25519 -N '' -f "$HOME/key"
git init -q --bare "$HOME/origin.git" && git init -q
git config user.name Signer && git config user.email signer@example.org
git config gpg.format ssh && git config user.signingKey "$HOME/key.pub"
git remote add origin "$HOME/origin.git"
git add pyproject.toml && git commit -q --message 'A release'
"""


def release(made: World) -> None:
    """The clone, with one commit, and a database that knows of no vulnerability."""
    pytest.importorskip("pip_audit", reason="pip-audit is not installed")
    if shutil.which("ssh-keygen") is None:
        unavailable("ssh-keygen is not on the PATH", required_by="SCALER_REQUIRE_SSH")
    for name in NAMES:
        source, there = ROOT / name, made.folder / name
        if source.is_dir():
            shutil.copytree(source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, there)
    prepared = run(_PREPARED, made.folder, made.environment | {"GIT_CONFIG_NOSYSTEM": "1"})
    assert prepared.code == 0, prepared.printed
    vulnerabilities = made.servers.enter_context(Database())
    made.environment["PIP_AUDIT_OSV_URL"] = vulnerabilities.url
