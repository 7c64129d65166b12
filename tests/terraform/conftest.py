"""Real Terraform with the real AWS provider: found, set up and initialised once per test process.

The provider is installed from the folder that SCALER_TF_MIRROR names (a filesystem mirror of unpacked
providers, which are linked, not copied), else as Terraform is configured on the machine. Where
Terraform or the provider is missing the tests are skipped; with SCALER_REQUIRE_TERRAFORM=1 they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from scaler.errors import ScalerError
from scaler.terraform.runner import Terraform, find_terraform

TERRAFORM = Path(__file__).parents[2] / "terraform"


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("SCALER_REQUIRE_TERRAFORM") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def terraform_binary() -> str:
    """Path of the real binary."""
    binary = find_terraform()
    if binary is None:
        _unavailable("neither terraform nor tofu is on the PATH")
    return binary


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of Terraform itself: where providers come from."""
    mirror = os.environ.get("SCALER_TF_MIRROR")
    # Each command starts the provider anew, and a quarter of its CPU time went into collecting garbage.
    settings = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "GOGC": "400"}
    if mirror is None:
        return settings
    if not Path(mirror).is_dir():
        _unavailable(f"SCALER_TF_MIRROR is {mirror}, which is not a folder")
    file = tmp_path_factory.mktemp("cli") / "terraform.rc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return settings | {"TF_CLI_CONFIG_FILE": str(file)}


@pytest.fixture(scope="session")
def initialised(
    terraform_binary: str, installation: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The project's ``terraform`` folder, copied, with the example of groups initialised. Not to be changed."""
    copy = tmp_path_factory.mktemp("initialised") / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json"))
    example = copy / "examples" / "asg"
    try:
        Terraform(example, terraform_binary, env=dict(os.environ) | installation).init()
    except ScalerError as failed:
        _unavailable(f"the AWS provider cannot be installed: {failed.why}")
    return {"terraform": copy, "example": example}


@pytest.fixture(scope="session")
def provider(initialised: dict[str, Path]) -> Path:
    """Folder of the provider in the initialised example: host, namespace, name, version, platform."""
    (folder,) = (initialised["example"] / ".terraform" / "providers").glob("*/hashicorp/aws/*/*")
    return folder


Ready = Callable[[Path], Path]
"""Makes a folder below a copy of ``terraform`` ready for commands, and returns it."""


@pytest.fixture(scope="session")
def ready(terraform_binary: str, installation: dict[str, str], initialised: dict[str, Path]) -> Ready:
    """Initialise a root with the provider that is there already: linking it saves reading it a second time."""

    def make_ready(folder: Path) -> Path:
        if not (folder / ".terraform").exists():
            source = initialised["example"]
            shutil.copytree(source / ".terraform" / "providers", folder / ".terraform" / "providers", symlinks=True)
            shutil.copy(source / ".terraform.lock.hcl", folder)
            Terraform(folder, terraform_binary, env=dict(os.environ) | installation).init()
        return folder

    return make_ready


def copied(initialised: dict[str, Path], where: Path, example: str = "asg") -> Path:
    """An example of one's own to write and apply in; returns its folder."""
    shutil.copytree(initialised["terraform"], where / "terraform", symlinks=True)
    return where / "terraform" / "examples" / example
