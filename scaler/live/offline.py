"""The live state as far as the configuration tells it, without asking AWS."""

from __future__ import annotations

from collections.abc import Sequence

from scaler.config import Workload
from scaler.errors import ScalerError
from scaler.live.fingerprint import live_group
from scaler.live.interface import Identity, LiveGroup


def configured(workload: Workload) -> LiveGroup | None:
    """The sizes that the configuration gives, or ``None`` where AWS is to be asked."""
    given = workload.live
    if given is None:
        return None
    return live_group(min_size=given.min_size, max_size=given.max_size, desired_size=given.desired_size)


class OfflineLive:
    """Knows only what is configured; the rest is unknown on purpose."""

    def read(self, workloads: Sequence[Workload]) -> dict[str, LiveGroup | ScalerError | None]:
        """The configured group of each workload by name, or ``None``."""
        return {workload.name: configured(workload) for workload in workloads}

    def identity(self) -> Identity:
        """Nobody was asked."""
        return Identity(account=None, region=None)
