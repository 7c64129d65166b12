"""The module as it stands, and its own tests, run by the real Terraform."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform.conftest import TERRAFORM

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

SUITES = sorted((TERRAFORM / "modules" / "asg" / "tests").glob("*.tftest.hcl"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.partition(".")[0])
def test_the_modules_own_tests_pass(
    suite: Path, terraform_binary: str, installation: dict[str, str], initialised: dict[str, Path]
) -> None:
    """Against a mocked provider the module plans what it says and refuses what it says it refuses."""
    ended = subprocess.run(
        [terraform_binary, "test", "-no-color", f"-filter=tests/{suite.name}"],
        cwd=initialised["module"],
        env=dict(os.environ) | installation,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # -filter with a name that matches nothing also ends with 0.
    runs = suite.read_text().count("\nrun ")
    assert runs > 0
    assert re.search(rf"Success! {runs} passed, 0 failed", ended.stdout)


def test_format(terraform_binary: str) -> None:
    """Every file is formatted as `terraform fmt` formats it."""
    ended = subprocess.run(
        [terraform_binary, "fmt", "-check", "-recursive", "-no-color", str(TERRAFORM)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "")


def test_every_variable_and_output_stands_in_the_readme() -> None:
    """The table of inputs and outputs names all of them, and none that is not there."""
    module = TERRAFORM / "modules" / "asg"
    declared = {
        name
        for file in ("variables.tf", "outputs.tf")
        for name in re.findall(r'^(?:variable|output) "(\w+)"', (module / file).read_text(), re.MULTILINE)
    }
    told = set(re.findall(r"^\| `(\w+)` \|", (module / "README.md").read_text(), re.MULTILINE))
    assert told == declared


def test_the_two_groups_differ_in_nothing_but_the_owner_of_sizes() -> None:
    """The groups are alike but for ignore_changes: a setting added to one is in the other as well."""
    text = (TERRAFORM / "modules" / "asg" / "main.tf").read_text()
    bodies = re.findall(r'^resource "aws_autoscaling_group" "\w+" \{\n(.*?)^  lifecycle \{', text, re.MULTILINE | re.S)
    assert len(bodies) == 2
    by_scaler, by_terraform = (body.replace('"scaler" ?', "OWNER").replace('"terraform" ?', "OWNER") for body in bodies)
    assert by_scaler == by_terraform


def test_a_mirrored_provider_is_linked(provider: Path, installation: dict[str, str]) -> None:
    """The provider, hundreds of megabytes, is not copied into each folder when a mirror gives it."""
    if "TF_CLI_CONFIG_FILE" not in installation:
        pytest.skip("SCALER_TF_MIRROR is not set")
    assert provider.is_symlink()
