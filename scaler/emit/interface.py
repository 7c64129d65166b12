"""Port of the emit stage: plan → documents. Pure functions; only ``write`` touches the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scaler.errors import ConfigurationError


@dataclass(frozen=True)
class Document:
    """Text that belongs in a file."""

    path: Path
    text: str


class OutputRefused(ConfigurationError):
    """An output path or variable that must not be written."""
