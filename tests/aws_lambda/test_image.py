"""The Dockerfile, read as an engine reads it; what is trimmed off; the entry point."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
TRIM = run_path(str(ROOT / "image/trim.py"))


@dataclass(frozen=True)
class Instruction:
    """One of a Dockerfile, in its stage."""

    stage: str
    name: str
    text: str


def instructions() -> list[Instruction]:
    """All of the Dockerfile; lines that are continued are joined, comments left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found, stage = [], ""
    for line in text.splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            stage = rest.rpartition(" AS ")[2]
        if name:
            found.append(Instruction(stage, name, rest.strip()))
    return found


def of(name: str, stage: str | None = None) -> list[str]:
    """Texts of the instructions of a kind."""
    return [each.text for each in instructions() if each.name == name and stage in (None, each.stage)]


def test_every_stage_stands_on_a_base_that_is_given() -> None:
    """No tag that moves: the base is an argument without a default, and the build refuses one without a digest."""
    assert of("ARG", "") == ["BASE", "RUNTIME=${BASE}"]
    assert {text.split()[0] for text in of("FROM")} == {"${BASE}", "${RUNTIME}"}
    command = [sys.executable, "-m", "scripts.container.build", "--base", "python:3.12-slim"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is not pinned" in refused.stderr


def test_the_last_stage_is_not_root_and_builds_nothing() -> None:
    """A numeric user, so that Kubernetes can tell that it is not root; nothing is installed where scaler runs."""
    user, _, group = of("USER", "runtime")[-1].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert [each.name for each in instructions() if each.stage == "runtime"][-1] == "ENTRYPOINT"
    runs = " ".join(of("RUN", "runtime"))
    assert not re.search(r"\b(pip|apt|apt-get|apk|gcc|curl|wget)\b", runs)
    assert "without_installers.py" in runs
    assert not of("ADD")
    assert not of("VOLUME")


def test_what_is_installed_is_in_the_lock_by_hash() -> None:
    """Wheels whose hashes stand in the lock are installed, and nothing else."""
    (run,) = [text for text in of("RUN", "dependencies") if "pip install" in text]
    words = shlex.split(run.partition("&&")[0])
    assert {"--require-hashes", "--no-deps", "--only-binary", ":all:"} <= set(words)
    assert not [word for word in words if word.startswith(("http:", "https:", "git+"))]


def test_no_secret_gets_into_a_layer() -> None:
    """Settings of pip are a mount of the build; no argument or variable is called like a secret."""
    for each in instructions():
        if each.name in ("ARG", "ENV"):
            assert not re.search(r"(?i)token|password|secret|_key\b|aws_", each.text), each
    assert all("type=secret" in text for text in of("RUN") if "pip install" in text)


def test_what_is_copied_exists_and_is_let_through() -> None:
    """Every path of the build's context is there, and .dockerignore does not hold it back."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for text in of("COPY"):
        words = [word for word in shlex.split(text) if not word.startswith("--chmod")]
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in {each.stage for each in instructions()}
            continue
        for path in words[:-1]:
            assert (ROOT / path).exists(), path
            assert any(path == kept or path.startswith(f"{kept}/") for kept in allowed), path


def test_it_needs_no_home_and_writes_below_tmp_alone() -> None:
    """What libraries write without being asked goes to /tmp, as the rest may be read-only."""
    found = dict(word.split("=", 1) for text in of("ENV", "runtime") for word in shlex.split(text))
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        assert Path(found[name]).is_relative_to("/tmp"), name  # noqa: S108 - in the image
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_models_of_every_service_that_is_asked_are_kept() -> None:
    """Whatever service scaler names, botocore's model of it is not trimmed off."""
    from botocore.session import get_session

    services = set(get_session().get_available_services())
    words = {"account", "config", "ds", "events", "forecast"}  # that are names of services, too
    named = set()
    for path in (ROOT / "scaler").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in services - words:
                named.add(node.value)
    assert {"autoscaling", "s3", "sts"} <= named
    assert named <= TRIM["SERVICES"]


def test_trimming_takes_what_is_named_and_nothing_else(tmp_path) -> None:
    """Tests of libraries, sources and models of services that are not asked go; code and data stay."""
    site = tmp_path / "lib" / "site-packages"
    stay = (
        "numpy/core.py", "numpy/_core/_multiarray.so", "pandas/core/frame.py", "botocore/data/s3/service-2.json.gz",
        "botocore/data/endpoints.json", "scaler/config/tests_of_names.py", "other/tests/data.py", "botocore/loaders.py",
    )  # fmt: skip
    go = (
        "numpy/tests/test_x.py", "numpy/_core/include/numpy/x.h", "pandas/tests/a/b.py", "scipy/linalg/x.pxd",
        "botocore/data/athena/service-2.json.gz", "pyarrow/include/arrow.h", "matplotlib/pyplot.py",
    )  # fmt: skip
    for name in (*stay, *go):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("x" * 10)
    assert TRIM["trim"](tmp_path) == 10 * len(go)
    left = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert left == set(stay)


@pytest.mark.parametrize("named", ["", "scaler"])
@pytest.mark.parametrize("in_lambda", [True, False])
def test_the_entry_point_is_lambdas_client_in_lambda_and_the_command_elsewhere(tmp_path, in_lambda, named) -> None:
    """One image: AWS_LAMBDA_RUNTIME_API decides; arguments with spaces stay whole."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n')
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.defpath}"}
    if in_lambda:
        environment["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9001"
    arguments = [] if in_lambda else ["plan", "--config", "a folder/scaler.yaml"]
    command = [str(ROOT / "image/entrypoint"), *([named] if named and not in_lambda else []), *arguments]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")
    wanted = ["-m", "awslambdaric", "scaler.aws_lambda.handler"] if in_lambda else ["-m", "scaler.cli.main", *arguments]
    assert said[:-1] == [f"<{word}>" for word in wanted]
