"""How often spot pools of a type are lost whole, from the interruption bands of the Spot Instance Advisor.

The price says nothing about it and is not asked: since 2017 AWS moves it slowly, and takes capacity back at any
price. The advisor gives the share of instances that were interrupted in the trailing month, per type and region.
How long they had run is not published, so that the band is read hard: as if its upper end were met every day.
The last band has no upper end, and of some types nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from scaler.catalog.interface import Entry

_PER_DAY_BY_BAND = {"<5%": 0.05, "5-10%": 0.10, "10-15%": 0.15, "15-20%": 0.20}
#: Whole-pool losses per day where the band has no upper end (almost half of the types of a large region) or is unknown.
UNKNOWN_PER_DAY = 0.3
#: The same with GPUs: the median of nineteen pools in published availability traces is 5 to 6.
#: https://github.com/skypilot-org/spot-traces
UNKNOWN_GPU_PER_DAY = 6.0
#: How long a lost pool stays closed on average, in those traces.
CLOSED_HOURS = 1.5


@dataclass(frozen=True)
class LossRate:
    """Whole-pool losses per day.

    Attributes:
        source: where it is from, in a few words.
        known: whether the advisor gives a band with an upper end.
    """

    per_day: float
    source: str
    known: bool


def loss_rate(entry: Entry | None) -> LossRate:
    """The rate of a type; of one that nothing is known about the one that is on the safe side."""
    band = None if entry is None or entry.risk is None else entry.risk.interruptions.replace(" ", "")
    if entry is not None and entry.risk is not None and band in _PER_DAY_BY_BAND:
        return LossRate(_PER_DAY_BY_BAND[band], f"{entry.risk.source} {band}", known=True)
    gpu = entry is not None and entry.hardware.gpu is not None
    rate = UNKNOWN_GPU_PER_DAY if gpu else UNKNOWN_PER_DAY
    return LossRate(rate, "no interruption band" if band is None else f"interruption band {band}", known=False)
