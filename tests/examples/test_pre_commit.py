"""The hooks for pre-commit, by pre-commit itself on a repository of git."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from scaler.cli.main import main
from tests.config.conftest import WEB
from tests.examples.github_runner import ROOT, loaded, tools

HOOKS = ROOT / ".pre-commit-hooks.yaml"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a shell in which scaler is installed, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[user]\n  name = a\n  email = a@example.com\n[init]\n  defaultBranch = main\n[safe]\n  directory = *\n"
    )
    return tools(str(Path(sys.executable).parent)) | {"HOME": str(home), "PRE_COMMIT_HOME": str(tmp_path / "cache")}


def test_the_hooks_are_what_pre_commit_takes() -> None:
    """Both keep to pre-commit's own schema, and call the command that exists."""
    check = [sys.executable, "-m", "pre_commit", "validate-manifest", str(HOOKS)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    hooks = {hook["id"]: hook for hook in loaded(HOOKS)}  # type: ignore[index]
    assert {(name, hook["language"]) for name, hook in hooks.items()} == {
        ("scaler-validate", "python"),
        ("scaler-validate-system", "system"),
    }
    assert len({(hook["entry"], hook["files"]) for hook in hooks.values()}) == 1


@pytest.mark.slow
def test_a_commit_with_a_mistake_is_stopped(tmp_path: Path, environment: dict[str, str]) -> None:
    """Of the files of a commit those called scaler.yaml are checked, several at once; the mistake is named."""
    team = _repository(tmp_path / "team", environment)
    (team / "a").mkdir()
    (team / "a" / "scaler.yaml").write_text(WEB)
    (team / "scaler.yml").write_text(WEB)
    (team / "other.yaml").write_text("version: nonsense\n")
    _git(team, environment, "add", ".")
    done = _try(team, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scaler validate" in done.stdout
    assert "Passed" in done.stdout
    (team / "a" / "scaler.yaml").write_text(WEB.replace("min: 2", "min: -2"))
    _git(team, environment, "add", ".")
    done = _try(team, environment)
    assert done.returncode == 1
    assert "a/scaler.yaml:12: workloads.web.limits.min: must be at least 0" in done.stdout
    assert "exit code: 78" in done.stdout


def test_several_files_are_checked_in_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is answered for; one that is wrong makes the exit code, and keeps no other from being looked at."""
    good, bad, worse = (tmp_path / name for name in ("good.yaml", "bad.yaml", "worse.yaml"))
    good.write_text(WEB)
    bad.write_text(WEB.replace("min: 2", "min: -2"))
    worse.write_text("version: 1\n")
    assert main(["validate", str(bad), str(worse), str(good)]) == 78
    out, err = capsys.readouterr()
    assert f"{good}: ok" in out
    assert f"{bad}:12: " in err
    assert f"{worse}:" in err
    assert main(["validate", str(good), str(good), "--format", "json"]) == 0
    assert capsys.readouterr().out.count('"valid": true') == 2


def _try(team: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``pre-commit try-repo`` with the project as it stands, as a repository of its own."""
    hooks = team.parent / "hooks"
    if not hooks.exists():
        _repository(hooks, environment)
        shutil.copy(HOOKS, hooks)
        _git(hooks, environment, "add", ".")
        _git(hooks, environment, "commit", "--quiet", "--message", "Hooks")
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "scaler-validate-system", "--all-files"]
    return subprocess.run(
        command, cwd=team, env=dict(environment), capture_output=True, text=True, timeout=120, check=False
    )


def _repository(folder: Path, environment: Mapping[str, str]) -> Path:
    folder.mkdir()
    _git(folder, environment, "init", "--quiet")
    return folder


def _git(folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=dict(environment), check=True, timeout=60)


@pytest.mark.slow
def test_the_hook_of_python_installs_what_is_checked_in(tmp_path: Path, environment: dict[str, str]) -> None:
    """In an environment of its own, from the repository alone; the libraries are lent to it, to save a download."""
    source = tmp_path / "source"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    for name in files.stdout.split("\0"):
        if name and not name.startswith(("tests/", "docs/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    _git(source, environment, "init", "--quiet")
    _git(source, environment, "add", "--force", ".")
    _git(source, environment, "commit", "--quiet", "--message", "All")
    team = _repository(tmp_path / "team", environment)
    (team / "scaler.yaml").write_text(WEB)
    _git(team, environment, "add", ".")
    # Whatever builds it is lent as well where it is there; PATH has no other scaler.
    found = [find_spec(name) for name in ("hatchling", "pydantic")]
    lent = {
        "PATH": tools()["PATH"],
        "PIP_NO_COMPILE": "0",  # pip reads it as "no compilation"
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": ":".join(sorted({str(Path(spec.origin or "").parents[1]) for spec in found if spec})),
    }
    if found[0] is not None:
        lent["PIP_NO_BUILD_ISOLATION"] = "0"  # pip reads it as "no isolation"
    command = [
        sys.executable,
        "-m",
        "pre_commit",
        "try-repo",
        str(source),
        "scaler-validate",
        "--all-files",
        "--verbose",
    ]
    done = subprocess.run(
        command, cwd=team, env=environment | lent, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scaler.yaml: ok, 1 workload" in done.stdout
