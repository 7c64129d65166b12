"""Reading the file of a sealed plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaler.plan.document import Plan


def read_plan(path: Path) -> Plan:
    """The sealed plan in ``path``, its seal checked.

    Raises:
        ConfigurationError: not readable, not a plan, or of a newer major schema.
        PlanRefused: it was edited or truncated.
    """
    from scaler.errors import ConfigurationError
    from scaler.plan.seal import decode

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the plan {path} cannot be read",
            why=getattr(error, "strerror", None) or "it is not text in UTF-8",
            next_step="make it with scaler plan --out FILE, and give that file",
        ) from error
    return decode(text)
