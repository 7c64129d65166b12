"""How floors follow the newest observations between two full plans."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from scaler.config.strict import Strict
from scaler.config.units import Duration


class RollingConfig(Strict):
    """``scaler run --rolling`` and ``--every``."""

    near: Duration = Field(
        timedelta(hours=3),
        description="How far ahead an update moves floors; the full plan holds beyond. Longer than any lead time.",
    )
    refit: Duration = Field(timedelta(hours=24), description="A full plan older than this is made anew.")
