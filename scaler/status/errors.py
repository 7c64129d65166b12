"""Whether forecasts miss demand otherwise than they used to: Page's cumulative sums over normal scores.

Normal scores have one scale for all workloads, as they are measured in each forecast's own quantiles. Three hours are
taken together, as the errors of neighbouring steps are alike. The test of Page (1954), as Hinkley has it, is river's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK_SECONDS = 3 * 3_600
#: Blocks before which nothing is said, so that the usual error is known: two days.
LEAST_BLOCKS = 16
#: Distance from the usual error, in normal scores, that is let pass; of the scores, and of their size.
SLACK, SIZE_SLACK = 1.5, 1.25


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    Attributes:
        what: ``level`` (forecasts too low or too high) or ``spread`` (errors larger both ways).
        block: index of the block after which it fired.
        onset: index of the first block of the evidence: from there on the sum has grown.
        mean: of the scores, or of their size, over the evidence.
        statistic: the sum.
    """

    what: str
    block: int
    onset: int
    mean: float
    statistic: float


def blocks(scores: Floats, step_seconds: int) -> Floats:
    """Means over blocks, the last of which ends with the scores, shape ``(names, blocks)``; NaN if half is unknown."""
    size = max(1, BLOCK_SECONDS // step_seconds)
    count = scores.shape[1] // size
    rows = scores[:, scores.shape[1] - count * size :].reshape(scores.shape[0], count, size)
    known = np.isfinite(rows)
    total = known.sum(axis=2)
    means: Floats = np.where(2 * total > size, np.where(known, rows, 0).sum(axis=2) / np.maximum(total, 1), np.nan)
    return means


def alarms(means: Floats, sizes: Floats, *, threshold: float) -> list[Alarm]:
    """All alarms of one workload, by block. After each the test begins anew.

    Args:
        means, sizes: shape ``(blocks,)``: means of the normal scores and of their absolute values; NaN is left out.
    """
    found = [*_alarms(means, "level", "both", SLACK, threshold), *_alarms(sizes, "spread", "up", SIZE_SLACK, threshold)]
    return sorted(found, key=lambda alarm: (alarm.block, alarm.what))


def _alarms(series: Floats, what: str, mode: str, slack: float, threshold: float) -> list[Alarm]:
    from river.drift import PageHinkley

    test = PageHinkley(min_instances=LEAST_BLOCKS, delta=slack, threshold=threshold, alpha=1.0, mode=mode)
    found, begun = [], 0
    for index in np.flatnonzero(np.isfinite(series)):
        test.update(float(series[index]))
        if test.drift_detected:
            evidence = series[begun : int(index) + 1]
            onset, statistic = _onset(evidence, slack)
            part = evidence[onset:]
            found.append(Alarm(what, int(index), begun + onset, float(np.nanmean(part)), statistic))
            begun = int(index) + 1
    return found


def _onset(evidence: Floats, slack: float) -> tuple[int, float]:
    """Where the sum that is largest at the end began to grow, and what it came to."""
    known = np.isfinite(evidence)
    count = np.cumsum(known)
    usual = np.cumsum(np.where(known, evidence, 0)) / np.maximum(count, 1)
    best = (0, 0.0)
    for sign in (1, -1):
        sums = np.cumsum(np.where(known, sign * (evidence - usual) - slack, 0))
        least = np.minimum.accumulate(np.minimum(sums, 0))
        risen = float(sums[-1] - least[-1])
        if risen > best[1]:
            lowest = np.flatnonzero(sums <= least[-1])
            best = (int(lowest[-1]) + 1 if lowest.size else 0, risen)
    return min(best[0], evidence.size - 1), best[1]
