"""The modules as they stand, and their own tests, run by the real Terraform."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform.conftest import TERRAFORM, Ready

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

MODULES = sorted(TERRAFORM.glob("modules/*"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_modules_own_tests_pass(
    module: Path, terraform_binary: str, installation: dict[str, str], initialised: dict[str, Path], ready: Ready
) -> None:
    """Against a mocked provider a module plans what it says and refuses what it says it refuses."""
    ended = subprocess.run(
        [terraform_binary, "test", "-no-color"],
        cwd=ready(initialised["terraform"] / "modules" / module.name),
        env=dict(os.environ) | installation,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    runs = sum(suite.read_text().count("\nrun ") for suite in module.glob("tests/*.tftest.hcl"))
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


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_input_and_output_is_described(module: Path) -> None:
    """No input or output is without a description and, as its type says what it takes, a type."""
    for file, wanted in (("variables.tf", ("description", "type")), ("outputs.tf", ("description",))):
        blocks = re.findall(r'^(?:variable|output) "(\w+)" \{\n(.*?)^\}', (module / file).read_text(), re.M | re.S)
        assert blocks
        for name, body in blocks:
            assert all(re.search(rf"^  {word} +=", body, re.MULTILINE) for word in wanted), name


@pytest.mark.parametrize(
    ("module", "kind"), [("asg", "aws_autoscaling_group"), ("application-autoscaling", "aws_appautoscaling_target")]
)
def test_the_two_owners_differ_in_nothing_but_what_they_ignore(module: str, kind: str) -> None:
    """What is scaled is alike but for ignore_changes: a setting added to one is in the other as well."""
    text = (TERRAFORM / "modules" / module / "main.tf").read_text()
    bodies = re.findall(rf'^resource "{kind}" "\w+" \{{\n(.*?)^\}}', text, re.MULTILINE | re.S)
    assert len(bodies) == 2
    by_scaler, by_terraform = (
        re.sub(
            r"^    (#.*|ignore_changes.*|)\n",
            "",
            body.replace('"scaler" ?', "").replace('"terraform" ?', ""),
            flags=re.M,
        )
        for body in bodies
    )
    assert re.sub(r"\n+", "\n", by_scaler) == re.sub(r"\n+", "\n", by_terraform)
    assert "ignore_changes" in bodies[0]
    assert "ignore_changes" not in bodies[1]


def test_the_variables_of_the_wrappers_are_those_of_the_target() -> None:
    """The modules of services take what the module of scalable targets takes, by the same types."""

    def types(module: str) -> dict[str, str]:
        text = (TERRAFORM / "modules" / module / "variables.tf").read_text()
        blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S)
        return {
            name: re.sub(r"\s+", " ", body.partition("  type ")[2].partition("\n\n")[0]).strip()
            for name, body in blocks
        }

    target = types("application-autoscaling")
    for wrapper in ("ecs-service", "sagemaker-endpoint", "lambda-alias"):
        mine = types(wrapper)
        shared = (mine.keys() & target.keys()) - {"target_tracking"}
        assert shared >= {
            "workload",
            "meta",
            "size_owner",
            "max_size_ceiling",
            "allow_expired",
            "schedule_notice",
            "tags",
        }
        assert {name: mine[name] for name in shared} == {name: target[name] for name in shared}


def test_a_mirrored_provider_is_linked(provider: Path, installation: dict[str, str]) -> None:
    """The provider, hundreds of megabytes, is not copied into each folder when a mirror gives it."""
    if "TF_CLI_CONFIG_FILE" not in installation:
        pytest.skip("SCALER_TF_MIRROR is not set")
    assert provider.is_symlink()
