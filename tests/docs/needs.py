"""Skips what cannot be executed on this machine; where SCALER_REQUIRE_TERRAFORM, _KUBECTL or _SSH is 1 it fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import NoReturn

import pytest

from tests.docs.blocks import Block


def terraform_for(page: Sequence[Block]) -> None:
    """Skip a page that Terraform has a part in where there is none."""
    if shutil.which("terraform") is None and any(_by_terraform(block) for block in page):
        unavailable("terraform is not on the PATH")


def kubectl_for(page: Sequence[Block]) -> None:
    """Skip a page whose commands ask ``kubectl`` where there is none; with SCALER_REQUIRE_KUBECTL=1 fail."""
    asked = any(_is_run(block) and block.language == "sh" and "kubectl " in block.text for block in page)
    if asked and shutil.which("kubectl") is None:
        unavailable("kubectl is not on the PATH", required_by="SCALER_REQUIRE_KUBECTL")


def unavailable(reason: str, *, required_by: str = "SCALER_REQUIRE_TERRAFORM") -> NoReturn:
    """Say why it is skipped, or fail where the variable of that name is 1."""
    if os.environ.get(required_by) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _by_terraform(block: Block) -> bool:
    return _is_run(block) and (block.language == "hcl" or block.marks.get("world") == "terraform")


def _is_run(block: Block) -> bool:
    return "not run" not in block.marks
