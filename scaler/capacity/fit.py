"""What an instance serves, from how busy the group's instances were at the load that each of them had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaler.capacity.interface import CapacityRefused
from scaler.config.capacity import FitConfig

#: Fewer steps than this with load, signal and instances known are no basis for a line.
FEWEST_STEPS = 96
#: A target further out than this, in multiples of the highest load per instance seen, is a guess.
FURTHEST = 2.0
_RESAMPLES = 400
_LOWER = 0.05


@dataclass(frozen=True)
class FittedThroughput:
    """Load that one instance carries at the target.

    Attributes:
        per_instance: the lower end of the interval, in units of demand; what is planned with.
        point: the estimate itself.
        r_squared: share of the signal's variance that the line explains.
        steps: steps that it was fitted to.
        seen: the highest load per instance that was observed.
    """

    per_instance: float
    point: float
    r_squared: float
    steps: int
    seen: float

    @property
    def source(self) -> str:
        """One line for the plan."""
        beyond = f", beyond the {self.seen:.4g} that was seen" if self.per_instance > self.seen else ""
        return (
            f"fitted throughput {self.per_instance:.4g} per instance (lower 95 % end; estimate {self.point:.4g}, "
            f"R² {self.r_squared:.2f}, {self.steps} steps{beyond})"
        )


def fit_throughput(
    config: FitConfig, load: NDArray[np.float64], instances: NDArray[np.float64], signal: NDArray[np.float64]
) -> FittedThroughput:
    """The line of the signal over load per instance, and where it meets the target.

    The interval is by bootstrap over whole days, as neighbouring steps are alike.

    Args:
        load, instances, signal: of one shape, one value per step; NaN where unknown.

    Raises:
        CapacityRefused: too few steps, no line to speak of, or a target far beyond what was seen.
    """
    known = np.isfinite(load) & np.isfinite(instances) & np.isfinite(signal) & (instances > 0)
    x, y = load[known] / instances[known], signal[known]
    if x.size < FEWEST_STEPS or np.ptp(x) <= 0 or np.ptp(y) <= 0:
        raise _refused(f"{x.size} steps with load, instances and signal; {FEWEST_STEPS} that differ are needed")
    slope, level = _line(x, y)
    r_squared = float(np.corrcoef(x, y)[0, 1] ** 2)
    if slope <= 0 or r_squared < config.min_r_squared:
        raise _refused(f"the signal does not follow load: R² {r_squared:.2f}, {config.min_r_squared:g} is needed")
    point = (config.target - level) / slope
    seen = float(x.max())
    if not 0 < point <= FURTHEST * seen:
        raise _refused(f"the target is met at {point:.4g} per instance, and {seen:.4g} is the highest that was seen")
    lower = min(point, _lower_end(config.target, x, y))
    if lower <= 0:
        raise _refused("the interval of the estimate reaches zero")
    return FittedThroughput(lower, point, r_squared, int(x.size), seen)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    slope = float(np.cov(x, y, bias=True)[0, 1] / x.var())
    return slope, float(y.mean() - slope * x.mean())


def _lower_end(target: float, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    random = np.random.default_rng(0)  # the same history gives the same plan
    blocks = np.array_split(np.arange(x.size), max(7, x.size // 96))
    found = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate([blocks[i] for i in random.integers(len(blocks), size=len(blocks))])
        if x[rows].var() > 0:
            slope, level = _line(x[rows], y[rows])
            found.append((target - level) / slope if slope > 0 else 0.0)
    return float(np.quantile(found, _LOWER))


def _refused(why: str) -> CapacityRefused:
    return CapacityRefused(
        "what an instance serves cannot be fitted from history",
        why=why,
        next_step="give capacity.throughput from a load test, or a signal that follows load per instance",
    )
