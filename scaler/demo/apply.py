"""The emitted variables through a real ``terraform apply`` against the emulator."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaler.demo.project import copy_terraform
from scaler.terraform.runner import Terraform

# The emulator answers at once; a provider download over a slow line does not.
_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True)
class Applied:
    """What Terraform did.

    Attributes:
        resources: what stands in the state afterwards.
        clean: whether a second plan found nothing to change.
    """

    resources: int
    clean: bool


def apply_tfvars(tfvars: Path, work: Path, environment: Mapping[str, str], binary: str) -> Applied:
    """Apply the example with ``tfvars`` in ``work``, a folder that the caller removes.

    Raises:
        scaler.terraform.interface.TerraformFailed: any command failed.
    """
    root = copy_terraform(work / "terraform")
    shutil.copy(tfvars, root / "scaler.auto.tfvars.json")
    terraform = Terraform(root, binary, environment, timeout_seconds=_TIMEOUT_SECONDS)
    terraform.init()
    terraform.apply()
    state = terraform.show_json()
    return Applied(_resources(state.get("values", {}).get("root_module", {})), not terraform.plan(None))


def _resources(module: Mapping[str, object]) -> int:
    own = module.get("resources", [])
    children = module.get("child_modules", [])
    assert isinstance(own, list)  # noqa: S101 - Terraform's documented format
    assert isinstance(children, list)  # noqa: S101
    managed: int = sum(resource.get("mode") == "managed" for resource in own)
    return managed + sum(_resources(child) for child in children)
