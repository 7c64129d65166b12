"""GPUs that a level pays for and does not use: what no replica fits on, and what whole instances leave over."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ROUNDING = 1e-9


@dataclass(frozen=True)
class GpuInstance:
    """What one instance that serves a language model holds.

    Attributes:
        weight: capacity units of one.
        demand: that it carries.
        replicas: of the model, of ``gpus_per_replica`` each.
        stranded: GPUs that no whole replica fits on.
    """

    instance_type: str
    weight: int
    demand: float
    replicas: int
    gpus_per_replica: int
    stranded: int


def idle_gpus(instance: GpuInstance, demand: float, units: int) -> tuple[int, int, int]:
    """GPUs of the instances that carry ``units``: all, those that serve ``demand``, and those stranded.

    What is neither serving nor stranded is left over because instances are whole.
    """
    instances = -(-units // instance.weight)
    per_replica = instance.demand / instance.replicas
    serving = min(instances * instance.replicas, math.ceil(demand / per_replica - _ROUNDING))
    gpus = instances * (instance.replicas * instance.gpus_per_replica + instance.stranded)
    return gpus, serving * instance.gpus_per_replica, instances * instance.stranded


def gpu_note(instances: tuple[GpuInstance, ...], demand: float, units: int) -> tuple[str, ...]:
    """One line on the GPUs of the highest level, all of it on the type that is preferred; none without GPUs."""
    if not instances or units <= 0:
        return ()
    first = instances[0]
    gpus, serving, stranded = idle_gpus(first, demand, units)
    if gpus == serving:
        return ()
    count = -(-units // first.weight)
    return (
        f"GPUs at the peak, on {count} × {first.instance_type}: {serving} of {gpus} serve, {gpus - serving - stranded} "
        f"are left over as instances are whole, {stranded} are stranded beside replicas of {first.gpus_per_replica}",
    )
