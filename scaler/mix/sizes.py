"""Sizes that survive the loss of a share of the spot units: the requirement, inflated as far as that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SurvivingSizes:
    """How large a group has to be so that enough is left.

    Attributes:
        on_demand_base, on_demand_percentage: as the group is told.
        lost_share: of the spot units, lost at once.
        granularity: units of the largest instance: that is lost whole.
    """

    on_demand_base: int
    on_demand_percentage: int
    lost_share: float
    granularity: int = 1

    def spot(self, sizes: Units) -> Units:
        """Spot units of a group of each size; AWS rounds on-demand up."""
        above = np.maximum(sizes - self.on_demand_base, 0)
        on_demand = np.ceil(above * self.on_demand_percentage / 100 - _ROUNDING).astype(np.int64)
        return np.asarray(above - on_demand, dtype=np.int64)

    def surviving(self, sizes: Units) -> Units:
        """Units that are left of each size."""
        gone = np.ceil(self.spot(sizes) * self.lost_share / self.granularity - _ROUNDING) * self.granularity
        left: Units = np.maximum(sizes - gone, 0).astype(np.int64)
        return left

    def __call__(self, needed: Units) -> Units:
        """The size for each requirement; the same shape, int64.

        The smallest from which on every size leaves what is needed. More is never met by less: what satisfies
        a requirement satisfies every smaller one.
        """
        if not self.lost_share or self.on_demand_percentage >= 100:
            return needed.astype(np.int64)
        levels, where = np.unique(needed, return_inverse=True)
        return np.array([self._size(int(level)) for level in levels], dtype=np.int64)[where].reshape(needed.shape)

    def _size(self, needed: int) -> int:
        if needed <= 0:
            return needed
        # Beyond this, what is lost grows slower than the size for good.
        slope = 1 - (1 - self.on_demand_percentage / 100) * self.lost_share
        candidates = np.arange(needed, math.ceil((needed + self.granularity + 2) / slope) + 1)
        short = np.flatnonzero(self.surviving(candidates) < needed)
        return needed if not short.size else int(candidates[short[-1]]) + 1

    def tolerated(self, sizes: Units, needed: Units) -> NDArray[np.float64]:
        """The largest lost share at which each size still leaves what is needed; infinite without spot."""
        spot = self.spot(sizes)
        spare = np.maximum(sizes - needed, 0) // self.granularity * self.granularity
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spot > 0, spare / np.maximum(spot, 1), np.inf)
