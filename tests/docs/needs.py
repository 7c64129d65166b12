"""Skips what cannot be executed on this machine; with SCALER_REQUIRE_TERRAFORM=1 it fails instead."""

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


def unavailable(reason: str) -> NoReturn:
    """Say why it is skipped, or fail."""
    if os.environ.get("SCALER_REQUIRE_TERRAFORM") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _by_terraform(block: Block) -> bool:
    if "not run" in block.marks:
        return False
    return block.language == "hcl" or block.marks.get("world") == "terraform"
