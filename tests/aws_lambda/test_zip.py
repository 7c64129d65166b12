"""The zip of what applying needs: within Lambda's limit, and enough by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.aws_lambda.conftest import BUCKET
from tests.aws_lambda.runtime_api import REPOSITORY, Function

MOST_BYTES = 250 * 1024 * 1024

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    """The zip, built."""
    target = tmp_path / "apply.zip"
    subprocess.run([sys.executable, "-m", "scripts.container.build", "--zip", str(target)], cwd=REPOSITORY, check=True)
    return target


def test_an_interpreter_with_nothing_but_the_zip_applies_a_plan(fleet, zipped, tmp_path) -> None:
    """Lambda's client finds handler and libraries in the unzipped folder alone, and an approved plan is applied."""
    folder = tmp_path / "task"
    with ZipFile(zipped) as packed:
        assert sum(entry.file_size for entry in packed.infolist()) < MOST_BYTES
        packed.extractall(folder)
    names = {path.name for path in folder.iterdir()}
    assert not names & {"pandas", "pyarrow", "scipy", "statsmodels", "prophet", "matplotlib", "pip"}
    with fleet.function() as function:
        planned = function.invoke({"run_key": "seen"}).summary
    place = f"s3://{BUCKET}/forecasts/unattended/seen/plan.json"
    environment = {**fleet.environment, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with Function(environment, cwd=folder, python=(sys.executable, "-S", "-s")) as alone:
        applied = alone.invoke({"mode": "apply", "plan": place}).summary
        lines = alone.lines
    assert (applied["status"], applied["plan_id"]) == ("done", planned["plan_id"])
    assert applied["changes"] == len(fleet.proxy.writes) >= 2
    assert not [line for line in lines if line["level"] == "ERROR"]
