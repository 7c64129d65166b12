"""From buckets of a metric to demand: rates, levels, and utilisation times instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from scaler.config import Workload
from scaler.history.grid import Grid, Values, carry_forward, to_grid
from scaler.history.interface import Observations
from scaler.history.partition import within
from scaler.history.spans import last_multiple

# A group's count skips a minute now and then; over a longer silence the group may have scaled.
_CARRIED_BUCKETS = 3
_COUNTED = ("Sum", "SampleCount")
# All there is of an instance is in use: what more is wanted cannot be measured.
_SATURATED = 0.99
# With the whole group at its maximum, work queues up before the last percent is used.
_BUSY_AT_MAX = 0.9


@dataclass(frozen=True, eq=False)
class Conversion:
    """From a bucket of the metric to demand: times ``instances``, divided by ``divisor``, is in ``unit``.

    Attributes:
        full: the metric's value at which all of an instance is in use, ``None`` where there is none.
    """

    instances: Values | float
    divisor: float
    unit: str
    full: float | None = None

    def __call__(self, load: Values) -> Values:
        """Demand of each bucket."""
        return load * self.instances / self.divisor

    def pinned(self, workload: Workload, load: Values) -> NDArray[np.bool_]:
        """Where the group stood at its maximum or its utilisation at 100 %, so that demand may have been higher.

        Only of a utilisation is it known what all of it would be. A group of several weights counts as at its
        maximum when its instances would be so at the least of them.
        """
        if self.full is None:
            return np.zeros(load.shape, bool)
        least_weight = min((workload.capacity.weights or {"": 1}).values())
        at_max = np.asarray(self.instances) * least_weight >= workload.limits.max
        result: NDArray[np.bool_] = (load >= _SATURATED * self.full) | (at_max & (load >= _BUSY_AT_MAX * self.full))
        return result


def conversion(workload: Workload, observed: Mapping[str, Observations], grid: Grid, as_of: datetime) -> Conversion:
    """How the workload's metric becomes demand on the grid.

    Raises:
        InvalidPoints: an instance count is NaN, infinite or negative.
    """
    utilisation = workload.capacity.utilisation
    if utilisation is None:
        rates = workload.capacity.rates.values()
        if workload.load.counter or workload.load.metric.statistic in _COUNTED:
            return Conversion(1.0, grid.step, "/s")
        return Conversion(1.0, 1.0, "/s" if any(rate.per_second for rate in rates) else "level")
    instances: Values | float
    if utilisation.instances.count is not None:
        instances = float(utilisation.instances.count)
    else:
        instances = _instances(workload, observed["instances"], grid, as_of)
    full = 100.0 if utilisation.unit == "percent" else 1.0
    return Conversion(instances, full, "busy instances", full)


def _instances(workload: Workload, series: Observations, grid: Grid, as_of: datetime) -> Values:
    """Instances in service in each bucket of the load; NaN where unknown.

    A count with a longer period than the load's holds for the whole of its bucket.
    """
    metric = workload.capacity.utilisation.instances.metric if workload.capacity.utilisation else None
    if metric is None:
        raise ValueError("the instance count is not a metric")
    own = Grid.around((grid.start, grid.end), max(metric.period_seconds, grid.step))
    complete = within(series.points, (own.start, last_multiple(as_of, metric.period_seconds)))
    counts = to_grid(complete, own, metric.statistic, f"{workload.name}: {metric.describe()}")
    return carry_forward(counts, _CARRIED_BUCKETS)[(grid.times() - own.start) // own.step]
