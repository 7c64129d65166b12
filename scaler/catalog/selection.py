"""Which entries of a catalogue are shown, and in which order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scaler.catalog.interface import Catalogue, Entry
from scaler.errors import UsageError

SortKey = Literal["price", "spot", "vcpu", "memory", "gpu", "name"]

# Unknown comes last, whatever is sorted by: it is neither cheap nor small.
_ORDERS: Mapping[str, Callable[[Entry], Any]] = {
    "price": lambda e: math.inf if e.on_demand is None else e.on_demand.usd_per_hour,
    "spot": lambda e: math.inf if e.dearest_spot is None else e.dearest_spot.usd_per_hour,
    "vcpu": lambda e: e.hardware.vcpus,
    "memory": lambda e: e.hardware.memory_mib,
    "gpu": lambda e: (
        math.inf if e.hardware.gpu is None else e.hardware.gpu.count * (e.hardware.gpu.memory_mib or math.inf)
    ),
    "name": lambda e: e.instance_type,
}


@dataclass(frozen=True)
class Selection:
    """What is asked of an entry.

    Attributes:
        gpu: name of the GPU, any case; ``*`` is any GPU.
        gpu_count: GPUs of one instance, ``None`` for any number.
    """

    gpu: str | None = None
    gpu_count: float | None = None
    min_memory_gib: float = 0.0
    min_vcpus: int = 0

    def holds(self, entry: Entry) -> bool:
        """Whether the entry has what is asked."""
        hardware, gpu = entry.hardware, entry.hardware.gpu
        if hardware.vcpus < self.min_vcpus or hardware.memory_mib < self.min_memory_gib * 1024:
            return False
        if self.gpu is None:
            return True
        return gpu is not None and self.gpu.lower() in ("*", gpu.name.lower()) and self.gpu_count in (None, gpu.count)


def parse_gpu(text: str) -> tuple[str, float | None]:
    """Read ``L4``, ``L4:1`` or ``*:8``.

    Raises:
        UsageError: the count is no number above zero.
    """
    name, colon, count = text.partition(":")
    try:
        number = float(count) if colon else None
    except ValueError:
        number = 0.0
    if not name or (number is not None and not 0 < number < math.inf):
        raise UsageError(
            f"--gpu {text!a} names no GPU", why="it is NAME or NAME:COUNT", next_step="write it as in --gpu L4:1"
        )
    return name, number


def select(catalogue: Catalogue, selection: Selection, sort: SortKey = "price") -> tuple[Entry, ...]:
    """The entries that hold, in order; ties by name."""
    entries = [entry for entry in catalogue.entries.values() if selection.holds(entry)]
    return tuple(sorted(entries, key=lambda entry: (_ORDERS[sort](entry), entry.instance_type)))
