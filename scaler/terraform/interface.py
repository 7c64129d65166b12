"""Port to the Terraform (or OpenTofu) binary."""

from __future__ import annotations

from dataclasses import dataclass

from scaler.errors import Failed


@dataclass(frozen=True)
class CommandResult:
    """What a Terraform command said."""

    command: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str


class TerraformFailed(Failed):
    """Terraform could not be run, or ended with an error."""
